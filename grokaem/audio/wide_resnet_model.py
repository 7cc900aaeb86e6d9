"""The wide residual network as a transformers model: raw waveform to class scores, front end inside.

Importing this module registers the model, so that ``AutoModelForAudioClassification.from_pretrained`` loads
a saved folder without ``trust_remote_code``.

Padding: zeros at the end of a waveform are padding. With ``mask_padding`` (the default) they are found in
the graph and left out of the normalisation, of every convolution and of the average, so a clip scores the
same alone, in a batch, or padded to any length; the exported graph takes any batch and any time. Without
it the waveform is padded or cut to ``max_seconds`` in the graph and the silence counts as sound, which
lets the network see how long a clip lasts.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from transformers import AutoConfig, AutoModelForAudioClassification, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from grokaem.audio.features import make
from grokaem.audio.wide_resnet import WideResNet, initialize

NORMALIZATIONS = ("utterance", "feature", "none")
_VARIANCE_FLOOR = 1e-5


class WideResNetAudioConfig(PreTrainedConfig):
    """Settings of :class:`WideResNetForAudioClassification`.

    Args:
        depth (int, optional): 6 n + 4. (Default: ``16``)
        widen_factor (int, optional): multiplies the feature maps. (Default: ``2``)
        dropout (float, optional): between the two convolutions of a block. (Default: ``0.0``)
        features (str, optional): a name that ``grokaem.audio.features.make`` knows. (Default: ``"logmel"``)
        feature_settings (dict, optional): further arguments of ``grokaem.audio.features.make``: ``n_mels``,
            ``n_mfcc``, ``window_seconds``, ``method``, ... (Default: those of the feature)
        sample_rate (int, optional): of the waveforms, Hz. (Default: ``16000``)
        max_seconds (float, optional): what callers cut and pad clips to. (Default: ``2.0``)
        normalize (str, optional): per clip, ``"utterance"`` (one mean and deviation), ``"feature"`` (one for
            each row) or ``"none"``. (Default: ``"utterance"``)
        mask_padding (bool, optional): zeros at the end are padding, not silence. (Default: ``True``)
        n_mels (int, optional): the same as ``feature_settings={"n_mels": ...}``. (Default: the feature's)
        **kwargs: ``num_labels``, ``id2label``, ... of every transformers config.
    """

    model_type = "wide_resnet_audio"

    def __init__(
        self,
        depth: int = 16,
        widen_factor: int = 2,
        dropout: float = 0.0,
        features: str = "logmel",
        feature_settings: dict | None = None,
        sample_rate: int = 16000,
        max_seconds: float = 2.0,
        normalize: str = "utterance",
        mask_padding: bool = True,
        n_mels: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.depth = depth
        self.widen_factor = widen_factor
        self.dropout = dropout
        self.features = features
        self.feature_settings = dict(feature_settings or {})
        if n_mels is not None:
            self.feature_settings["n_mels"] = n_mels
        self.sample_rate = sample_rate
        self.max_seconds = max_seconds
        self.normalize = normalize
        self.mask_padding = mask_padding
        super().__init__(**kwargs)

    @property
    def max_samples(self) -> int:
        """``max_seconds`` in samples."""
        return round(self.max_seconds * self.sample_rate)


def from_scratch(depth: int, widen_factor: int, features: str, max_seconds: float) -> dict[str, object]:
    """Settings of a network that is trained from scratch on short sounds, for :class:`WideResNetAudioConfig`.

    A frame every 20 ms is half the work of the usual 10; a window of 64 ms separates the pitch of a kick from that of a
    tom; and how long a sound lasts, and the silence after it, say what it is, so padding is not masked.

    Args:
        depth (int): 6 n + 4.
        widen_factor (int): multiplies the feature maps.
        features (str): the front end.
        max_seconds (float): what clips are cut and padded to.
    """
    bands = {"n_mels": 40} if "mel" in features else {}
    return {
        "depth": depth,
        "widen_factor": widen_factor,
        "features": features,
        "feature_settings": {"window_seconds": 0.064, "hop_seconds": 0.02, **bands},
        "max_seconds": max_seconds,
        "dropout": 0.1,
        "mask_padding": False,
    }


class AudioFrontEnd(nn.Module):
    """Waveform to normalised features: extraction, per-clip normalisation, a learned scale for each row.

    Args:
        config (WideResNetAudioConfig): the model's settings.
    """

    def __init__(self, config: WideResNetAudioConfig) -> None:
        super().__init__()
        if config.normalize not in NORMALIZATIONS:
            raise ValueError(
                f"There is no normalisation {config.normalize!r}; choose one of {', '.join(NORMALIZATIONS)}."
            )
        if config.max_samples < 1:
            raise ValueError(f"max_seconds={config.max_seconds} leaves no samples; give a positive length.")
        # from_pretrained builds models on the meta device; torchaudio looks at the values of its filters
        # while it makes them, so the front end is always computed for real.
        with torch.device("cpu"):
            self.features = make(config.features, config.sample_rate, **config.feature_settings)
        n_features: int = self.features.n_features  # pyright: ignore[reportAssignmentType]  # so of every feature
        self.row_norm = nn.BatchNorm1d(n_features)
        self.normalize = config.normalize
        self.mask_padding = config.mask_padding
        self.max_samples = config.max_samples

    def forward(self, input_values: Tensor) -> tuple[Tensor, Tensor]:
        """Extracts and normalises.

        Args:
            input_values (Tensor): waveforms in [-1, 1], zeros at the end are padding, shape (batch, time).

        Returns:
            tuple of Tensor: features, shape (batch, n_features, frames), zero where padded; and the mask of
            the real frames, shape (batch, frames), float, 1 or 0.
        """
        if not self.mask_padding:
            input_values = pad(input_values, (0, self.max_samples))[:, : self.max_samples]
        with _full_precision(input_values):
            features = self.features(input_values.float())
        mask = self._frame_mask(input_values, features)
        weight = mask[:, None, :]
        if self.normalize != "none":
            over = (1, 2) if self.normalize == "utterance" else (2,)
            rows = features.shape[1] if self.normalize == "utterance" else 1
            count = weight.sum(dim=(1, 2), keepdim=True) * rows
            mean = (features * weight).sum(dim=over, keepdim=True) / count
            variance = ((features - mean) ** 2 * weight).sum(dim=over, keepdim=True) / count
            features = (features - mean) * torch.rsqrt(variance + _VARIANCE_FLOOR)
        return self.row_norm(features) * weight, mask

    def _frame_mask(self, input_values: Tensor, features: Tensor) -> Tensor:
        frame = torch.arange(features.shape[-1], device=features.device)
        if not self.mask_padding:
            return torch.ones_like(features[:, 0, :])
        position = torch.arange(1, input_values.shape[-1] + 1, device=features.device)
        # (batch, time) -> (batch, 1): samples up to the last one that is not zero
        length = ((input_values != 0) * position[None, :]).amax(dim=1, keepdim=True)
        hop: int = self.features.hop_length  # pyright: ignore[reportAssignmentType]  # so of every feature
        last = torch.div(length, hop, rounding_mode="floor")
        return (frame[None, :] <= last).to(features.dtype)


class WideResNetForAudioClassification(PreTrainedModel):
    """Classifies sounds with a wide residual network on features computed inside the model.

    Args:
        config (WideResNetAudioConfig): the settings.

    Example:
        >>> config = WideResNetAudioConfig(depth=10, widen_factor=2, num_labels=7)
        >>> model = WideResNetForAudioClassification(config)
        >>> model(torch.randn(4, 32000)).logits.shape
        torch.Size([4, 7])
    """

    config_class = WideResNetAudioConfig
    base_model_prefix = "network"
    main_input_name = "input_values"
    supports_gradient_checkpointing = True

    def __init__(self, config: WideResNetAudioConfig) -> None:
        super().__init__(config)
        self.front_end = AudioFrontEnd(config)
        self.network = WideResNet(config.depth, config.widen_factor, config.num_labels, 1, config.dropout)
        self.post_init()
        self.network.apply(initialize)  # in the place of what transformers gives every model

    def extract(self, input_values: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised features and the mask of the real frames; see :class:`AudioFrontEnd`.

        Training masks and mixes these before :meth:`classify`.
        """
        return self.front_end(input_values)

    def classify(self, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits, shape (batch, num_labels), of features of shape (batch, n_features, frames)."""
        return self.network(features[:, None, :, :], mask if self.config.mask_padding else None)

    def forward(
        self,
        input_values: Tensor,
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **_: object,
    ) -> SequenceClassifierOutput | tuple:
        """Scores the classes.

        Args:
            input_values (Tensor): waveforms at ``config.sample_rate``, padded with zeros, shape (batch, time).
            labels (Tensor, optional): class numbers, shape (batch,), or probabilities, shape
                (batch, num_labels). (Default: no loss)
            return_dict (bool, optional): False gives a tuple. (Default: the config's)

        Returns:
            SequenceClassifierOutput: ``loss`` where there are labels, and ``logits``, shape
            (batch, num_labels).
        """
        logits = self.classify(*self.extract(input_values))
        loss = None if labels is None else cross_entropy(logits.float(), labels)
        if not (self.config.return_dict if return_dict is None else return_dict):
            return (logits,) if loss is None else (loss, logits)
        # transformers says FloatTensor and means any tensor of floats.
        return SequenceClassifierOutput(loss=loss, logits=logits)  # pyright: ignore[reportArgumentType]


def _full_precision(x: Tensor) -> torch.autocast | nullcontext:
    # Power spectra span more than bfloat16 resolves, and its logarithm shows it.
    if torch.jit.is_tracing() or not torch.is_autocast_enabled(x.device.type):
        return nullcontext()
    return torch.autocast(x.device.type, enabled=False)


AutoConfig.register(WideResNetAudioConfig.model_type, WideResNetAudioConfig, exist_ok=True)
AutoModelForAudioClassification.register(
    WideResNetAudioConfig, WideResNetForAudioClassification, exist_ok=True
)
