"""Texts of a file of any length, one row at a time: CSV, TSV, JSON lines, Parquet, plain lines.

Unlike :mod:`corpora`, which has a whole data set in memory to split it, nothing here grows with the file.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt")
CELL_CHARACTERS = 16 << 20  # a longer cell is a quotation mark that never closes, not a text
PARQUET_ROWS = 1024
_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


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
            return
        self.total = size
        if self.suffix != ".txt":
            with self._open() as file:
                found = self._header(file)
            self.columns = found

    def read(self, column: str | None = None) -> Iterator[tuple[int, str | None]]:
        """Each row's number and text, None where its cell is empty; rows that are blank as a whole are left out.

        The number is the one the user sees: a spreadsheet's for CSV and TSV (the header is row 1), the line's
        for JSON lines and plain lines, from 1 for Parquet.

        Args:
            column (str, optional): the column of the texts; not needed for plain lines.

        Raises:
            ValueError: a row breaks the file's format; it is named.
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
                    if self.suffix in (".jsonl", ".ndjson"):
                        value = self._object(number, value).get(column)
                    yield number, as_text(value)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{self.path} is not {error.encoding} somewhere after row {number}: save it anew as UTF-8"
                ) from None
            except csv.Error as error:
                raise ValueError(
                    f"the row after row {max(number, 1)} of {self.path} has a quotation mark that does not close "
                    f"its text ({error}): double the quotation marks inside quoted texts"
                ) from None
        self.position = self.total

    def _open(self) -> TextIO:
        with self.path.open("rb") as file:
            start = file.read(4096)
        codec = next((codec for mark, codec in _MARKS if start.startswith(mark)), "utf-8")
        if codec.startswith("utf-8") and b"\0" in start:
            raise ValueError(f"{self.path} is not a text file, or UTF-16 without a mark: save it as UTF-8")
        # Lines end at \n alone: other line breaks may stand inside a cell or a JSON string.
        return self.path.open(encoding=codec, newline="" if self.suffix in (".csv", ".tsv") else "\n")

    def _header(self, file: TextIO) -> list[str]:
        try:
            if self.suffix in (".csv", ".tsv"):
                columns = [name.strip() for name in next(self._reader(file))]
            else:
                number, line = next(self._lines(file))
                columns = list(self._object(number, line))
        except StopIteration:
            raise ValueError(f"{self.path} is empty: choose a file with at least one row") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.path} is not {error.encoding}: save it anew as UTF-8") from None
        except csv.Error as error:
            raise ValueError(
                f"row 1 of {self.path} names no columns ({error}): correct its quotation marks"
            ) from None
        twice = {name for name in columns if columns.count(name) > 1}
        if twice:
            raise ValueError(f"{self.path} has two columns named {min(twice)!r}: rename one")
        return columns

    def _reader(self, file: TextIO) -> Iterator[list[str]]:
        csv.field_size_limit(CELL_CHARACTERS)
        first = file.readline()
        usual = "\t" if self.suffix == ".tsv" else ","
        separator = usual if usual in first else next((mark for mark in "\t;|" if mark in first), usual)
        quoting = csv.QUOTE_NONE if separator == "\t" and not self._quoted() else csv.QUOTE_MINIMAL
        # Strict: an unclosed quotation mark would swallow the rest of the file into one text.
        return csv.reader(itertools.chain([first], file), delimiter=separator, quoting=quoting, strict=True)

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
        for number, cells in enumerate(self._reader(file), start=1):
            if len(cells) > width:
                raise ValueError(
                    f"row {number} of {self.path} has {len(cells)} cells and the header {width}: put the text "
                    "in quotation marks"
                )
            if number > 1 and cells:
                yield number, cells[place] if place < len(cells) else None

    def _lines(self, file: TextIO) -> Iterator[tuple[int, str]]:
        return ((number, line.rstrip("\r\n")) for number, line in enumerate(file, start=1) if line.strip())

    def _object(self, number: int, line: str) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"row {number} of {self.path} is not JSON ({error.msg}): write one object a line"
            ) from None
        if not isinstance(found, dict):
            raise ValueError(f'row {number} of {self.path} is not an object: write {{"text": ...}}')
        return found

    def _parquet(self) -> Any:
        try:
            import pyarrow
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise ValueError(
                f"reading {self.path} needs pyarrow: pip install pyarrow, or save it as .csv or .jsonl"
            ) from None
        try:
            # Read through a small buffer: a row group, which may be all of the file, never is in memory.
            return ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False)
        except (pyarrow.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self.path} is not a readable Parquet file ({reason}): write it anew"
            ) from None

    def _parquet_rows(self, column: str | None) -> Iterator[tuple[int, str | None]]:
        with self._parquet() as file:
            for batch in file.iter_batches(PARQUET_ROWS, columns=[column], use_threads=False):
                for value in batch.column(0).to_pylist():
                    self.position += 1
                    yield self.position, as_text(value)


def as_text(value: Any) -> str | None:
    """A cell's text; None where it is empty, missing or NaN."""
    if value is None or value != value:  # NaN differs from itself
        return None
    return str(value) if str(value).strip() else None
