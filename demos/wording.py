"""The page's words in English and in Russian: one catalogue, whose keys are the English words themselves.

The browser translates what a layout says (``text``), as its language or ``?lang=`` asks. What Python says during an
event (``say``) follows the language of the visitor who asked.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Literal, get_args

import gradio as gr
from gradio.context import LocalContext
from gradio.i18n import I18nData

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
RUSSIAN: dict[str, str] = json.loads((Path(__file__).parent / "russian.json").read_text(encoding="utf-8"))
I18N = gr.I18n(en={}, ru={})  # what the layouts have asked for, with which the page is launched

_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)
_PLACE = re.compile(r"\{(\w+)\}")


def text(english: str, **values: object) -> I18nData:
    """Words of a layout, which the browser shows in the visitor's language.

    Args:
        english (str): what stands there in English, a key of the catalogue; ``{name}`` is a place for a value.
        **values: what stands at these places; numbers are grouped by thousands.
    """
    shown = _filled(english, values, "en")
    I18N.translations["en"][shown] = shown
    I18N.translations["ru"][shown] = _filled(RUSSIAN.get(english, english), values, "ru")
    return I18N(shown)


def text_of(make: Callable[[], str]) -> I18nData:
    """Words of a layout that are put together of sentences: what ``make`` says in each language.

    Args:
        make (callable): puts them together by ``say``.
    """
    with speaking("en"):
        shown = make()
    with speaking("ru"):
        russian = make()
    I18N.translations["en"][shown] = shown
    I18N.translations["ru"][shown] = russian
    return I18N(shown)


def say(english: str, **values: object) -> str:
    """A sentence that is made during an event, in the language of the visitor who asked.

    Args:
        english (str): the sentence in English, a key of the catalogue; ``{name}`` is a place for a value.
        **values: what stands at these places; whole numbers are grouped by thousands.
    """
    spoken = language()
    return _filled(RUSSIAN.get(english, english) if spoken == "ru" else english, values, spoken)


def translated(message: str) -> str:
    """A finished English sentence in the visitor's language: one of the catalogue's, as it is or with places filled.

    What the catalogue does not have stays English.
    """
    if language() == "en":
        return message
    if message in RUSSIAN:
        return RUSSIAN[message]
    for pattern, russian in _patterns():
        if found := pattern.fullmatch(message):
            return _PLACE.sub(lambda place: found[place[1]], russian)
    return message


def language() -> Language:
    """The language of the visitor whose event this is: the page's ``?lang=``, else the browser's; English elsewhere."""
    if (spoken := _spoken.get()) is not None:
        return spoken
    request = LocalContext.request.get(None)
    if request is None:
        return "en"
    for key in LANGUAGES:
        if request.query_params.get("lang") == key:
            return key
    first = (request.headers.get("accept-language") or "").split(",")[0]
    return "ru" if first.split(";")[0].strip().lower().split("-")[0] == "ru" else "en"


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """In this block Python says everything in one language, as the drawn examples need it."""
    before = _spoken.set(chosen)
    try:
        yield
    finally:
        _spoken.reset(before)


def _filled(template: str, values: dict[str, object], spoken: Language) -> str:
    """The places of a template filled; whole numbers in groups of thousands, as the language writes them."""

    def shown(value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}" if spoken == "en" else f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")
        return str(value)

    return _PLACE.sub(lambda place: shown(values[place[1]]), template) if values else template


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The sentences with places, the longest first: each as a pattern of its English form, and its Russian one."""
    templates = sorted((key for key in RUSSIAN if _PLACE.search(key)), key=len, reverse=True)
    return [(re.compile(_pattern(key), re.DOTALL), RUSSIAN[key]) for key in templates]


def _pattern(template: str) -> str:
    """A template's places as named groups; a place that comes again must hold the same."""
    seen: set[str] = set()
    parts = []
    for number, part in enumerate(_PLACE.split(template)):
        if number % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+?)")
            seen.add(part)
    return "".join(parts)
