"""Texts as a command line or a pipe gives them: some are none."""

from __future__ import annotations

from collections.abc import Iterable

from grokaem.plain_text import is_blank
from grokaem.text_encoding import is_undecoded


def check_given(texts: Iterable[str]) -> None:
    """Refuses what is no text.

    Raises:
        ValueError: nothing can be seen of it, or its bytes were no UTF-8.
    """
    for text in texts:
        if is_blank(text):
            raise ValueError("there is no text to classify.")
        if is_undecoded(text):
            raise ValueError("it has bytes that are not UTF-8; save it as UTF-8.")
