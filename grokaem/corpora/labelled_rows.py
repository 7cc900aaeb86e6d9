"""Rows of a user's table or of a Hub data set become labelled texts; whatever is dropped is counted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from grokaem.corpora.label_names import note_infinity, unify_labels
from grokaem.corpora.lost_classes import likely_cause, lost_classes
from grokaem.plain_text import is_blank

# How people write the parts of a data set.
PART_SPELLINGS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "development": "validation", "eval": "validation", "evaluation": "validation",
    "test": "test", "testing": "test", "tst": "test", "holdout": "test", "hold-out": "test", "hold_out": "test",
    "heldout": "test", "held-out": "test", "held_out": "test",
}  # fmt: skip
NO_PART = object()  # of a row whose source says nothing about parts; an empty cell is another thing


@dataclass
class LabelledRows:
    """Usable examples, in order; ``inputs``, ``labels`` and ``names`` have the same length.

    Attributes:
        inputs (list): the texts (or sound files).
        labels (list of str): their classes.
        names (list of str): what the user calls each, such as ``"row 7"``.
        parts (list of str, optional): the part of each, where the source says.
        notes (list of str): what was dropped, and why.
        set_aside (list of tuple): (row or file, why it cannot be used).
        lost (list of tuple): (class, why no example of it is left).
        given (Counter): label -> examples before anything was dropped; empty where that was not counted.
    """

    inputs: list = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    parts: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    given: Counter[str] = field(default_factory=Counter)

    def keep(self, kept: Iterable[int]) -> None:
        """Leaves only the examples of these indices."""
        kept = list(kept)
        for name in ("inputs", "labels", "names", "parts"):
            column = getattr(self, name)
            if column is not None:
                setattr(self, name, [column[index] for index in kept])


class Distinct:
    """One example a content and part: further copies are dropped, and all of them where their labels differ.

    Nothing says which of two labels is right, so the first is no better than the others.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[object, object], tuple[int, str]] = {}
        self._copies: list[int] = []
        self._conflicts: dict[tuple[object, object], list[tuple[int, str]]] = {}

    def add(self, part: object, content: object, number: int, label: str) -> None:
        """Takes the example of a row."""
        key = (part, content)
        if key not in self._first:
            self._first[key] = (number, label)
        elif self._first[key][1] == label:
            self._copies.append(number)
        else:
            self._conflicts.setdefault(key, []).append((number, label))

    def __len__(self) -> int:
        return len(self._first)

    def kept(self) -> list[tuple[Any, Any, int, str]]:
        """Part, content, row number and label of what is left, in the order of the rows."""
        return [(*key, *found) for key, found in self._first.items() if key not in self._conflicts]

    def together(self) -> list[list[str]]:
        """Of each content that is dropped for its labels, all of these."""
        return [[self._first[key][1], *(label for _, label in rest)] for key, rest in self._conflicts.items()]

    def notes(self, source: str, kind: str) -> list[str]:
        """What was dropped.

        Args:
            source (str): the file or data set.
            kind (str): of the contents, such as ``"text"``.
        """
        notes = []
        if self._copies:
            first = self._copies[0]
            notes.append(f"dropped {count_noun(len(self._copies), 'repeated row')} of {source} (first: row {first})")
        if self._conflicts:
            key, rest = next(iter(self._conflicts.items()))
            notes.append(
                f"dropped {count_noun(len(self._conflicts), kind)} of {source} that came with different labels (first: "
                f"rows {self._first[key][0]} and {rest[0][0]}); keep one label for each to use them"
                f"{likely_cause(self.together())}"
            )
        return notes


def labelled_texts(
    source: str,
    rows: Iterable[tuple[int, object, object, object]],
    label_column: str,
    text_column: str = "text",
    part_of: Callable[..., str] | None = None,
) -> LabelledRows:
    """Cleans the rows of one source.

    Rows without text are dropped, and so are further copies of a text with the same label in the same part; a text
    that stands there with different labels is dropped altogether, since nothing says which one is right. A row
    whose text, label or part is none is set aside by its number.

    Args:
        source (str): the file, for messages.
        rows (iterable of tuple): (row number, text, label, part); :data:`NO_PART` where the source has no parts.
        label_column (str): for messages.
        text_column (str, optional): for messages. (Default: ``"text"``)
        part_of (callable, optional): from what stands there to the part. (Default: :func:`as_part`)

    Returns:
        LabelledRows: texts with outer white space removed.

    Raises:
        ValueError: most rows cannot be used; the first is named.
    """
    empty, aside, infinite, distinct = [], [], [], Distinct()
    labels: dict[str, str] = {}  # one object a class
    given: Counter[str] = Counter()
    without_text: Counter[str] = Counter()
    for number, raw_text, raw_label, raw_part in rows:
        try:
            text = as_text(raw_text, text_column)
            if text is None:
                empty.append(number)
                without_text.update(_label_if_any(raw_label, label_column))
                continue
            label = as_label(raw_label, label_column)
            if isinstance(raw_label, float) and math.isinf(raw_label):
                infinite.append(number)
            part = None if raw_part is NO_PART else (part_of or as_part)(raw_part)
        except ValueError as error:
            aside.append((f"row {number}", str(error)))
            continue
        label = labels.setdefault(label, label)
        given[label] += 1
        distinct.add(part, text, number, label)
    kept = distinct.kept()
    check_most(source, aside, len(distinct))
    notes = [f"dropped {count_noun(len(empty), 'empty row')} of {source} (first: row {empty[0]})"] if empty else []
    result = LabelledRows(
        [text for _, text, _, _ in kept],
        [label for *_, label in kept],
        [f"row {number}" for _, _, number, _ in kept],
        [part for part, *_ in kept] if any(part for part, *_ in kept) else None,
        notes + distinct.notes(source, "text"),
        aside,
        given=given,
    )
    result.lost = lost_classes(result.labels, distinct.together(), without_text)
    unify_labels(source, result.labels, result.notes)
    note_infinity(source, infinite, result.notes)
    return result


def _label_if_any(value: object, column: str) -> list[str]:
    try:
        return [as_label(value, column)]
    except ValueError:
        return []


def check_most(source: str, aside: list[tuple[str, str]], usable: int) -> None:
    """Raises ValueError when more was set aside than is left: then the file is not what it was taken for."""
    if aside and len(aside) > usable:
        name, reason = aside[0]
        raise ValueError(
            f"{count_noun(len(aside), 'item')} of {source} cannot be used and {usable} can; {name}: {reason}."
        )


def as_text(value: object, column: str = "text") -> str | None:
    """The text of a cell; None where it is missing, or nothing of it can be seen.

    Raises:
        ValueError: the cell holds a list, an object or bytes.
    """
    if _is_missing(value):
        return None
    if isinstance(value, (list, dict, bytes, tuple)):
        raise ValueError(
            f"a {type(value).__name__} in column {column!r}, not a text: write the text itself into one string"
        )
    text = str(value).strip()
    return None if is_blank(text) else text


def as_label(value: object, column: str) -> str:
    """The class a cell names.

    Raises:
        ValueError: the cell is empty, NaN, or holds a list or an object.
    """
    if _is_missing(value) or str(value).strip().lower() in ("", "nan"):
        raise ValueError(f"a text but no label in column {column!r}: fill it in or delete the row")
    if isinstance(value, (list, dict, bytes, tuple)):
        raise ValueError(f"a {type(value).__name__} as its label in column {column!r}: write one class name a row")
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers with a hole in it is stored as 1.0, 2.0, ...
    label = str(value).strip()
    # Half a surrogate pair, which JSON can write, fits into no file: it is spelled out.
    return label if label.isascii() else label.encode("utf-8", "backslashreplace").decode()


def as_part(value: object) -> str:
    """The part a cell names: train, validation or test, however it is written.

    Raises:
        ValueError: it names none.
    """
    written = "" if _is_missing(value) else str(value).strip().lower()
    if written not in PART_SPELLINGS:
        raise ValueError(f"the part {written[:40]!r}, which is none of {', '.join(PART_SPELLINGS)}: correct it")
    return PART_SPELLINGS[written]


def sorted_labels(labels: Iterable[str]) -> list[str]:
    """The distinct classes in order; numbers by their value."""
    distinct = set(labels)
    if all(re.fullmatch(r"-?[0-9]{1,300}", label) for label in distinct):
        return sorted(distinct, key=lambda label: (int(label), label))
    return sorted(distinct)


def count_noun(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
