"""Which column is the text, or another input, and which the label."""

from __future__ import annotations

from collections.abc import Sequence

from grokaem import kinds

LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "topic", "y")


def choose_columns(
    source: str,
    columns: list[str],
    text_column: str | None,
    label_column: str | None,
    names: Sequence[str] = kinds.default().columns,
) -> tuple[str, str, list[str]]:
    """Finds the two columns.

    What is not given is recognised by its name, or, in a table of two columns, as the one that is left.

    Args:
        source (str): the table's name, for messages.
        columns (list of str): what it has.
        text_column (str, optional): as the user says.
        label_column (str, optional): as the user says.
        names (sequence of str, optional): how the column of the input may be called. (Default: a text's)

    Returns:
        tuple: the text column, the label column, and announcements of what was not given.

    Raises:
        ValueError: a column that is not there, or that cannot be told.
    """
    for option, column in (("--text-column", text_column), ("--label-column", label_column)):
        if column is not None and column not in columns:
            raise ValueError(f"{source} has no column {column!r}: give {option} one of {_listed(columns)}.")
    if text_column is not None and text_column == label_column:
        raise ValueError(f"{text_column!r} is both text and label of {source}: give two different columns.")
    text = text_column or _by_name(columns, names, taken=label_column)
    label = label_column or _by_name(columns, LABEL_NAMES, taken=text)
    if len(columns) == 2:
        text = text or next((column for column in columns if label and column != label), None)
        label = label or next((column for column in columns if text and column != text), None)
    for option, column, known in (("text", text, names), ("label", label, LABEL_NAMES)):
        if column is None:
            raise ValueError(
                f"cannot tell the {known[0]} column of {source} among {_listed(columns)}: "
                f"name it with --{option}-column, or call it {known[0]!r} in the first row."
            )
    assert text is not None and label is not None  # the loop refuses the others
    given = text_column is not None and label_column is not None
    notes = [] if given else [f"{names[0]} is column {text!r} of {source}, label is column {label!r}"]
    return text, label, notes


def choose_text_column(
    source: str, columns: list[str], text_column: str | None, names: Sequence[str] = kinds.default().columns
) -> tuple[str, list[str]]:
    """The column of texts, or of another input, in a table that need not have labels; see :func:`choose_columns`."""
    if text_column is not None:
        if text_column not in columns:
            raise ValueError(
                f"{source} has no column {text_column!r}: give --text-column one of {_listed(columns)}."
            )
        return text_column, []
    found = _by_name(columns, names, taken=None) or (columns[0] if len(columns) == 1 else None)
    if found is None:
        raise ValueError(
            f"cannot tell the {names[0]} column of {source} among {_listed(columns)}: name it with --text-column."
        )
    return found, [f"{names[0]} is column {found!r} of {source}"]


def _by_name(columns: list[str], names: Sequence[str], taken: str | None) -> str | None:
    lowered = {column.lower(): column for column in reversed(columns) if column != taken}
    return next((lowered[name] for name in names if name in lowered), None)


def _listed(columns: list[str]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return shown + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
