"""Texts for topic modelling: labels are welcome and not needed."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from grokaem.corpora.columns import LABEL_NAMES, choose_text_column
from grokaem.corpora.corpus import Corpus, Documents
from grokaem.corpora.labelled_rows import as_label, as_text, check_most, count_noun, sorted_labels
from grokaem.corpora.limits import COMMAND, Limits, Meter
from grokaem.corpora.table_rows import BadRow, Rows
from grokaem.corpora.tables import Table, read_table
from grokaem.plain_text import is_blank
from grokaem.regular_file import check_file
from grokaem.text_encoding import find_encoding, is_undecoded, open_text, read_line


def from_corpus(corpus: Corpus) -> Documents:
    """All texts of a labelled corpus: train, validation, test."""
    parts = (corpus.train, corpus.validation, corpus.test)
    return Documents(
        corpus.name,
        [text for part in parts for text in part.inputs],
        [corpus.label_names[label] for part in parts for label in part.labels],
        list(corpus.label_names),
        list(corpus.notes),
        list(corpus.set_aside),
    )


def from_file(
    path: Path, text_column: str | None = None, label_column: str | None = None, limits: Limits = COMMAND
) -> Documents:
    """Reads a text file with one document a line, or the text column of a table.

    A line ends at a line feed, a carriage return or both; other line breaks stand inside it.

    Args:
        path (Path): ``.txt``, or a table (:data:`grokaem.corpora.tables.SUFFIXES`).
        text_column (str, optional): where the texts are. (Default: recognised, and announced)
        label_column (str, optional): where the classes are. (Default: a column called label, if there is one)
        limits (Limits, optional): how much is read. (Default: a command's)

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be used.
    """
    table = read_lines(path, limits) if path.suffix.lower() == ".txt" else read_table(path, limits)
    notes = list(table.notes)
    if label_column is not None and label_column not in table.columns:
        raise ValueError(
            f"{path.name} has no column {label_column!r}: give --label-column one of {', '.join(table.columns[:12])}."
        )
    column, announced = choose_text_column(path.name, table.columns, text_column)
    if path.suffix.lower() != ".txt":
        notes += announced
    if label_column is None:
        lowered = {name.lower(): name for name in table.columns if name != column and name not in table.nested}
        label_column = next((lowered[name] for name in LABEL_NAMES if name in lowered), None)
    texts, labels, aside, read, unlabelled = [], [], [], 0, 0
    different: dict[str, str] = {}  # one object a text, however often it stands there
    for number, (value, label) in table.rows(column, label_column):
        read += 1
        try:
            document = as_text(value, column)
            named = None if label is None or label_column is None else as_label(label, label_column)
        except ValueError as error:
            if isinstance(value, str) and not is_blank(value):  # only its label is none
                document, named = value.strip(), None
            else:
                aside.append((f"row {number}", str(error)))
                continue
        if document is not None:
            texts.append(different.setdefault(document, document))
            labels.append("" if named is None else different.setdefault(named, named))
            unlabelled += named is None
    aside = [*table.set_aside, *aside]
    check_most(path.name, aside, len(texts))
    if not texts:
        raise ValueError(f"{path.name} has no text in it: give one document a line, or a table with a text column.")
    if dropped := read - len(texts) - (len(aside) - len(table.set_aside)):
        notes.append(f"dropped {count_noun(dropped, 'empty row')} of {path.name}")
    labelled = label_column is not None
    if labelled and unlabelled:
        notes.append(f"{count_noun(unlabelled, 'document')} of {path.name} without a label: labels are not used")
        labelled = False
    return Documents(
        path.stem, texts, labels if labelled else None, sorted_labels(labels) if labelled else [], notes, aside
    )


def read_lines(path: Path, limits: Limits = COMMAND) -> Table:
    """A text file as a table of one column, ``text``, a row a line; see :func:`grokaem.corpora.tables.read_table`."""
    check_file(path)
    size = path.stat().st_size
    codec, notes = find_encoding(path)

    meter = partial(Meter, path.name, size, limits)

    def lines(_wanted: list[str]) -> Rows:
        number = 0
        with open_text(path, codec) as file:
            while line := read_line(file, path):
                number += 1
                if is_undecoded(line):
                    yield number, BadRow(f"bytes that are not {codec.upper()}: save the file anew as UTF-8")
                elif "\0" in line:
                    yield number, BadRow("a NUL character, which no text has: remove it")
                else:
                    yield number, [line]

    meter()  # refuses by the file's size before a line is read
    return Table(path.name, ["text"], lines, meter, notes)
