"""Texts of a file of any length, one row at a time: CSV, TSV, JSON lines, Parquet, plain lines.

Unlike :mod:`corpora`, which has a whole data set in memory to split it, nothing here grows with the file. A row that
breaks the file's format is given as a :class:`BadRow`; those after it are read.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt")
CELL_CHARACTERS = 16 << 20  # a longer cell is a quotation mark that never closes, not a text
PARQUET_ROWS = 1024
ROW_COST = 64  # characters that a row takes however short its text is
PARQUET_BASE = 64 << 20  # characters that Parquet of any size may hold, and beyond that a byte of it:
PARQUET_EXPANSION = 100  # compressed text has 3 to 20
_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_SAID = re.compile(r"\"?sep=(.)\"?\r?\n?\Z", re.IGNORECASE)  # Excel's way to name it, before the header
UNDECODED = re.compile("[\udc80-\udcff]")  # a byte that is not UTF-8, as "surrogateescape" keeps it


class BadRow(str):
    """Why a row cannot be used, as the end of a sentence."""


Text = str | BadRow | None

class Rows:
    """A file's rows, read when they are iterated.

    Args:
        path (Path): a file with one of :data:`SUFFIXES`.

    Attributes:
        columns (list of str or None): the table's columns; None for plain lines. Of JSON lines, those of the
            first object.
        total (int): what :attr:`position` reaches: bytes, or rows of Parquet.
        position (int): how far the reading is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty or no such table, or Parquet is asked for where pyarrow is missing.
    """

    def __init__(self, path: Path):
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}: check the name")
        self.path, self.position = path, 0
        self.suffix = path.suffix.lower()
        if self.suffix not in SUFFIXES:
            raise ValueError(f"{path} cannot be read row by row: save it as {', '.join(SUFFIXES)}")
        if not (size := path.stat().st_size):
            raise ValueError(f"{path} is empty: choose a file with at least one row")
        self.columns: list[str] | None = None
        if self.suffix == ".parquet":
            file = self._parquet()
            self.columns, self.total = file.schema_arrow.names, file.metadata.num_rows
            file.close()
            self.most = PARQUET_BASE + PARQUET_EXPANSION * size
            if self.total * ROW_COST > self.most:
                raise ValueError(
                    f"{self.path} promises {self.total:,} rows in {size:,} bytes, more than text compresses to: split "
                    "it, or save it as .csv"
                )
            return
        self.total = size
        if self.suffix != ".txt":
            with self._open() as file:
                found = self._header(file)
            self.columns = found

    def read(self, column: str | None = None) -> Iterator[tuple[int, Text]]:
        """Each row's number and text, None where its cell is empty; rows that are blank as a whole are left out.

        The number is the one the user sees: a spreadsheet's for CSV and TSV (the header is row 1), the line's
        for JSON lines and plain lines, from 1 for Parquet.

        Args:
            column (str, optional): the column of the texts; not needed for plain lines.

        Raises:
            ValueError: the file breaks its byte order mark's promise.
        """
        self.position = 0
        if self.suffix == ".parquet":
            yield from self._parquet_rows(column)
            return
        number = 0
        with self._open() as file:
            pairs = self._separated(file, column) if self.suffix in (".csv", ".tsv") else self._lines(file)
            try:
                for number, value in pairs:
                    self.position = file.buffer.tell()
                    if self.suffix in (".jsonl", ".ndjson") and not isinstance(value, BadRow):
                        value = _json_object(value)
                        value = value.get(column) if isinstance(value, dict) else value
                    elif isinstance(value, str) and not value.isascii() and UNDECODED.search(value):
                        value = BadRow("it has bytes that are not UTF-8; save the file anew as UTF-8")
                    yield number, as_text(value)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{self.path} is not {error.encoding} somewhere after row {number}: save it anew as UTF-8"
                ) from None
        self.position = self.total

    def _open(self) -> TextIO:
        with self.path.open("rb") as file:
            start = file.read(4096)
        codec = next((codec for mark, codec in _MARKS if start.startswith(mark)), "utf-8")
        utf8 = codec.startswith("utf-8")
        if utf8 and b"\0" in start:
            raise ValueError(f"{self.path} is not a text file, or UTF-16 without a mark: save it as UTF-8")
        # Lines end at \n alone: other line breaks may stand inside a cell or a JSON string.
        newline = "" if self.suffix in (".csv", ".tsv") else "\n"
        return self.path.open(encoding=codec, errors="surrogateescape" if utf8 else "strict", newline=newline)

    def _header(self, file: TextIO) -> list[str]:
        try:
            if self.suffix in (".csv", ".tsv"):
                columns = next(self._records(file))[1]
            else:
                objects = (line if isinstance(line, BadRow) else _json_object(line) for _, line in self._lines(file))
                first = next(objects)
                columns = next((list(found) for found in (first, *objects) if isinstance(found, dict)), first)
        except StopIteration:
            raise ValueError(f"{self.path} is empty: choose a file with at least one row") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.path} is not {error.encoding}: save it anew as UTF-8") from None
        if isinstance(columns, BadRow):
            raise ValueError(f"row 1 of {self.path} names no columns: {columns}")
        if any(UNDECODED.search(name) for name in columns):
            raise ValueError(f"{self.path} is not utf-8: save it anew as UTF-8")
        columns = [name.strip() for name in columns] if self.suffix in (".csv", ".tsv") else columns
        twice = [name for name, count in Counter(columns).items() if count > 1]
        if twice:
            raise ValueError(f"{self.path} has two columns named {min(twice)!r}: rename one")
        return columns

    def _records(self, file: TextIO) -> Iterator[tuple[int, list[str] | BadRow]]:
        """Each row of cells and its number, the header's being 1."""
        csv.field_size_limit(CELL_CHARACTERS)
        lines = _Lines(file)
        first = next(lines, "")
        usual = "\t" if self.suffix == ".tsv" else ","
        if said := _SEPARATOR_SAID.match(first):
            separator = said[1]
        else:
            separator = usual if usual in first else next((mark for mark in "\t;|" if mark in first), usual)
            lines.again.append(first)
        quoting = csv.QUOTE_NONE if separator == "\t" and not self._quoted() else csv.QUOTE_MINIMAL
        # Strict: an unclosed quotation mark would swallow the rest of the file into one text.
        reader = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
        number = 0
        while True:
            lines.row.clear()
            number += 1
            try:
                yield number, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, BadRow(
                    f"a quotation mark does not close its text ({error}); double those inside quoted texts"
                )
                lines.again.extendleft(reversed(lines.row[1:]))

    def _quoted(self) -> bool:
        """Whether a tab-separated file keeps the rules of quoting; many are written without any."""
        with self._open() as file:
            try:
                for _ in csv.reader(file, delimiter="\t", strict=True):
                    pass
            except csv.Error:
                return False
        return True

    def _separated(self, file: TextIO, column: str | None) -> Iterator[tuple[int, Any]]:
        place, width = (self.columns or []).index(column), len(self.columns or [])
        for number, cells in self._records(file):
            if number == 1 or not cells:
                continue
            if isinstance(cells, BadRow):
                yield number, cells
            elif any(cell.strip() for cell in cells[width:]):
                yield number, BadRow(
                    f"it has {len(cells)} cells and the header {width}; put the text in quotation marks"
                )
            else:
                yield number, cells[place] if place < len(cells) else None

    def _lines(self, file: TextIO) -> Iterator[tuple[int, str]]:
        return ((number, line.rstrip("\r\n")) for number, line in enumerate(file, start=1) if line.strip())

    def _parquet(self, column: str | None = None) -> Any:
        try:
            import pyarrow
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise ValueError(
                f"reading {self.path} needs pyarrow: pip install pyarrow, or save it as .csv or .jsonl"
            ) from None
        try:
            # Read through a small buffer: a row group, which may be all of the file, never is in memory.
            # A text that stands in many rows is unpacked once: a file of kilobytes can repeat one of megabytes.
            repeated = [column] if column else None
            return ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False, read_dictionary=repeated)
        except (pyarrow.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self.path} is not a readable Parquet file ({reason}): write it anew"
            ) from None

    def _parquet_rows(self, column: str | None) -> Iterator[tuple[int, str | None]]:
        most, characters = self.most, 0
        with self._parquet(column) as file:
            for batch in file.iter_batches(PARQUET_ROWS, columns=[column], use_threads=False):
                cells = batch.column(0)
                different = cells.dictionary.to_pylist() if hasattr(cells, "dictionary") else None
                for value in (cells if different is None else cells.indices).to_pylist():
                    self.position += 1
                    value = value if different is None or value is None else different[value]
                    characters += len(value) if isinstance(value, str) else 0
                    if characters > most:
                        raise ValueError(
                            f"{self.path} unpacks to more than {most:,} characters, the limit for a file of its "
                            f"size, at row {self.position}: split it, or save it as .csv"
                        )
                    yield self.position, as_text(value)


class _Lines:
    """A file's lines; those of the row at hand can be given once more."""

    def __init__(self, file: TextIO):
        self.file = file
        self.row: list[str] = []
        self.again: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self.file.readline()
        if not line:
            raise StopIteration
        self.row.append(line)
        return line


def as_text(value: Any) -> Text:
    """A cell's text; None where it is empty, missing or NaN, and a :class:`BadRow` where it holds something else."""
    if isinstance(value, BadRow):
        return value
    if value is None or value != value:  # NaN differs from itself
        return None
    if isinstance(value, (list, dict, bytes)):
        return BadRow(f"it holds {type(value).__name__} and not a text; write the text itself")
    return str(value) or None


def _json_object(line: str) -> dict[str, Any] | BadRow:
    if UNDECODED.search(line):
        return BadRow("it has bytes that are not UTF-8; save the file anew as UTF-8")
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        return BadRow(f"it is not JSON ({error.msg}); write one object a line")
    except (RecursionError, ValueError):
        return BadRow("its JSON is nested too deeply, or has a number too long; write the text itself")
    return found if isinstance(found, dict) else BadRow('it is not an object; write {"text": ...}')
