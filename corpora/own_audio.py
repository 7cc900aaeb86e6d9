"""A folder of the user: one folder a class, with sound files in it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from corpora.corpus import Corpus
from corpora.labelled_rows import LabelledRows, counted
from corpora.own_data import make_corpus
from corpora.packages import sha256_of
from corpora.splitting import tenth_of_digest

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au")
# Folders of these names at the top are parts, not classes.
PART_FOLDERS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


def is_sound_file(path: Path) -> bool:
    """Whether the file's ending is one of a sound file."""
    return path.suffix.lower() in SUFFIXES


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


def load(folder: Path, classes: list[str] | None = None, only_training: bool = False) -> Corpus:
    """Reads and splits a folder of class folders.

    The first folder below ``folder`` is the class; deeper folders do not matter. A file's part is decided by
    the hash of its content, so renaming changes nothing and copies never straddle. Where the folders at the
    top are called train, validation (or valid, val, dev) and test, they are the parts and the classes stand
    below them.

    Args:
        folder (Path): the folder.
        classes (list of str, optional): keep only these. (Default: all)
        only_training (bool, optional): all of it is the training part. (Default: ``False``)

    Returns:
        Corpus: inputs are paths; groups are digests of the files' contents.

    Raises:
        ValueError: no class folders, or a sound that cannot be read; the file is named.
    """
    files = visible_files(folder)
    sounds = [path for path in files if is_sound_file(path)]
    tops = {path.relative_to(folder).parts[0].lower() for path in sounds if path.parent != folder}
    has_parts = tops <= set(PART_FOLDERS) and {"train", "test"} <= {PART_FOLDERS[top] for top in tops}
    depth = 1 if has_parts else 0
    usable = [path for path in sounds if len(path.relative_to(folder).parts) > depth + 1]
    if not usable:
        raise ValueError(f"{folder} has no class folders with sound files: make one folder a class, and put its "
                         f"{', '.join(SUFFIXES)} files in it")  # fmt: skip
    notes = []
    if len(usable) < len(files):
        notes.append(
            f"left out {counted(len(files) - len(usable), 'file')} of {folder} that are no sound files in a class "
            f"folder (first: {next(path for path in files if path not in set(usable)).relative_to(folder)})"
        )
    digests = {}
    for path in usable:
        check_sound(path)
        digests[path] = sha256_of(path)
    rows, kept = _distinct(folder, digests, depth)
    rows.notes[:0] = notes
    groups = [digests[path] for path in kept]
    parts = [PART_FOLDERS[path.relative_to(folder).parts[0].lower()] for path in kept] if has_parts else None
    if has_parts and "validation" not in parts and not only_training:
        parts = [
            "validation" if part == "train" and tenth_of_digest(group) == 2 else part
            for part, group in zip(parts, groups, strict=True)
        ]
        rows.notes.append(
            f"{folder} has no validation folder: a tenth of train, chosen by hash, is validation"
        )
    listing = "".join(f"{digests[path]}  {path.relative_to(folder).as_posix()}\n" for path in usable)
    return make_corpus(
        str(folder),
        rows,
        groups,
        name=folder.resolve().name,
        task="audio",
        revision=f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}",
        parts=parts,
        classes=classes,
        only_training=only_training,
        license="the user's own",
    )


def check_sound(path: Path) -> None:
    """Makes sure that a sound file can be opened and has sound in it.

    Raises:
        ValueError: it cannot, or has not.
    """
    import soundfile

    try:
        information = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError) as error:
        reason = str(error).split(": ", 1)[-1].strip().rstrip(".")
        raise ValueError(
            f"{path} is not a readable sound file ({reason}): convert it to WAV or remove it"
        ) from None
    if information.frames == 0:
        raise ValueError(f"{path} has no sound in it (0 samples): record it anew or remove it")


def _distinct(folder: Path, digests: dict[Path, str], depth: int) -> tuple[LabelledRows, list[Path]]:
    """One file a content; a content that lies in folders of different classes is left out altogether."""
    by_content: dict[str, list[Path]] = {}
    for path, content in digests.items():
        by_content.setdefault(content, []).append(path)
    rows, copies, conflicts = LabelledRows(), [], []
    for same in by_content.values():
        labels = {path.relative_to(folder).parts[depth] for path in same}
        if len(labels) > 1:
            conflicts.append(same)
            continue
        copies += same[1:]
        rows.inputs.append(same[0])
        rows.labels.append(labels.pop())
    if copies:
        first = copies[0].relative_to(folder)
        rows.notes.append(
            f"dropped {counted(len(copies), 'file')} of {folder} that are copies (first: {first})"
        )
    if conflicts:
        one, other = (path.relative_to(folder) for path in conflicts[0][:2])
        rows.notes.append(
            f"dropped {counted(len(conflicts), 'sound')} of {folder} that lie in different class folders (first: "
            f"{one} and {other}); keep one of each to use them"
        )
    return rows, list(rows.inputs)
