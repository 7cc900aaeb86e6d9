"""CSV, TSV, JSON lines and Parquet as one kind of table, read a row at a time; its rows know their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from grokaem.corpora.json_rows import JsonRows
from grokaem.corpora.limits import ASIDE, COMMAND, Limits, Meter
from grokaem.corpora.parquet_rows import ParquetRows
from grokaem.corpora.separated_rows import SeparatedRows
from grokaem.corpora.table_rows import BadRow, Rows
from grokaem.regular_file import check_file

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


@dataclass
class Table:
    """A table whose rows are read when they are asked for.

    Attributes:
        source (str): the file's name, for messages.
        columns (list of str): in the file's order.
        read (callable): takes the columns that are wanted, gives the rows.
        meter (callable): makes what counts them.
        notes (list of str): announcements.
        nested (set of str): columns that hold lists or objects alone, as far as is known beforehand.
        set_aside (list of tuple): (row, reason), filled while rows are read.
    """

    source: str
    columns: list[str]
    read: Callable[[list[str]], Rows]
    meter: Callable[[], Meter]
    notes: list[str] = field(default_factory=list)
    nested: set[str] = field(default_factory=set)
    set_aside: list[tuple[str, str]] = field(default_factory=list)

    def rows(self, *columns: str | None) -> Iterator[tuple[int, list[object]]]:
        """Each row's number and its values of these columns, None where there is no column.

        The number is the one the user sees: a spreadsheet's for CSV and TSV (the header is row 1), the line for
        JSONL, from 1 for Parquet. A row that breaks the file's format goes to ``set_aside``.

        Raises:
            ValueError: more rows or characters than are read, or no end of broken rows.
        """
        wanted = [column for column in columns if column is not None]
        place = {column: index for index, column in enumerate(wanted)}
        meter = self.meter()
        for number, values in self.read(wanted):
            if isinstance(values, BadRow):
                self.set_aside.append((f"row {number}", str(values)))
                if len(self.set_aside) > ASIDE:
                    raise ValueError(
                        f"{self.source} has more than {ASIDE:,} broken rows (row {number}: {values}): save it anew."
                    )
                continue
            if values is None:
                meter.add(0)
                continue
            meter.add(sum(len(value) for value in values if isinstance(value, str)))
            yield number, [None if column is None else values[place[column]] for column in columns]


def read_table(path: Path, limits: Limits = COMMAND) -> Table:
    """Opens a table by its file's ending.

    Args:
        path (Path): a file with one of ``SUFFIXES``.
        limits (Limits, optional): how much of it is read. (Default: a command's)

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another ending, a file that is not what its ending says, or one beyond the limits.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name} is not a table that is read here: save it as {', '.join(SUFFIXES)}.")
    check_file(path)
    size = path.stat().st_size
    if not size:
        raise ValueError(f"{path.name} is empty: choose a file with at least some rows.")

    meter = partial(Meter, path.name, size, limits)
    separated = suffix in (".csv", ".tsv")
    format_of = ParquetRows if suffix == ".parquet" else SeparatedRows if separated else JsonRows
    reader = format_of(path, meter())
    return Table(path.name, reader.columns, reader.read, meter, list(reader.notes), getattr(reader, "nested", set()))
