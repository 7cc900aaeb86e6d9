"""Documents to a document-term matrix: the one set of choices that topic models and TF-IDF share."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from grokaem.text.stop_words import LANGUAGES, stop_words

if TYPE_CHECKING:
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

# A letter, then letters or digits, hyphens inside: "covid-19" and "x86" are words, "42" is not, and of "don't"
# the stop word "don" is left.
WORDS = r"(?u)[^\W\d_]\w*(?:-\w+)*\w"
WORDS_AND_NUMBERS = r"(?u)\b\w\w+\b"


@dataclass(frozen=True)
class VectorSettings:
    """How documents become rows.

    Attributes:
        weighting: ``count`` or ``tfidf`` (rows of unit length, smoothed inverse document frequency).
        languages: whose stop words are dropped.
        ngrams: shortest and longest run of words that is a term.
        min_df: fewest documents a term must be in (a count, or a fraction of all below 1.0).
        max_df: largest fraction (or count) of documents it may be in.
        max_features: keep this many most frequent terms; None for all.
        numbers: whether numbers are words too.
        sublinear: replace a count by 1 + log(count), ``tfidf`` only.
        left_out: words that are dropped besides, in lower case.
    """

    weighting: Literal["count", "tfidf"] = "count"
    languages: tuple[str, ...] = LANGUAGES
    ngrams: tuple[int, int] = (1, 1)
    min_df: int | float = 2
    max_df: int | float = 0.95
    max_features: int | None = None
    numbers: bool = False
    sublinear: bool = False
    left_out: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ValueError, in a sentence, for a setting that no corpus could fulfil."""
        if self.weighting not in ("count", "tfidf"):
            raise ValueError(f"weighting={self.weighting!r:.40}: give count or tfidf.")
        if not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise ValueError(f"ngrams={self.ngrams}: give the shortest and the longest run of words, from 1 on.")
        for name in ("min_df", "max_df"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and int(value) >= 1
            if isinstance(value, bool) or not whole and not (isinstance(value, float) and 0.0 <= value <= 1.0):
                raise ValueError(f"{name}={value!r:.40}: give a count from 1 on or a fraction from 0.0 to 1.0.")
        if self.max_features is not None and self.max_features < 1:
            raise ValueError(f"max_features={self.max_features}: keep at least 1 word.")

    def as_dict(self) -> dict[str, object]:
        """The settings in a form that JSON holds."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> VectorSettings:
        """The inverse of ``as_dict``."""
        lists: dict[str, Any] = {
            name: tuple(settings[name]) for name in ("languages", "ngrams", "left_out") if name in settings
        }
        return cls(**(settings | lists))


def make_vectorizer(settings: VectorSettings, vocabulary: list[str] | None = None) -> CountVectorizer:
    """scikit-learn's vectorizer with these settings, not yet fitted.

    Args:
        settings (VectorSettings): the choices.
        vocabulary (list of str, optional): fixed terms, in the order of the columns. (Default: learnt in ``fit``)

    Returns:
        CountVectorizer or TfidfVectorizer.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    common = {
        "stop_words": sorted({*stop_words(settings.languages), *settings.left_out}) or None,
        "ngram_range": settings.ngrams,
        "min_df": settings.min_df,
        "max_df": settings.max_df,
        "max_features": settings.max_features,
        "token_pattern": WORDS_AND_NUMBERS if settings.numbers else WORDS,
        "vocabulary": vocabulary,
    }
    if settings.weighting == "tfidf":
        return TfidfVectorizer(**common, sublinear_tf=settings.sublinear)
    return CountVectorizer(**common)


def fit_vectorizer(
    documents: list[str], settings: VectorSettings | None = None
) -> tuple[CountVectorizer, sparse.csr_matrix, list[str]]:
    """Learns the vocabulary; when the settings leave no word, loosens as few as it must and says which.

    Args:
        documents (list of str): the corpus.
        settings (VectorSettings, optional): the choices. (Default: ``VectorSettings()``)

    Returns:
        tuple: the fitted vectorizer, the matrix (csr, n_documents x n_terms), notes on what was loosened.

    Raises:
        ValueError: an impossible setting, or documents that hold no word at all.
    """
    settings = settings or VectorSettings()
    settings.check()
    kept = {"min_df": 1, "max_df": 1.0}
    all_kept = kept | {"languages": (), "left_out": ()}
    attempts = [
        ({}, ""),
        ({"min_df": 1}, "rare words were kept: min_df={0.min_df} leaves none"),
        (kept, "every word was kept, however rare or frequent: min_df={0.min_df} and max_df={0.max_df} leave none"),
        (all_kept, "stop words were kept: there are no other words"),
        (all_kept | {"numbers": True}, "numbers and stop words were kept: there are no other words"),
    ]
    for looser, note in attempts:
        vectorizer = make_vectorizer(replace(settings, **looser))
        try:
            matrix = vectorizer.fit_transform(documents)
        except ValueError:  # scikit-learn's way to say that no term is left
            continue
        return vectorizer, matrix, [note.format(settings)] if note else []
    if settings.ngrams[0] > 1:
        raise ValueError(
            f"the documents hold no run of {settings.ngrams[0]} words: give longer ones or ngrams from 1 on."
        )
    raise ValueError("the documents hold no words: give text of at least one word of two letters.")
