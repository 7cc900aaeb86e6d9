"""What a user or a file says, shown as text: in a terminal, in Markdown, in a spreadsheet (HTML has html.escape)."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable

# Line separators and the marks that turn the direction of writing: invisible, and they change what is read.
_INVISIBLE = "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_UNSHOWN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]")
_STRUCTURE = re.compile(r"[\\`*_\[\]#~!]")
_ENTITIES = re.compile(r"[&<>|$:@]")
# Of these nothing can be seen either, though Unicode takes them for letters, marks and signs: fillers, the blank of
# Braille, selectors of variants.
_FILLERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_FORMULA = re.compile(r"[\s\x00]*[=+\-@|\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def terminal(text: object) -> str:
    r"""The text on one line, with every control character written out, as ``\x1b`` or ``\n``.

    A terminal obeys escape sequences, and a lone surrogate cannot be printed at all.

    Args:
        text (object): a label, a file's name, an input; anything else is turned into a string first.

    Returns:
        str: printable in UTF-8, never more than one line.
    """
    return _UNSHOWN.sub(lambda found: _written_out(found[0]), str(text))


def markdown(text: object) -> str:
    """The text as one line of Markdown that shows its characters: no table cell, link, image, formula or HTML.

    Args:
        text (object): a label, an example, a name.

    Returns:
        str: for a sentence or a table's cell.
    """
    marked = _STRUCTURE.sub(r"\\\g<0>", terminal(text))
    # Entities where a backslash is no remedy: links that need no brackets, formulas, a table's bars inside code.
    return _ENTITIES.sub(lambda found: f"&#{ord(found[0])};", marked)


def as_reason(message: object) -> str:
    """An exception's message as a reason in a list or within a longer sentence: without its full stop."""
    text = str(message)
    return text if text.endswith("...") else text.removesuffix(".")


def first_few(names: Iterable[str], most: int = 5) -> str:
    """Names in a sentence, of many the first ones.

    Args:
        names (iterable of str): as they are to be shown.
        most (int, optional): how many are shown. (Default: 5)
    """
    listed = list(names)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of a text: it is empty, or spaces, control characters and invisible signs alone."""
    return all(unicodedata.category(letter)[0] in "CZ" or _FILLERS.match(letter) for letter in text)


def lines_of(text: str) -> list[str]:
    r"""The lines of a text, which end at ``\n``, ``\r`` or ``\r\n``; any other line break stands inside a line."""
    return re.split(r"\r\n|\r|\n", text)


def spreadsheet(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would run it as a formula.

    Source: OWASP, CSV Injection.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def printable_name(path: str | os.PathLike[str]) -> str:
    r"""A path as tables and messages have it: bytes of a name that are no UTF-8 are written out as ``\xNN``.

    Args:
        path (str or Path): of a file or a folder.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()
