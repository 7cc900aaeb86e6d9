"""A sound classifier with everything that its feature extractor does inside one torch module.

An export must give the scores of the original from the waveform alone, so what transformers does in numpy
(normalising, filter banks) becomes part of the graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import ASTFeatureExtractor, Wav2Vec2FeatureExtractor

_VARIANCE_FLOOR = 1e-7  # Wav2Vec2FeatureExtractor's
_PREEMPHASIS = 0.97  # Kaldi's
_POWER_FLOOR = torch.finfo(torch.float32).eps  # Kaldi's


def with_front_end(model: nn.Module, extractor: Wav2Vec2FeatureExtractor | ASTFeatureExtractor | None) -> nn.Module:
    """The classifier as a module of waveforms alone: (batch, time) -> logits (batch, n_labels).

    Args:
        model (nn.Module): a transformers audio classifier.
        extractor (FeatureExtractionMixin or None): its feature extractor; None where the model takes waveforms.

    Raises:
        ValueError: an extractor that is not known here.
    """
    name = type(extractor).__name__
    if extractor is None:
        return Logits(model)
    if name == "Wav2Vec2FeatureExtractor":
        return Logits(model, normalize=extractor.do_normalize)
    if name == "ASTFeatureExtractor":
        return Logits(model, FilterBank(cast("ASTFeatureExtractor", extractor)))
    raise ValueError(
        f"what {name} does to a waveform cannot be exported yet: use an encoder that takes waveforms "
        "(wav2vec 2.0, HuBERT, WavLM, ...) or an audio spectrogram transformer."
    )


def traceable_attention(folder: Path) -> str:
    """Name of an attention for transformers that makes no mask: tracing cannot follow the making of one.

    None is needed, since every clip is by itself or among others of its length, without padding.

    Args:
        folder (Path): the encoder. One whose attention has a form of its own, as WavLM's with its gated positions,
            keeps that.
    """
    from transformers import AttentionInterface, AttentionMaskInterface, AutoConfig
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING

    model = MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING[type(AutoConfig.from_pretrained(folder))]
    if not getattr(model, "_supports_sdpa", False):
        return "eager"
    name = "unmasked_sdpa"
    AttentionInterface.register(name, sdpa_attention_forward)
    AttentionMaskInterface.register(name, lambda *_, **__: None)
    return name


class Logits(nn.Module):
    """A classifier without its output dictionary.

    Args:
        model (nn.Module): takes ``input_values``.
        features (nn.Module, optional): waveforms to ``input_values``. (Default: they are the waveforms)
        normalize (bool, optional): each waveform to mean 0 and deviation 1 first. (Default: ``False``)
    """

    def __init__(self, model: nn.Module, features: nn.Module | None = None, normalize: bool = False):
        super().__init__()
        self.model, self.features, self.normalize = model, features, normalize

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, time) -> (batch, n_labels)."""
        if self.normalize:
            centred = waveform - waveform.mean(dim=1, keepdim=True)
            waveform = centred * torch.rsqrt((centred**2).mean(dim=1, keepdim=True) + _VARIANCE_FLOOR)
        if self.features is not None:
            waveform = self.features(waveform)
        return self.model(input_values=waveform).logits


class FilterBank(nn.Module):
    """The log mel filter bank of Kaldi as ASTFeatureExtractor asks for it, for any number of clips at once.

    Removing the mean of a frame, pre-emphasis, window and Fourier transform are linear; so they are one product
    with a fixed matrix, and all frames together are one convolution, which every runtime has.

    Args:
        extractor (ASTFeatureExtractor): its settings.
    """

    banks: Tensor
    kernel: Tensor

    def __init__(self, extractor: ASTFeatureExtractor):
        super().__init__()
        from grokaem.audio.torchaudio_loader import load_torchaudio

        get_mel_banks = load_torchaudio().compliance.kaldi.get_mel_banks
        rate = extractor.sampling_rate
        length, self.hop = int(rate * 0.025), int(rate * 0.010)
        n_fft = 1 << (length - 1).bit_length()
        self.max_frames = extractor.max_length
        self.mean, self.scale = (extractor.mean, 2 * extractor.std) if extractor.do_normalize else (0.0, 1.0)
        banks, _ = get_mel_banks(extractor.num_mel_bins, n_fft, float(rate), 20.0, 0.0, 100.0, -500.0, 1.0)
        # (n_fft // 2 + 1, n_mels); Kaldi leaves the highest frequency out
        self.register_buffer("banks", nn.functional.pad(banks, (0, 1)).T.contiguous())
        # Frames are rows, so each step multiplies from the right: (length, length) twice, then a window, then
        # (length, n_fft // 2 + 1) for the cosines and the sines.
        one = torch.eye(length, dtype=torch.float64)
        without_mean = one - 1 / length
        before = one.roll(1, dims=1)  # column i picks sample i - 1 ...
        before[:, 0] = one[:, 0]  # ... and the first column sample 0
        emphasized = without_mean @ (one - _PREEMPHASIS * before)
        windowed = emphasized * torch.hann_window(length, periodic=False, dtype=torch.float64)
        steps = torch.arange(length, dtype=torch.float64)[:, None] * torch.arange(n_fft // 2 + 1)
        angle = 2 * torch.pi / n_fft * steps
        kernel = torch.cat([windowed @ angle.cos(), windowed @ angle.sin()], dim=1)
        self.register_buffer("kernel", kernel.T[:, None, :].float().contiguous())  # (2 * frequencies, 1, length)

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, time) -> (batch, max_frames, n_mels)."""
        spectrum = nn.functional.conv1d(waveform[:, None, :], self.kernel, stride=self.hop)
        real, imaginary = spectrum.chunk(2, dim=1)  # (batch, frequencies, frames) each
        power = (real**2 + imaginary**2).transpose(1, 2)
        mels = torch.clamp(power @ self.banks, min=_POWER_FLOOR).log()  # (batch, frames, n_mels)
        mels = nn.functional.pad(mels, (0, 0, 0, self.max_frames))[:, : self.max_frames]
        return (mels - self.mean) / self.scale
