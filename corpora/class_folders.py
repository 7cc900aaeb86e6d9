"""A folder of the user with one folder a class, and perhaps one a part above them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpora.corpus import Corpus
from corpora.labelled_rows import PART_NAMES, LabelledRows, counted
from corpora.own_data import make_corpus
from corpora.parts import own_parts
from file_hash import sha256_of
from plain_text import terminal

CHECKED = ValueError, OSError  # what makes one file unusable, and no more than that one


@dataclass(frozen=True)
class ClassFolders:
    """Files that stand in class folders.

    Attributes:
        files (list of Path): sorted.
        depth (int): of the class folders: 1 where part folders stand above them, else 0.
        notes (list of str): what was left out.
        digests (dict): of the files that :meth:`digest` was asked for.
    """

    root: Path
    files: list[Path]
    depth: int
    notes: list[str]
    digests: dict[Path, str] = field(default_factory=dict, repr=False)

    def digest(self, path: Path) -> str:
        """The sha256 of the file's content, read once."""
        if path not in self.digests:
            self.digests[path] = sha256_of(path)
        return self.digests[path]

    def name(self, path: Path) -> str:
        """The file's path below the folder."""
        return path.relative_to(self.root).as_posix()

    def label(self, path: Path) -> str:
        """The class that the file's folder names."""
        return path.relative_to(self.root).parts[self.depth]

    def part(self, path: Path) -> str | None:
        """The part that the file's top folder names, where these are parts."""
        return PART_NAMES[path.relative_to(self.root).parts[0].lower()] if self.depth else None


def visible_files(folder: Path) -> list[Path]:
    """All files below the folder, sorted; nothing whose name, or whose folder's name, begins with a dot.

    Links to folders are followed, each folder once, so that a link to one above it does not go round for ever.
    """
    found, seen = [], set()
    for top, folders, names in os.walk(folder, followlinks=True):
        where = os.stat(top)
        if (where.st_dev, where.st_ino) in seen:
            folders.clear()
            continue
        seen.add((where.st_dev, where.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(top, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def find_class_folders(folder: Path, wanted: Callable[[Path], bool], kind: str) -> ClassFolders:
    """Finds the files that stand in class folders.

    Where the folders at the top are called train, validation (or valid, val, dev) and test, they are parts, and
    the classes stand below them.

    Args:
        folder (Path): the folder.
        wanted (callable): whether a file is one of those looked for.
        kind (str): of these files, for messages, such as ``"sound"``.

    Raises:
        ValueError: there are none.
    """
    everything = visible_files(folder)
    files = [path for path in everything if wanted(path)]
    tops = {path.relative_to(folder).parts[0].lower() for path in files if path.parent != folder}
    named = {PART_NAMES.get(top) for top in tops}
    depth = 1 if None not in named and "train" in named and len(named) > 1 else 0
    usable = [path for path in files if len(path.relative_to(folder).parts) > depth + 1]
    if not usable:
        raise ValueError(
            f"{folder} has no class folders with sound or text files: make one folder a class, and put its files "
            "(.wav, .flac, .ogg, .mp3, ..., or .txt) in it"
        )
    notes = []
    if len(usable) < len(everything):
        first = next(path for path in everything if path not in set(usable))
        notes.append(
            f"left out {counted(len(everything) - len(usable), 'file')} of {folder.name} that are no {kind} files in "
            f"a class folder (first: {first.relative_to(folder)})"
        )
    return ClassFolders(folder, usable, depth, notes)


def corpus_of(
    found: ClassFolders,
    rows: LabelledRows,
    groups: list[str],
    task: str,
    classes: list[str] | None,
    only_training: bool,
) -> Corpus:
    """Splits what class folders hold, by their part folders where there are any.

    Args:
        found (ClassFolders): where the files stand.
        rows (LabelledRows): of :func:`distinct`.
        groups (list of str): what must not straddle two parts, one an example.
        task (str): ``"text"`` or ``"audio"``.
        classes (list of str, optional): keep only these.
        only_training (bool): all of it is the training part.

    Raises:
        ValueError: as :func:`corpora.own_data.make_corpus`.
    """
    name = found.root.name
    if rows.parts and not only_training:
        groups = own_parts(name, rows, groups)
    return make_corpus(
        name,
        rows,
        groups,
        name=terminal(found.root.resolve().name),
        task=task,
        revision=_listing_digest(found),
        parts=rows.parts,
        classes=classes,
        only_training=only_training,
        license="the user's own",
    )


def _listing_digest(found: ClassFolders) -> str:
    """One digest of all files and their places."""
    lines = []
    for path in found.files:
        try:
            digest = found.digest(path)
        except OSError:
            digest = "unreadable"
        lines.append(f"{digest}  {found.name(path)}\n")
    return f"sha256:{hashlib.sha256(''.join(lines).encode('utf-8', 'surrogatepass')).hexdigest()}"


def distinct(
    found: ClassFolders, files: Sequence[Path], contents: Sequence[str], inputs: Sequence[object], kind: str
) -> LabelledRows:
    """One example a content and part; a content in folders of different classes of one part is left out.

    Args:
        found (ClassFolders): where the files stand.
        files (sequence of Path): those that can be used.
        contents (sequence of str): files of the same content have the same.
        inputs (sequence): what a model is given for each.
        kind (str): for messages.

    Returns:
        LabelledRows: the examples.
    """
    same: dict[tuple[str | None, str], list[int]] = {}
    for index, (path, content) in enumerate(zip(files, contents, strict=True)):
        same.setdefault((found.part(path), content), []).append(index)
    rows, kept, copies, conflicts = LabelledRows(), [], [], []
    for indices in same.values():
        labels = {found.label(files[index]) for index in indices}
        if len(labels) > 1:
            conflicts.append(indices)
            continue
        copies += indices[1:]
        kept.append(indices[0])
        rows.inputs.append(inputs[indices[0]])
        rows.names.append(found.name(files[indices[0]]))
        rows.labels.append(labels.pop())
    if found.depth:
        rows.parts = [found.part(files[index]) for index in kept]
    folder = found.root.name
    if copies:
        first = found.name(files[copies[0]])
        rows.notes.append(f"dropped {counted(len(copies), 'file')} of {folder} that are copies (first: {first})")
    if conflicts:
        one, other = (found.name(files[index]) for index in conflicts[0][:2])
        rows.notes.append(
            f"dropped {counted(len(conflicts), kind)} of {folder} that lie in different class folders (first: "
            f"{one} and {other}); keep one of each to use them"
        )
    return rows
