"""Texts of a file of any length, one row at a time: CSV, TSV, JSON lines, Parquet, plain lines.

Unlike :mod:`grokaem.corpora`, which has a whole data set in memory to split it, nothing here grows with the file.
A row that breaks the file's format is given as a :class:`BadRow`; those after it are read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.json_array import array_rows, begins_array
from grokaem.json_records import cells_of, columns_of, whole_file
from grokaem.regular_file import check_file
from grokaem.separated_values import BrokenRow, SeparatedValues
from grokaem.text_encoding import broken_mark, find_encoding, is_undecoded, open_text, read_line

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".txt")
SEPARATED = (".csv", ".tsv")
PARQUET_ROWS = 1024
ROW_COST = 64  # characters that a row takes however short its text is
PARQUET_BASE = 64 << 20  # characters that Parquet of any size may hold, and beyond that a byte of it:
PARQUET_EXPANSION = 100  # compressed text has 3 to 20


class BadRow(str):
    """Why a row cannot be used, as the end of a sentence."""


Text = str | BadRow | None


class Rows:
    """A file's rows, read when they are iterated.

    Args:
        path (Path): a file with one of :data:`SUFFIXES`.

    Attributes:
        columns (list of str or None): the table's columns; None for plain lines. Of JSON, those of the first objects.
        notes (list of str): announcements.
        total (int): what :attr:`position` reaches: bytes, or rows of Parquet.
        position (int): how far the reading is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty or no such table, or Parquet is asked for where pyarrow is missing.
    """

    def __init__(self, path: Path):
        check_file(path)
        self.path, self.position = path, 0
        self.suffix = path.suffix.lower()
        if self.suffix not in SUFFIXES:
            raise ValueError(f"{path} cannot be read row by row: save it as {', '.join(SUFFIXES)}.")
        if not (size := path.stat().st_size):
            raise ValueError(f"{path} is empty: choose a file with at least one row.")
        self.columns: list[str] | None = None
        self.notes: list[str] = []
        if self.suffix == ".parquet":
            file = self._parquet()
            self.columns, self.total = file.schema_arrow.names, file.metadata.num_rows
            file.close()
            self.most = PARQUET_BASE + PARQUET_EXPANSION * size
            if self.total * ROW_COST > self.most:
                raise ValueError(
                    f"{self.path} promises {self.total:,} rows in {size:,} bytes, more than text compresses to: split "
                    "it, or save it as .csv."
                )
            return
        self.total = size
        self.codec, self.notes = find_encoding(path)
        start = "" if self.suffix in (*SEPARATED, ".txt") else self._start()
        self.is_array, self.whole = begins_array(start), whole_file(path, self.codec, start)
        if self.whole is not None:
            self.notes.append(f"{path.name} is one object: read as a table of {len(self.whole)} rows")
        if self.suffix in SEPARATED:
            self.columns = self._header()
        elif self.suffix != ".txt":
            self.columns = self._keys()

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
        if self.suffix in SEPARATED:
            pairs = self._separated(column)
        elif self.suffix == ".txt":
            pairs = self._lines()
        else:
            pairs = ((number, self._cell(found, column)) for number, found in self._objects())
        for number, value in pairs:
            yield number, as_text(value)
        self.position = self.total

    def _start(self) -> str:
        try:
            with open_text(self.path, self.codec) as file:
                return file.read(4096)
        except UnicodeDecodeError as error:
            raise ValueError(broken_mark(self.path, error)) from None

    def _keys(self) -> list[str]:
        """The keys of the first objects."""
        first = next(self._objects(), None)
        columns, several = columns_of(found for _, found in self._objects() if isinstance(found, dict))
        self.notes += [f"keys {said} of {self.path.name}: they differ by case or spaces alone" for said in several]
        if first is None:
            raise ValueError(f"{self.path} is empty: choose a file with at least one row.")
        if not columns:
            reason = first[1] if isinstance(first[1], BadRow) else 'an object without a column; write {"text": ...}'
            raise ValueError(f"row {first[0]} of {self.path} names no columns: {reason}.")
        return columns

    def _cell(self, found: dict[str, object] | BadRow, column: str | None) -> object:
        if isinstance(found, BadRow):
            return found
        cells = cells_of(found, [column or ""], self.columns or [])
        return BadRow(f"it has {cells}") if isinstance(cells, str) else cells[0]

    def _header(self) -> list[str]:
        self.values = SeparatedValues(self.path, self.codec)
        self.values.settle_quoting()
        self.notes += self.values.notes
        with self.values.lines() as lines:
            cells = next(self.values.records(lines), (1, []))[1]
        if isinstance(cells, BrokenRow):
            raise ValueError(f"row 1 of {self.path} names no columns: {cells}.")
        columns = [name.strip().strip("\ufeff") for name in cells]
        if not any(columns):
            raise ValueError(f"{self.path} names no columns in its first row: write them there.")
        if any(is_undecoded(name) for name in columns):
            raise ValueError(f"{self.path} is not {self.codec}: save it anew as UTF-8.")
        twice = [name for name, count in Counter(columns).items() if count > 1]
        if twice:
            raise ValueError(f"{self.path} has two columns named {min(twice)!r}: rename one.")
        return columns

    def _separated(self, column: str | None) -> Iterator[tuple[int, str]]:
        columns = self.columns or []
        place, width = columns.index(column), len(columns)  # pyright: ignore[reportArgumentType]  # a table is asked for one
        with self.values.lines() as lines:
            for number, cells in self.values.records(lines, blanks=True):
                self.position = lines.file.buffer.tell()
                if number == 1 or not cells:
                    continue
                if isinstance(cells, BrokenRow):
                    yield number, BadRow(cells)
                elif any(cell.strip() for cell in cells[width:]):
                    yield number, BadRow(
                        f"it has {len(cells)} cells and the header {width}; put the text in quotation marks"
                    )
                elif place >= len(cells):
                    yield number, BadRow(f"it has {len(cells)} cells and the header {width}; fill in the text")
                else:
                    yield number, _checked(cells[place], self.codec)

    def _lines(self) -> Iterator[tuple[int, str]]:
        number = 0
        with open_text(self.path, self.codec) as file:
            while line := read_line(file, self.path):
                number += 1
                self.position = file.buffer.tell()
                if line.strip():
                    yield number, _checked(line.rstrip("\r\n"), self.codec)

    def _objects(self) -> Iterator[tuple[int, dict[str, object] | BadRow]]:
        if self.whole is not None:
            yield from ((number, _object(found)) for number, found in enumerate(self.whole, start=1))
            return
        if self.is_array:
            yield from ((number, _object(found)) for number, found in array_rows(self.path, self.codec))
            return
        for number, line in self._lines():
            yield number, line if isinstance(line, BadRow) else _json_object(line)

    def _parquet(self, column: str | None = None) -> ParquetFile:
        try:
            import pyarrow
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise ValueError(
                f"reading {self.path} needs pyarrow: run `pip install pyarrow`, or save it as .csv or .jsonl."
            ) from None
        try:
            # Read through a small buffer: a row group, which may be all of the file, never is in memory.
            # A text that stands in many rows is unpacked once: a file of kilobytes can repeat one of megabytes.
            repeated = [column] if column else None
            return ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False, read_dictionary=repeated)
        except (pyarrow.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self.path} is not a readable Parquet file ({reason}): write it anew."
            ) from None

    def _parquet_rows(self, column: str | None) -> Iterator[tuple[int, str | None]]:
        most, characters = self.most, 0
        with self._parquet(column) as file:
            for batch in file.iter_batches(PARQUET_ROWS, columns=[column], use_threads=False):
                cells = batch.column(0)
                different = None
                if hasattr(cells, "dictionary"):
                    different = [_decoded(v) if isinstance(v, bytes) else v for v in cells.dictionary.to_pylist()]
                for value in (cells if different is None else cells.indices).to_pylist():
                    self.position += 1
                    value = value if different is None or value is None else different[value]
                    characters += len(value) if isinstance(value, str) else 0
                    if characters > most:
                        raise ValueError(
                            f"{self.path} unpacks to more than {most:,} characters, the limit for a file of its "
                            f"size, at row {self.position}: split it, or save it as .csv."
                        )
                    yield self.position, as_text(value)


def _decoded(value: bytes) -> str | BadRow:
    """A text that its writer did not mark as one."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return BadRow("it holds bytes that are not UTF-8; write the text itself")


def _checked(text: str, codec: str) -> str | BadRow:
    """A text, or what is wrong with its letters."""
    if is_undecoded(text):
        return BadRow(f"it has bytes that are not {codec.upper()}; save the file anew as UTF-8")
    if "\0" in text:
        return BadRow("it has a NUL character, which no text has; remove it")
    return text


def as_text(value: object) -> Text:
    """A cell's text; None where it is empty, missing or NaN, and a :class:`BadRow` where it holds something else."""
    if isinstance(value, BadRow):
        return value
    if value is None or value != value:  # NaN differs from itself
        return None
    if isinstance(value, (list, dict, bytes)):
        return BadRow(f"it holds {type(value).__name__} and not a text; write the text itself")
    return str(value) or None


def _json_object(line: str) -> dict[str, object] | BadRow:
    try:
        return _object(json.loads(line))
    except json.JSONDecodeError as error:
        return BadRow(f"it is not JSON ({error.msg}); write one object a line")
    except (RecursionError, ValueError):
        return BadRow("its JSON is nested too deeply, or has a number too long; write the text itself")


def _object(found: object) -> dict[str, object] | BadRow:
    return found if isinstance(found, dict) else BadRow('it is not an object; write {"text": ...}')
