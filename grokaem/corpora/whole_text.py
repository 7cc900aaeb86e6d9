"""Short text files as a whole."""

from __future__ import annotations

from pathlib import Path

from grokaem.text_encoding import LINE_CHARACTERS, broken_mark, find_encoding, is_undecoded, open_text


def read_text(path: Path) -> tuple[str, list[str]]:
    """Decodes a text file as a whole; for short files.

    Args:
        path (Path): the file.

    Returns:
        tuple: the text, and announcements.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, is not text, too long, or breaks its encoding.
    """
    codec, notes = find_encoding(path)
    with open_text(path, codec) as file:
        try:
            text = file.read(LINE_CHARACTERS + 1)
        except UnicodeDecodeError as error:
            raise ValueError(broken_mark(path, error)) from None
    if len(text) > LINE_CHARACTERS:
        raise ValueError(f"{path.name} has more than {LINE_CHARACTERS:,} characters in one text: cut it into several.")
    if is_undecoded(text):
        raise ValueError(f"{path.name} is {codec.upper()} but for some bytes: save it anew as UTF-8.")
    return text, notes
