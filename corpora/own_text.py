"""A table of the user: CSV, TSV, JSON lines or Parquet with a text and a label in each row."""

from __future__ import annotations

from pathlib import Path

from corpora.columns import choose_columns
from corpora.corpus import Corpus
from corpora.labelled_rows import labelled_texts
from corpora.own_data import make_corpus
from corpora.packages import sha256_of
from corpora.splitting import digest
from corpora.tables import read_table


def load(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    classes: list[str] | None = None,
    only_training: bool = False,
) -> Corpus:
    """Reads and splits a table; a text's part is decided by the hash of the text itself.

    Args:
        path (Path): the file.
        text_column (str, optional): where the texts are. (Default: recognised, and announced)
        label_column (str, optional): where the classes are. (Default: recognised, and announced)
        classes (list of str, optional): keep only these. (Default: all)
        only_training (bool, optional): all of it is the training part. (Default: ``False``)

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be used; the sentence names the row and the remedy.
    """
    table = read_table(path)
    text, label, announced = choose_columns(str(path), table.columns, text_column, label_column)
    rows = labelled_texts(
        str(path), ((number, values.get(text), values.get(label)) for number, values in table.rows), label
    )
    rows.notes[:0] = [*table.notes, *announced]
    return make_corpus(
        str(path),
        rows,
        [digest(text) for text in rows.inputs],
        name=path.stem,
        task="text",
        revision=f"sha256:{sha256_of(path)}",
        classes=classes,
        only_training=only_training,
        license="the user's own",
    )
