"""Where a command's folder or file goes: looked over before the long work, and held by one process at a time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from grokaem import ownership
from grokaem.atomic import lock, tidy, unlock

TRIES = 10
REPORTS = {"run.json": "run", "parity.json": "export"}  # of folders in which no other may lie


def destination(path: str | Path, flag: str = "--output-dir", inside: Path | None = None) -> Path:
    """The folder that a finished one will be renamed to; a link to a folder is followed.

    Args:
        path (str or Path): as the user wrote it.
        flag (str, optional): that it was given by, for the messages. (Default: ``--output-dir``)
        inside (Path, optional): a run in which it may lie, as an export does. (Default: none)

    Returns:
        Path: the same folder, by a name that can be renamed to.

    Raises:
        ValueError: no folder can be renamed to it.
    """
    try:
        path = Path(path).expanduser()
        resolved = path.resolve()
        link = path.is_symlink()
        if link and not path.exists():
            raise ValueError(f"{flag} {path} is a link that leads nowhere: remove it, or make what it points to.")
        if path.exists() and not path.is_dir():
            raise ValueError(f"{flag} {path} is a file: give the name of a folder.")
    except (OSError, RuntimeError) as error:  # a loop of links, a user without a home, a name that is too long
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{flag} {path} cannot be used ({reason}): give another folder.") from None
    for place, name in ((Path.cwd(), "the folder you are in"), (Path.home(), "your home folder")):
        place = place.resolve()
        if resolved == place or resolved in place.parents:
            what = "is" if resolved == place else "holds"
            raise ValueError(f"{flag} {path} {what} {name}: give a new folder, such as {path / 'new'}.")
    if os.path.ismount(resolved):
        raise ValueError(f"{flag} {path} is a mount point, which cannot be replaced: give a folder in it.")
    for parent in resolved.parents:
        for report, kind in REPORTS.items():
            if (parent / report).is_file() and (inside is None or parent != inside.resolve()):
                raise ValueError(f"{flag} {path} lies inside the {kind} {parent}: give a folder outside of it.")
    return resolved if link or path.name in ("", "..") else path


@contextmanager
def claimed(target: Path, flag: str = "--output-dir") -> Iterator[None]:
    """Holds the name of a folder or file, so that no other process works on the same one; a kill lets go of it.

    What earlier commands left beside it when they were killed is tidied first.

    Args:
        target (Path): the folder, as :func:`destination` gave it; or a file.
        flag (str, optional): that it was given by, for the messages. (Default: ``--output-dir``)

    Raises:
        ValueError: another process works on it, or nothing can be written beside it.
    """
    path = target.with_name(f".{target.name}.lock")
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path, target, flag)
        tidy(target.parent)
        _tidy_locks(target.parent)
    except OSError as error:
        _drop_empty(made)
        raise ValueError(
            f"{flag} {target} cannot be written ({error.strerror or error}): give a folder where you may write."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        unlock(descriptor)
        _drop_empty(made)


@contextmanager
def claimed_files(**files: Path | None) -> Iterator[None]:
    """Holds the files that a command is going to write, as :func:`claimed` does.

    Args:
        **files: by the name of the option that gave it, ``html`` for ``--html``; None is left out.

    Raises:
        ValueError: another process writes one of them, or two are the same file.
    """
    seen: dict[Path, str] = {}
    with ExitStack() as held:
        for option, path in files.items():
            if path is None:
                continue
            flag = f"--{option}"
            try:
                path = path.expanduser().resolve()
            except (OSError, RuntimeError) as error:  # a loop of links
                reason = getattr(error, "strerror", None) or error
                raise ValueError(f"{flag} {path} cannot be used ({reason}): give another file.") from None
            if path in seen:
                raise ValueError(f"{flag} {path} is the file of {seen[path]} too: give each its own.")
            seen[path] = flag
            held.enter_context(claimed(path, flag))
        yield


def is_claimed(target: Path) -> bool:
    """Whether a process works on a folder at this moment."""
    path = target.with_name(f".{target.name}.lock")
    if not path.is_file() or path.is_symlink():
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        return not lock(descriptor, path)
    finally:
        unlock(descriptor)


def _locked(path: Path, target: Path, flag: str) -> int:
    """The descriptor of the locked file."""
    tries = 0
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        content = os.read(descriptor, 200)
        if content and not _is_ours(content):
            os.close(descriptor)
            raise ValueError(f"{path} is in the way and was not written by grokaem: move it away.")
        if lock(descriptor, path):
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"grokaem": "lock", "pid": os.getpid()}).encode(), 0)
            return descriptor
        held = path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())
        unlock(descriptor)
        tries += 1
        if not held or not content:  # its holder has just let go, or has just come
            continue
        pid = json.loads(content)["pid"]
        if _lives(pid) or tries > TRIES:  # else it is being tidied away at this moment, or held on another machine
            raise ValueError(
                f"{flag} {target} is being written by process {pid}: wait until it is done, or give another {flag}."
            )
        time.sleep(0.05)


def _tidy_locks(parent: Path) -> None:
    """Removes the locks that killed processes left in a folder; whoever opens one meanwhile sees that it is gone."""
    for path in parent.glob(".*.lock"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                content = os.read(descriptor, 200)
                if _is_ours(content) and lock(descriptor, path, without_locks=False):
                    path.unlink()
            finally:
                unlock(descriptor)


def _lives(pid: int) -> bool:
    """Whether there is such a process on this machine."""
    return Path(f"/proc/{pid}").exists()


def _is_ours(content: bytes) -> bool:
    try:
        found = json.loads(content)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("grokaem") == "lock" and isinstance(found.get("pid"), int)


def _drop_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def check_replaceable(target: Path, kind: str, remedy: str) -> None:
    """As :func:`grokaem.ownership.check_replaceable`, and refuses while an export inside is being made.

    Raises:
        ValueError: see there; or a process works inside it.
    """
    if target.is_dir():
        tidy(target)
        for path in target.glob(".*.lock"):
            if is_claimed(target / path.name[1 : -len(".lock")]):
                raise ValueError(f"{target} is in use, a process writes into it: wait until it is done.")
            if path.is_file() and not path.is_symlink() and _is_ours(path.read_bytes()[:200]):
                path.unlink()  # left by a kill
    ownership.check_replaceable(target, kind, remedy)
