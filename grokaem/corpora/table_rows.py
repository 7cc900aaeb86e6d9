"""What every format of a table gives: its rows, each with its number, and the reasons of those that are broken."""

from __future__ import annotations

from collections.abc import Iterator


class BadRow(str):
    """Why a row cannot be used."""


# What a format gives: the row's number and its values of the columns asked for, why it has none, or None where it is
# blank as a whole: that is no row, but it is counted, or millions of them would be read without a limit.
Rows = Iterator[tuple[int, "list[object] | BadRow | None"]]


def check_column(source: str, columns: list[str], column: str) -> int:
    """The place of a column.

    Raises:
        ValueError: there are several of that name.
    """
    if columns.count(column) > 1:
        raise ValueError(f"{source} has two columns named {column!r}: rename one.")
    return columns.index(column)
