"""Waveform to features as ``nn.Module``s, each ``(..., time) -> (..., n, frames)``, all on the same frames.

Frame ``t`` is centred at ``t * hop`` and the signal is zero outside its length (torchaudio's and librosa's
own default reflects it), so that appending zeros changes no frame that does not reach them.
"""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

import torch
from torch import Tensor, nn

from grokaem.audio.feature import Frames
from grokaem.audio.feature_list import FEATURES
from grokaem.audio.torchaudio_loader import torchaudio

LONGEST_WINDOW = 0.4  # seconds; audio.extract joins blocks that see so much of each other
MOST_ROWS = 1024  # of filters or coefficients: already finer than a window tells apart
LOG_OFFSET = 1e-6  # torchaudio's own, added before the logarithm


def make(
    name: str,
    sample_rate: int = 16000,
    *,
    window_seconds: float = 0.025,
    hop_seconds: float = 0.01,
    n_fft: int | None = None,
    **settings: Any,
) -> nn.Module:
    """Makes a feature extractor by name, with the window and the hop in seconds.

    Args:
        name (str): a key of ``grokaem.audio.feature_list.FEATURES``: ``mel``, ``mfcc``, ``gfcc``, ... (spafe's run
            on the CPU, without gradient and export).
        sample_rate (int, optional): of the waveforms, Hz. (Default: ``16000``)
        window_seconds (float, optional): length of the analysis window. (Default: ``0.025``)
        hop_seconds (float, optional): distance between frames. (Default: ``0.01``)
        n_fft (int, optional): transform size. (Default: the power of two that holds the window)
        **settings: further arguments of the class: ``n_mels``, ``n_mfcc``, ``n_filters``, ``n_gfcc``, ``f_min``,
            ``f_max``, ``method``, ``compression``, ...

    Returns:
        nn.Module: ``(..., time) -> (..., n, frames)``, with the attributes ``n_features`` (rows) and
        ``hop_length`` (samples).

    Raises:
        ValueError: there is no such feature, or a setting does not fit it.
    """
    entry = FEATURES.find(name)
    if sample_rate < 1000:
        raise ValueError(
            f"A sample rate of {sample_rate} Hz is too low for features; resample to 8000 or more."
        )
    if not 0 < hop_seconds <= window_seconds <= LONGEST_WINDOW:  # nor is NaN
        raise ValueError(
            f"A window of {window_seconds:g} s every {hop_seconds:g} s is not possible; give a window of at most "
            f"{LONGEST_WINDOW} s and a hop that is not longer."
        )
    for setting, what in ((entry.rows, "filters"), (entry.coefficients, "coefficients")):
        if setting in settings and not 1 <= settings[setting] <= MOST_ROWS:
            raise ValueError(f"{settings[setting]} {what} are not possible; give 1 to {MOST_ROWS}.")
    win_length, hop_length = round(window_seconds * sample_rate), round(hop_seconds * sample_rate)
    if not 1 <= hop_length <= win_length or win_length < 16:
        raise ValueError(
            f"A window of {window_seconds} s every {hop_seconds} s is not possible at {sample_rate} Hz; "
            "the hop may not be longer than the window, and the window needs 16 samples."
        )
    if n_fft is None:
        n_fft = 1 << (win_length - 1).bit_length()
    if n_fft < win_length:
        raise ValueError(f"n_fft={n_fft} is shorter than the window of {win_length} samples; raise it.")
    frames = Frames(window_seconds, hop_seconds, n_fft, win_length, hop_length)
    try:
        module = entry.make(sample_rate, frames, **settings)
    except TypeError as error:
        raise ValueError(f"The feature {name} does not take these settings: {error}.") from error
    if not hasattr(module, "streams"):
        module.streams = entry.streams  # pyright: ignore[reportArgumentType]  # torch's stub knows tensors and modules
    return module


class Spectrogram(torchaudio.transforms.Spectrogram):
    """Power spectrogram, torchaudio's, on the frames of this package.

    Args:
        n_fft (int, optional): transform size. (Default: ``512``)
        win_length (int, optional): window, samples. (Default: ``400``)
        hop_length (int, optional): distance between frames, samples. (Default: ``160``)
        power (float, optional): 2 power, 1 magnitude. (Default: ``2.0``)
    """

    def __init__(
        self, n_fft: int = 512, win_length: int = 400, hop_length: int = 160, power: float = 2.0
    ) -> None:
        super().__init__(n_fft, win_length, hop_length, power=power, pad_mode="constant")
        self.n_features = n_fft // 2 + 1


class MelSpectrogram(torchaudio.transforms.MelSpectrogram):
    """Mel spectrogram, torchaudio's: triangular filters, finer at low frequencies.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        n_mels (int, optional): filters. (Default: ``64``)
        f_min (float, optional): lowest edge, Hz. (Default: ``0.0``)
        f_max (float, optional): highest edge, Hz. (Default: half the sample rate)
        n_fft (int, optional): transform size. (Default: ``512``)
        win_length (int, optional): window, samples. (Default: ``400``)
        hop_length (int, optional): distance between frames, samples. (Default: ``160``)
        power (float, optional): 2 power, 1 magnitude. (Default: ``2.0``)
        norm (str, optional): ``"slaney"`` gives all filters the same area. (Default: ``None``)
        mel_scale (str, optional): ``"htk"`` or ``"slaney"``. (Default: ``"htk"``)
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mels: int = 64,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_fft: int = 512,
        win_length: int = 400,
        hop_length: int = 160,
        power: float = 2.0,
        norm: str | None = None,
        mel_scale: str = "htk",
    ) -> None:
        super().__init__(
            sample_rate,
            n_fft,
            win_length,
            hop_length,
            f_min,
            f_max,
            n_mels=n_mels,
            power=power,
            norm=norm,
            mel_scale=mel_scale,
            pad_mode="constant",
        )
        self.n_features = n_mels


class MelSettings(TypedDict, total=False):
    """Arguments of :class:`MelSpectrogram` beside the sample rate."""

    n_mels: int
    f_min: float
    f_max: float | None
    n_fft: int
    win_length: int
    hop_length: int
    power: float
    norm: str | None
    mel_scale: str


class LogMel(nn.Module):
    """Natural logarithm of the mel spectrogram plus 1e-6.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        log_offset (float, optional): added before the logarithm. (Default: ``1e-6``)
        **mel: arguments of :class:`MelSpectrogram`.
    """

    def __init__(self, sample_rate: int = 16000, log_offset: float = LOG_OFFSET, **mel: Unpack[MelSettings]) -> None:
        super().__init__()
        self.mel = MelSpectrogram(sample_rate, **mel)
        self.log_offset = log_offset
        self.hop_length = self.mel.hop_length
        self.n_features = self.mel.n_features

    def forward(self, waveform: Tensor) -> Tensor:
        """(..., time) -> (..., n_mels, frames)."""
        return torch.log(self.mel(waveform) + self.log_offset)


class MFCC(torchaudio.transforms.MFCC):
    """Mel-frequency cepstral coefficients, torchaudio's: mel spectrogram, logarithm, orthonormal DCT-II.

    The logarithm is ``log(mel + 1e-6)``, which depends on the frame alone. ``decibels=True`` is librosa's
    and torchaudio's default instead: decibels, cut 80 dB below the loudest value, so that a frame depends
    on the whole clip and a long file cannot be streamed.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        n_mfcc (int, optional): coefficients kept, the 0th among them. (Default: ``13``)
        decibels (bool, optional): librosa's decibels instead of the logarithm. (Default: ``False``)
        **mel: arguments of :class:`MelSpectrogram`; here ``n_mels`` is 40 by default.
    """

    def __init__(
        self, sample_rate: int = 16000, n_mfcc: int = 13, decibels: bool = False, **mel: Unpack[MelSettings]
    ) -> None:
        mel = {"n_mels": 40, **mel}
        if not 1 <= n_mfcc <= mel["n_mels"]:
            raise ValueError(
                f"{n_mfcc} coefficients need as many mel filters, not {mel['n_mels']}; raise n_mels."
            )
        unpadded = {"n_mels": mel["n_mels"]}
        super().__init__(sample_rate, n_mfcc, log_mels=not decibels, melkwargs=unpadded)
        self.MelSpectrogram = MelSpectrogram(sample_rate, **mel)
        self.streams = not decibels
        self.hop_length = self.MelSpectrogram.hop_length
        self.n_features = n_mfcc
