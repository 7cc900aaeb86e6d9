"""Files and folders that are complete or absent: written beside their place, then renamed in one step.

What is under way lies in a hidden folder with a marker in it that its maker keeps locked. A kill leaves such a
folder behind, and the lock ends with its process: the next command that writes beside it takes it away.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grokaem import ownership

SUFFIX = ".grokaem"  # of hidden folders of what is under way
MARKER = ".grokaem-temporary"
OLD = "old"  # in such a folder: what was renamed aside to make room
TRIES = 5
_HELD: set[int] = set()  # descriptors of locked files


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yields a temporary name that takes the place of ``target`` when the block ends without an error.

    Args:
        target (Path): the file; the folders above it are made, a file of that name is replaced. A block that
            wrote nothing changes nothing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent, target.name) as folder:
        temporary = folder / target.name
        yield temporary
        if temporary.exists():
            os.replace(temporary, target)


def write_text(target: Path, text: str) -> None:
    """Writes UTF-8 text so that a reader sees the old file or the new one, never half of it."""
    with new_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def new_folder(
    target: Path, kind: str | None = None, replace: bool = False, within_ours: bool = False
) -> Iterator[Path]:
    """Yields a temporary folder beside ``target`` that takes its name when the block ends without an error.

    Args:
        target (Path): the folder; those above it are made.
        kind (str, optional): of the record that is written into it, see :mod:`grokaem.ownership`. (Default: no record)
        replace (bool, optional): an older folder of that name goes, last. Otherwise, when another process
            finished the same folder in the meantime, its result stays and ours is dropped. (Default: ``False``)
        within_ours (bool, optional): see :func:`rename_into_place`. (Default: ``False``)
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent, target.name) as folder:
        new = folder / "new"
        new.mkdir()
        yield new
        if kind is not None:
            ownership.record(new, kind)
        if replace:
            rename_into_place(new, target, within_ours)
            return
        try:
            new.rename(target)
        except OSError:
            if not target.is_dir():
                raise


def rename_into_place(folder: Path, target: Path, within_ours: bool = False) -> None:
    """Lets a finished folder appear under its name by renaming; an older one of that name goes last.

    A kill, an error or an interruption in between loses nothing: the older one is put back, or its removal finished,
    when the block below ends, however it ends, or by :func:`tidy`.

    Args:
        folder (Path): the finished one, on the same file system.
        target (Path): its name. What is not ours in an older folder there is kept, beside it.
        within_ours (bool, optional): the older one lies in a folder of ours, such as the cache or an unfinished run,
            so it goes with all that is in it. (Default: ``False``)
    """
    if not os.path.lexists(target):
        os.rename(folder, target)
        return
    with temporary_folder(target.parent, target.name, aside=target.name, within_ours=within_ours) as aside:
        os.rename(target, aside / OLD)
        os.rename(folder, target)


@contextmanager
def temporary_folder(parent: Path, name: str, **facts: object) -> Iterator[Path]:
    """A hidden folder beside what it is for, gone when the block ends; after a kill, when :func:`tidy` comes by.

    Args:
        parent (Path): the folder it is made in; it must exist.
        name (str): of what is being written, for those who look into the folder.
        **facts: kept in its marker.
    """
    tidy(parent)
    folder, descriptor = _marked(parent, name, facts)
    try:
        yield folder
    finally:
        try:
            _settle_old(folder, facts)
            delete_folder(folder)
        except OSError as error:
            if (folder / OLD).is_dir():
                problem = f"cannot be taken away yet ({error.strerror or error}); the next command here tries again"
                print(f"note: {folder / OLD}, an older {name}, {problem}", file=sys.stderr)
        unlock(descriptor)


def tidy(parent: Path) -> None:
    """Removes what killed processes left under way in a folder, and puts back what they had renamed aside.

    Only folders with our marker are touched, and none whose maker lives.

    Args:
        parent (Path): the folder; those in it are not looked into.
    """
    try:
        names = [name for name in os.listdir(parent) if name.startswith(".") and name.endswith(SUFFIX)]
    except OSError:
        return
    for name in names:
        folder = parent / name
        if folder.is_symlink() or not folder.is_dir():
            continue
        with contextlib.suppress(OSError):
            folder.rmdir()  # its maker was killed before the marker
        with contextlib.suppress(OSError):
            _tidy_one(folder)


def _tidy_one(folder: Path) -> None:
    marker = folder / MARKER
    if marker.is_symlink() or not marker.is_file():
        return
    descriptor = os.open(marker, os.O_RDWR)
    try:
        # Without locks nobody can tell whether its maker lives: a leftover costs less than what is under way.
        if not lock(descriptor, marker, without_locks=False):
            return
        facts = _facts(marker)
        if facts is None:  # not what we write
            return
        _settle_old(folder, facts)
        delete_folder(folder)
    finally:
        unlock(descriptor)


def delete_folder(folder: Path, last: str = MARKER) -> None:
    """Removes a folder of ours with all that is in it; the file that proves it ours goes last, in case of a kill."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != last:
            path.unlink(missing_ok=True)
    (folder / last).unlink(missing_ok=True)
    folder.rmdir()


def _settle_old(folder: Path, facts: dict[str, object]) -> None:
    """Puts back what was renamed aside, or removes it where its successor is in its place."""
    aside, old = facts.get("aside"), folder / OLD
    if not isinstance(aside, str) or not old.is_dir():
        return
    target = folder.parent / aside
    if not os.path.lexists(target):
        os.rename(old, target)
    elif facts.get("within_ours") is True:
        shutil.rmtree(old)
    else:
        _remove_old(old, target)


def _remove_old(old: Path, target: Path) -> None:
    """Removes a folder that was replaced; what came into it while its successor was made is not ours to delete."""
    if not ownership.remove(old):
        return
    number = 1
    while os.path.lexists(kept := target.with_name(f"{target.name}.kept-{number}")):
        number += 1
    os.rename(old, kept)
    print(f"{target} was replaced; what grokaem had not written in it is in {kept} now.", flush=True)


def _marked(parent: Path, name: str, facts: dict[str, object]) -> tuple[Path, int]:
    """A new folder with a marker that this process has locked, and the lock's descriptor."""
    for _ in range(TRIES):
        folder = Path(tempfile.mkdtemp(prefix=f".{name[:40]}.", suffix=SUFFIX, dir=parent))
        try:
            descriptor = os.open(folder / MARKER, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        except FileNotFoundError:  # another process took the empty folder for a leftover
            continue
        if lock(descriptor, folder / MARKER):
            os.write(descriptor, json.dumps({"pid": os.getpid(), **facts}).encode())
            return folder, descriptor
        unlock(descriptor)
    raise OSError(f"no temporary folder can be kept in {parent}, where others remove it: choose another place.")


def _facts(marker: Path) -> dict[str, object] | None:
    text = marker.read_text(encoding="utf-8", errors="replace")
    if not text:  # killed before it was written
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) and "pid" in content else None


def lock(descriptor: int, path: Path, without_locks: bool = True) -> bool:
    """Locks an open file until :func:`unlock` or the end of this process.

    Args:
        descriptor (int): the open file; a forked child gives up its share of the lock.
        path (Path): its name.
        without_locks (bool, optional): the answer on a file system that has none. (Default: ``True``: work goes on)

    Returns:
        bool: False if another one holds it, or the name stands for another file by now.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        if not without_locks:
            return False
    try:
        same = os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
    if same:
        _HELD.add(descriptor)
    return same


def unlock(descriptor: int) -> None:
    """Closes a file that :func:`lock` was asked for."""
    _HELD.discard(descriptor)
    os.close(descriptor)


def _after_fork() -> None:
    # A child that outlives a killed parent would keep the lock.
    for descriptor in _HELD:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _HELD.clear()


os.register_at_fork(after_in_child=_after_fork)
