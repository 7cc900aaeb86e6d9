"""Random changes of the training clips that make a network from scratch generalise.

Time shift and gain on the waveform, mixup (Zhang et al. 2018) of two waveforms and their labels, and
masks over time and frequency (SpecAugment, Park et al. 2019) on what the front end returns.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from training.random_numbers import EXAMPLE, stream

if TYPE_CHECKING:
    from torch import Tensor, nn

    from grokaem.audio.wide_resnet_model import WideResNetForAudioClassification
    from training.records import ClipItem


class AugmentedClips:
    """Training clips, altered anew in each epoch: what is drawn follows from seed, epoch and clip.

    Args:
        clips (list of ndarray): waveforms of shape (time,).
        labels (list of int): class numbers.
        n_classes (int): number of classes.
        sample_rate (int): in Hz.
        mix (bool, optional): mix each clip with another one; labels become class shares. (Default: ``True``)
        max_shift (float, optional): largest shift to the right, seconds. (Default: ``0.1``)
        max_gain (float, optional): largest change of level, dB. (Default: ``6``)
        alpha (float, optional): Beta(alpha, alpha) draws the share of the other clip. (Default: ``0.3``)
        seed (int, optional): the run's. (Default: 0)
    """

    def __init__(
        self,
        clips: list[np.ndarray],
        labels: list[int],
        n_classes: int,
        sample_rate: int,
        mix: bool = True,
        max_shift: float = 0.1,
        max_gain: float = 6.0,
        alpha: float = 0.3,
        seed: int = 0,
    ):
        self.clips, self.labels, self.mix, self.alpha = clips, labels, mix, alpha
        self.one_hot = np.eye(n_classes, dtype=np.float32)
        self.max_shift = int(max_shift * sample_rate)
        self.max_gain, self.seed, self.epoch = max_gain, seed, 0

    def __len__(self) -> int:
        return len(self.clips)

    def of_epoch(self, epoch: int) -> AugmentedClips:
        """The same clips as an epoch sees them."""
        result = copy(self)
        result.epoch = epoch
        return result

    def __getitem__(self, index: int) -> ClipItem:
        # Numbers of its own, so that it does not matter when, in which order and in which process it is read.
        draw = stream(EXAMPLE, self.seed, self.epoch, index)
        clip = self._alter(self.clips[index], draw)
        if not self.mix:
            return {"waveform": clip, "labels": self.labels[index]}
        other = int(draw.integers(len(self.clips)))
        share = float(draw.beta(self.alpha, self.alpha))
        second = self._alter(self.clips[other], draw)
        mixed = np.zeros(max(len(clip), len(second)), dtype=np.float32)
        mixed[: len(clip)] = share * clip
        mixed[: len(second)] += (1 - share) * second
        target = share * self.one_hot[self.labels[index]] + (1 - share) * self.one_hot[self.labels[other]]
        return {"waveform": mixed, "labels": target.astype(np.float32)}

    def _alter(self, clip: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        shift = int(draw.integers(self.max_shift + 1))
        gain = 10 ** (draw.uniform(-self.max_gain, self.max_gain) / 20)
        return np.concatenate([np.zeros(shift, dtype=np.float32), clip])[: max(len(clip), 1)] * np.float32(
            gain
        )


def _uniform(low: float, high: float) -> float:
    import torch

    return low + (high - low) * float(torch.rand(()))


def mask_features(
    model: WideResNetForAudioClassification, time_share: float = 0.15, band_share: float = 0.15, masks: int = 2
) -> None:
    """Hides random stretches of time and frequency of the front end's output, in training mode only.

    Args:
        model (WideResNetForAudioClassification): its ``front_end`` returns
            features of shape (batch, bands, frames) and the mask of real frames.
        time_share (float, optional): longest time mask, as a share of the frames. (Default: ``0.15``)
        band_share (float, optional): widest frequency mask, as a share of the bands. (Default: ``0.15``)
        masks (int, optional): masks of each kind. (Default: ``2``)
    """
    import torch

    def hide(module: nn.Module, inputs: object, outputs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        features, frames = outputs
        if not model.training:
            return outputs
        keep = torch.ones_like(features)
        for _ in range(masks):
            for axis, share in ((-1, time_share), (-2, band_share)):
                size = features.shape[axis]
                for row in range(features.shape[0]):
                    width = int(_uniform(0, share * size + 1))
                    start = int(_uniform(0, size - width + 1))
                    keep[row].narrow(axis, start, width).zero_()
        return features * keep, frames

    model.front_end.register_forward_hook(hide)
