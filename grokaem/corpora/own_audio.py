"""A folder of the user: one folder a class, with sound files in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.corpora.class_folders import CHECKED, build_corpus, drop_duplicates, find_class_folders
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.labelled_rows import check_most
from grokaem.corpora.sounds import check_sound, groups_of_sounds, is_sound_file
from grokaem.plain_text import as_reason

if TYPE_CHECKING:
    from grokaem.corpora.reader import Asked, TableReader


def load(folder: Path, reader: TableReader, asked: Asked) -> Corpus:
    """Reads and splits a folder of class folders; see :func:`grokaem.corpora.class_folders.find_class_folders`.

    A file's part is decided by the hash of its content, so renaming changes nothing, and files with the same
    samples never straddle. A file that cannot be read is set aside.

    Args:
        folder (Path): the folder.
        reader (TableReader): of sounds.
        asked (Asked): what the user says about it.

    Returns:
        Corpus: inputs are paths; groups are digests of the files' contents.

    Raises:
        ValueError: no class folders, or more sounds that cannot be read than others.
    """
    found = find_class_folders(folder, is_sound_file, "sound", may_descend=not asked.only_training)
    usable, contents, aside = [], [], []
    for path in found.files:
        try:
            check_sound(path, found.name(path))
            contents.append(found.digest(path))
        except CHECKED as error:
            aside.append((found.name(path), as_reason(error)))
        else:
            usable.append(path)
    check_most(folder.name, aside, len(usable))
    rows = drop_duplicates(found, usable, contents, usable, "sound")
    rows.notes[:0] = found.notes
    rows.set_aside = [*found.set_aside, *aside]
    groups = groups_of_sounds(rows.inputs, [found.digest(path) for path in rows.inputs])
    return build_corpus(found, rows, groups, reader.kind.key, asked.classes, asked.only_training)
