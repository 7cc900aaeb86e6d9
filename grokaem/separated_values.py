"""The rows of a CSV or TSV file as cells; a broken one does not take those after it with it.

What reads the tables of training and of prediction alike, so that one file is the same rows in both.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from grokaem.text_encoding import LINE_CHARACTERS, open_text, read_line

SEPARATORS = ("\t", ";", "|", ",")
REPLAYED = 256 << 20  # characters that are read a second time after quotation marks that never close
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SAID = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n?\Z", re.IGNORECASE)  # Excel's way to name the separator


class BrokenRow(str):
    """Why a row has no cells."""


class SeparatedValues:
    """How a file separates its cells, found in its first line.

    Args:
        path (Path): the file; its ending says which separator is the usual one.
        codec (str): from :func:`grokaem.text_encoding.find_encoding`.

    Attributes:
        separator (str): between two cells.
        width (int): about how many cells the header has.
        notes (list of str): announcements.

    Raises:
        ValueError: a line that no text has.
    """

    def __init__(self, path: Path, codec: str):
        self.path, self.codec, self.notes = path, codec, []
        self.quoting = csv.QUOTE_MINIMAL
        usual = "\t" if path.suffix.lower() == ".tsv" else ","
        with self.lines() as lines:
            header = next(lines, "")
            self.said = _SAID.match(header)
            if self.said:
                header = next(lines, "")
        bare = _QUOTED.sub("", header)  # what stands inside a quoted name separates nothing
        present = [mark for mark in (usual, *SEPARATORS) if mark in bare]
        self.separator = self.said[1] if self.said else (present[0] if present else usual)
        if self.said:
            self.notes.append(f"{path.name} says that it separates its columns with {self.separator!r}")
        elif self.separator != usual:
            self.notes.append(f"{path.name} separates its columns with {self.separator!r}, not {usual!r}")
        self.width = header.count(self.separator) + 1

    def settle_quoting(self, rows: int | None = None) -> None:
        """Looks whether a tab-separated file keeps the rules of quoting; many are written without any.

        Args:
            rows (int, optional): how many are looked at. (Default: all)
        """
        if self.separator != "\t":
            return
        with self.lines() as lines:
            if any(isinstance(cells, BrokenRow) for _, cells in islice(self.records(lines), rows)):
                self.quoting = csv.QUOTE_NONE
                self.notes.append(f"{self.path.name} does not quote its texts: quotation marks are read as they stand")

    def lines(self) -> Lines:
        """The file from its beginning, to be closed."""
        return Lines(open_text(self.path, self.codec), self.path)

    def records(self, lines: Lines, blanks: bool = False) -> Iterator[tuple[int, list[str] | BrokenRow]]:
        """Each row's number, the header's being 1, and its cells.

        Args:
            lines (Lines): from :meth:`lines`.
            blanks (bool, optional): keep those that a cell begins with, where they stand before no quotation mark.
                (Default: ``False``)
        """
        csv.field_size_limit(LINE_CHARACTERS)  # the default of 128 KiB is shorter than a long document
        # Strict: an unclosed quotation mark would take the rest of the file into one text.
        rules = {"delimiter": self.separator, "quoting": self.quoting, "strict": True}
        if self.said:
            next(lines, "")
        number = 0
        while True:
            # Blanks after a separator are no part of a cell, or a quotation mark after them would be none.
            reader = csv.reader(lines, skipinitialspace=True, **rules)
            try:
                while True:
                    lines.row.clear()
                    number += 1
                    cells = next(reader)
                    yield number, _with_blanks(cells, lines.row, rules) if blanks else cells
            except StopIteration:
                return
            except csv.Error as error:
                yield number, BrokenRow(
                    f"a quotation mark that does not close its text ({error}): double the quotation marks inside "
                    "quoted texts"
                )
                lines.again_after_the_first()


class Lines:
    """Lines of bounded length; those of the row being read can be given once more."""

    def __init__(self, file: TextIO, path: Path):
        self.file, self.path = file, path
        self.row: list[str] = []
        self.again: deque[str] = deque()
        self.replayed = 0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else read_line(self.file, self.path)
        if not line:
            raise StopIteration
        self.row.append(line)
        return line

    def again_after_the_first(self) -> None:
        """Gives the lines of a broken row anew, but for its first."""
        rest = self.row[1:]
        self.replayed += sum(map(len, rest))
        if self.replayed > REPLAYED:
            raise ValueError(
                f"{self.path.name} has quotation marks that do not close their texts, over and over: double the "
                "quotation marks inside quoted texts."
            )
        self.again.extendleft(reversed(rest))


def _with_blanks(cells: list[str], lines: list[str], rules: dict) -> list[str]:
    """The row's cells as they are without ``skipinitialspace``, if that changes nothing but blanks."""
    if not any(line.startswith(" ") or f"{rules['delimiter']} " in line for line in lines):
        return cells
    try:
        whole = next(csv.reader(lines, **rules))
    except (csv.Error, StopIteration):
        return cells
    same = len(whole) == len(cells) and all(a.lstrip(" ") == b for a, b in zip(whole, cells, strict=True))
    return whole if same else cells
