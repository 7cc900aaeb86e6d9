"""The rows of a CSV or TSV file; a broken one does not take those after it with it."""

from __future__ import annotations

from pathlib import Path

from grokaem.corpora.limits import Meter
from grokaem.corpora.table_rows import BadRow, Rows, check_column
from grokaem.separated_values import BrokenRow, SeparatedValues
from grokaem.text_encoding import find_encoding, is_undecoded


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
        self.path = path
        self.codec, notes = find_encoding(path)
        self.values = SeparatedValues(path, self.codec)
        meter.check_width(self.values.width)
        self.values.settle_quoting(meter.limits.rows)
        self.notes = [*notes, *self.values.notes]
        with self.values.lines() as lines:
            number, cells = next(self.values.records(lines), (1, []))
        if isinstance(cells, BrokenRow):
            raise ValueError(f"row 1 of {path.name} names no columns: {cells}.")
        if not any(name.strip() for name in cells):
            raise ValueError(f"{path.name} is empty: choose a file with at least some rows.")
        self.columns = [name.strip().strip("\ufeff") for name in cells]

    def read(self, wanted: list[str]) -> Rows:
        """The rows after the header, the cells of the columns that are wanted."""
        places = [check_column(self.path.name, self.columns, column) for column in wanted]
        width = len(self.columns)
        with self.values.lines() as lines:
            for number, cells in self.values.records(lines):
                if number == 1:
                    continue
                if cells == []:
                    yield number, None
                elif isinstance(cells, BrokenRow):
                    yield number, BadRow(cells)
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
