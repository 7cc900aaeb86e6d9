"""The rows of a Parquet file: its description is checked first, then a small batch at a time is unpacked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.corpora.limits import LINE_CHARACTERS, Meter
from grokaem.corpora.table_rows import BadRow, Rows, check_column

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

BATCH = 4096  # rows


class ParquetRows:
    """A Parquet file.

    Args:
        path (Path): the file.
        meter (Meter): its limits.

    Attributes:
        columns (list of str): in the file's order.
        notes (list of str): announcements.

    Raises:
        ValueError: no readable Parquet, or one beyond the limits by its own description.
    """

    def __init__(self, path: Path, meter: Meter):
        self.path, self.meter, self.notes = path, meter, []
        try:
            import pyarrow
        except ImportError:
            raise ValueError(
                f"reading {path.name} needs pyarrow: run `pip install pyarrow`, or save it as .csv or .jsonl."
            ) from None
        with self._open() as file:
            meter.check_width(len(file.schema_arrow.names))
            meter.check_rows(file.metadata.num_rows)
            self.columns = list(file.schema_arrow.names)
            self.names = class_names(file.schema_arrow.metadata or {})
            self.nested = {field.name for field in file.schema_arrow if pyarrow.types.is_nested(field.type)}

    def read(self, wanted: list[str]) -> Rows:
        """The rows' values of the columns that are wanted; no other column is unpacked."""
        import pyarrow

        for column in wanted:
            check_column(self.path.name, self.columns, column)
            if column in self.nested:
                raise ValueError(
                    f"column {column!r} of {self.path.name} holds lists or objects, not texts or labels: write the "
                    "text itself into one column."
                )
        number = 0
        with self._open(wanted) as file:
            self._check_size(file, wanted)
            try:
                for batch in file.iter_batches(BATCH, columns=list(dict.fromkeys(wanted)), use_threads=False):
                    cells = [self._values(batch.column(column), column) for column in wanted]
                    for row in range(batch.num_rows):
                        number += 1
                        yield number, self._row([values[row] for values in cells], wanted)
            except (pyarrow.ArrowException, OSError) as error:
                raise self._unreadable(error) from None

    def _row(self, values: list[object], wanted: list[str]) -> list[object] | BadRow:
        for place, (value, column) in enumerate(zip(values, wanted, strict=True)):
            if isinstance(value, bytes):  # some writers do not mark their texts as such
                try:
                    values[place] = value.decode("utf-8")
                except UnicodeDecodeError:
                    return BadRow(f"bytes in column {column!r} that are not UTF-8: write texts")
            names = self.names.get(column)
            if names and isinstance(value, int) and 0 <= value < len(names):
                values[place] = names[value]
        return values

    def _values(self, array: pyarrow.Array, column: str) -> list[object]:
        """The column of a batch as Python values; a text that stands in many rows is one object."""
        import pyarrow
        import pyarrow.compute as compute

        kind = array.type
        if not pyarrow.types.is_dictionary(kind):
            if pyarrow.types.is_string(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_string(kind):
                array = array.dictionary_encode()
            else:
                return array.to_pylist()
        different = array.dictionary
        longest = None
        if not pyarrow.types.is_primitive(different.type):
            longest = compute.max(compute.binary_length(different)).as_py()
        if longest is not None and longest > 4 * LINE_CHARACTERS:
            raise ValueError(
                f"{self.path.name} has a text of {longest:,} bytes in column {column!r}; at most "
                f"{LINE_CHARACTERS:,} characters are read: cut it into several."
            )
        texts = different.to_pylist()
        return [None if place is None else texts[place] for place in array.indices.to_pylist()]

    def _check_size(self, file: ParquetFile, wanted: list[str]) -> None:
        """Refuses what unpacks to more than it may, by the sizes the file states."""
        unpacked = 0
        for group in range(file.metadata.num_row_groups):
            described = file.metadata.row_group(group)
            for place in range(described.num_columns):
                column = described.column(place)
                if column.path_in_schema.split(".")[0] in wanted:
                    unpacked += column.total_uncompressed_size
        self.meter.check_characters(unpacked)

    def _open(self, as_dictionary: list[str] | None = None) -> ParquetFile:
        import pyarrow
        from pyarrow.parquet import ParquetFile

        try:
            # Through a small buffer: a row group, which may be all of the file, never is in memory.
            return ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False, read_dictionary=as_dictionary)
        except (pyarrow.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> ValueError:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return ValueError(f"{self.path.name} is not a readable Parquet file ({reason}): write it anew.")


def class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """The class names that the `datasets` library writes beside the class numbers of a Parquet file."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            column: feature["names"]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError):
        return {}
