"""Gammatone spectrograms and gammatone-frequency cepstral coefficients (GFCC) as ``nn.Module``s."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from grokaem.audio.gammatone import center_frequencies, gammatone_filterbank, upper_edge
from grokaem.audio.gammatone_subbands import GammatoneSubbands, emphasized, power_in_bands
from grokaem.audio.torchaudio_loader import torchaudio

METHODS = ("waveform", "fft")
COMPRESSIONS = ("cuberoot", "log")

SPAFE_SETTINGS = {"method": "fft", "f_min": 0.0, "window": "hamming", "preemphasis": 0.97, "center": False}
"""With these, :class:`GFCC` gives what ``spafe.features.gfcc.gfcc`` gives with its own defaults."""


class GammatoneSpectrogram(nn.Module):
    """Energies of a gammatone filter bank, frame by frame.

    ``method="waveform"`` filters the raw signal with 4th-order gammatone filters and averages the squared
    outputs under the window: the definition, at the cost of a fast convolution. A full-scale sine at a
    filter's centre gives 0.5. The filters are causal: a frame of a low filter holds what its slow response
    still holds.

    ``method="fft"`` weights the power spectrum of the windowed frame with gammatone magnitudes, as spafe
    0.3.3 does: faster, at the frame's own frequency resolution.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        method (str, optional): ``"waveform"`` or ``"fft"``. (Default: ``"waveform"``)
        n_filters (int, optional): channels. (Default: ``24``)
        f_min (float, optional): lowest centre frequency, Hz. (Default: ``100.0``)
        f_max (float, optional): one step above the highest centre, Hz. (Default: half the sample rate in the
            "fft" method; 7/16 of it in the "waveform" method, up to where a sampled gammatone still has the
            response of the continuous one)
        n_fft (int, optional): transform size of the "fft" method. (Default: ``512``)
        win_length (int, optional): window, samples. (Default: ``400``)
        hop_length (int, optional): distance between frames, samples. (Default: ``160``)
        window (str, optional): ``"hann"`` or ``"hamming"`` (symmetric). On the samples in the "fft" method,
            on the squared outputs in the "waveform" method. (Default: ``"hann"``)
        preemphasis (float, optional): subtract this times the sample before. (Default: ``0.0``)
        center (bool, optional): frame t is centred at t * hop_length, the signal zero outside; otherwise it
            starts there, and only whole frames are made. (Default: ``True``)

    Raises:
        ValueError: a setting is not possible.

    Example:
        >>> GammatoneSpectrogram(16000)(torch.randn(2, 16000)).shape
        torch.Size([2, 24, 101])
    """

    if TYPE_CHECKING:  # not for torch.jit, which would read a class's annotations as its own
        window: Tensor
        weights: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        method: str = "waveform",
        n_filters: int = 24,
        f_min: float = 100.0,
        f_max: float | None = None,
        n_fft: int = 512,
        win_length: int = 400,
        hop_length: int = 160,
        window: str = "hann",
        preemphasis: float = 0.0,
        center: bool = True,
    ) -> None:
        super().__init__()
        if method not in METHODS:
            raise ValueError(f"There is no gammatone method {method!r}; choose waveform or fft.")
        if window not in ("hann", "hamming"):
            raise ValueError(f"There is no window {window!r}; choose hann or hamming.")
        if not 1 <= hop_length <= win_length <= n_fft:
            raise ValueError(
                f"A hop of {hop_length}, a window of {win_length} and a transform of {n_fft} samples do not fit; "
                "1 <= hop_length <= win_length <= n_fft."
            )
        self.method, self.center, self.preemphasis = method, center, preemphasis
        self.n_fft, self.win_length, self.hop_length = n_fft, win_length, hop_length
        self.n_features = n_filters
        if f_max is None and method == "waveform":
            f_max = 7 / 16 * sample_rate
        centers = center_frequencies(n_filters, f_min, upper_edge(f_max, sample_rate))
        shape = np.hanning(win_length) if window == "hann" else np.hamming(win_length)
        self.register_buffer("center_frequencies", torch.tensor(centers, dtype=torch.float32))
        if method == "fft":
            weights = gammatone_filterbank(sample_rate, n_filters, n_fft, f_min, f_max) / n_fft
            # Each row twice: one for the real, one for the imaginary part of a bin.
            self.register_buffer("weights", torch.tensor(weights.repeat(2, axis=1).T.copy()).float())
            self.register_buffer("window", torch.tensor(shape).float())
            self._exact = (shape, weights.repeat(2, axis=1).T.copy())
        else:
            self.subbands = GammatoneSubbands(sample_rate, centers, shape, hop_length)

    @property
    def history(self) -> int:
        """Samples before its window that a frame still depends on."""
        return self.subbands.response_length if self.method == "waveform" else int(self.preemphasis != 0)

    def forward(self, waveform: Tensor) -> Tensor:
        """Filters.

        Args:
            waveform (Tensor): shape (..., time).

        Returns:
            Tensor: energies, at least 0, shape (..., n_filters, frames).

        Raises:
            ValueError: without ``center``, the waveform is shorter than one window.
        """
        x = waveform.reshape(-1, waveform.shape[-1])
        padding = (self.win_length // 2, self.win_length - self.win_length // 2) if self.center else (0, 0)
        tracing = torch.jit.is_tracing() or torch.compiler.is_exporting()
        if not tracing and x.shape[1] + sum(padding) < self.win_length:
            raise ValueError(
                f"A waveform of {x.shape[1]} samples is shorter than the window of {self.win_length}; "
                "use center=True or a longer one."
            )
        if self.method == "fft" and not tracing:
            energies = self._by_spectrum(x, padding)
        else:
            x = emphasized(x, self.preemphasis)
            x = pad(x, padding) if self.center else x
            energies = self._by_stft(x) if self.method == "fft" else self.subbands(x)
        return energies.reshape(waveform.shape[:-1] + energies.shape[-2:])

    def _by_spectrum(self, x: Tensor, padding: tuple[int, int]) -> Tensor:
        window, weights = self.window.to(x.dtype), self.weights.to(x.dtype)
        if x.dtype == torch.float64:
            window, weights = (torch.tensor(exact, device=x.device) for exact in self._exact)
        energies = power_in_bands(x, window, self.n_fft, self.hop_length, weights, self.preemphasis, padding)
        return energies.transpose(1, 2)

    def _by_stft(self, x: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            return self._by_dft(x)
        # torch.stft puts the window into the middle of n_fft samples: the same frames, so much earlier.
        before = (self.n_fft - self.win_length) // 2
        x = pad(x, (before, self.n_fft - self.win_length - before))
        window = pad(self.window, (before, self.n_fft - self.win_length - before))
        spectrum = torch.stft(
            x, self.n_fft, self.hop_length, window=window, center=False, return_complex=True
        )
        # (batch, bins, frames, 2) -> (batch, bins, frames); the weights' rows come in equal pairs
        power = torch.view_as_real(spectrum).square().sum(-1)
        return self.weights[::2].T @ power

    def _by_dft(self, x: Tensor) -> Tensor:
        """The windowed transform as a convolution: torch's ONNX exporter has no complex numbers."""
        angle = 2 * np.pi / self.n_fft * np.outer(np.arange(self.n_fft // 2 + 1), np.arange(self.win_length))
        parts = np.stack([np.cos(angle), np.sin(angle)], axis=1).reshape(-1, 1, self.win_length)
        kernel = torch.from_numpy(parts).to(x.dtype) * self.window
        # (batch, 1, time) -> (batch, n_fft + 2, frames): cosine and sine parts side by side
        return self.weights.T @ conv1d(x[:, None, :], kernel, stride=self.hop_length).square()


class SpectrogramSettings(TypedDict, total=False):
    """Arguments of :class:`GammatoneSpectrogram` beside sample rate and method."""

    n_filters: int
    f_min: float
    f_max: float | None
    n_fft: int
    win_length: int
    hop_length: int
    window: str
    preemphasis: float
    center: bool


class GFCC(nn.Module):
    """Gammatone-frequency cepstral coefficients: gammatone energies, cube root, orthonormal DCT-II.

    The 0th coefficient is kept. With the cube root it carries the energy, and scaling a signal scales all
    coefficients; with the logarithm a scaled signal only shifts the 0th. Most of GFCC's robustness to noise is
    credited to the cube root (Zhao and Wang 2013).

    With ``method="fft"`` and :data:`SPAFE_SETTINGS` the result equals ``spafe.features.gfcc.gfcc`` of spafe
    0.3.3, transposed, within 1e-4 of each frame's largest coefficient. Deviations from spafe:

    - spafe ignores its ``pre_emph_coeff`` (0.97 is written into its code); ``preemphasis`` here is obeyed;
    - spafe's documentation says 40 filters, its code uses 24, and so does this;
    - energies below 1e-30 count as 1e-30, so that the gradient of the cube root is finite on silence; spafe
      gives exactly zero there;
    - not offered: ``use_energy``, ``lifter``, other DCT types, the "ascendant" and "descendant" scales.

    Args:
        sample_rate (int, optional): Hz. (Default: ``16000``)
        n_gfcc (int, optional): coefficients kept. (Default: ``13``)
        method (str, optional): ``"waveform"`` filters the signal, ``"fft"`` weights its power spectrum.
            (Default: ``"waveform"``)
        compression (str, optional): ``"cuberoot"`` or ``"log"``. (Default: ``"cuberoot"``)
        log_offset (float, optional): added to the energies before the logarithm. (Default: ``1e-10``)
        **spectrogram: further arguments of :class:`GammatoneSpectrogram`.

    Raises:
        ValueError: a setting is not possible.

    Example:
        >>> GFCC(16000)(torch.randn(16000)).shape
        torch.Size([13, 101])
    """

    if TYPE_CHECKING:  # not for torch.jit, which would read a class's annotations as its own
        dct: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        n_gfcc: int = 13,
        method: str = "waveform",
        compression: str = "cuberoot",
        log_offset: float = 1e-10,
        **spectrogram: Unpack[SpectrogramSettings],
    ) -> None:
        super().__init__()
        if compression not in COMPRESSIONS:
            raise ValueError(f"There is no compression {compression!r}; choose cuberoot or log.")
        self.spectrogram = GammatoneSpectrogram(sample_rate, method, **spectrogram)
        n_filters = self.spectrogram.n_features
        if not 1 <= n_gfcc <= n_filters:
            raise ValueError(f"{n_gfcc} coefficients need as many filters, not {n_filters}; raise n_filters.")
        self.compression, self.log_offset = compression, log_offset
        self.hop_length, self.n_features = self.spectrogram.hop_length, n_gfcc
        self.register_buffer(
            "dct", torchaudio.functional.create_dct(n_gfcc, n_filters, "ortho").T.contiguous()
        )

    @property
    def history(self) -> int:
        """Samples before its window that a frame still depends on."""
        return self.spectrogram.history

    def forward(self, waveform: Tensor) -> Tensor:
        """(..., time) -> (..., n_gfcc, frames)."""
        energies = self.spectrogram(waveform)
        if self.compression == "log":
            compressed = torch.log(energies + self.log_offset)
        else:
            # The cube root; a logarithm and an exponential take half the time of a power.
            compressed = energies.clamp(min=1e-30).log().mul_(1 / 3).exp_()
        # (n_gfcc, n_filters) @ (..., n_filters, frames)
        return self.dct.to(compressed.dtype) @ compressed
