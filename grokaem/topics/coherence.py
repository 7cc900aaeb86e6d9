"""Topic coherence over exact sliding windows, counted with sparse matrices.

Measures, for the top words of a topic, after Röder, Both and Hinneburg 2015 ("Exploring the space of topic
coherence measures") with the constants of gensim's CoherenceModel:

``u_mass``   mean over word pairs of log((P(i, j) + e) / P(j)), j ranked above i, in whole documents
``c_uci``    mean over word pairs of log((P(i, j) + e) / (P(i) P(j))), in windows of 10 words
``c_npmi``   the same divided by -log(P(i, j) + e)
``c_v``      mean cosine of each word's NPMI vector to the sum of all of them, in windows of 110 words

P counts windows that hold a word at least once; e = 1e-12. A document of n words has max(1, n - size + 1) windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from grokaem.text.vectorize import VectorSettings

EPSILON = 1e-12
WINDOWS = {"u_mass": None, "c_uci": 10, "c_npmi": 10, "c_v": 110}
MEASURES = tuple(WINDOWS)
C_V_WARNING = (
    "c_v is not recommended by its author (it rewards words that are merely rare, and cannot be reproduced across "
    "implementations): trust NPMI (c_npmi) where the two disagree"
)


@dataclass(frozen=True)
class Coherence:
    """Coherence of a list of topics.

    Attributes:
        means: measure -> mean over the topics that have a score; None when none has.
        by_topic: measure -> a score a topic; None for a topic with fewer than two words in the reference.
        absent: topic words that the reference corpus does not hold; pairs with them are left out.
    """

    means: dict[str, float | None]
    by_topic: dict[str, list[float | None]]
    absent: list[str]


class Reference:
    """The corpus that coherence is counted in, as integer ids.

    Args:
        texts (list of list of str): the words of each document, in order.
    """

    def __init__(self, texts: list[list[str]]) -> None:
        import numpy as np

        self.vocabulary: dict[str, int] = {}
        number = self.vocabulary.setdefault
        flat = [number(word, len(self.vocabulary)) for text in texts for word in text]
        self.words = np.array(flat, np.int64)
        lengths = np.array([len(text) for text in texts], np.int64)
        self.lengths = lengths[lengths > 0]  # a document without words has no window

    @classmethod
    def from_documents(cls, documents: list[str], settings: VectorSettings | None = None) -> Reference:
        """Splits documents into words as the topic models do: same pattern, same stop words dropped."""
        from dataclasses import replace

        from grokaem.text.vectorize import VectorSettings, make_vectorizer

        analyze = make_vectorizer(replace(settings or VectorSettings(), ngrams=(1, 1))).build_analyzer()
        return cls([analyze(document) for document in documents])

    def counts(self, words: list[str], window: int | None) -> tuple[np.ndarray, int]:
        """In how many windows each pair of words is together.

        Args:
            words (list of str): distinct words.
            window (int or None): window size in words; None for whole documents.

        Returns:
            tuple: float64 ndarray of shape (n_words, n_words), a word's own count on the diagonal; the number
            of windows.
        """
        import numpy as np
        from scipy import sparse

        column_of = np.full(len(self.vocabulary) + 1, -1)
        for column, word in enumerate(words):
            column_of[self.vocabulary.get(word, -1)] = column
        column_of[-1] = -1  # where words outside the vocabulary were put
        columns = column_of[self.words]
        found = np.flatnonzero(columns >= 0)
        columns = columns[found]
        sizes = np.ones_like(self.lengths) if window is None else np.maximum(1, self.lengths - window + 1)
        total = int(sizes.sum())
        if not len(found):
            return np.zeros((len(words), len(words))), total
        ends = np.cumsum(self.lengths)
        document = np.searchsorted(ends, found, side="right")
        first_window = np.cumsum(sizes) - sizes
        if window is None:
            start = document
            stop = document + 1
        else:
            place = found - (ends - self.lengths)[document]
            # An occurrence at ``place`` is in the windows that begin at place - window + 1 .. place.
            start = first_window[document] + np.maximum(0, place - window + 1)
            stop = first_window[document] + np.minimum(place + 1, sizes[document])
        # Between two borders the set of words in the window stays the same: one row stands for all of them.
        borders, index = np.unique(np.concatenate([start, stop]), return_inverse=True)
        begin, end = index[: len(start)], index[len(start) :]
        runs = end - begin
        rows = np.repeat(begin - np.concatenate([[0], np.cumsum(runs)[:-1]]), runs) + np.arange(runs.sum())
        cells = (np.ones(len(rows), np.float32), (rows, np.repeat(columns, runs)))
        present = sparse.csr_matrix(cells, shape=(len(borders), len(words)))
        present.sum_duplicates()
        present.data[:] = 1.0  # a word counts once a window, however often it is in it
        weights = np.append(np.diff(borders), 0).astype(np.float64)
        weighted = sparse.diags(weights) @ present.astype(np.float64)
        return (present.T.astype(np.float64) @ weighted).toarray(), total


def coherence(
    topics: list[list[str]], reference: Reference, measures: tuple[str, ...] = MEASURES, top: int = 10
) -> Coherence:
    """Scores topics by how their words keep company in a corpus.

    Args:
        topics (list of list of str): words of each topic, best first.
        reference (Reference): the corpus to count in.
        measures (tuple of str, optional): of ``u_mass, c_uci, c_npmi, c_v``. (Default: all)
        top (int, optional): words of each topic that count. (Default: 10)

    Returns:
        Coherence: never a NaN; a score that cannot be told is None.

    Raises:
        ValueError: an unknown measure.
    """
    import numpy as np

    unknown = [measure for measure in measures if measure not in WINDOWS]
    if unknown:
        raise ValueError(f"coherence measure {unknown[0]!r} is unknown: choose from {', '.join(MEASURES)}.")
    topics = [list(dict.fromkeys(topic[:top])) for topic in topics]
    wanted = list(dict.fromkeys(word for topic in topics for word in topic))
    known = [word for word in wanted if word in reference.vocabulary]
    column = {word: position for position, word in enumerate(known)}
    columns = [np.array([column[word] for word in topic if word in column], np.int64) for topic in topics]
    tables = {}
    for window in {WINDOWS[measure] for measure in measures}:
        counts, total = reference.counts(known, window)
        tables[window] = counts / max(total, 1)
    by_topic: dict[str, list[float | None]] = {}
    for measure in measures:
        score = {"u_mass": _u_mass, "c_uci": _c_uci, "c_npmi": _c_npmi, "c_v": _c_v}[measure]
        table = tables[WINDOWS[measure]]
        by_topic[measure] = [
            float(score(table[np.ix_(chosen, chosen)])) if len(chosen) > 1 else None for chosen in columns
        ]
    means = {}
    for measure, scores in by_topic.items():
        known = [score for score in scores if score is not None]
        means[measure] = float(np.mean(known)) if known else None
    return Coherence(means, by_topic, [word for word in wanted if word not in column])


def _u_mass(joint: np.ndarray) -> np.floating:
    import numpy as np

    lower = np.tril_indices(len(joint), -1)  # row i ranked below column j
    return np.mean(np.log((joint[lower] + EPSILON) / np.diag(joint)[lower[1]]))


def _log_ratio(joint: np.ndarray) -> np.ndarray:
    import numpy as np

    single = np.diag(joint)
    return np.log((joint + EPSILON) / np.outer(single, single))


def _npmi(joint: np.ndarray) -> np.ndarray:
    import numpy as np

    everywhere = joint >= 1.0  # two words in every window: 0 / 0, of which the limit is 1
    scale = -np.log(np.where(everywhere, 0.5, joint) + EPSILON)
    return np.where(everywhere, 1.0, _log_ratio(joint) / scale)


def _c_uci(joint: np.ndarray) -> np.floating:
    import numpy as np

    return np.mean(_log_ratio(joint)[np.tril_indices(len(joint), -1)])


def _c_npmi(joint: np.ndarray) -> np.floating:
    import numpy as np

    return np.mean(_npmi(joint)[np.tril_indices(len(joint), -1)])


def _c_v(joint: np.ndarray) -> np.floating:
    import numpy as np

    vectors = _npmi(joint)
    whole = vectors.sum(axis=0)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(whole)
    return np.mean(vectors @ whole / np.where(lengths > 0, lengths, 1.0))
