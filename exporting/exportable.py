"""Whether a base model can be exported at all: asked before it is trained."""

from __future__ import annotations

import json
from pathlib import Path

from exporting.sources import find_source

# What audio_graph.with_front_end has in a graph.
EXPORTABLE_EXTRACTORS = ("Wav2Vec2FeatureExtractor", "ASTFeatureExtractor")
REMEDY = "leave out --export and --push, or take another base model"


def check_exportable(task: str, folder: Path, name: str) -> None:
    """Refuses a base model that training could not hand on to an export.

    Args:
        task (str): key of the kind.
        folder (Path): the base model.
        name (str): what the user calls it.

    Raises:
        ValueError: no conversion to OpenVINO is known for its kind, or for what its feature extractor does.
    """
    find_source(task).check_exportable(folder, name)


def check_extractor(folder: Path, name: str) -> None:
    """Raises a ValueError for an encoder of sounds whose feature extractor has no form in a graph."""
    extractor = _extractor(folder)
    if extractor not in EXPORTABLE_EXTRACTORS:
        raise ValueError(
            f"--base-model {name}: what its {extractor} does to a waveform cannot be exported: {REMEDY}, "
            "such as one that takes waveforms (wav2vec 2.0, HuBERT, WavLM) or an audio spectrogram transformer."
        )


def check_text_encoder(folder: Path, name: str) -> None:
    """Raises a ValueError for a text encoder that Optimum Intel cannot convert."""
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if not isinstance(kind, str):
        raise ValueError(
            f"--base-model {name}: its config.json names no model_type, without which it cannot be exported: "
            "save the model again with save_pretrained."
        )
    if kind not in _convertible():
        raise ValueError(
            f"--base-model {name} is a {kind}, which Optimum Intel cannot convert to a text classifier of OpenVINO: "
            f"{REMEDY} (BERT, RoBERTa, XLM-RoBERTa, DeBERTa, DistilBERT, ELECTRA, MPNet, Qwen2, ...)."
        )


def _extractor(folder: Path) -> str:
    from grokaem.audio.torchaudio_loader import load_torchaudio

    load_torchaudio()  # some extractors import it
    from transformers import AutoFeatureExtractor

    return type(AutoFeatureExtractor.from_pretrained(folder)).__name__


def _convertible() -> set[str]:
    """The model types of which Optimum Intel makes text classifiers."""
    import optimum.exporters.openvino.model_configs  # noqa: F401  (registers them)
    from optimum.exporters.tasks import TasksManager

    return set(TasksManager.get_supported_model_type_for_task("text-classification", "openvino"))
