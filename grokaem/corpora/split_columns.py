"""Which columns of a table say to what part each row belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grokaem.corpora.labelled_rows import PART_SPELLINGS, as_part
from grokaem.corpora.tables import Table

# A column of one of these names whose cells are parts is taken as the split.
SPLIT_COLUMNS = ("split", "splits", "part", "partition", "subset", "set", "fold", "data_split", "dataset_split")
# And of these, whose cells often are something else: nothing is said where they are no parts.
PERHAPS = ("usage", "phase", "stage", "purpose", "dataset", "data_set", "split_name", "type")
LOOKED_AT = 1000  # rows by which a column is known for a split
_FLAGS = {
    **{f"{verb}{name}": "test" for verb in ("is_", "in_", "is") for name in ("test", "holdout", "heldout", "held_out")},
    **{f"{verb}{name}": "validation" for verb in ("is_", "in_", "is")
       for name in ("validation", "valid", "val", "dev", "eval")},
    **{f"{verb}{name}": "train" for verb in ("is_", "in_", "is") for name in ("train", "training")},
}  # fmt: skip
_YES = {"1": True, "1.0": True, "true": True, "yes": True, "y": True, "t": True}
_NO = {"0": False, "0.0": False, "false": False, "no": False, "n": False, "f": False}
_ANSWERS = _YES | _NO


@dataclass(frozen=True)
class Split:
    """Columns that are the split.

    Attributes:
        columns (list of str): of the table; none where it has no split.
        part_of (callable): from their cells in a row, a list, to the part; raises ValueError for cells that name none.
        notes (list of str): announcements.
    """

    columns: list[str]
    part_of: Callable[[list[object]], str]
    notes: list[str]


def find_split(table: Table, taken: tuple[str, str]) -> Split:
    """The columns that say which part each row belongs to, if there are any.

    That is one column of parts, or columns such as ``is_test`` that say yes or no.

    Args:
        table (Table): the table.
        taken (tuple of str): its text and label columns.
    """
    free = [column for column in table.columns if column not in taken and column not in table.nested]
    lowered = {_plain(column): column for column in reversed(free)}
    notes = []
    for name in (*SPLIT_COLUMNS, *PERHAPS):
        if name not in lowered:
            continue
        column = lowered[name]
        if _holds(table, column, PART_SPELLINGS):
            said = f"the parts are those of column {column!r} of {table.source}"
            return Split([column], lambda cells: as_part(cells[0]), [said])
        if name in SPLIT_COLUMNS:
            notes.append(
                f"column {column!r} of {table.source} does not hold train, validation and test: it is not used"
            )
    flags = [(column, _FLAGS[name]) for name, column in lowered.items() if name in _FLAGS]
    known = [(column, part) for column, part in flags if _holds(table, column, _ANSWERS)]
    notes += [
        f"column {column!r} of {table.source} does not say yes or no: it is not used"
        for column, part in flags
        if (column, part) not in known
    ]
    if not known:
        return Split([], lambda _: "", notes)
    columns = [column for column, _ in known]
    said = f"the parts are those that {' and '.join(map(repr, columns))} of {table.source} {_verb(columns)}"
    return Split(columns, lambda cells: _flagged(known, cells), [*notes, said])


def _verb(columns: list[str]) -> str:
    return "says" if len(columns) == 1 else "say"


def _plain(column: str) -> str:
    return column.strip().lower().replace("-", "_").replace(" ", "_")


def _holds(table: Table, column: str, words: dict) -> bool:
    """Whether at least half of a column's cells are among these words."""
    before, seen, known = list(table.set_aside), 0, 0
    for _, (value,) in table.rows(column):
        seen += 1
        known += str(value).strip().lower() in words
        if seen == LOOKED_AT:
            break
    table.set_aside[:] = before
    return known > 0 and known * 2 >= seen


def _flagged(flags: list[tuple[str, str]], cells: list[object]) -> str:
    """The part of a row by what its flags say."""
    answers = {}
    for (column, part), cell in zip(flags, cells, strict=True):
        written = "" if cell is None else str(cell).strip().lower()
        if written not in _ANSWERS:
            raise ValueError(f"{written[:40]!r} in column {column!r}, which is neither 1 nor 0: correct it")
        answers[part] = _ANSWERS[written]
    said = [part for part, answer in answers.items() if answer]
    if len(said) > 1:
        raise ValueError(f"it is {' and '.join(said)} at once: leave it in one part")
    if said:
        return said[0]
    # What is not train is tested, what is not held out is trained on.
    if "train" not in answers:
        return "train"
    missing = [part for part in ("test", "validation") if part not in answers]
    if not missing:
        raise ValueError("it is in no part: say which one it belongs to")
    return missing[0]
