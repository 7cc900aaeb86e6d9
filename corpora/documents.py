"""Texts for topic modelling: labels are welcome and not needed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from corpora.columns import LABEL_NAMES, choose_text_column
from corpora.corpus import Corpus, Documents
from corpora.encodings import read_text
from corpora.labelled_rows import as_text, counted, sorted_labels
from corpora.tables import read_table


def from_corpus(corpus: Corpus) -> Documents:
    """All texts of a labelled corpus: train, validation, test."""
    parts = (corpus.train, corpus.validation, corpus.test)
    return Documents(
        corpus.name,
        [text for part in parts for text in part.inputs],
        [corpus.label_names[label] for part in parts for label in part.labels],
        list(corpus.label_names),
        list(corpus.notes),
    )


def lee_news() -> Documents:
    """About 300 news articles of the Australian Broadcasting Corporation, which gensim carries for its tests.

    Raises:
        ValueError: gensim is not installed.
    """
    specification = find_spec("gensim")  # found, not imported: that would take a second
    if specification is None:
        raise ValueError("lee_news comes with gensim, which is not installed: run `pip install gensim`")
    path = Path(specification.submodule_search_locations[0]) / "test" / "test_data" / "lee_background.cor"
    if not path.exists():
        raise ValueError("this gensim has no test data, where lee_news lies: run `pip install gensim==4.4.0`")
    lines = path.read_text(encoding="utf-8").splitlines()
    return Documents("lee_news", [line.strip() for line in lines if line.strip()])


def from_file(path: Path, text_column: str | None = None, label_column: str | None = None) -> Documents:
    """Reads a text file with one document a line, or the text column of a table.

    Args:
        path (Path): ``.txt``, or a table (:data:`corpora.tables.SUFFIXES`).
        text_column (str, optional): where the texts are. (Default: recognised, and announced)
        label_column (str, optional): where the classes are. (Default: a column called label, if there is one)

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be used.
    """
    if path.suffix.lower() == ".txt":
        text, notes = read_text(path)
        cells = [(line, None) for line in text.splitlines()]
        labelled = False
    else:
        table = read_table(path)
        notes = list(table.notes)
        if label_column is not None and label_column not in table.columns:
            raise ValueError(
                f"{path} has no column {label_column!r}: give --label-column one of {', '.join(table.columns)}"
            )
        column, announced = choose_text_column(str(path), table.columns, text_column)
        notes += announced
        if label_column is None:
            lowered = {name.lower(): name for name in table.columns if name != column}
            label_column = next((lowered[name] for name in LABEL_NAMES if name in lowered), None)
        labelled = label_column is not None
        cells = [(values.get(column), values.get(label_column)) for _, values in table.rows]
    texts, labels, unlabelled = [], [], 0
    for value, label in cells:
        document = as_text(value)
        if document is not None:
            texts.append(document)
            labels.append(as_text(label) or "")
            unlabelled += not labels[-1]
    if not texts:
        raise ValueError(f"{path} has no text in it: give one document a line, or a table with a text column")
    if len(texts) < len(cells):
        notes.append(f"dropped {counted(len(cells) - len(texts), 'empty row')} of {path.name}")
    if labelled and unlabelled:
        notes.append(f"{counted(unlabelled, 'document')} of {path.name} without a label: labels are not used")
        labelled = False
    return Documents(
        path.stem, texts, labels if labelled else None, sorted_labels(labels) if labelled else [], notes
    )
