"""Files and folders that are complete or absent: written beside their place, then renamed in one step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yields a temporary name beside ``target`` that takes its place when the block ends without an error.

    Args:
        target (Path): the file; the folders above it are made, a file of that name is replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Writes UTF-8 text so that a reader sees the old file or the new one, never half of it."""
    with new_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def new_folder(target: Path, replace: bool = False) -> Iterator[Path]:
    """Yields a temporary folder beside ``target`` that takes its name when the block ends without an error.

    Args:
        target (Path): the folder; those above it are made.
        replace (bool, optional): an older folder of that name goes, last. Otherwise, when another process
            finished the same folder in the meantime, its result stays and ours is dropped. (Default: ``False``)
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())  # mkdtemp's are for their owner alone
        if replace:
            appear(temporary, target)
            return
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def appear(folder: Path, target: Path) -> None:
    """Lets a finished folder appear under its name by renaming; an older one of that name goes last."""
    if not target.exists():
        os.rename(folder, target)
        return
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    os.rename(target, old)
    os.rename(folder, target)
    shutil.rmtree(old)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
