"""How labelled data of a kind are read: a table, each cell as it stands, unless the kind has a reader of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem.corpora.limits import COMMAND, Limits
from grokaem.kinds import Kind

if TYPE_CHECKING:
    from grokaem.corpora.corpus import Corpus
    from grokaem.corpora.labelled_rows import LabelledRows


@dataclass(frozen=True)
class Asked:
    """What the user says about a file or folder of his; see :func:`grokaem.corpora.load`."""

    text_column: str | None = None
    label_column: str | None = None
    classes: list[str] | None = None
    only_training: bool = False
    limits: Limits = COMMAND


class TableReader:
    """Reads tables; the readers of other kinds are subclasses.

    Args:
        kind (Kind): what is read.

    Attributes:
        reads_tables (bool): files with a row for each example.
        reads_folders (bool): folders of class folders.
    """

    reads_tables = True
    reads_folders = False

    def __init__(self, kind: Kind):
        self.kind = kind

    def holds(self, folder: Path) -> bool:
        """Whether the files below a folder are of this kind."""
        return False

    def table(self, path: Path, asked: Asked) -> Corpus:
        """Reads and splits a table.

        Raises:
            ValueError: it cannot be used, or no table can.
        """
        from grokaem.corpora import own_text

        return own_text.load(path, self, asked)

    def folder(self, path: Path, asked: Asked) -> Corpus:
        """Reads and splits a folder of class folders.

        Raises:
            ValueError: it cannot be used, or no folder can.
        """
        column = self.kind.columns[0]
        raise ValueError(
            f"{path} is a folder: give {self.kind.title} as a table with the columns {column} and label, such as .csv."
        )

    def form(self, item: Any) -> str:  # text or path, as the kind has it
        """What a model can tell of an input: equal for those that it cannot tell apart."""
        return str(item)

    def groups(self, inputs: Sequence[Any]) -> list[str]:
        """A digest for each input, the same for those that must not straddle two parts."""
        from grokaem.corpora.splitting import digest

        return [digest(self.form(item)) for item in inputs]

    def hub_columns(self, features: Mapping[str, object]) -> list[str]:
        """The columns of a data set of the Hub that hold this kind and no other, by their features."""
        return []

    def hub_column(self, name: str, columns: list[str], own: list[str], asked: str | None) -> str | None:
        """Which of the columns to read; None where their names will tell.

        Args:
            name (str): the data set, for messages.
            columns (list of str): all of them.
            own (list of str): what :meth:`hub_columns` gave.
            asked (str or None): the user's choice.

        Raises:
            ValueError: none can be.
        """
        return asked

    def hub_prepared(self, data: Any, column: str) -> Any:  # a Dataset of a library that need not be there
        """A part of a data set, made ready to be read."""
        return data

    def hub_rows(
        self, name: str, pairs: list[tuple], origin: list[str], column: str, label: str
    ) -> tuple[LabelledRows, list[str]]:
        """The examples of a data set of the Hub and their groups.

        Args:
            name (str): the data set.
            pairs (list of tuple): input and label.
            origin (list of str): the part of each.
            column (str): of the inputs, for messages.
            label (str): the labels' column, for messages.
        """
        from grokaem.corpora.labelled_rows import labelled_texts

        numbered = enumerate(zip(pairs, origin, strict=True), start=1)
        rows = labelled_texts(name, ((i, *pair, part) for i, (pair, part) in numbered), label, column, str)
        return rows, self.groups(rows.inputs)


def reader_of(kind: Kind) -> TableReader:
    """What reads a kind."""
    return kind.resolved("reader")(kind)
