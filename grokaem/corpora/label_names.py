"""Labels that may be one class and are spelled in several ways: put together where that is sure, said where not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation

NONE = ("na", "n/a", "none", "null", "nil", "#n/a")  # what programs write where there is no value


def unify_labels(source: str, labels: list[str], notes: list[str]) -> None:
    """Takes labels that are one number (1, 1.0) for one class, and says which others look like one.

    Args:
        source (str): for messages.
        labels (list of str): changed in place.
        notes (list of str): what is said is added.
    """
    present = set(labels)
    same = {label: label.split(".")[0] for label in present if re.fullmatch(r"-?\d+\.0+", label)}
    same = {label: number for label, number in same.items() if number in present}
    if same:
        labels[:] = [same.get(label, label) for label in labels]
        equal = ", ".join(f"{label} is {number}" for label, number in sorted(same.items()))
        notes.append(f"labels of {source} that are one number are one class: {equal}")
    left = sorted(present - set(same))
    for several in _alike(left, _number):
        notes.append(
            f"classes of {source} that are one number in other writing are taken as {len(several)}: "
            f"{quote_labels(several)}; write them alike if they are one"
        )
    for several in _alike(left, _seen):
        notes.append(
            f"classes of {source} that differ by case or spaces alone, or by what cannot be seen, are taken as "
            f"{len(several)}: {quote_labels(several)}; spell them alike if they are one"
        )
    if none := [label for label in left if label.casefold() in NONE]:
        notes.append(
            f"{quote_labels(none)} of {source} {'is a class' if len(none) == 1 else 'are classes'}, as written; leave "
            "those labels empty if they mean that there is none"
        )


def note_infinity(source: str, rows: list[int], notes: list[str]) -> None:
    """Says which rows have a number as their label that is too large for any, such as 1e999."""
    if rows:
        notes.append(
            f"{len(rows)} labels of {source} are Infinity or a number too large to be told from it (first: row "
            f"{rows[0]}): they are one class; write them as texts if they are several"
        )


def look_alike(labels: Iterable[str]) -> bool:
    """Whether several labels are one to the eye: by case, spaces or unseen signs alone, or as one number."""
    distinct = set(labels)
    forms = [{form(label) for label in distinct} for form in (_seen, _number)]
    return len(distinct) > 1 and any(len(found) == 1 and None not in found for found in forms)


def _alike(labels: list[str], form: Callable[[str], object]) -> list[list[str]]:
    found: dict[object, list[str]] = {}
    for label in labels:
        if (key := form(label)) is not None:
            found.setdefault(key, []).append(label)
    return [several for several in found.values() if len(several) > 1]


def _number(label: str) -> Decimal | None:
    if len(label) > 40:
        return None
    try:
        number = Decimal(label)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _seen(label: str) -> str:
    """What one sees of a label, as far as letters go; that of a number is its own."""
    if _number(label) is not None:
        return f"the number {label}"
    shown = (letter for letter in unicodedata.normalize("NFKC", label).casefold() if not _is_unseen(letter))
    return " ".join("".join(shown).split())


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Cn") or "\ufe00" <= letter <= "\ufe0f"


def quote_labels(labels: list[str]) -> str:
    """The labels in quotes, one after the other, what cannot be told by sight spelled out."""
    return ", ".join(repr(label) if unicodedata.is_normalized("NFC", label) else ascii(label) for label in labels)
