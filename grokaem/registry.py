"""Registries: what there is of a thing, by key and in order; each entry lies in a module that is read at first use.

A registry is a mapping whose lines are written as entry points are, ``module:name``. Lists, help texts, pages and the
tables of docs/ are made from it, so that an entry is added in one file and one line (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from grokaem.kinds import resolve


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


Entry = TypeVar("Entry", bound=_Keyed)


class Registry(Mapping[str, Entry]):
    """Entries of one type by their keys.

    Args:
        what (str): what an entry is, in one or two words, for messages.
        entry (type): of the entries.
        lines (iterable of str): where each entry, or a tuple of them, lies, ``module:name``, in the order in which
            they are shown.

    Example:
        >>> MODELS = Registry("topic model", Method, ["grokaem.topics.dirichlet:LDA"])
        >>> MODELS["lda"].title
        'LDA'
    """

    def __init__(self, what: str, entry: type[Entry], lines: Iterable[str]) -> None:
        self.what, self._type, self._lines = what, entry, tuple(lines)
        self._own: dict[str, Entry] | None = None
        self._added: dict[str, Entry] = {}

    def __getitem__(self, key: str) -> Entry:
        return self._entries()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries())

    def __len__(self) -> int:
        return len(self._entries())

    def __contains__(self, key: object) -> bool:
        return key in self._entries()

    def find(self, key: str) -> Entry:
        """The entry of that key.

        Raises:
            ValueError: there is none.
        """
        try:
            return self[key]
        except (KeyError, TypeError):
            raise ValueError(f"{self.what} {key!r:.40} is unknown: choose one of {', '.join(self)}.") from None

    def add(self, entry: Entry) -> None:
        """Adds an entry of somebody else's, after the others, for as long as the process lasts.

        Raises:
            TypeError: something else than such an entry.
            ValueError: its key is taken.
        """
        self._check(entry, "what was added")
        if entry.key in self:
            raise ValueError(f"there is a {self.what} {entry.key} already: give the new one another key.")
        self._added[entry.key] = entry

    def remove(self, key: str) -> None:
        """Takes back what :meth:`add` added."""
        del self._added[key]

    def _entries(self) -> Mapping[str, Entry]:
        if self._own is None:
            found = {}
            for line in self._lines:
                held = resolve(line)
                for entry in held if isinstance(held, tuple) else (held,):
                    self._check(entry, line)
                    if entry.key in found:
                        raise ValueError(f"{line}: there is a {self.what} {entry.key} already, give it another key.")
                    found[entry.key] = entry
            self._own = found
        return {**self._own, **self._added} if self._added else self._own

    def _check(self, entry: object, where: str) -> None:
        if not isinstance(entry, self._type):
            raise TypeError(f"{where} is no {self._type.__name__} but a {type(entry).__name__}.")
