"""What an example of each class counts in the loss."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path


def class_weights(asked: str, labels: Sequence[int], names: Sequence[str]) -> list[float] | None:
    """The weights of ``--class-weights``, so scaled that the mean over the training examples is 1.

    Weighted or not, losses are then of one size, and the learning rate need not change. ``auto`` gives a class the
    weight n / (classes * its examples), scikit-learn's ``balanced`` (King and Zeng, Logistic regression in rare events
    data, Political Analysis 9, 2001): all classes together count alike.

    Args:
        asked (str): ``none``, ``auto``, or a JSON file of weights by label, ``{"rotten": 1, "fresh": 4.5}``.
        labels (sequence of int): class numbers of the training part.
        names (sequence of str): the labels.

    Returns:
        list of float: one a class, or None where all count alike. A class without an example keeps what it is given.

    Raises:
        ValueError: the file is no such file, or does not weight exactly the labels of the data.
    """
    if asked == "none":
        return None
    counts = [0] * len(names)
    for label in labels:
        counts[label] += 1
    if asked == "auto":
        learned = sum(count > 0 for count in counts)
        return [len(labels) / (learned * count) if count else 1.0 for count in counts]
    given = _for_labels(read_weights(asked) or {}, f"--class-weights {asked}", names)
    mean = sum(weight * count for weight, count in zip(given, counts, strict=True)) / max(1, len(labels))
    return [weight / mean for weight in given]


def read_weights(asked: str) -> dict[str, float] | None:
    """The weights that a file gives by label; None for ``none`` and ``auto``, which need no file.

    Args:
        asked (str): as :func:`class_weights` takes it.

    Raises:
        ValueError: there is no such file, or it holds something else.
    """
    if asked in ("none", "auto"):
        return None
    where, example = f"--class-weights {asked}", '{"label": weight, ...}'
    try:
        found = json.loads(Path(asked).expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{where}: there is no such file: give none, auto, or a JSON file with {example}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{where} cannot be read as JSON ({error}): write {example} into it.") from None
    if not isinstance(found, dict) or not found:
        raise ValueError(f"{where} holds no weights by label: write {example} into it.")
    for label, weight in found.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
            raise ValueError(f"{where}: the weight of {label!r} is {weight!r}: give a number above 0.")
    return found


def _for_labels(found: dict[str, float], where: str, names: Sequence[str]) -> list[float]:
    """The weights in the order of the labels, each of which has one."""
    missing, unknown = [n for n in names if n not in found], [n for n in found if n not in names]
    if missing or unknown:
        lacks = f"no weight for {_some(missing)}" if missing else ""
        more = f"a weight for {_some(unknown)}, which no example has" if unknown else ""
        raise ValueError(
            f"{where} has {' and '.join(filter(None, (lacks, more)))}: weight exactly the labels of the data, "
            f"{_some(names)}."
        )
    return [float(found[name]) for name in names]


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
