"""The comparison of scorers for programs: a function without the page's state."""

# Annotations are read as types by gr.api, which does not resolve them from strings: no "from __future__" here.

from collections.abc import Callable
from typing import TypedDict

import gradio as gr

from demos.error_messages import one_sentence
from demos.heavy import check_going_on, heavy
from demos.uploads import uploaded
from demos.word_comparison import Asked, Compared, WordComparison


class CurvePoint(TypedDict):
    """A scorer with so many features: accuracy in cross-validation, mean and deviation over the folds."""

    scorer: str
    features: float
    accuracy: float
    deviation: float


class VocabularyStep(TypedDict):
    """How many different words are left after a step, and the most frequent of them."""

    step: str
    different_words: int
    most_frequent: list[str]


class ComparedFeatures(TypedDict):
    """What was found."""

    recommended: CurvePoint
    all_features: int
    test_accuracy: dict[str, float]
    curve: list[CurvePoint]
    vocabulary: list[VocabularyStep]
    words_of_classes: dict[str, list[str]]


def public_compare(comparing: WordComparison) -> Callable[..., ComparedFeatures]:
    """The function that programs call.

    Args:
        comparing (WordComparison): the panel's.
    """
    first = next(iter(comparing.corpora), "My file")

    def compare_features(
        source: str = first,
        file: gr.FileData | None = None,
        language: str = "en",
        steps: list[str] = ["lower case", "stop words"],  # noqa: B006 (Gradio reads it; nothing writes to it)
        longest: int | float | str = 1,
        scorers: list[str] = ["chi2"],  # noqa: B006 (as above)
    ) -> ComparedFeatures:
        """Compares scorers of words: how few words are enough to tell the classes of a labelled collection apart.

        Args:
            source (str): title of a corpus that the page offers, or "My file".
            file (filepath): for "My file": a CSV, TSV, JSONL or Parquet table with a column of texts and one of labels.
            language (str): of the documents: "en" or "ru".
            steps (list[str]): of "lower case", "stop words", "lemmas", "stems".
            longest (int): words in the longest run that is a feature, 1 to 3; a number or its digits.
            scorers (list[str]): of "chi2", "mutual_info", "anova", "variance", "linear", "permutation".

        Returns:
            An object: "recommended", the scorer and the fewest features within one standard error of the best;
            "all_features"; "test_accuracy" with the recommended ones, with all, and of always answering the most
            frequent label; "curve", accuracy by scorer and number; "vocabulary" after each step;
            "words_of_classes", the words that speak most for each.
        """
        asked = Asked(source, uploaded(file), language, _names(steps), longest, _names(scorers))
        return found_features(comparing.compare(asked, lambda _share, _what: check_going_on()))

    return one_sentence(heavy(compare_features))


def found_features(found: Compared) -> ComparedFeatures:
    """A comparison as a program takes it."""
    result = found.result
    curve: list[CurvePoint] = [
        {"scorer": row.scorer, "features": row.features, "accuracy": row.accuracy, "deviation": row.accuracy_std}
        for row in result.rows
    ]
    chosen = result.rows.index(result.recommended)
    return {
        "recommended": curve[chosen],
        "all_features": result.n_features,
        "test_accuracy": result.test,
        "curve": curve,
        "vocabulary": [
            {"step": step, "different_words": size, "most_frequent": top} for step, size, top in found.by_step
        ],
        "words_of_classes": {name: [word for word, _ in top] for name, top in result.top.items()},
    }


def _names(names: list[str] | str) -> list[str]:
    return [names] if isinstance(names, str) else list(names or [])
