"""Sounds for the planner: an encoder or our wide residual network, one batch of the longest clips."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grokaem import kinds
from grokaem.audio.wide_resnet_shapes import SHORT_SOUND
from grokaem.flags import Own, flag, option
from grokaem.memory.workload import Length, Workload, worst_case

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig

SAMPLE_RATE = 16000
NETWORK = "wide_resnet"  # the name of ours
NETWORK_TYPE = "wide_resnet_audio"  # and its type


@dataclass(frozen=True)
class SoundShape(Own):
    """How long the clips are, and how large a network of ours is.

    Raises:
        ValueError: there is no such length.
    """

    max_seconds: float | None = flag(
        f"seconds of a clip (default: {SHORT_SOUND:g} for wide_resnet, 5 for others)", type=float, metavar="S"
    )
    depth: int = flag("of wide_resnet", 10)
    widen_factor: int = flag("of wide_resnet", 2)
    features: str = flag("front end of wide_resnet: logmel, mfcc, gfcc, ...", "logmel")

    def __post_init__(self) -> None:
        """Refuses what no clip has."""
        if self.max_seconds is not None and not 0.01 <= self.max_seconds <= 3600:
            raise ValueError(f"--max-seconds {self.max_seconds:g}: give the length of a clip, from 0.01 to 3600.")

    def check(self, base_model: str, given: Collection[str]) -> None:
        """Refuses the size of a network where an encoder is used; see :meth:`Own.check`."""
        check_network(base_model, given)


@dataclass(frozen=True)
class AudioWorkload(Workload):
    """A sound classifier and the longest batch.

    Attributes:
        max_seconds (float): length of a clip.
        sample_rate (int): of clips, Hz.
    """

    max_seconds: float = 5.0
    sample_rate: int = SAMPLE_RATE

    task = kinds.AUDIO.key
    flags = SoundShape
    factory = "AutoModelForAudioClassification"
    length = Length("max_seconds", 0.1, 600)

    @classmethod
    def takes(cls, model_type: str) -> bool:
        """Whether transformers has a classifier of sounds of this type, or it is ours."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES

        return model_type == NETWORK_TYPE or model_type in MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES

    @classmethod
    def of(cls, name: str, config: PreTrainedConfig | None, num_labels: int, shape: Own) -> AudioWorkload:
        """The workload of a sound classifier; see :meth:`Workload.of`."""
        assert isinstance(shape, SoundShape)
        seconds = shape.max_seconds or (SHORT_SOUND if name == NETWORK else 5.0)
        if config is None:
            from grokaem.audio.wide_resnet_model import WideResNetAudioConfig, from_scratch

            settings: dict[str, Any] = from_scratch(shape.depth, shape.widen_factor, shape.features, seconds)
            config = WideResNetAudioConfig(**settings, num_labels=num_labels)
        return cls(name, config, num_labels, seconds)

    @property
    def normalises_batches(self) -> bool:
        """Whether the model is our wide residual network."""
        return self.model_type == NETWORK_TYPE

    def build(self, dtype: str = "float32", attention: str | None = None) -> nn.Module:
        """Builds the classifier; see :meth:`Workload.build`."""
        return self._network(dtype) if self.normalises_batches else super().build(dtype, attention)

    def batch(self, size: int) -> dict[str, torch.Tensor]:
        """One batch of the longest clips, or of the spectrograms that such an encoder takes."""
        import torch

        if self.model_type == "audio-spectrogram-transformer":
            shape = (size, self.config.max_length, self.config.num_mel_bins)
        else:
            shape = (size, round(self.max_seconds * self.sample_rate))
        return {"input_values": torch.randn(shape), "labels": torch.zeros(size, dtype=torch.long)}

    def words(self) -> list[str]:
        """``--max-seconds``, and of a network of ours its size."""
        told = ["--max-seconds", f"{self.max_seconds:g}"]
        if self.normalises_batches:
            config: Any = self.config  # its own, which is not imported here
            told += ["--depth", str(config.depth), "--widen-factor", str(config.widen_factor)]
            if config.features != SoundShape.features:
                told += ["--features", config.features]
        return told

    def _network(self, dtype: str) -> nn.Module:
        from unittest import mock

        import torch
        from torch._subclasses.fake_tensor import FakeTensor

        import grokaem.audio.wide_resnet_model as module
        from grokaem.audio.features import make
        from grokaem.memory.recorder import forget_values, recording_paused

        def real_filters(*args: Any, **kwargs: Any) -> nn.Module:
            # torchaudio looks at the values of its filters while it makes them.
            with recording_paused():
                made = make(*args, **kwargs)
            return forget_values(made) if isinstance(torch.empty(0), FakeTensor) else made

        with mock.patch.object(module, "make", real_filters):
            model = module.WideResNetForAudioClassification(worst_case(self.config))  # pyright: ignore[reportArgumentType]  # it is its own
        # The order of values that training gives it; weight by weight, for fake parameters refuse Module.to.
        for layer in model.network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight = torch.nn.Parameter(layer.weight.detach().to(memory_format=torch.channels_last))
        wanted = getattr(torch, dtype)
        return model if wanted == torch.float32 else model.to(wanted)  # pyright: ignore[reportArgumentType]  # wrapped, its self lost


def check_network(base_model: str, given: Collection[str]) -> None:
    """Raises a ValueError where the size of our network is given and the base model is none of ours."""
    idle = [name for name in ("depth", "widen_factor", "features") if name in given]
    if idle and base_model != NETWORK:
        raise ValueError(f"{option(idle[0])} has no effect on this run: leave it out, or add --base-model {NETWORK}.")
