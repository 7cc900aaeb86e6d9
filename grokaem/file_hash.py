"""The hash by which files are told apart everywhere: in records, in splits of data, on the Hub."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """sha256 of a file's content, in hexadecimal: also what the Hub names an LFS file by.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
