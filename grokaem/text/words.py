"""Texts to words: a chain of steps, each a switch, that decides what becomes a feature."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from grokaem.cache import FileCache, cache_folder
from grokaem.text.linguistics import Token, analyse, stem, versions
from grokaem.text.stop_words import LANGUAGES, stop_words
from grokaem.text.vectorize import WORDS, WORDS_AND_NUMBERS

CACHE_BYTES = 1 << 30  # of words kept on disk; the least recently used go first


@dataclass(frozen=True)
class WordSettings:
    """The steps from a text to its words, in the order in which they run.

    Attributes:
        language: ``en`` or ``ru``: whose lemmas, stems, parts of speech and names.
        lower_case: fold upper and lower case.
        stop_languages: whose stop words go; empty for none.
        own_stop_words: further words that go.
        parts_of_speech: universal tags (NOUN, VERB, ADJ, ...) that stay; empty for all.
        lemmas: replace each word by its dictionary form.
        stems: cut endings off, after the lemmas.
        entities: names of people, places and organisations: ``keep`` as other words, ``apart`` (marked, so
            that a name and a word of the same letters are two features) or ``remove``.
        numbers: whether numbers are words too.
    """

    language: str = "en"
    lower_case: bool = True
    stop_languages: tuple[str, ...] = LANGUAGES
    own_stop_words: tuple[str, ...] = ()
    parts_of_speech: tuple[str, ...] = ()
    lemmas: bool = False
    stems: bool = False
    entities: Literal["keep", "apart", "remove"] = "keep"
    numbers: bool = False

    def as_dict(self) -> dict[str, object]:
        """The settings in a form that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> WordSettings:
        """The inverse of ``as_dict``."""
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in settings.items()}
        return cls(**given)

    def well_formed(self) -> bool:
        """Whether each setting is of its type, which a file's need not be."""
        lists = (self.stop_languages, self.own_stop_words, self.parts_of_speech)
        switches = (self.lower_case, self.lemmas, self.stems, self.numbers)
        return (
            all(isinstance(value, tuple) and all(isinstance(word, str) for word in value) for value in lists)
            and all(isinstance(value, bool) for value in switches)
            and isinstance(self.language, str)
            and isinstance(self.entities, str)
        )

    def check(self) -> None:
        """Fails on settings that cannot run, before any text is read.

        Raises:
            ValueError: an unknown language, tag or value, or a library that is not installed.
        """
        stop_words(self.stop_languages)
        if self.entities not in ("keep", "apart", "remove"):
            raise ValueError(f"entities {self.entities!r}: choose keep, apart or remove.")
        if self.stems:
            stem(["words"], self.language)
        if self.needs_analysis:
            analyse(["A word."], self.language, self._looks_up, self.parts_of_speech)

    @property
    def needs_analysis(self) -> bool:
        """Whether a dictionary or a model must look at the words."""
        return bool(self.lemmas or self.parts_of_speech or self.entities != "keep")

    @property
    def _looks_up(self) -> frozenset[str]:
        """What is asked of the linguistics."""
        wanted = {"lemmas": self.lemmas, "tags": self.parts_of_speech, "entities": self.entities != "keep"}
        return frozenset(name for name, asked in wanted.items() if asked)


def words_of(texts: list[str], settings: WordSettings, keep: bool = True) -> list[str]:
    """The words of each text, separated by single spaces.

    Args:
        texts (list of str): the documents.
        settings (WordSettings): the steps.
        keep (bool, optional): keep the result on disk by content, and read it when asked again; for a corpus, not
            for the texts of a prediction. (Default: ``True``)

    Returns:
        list of str: as long as ``texts``.
    """
    settings.check()
    # Only what takes long is worth a file: cutting into words is as fast as reading it back.
    if not keep or not (settings.needs_analysis or settings.stems):
        return [" ".join(words) for words in _run(texts, settings)]
    cache = FileCache(cache_folder("words"), ".json", CACHE_BYTES)
    key = _key(texts, settings)
    if (kept := _kept(cache.path(key), len(texts))) is not None:
        return kept
    result = [" ".join(words) for words in _run(texts, settings)]
    # A cache that is full or read-only costs the next run its time, not this one its result.
    with suppress(OSError), cache.new_file(key) as temporary:
        temporary.write_text(json.dumps(result), encoding="utf-8")
    return result


def _kept(path: Path, count: int) -> list[str] | None:
    """What was kept; None where there is nothing, or nothing whole."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(kept, list) or len(kept) != count or not all(isinstance(words, str) for words in kept):
        return None
    with suppress(OSError):
        os.utime(path)
    return kept


def vocabulary_by_step(texts: list[str], settings: WordSettings) -> list[tuple[str, int, list[str]]]:
    """How the vocabulary shrinks: after each step its name, the number of different words, the most frequent ones."""
    steps = []

    def count(step: str, documents: list[list[str]]) -> None:
        counts = Counter(word for words in documents for word in words)
        steps.append((step, len(counts), [word for word, _ in counts.most_common(30)]))

    settings.check()
    _run(texts, settings, count)
    return steps


def _run(
    texts: list[str], settings: WordSettings, on_step: Callable[[str, list[list[str]]], object] | None = None
) -> list[list[str]]:
    if settings.needs_analysis:
        documents = analyse(texts, settings.language, settings._looks_up, settings.parts_of_speech)
    else:
        documents = [[Token(word) for word in _pattern(settings).findall(text)] for text in texts]
    words = re.compile(_pattern(settings).pattern + r"\Z")
    documents = [[token for token in tokens if words.match(token.text)] for tokens in documents]

    def notify(step: str) -> None:
        if on_step is not None:
            on_step(step, [[token.text for token in tokens] for tokens in documents])

    def change(step: str, each: Callable[[Token], Token | None]) -> None:
        nonlocal documents
        documents = [[new for token in tokens if (new := each(token)) is not None] for tokens in documents]
        notify(step)

    notify("words")
    if settings.lower_case:
        change("lower-case", lambda token: token.with_text(token.text.lower()))
    dropped = stop_words(settings.stop_languages) | {word.lower() for word in settings.own_stop_words}
    if dropped:
        change("stop words", lambda token: None if token.text.lower() in dropped else token)
    if settings.parts_of_speech:
        change("parts of speech", lambda token: token if token.tag in settings.parts_of_speech else None)
    if settings.lemmas:
        change("lemmas", lambda token: token.with_text(token.lemma or token.text))
    if settings.stems:
        stems = _stems(documents, settings.language)
        change("stems", lambda token: token.with_text(stems[token.text]))
    if settings.entities == "remove":
        change("entities", lambda token: None if token.entity else token)
    elif settings.entities == "apart":
        change("entities", lambda token: token.with_text(f"{token.text}/name") if token.entity else token)
    return [[token.text for token in tokens] for tokens in documents]


def _stems(documents: list[list[Token]], language: str) -> dict[str, str]:
    words = sorted({token.text for tokens in documents for token in tokens})
    return dict(zip(words, stem(words, language), strict=True))


def _pattern(settings: WordSettings) -> re.Pattern[str]:
    return re.compile(WORDS_AND_NUMBERS if settings.numbers else WORDS)


def _key(texts: list[str], settings: WordSettings) -> str:
    stops = sorted(stop_words(settings.stop_languages))
    digest = hashlib.sha256(json.dumps([settings.as_dict(), stops, versions()], sort_keys=True).encode())
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]
