"""What can be exported: the source of each kind of :data:`grokaem.kinds.KINDS`, by its key.

A name is ``module:class``, of a :class:`exporting.source.Source`, and is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem import kinds

if TYPE_CHECKING:
    from exporting.source import Source
    from grokaem.flags import Own

SOURCES = {
    "text": "exporting.text_source:TextSource",
    "audio": "exporting.audio_source:AudioSource",
}


def find_source(key: str) -> type[Source]:
    """The source of a kind.

    Raises:
        ValueError: there is none.
    """
    return kinds.resolve(kinds.entry_of(SOURCES, key))


def own_flags() -> dict[str, tuple[str, type[Own]]]:
    """Each kind's title and its own flags, as :func:`grokaem.flags.add_own_flags` takes them."""
    return {key: (kinds.find(key).title, find_source(key).flags) for key in SOURCES}
