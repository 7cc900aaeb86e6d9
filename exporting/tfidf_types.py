"""The ``config.json`` of a TF-IDF model, as a type; ``NotRequired`` is what older folders lack."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from grokaem.scores import LabelScores


class WordsData(TypedDict):
    """The data of a model of words."""

    name: str
    label_names: list[str]
    language: NotRequired[str]
    license: NotRequired[str]


class WordsDataAtRevision(WordsData):
    """The same with what proves which data it is."""

    revision: str


class WordsRun(WordsDataAtRevision):
    """The same as ``run.json`` records of data."""

    sizes: dict[str, int]


class Recommended(TypedDict):
    """What the selection of words chose, and what it scored in cross-validation."""

    scorer: str
    features: float
    accuracy: float
    accuracy_std: float


class WordsOnTest(TypedDict):
    """Accuracy on the test part: with the words that were chosen, with all, by always the most frequent label."""

    recommended: float
    all: float
    most_frequent: NotRequired[float]


class Words(TypedDict):
    """The settings of :class:`grokaem.text.words.WordSettings` that a card names."""

    lower_case: bool
    stop_languages: list[str]
    parts_of_speech: list[str]
    lemmas: bool
    stems: bool
    entities: str
    numbers: bool


class WordsConfig(TypedDict):
    """``config.json`` of a folder that ``grokaem select-features --save`` wrote."""

    id2label: dict[str, str]
    revision: str
    data: WordsData
    recommended: Recommended
    test: WordsOnTest
    labels: NotRequired[list[LabelScores]]
    top: dict[str, list[tuple[str, float]]]
    ngrams: list[int]
    n_features: int
    n_folds: int
    n_documents: int
    n_test: int
    words: Words
    versions: NotRequired[dict[str, str]]
