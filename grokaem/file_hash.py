"""The hash by which files are told apart everywhere: in records, in splits of data, on the Hub."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path


def sha256_of(path: Path) -> str:
    """sha256 of a file's content, in hexadecimal: also what the Hub names an LFS file by.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_unchanged(path: Path) -> str:
    """As :func:`sha256_of`, read once a process for as long as the file's size and time stay: for large files.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    return _remembered(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _remembered(path: Path, size: int, changed: int) -> str:
    return sha256_of(path)
