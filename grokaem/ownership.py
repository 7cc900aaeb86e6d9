"""Which files of a folder are ours: every folder we make holds a record of its files and their hashes.

Whoever replaces or deletes asks here first, file by file. A file that the record does not list, or that was
changed since, belongs to the user.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from grokaem import old_folders
from grokaem.file_hash import sha256_of
from grokaem.identity import weights

RECORD = ".grokaem.json"
UNDER_WAY = RECORD + ".new"  # a file of the folder that is being replaced; left by a kill
FORMAT = 1
SHOWN = 5  # foreign files that a message names


class Record(TypedDict):
    """What :data:`RECORD` holds: the files with their hashes, and what the maker of the folder wrote beside them."""

    format: int
    kind: str
    files: dict[str, str]
    pending: NotRequired[dict[str, str]]
    weights: NotRequired[str]
    id: NotRequired[str]
    data: NotRequired[dict[str, object]]
    base_model: NotRequired[dict[str, object]]
    settings: NotRequired[dict[str, object]]


@dataclass
class Contents:
    """What is in a folder, sorted by whose it is.

    Attributes:
        ours (list of Path): files that the records prove to be as we wrote them; each folder's record comes last.
        foreign (list of Path): everything else: files, links, folders without a record.
        folders (list of Path): folders of ours, the innermost first.
    """

    ours: list[Path] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def record(folder: Path, kind: str, **facts: object) -> None:
    """Writes the record of all files that are in a folder now; the last step before the folder appears.

    Args:
        folder (Path): a folder that we are making.
        kind (str): ``run``, ``export``, ``topics`` or ``words``.
        **facts: what else later commands compare, JSON-able.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in (RECORD, UNDER_WAY):
            files[path.relative_to(folder).as_posix()] = sha256_of(path)
    _save(folder, {"format": FORMAT, "kind": kind, **facts, "files": files})


def read(folder: Path) -> Record | None:
    """The record of a folder; None where there is none that can be read."""
    content = old_folders.json_object(folder / RECORD)
    if content is None or not isinstance(content.get("files"), dict) or not isinstance(content.get("kind"), str):
        return None
    return content


def hashes(found: Record, name: str) -> set[str]:
    """What a file of a folder may hold: what its record says, and what it says is about to take its place."""
    return {files[name] for files in (found["files"], found.get("pending", {})) if name in files}


def changed(folder: Path, names: Iterable[str], largest: int) -> list[str]:
    """Files of a folder that are not as its record says, or that it does not list; none where it has no record.

    Args:
        folder (Path): of ours, or a download, which has no record.
        names (iterable of str): the files to look at, those that are there.
        largest (int): bytes of a file that is worth reading for this; a larger one counts as it was.
    """
    found = read(folder)
    if found is None:
        return []
    files = [folder / name for name in names if (folder / name).is_file()]
    files = [path for path in files if path.stat().st_size <= largest]
    return [path.name for path in files if sha256_of(path) not in hashes(found, path.name)]


def kind_of(folder: Path) -> str | None:
    """What a folder holds, by its record or, where it is older than records, by its report."""
    found = read(folder)
    if found is not None:
        return found["kind"]
    return old_folders.kind_of(folder)


def contents(folder: Path) -> Contents:
    """Sorts a folder's files into ours and foreign ones; links are never followed."""
    found = Contents()
    _sort(folder, folder, read(folder), found)
    return found


def check_replaceable(folder: Path, kind: str, remedy: str) -> None:
    """Refuses to replace a folder in which there is anything that we did not write.

    Args:
        folder (Path): it may be absent, or empty.
        kind (str): what is going to take its place; only the same is replaced.
        remedy (str): what the user can do, the end of the message's sentence.

    Raises:
        ValueError: it holds something else, or a foreign file, which is named.
    """
    if not folder.exists() or not any(folder.iterdir()):
        return
    held = kind_of(folder)
    foreign = contents(folder).foreign
    if held == kind == "run" and foreign and all(_is_export(path) for path in foreign):
        raise ValueError(_about_exports(folder, foreign))
    if held is None or foreign:
        names = named(folder, foreign or list(folder.iterdir()))
        raise ValueError(f"{folder} holds what grokaem did not write ({names}): {remedy}.")
    if held != kind:
        raise ValueError(f"{folder} holds another kind of folder ({held}, not {kind}): {remedy}.")


def _is_export(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and kind_of(path) == "export"


def _about_exports(run: Path, exports: list[Path]) -> str:
    """The sentence about exports in a run that do not go with it, the first of them with the way."""
    path = exports[0]
    if contents(path).foreign:
        names = named(run, contents(path).foreign)
        return f"{path} is an export with files that grokaem did not write ({names}): move it away, then run again."
    why = "has no record, as earlier versions made it" if read(path) is None else "was made of other weights"
    again = f"python exporting/export.py {run} --overwrite"
    again += "" if path == run / "export" else f" --output-dir {path}"
    return f"the export {path} {why}, and is not replaced with its run: make it anew ({again}), or move it away."


def named(folder: Path, paths: Iterable[Path]) -> str:
    """The first few of the paths, relative to the folder, and how many more there are."""
    names = sorted(path.relative_to(folder).as_posix() for path in paths)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def remove(folder: Path) -> list[Path]:
    """Deletes what is ours in a folder, and the folder itself if nothing else was in it.

    Returns:
        list of Path: what is foreign and was left where it is.
    """
    found = contents(folder)
    for path in found.ours:
        path.unlink(missing_ok=True)
    for path in found.folders:
        try:
            path.rmdir()
        except OSError:  # not empty
            continue
    return found.foreign


def write_text(path: Path, text: str) -> None:
    """Replaces or adds a file in a folder of ours and keeps its record right.

    A folder without a record (of an earlier version) stays without one.

    Args:
        path (Path): the file.
        text (str): its new content.

    Raises:
        ValueError: the user changed the file, or it is not ours.
    """
    found = read(path.parent)
    data = text.encode("utf-8")
    if found is None:
        _replace(path, data)
        return
    if os.path.lexists(path) and not _is_ours(path, path.name, found):
        raise ValueError(f"{path} was changed by hand and is not replaced: move it away, then run again.")
    digest = hashlib.sha256(data).hexdigest()
    # A kill between the two writes must not make a foreign file of it: both contents are ours until the end.
    _save(path.parent, found | {"pending": {path.name: digest}})
    _replace(path, data)
    found["files"][path.name] = digest
    found.pop("pending", None)
    _save(path.parent, found)


def discard(path: Path) -> None:
    """Deletes a file of one of our folders, if it is there and as we wrote it."""
    found = read(path.parent)
    if found is None:
        if old_folders.wrote(path.parent, path.name) and path.is_file() and not path.is_symlink():
            path.unlink()
    elif os.path.lexists(path) and _is_ours(path, path.name, found):
        path.unlink()
        found["files"].pop(path.name, None)
        _save(path.parent, found)


def _sort(top: Path, folder: Path, found: Record | None, result: Contents) -> None:
    """Sorts ``folder``, which lies in ``top``, by the record of ``top``."""
    last = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        name = path.relative_to(top).as_posix()
        if entry.is_dir(follow_symlinks=False):
            _sort_folder(top, path, name, found, result)
        elif not entry.is_file(follow_symlinks=False):  # links, pipes
            result.foreign.append(path)
        elif entry.name in (RECORD, UNDER_WAY) and folder == top and found is not None:
            last.append(path)
        elif _is_ours(path, name, found) if found is not None else old_folders.wrote(top, name):
            result.ours.append(path)
        else:
            result.foreign.append(path)
    result.ours += last
    result.folders.append(folder)


def _sort_folder(top: Path, path: Path, name: str, found: Record | None, result: Contents) -> None:
    inner = read(path)
    if found is not None and any(file.startswith(f"{name}/") for file in found["files"]):
        _sort(top, path, found, result)
    elif inner is not None and inner["kind"] == "export" and inner.get("weights") == weights(top):
        _sort(path, path, inner, result)  # an export goes with its run
    else:
        result.foreign.append(path)


def _is_ours(path: Path, name: str, found: Record) -> bool:
    known = hashes(found, name)
    return bool(known) and path.is_file() and not path.is_symlink() and sha256_of(path) in known


def _save(folder: Path, content: Mapping[str, object]) -> None:
    _replace(folder / RECORD, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(UNDER_WAY)
    temporary.write_bytes(data)
    os.replace(temporary, path)
