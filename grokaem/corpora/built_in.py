"""The built-in data sets: what one is to everything that lists and reads them, and a line for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grokaem.corpora.corpus import Corpus, Documents
from grokaem.corpora.packages import Package, is_fetched
from grokaem.registry import Registry


@dataclass(frozen=True)
class BuiltIn:
    """A data set that has a name of its own.

    Attributes:
        key: the name, which commands take.
        task: the key of the kind that it is.
        title: what a visitor of the page calls it.
        licence: as the source states it.
        packages: where it lies, fetched at first use; none where it is at hand already.
        load: reads it: called with the classes to keep, or None for all, and the fold. Left out where nothing is
            labelled.
        documents: reads its texts for topics. Left out where those that ``load`` gives are meant.
        offered: whether the page shows it, once nothing must be downloaded for it: texts for topics and words.
        free: whether its licence lets anybody show it to anybody: what a published page may offer.
        folds: how many ways there are to split it.
        about: what it is, in a line of docs/data.md, as the next two.
        parts: examples to train, validate and test.
        classes: how many.
    """

    key: str
    task: str
    title: str
    licence: str
    packages: tuple[Package, ...] = ()
    load: Callable[[list[str] | None, int], Corpus] | None = None
    documents: Callable[[], Documents] | None = None
    offered: bool = False
    free: bool = False
    folds: int = 1
    about: str = ""
    parts: str = ""
    classes: int = 0

    @property
    def at_hand(self) -> bool:
        """Whether it is read without a download."""
        return all(map(is_fetched, self.packages))


BUILT_IN = Registry(
    "data set",
    BuiltIn,
    [
        "grokaem.corpora.definitions:DEFINITIONS",
        "grokaem.corpora.lee_news:LEE_NEWS",
        "grokaem.corpora.rotten_tomatoes:ROTTEN_TOMATOES",
        "grokaem.corpora.single_label_text:REUTERS_R8",
        "grokaem.corpora.single_label_text:NEWSGROUPS",
        "grokaem.corpora.fortunes_ru:FORTUNES_RU",
        "grokaem.corpora.drums:DRUMS",
        "grokaem.corpora.foxdot:FOXDOT",
        "grokaem.corpora.voices:VOICES",
    ],
)
