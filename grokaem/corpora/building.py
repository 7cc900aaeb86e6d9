"""How fetched data gets into its place: by one process while the others wait, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What says that a folder is full, read-only, or no folder at all.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR)


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Holds the lock of ``target`` and gives an empty folder beside it to build in.

    One process builds, the others wait and then find the result; what a killed process left half-built is
    removed by the next one that takes the lock. The caller renames its result to ``target`` with
    ``os.replace``, which is one step to every reader.

    Args:
        target (Path): the file or folder that will exist afterwards.

    Yields:
        Path: a folder on the same file system, gone afterwards.

    Raises:
        RuntimeError: the folder cannot be written, or is full; with the remedy.
    """
    from filelock import FileLock

    prefix = f".{target.name}."
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f"{prefix}lock"):
            for leftover in target.parent.glob(f"{glob_escape(prefix)}tmp-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f"{prefix}tmp-", dir=target.parent) as folder:
                yield Path(folder)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise RuntimeError(
            f"{target.parent}, where {target.name} is kept, cannot be written ({error.strerror}): make room there, or "
            "set GROKAEM_CACHE to another folder."
        ) from error


def glob_escape(text: str) -> str:
    """The text as a pattern that matches itself."""
    import glob

    return glob.escape(text)


def put_in_place(built: Path, target: Path) -> None:
    """Renames ``built`` to ``target``; a broken folder that stands in the way is removed first."""
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(built, target)
