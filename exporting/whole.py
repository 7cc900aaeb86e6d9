"""Whether a report that was read back holds what its readers take from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NUMBER = (int, float)
RUN = {"task": str, "base_model": dict, "data": dict, "config": dict}
PARITY = {"method": str, "original": dict, "export": dict, "gate": dict}
SIZES = {"train": int, "validation": int, "test": int}
# What a card tells of them.
TOLD_OF_RUN = {
    "base_model": {"name": str, "revision": str},
    "data": {"name": str, "revision": str, "label_names": list, "sizes": SIZES},
    "metrics": {"accuracy": NUMBER, "macro_f1": NUMBER, "loss": NUMBER},
    "confusion": list,
    "versions": dict,
}
TOLD_OF_TRAINING = {
    "config": {"epochs": NUMBER, "batch_size": int, "learning_rate": NUMBER, "precision": str},
    "memory": {"measured_peak_mib": object, "predicted_peak_mib": object},
    "hardware": {"cpu": str, "gpu": object},
    "seconds": NUMBER,
    "seed": int,
}
SPEED = {
    "bytes": NUMBER,
    "weight_bytes": NUMBER,
    "latency_ms_b1": NUMBER,
    "latency_ms_b32": NUMBER,
    "items_per_second": NUMBER,
    "peak_mib": object,
}
TOLD_OF_EXPORT = {
    "original": {"accuracy": NUMBER, "bytes": NUMBER, "weight_bytes": NUMBER},
    "export": {"accuracy": NUMBER, "macro_f1": NUMBER, "accuracy_interval_95": list, **SPEED},
    "drop_interval_95": list,
    "flips": int,
    "n": int,
    "max_score_difference": NUMBER,
    "calibration": {"samples": int},
    "gate": {"max_drop": NUMBER},
    "attempts": list,
}
TOLD_OF_WORDS = {
    "id2label": dict,
    "revision": str,
    "data": {"name": str, "label_names": list},
    "recommended": {"scorer": str, "features": NUMBER, "accuracy": NUMBER, "accuracy_std": NUMBER},
    "test": {"recommended": NUMBER, "all": NUMBER},
    "top": dict,
    "ngrams": list,
    "n_features": int,
    "n_folds": int,
    "n_documents": int,
    "n_test": int,
}


def read_report(file: Path, shape: dict[str, Any], remedy: str) -> dict[str, Any]:
    """A report as it is on disk.

    Args:
        file (Path): ``run.json``, ``parity.json`` or the ``config.json`` of a model of words.
        shape (dict): see :func:`check_whole`.
        remedy (str): what the user can do, the end of the message's sentence.

    Raises:
        ValueError: it cannot be read, or see :func:`check_whole`.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read ({error}): {remedy}.") from None
    check_whole(content, shape, file, remedy)
    return content


def check_whole(content: Any, shape: dict[str, Any], file: Path, remedy: str) -> None:
    """Refuses a report in which something is missing, or is of another kind.

    Args:
        content (JSON-able): the report.
        shape (dict): key -> type, or the shape of what is below it.
        file (Path): where it lies.
        remedy (str): what the user can do, the end of the message's sentence.

    Raises:
        ValueError: what it lacks is named.
    """
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no report, but {type(content).__name__ if content is not None else 'nothing'}: "
                         f"{remedy}.")
    if (key := _lacking(content, shape)) is not None:
        raise ValueError(f"{file} does not tell {key!r}, or not in the form it is written in: {remedy}.")


def _lacking(content: dict[str, Any], shape: dict[str, Any]) -> str | None:
    """The first key that is missing or of another kind, with those above it."""
    for key, wanted in shape.items():
        if key not in content:
            return key
        if isinstance(wanted, dict):
            if not isinstance(content[key], dict):
                return key
            if (below := _lacking(content[key], wanted)) is not None:
                return f"{key}.{below}"
        elif not isinstance(content[key], wanted):
            return key
    return None
