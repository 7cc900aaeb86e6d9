"""An audio classifier: waveforms, model and batches for the training."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from grokaem.audio.wide_resnet_shapes import SHORT_SOUND
from training.augmentation import AugmentedClips, mask_features

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from grokaem.audio.wide_resnet_model import WideResNetAudioConfig
    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.architectures import Workload
    from training.config import FinetuneConfig
    from training.records import ClipItem
    from training.task import Model


class AudioTask:
    """Everything the training loop needs to know about sound.

    Args:
        config (FinetuneConfig): settings of the run.
        corpus (Corpus): labelled sound files in three parts.
        base (BaseModel, optional): a pretrained encoder; None for a wide residual network from scratch.
    """

    lengths = None  # clips come in any order

    def __init__(self, config: FinetuneConfig, corpus: Corpus, base: BaseModel | None):
        self.config = config
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
        self.max_seconds = config.max_seconds or (SHORT_SOUND if base is None else 5.0)
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

        config = cast("WideResNetAudioConfig", deepcopy(self.model_config))  # without a base model it is ours
        model = WideResNetForAudioClassification(config).to(getattr(torch, dtype))
        # Channels last: bf16 convolutions of few channels run about 4 times faster on a CPU.
        model.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's stub lacks it
        mask_features(model)
        return model

    def _wide_resnet_config(self) -> WideResNetAudioConfig:
        from grokaem.audio.wide_resnet_model import WideResNetAudioConfig, from_scratch

        config = self.config
        settings = from_scratch(config.depth, config.widen_factor, config.features, self.max_seconds)
        return WideResNetAudioConfig(**settings, sample_rate=16000, **self.labels)

    def workload(self) -> Workload:
        """What the planner must know: the model and the longest clips. Call it after :meth:`train_set`."""
        from dataclasses import replace

        from grokaem.memory.architectures import workload

        seconds = self.max_seconds
        if self.base is not None:
            seconds = min(seconds, self.longest / self.sample_rate)
        name = "wide_resnet" if self.base is None else self.base.name
        work = workload(
            name,
            max_seconds=seconds,
            num_labels=self.labels["num_labels"],
            config=self.model_config,
        )
        return replace(work, sample_rate=self.sample_rate)

    def train_set(self) -> AugmentedClips:
        """The training part, in memory, with its augmentation."""
        clips = self._read(self.corpus.train)
        self.longest = max(map(len, clips), default=0)
        return AugmentedClips(
            clips,
            self.corpus.train.labels,
            len(self.corpus.label_names),
            self.sample_rate,
            mix=self.preprocessor is None,
            seed=self.config.seed,
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
