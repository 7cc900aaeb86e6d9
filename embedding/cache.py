"""The folder where converted encoders and computed vectors are kept, and its atomic writes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """``$GROKAEM_CACHE/embedding``, by default ``~/.cache/grokaem/embedding``."""
    root = Path(os.environ.get("GROKAEM_CACHE", Path.home() / ".cache" / "grokaem"))
    return root / "embedding"


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yields a temporary sibling of ``target`` that takes its name when the block ends without an error.

    When another process finished the same folder in the meantime, its result stays and ours is dropped.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield temporary
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
