"""Models to plan for: built-in configurations by name, local folders, Hub repositories; never their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem.audio.wide_resnet_shapes import SHORT_SOUND

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig

_BERT = {"vocab_size": 30522}
_ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}

# The published config.json of each model: its type and what differs from the type's defaults.
BUILT_IN: dict[str, tuple[str, str, Mapping[str, object]]] = {
    "bert-base-uncased": ("text", "bert", _BERT),
    "bert-large-uncased": ("text", "bert", _BERT | _LARGE),
    "distilbert-base-uncased": ("text", "distilbert", _BERT),
    "roberta-base": ("text", "roberta", _ROBERTA),
    "roberta-large": ("text", "roberta", _ROBERTA | _LARGE),
    "xlm-roberta-base": ("text", "xlm-roberta", _ROBERTA | {"vocab_size": 250002}),
    "deberta-v3-base": (
        "text",
        "deberta-v2",
        {
            "vocab_size": 128100,
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "type_vocab_size": 0,
            "relative_attention": True,
            "position_buckets": 256,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "max_relative_positions": -1,
            "position_biased_input": False,
        },
    ),
    "minilm-l6": (
        "text",
        "bert",
        _BERT
        | {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536},
    ),
    "wav2vec2-base": ("audio", "wav2vec2", {}),
    "hubert-base": ("audio", "hubert", {}),
    "distilhubert": ("audio", "hubert", {"num_hidden_layers": 2}),
    "ast": ("audio", "audio-spectrogram-transformer", {}),
    "wide_resnet": ("audio", "wide_resnet_audio", {}),
}
# What the Hub, and so training/finetune.py, calls them.
HUB_IDS = {
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "bert-large-uncased": "google-bert/bert-large-uncased",
    "distilbert-base-uncased": "distilbert/distilbert-base-uncased",
    "roberta-base": "FacebookAI/roberta-base",
    "roberta-large": "FacebookAI/roberta-large",
    "xlm-roberta-base": "FacebookAI/xlm-roberta-base",
    "minilm-l6": "sentence-transformers/all-MiniLM-L6-v2",
    "deberta-v3-base": "microsoft/deberta-v3-base",
    "wav2vec2-base": "facebook/wav2vec2-base",
    "hubert-base": "facebook/hubert-base-ls960",
    "distilhubert": "ntu-spml/distilhubert",
    "ast": "MIT/ast-finetuned-audioset-10-10-0.4593",
}
# A distilled model of the same kind for each that has one.
STUDENTS = {
    "bert-base-uncased": "distilbert-base-uncased",
    "bert-large-uncased": "distilbert-base-uncased",
    "distilbert-base-uncased": "minilm-l6",
    "roberta-base": "distilbert-base-uncased",
    "roberta-large": "distilbert-base-uncased",
    "deberta-v3-base": "distilbert-base-uncased",
    "wav2vec2-base": "distilhubert",
    "hubert-base": "distilhubert",
}
SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Workload:
    """A model and the shape of what it trains on.

    Attributes:
        name (str): what the user called the model.
        task (str): ``"text"`` or ``"audio"``.
        config (PreTrainedConfig): the model's configuration.
        sequence_length (int): tokens of a text.
        max_seconds (float): length of a clip.
        sample_rate (int): of clips, Hz.
        num_labels (int): classes.
    """

    name: str
    task: str
    config: PreTrainedConfig
    sequence_length: int = 128
    max_seconds: float = 5.0
    sample_rate: int = SAMPLE_RATE
    num_labels: int = 2

    @property
    def model_type(self) -> str:
        """The configuration's type, e.g. ``"bert"``."""
        return self.config.model_type


def workload(
    name: str,
    *,
    sequence_length: int = 128,
    max_seconds: float | None = None,
    num_labels: int = 2,
    depth: int = 10,
    widen_factor: int = 2,
    features: str = "logmel",
    config: PreTrainedConfig | None = None,
) -> Workload:
    """Finds a model's configuration.

    Args:
        name (str): built-in name, local folder with ``config.json``, or Hub id (needs the network once).
        sequence_length (int, optional): tokens. (Default: 128)
        max_seconds (float, optional): seconds of a clip. (Default: what training cuts clips to: 1.5 for
            ``wide_resnet`` and 5 for the others)
        num_labels (int, optional): classes. (Default: 2)
        depth (int, optional): of ``wide_resnet``. (Default: 10)
        widen_factor (int, optional): of ``wide_resnet``. (Default: 2)
        features (str, optional): front end of ``wide_resnet``. (Default: ``"logmel"``)
        config (PreTrainedConfig, optional): used instead of looking the name up. (Default: None)

    Returns:
        Workload: model and shapes.

    Raises:
        ValueError: no such model, or a sequence it cannot read.
    """
    if sequence_length < 1:
        raise ValueError(f"--sequence-length {sequence_length}: give at least 1 token.")
    if max_seconds is not None and max_seconds <= 0:
        raise ValueError(f"--max-seconds {max_seconds:g}: give a length above 0.")
    if num_labels < 2:
        raise ValueError(f"--num-labels {num_labels}: give at least 2 classes.")
    seconds = max_seconds or (SHORT_SOUND if name == "wide_resnet" else 5.0)
    known = None if Path(name).is_dir() else BUILT_IN.get(short_name(name))
    if config is None and known is not None:
        _, model_type, settings = known
        if model_type == "wide_resnet_audio":
            from grokaem.audio.wide_resnet_model import from_scratch

            settings = from_scratch(depth, widen_factor, features, seconds)
        config = _config_class(model_type)(**settings)
    elif config is None:
        config = _read_config(name)
    config.num_labels = num_labels
    task = "audio" if _is_audio(config) else "text"
    limit = getattr(config, "max_position_embeddings", None)
    if task == "text" and limit and sequence_length > limit:
        raise ValueError(
            f"--sequence-length {sequence_length}: {name} reads at most {limit} tokens; give {limit} or less."
        )
    return Workload(name, task, config, sequence_length, seconds, SAMPLE_RATE, num_labels)


def short_name(name: str) -> str:
    """The built-in name of a Hub id; other names stay as they are."""
    return next((short for short, hub in HUB_IDS.items() if name == hub), name)


def build(work: Workload, dtype: str = "float32", attention: str | None = None) -> nn.Module:
    """Builds the classifier with random weights; under a fake-tensor mode it takes no memory.

    Args:
        work (Workload): the model.
        dtype (str, optional): of the weights. (Default: ``"float32"``)
        attention (str, optional): ``"eager"`` or ``"sdpa"``. (Default: what the library chooses)
    """
    import torch
    from transformers import AutoModelForAudioClassification, AutoModelForSequenceClassification

    factory = AutoModelForAudioClassification if work.task == "audio" else AutoModelForSequenceClassification
    if work.model_type == "wide_resnet_audio":
        return _build_wide_resnet(work, getattr(torch, dtype))
    options = {"attn_implementation": attention} if attention else {}
    return factory.from_config(worst_case(work.config), dtype=getattr(torch, dtype), **options)


def worst_case(config: PreTrainedConfig) -> PreTrainedConfig:
    """A copy of the configuration in which no layer is skipped at random: the step that needs most memory."""
    import copy

    config = copy.deepcopy(config)
    if hasattr(config, "layerdrop"):
        config.layerdrop = 0.0
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False
    config.use_cache = False
    return config


def batch(work: Workload, size: int) -> dict[str, torch.Tensor]:
    """One batch of the longest inputs; in real tensors its first text is shorter, so that there is padding."""
    import torch

    labels = torch.zeros(size, dtype=torch.long)
    if work.task == "text":
        ids = torch.ones(size, work.sequence_length, dtype=torch.long)
        mask = torch.ones_like(ids)
        mask[0, -1:] = 0
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}
    if work.model_type == "audio-spectrogram-transformer":
        shape = (size, work.config.max_length, work.config.num_mel_bins)
    else:
        shape = (size, round(work.max_seconds * work.sample_rate))
    return {"input_values": torch.randn(shape), "labels": labels}




def _config_class(model_type: str) -> Callable[..., PreTrainedConfig]:
    if model_type == "wide_resnet_audio":
        from grokaem.audio.wide_resnet_model import WideResNetAudioConfig

        return WideResNetAudioConfig
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING[model_type]


def _read_config(name: str) -> PreTrainedConfig:
    from transformers import AutoConfig

    if Path(name).is_dir():
        if not (Path(name) / "config.json").is_file():
            raise ValueError(f"--base-model {name}: the folder has no config.json; give a model's folder.")
        if '"wide_resnet_audio"' in (Path(name) / "config.json").read_text():
            import grokaem.audio.wide_resnet_model  # noqa: F401  (registers the type)
    try:
        return AutoConfig.from_pretrained(name)
    except (OSError, KeyError) as error:
        raise ValueError(
            f"--base-model {name} is no built-in architecture ({', '.join(BUILT_IN)}), no local folder, and the "
            f"Hub did not give its config.json; check the name and the network."
        ) from error


def _is_audio(config: PreTrainedConfig) -> bool:
    audio = ("wav2vec2", "hubert", "audio-spectrogram-transformer", "wide_resnet_audio", "wavlm", "whisper")
    return config.model_type.startswith(audio) or config.model_type in (
        "sew",
        "sew-d",
        "unispeech",
        "data2vec-audio",
    )


def _build_wide_resnet(work: Workload, dtype: torch.dtype) -> nn.Module:
    from unittest import mock

    import torch
    from torch._subclasses.fake_tensor import FakeTensor

    import grokaem.audio.wide_resnet_model as module
    from grokaem.audio.features import make
    from grokaem.memory.trace import forget_values, recording_paused

    def real_filters(*args: Any, **kwargs: Any) -> nn.Module:
        # torchaudio looks at the values of its filters while it makes them.
        with recording_paused():
            made = make(*args, **kwargs)
        return forget_values(made) if isinstance(torch.empty(0), FakeTensor) else made

    with mock.patch.object(module, "make", real_filters):
        model = module.WideResNetForAudioClassification(worst_case(work.config))  # pyright: ignore[reportArgumentType]  # it is its own
    # The order of values that training gives it; weight by weight, for fake parameters refuse Module.to.
    for layer in model.network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight = torch.nn.Parameter(layer.weight.detach().to(memory_format=torch.channels_last))
    return model if dtype == torch.float32 else model.to(dtype)  # pyright: ignore[reportArgumentType]  # wrapped, its self lost
