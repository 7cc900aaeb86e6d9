"""Rows of a user's table or of a Hub data set become labelled texts; whatever is dropped is counted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class LabelledRows:
    """Usable examples, in order.

    Attributes:
        inputs (list): the texts (or sound files).
        labels (list of str): their classes.
        notes (list of str): what was dropped, and why.
    """

    inputs: list = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def labelled_texts(
    source: str, rows: Iterable[tuple[int, object, object]], label_column: str
) -> LabelledRows:
    """Cleans the rows of one source.

    Rows without text are dropped, and so are further copies of a text with the same label; a text that
    stands there with different labels is dropped altogether, since nothing says which one is right.

    Args:
        source (str): the file, for messages.
        rows (iterable of tuple): (row number, text, label).
        label_column (str): for messages.

    Returns:
        LabelledRows: texts with outer white space removed.

    Raises:
        ValueError: a text without a label, or a label that is no name.
    """
    empty, copies, first, conflicts = [], [], {}, {}
    for number, raw_text, raw_label in rows:
        text = as_text(raw_text)
        if text is None:
            empty.append(number)
            continue
        label = as_label(raw_label, f"row {number} of {source}", label_column)
        if text not in first:
            first[text] = (number, label)
        elif first[text][1] == label:
            copies.append(number)
        else:
            conflicts.setdefault(text, []).append(number)
    kept = {text: label for text, (_, label) in first.items() if text not in conflicts}
    notes = []
    if empty:
        notes.append(f"dropped {counted(len(empty), 'empty row')} of {source} (first: row {empty[0]})")
    if copies:
        notes.append(f"dropped {counted(len(copies), 'repeated row')} of {source} (first: row {copies[0]})")
    if conflicts:
        text, numbers = next(iter(conflicts.items()))
        notes.append(
            f"dropped {counted(len(conflicts), 'text')} of {source} that came with different labels (first: rows "
            f"{first[text][0]} and {numbers[0]}); keep one label for each to use them"
        )
    return LabelledRows(list(kept), list(kept.values()), notes)


def as_text(value: object) -> str | None:
    """The text of a cell; None where it is empty or missing."""
    if _is_missing(value):
        return None
    return str(value).strip() or None


def as_label(value: object, where: str, column: str) -> str:
    """The class a cell names.

    Raises:
        ValueError: the cell is empty, NaN, or holds a list or an object.
    """
    if _is_missing(value) or str(value).strip().lower() in ("", "nan"):
        raise ValueError(
            f"{where} has a text but no label in column {column!r}: fill it in or delete the row"
        )
    if isinstance(value, (list, dict, bytes)):
        raise ValueError(
            f"{where} has a {type(value).__name__} as its label in column {column!r}: write one class name a row"
        )
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers with a hole in it is stored as 1.0, 2.0, ...
    return str(value).strip()


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """The distinct classes in order; numbers by their value."""
    distinct = set(labels)
    if all(label.lstrip("-").isdecimal() for label in distinct):
        return sorted(distinct, key=lambda label: (int(label), label))
    return sorted(distinct)


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
