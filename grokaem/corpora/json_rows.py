"""The rows of a JSON file: an object a line, or one array of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from grokaem.corpora.limits import Meter
from grokaem.corpora.table_rows import BadRow, Rows
from grokaem.json_array import array_rows, begins_array
from grokaem.json_records import cells_of, columns_of, whole_file
from grokaem.text_encoding import broken_mark, find_encoding, is_undecoded, open_text, read_line

BLANK = object()  # a line without anything; a line that says null is another thing


class JsonRows:
    """A JSON or JSONL file.

    Args:
        path (Path): the file.
        meter (Meter): its limits.

    Attributes:
        columns (list of str): keys of the first objects.
        notes (list of str): announcements.

    Raises:
        ValueError: no text, or too many columns.
    """

    def __init__(self, path: Path, meter: Meter):
        self.path, self.meter = path, meter
        self.codec, self.notes = find_encoding(path)
        try:
            with open_text(path, self.codec) as file:
                start = file.read(4096).lstrip()
        except UnicodeDecodeError as error:
            raise ValueError(broken_mark(path, error)) from None
        self.is_array = begins_array(start)
        self.whole = whole_file(path, self.codec, start)
        if self.whole is not None:
            self.notes.append(f"{path.name} is one object: read as a table of {len(self.whole)} rows")
        self.columns, several = columns_of(self._objects())
        self.notes += [f"keys {said} of {path.name}: they differ by case or spaces alone" for said in several]
        if not self.columns:
            number, reason = next((found for found in self._records() if found[1] is not None), (1, None))
            reason = reason if isinstance(reason, BadRow) else 'an object without a column: write {"text": ...}'
            raise ValueError(f"row {number} of {path.name} cannot be used: {reason}.")

    def read(self, wanted: list[str]) -> Rows:
        """The objects' values of the columns that are wanted."""
        for number, record in self._records():
            if record is None or isinstance(record, BadRow):
                yield number, record
            else:
                cells = cells_of(record, wanted, self.columns)
                yield number, BadRow(cells) if isinstance(cells, str) else cells

    def _objects(self) -> Iterator[dict[str, object]]:
        keys: set[str] = set()
        for number, record in self._records():
            self.meter.check_rows(number)
            if isinstance(record, dict):
                keys.update(record)
                self.meter.check_width(len(keys))
                yield record

    def _records(self) -> Iterator[tuple[int, dict[str, object] | BadRow | None]]:
        for number, found in self._all():
            if found is BLANK:
                yield number, None
            elif isinstance(found, (dict, BadRow)):
                yield number, found
            else:
                yield number, BadRow('not an object: write {"text": ..., "label": ...}')

    def _all(self) -> Iterator[tuple[int, object]]:
        if self.whole is not None:
            return iter(enumerate(self.whole, start=1))
        return self._array() if self.is_array else self._lines()

    def _lines(self) -> Iterator[tuple[int, object]]:
        number = 0
        with open_text(self.path, self.codec) as file:
            while line := read_line(file, self.path):
                number += 1
                if not line.strip():
                    yield number, BLANK
                    continue
                if is_undecoded(line):
                    yield number, BadRow(f"bytes that are not {self.codec.upper()}: save the file anew as UTF-8")
                    continue
                try:
                    yield number, json.loads(line)
                except json.JSONDecodeError as error:
                    yield number, BadRow(f"is not JSON ({error.msg}): write one object a line")
                except (RecursionError, ValueError):
                    yield number, BadRow("JSON nested too deeply, or a number too long: write the text itself")

    def _array(self) -> Iterator[tuple[int, object]]:
        return array_rows(self.path, self.codec)
