"""Whether a report that was read back holds what its readers take from it, each key of the kind it is written in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

Report = TypeVar("Report", bound=Mapping[str, object])
# Keys of exporting.report_types and tfidf_types, those below others after a dot.
# What is read of any run, and of any export:
RUN = ("task", "base_model", "data", "config")
PARITY = ("method", "original", "export", "gate")
# What a card uses of them.
CARD_KEYS_RUN = (
    "base_model.name", "base_model.revision",
    "data.name", "data.revision", "data.label_names", "data.sizes.train", "data.sizes.validation", "data.sizes.test",
    "metrics.accuracy", "metrics.macro_f1", "metrics.loss",
    "confusion", "versions",
)  # fmt: skip
CARD_KEYS_TRAINING = (
    "config.epochs", "config.batch_size", "config.learning_rate", "config.precision",
    "memory.measured_peak_mib", "memory.predicted_peak_mib",
    "hardware.cpu", "hardware.gpu",
    "seconds", "seed",
)  # fmt: skip
CARD_KEYS_EXPORT = (
    "original.accuracy", "original.bytes", "original.weight_bytes",
    "export.accuracy", "export.macro_f1", "export.accuracy_interval_95", "export.bytes", "export.weight_bytes",
    "export.latency_ms_b1", "export.latency_ms_b32", "export.items_per_second", "export.peak_mib",
    "drop_interval_95", "flips", "n", "max_score_difference", "calibration.samples", "gate.max_drop", "attempts",
)  # fmt: skip
CARD_KEYS_TFIDF = (
    "id2label", "revision", "data.name", "data.label_names",
    "recommended.scorer", "recommended.features", "recommended.accuracy", "recommended.accuracy_std",
    "test.recommended", "test.all",
    "top", "ngrams", "n_features", "n_folds", "n_documents", "n_test",
)  # fmt: skip


def read_report(file: Path, record: type[Report], needed: tuple[str, ...], remedy: str) -> Report:
    """A report as it is on disk.

    Args:
        file (Path): ``run.json``, ``parity.json`` or the ``config.json`` of a model of words.
        record (type): its type in :mod:`exporting.report_types`.
        needed (tuple of str): see :func:`check_complete`.
        remedy (str): what the user can do, the end of the message's sentence.

    Raises:
        ValueError: it cannot be read, or see :func:`check_complete`.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read ({error}): {remedy}.") from None
    check_complete(content, record, needed, file, remedy)
    return content


def check_complete(content: object, record: type, needed: tuple[str, ...], file: Path, remedy: str) -> None:
    """Refuses a report in which something is missing, or is of another kind.

    Args:
        content (JSON-able): the report.
        record (type): its type in :mod:`exporting.report_types`.
        needed (tuple of str): the keys that must be there, those below others after a dot.
        file (Path): where it lies.
        remedy (str): what the user can do, the end of the message's sentence.

    Raises:
        ValueError: what it lacks is named.
    """
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds no report, but {type(content).__name__ if content is not None else 'nothing'}: "
                         f"{remedy}.")
    for path in needed:
        if (key := _lacking(content, record, path.split("."))) is not None:
            raise ValueError(f"{file} lacks {key!r}, or has it in another form than it is written in: {remedy}.")


def _lacking(content: object, kind: object, path: list[str]) -> str | None:
    """The key of a path that is missing or of another kind, with those above it."""
    for depth, key in enumerate(path, 1):
        if not isinstance(content, dict) or key not in content:
            return ".".join(path[: depth if isinstance(content, dict) else depth - 1])
        content, kind = content[key], _below(kind, key)
    return None if isinstance(content, _classes(kind)) else ".".join(path)


def _below(kind: object, key: str) -> object:
    """The type of a record's key, or of what a dictionary holds."""
    return get_type_hints(kind)[key] if is_typeddict(kind) else get_args(kind)[1]


def _classes(kind: object) -> tuple[type, ...]:
    """The classes that JSON of a type may have; whole numbers too for broken ones."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(found for one in get_args(kind) for found in _classes(one))
    if kind is float:
        return (int, float)
    found = dict if is_typeddict(kind) else get_origin(kind) or kind
    assert isinstance(found, type)
    return (found,)
