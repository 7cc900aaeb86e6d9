"""The folder where fetched, converted and computed things are kept between runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder(name: str) -> Path:
    """The folder of that name under ``$GROKAEM_CACHE``, by default under ``~/.cache/grokaem``; it may not exist yet.

    Args:
        name (str): what is kept there, such as ``"corpora"``.
    """
    named = os.environ.get("GROKAEM_CACHE")
    if named:
        return Path(named) / name
    try:
        return Path.home() / ".cache" / "grokaem" / name
    except RuntimeError:  # a user without a home, as containers have them
        return Path(tempfile.gettempdir()) / f"grokaem-{os.getuid()}" / name


def drop_oldest(folder: Path, pattern: str, limit_bytes: int) -> None:
    """Removes the least recently used files until those that match ``pattern`` fit in ``limit_bytes``."""
    files = []
    for path in folder.glob(pattern):
        try:
            status = path.stat()
        except FileNotFoundError:  # another process tidied at the same time
            continue
        files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= limit_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
