"""spafe's other cepstra behind the interface of this package: ``(..., time) -> (..., n, frames)``.

They are computed by spafe itself, in NumPy, clip by clip: no gradient, no export, on the CPU, on spafe's own
frames (without padding, so a clip shorter than a window has none). GFCC, MFCC and their spectrograms are this
package's own; see :mod:`grokaem.audio.features` and :mod:`grokaem.audio.gfcc`.
"""

from __future__ import annotations

import importlib

import numpy as np
import torch
from torch import Tensor, nn

_MODULES = {"lpcc": "lpc", "plp": "rplp"}
_ORDER = ("lpc", "lpcc", "plp", "rplp")
_FAILURES = (ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError)
LAST_BIT = 2.0**-23  # of 24-bit samples


class SpafeCepstra(nn.Module):
    """One of spafe's feature extractors as a module.

    Args:
        name (str): ``bfcc``, ``cqcc``, ``lfcc``, ``lpc``, ``lpcc``, ``msrcc``, ``ngcc``, ``plp``, ``pncc``,
            ``psrcc`` or ``rplp``.
        sample_rate (int, optional): Hz. (Default: ``16000``)
        n_coefficients (int, optional): coefficients kept. (Default: ``13``)
        window_seconds (float, optional): length of the Hamming window. (Default: ``0.025``)
        hop_seconds (float, optional): distance between frames. (Default: ``0.01``)
        **settings: further arguments of spafe's function (``nfilts``, ``nfft``, ``normalize``, ...).

    Raises:
        ModuleNotFoundError: spafe is not installed, or has no such feature.
    """

    def __init__(
        self,
        name: str,
        sample_rate: int = 16000,
        n_coefficients: int = 13,
        window_seconds: float = 0.025,
        hop_seconds: float = 0.01,
        **settings: object,
    ) -> None:
        super().__init__()
        self.name, self.sample_rate, self.settings = name, sample_rate, settings
        self.n_features = n_coefficients
        self.hop_length = int(hop_seconds * sample_rate)
        sliding_window = importlib.import_module("spafe.utils.preprocessing").SlidingWindow
        self.settings.setdefault("window", sliding_window(window_seconds, hop_seconds, "hamming"))
        self._function = getattr(importlib.import_module(f"spafe.features.{_MODULES.get(name, name)}"), name)

    def forward(self, waveform: Tensor) -> Tensor:
        """Extracts.

        Args:
            waveform (Tensor): shape (..., time).

        Returns:
            Tensor: shape (..., n, frames), on the waveform's device, of its type.

        Raises:
            ValueError: spafe cannot handle a clip (too short for its frames, most often), or what it gives is not
                finite. Digital silence is computed with noise of the 24th bit.
        """
        clips = waveform.detach().reshape(-1, waveform.shape[-1]).cpu().double().numpy()
        rows = np.stack([self._extract(clip) for clip in clips])
        features = torch.from_numpy(np.ascontiguousarray(rows)).to(waveform.device, waveform.dtype)
        return features.reshape(waveform.shape[:-1] + features.shape[-2:])

    def _extract(self, clip: np.ndarray) -> np.ndarray:
        try:
            result = self._computed(clip)
        except _FAILURES:
            result = None
        if result is None or not np.isfinite(result).all():
            # Digital silence, in which spafe divides by zero or inverts nothing: with noise of the last bit of 24, as
            # Kaldi dithers, the same bits each time.
            noise = np.random.default_rng(0).uniform(-LAST_BIT, LAST_BIT, len(clip))
            try:
                result = self._computed(clip + noise)
            except _FAILURES as error:
                raise ValueError(
                    f"spafe's {self.name} cannot handle a clip of {len(clip)} samples ({error}); give a longer one."
                ) from error
        if not np.isfinite(result).all():
            raise ValueError(f"spafe's {self.name} of this clip is not finite; choose another feature.")
        return result

    def _computed(self, clip: np.ndarray) -> np.ndarray:
        count = "order" if self.name in _ORDER else "num_ceps"
        arguments = {"fs": self.sample_rate, count: self.n_features, **self.settings}
        with np.errstate(all="ignore"):
            result = self._function(clip, **arguments)
        if isinstance(result, tuple):  # lpc also returns the prediction error
            result = result[0]
        return np.real(np.asarray(result)).T
