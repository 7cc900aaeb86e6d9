"""CSV, TSV, JSON lines and Parquet as one kind of table whose rows know their number."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from corpora.encodings import read_text

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")


@dataclass(frozen=True)
class Table:
    """A table in memory.

    Attributes:
        source (str): the file's name, for messages.
        columns (list of str): in the file's order.
        rows (list of tuple): (number, values by column). The number is the one the user sees: a
            spreadsheet's for CSV and TSV (the header is row 1), the line for JSONL, from 1 for Parquet.
        notes (list of str): announcements.
    """

    source: str
    columns: list[str]
    rows: list[tuple[int, dict]]
    notes: list[str] = field(default_factory=list)


def read_table(path: Path) -> Table:
    """Reads a table by its file's ending.

    Args:
        path (Path): a file with one of ``SUFFIXES``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another ending, or a file that breaks its own format; the row is named.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path} is not a table that is read here: save it as {', '.join(SUFFIXES)}")
    if suffix == ".parquet":
        return _parquet(path)
    text, notes = read_text(path)
    if suffix in (".csv", ".tsv"):
        return _separated(path, text, notes)
    return _json(path, text, notes)


def _separated(path: Path, text: str, notes: list[str]) -> Table:
    csv.field_size_limit(2**31 - 1)  # the default of 128 KiB is shorter than a long document
    header = text.splitlines()[0]
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    separator = usual
    if usual not in header:
        separator = next((mark for mark in ("\t", ";", "|", ",") if mark in header), usual)
        if separator != usual:
            notes = [*notes, f"{path.name} separates its columns with {separator!r}, not {usual!r}"]
    # An unclosed quotation mark would swallow the rest of the file into one text; strict reading notices.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[list[str]] = []
    try:
        lines.extend(reader)  # list.extend keeps what it had when the iterator fails
    except csv.Error as error:
        if separator != "\t":
            raise ValueError(
                f"row {len(lines) + 1} of {path} has a quotation mark that does not close its text ({error}): "
                "double the quotation marks inside quoted texts"
            ) from None
        notes = [*notes, f"{path.name} does not quote its texts: quotation marks are read as they stand"]
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    columns = [name.strip() for name in lines[0]]
    _unique(path, columns)
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) > len(columns):
            raise ValueError(
                f"row {number} of {path} has {len(cells)} cells and the header {len(columns)}: "
                "put the text in quotation marks"
            )
        rows.append((number, dict(zip(columns, cells, strict=False))))
    return Table(path.name, columns, rows, notes)


def _json(path: Path, text: str, notes: list[str]) -> Table:
    if text.lstrip().startswith("["):
        try:
            records = list(enumerate(json.loads(text), start=1))
        except json.JSONDecodeError as error:
            raise ValueError(f"line {error.lineno} of {path} is not JSON ({error.msg}): correct it") from None
    else:
        records = []
        # Not str.splitlines: it also breaks at characters that may stand inside a JSON string.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                records.append((number, json.loads(line)))
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"row {number} of {path} is not JSON ({error.msg}): write one object a line"
                ) from None
    for number, record in records:
        if not isinstance(record, dict):
            raise ValueError(f'row {number} of {path} is not an object: write {{"text": ..., "label": ...}}')
    columns = list(dict.fromkeys(key for _, record in records for key in record))
    return Table(path.name, columns, records, notes)


def _parquet(path: Path) -> Table:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: check the name")
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} is not a readable Parquet file ({reason}): write it anew") from None
    _unique(path, table.column_names)
    names = class_names(table.schema.metadata or {})
    rows = []
    for number, record in enumerate(table.to_pylist(), start=1):
        for column, labels in names.items():
            if isinstance(record.get(column), int) and 0 <= record[column] < len(labels):
                record[column] = labels[record[column]]
        rows.append((number, record))
    return Table(path.name, table.column_names, rows)


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


def _unique(path: Path, columns: Iterable[str]) -> None:
    seen = set()
    for name in columns:
        if name in seen:
            raise ValueError(f"{path} has two columns named {name!r}: rename one")
        seen.add(name)
