"""Frame energies of gammatone-filtered waveforms, in blocks, each channel at the lowest sufficient rate.

What is computed is the time domain's own quantity: the filter's output y[n], squared, and averaged under the
frame's window. The route is shorter than sample by sample:

1. a block of the waveform, longer than the longest impulse response by the part that is kept, is transformed
   once (overlap-save, so the convolution is linear); two hops at its end are dropped too, because a response
   that is faded out rings a little before its time, which would wrap round to there;
2. each channel takes the bins up to ``fc + max(8 b, 600 Hz)``, times the closed-form response of the sampled
   filter; there the response is at -72 dB or below, and is faded out;
3. the inverse transform of those bins alone is y at twice that rate or just above: real, so that its square
   has the ripple at twice the frequency which an envelope would miss, and without aliasing;
4. squares, weighted by the window at that rate, summed hop by hop;
5. what was faded out matters where all sound lies far above a channel (a cymbal in the lowest ones). So far
   from its centre a gammatone answers at once, without ringing, and the energy there is the power spectrum of
   the frame times the squared response.

At each rate a hop is a whole number of samples, so every frame sees the same window. Under tracing and export
the same filters run as strided convolutions instead, which every runtime has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

from grokaem.audio.gammatone import BANDWIDTH_FACTOR, erb, sampled_gammatone_response

_EDGE_WIDTHS, _EDGE_HERTZ = 8.0, 600.0  # a response ends this far above the centre, the farther of the two
_FADE_FROM = 0.8  # of that distance
_DECAY = 22.0  # an impulse response is followed until 2 pi b t is this: 113 dB below its peak
_GUARD_HOPS = 2  # dropped at the end of a block: a faded response also reaches a few milliseconds back
_BLOCK_HOPS = (32, 48, 64, 80, 96, 112, 128)
_CACHED = 16
_GROUP_OVERHEAD = 3000.0  # samples per second that could be filtered in the time one more group costs
_PRECISIONS = {
    (False, False): np.float32,
    (False, True): np.float64,
    (True, False): np.complex64,
    (True, True): np.complex128,
}
FRAMES_AT_ONCE = 1024
BLOCKS_AT_ONCE = 16  # of about a second: the intermediate results stay in the processor's cache


@dataclass(frozen=True)
class _Group:
    """Neighbouring channels that share a rate.

    Attributes:
        channels (slice): which.
        hop (int): samples of a hop at their rate.
        full (bool): that rate is the waveform's own.
        decimation (int): the largest whole step through the waveform that is no coarser, dividing its hop.
    """

    channels: slice
    hop: int
    full: bool
    decimation: int


class GammatoneSubbands:
    """Mean squares of gammatone-filtered waveforms under sliding windows.

    Args:
        sample_rate (int): Hz.
        centers (ndarray): centre frequencies, Hz, ascending, shape (n_filters,).
        window (ndarray): weights of the squares, shape (win_length,); only their shape matters.
        hop_length (int): distance between frames, samples.
    """

    def __init__(self, sample_rate: int, centers: np.ndarray, window: np.ndarray, hop_length: int) -> None:
        self.sample_rate = sample_rate
        self.centers = np.asarray(centers, dtype=np.float64)
        self.window = np.asarray(window, dtype=np.float64)
        self.hop_length = hop_length
        self.widths = BANDWIDTH_FACTOR * erb(self.centers)
        self.edges = np.maximum(_EDGE_WIDTHS * self.widths, _EDGE_HERTZ)
        self.response_length = int(np.ceil(_DECAY / (2 * np.pi * self.widths.min()) * sample_rate))
        self.groups = self._grouped()
        self._constants: dict[tuple, list] = {}

    def __call__(self, waveform: Tensor) -> Tensor:
        """Energies of every window that fits into the waveform.

        Args:
            waveform (Tensor): silent before its first sample, shape (batch, time).

        Returns:
            Tensor: shape (batch, n_filters, 1 + (time - win_length) // hop_length).
        """
        if torch.jit.is_tracing() or torch.compiler.is_exporting():
            return self._by_convolution(waveform)
        return self._by_blocks(waveform)

    def _grouped(self) -> list[_Group]:
        """Splits the channels into groups of one rate, with the least work in all."""
        hop = self.hop_length
        hops = [h for h in range(1, hop + 1) if h == hop or _is_smooth(h)]
        seconds = hop / self.sample_rate
        needed = [
            next((h for h in hops if h / seconds >= rate), hop) for rate in 2 * (self.centers + self.edges)
        ]
        n = len(needed)
        # best[i]: the least work for the channels from i on, and where their first group ends
        best: list[tuple[float, int]] = [(0.0, n)] * (n + 1)
        for i in range(n - 1, -1, -1):
            best[i] = min(
                ((j - i) * needed[j - 1] / seconds + _GROUP_OVERHEAD + best[j][0], j)
                for j in range(i + 1, n + 1)
            )
        groups, start = [], 0
        while start < n:
            end = best[start][1]
            rate = needed[end - 1]
            steps = [d for d in range(1, hop // rate + 1) if hop % d == 0]
            groups.append(_Group(slice(start, end), rate, rate == hop, steps[-1]))
            start = end
        return groups

    def _fade(self, frequencies: np.ndarray, group: _Group) -> np.ndarray:
        """Factor on the group's responses, 1 below the upper edge and 0 above, shape (channels, n)."""
        if group.full:
            return np.ones((1, len(frequencies)))
        distance = frequencies[None, :] - self.centers[group.channels, None]
        passed = (distance / self.edges[group.channels, None] - _FADE_FROM) / (1 - _FADE_FROM)
        return np.cos(0.5 * np.pi * np.clip(passed, 0.0, 1.0)) ** 2

    def _response(self, frequencies: np.ndarray, group: _Group) -> np.ndarray:
        return sampled_gammatone_response(frequencies, self.centers[group.channels], self.sample_rate)

    def _hop_weights(self, hop: int) -> np.ndarray:
        """The window at a rate of ``hop`` samples a hop, sum 1, one column a hop, shape (hop, hops)."""
        hops = -(-len(self.window) // self.hop_length)
        position = np.arange(hops * hop) * self.hop_length / hop
        weights = np.interp(position, np.arange(len(self.window)), self.window, right=0.0)
        return (weights / weights.sum()).reshape(hops, hop).T

    def _constant(self, kind: str, like: Tensor, size: int = 0) -> list:
        """Filters and window weights as tensors, kept for the next call."""
        key = (kind, size, like.dtype, like.device)
        # A tracer compares two passes: both must make the constants, or both find them.
        tracing = torch.jit.is_tracing()
        held = None if tracing else self._constants.get(key)
        if held is None:
            if len(self._constants) >= _CACHED:
                # In one assignment, since several threads may share a module.
                self._constants = {}
            make = {"spectra": self._spectra, "kernels": self._kernels, "skirts": self._skirts}[kind]
            with torch.inference_mode(False), torch.no_grad():
                held = [tuple(_tensor(array, like) for array in arrays) for arrays in make(size)]
            if not tracing:
                self._constants[key] = held
        return held

    def _spectra(self, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        result = []
        for group in self.groups:
            at_rate = size // self.hop_length * group.hop
            frequencies = np.arange(at_rate // 2 + 1) * self.sample_rate / size
            response = self._response(frequencies, group) * self._fade(frequencies, group)
            result.append((response * (at_rate / size), self._hop_weights(group.hop)))
        return result

    def _skirts(self, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The window for amplitudes, and what each bin's power adds to the slow channels."""
        slow = [group for group in self.groups if not group.full]
        frequencies = np.arange(size // 2 + 1) * self.sample_rate / size
        weights = [
            np.abs(self._response(frequencies, group)) ** 2 * (1 - self._fade(frequencies, group) ** 2)
            for group in slow
        ]
        # Twice, for the negative frequencies too; each row twice, for the real and the imaginary part.
        pairs = (2 / size / self.window.sum() * np.concatenate(weights)).repeat(2, axis=1)
        return [(np.sqrt(self.window), np.ascontiguousarray(pairs.T))]

    def _by_blocks(self, waveform: Tensor) -> Tensor:
        hop, windows = self.hop_length, -(-len(self.window) // self.hop_length)
        batch, time = waveform.shape
        frames = 1 + (time - len(self.window)) // hop
        hops = frames + windows - 1
        history = -(-self.response_length // hop)
        size = self._block_hops(hops, history + _GUARD_HOPS)
        kept = size - history - _GUARD_HOPS
        blocks = -(-hops // kept)
        # History before the first sample, and zeros (or nothing) after the last hop.
        x = pad(waveform, (history * hop, max(0, (blocks * kept + _GUARD_HOPS) * hop - time)))
        x = x.unfold(1, size * hop, kept * hop)[:, :blocks].reshape(batch * blocks, size * hop)
        constants = self._constant("spectra", waveform, size * hop)
        parts = []
        for piece in x.split(BLOCKS_AT_ONCE):
            # (blocks, size * hop) -> (blocks, 1, bins)
            spectrum = torch.fft.rfft(piece)[:, None, :]
            rows = []
            for group, (response, weights) in zip(self.groups, constants, strict=True):
                # (blocks, channels, samples at the group's rate)
                y = torch.fft.irfft(spectrum[..., : response.shape[1]] * response, n=size * group.hop)
                square = y[..., history * group.hop : (history + kept) * group.hop].square()
                # (blocks, channels, kept, hop) @ (hop, windows)
                rows.append(square.unflatten(2, (kept, group.hop)) @ weights)
            parts.append(torch.cat(rows, dim=1))
        # (batch, blocks, filters, kept, windows) -> (batch, filters, blocks * kept, windows)
        sums = torch.cat(parts).unflatten(0, (batch, blocks)).transpose(1, 2).flatten(2, 3)
        every = (sums[:, :, j : j + frames, j] for j in range(windows))
        energies: Tensor = sum(every)  # pyright: ignore[reportAssignmentType]  # there is a window, so it is not 0
        if self.groups[0].full:
            return energies
        skirts = self._skirt_energies(waveform).transpose(1, 2)
        slow = skirts.shape[1]
        return torch.cat([energies[:, :slow] + skirts, energies[:, slow:]], dim=1)

    def _skirt_energies(self, waveform: Tensor) -> Tensor:
        """What lies above the edges of the slow channels, shape (batch, frames, slow channels)."""
        size = 1 << (len(self.window) - 1).bit_length()
        ((window, weights),) = self._constant("skirts", waveform, size)
        return power_in_bands(waveform, window, size, self.hop_length, weights)

    def _block_hops(self, hops: int, dropped: int) -> int:
        """The block length, in hops, that covers the signal with the least work."""
        sizes = [size for size in _BLOCK_HOPS if size > dropped] or [2 * dropped]
        sizes = [size for size in sizes if size >= 2 * dropped] or [sizes[-1], 4 * dropped]
        return min(sizes, key=lambda size: (-(-hops // (size - dropped)) * size, -size))

    def _kernels(self, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        result = []
        for group in self.groups:
            width, center = self.widths[group.channels, None], self.centers[group.channels, None]
            length = int(np.ceil(_DECAY / (2 * np.pi * width.min()) * self.sample_rate))
            n = np.arange(length)[None, :]
            time = n / self.sample_rate
            # (t / peak)^3 keeps the numbers near 1 before they are scaled to magnitude 1 at the centre
            impulse = (
                (time * width) ** 3 * np.exp(-2 * np.pi * width * time) * np.cos(2 * np.pi * center * time)
            )
            impulse /= np.abs((impulse * np.exp(-2j * np.pi * center * time)).sum(axis=1, keepdims=True))
            weights = self._hop_weights(self.hop_length // group.decimation).T.reshape(1, 1, -1)
            count = -(-len(self.window) // group.decimation)
            result.append((impulse[:, None, ::-1].copy(), weights[..., :count].copy()))
        return result

    def _by_convolution(self, waveform: Tensor) -> Tensor:
        rows = []
        for group, (impulse, weights) in zip(self.groups, self._constant("kernels", waveform), strict=True):
            # Output i is the filter's at sample i * decimation; (batch, 1, time) -> (batch, channels, ...).
            # Leaving samples out folds what lies above an edge instead of cutting it: its energy stays.
            x = pad(waveform[:, None, :], (impulse.shape[-1] - 1, 0))
            square = conv1d(x, impulse, stride=group.decimation).square()
            channels = impulse.shape[0]
            rows.append(
                conv1d(
                    square,
                    weights.expand(channels, 1, -1),
                    stride=self.hop_length // group.decimation,
                    groups=channels,
                )
            )
        return torch.cat(rows, dim=1)


def power_in_bands(
    waveform: Tensor,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    weights: Tensor,
    preemphasis: float = 0.0,
    padding: tuple[int, int] = (0, 0),
) -> Tensor:
    """Power spectra of windowed frames, summed with weights.

    Args:
        waveform (Tensor): shape (batch, time).
        window (Tensor): shape (win_length,).
        n_fft (int): transform size.
        hop_length (int): distance between frames, samples.
        weights (Tensor): the weight of each bin, its row given twice, shape (n_fft + 2, n).
        preemphasis (float, optional): subtract this times the sample before. (Default: ``0.0``)
        padding (tuple of int, optional): zeros before and behind. (Default: ``(0, 0)``)

    Returns:
        Tensor: shape (batch, frames, n), frames = 1 + (time + padding - win_length) // hop_length.
    """
    if torch.is_grad_enabled() and waveform.requires_grad:
        # (batch, time) -> (batch, frames, win_length), a view
        frames = pad(emphasized(waveform, preemphasis), padding).unfold(1, len(window), hop_length)
        parts = torch.view_as_real(torch.fft.rfft(frames * window, n=n_fft)).flatten(-2)
        # (batch, frames, n_fft + 2) @ (n_fft + 2, n): real and imaginary parts side by side
        return parts.square() @ weights
    # The same in pieces that stay in the processor's cache, in place where that is possible.
    batch, time = waveform.shape
    count = 1 + (time + sum(padding) - len(window)) // hop_length
    result = waveform.new_empty(batch, count, weights.shape[1])
    window = pad(window, (0, n_fft - len(window)))
    for clip, energies in zip(waveform, result, strict=True):
        for index, rows in enumerate(energies.split(FRAMES_AT_ONCE)):
            # From the piece's first sample to behind its last, counted in the waveform, and the sample before.
            first = index * FRAMES_AT_ONCE * hop_length - padding[0]
            end = first + (len(rows) - 1) * hop_length + n_fft
            before = int(first > 0 and preemphasis != 0)
            heard = emphasized(clip[max(0, first - before) : end], preemphasis)[before:]
            left, right = max(0, -first), max(0, end - time)
            if left or right:
                heard = torch.cat([waveform.new_zeros(left), heard, waveform.new_zeros(right)])
            parts = torch.view_as_real(torch.fft.rfft(heard.unfold(0, n_fft, hop_length) * window)).flatten(-2)
            torch.mm(parts.square_(), weights, out=rows)
    return result


def emphasized(waveform: Tensor, preemphasis: float) -> Tensor:
    """The waveform, shape (..., time), less ``preemphasis`` times the sample before; before the first is silence."""
    if not preemphasis:
        return waveform
    return torch.sub(waveform, pad(waveform, (1, 0))[..., :-1], alpha=preemphasis)


def _is_smooth(n: int) -> bool:
    """Whether a transform of ``n`` points is fast: no prime factor above 5."""
    for prime in (2, 3, 5):
        while n % prime == 0:
            n //= prime
    return n == 1


def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
    """The array in the precision and on the device of ``like``."""
    kind = _PRECISIONS[np.iscomplexobj(array), like.dtype == torch.float64]
    tensor = torch.from_numpy(array.astype(kind))
    # Cast in NumPy and moved only where that moves something: a graph being traced would record it.
    return tensor if like.device.type == "cpu" else tensor.to(like.device)
