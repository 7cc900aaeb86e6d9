"""Which files of a folder may become public: those that a command of ours wrote, as it wrote them.

What else lies in a run or in a model of words is the user's, and is not published. An export is a folder for publishing
and for nothing else, so that a further file in it is taken for a mistake.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from grokaem import old_folders, ownership
from grokaem.file_hash import sha256_of

NOT_SENT = ("export_failed.json", ownership.RECORD, ownership.UNDER_WAY)  # ours, and about this disk only
WORDS = ("config.json", "vocabulary.json", "words.safetensors", "README.md")  # as a download has them, without a record
AGAIN = {
    "run": "or train again",
    "export": "or make it anew with --overwrite",
    "words": "or save the model again",
}


@dataclass
class OwnFiles:
    """The files of a folder by whose they are, relative to it.

    Attributes:
        ours: as our commands wrote them.
        left: what no command of ours wrote, which is not published; a folder ends in a slash.
    """

    ours: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def own_files(folder: Path, kind: str) -> OwnFiles:
    """Sorts a folder's files by its record; where it has none, by the names that its commands wrote.

    Args:
        folder (Path): a run, an export or a model of words.
        kind (str): ``run``, ``export`` or ``words``.

    Raises:
        ValueError: a file of ours was changed, replaced by a link, or is gone.
    """
    known, found, changed = _recorded(folder), OwnFiles(), []
    for path, name in _inside(folder, known or {}):
        if known is None:
            recorded = any(fnmatch(name, pattern) for pattern in _names(kind))
        else:
            recorded = name in known
        if not recorded:
            found.left += [] if path.name in NOT_SENT or fnmatch(path.name, ".*.lock") else [name]
        elif path.is_symlink():
            raise ValueError(
                f"{path} is a link, and what it leads to may be anything: put the file itself there, {AGAIN[kind]}."
            )
        elif path.is_file() and (known is None or sha256_of(path) in known[name]):
            found.ours += [] if name in NOT_SENT else [name]
        else:
            changed.append(path)
    if changed:
        raise ValueError(
            f"{folder} holds files that were changed since they were written ({ownership.named(folder, changed)}): put "
            f"them back as they were, {AGAIN[kind]}."
        )
    if gone := sorted(set(known or {}) - set(found.ours) - set(NOT_SENT)):
        raise ValueError(f"{folder} lacks {', '.join(gone[: ownership.SHOWN])}: put it back, {AGAIN[kind]}.")
    return found


def check_own(folder: Path, kind: str) -> OwnFiles:
    """As :func:`own_files`, before anything is sent; a further file in an export is refused.

    Raises:
        ValueError: see there; or an export holds what we did not write.
    """
    found = own_files(folder, kind)
    if kind == "export" and found.left:
        raise ValueError(
            f"{folder} holds what grokaem did not write "
            f"({ownership.named(folder, [folder / name for name in found.left])}): move it away, or it would be "
            "published too."
        )
    return found


def check_report(folder: Path, name: str, kind: str) -> None:
    """Refuses a report that was changed since it was written, since the card would repeat what it says.

    Raises:
        ValueError: it was.
    """
    known = _recorded(folder)
    if known is not None and sha256_of(folder / name) not in known.get(name, ()):
        raise ValueError(
            f"{folder / name} was changed since it was written, and the card would repeat what it says: put it back as "
            f"it was, {AGAIN[kind]}."
        )


def _recorded(folder: Path) -> dict[str, set[str]] | None:
    """What each file of a folder may hold by its record; None where it has none."""
    record = ownership.read(folder)
    if record is None:
        return None
    return {name: ownership.hashes(record, name) for name in record["files"] | record.get("pending", {})}


def _names(kind: str) -> tuple[str, ...]:
    return WORDS if kind == "words" else old_folders.names(kind)


def _inside(folder: Path, known: Collection[str]) -> Iterator[tuple[Path, str]]:
    """The files of a folder and their names; of folders in which nothing is ours, only the folder.

    An export that lies in its run is not of the run's files, and nobody misses it there.
    """
    waiting = [folder]
    while waiting:
        for entry in sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name):
            path = Path(entry.path)
            name = path.relative_to(folder).as_posix()
            if not entry.is_dir(follow_symlinks=False):
                yield path, name
            elif any(one.startswith(f"{name}/") for one in known):
                waiting.append(path)
            elif ownership.kind_of(path) != "export":
                yield path, f"{name}/"
