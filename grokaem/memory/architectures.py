"""Models to plan for: built-in configurations by name, local folders, Hub repositories; never their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem import kinds
from grokaem.flags import option
from grokaem.memory.workload import Workload

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_BERT = {"vocab_size": 30522}
_ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}

# The kind of each model, and its published config.json: its type and what differs from the type's defaults.
# A model without a type is a network of ours, whose settings are the flags of its kind.
BUILT_IN: dict[str, tuple[str, str, Mapping[str, Any]]] = {  # values of any setting
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
    "wide_resnet": ("audio", "", {}),
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


def workload(name: str, *, num_labels: int = 2, config: PreTrainedConfig | None = None, **shape: object) -> Workload:
    """Finds a model and the shape of what it trains on.

    Args:
        name (str): built-in name, local folder with ``config.json``, or Hub id (needs the network once).
        num_labels (int, optional): classes. (Default: 2)
        config (PreTrainedConfig, optional): used instead of looking the name up. (Default: None)
        **shape: what its kind's flags are called, such as ``sequence_length`` (tokens, 128 unless given) of a text
            encoder, or ``max_seconds`` of a sound classifier and ``depth``, ``widen_factor`` and ``features`` of
            ``wide_resnet``.

    Returns:
        Workload: model and shapes.

    Raises:
        ValueError: no such model, or a shape it cannot read.
    """
    cls, config = find_model(name, config)
    return make_workload(cls, name, config, num_labels, shape)


def find_model(name: str, config: PreTrainedConfig | None = None) -> tuple[type[Workload], PreTrainedConfig | None]:
    """A model's kind of workload and its configuration, which is None for a network of ours.

    Args:
        name (str): as :func:`workload` takes it.
        config (PreTrainedConfig, optional): used instead of looking the name up. (Default: None)

    Raises:
        ValueError: no such model, or it classifies nothing that is known here.
    """
    known = None if Path(name).is_dir() else BUILT_IN.get(short_name(name))
    if known is not None:
        kind, model_type, settings = known
        if config is None and model_type:
            from transformers import CONFIG_MAPPING

            config = CONFIG_MAPPING[model_type](**settings)
        return kinds.find(kind).resolved("workload"), config
    config = _read_config(name) if config is None else config
    for kind in kinds.KINDS.values():
        cls: type[Workload] = kind.resolved("workload")
        if cls.takes(config.model_type):
            return cls, config
    titles = " or ".join(kind.title for kind in kinds.KINDS.values())
    raise ValueError(f"--base-model {name} is a {config.model_type}, of which no classifier of {titles} can be made.")


def make_workload(
    cls: type[Workload], name: str, config: PreTrainedConfig | None, num_labels: int, shape: Mapping[str, Any]
) -> Workload:
    """The workload of a model that :func:`find_model` found.

    Args:
        cls (type): its kind's workload.
        name (str): what the user called it.
        config (PreTrainedConfig or None): its configuration.
        num_labels (int): classes.
        shape (dict): by the names of its kind's flags.

    Raises:
        ValueError: no such shape, or fewer than 2 classes.
    """
    if num_labels < 2:
        raise ValueError(f"--num-labels {num_labels}: give at least 2 classes.")
    if unknown := [key for key in shape if key not in {item.name for item in fields(cls.flags)}]:
        title = kinds.find(cls.task).title
        raise ValueError(f"{option(unknown[0])} has no effect on {name}, which takes {title}: leave it out.")
    if config is not None:
        config.num_labels = num_labels
    settings = cls.flags(**shape)
    settings.check(name, shape)
    return cls.of(name, config, num_labels, settings)


def short_name(name: str) -> str:
    """The built-in name of a Hub id; other names stay as they are."""
    return next((short for short, hub in HUB_IDS.items() if name == hub), name)


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
