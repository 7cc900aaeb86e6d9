"""Texts of the user: a table with a text and a label in each row, or a folder of class folders of text files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.corpora.class_folders import CHECKED, build_corpus, drop_duplicates, find_class_folders
from grokaem.corpora.columns import choose_columns
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.labelled_rows import NO_PART, LabelledRows, check_most, count_noun, labelled_texts
from grokaem.corpora.limits import Meter
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.parts import own_parts
from grokaem.corpora.split_columns import Split, find_split
from grokaem.corpora.tables import read_table
from grokaem.corpora.whole_text import read_text
from grokaem.file_hash import sha256_of
from grokaem.plain_text import as_reason, is_blank, terminal

if TYPE_CHECKING:
    from grokaem.corpora.reader import Asked, TableReader


def load(path: Path, reader: TableReader, asked: Asked) -> Corpus:
    """Reads and splits a table.

    A column called split (or part, subset, ...) that holds train, validation and test decides, or columns such as
    is_test that hold 0 and 1. Otherwise a text's
    part is decided by the hash of the text itself; texts that differ by case, spaces or punctuation alone are in
    one part.

    Args:
        path (Path): the file.
        reader (TableReader): of the kind that its texts are taken for.
        asked (Asked): what the user says about it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be used; the sentence names the row and the remedy.
    """
    table = read_table(path, asked.limits)
    names = reader.kind.columns
    text, label, announced = choose_columns(path.name, table.columns, asked.text_column, asked.label_column, names)
    split = Split([], str, []) if asked.only_training else find_split(table, (text, label))
    cells = table.rows(text, label, *split.columns)
    rows = labelled_texts(
        path.name,
        ((number, t, y, part if split.columns else NO_PART) for number, (t, y, *part) in cells),
        label,
        text,
        split.part_of,
    )
    rows.set_aside[:0] = table.set_aside
    check_most(path.name, rows.set_aside, len(rows.inputs))
    rows.notes[:0] = [*table.notes, *announced, *split.notes]
    groups = _grouped(path.name, rows, reader)
    if split.columns:
        groups = own_parts(path.name, rows, groups)
    return make_corpus(
        path.name,
        rows,
        groups,
        name=terminal(path.stem),
        task=reader.kind.key,
        revision=f"sha256:{sha256_of(path)}",
        parts=rows.parts if split.columns else None,
        classes=asked.classes,
        only_training=asked.only_training,
        license="the user's own",
    )


def is_text_file(path: Path) -> bool:
    """Whether the file's ending is that of a plain text."""
    return path.suffix.lower() in (".txt", ".text")


def load_folder(folder: Path, reader: TableReader, asked: Asked) -> Corpus:
    """Reads a folder of class folders of ``.txt`` files, a text each; see :func:`load` for what is left to say.

    Args:
        folder (Path): the folder; its parts, if it has any, stand above the classes.
        reader (TableReader): of texts.
        asked (Asked): what the user says about it.

    Raises:
        ValueError: no class folders, or more texts that cannot be read than others.
    """
    found = find_class_folders(folder, is_text_file, "text", may_descend=not asked.only_training)
    meter = Meter(folder.name, sum(path.stat().st_size for path in found.files), asked.limits)
    usable, texts, aside = [], [], []
    for path in found.files:
        try:
            text = read_text(path)[0].strip()
            if is_blank(text):
                raise ValueError(f"{path.name} holds no text: write some or remove it.")
        except CHECKED as error:
            aside.append((found.name(path), as_reason(error)))
            continue
        meter.add(len(text))
        usable.append(path)
        texts.append(text)
    check_most(folder.name, aside, len(usable))
    rows = drop_duplicates(found, usable, texts, texts, "text")
    rows.notes[:0] = [f"{folder.name} is read as one text a file", *found.notes]
    rows.set_aside = [*found.set_aside, *aside]
    groups = _grouped(folder.name, rows, reader)
    return build_corpus(found, rows, groups, reader.kind.key, asked.classes, asked.only_training)


def _grouped(source: str, rows: LabelledRows, reader: TableReader) -> list[str]:
    groups = reader.groups(rows.inputs)
    if (alike := len(groups) - len(set(groups))) and not rows.parts:
        differ = "differs" if alike == 1 else "differ"
        rows.notes.append(
            f"{count_noun(alike, 'text')} of {source} {differ} from another by case, spaces or punctuation alone: such "
            "stay in one part"
        )
    return groups
