"""How much of a table is read: checked against its description first, then while its rows come in.

A file of 200 kB can hold thirty million rows, or one line of a gigabyte. Nothing here decodes more than it has
counted, and what is refused says the limit and the remedy.
"""

from __future__ import annotations

from dataclasses import dataclass

from grokaem.text_encoding import LINE_CHARACTERS  # noqa: F401  (one of the limits)

COLUMNS = 10_000
ROW_COST = 64  # what a row takes however short it is, in characters
BASE = 64 << 20  # characters that a file of any size may hold
EXPANSION = 100  # characters a byte beyond that; compressed text has 3 to 20
ASIDE = 100_000  # rows that are named one by one


@dataclass(frozen=True)
class Limits:
    """How much of one file is read.

    Attributes:
        file_bytes (int): largest file.
        rows (int): most rows.
        characters (int): of all rows together, only the columns in use.
        remedy (str): what to do with a larger file.
    """

    file_bytes: int
    rows: int
    characters: int
    remedy: str


# A command may take what the user's own memory holds; the page is shared.
COMMAND = Limits(8 << 30, 10_000_000, 4 << 30, "keep fewer rows, or split the file")
PAGE = Limits(32 << 20, 100_000, 32 << 20, "keep fewer rows, or use the command on a machine of your own")


class Meter:
    """Counts what was read of a file, and stops it at the limits.

    Args:
        source (str): the file's name, for messages.
        file_bytes (int): its size.
        limits (Limits): what is allowed.

    Raises:
        ValueError: the file is too large.
    """

    def __init__(self, source: str, file_bytes: int, limits: Limits):
        if file_bytes > limits.file_bytes:
            raise ValueError(
                f"{source} has {file_bytes / 2**20:,.0f} MiB; at most {limits.file_bytes >> 20:,} MiB are read: "
                f"{limits.remedy}."
            )
        self.source, self.limits = source, limits
        self.most = min(limits.characters, BASE + EXPANSION * file_bytes)
        self.rows = self.cost = 0

    def check_rows(self, rows: int) -> None:
        """Raises ValueError when the file promises more rows than are read."""
        if rows > self.limits.rows:
            raise ValueError(
                f"{self.source} has {rows:,} rows; at most {self.limits.rows:,} are read: {self.limits.remedy}."
            )

    def check_width(self, columns: int) -> None:
        """Raises ValueError when there are more columns than any table needs."""
        if columns > COLUMNS:
            raise ValueError(
                f"{self.source} has {columns:,} columns; at most {COLUMNS:,} are read: keep the text and the label."
            )

    def check_characters(self, characters: int) -> None:
        """Raises ValueError when what the file says of itself is more than it may hold."""
        if characters > self.most:
            raise ValueError(
                f"{self.source} unpacks to more than {self.most:,} characters, which is the limit for a file of its "
                f"size: {self.limits.remedy}."
            )

    def add(self, characters: int) -> None:
        """Counts one row; raises ValueError at the limit."""
        self.rows += 1
        self.cost += ROW_COST + characters
        if self.rows > self.limits.rows:
            raise ValueError(
                f"{self.source} has more than {self.limits.rows:,} rows, which is the limit: {self.limits.remedy}."
            )
        self.check_characters(self.cost)
