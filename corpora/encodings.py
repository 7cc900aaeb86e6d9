"""Text files as users have them: UTF-8 most often, but not always, and never guessed in silence."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
]
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def read_text(path: Path) -> tuple[str, list[str]]:
    """Decodes a text file.

    A byte order mark decides; without one UTF-8 is tried; what is not UTF-8 either is taken for one of the
    eight-bit Cyrillic or Western European encodings, and that is announced.

    Args:
        path (Path): the file.

    Returns:
        tuple: the text, and a list of at most one announcement.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, is not text, or breaks its own byte order mark's promise.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: check the name")
    content = path.read_bytes()
    if not content.strip():
        raise ValueError(f"{path} is empty: choose a file with at least some rows")
    for mark, codec, name in _MARKS:
        if content.startswith(mark):
            try:
                text = content.decode(codec)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path} begins as {name} but byte {error.start} is not: save it anew as UTF-8"
                ) from None
            return text, [] if name == "UTF-8" else [
                f"read {path.name} as {name}, as its byte order mark says"
            ]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        first = content.count(b"\n", 0, error.start) + 1
    else:
        if "\0" in text:
            raise ValueError(f"{path} is not a text file, or UTF-16 without a mark: save it as UTF-8")
        return text, []
    if _CONTROL.search(content):
        raise ValueError(f"{path} is not a text file (line {first}): give a CSV, TSV, JSONL or Parquet file")
    codec, name = _eight_bit(content)
    return content.decode(codec), [
        f"{path.name} is not UTF-8 (line {first}): read as {name}; if letters look wrong, save it as UTF-8"
    ]


def _eight_bit(content: bytes) -> tuple[str, str]:
    """Tells Cyrillic from Western European, and the two common Cyrillic code pages from each other.

    In Cyrillic text the letters above 127 stand in runs; in Western European text they stand alone among
    ASCII letters. Most letters of a text are lower case: those are 0xE0-0xFF in Windows-1251 and
    0xC0-0xDF in KOI8-R.
    """
    high = len(re.findall(rb"[\xc0-\xff]", content))
    in_runs = sum(len(run) for run in re.findall(rb"[\xc0-\xff]{3,}", content))
    if high and in_runs > high / 2:
        low_half = len(re.findall(rb"[\xc0-\xdf]", content))
        return ("koi8-r", "KOI8-R") if low_half > high / 2 else ("cp1251", "Windows-1251 (Cyrillic)")
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1", "Latin-1 (Western European)"
    return "cp1252", "Windows-1252 (Western European)"
