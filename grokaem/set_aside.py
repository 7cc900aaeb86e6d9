"""Rows, files or models that could not be used: the others go on, these are named at the end, exit code 1."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from grokaem.plain_text import as_reason, terminal

SHOWN = 20  # of the list on standard error; the rest is counted


@dataclass
class SetAside:
    """What a command could not use, each with its reason.

    Args:
        what (str): one of them, in the singular, such as ``"file"``.
        reasons (list of (name, reason), optional): those known already. (Default: none)
        more (int, optional): how many there are beside those in ``reasons``. (Default: 0)
    """

    what: str
    reasons: list[tuple[str, str]] = field(default_factory=list)
    more: int = 0

    def add(self, name: object, reason: object) -> None:
        """Remembers one.

        Args:
            name (object): which one: a file's name, a row's number, a model's key.
            reason (object): why, as a sentence; an exception's message will do.
        """
        self.reasons.append((str(name), as_reason(reason)))

    @property
    def exit_code(self) -> int:
        """1 if anything was set aside, else 0."""
        return 1 if self.reasons else 0

    def report(self) -> int:
        """Names them on standard error; returns the exit code."""
        if self.reasons:
            count = len(self.reasons) + self.more
            print(f"{count} {self.what}{'s' if count > 1 else ''} set aside:", file=sys.stderr)
        for name, reason in self.reasons[:SHOWN]:
            print(f"  {terminal(name)}: {terminal(reason)}", file=sys.stderr)
        if (hidden := max(0, len(self.reasons) - SHOWN) + self.more):
            print(f"  and {hidden} more", file=sys.stderr)
        return self.exit_code
