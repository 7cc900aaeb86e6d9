"""The visitor's own file of documents: its columns, which of them holds the texts, and its first rows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import NamedTuple

from demos.wording import say
from grokaem.corpora.limits import PAGE
from grokaem.regular_file import check_file

FILE_TYPES = (".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet")
ROWS = 4  # of the preview
COLUMNS = 6
CELL = 80  # characters


class Preview(NamedTuple):
    """What a file holds.

    Attributes:
        columns (list of str): of a table, in its order; none of a text file.
        text_column (str or None): the one that looks like the texts; None where that cannot be told.
        rows (list of list of str): the first rows of the first columns, shortened, the column of the texts first.
        shown (list of str): the columns of ``rows``.
    """

    columns: list[str]
    text_column: str | None
    rows: list[list[str]]
    shown: list[str]


def check_type(file: str | None) -> Path:
    """The file's path.

    Raises:
        ValueError: no file, or none of ``FILE_TYPES``.
    """
    if not file:
        raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")
    path = Path(file)
    if path.suffix.lower() not in FILE_TYPES:
        raise ValueError(f"{path.name} is not a file of documents; give one of {', '.join(FILE_TYPES)}.")
    return path


def look_into(file: str | None, text_column: str | None = None) -> Preview:
    """Reads a file's header and first rows.

    Args:
        file (str or None): path of an uploaded file.
        text_column (str, optional): as the visitor says. (Default: recognised)

    Raises:
        ValueError: no file of documents, or one that cannot be read; with the remedy.
    """
    from grokaem.corpora.columns import choose_text_column
    from grokaem.corpora.tables import read_table

    path = check_type(file)
    if path.suffix.lower() == ".txt":
        return Preview([], None, [[line] for line in _first_lines(path)], [say("One document a line")])
    table = read_table(path, PAGE)
    columns = list(dict.fromkeys(table.columns))
    if text_column not in columns:
        try:
            text_column, _ = choose_text_column(path.name, columns, None)
        except ValueError:  # its remedy is a command's; here the visitor chooses among the columns
            text_column = None
    shown = [name for name in columns if name == text_column] + [name for name in columns if name != text_column]
    shown = [name for name in shown if table.columns.count(name) == 1 and name not in table.nested][:COLUMNS]
    rows = [[_cell(value) for value in values] for _, values in islice(table.rows(*shown), ROWS)] if shown else []
    return Preview(columns, text_column, rows, shown)


def text_column_of(file: str, chosen: str | None) -> str | None:
    """The column of the texts, in a table that has several; None for a file of lines.

    Raises:
        ValueError: it cannot be told, or there is no column of that name.
    """
    preview = look_into(file, chosen)
    if not preview.columns:
        return None
    if chosen and chosen not in preview.columns:
        raise ValueError(f"{Path(file).name} has no column {chosen!r:.60}; choose one of {_listed(preview.columns)}.")
    if preview.text_column is None:
        raise ValueError(
            f"Which column of {Path(file).name} holds the texts cannot be told; choose it under Column of the texts."
        )
    return preview.text_column


def _first_lines(path: Path) -> list[str]:
    from grokaem.text_encoding import find_encoding, open_text, read_line

    check_file(path)
    codec, _ = find_encoding(path)
    lines: list[str] = []
    with open_text(path, codec) as file:
        while len(lines) < ROWS and (line := read_line(file, path)):
            if line.strip():
                lines.append(_cell(line))
    return lines


def _cell(value: object) -> str:
    text = " ".join(str("" if value is None else value)[: 4 * CELL].split())
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _listed(columns: list[str]) -> str:
    return ", ".join(name[:40] for name in columns[:12]) + (", …" if len(columns) > 12 else "")
