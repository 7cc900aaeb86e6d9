"""A folder of the user with one folder a class, and perhaps one a part above them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grokaem.corpora.corpus import Corpus
from grokaem.corpora.label_names import unify_labels
from grokaem.corpora.labelled_rows import PART_SPELLINGS, LabelledRows, count_noun
from grokaem.corpora.lost_classes import likely_cause, lost_classes
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.parts import own_parts
from grokaem.file_hash import sha256_of
from grokaem.plain_text import as_reason, printable_name, terminal
from grokaem.regular_file import check_file

CHECKED = ValueError, OSError  # what makes one file unusable, and no more than that one


@dataclass(frozen=True)
class ClassFolders:
    """Files that stand in class folders.

    Attributes:
        files (list of Path): sorted.
        depth (int): of the class folders: 1 where part folders stand above them, else 0.
        notes (list of str): what was left out.
        set_aside (list of tuple): what looks like such a file or class and is none, with the reason.
        digests (dict): of the files that :meth:`digest` was asked for.
    """

    root: Path
    files: list[Path]
    depth: int
    notes: list[str]
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    digests: dict[Path, str] = field(default_factory=dict, repr=False)

    def digest(self, path: Path) -> str:
        """The sha256 of the file's content, read once."""
        if path not in self.digests:
            self.digests[path] = sha256_of(path)
        return self.digests[path]

    def name(self, path: Path) -> str:
        """The file's path below the folder."""
        return printable_name(path.relative_to(self.root).as_posix())

    def label(self, path: Path) -> str:
        """The class that the file's folder names."""
        return printable_name(path.relative_to(self.root).parts[self.depth])

    def part(self, path: Path) -> str | None:
        """The part that the file's top folder names, where these are parts."""
        return PART_SPELLINGS[path.relative_to(self.root).parts[0].lower()] if self.depth else None


def visible_files(folder: Path) -> list[Path]:
    """All that is no folder below the folder, sorted; nothing whose name, or whose folder's name, begins with a dot.

    Links to folders are followed, each folder once, so that a link to one above it does not go round for ever. Links
    to nothing, pipes and devices are among them: they look like files in a listing.
    """
    return sorted(path for _, files in _walked(folder) for path in files)


def _walked(folder: Path, failed: Callable[[OSError], object] | None = None) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder and its files; ``failed`` is told of those that cannot be listed."""
    seen = set()
    for top, folders, names in os.walk(folder, followlinks=True, onerror=failed):
        where = os.stat(top)
        if (where.st_dev, where.st_ino) in seen:
            folders.clear()
            continue
        seen.add((where.st_dev, where.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        yield Path(top), [Path(top, name) for name in names if not name.startswith(".")]


def find_class_folders(
    folder: Path, wanted: Callable[[Path], bool], kind: str, may_descend: bool = True
) -> ClassFolders:
    """Finds the files that stand in class folders.

    Where the folders at the top are called train, validation (or valid, val, dev) and test, they are parts, and
    the classes stand below them. Where one folder at the top holds the class folders, as in an unpacked archive, it
    is taken for the whole, and that is announced.

    Args:
        folder (Path): the folder.
        wanted (callable): whether a file is one of those looked for.
        kind (str): of these files, for messages, such as ``"sound"``.
        may_descend (bool, optional): whether a single folder may be the whole. (Default: ``True``)

    Raises:
        ValueError: there are none.
    """
    everything = visible_files(folder)
    named = [path for path in everything if wanted(path)]
    if may_descend and (inner := _only_folder(folder, named)):
        found = find_class_folders(inner, wanted, kind)
        return replace(found, notes=[f"{folder.name} holds one folder: {inner.name} is read", *found.notes])
    files = [path for path in named if path.is_file()]
    aside = [
        (printable_name(path.relative_to(folder).as_posix()), _no_file(path)) for path in named if not path.is_file()
    ]
    tops = {path.relative_to(folder).parts[0] for path in files if path.parent != folder}
    parts = {PART_SPELLINGS.get(top.lower()) for top in tops}
    depth = 1 if None not in parts and "train" in parts and len(parts) > 1 else 0
    usable = [path for path in files if len(path.relative_to(folder).parts) > depth + 1]
    if not usable:
        raise ValueError(_without_classes(folder, sorted(tops) if depth else [], aside))
    notes = []
    known = {*usable, *(path for path in named if not path.is_file())}
    if left := [path for path in everything if path not in known]:
        notes.append(
            f"left out {count_noun(len(left), 'file')} of {folder.name} that are no {kind} files in "
            f"a class folder (first: {left[0].relative_to(folder)})"
        )
    return ClassFolders(folder, usable, depth, notes, [*aside, *_empty_folders(folder, usable, depth, kind)])


def _no_file(path: Path) -> str:
    try:
        check_file(path)
    except CHECKED as error:
        return as_reason(error).replace(str(path), "it")
    return "it is gone: start again"


def _only_folder(folder: Path, named: list[Path]) -> Path | None:
    """The folder that holds all the class folders, if one does."""
    below = [path.relative_to(folder).parts for path in named]
    if len({parts[0] for parts in below}) != 1 or any(len(parts) < 3 for parts in below):
        return None
    return folder / below[0][0] if len({parts[1] for parts in below}) > 1 else None


def _empty_folders(folder: Path, usable: list[Path], depth: int, kind: str) -> list[tuple[str, str]]:
    """Class folders without a file to use, and folders that cannot be listed."""
    failed: list[OSError] = []
    places = [top.relative_to(folder).parts for top, _ in _walked(folder, failed.append)]
    named = {parts[depth] for parts in places if len(parts) == depth + 1}
    held = {path.relative_to(folder).parts[depth] for path in usable}
    empty = [
        (f"class {printable_name(name)!r}", f"its folder holds no {kind} file: fill or remove it")
        for name in sorted(named - held)
    ]
    return empty + [
        (
            str(Path(error.filename).relative_to(folder)),
            f"it cannot be listed ({error.strerror}): give yourself the right to read it",
        )
        for error in failed
    ]


def _without_classes(folder: Path, parts: list[str], aside: list[tuple[str, str]]) -> str:
    if parts:
        return (
            f"the folders {' and '.join(parts)} of {folder} are taken for its parts and hold no class folders: put "
            "class folders into them, or rename them if they are the classes."
        )
    if aside:
        return f"{folder} has no file that can be read: {aside[0][0]}: {aside[0][1]}."
    return (
        f"{folder} has no class folders with sound or text files: make one folder a class, and put its files "
        "(.wav, .flac, .ogg, .mp3, ..., or .txt) in it."
    )


def build_corpus(
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
        rows (LabelledRows): of :func:`drop_duplicates`.
        groups (list of str): what must not straddle two parts, one an example.
        task (str): key of the kind.
        classes (list of str, optional): keep only these.
        only_training (bool): all of it is the training part.

    Raises:
        ValueError: as :func:`grokaem.corpora.own_data.make_corpus`.
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


def drop_duplicates(
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
        # Every file has a part where the folders say parts.
        rows.parts = [found.part(files[index]) for index in kept]  # pyright: ignore[reportAttributeAccessIssue]
    folder = found.root.name
    together = [[found.label(files[index]) for index in indices] for indices in conflicts]
    rows.lost = lost_classes(rows.labels, together)
    unify_labels(folder, rows.labels, rows.notes)
    if copies:
        first = found.name(files[copies[0]])
        rows.notes.append(f"dropped {count_noun(len(copies), 'file')} of {folder} that are copies (first: {first})")
    if conflicts:
        one, other = (found.name(files[index]) for index in conflicts[0][:2])
        rows.notes.append(
            f"dropped {count_noun(len(conflicts), kind)} of {folder} that lie in different class folders (first: "
            f"{one} and {other}); keep one of each to use them{likely_cause(together)}"
        )
    return rows
