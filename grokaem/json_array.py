"""A JSON file that is one array of objects, an object at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from grokaem.text_encoding import is_undecoded, open_text

ARRAY_BYTES = 256 << 20  # an array is read as a whole
_BETWEEN = re.compile(r"[\s,]*")
_BEGIN = re.compile(r"\s*\[\s*(\{|\Z)")


def begins_array(start: str) -> bool:
    """Whether a file that starts so is one array of objects, and not a list a line."""
    return _BEGIN.match(start) is not None


def array_rows(path: Path, codec: str) -> Iterator[tuple[int, object]]:
    """The array's items and their numbers, from 1.

    Args:
        path (Path): the file.
        codec (str): from :func:`grokaem.text_encoding.find_encoding`.

    Raises:
        ValueError: it is too large, or breaks off; what is not JSON is not skipped here, since nothing says where
            the next item begins.
    """
    if (size := path.stat().st_size) > ARRAY_BYTES:
        raise ValueError(
            f"{path.name} is one JSON array of {size >> 20:,} MiB; at most {ARRAY_BYTES >> 20} MiB are read: "
            "write one object a line (.jsonl)."
        )
    with open_text(path, codec) as file:
        text = file.read()
    if is_undecoded(text):
        raise ValueError(f"{path.name} has bytes that are not {codec.upper()}: save it anew as UTF-8.")
    decoder, at, number = json.JSONDecoder(), text.index("[") + 1, 0
    while True:
        at = _BETWEEN.match(text, at).end()  # pyright: ignore[reportOptionalMemberAccess]  # it matches nothing too
        if text.startswith("]", at):
            return
        number += 1
        try:
            record, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"line {error.lineno} of {path.name} is not JSON ({error.msg}): correct it."
            ) from None
        except (RecursionError, ValueError):
            raise ValueError(
                f"row {number} of {path.name} is JSON nested too deeply, or has a number too long: write "
                "the text itself."
            ) from None
        yield number, record
