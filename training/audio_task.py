"""An audio classifier: waveforms, model and batches for the training."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from grokaem.audio.wide_resnet_shapes import SHORT_SOUND
from grokaem.flags import flag
from grokaem.memory.audio_workload import NETWORK, check_network
from training.records import ClipItem, named_input
from training.task import OwnSettings

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor
    from transformers import PreTrainedModel

    from grokaem.audio.wide_resnet_model import WideResNetAudioConfig
    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.audio_workload import AudioWorkload
    from training.augmentation import AugmentedClips
    from training.config import FinetuneConfig
    from training.task import Model


@dataclass(frozen=True)
class SoundSettings(OwnSettings):
    """What only a run on sounds can be told.

    Raises:
        ValueError: no clip is that short.
    """

    max_seconds: float | None = flag(
        f"seconds after which a clip is cut (default: {SHORT_SOUND:g} for wide_resnet, 5 for others)", type=float
    )
    depth: int = flag("depth of the wide residual network, 6n+4", 10)
    widen_factor: int = flag("widening factor of the wide residual network", 2)
    features: str = flag("front end of the wide residual network: logmel, mfcc, gfcc, ...", "logmel")

    def __post_init__(self) -> None:
        """Refuses a length that leaves no clip."""
        if self.max_seconds is not None and not self.max_seconds > 0:  # nan too
            raise ValueError(f"--max-seconds {self.max_seconds:g}: give a number above 0.")

    def check(self, base_model: str, given: Collection[str]) -> None:
        """Refuses the size of a network where an encoder is trained; see :meth:`grokaem.flags.Own.check`."""
        check_network(base_model, given)

    @property
    def network_revision(self) -> str:
        """Its size."""
        return f"{self.depth}-{self.widen_factor}"

    def name_of(self, base_model: str) -> str:
        """What a run is called after: of our network its size."""
        return f"wide-resnet-{self.depth}-{self.widen_factor}" if base_model == NETWORK else super().name_of(base_model)


class AudioTask:
    """Everything the training loop needs to know about sound.

    Args:
        config (FinetuneConfig): settings of the run.
        corpus (Corpus): labelled sound files in three parts.
        base (BaseModel, optional): a pretrained encoder; None for a wide residual network from scratch.
    """

    settings = SoundSettings
    default_dataset = "drums"
    default_base_model = NETWORK
    networks = {NETWORK: 16}  # it needs more steps than batches of 32 give
    told_epochs = "5, and 50 for wide_resnet"
    told_rate = "5e-5, and 5e-3 for wide_resnet"
    lengths = None  # clips come in any order

    def __init__(self, config: FinetuneConfig, corpus: Corpus, base: BaseModel | None):
        assert isinstance(config.own, SoundSettings)
        self.own = config.own
        self.seed = config.seed
        self.corpus = corpus
        self.averaged = base is None  # a network from scratch is evaluated with averaged weights
        names = corpus.label_names
        self.labels = {
            "num_labels": len(names),
            "id2label": dict(enumerate(names)),
            "label2id": {name: i for i, name in enumerate(names)},
        }
        self.base = base
        self.model: Model = None  # pyright: ignore[reportAttributeAccessIssue]  # the loop makes it
        self.max_seconds = self.own.max_seconds or (SHORT_SOUND if base is None else 5.0)
        if base is None:
            self.preprocessor, self.sample_rate, self.model_config = None, 16000, self._wide_resnet_config()
        else:
            # First: transformers imports torchaudio for some encoders, which fails beside a CPU build of torch.
            from transformers import AutoFeatureExtractor

            import grokaem.audio.torchaudio_loader  # noqa: F401
            from training.pretrained import Pretrained

            remote = config.trust_remote_code
            self.preprocessor = AutoFeatureExtractor.from_pretrained(base.folder, trust_remote_code=remote)
            self.pretrained = Pretrained(base.folder, "AutoModelForAudioClassification", names, remote)
            self.model_config = self.pretrained.config
            self.sample_rate = self.preprocessor.sampling_rate
        self.length = int(round(self.max_seconds * self.sample_rate))
        self.truncated = 0

    def load_model(self, dtype: str = "float32") -> PreTrainedModel:
        """The model to start from: a pretrained encoder under a new head, or a network from scratch.

        Args:
            dtype (str, optional): of the weights. (Default: ``"float32"``)
        """
        if self.base is not None:
            return self.pretrained.load(dtype)
        import torch

        from grokaem.audio.wide_resnet_model import WideResNetForAudioClassification
        from training.augmentation import mask_features

        config = cast("WideResNetAudioConfig", deepcopy(self.model_config))  # without a base model it is ours
        model = WideResNetForAudioClassification(config).to(getattr(torch, dtype))
        # Channels last: bf16 convolutions of few channels run about 4 times faster on a CPU.
        model.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's stub lacks it
        mask_features(model)
        return model

    def _wide_resnet_config(self) -> WideResNetAudioConfig:
        from grokaem.audio.wide_resnet_model import WideResNetAudioConfig, from_scratch

        own = self.own
        settings = from_scratch(own.depth, own.widen_factor, own.features, self.max_seconds)
        return WideResNetAudioConfig(**settings, sample_rate=16000, **self.labels)

    def workload(self) -> AudioWorkload:
        """What the planner must know: the model and the longest clips. Call it after :meth:`train_set`."""
        from grokaem.memory.audio_workload import AudioWorkload

        seconds = self.max_seconds
        if self.base is not None:
            seconds = min(seconds, self.longest / self.sample_rate)
        name = NETWORK if self.base is None else self.base.name
        return AudioWorkload(name, self.model_config, len(self.corpus.label_names), seconds, self.sample_rate)

    def later_workload(self) -> None:
        """None: all steps see the longest clips."""
        return None

    def train_set(self) -> AugmentedClips:
        """The training part, in memory, with its augmentation."""
        from training.augmentation import AugmentedClips

        clips = self._read(self.corpus.train)
        self.longest = max(map(len, clips), default=0)
        return AugmentedClips(
            clips,
            self.corpus.train.labels,
            len(self.corpus.label_names),
            self.sample_rate,
            mix=self.preprocessor is None,
            seed=self.seed,
        )

    def evaluation_set(self, part: Part) -> tuple[list[ClipItem], list[int]]:
        """A part as it is, and where each item stood in it."""
        items: list[ClipItem] = [
            {"waveform": clip, "labels": label}
            for clip, label in zip(self._read(part), part.labels, strict=True)
        ]
        return items, list(range(len(items)))

    def collator(self, items: list[ClipItem]) -> dict[str, Tensor]:
        """Pads the clips of a batch; labels are class numbers, or class shares for mixed clips."""
        import numpy as np
        import torch

        clips = [item["waveform"] for item in items]
        labels = torch.from_numpy(np.stack([np.asarray(item["labels"]) for item in items]))
        if self.preprocessor is not None:
            batch = self.preprocessor(
                clips, sampling_rate=self.sample_rate, padding=True, return_tensors="pt"
            )
            return {**batch, "labels": labels}
        padded = np.zeros((len(clips), self.length), dtype=np.float32)
        for row, clip in zip(padded, clips, strict=True):
            row[: len(clip)] = clip
        return {"input_values": torch.from_numpy(padded), "labels": labels}

    def plain_items(self, items: AugmentedClips) -> list[ClipItem]:
        """The clips as they were read."""
        pairs = zip(items.clips, items.labels, strict=True)
        return [{"waveform": clip, "labels": label} for clip, label in pairs]

    def size_of(self, item: ClipItem) -> int:
        """Its samples."""
        return len(item["waveform"])

    def check_items(self, items: Sequence[ClipItem]) -> None:
        """Raises a ValueError for a clip without finite samples, or where all are silent."""
        check_clips(items, self.corpus.train.inputs)

    def default_epochs(self) -> float:
        """A network from scratch needs many passes; a pretrained encoder few."""
        return 50.0 if self.preprocessor is None else 5.0

    def default_learning_rate(self) -> float:
        """5e-3 from scratch, 5e-5 for a pretrained encoder."""
        return 5e-3 if self.preprocessor is None else 5e-5

    def announce(self) -> list[str]:
        """What happened to the input that its owner should know."""
        told = [] if self.base is None else self.pretrained.announce()
        if not self.truncated:
            return told
        return [
            *told,
            f"{self.truncated} clips are longer than {self.max_seconds:g} s and were cut there; "
            "--max-seconds sets it"
        ]

    def extras(self) -> dict[str, object]:
        """What the run folder records beside the common keys."""
        return {"sample_rate": self.sample_rate, "max_seconds": self.max_seconds}

    def _read(self, part: Part) -> list[np.ndarray]:
        from grokaem.audio.reading import read_waveform

        clips = []
        for path in part.inputs:
            # A little more than is used, so that what is longer is seen without being read.
            clip = read_waveform(Path(path), self.sample_rate, max_seconds=self.max_seconds + 0.1)
            self.truncated += len(clip) > self.length
            clips.append(clip[: self.length])
        return clips


def check_clips(items: Iterable[ClipItem], inputs: Sequence[object]) -> None:
    """Every clip has finite samples, and some clip is not silent.

    Args:
        items (iterable of dict): with ``waveform``, an ndarray of shape (time,).
        inputs (list): what they were made of, to name them.

    Raises:
        ValueError: a clip that is empty or not a number, which; or nothing but silence.
    """
    import numpy as np

    silent, number = 0, -1
    for number, item in enumerate(items):
        clip = item["waveform"]
        if clip.ndim != 1 or not len(clip):
            raise ValueError(
                f"preflight: training input {named_input(inputs, number)} has shape {clip.shape}, not (time,): "
                "convert it to mono, or remove it."
            )
        if not np.isfinite(clip).all():
            raise ValueError(
                f"preflight: training input {named_input(inputs, number)} holds samples that are not "
                "numbers: convert it again, or remove it."
            )
        silent += not clip.any()
    if silent and silent == number + 1:
        raise ValueError("preflight: every training clip is silent: look at the files.")
