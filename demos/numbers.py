"""Numbers that a program gives: as numbers, or as words, as many clients of models do."""

from __future__ import annotations


def whole(value: object) -> int:
    """A whole number, given as a number or as words.

    Raises:
        ValueError: it is none.
    """
    found = number(value)
    if found != int(found):
        raise ValueError(f"{value} is no whole number; give one such as 32.")
    return int(found)


def number(value: object) -> float:
    """A number, given as one or as words.

    Raises:
        ValueError: it is none.
    """
    try:
        found = float(str(value).strip().replace(",", "."))
    except ValueError:
        found = float("nan")
    if not abs(found) < 1e12:  # nor NaN
        raise ValueError(f"{str(value)[:40]!r} is no number; give one such as 32.")
    return found
