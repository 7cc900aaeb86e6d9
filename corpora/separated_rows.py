"""The rows of a CSV or TSV file; a broken one does not take those after it with it."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from corpora.encodings import broken_mark, find_encoding, is_undecoded, open_text
from corpora.limits import LINE_CHARACTERS, Meter
from corpora.tables import BadRow, Rows, check_column

SEPARATORS = ("\t", ";", "|", ",")
_SAID = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n?\Z", re.IGNORECASE)  # Excel's way to name the separator
REPLAYED = 256 << 20  # characters that are read a second time after quotation marks that never close


class SeparatedRows:
    """A CSV or TSV file.

    Args:
        path (Path): the file.
        meter (Meter): its limits.

    Attributes:
        columns (list of str): names of the header, without outer white space.
        notes (list of str): announcements.

    Raises:
        ValueError: no text, no header, or too many columns.
    """

    def __init__(self, path: Path, meter: Meter):
        self.path, self.rows = path, meter.limits.rows
        self.codec, self.notes = find_encoding(path)
        usual = "\t" if path.suffix.lower() == ".tsv" else ","
        with self._lines() as lines:
            header = next(lines, "")
            self.said = _SAID.match(header)
            if self.said:
                header = next(lines, "")
        present = [mark for mark in (usual, *SEPARATORS) if mark in header]
        self.separator = self.said[1] if self.said else (present[0] if present else usual)
        if self.said:
            self.notes.append(f"{path.name} says that it separates its columns with {self.separator!r}")
        elif self.separator != usual:
            self.notes.append(f"{path.name} separates its columns with {self.separator!r}, not {usual!r}")
        meter.check_columns(header.count(self.separator) + 1)
        self.quoting = csv.QUOTE_MINIMAL
        if self.separator == "\t" and not self._quotes():
            self.quoting = csv.QUOTE_NONE
            self.notes.append(f"{path.name} does not quote its texts: quotation marks are read as they stand")
        with self._lines() as lines:
            number, cells = next(self._records(lines), (1, []))
        if isinstance(cells, BadRow):
            raise ValueError(f"row 1 of {path.name} names no columns: {cells}")
        if not any(name.strip() for name in cells):
            raise ValueError(f"{path.name} is empty: choose a file with at least some rows")
        self.columns = [name.strip().strip("\ufeff") for name in cells]

    def read(self, wanted: list[str]) -> Rows:
        """The rows after the header, the cells of the columns that are wanted."""
        places = [check_column(self.path.name, self.columns, column) for column in wanted]
        width = len(self.columns)
        with self._lines() as lines:
            for number, cells in self._records(lines):
                if number == 1:
                    continue
                if cells == []:
                    yield number, None
                elif isinstance(cells, BadRow):
                    yield number, cells
                elif any(cell.strip() for cell in cells[width:]):
                    yield number, BadRow(
                        f"{len(cells)} cells where the header has {width}: put the text in quotation marks"
                    )
                elif any(is_undecoded(cell) for cell in cells):
                    yield number, BadRow(f"bytes that are not {self.codec.upper()}: save the file anew as UTF-8")
                elif any("\0" in cell for cell in cells):
                    yield number, BadRow("a NUL character, which no text has: remove it")
                elif (short := [place for place in places if place >= len(cells)]):
                    yield number, BadRow(
                        f"no cell for column {self.columns[short[0]]!r} ({len(cells)} cells where the header has "
                        f"{width}): fill it in or delete the row"
                    )
                else:
                    yield number, [cells[place] for place in places]

    def _records(self, lines: _Lines) -> Iterator[tuple[int, list[str] | BadRow]]:
        csv.field_size_limit(LINE_CHARACTERS)  # the default of 128 KiB is shorter than a long document
        if self.said:
            next(lines, "")
        number = 0
        while True:
            # Strict: an unclosed quotation mark would swallow the rest of the file into one text.
            # Blanks after a separator are no part of a cell, or a quotation mark after them would be none.
            reader = csv.reader(
                lines, delimiter=self.separator, quoting=self.quoting, skipinitialspace=True, strict=True
            )
            try:
                while True:
                    lines.row.clear()
                    number += 1
                    yield number, next(reader)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise ValueError(broken_mark(self.path, error)) from None
            except csv.Error as error:
                yield number, BadRow(
                    f"a quotation mark that does not close its text ({error}): double the quotation marks inside "
                    "quoted texts"
                )
                lines.again_after_the_first()

    def _quotes(self) -> bool:
        """Whether a tab-separated file keeps the rules of quoting; many are written without any."""
        self.quoting = csv.QUOTE_MINIMAL
        with self._lines() as lines:
            records = itertools.islice(self._records(lines), self.rows)
            return not any(isinstance(cells, BadRow) for _, cells in records)

    def _lines(self) -> _Lines:
        return _Lines(open_text(self.path, self.codec), self.path.name)


class _Lines:
    """Lines of bounded length; those of the row being read can be given once more."""

    def __init__(self, file: TextIO, source: str):
        self.file, self.source = file, source
        self.row: list[str] = []
        self.again: deque[str] = deque()
        self.replayed = 0

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = self.again.popleft() if self.again else self.file.readline(LINE_CHARACTERS + 1)
        except UnicodeDecodeError as error:
            raise ValueError(broken_mark(Path(self.source), error)) from None
        if not line:
            raise StopIteration
        if len(line) > LINE_CHARACTERS:
            raise ValueError(
                f"{self.source} has a line of more than {LINE_CHARACTERS:,} characters, which no text is: write one "
                "row a line"
            )
        self.row.append(line)
        return line

    def again_after_the_first(self) -> None:
        """Gives the lines of a broken row anew, but for its first."""
        rest = self.row[1:]
        self.replayed += sum(map(len, rest))
        if self.replayed > REPLAYED:
            raise ValueError(
                f"{self.source} has quotation marks that do not close their texts, over and over: double the "
                "quotation marks inside quoted texts"
            )
        self.again.extendleft(reversed(rest))
