"""Objects of a JSON file as rows: keys that differ by case are one column; one object of columns is a table too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from grokaem.json_array import ARRAY_BYTES
from grokaem.text_encoding import is_undecoded, open_text

LOOKED_AT = 1000  # objects whose keys are the columns


def columns_of(objects: Iterable[dict[str, object]]) -> tuple[list[str], list[str]]:
    """The keys of the first objects.

    Keys that differ by case or spaces alone are one column, spelled as the first of them, unless an object has both.

    Args:
        objects (iterable of dict): the rows.

    Returns:
        tuple: the columns, and a list of those that are spelled in several ways.
    """
    spellings: dict[str, dict[str, None]] = {}
    apart = set()
    for record in islice(objects, LOOKED_AT):
        plain = [_plain(key) for key in record]
        if len(set(plain)) < len(plain):
            apart.update(name for name in plain if plain.count(name) > 1)
        for key, name in zip(record, plain, strict=True):
            spellings.setdefault(name, {})[key] = None
    columns, several = [], []
    for name, keys in spellings.items():
        columns += list(keys) if name in apart else list(keys)[:1]
        if name not in apart and len(keys) > 1:
            several.append(f"{' and '.join(map(repr, keys))} are one column")
    return columns, several


def cells_of(record: dict[str, object], wanted: list[str], columns: list[str]) -> list[object] | str:
    """An object's values of the columns that are wanted, or why it has none.

    Args:
        record (dict): the object.
        wanted (list of str): some of ``columns``; a value that is missing is None.
        columns (list of str): of :func:`columns_of`.
    """
    cells, missing = [], 0
    for column in wanted:
        key = column if column in record else _other_spelling(record, column, columns)
        missing += key is None
        cells.append(None if key is None else record[key])
    if record and wanted and missing == len(wanted):
        has = ", ".join(repr(key[:40]) for key in islice(record, 5))
        return f"no key {' or '.join(map(repr, wanted))} among its keys {has}: name them alike in all rows"
    return cells


def _other_spelling(record: dict[str, object], column: str, columns: list[str]) -> str | None:
    name = _plain(column)
    others = [key for key in record if key not in columns and _plain(key) == name]
    return others[0] if len(others) == 1 else None


def whole_file(path: Path, codec: str, start: str) -> list[object] | None:
    """The rows of a file that is one object: of columns, of rows by a name, or around one list of rows.

    Args:
        path (Path): the file; one that does not end in ``.json`` has an object a line.
        codec (str): from :func:`grokaem.text_encoding.find_encoding`.
        start (str): its first characters.

    Returns:
        list: the rows; None where the file is something else.
    """
    if path.suffix.lower() != ".json" or not start.lstrip().startswith("{") or path.stat().st_size > ARRAY_BYTES:
        return None
    with open_text(path, codec) as file:
        text = file.read().lstrip("\ufeff \t\r\n")
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (RecursionError, ValueError):
        return None
    if text[end:].strip() or is_undecoded(text):
        return None
    values = list(found.values())
    lists = [value for value in values if isinstance(value, list)]
    if lists and len(lists) == len(values) and len(set(map(len, lists))) == 1 and not isinstance(_first(lists), dict):
        return [dict(zip(found, row, strict=True)) for row in zip(*lists, strict=True)]
    if len(lists) == 1 and isinstance(_first(lists), dict):
        return lists[0]
    if values and all(isinstance(value, dict) for value in values) and len({frozenset(value) for value in values}) == 1:
        if len(found) > len(values[0]):
            return values
        return [{column: cells[row] for column, cells in found.items()} for row in values[0]]
    return None


def _first(lists: list[list[object]]) -> object:
    return lists[0][0] if lists[0] else None


def _plain(key: str) -> str:
    return key.strip().casefold()
