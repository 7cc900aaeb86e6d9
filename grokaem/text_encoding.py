"""Text files as users have them: UTF-8 most often, but not always, and never guessed in silence.

What reads the files of training and of prediction alike, so that one file is the same rows in both.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TextIO

from grokaem.code_pages import NAMES, code_page, is_no_text, looks_like
from grokaem.regular_file import check_file

LINE_CHARACTERS = 8 << 20  # of one line, one cell, one text; the longest novels have 4 million
TOO_LONG = f"has a line of more than {LINE_CHARACTERS:,} characters, which no text is: write one row a line."
# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
]
_UNDECODED = re.compile("[\udc80-\udcff]")
_BLOCK = 1 << 20
_SAMPLE = 1 << 18  # bytes of high letters by which an eight-bit encoding is told


def find_encoding(path: Path) -> tuple[str, list[str]]:
    """The encoding of a text file, however long, in little memory.

    A byte order mark decides. Without one the file is UTF-8 if all of it is, or if many of its lines with letters
    beyond ASCII are: then single rows are broken. Otherwise it is taken for one of the eight-bit Cyrillic or Western
    European encodings, and that is announced; what looks like another encoding is refused.

    Args:
        path (Path): the file.

    Returns:
        tuple: the codec for :func:`open_text`, and a list of at most one announcement.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, is not text, or has a line that no text has.
    """
    check_file(path)
    with path.open("rb") as file:
        start = file.read(4096)
    for mark, codec, name in _MARKS:
        if start.startswith(mark):
            return codec, [] if name == "UTF-8" else [f"read {path.name} as {name}, as its byte order mark says"]
    if is_no_text(start):
        raise ValueError(f"{path.name} is not a text file, or UTF-16 without a mark: save it as UTF-8.")
    good, bad, first, sample = _scanned(path)
    if not bad or 4 * good >= bad:  # hardly any whole line of another encoding is UTF-8
        return "utf-8", []
    codec = code_page(sample)
    if codec is None:
        seems = f"looks like {found}" if (found := looks_like(sample)) else "is in another encoding"
        raise ValueError(
            f"{path.name} is not UTF-8 (line {first}) and {seems}, which is not read here: save it anew as UTF-8."
        )
    return codec, [
        f"{path.name} is not UTF-8 (line {first}): read as {NAMES[codec]}; if letters look wrong, save it as UTF-8"
    ]


def codec_of_mark(start: bytes) -> str | None:
    """The codec that a byte order mark at the start of a text names; None without one."""
    return next((codec for mark, codec, _ in _MARKS if start.startswith(mark)), None)


def open_text(path: Path, codec: str) -> TextIO:
    """The file as text; lines end at line feed, carriage return or both, bytes that are no text become surrogates."""
    return path.open(encoding=codec, errors="surrogateescape", newline="")


def is_undecoded(text: str) -> bool:
    """Whether bytes of the text were not of its encoding."""
    return not text.isascii() and _UNDECODED.search(text) is not None


def read_line(file: TextIO, path: Path) -> str:
    """The next line, with its end; empty at the end of the file.

    Raises:
        ValueError: it is longer than any text, or the file breaks the promise of its byte order mark.
    """
    try:
        line = file.readline(LINE_CHARACTERS + 1)
    except UnicodeDecodeError as error:
        raise ValueError(broken_mark(path, error)) from None
    if len(line) > LINE_CHARACTERS:
        raise ValueError(f"{path.name} {TOO_LONG}")
    return line


def broken_mark(path: Path, error: UnicodeDecodeError) -> str:
    """The sentence about a file that breaks the promise of its byte order mark."""
    return f"{path.name} begins as {error.encoding.upper()} but does not go on so: save it anew as UTF-8."


def _scanned(path: Path) -> tuple[int, int, int, bytes]:
    """Lines beyond ASCII that are UTF-8, lines that are not, the number of the first of these, a sample of them."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = first = line = since = 0
    blank, sample = True, bytearray()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            blank = blank and not block.strip()
            newest = max(block.rfind(b"\n"), block.rfind(b"\r"))
            since = len(block) - newest if newest >= 0 else since + len(block)
            if since > 4 * LINE_CHARACTERS:
                raise ValueError(f"{path.name} {TOO_LONG}")
            text = decoder.decode(block)
            if not text.isascii():
                lines = [one for one in text.split("\n") if not one.isascii()]
                found = sum(_UNDECODED.search(one) is not None for one in lines)
                good += len(lines) - found
                if found and not bad:
                    place = _UNDECODED.search(text)
                    assert place is not None  # it is in one of the lines
                    first = line + text[: place.start()].count("\n") + 1
                bad += found
                if found and len(sample) < _SAMPLE:
                    sample += b"\n".join(one for one in block.split(b"\n") if not one.isascii())[:_SAMPLE] + b"\n"
            line += text.count("\n")
    if blank:
        raise ValueError(f"{path.name} is empty: choose a file with at least some rows.")
    tail = len(decoder.decode(b"", final=True))
    return good, bad + tail, first or line + 1, bytes(sample)
