"""Fits one model under several seeds and measures all that the comparison shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from grokaem.process_memory import MIB, high_water_bytes, reset_high_water
from grokaem.topics.coherence import MEASURES, Reference, coherence
from grokaem.topics.fit import fit
from grokaem.topics.model import TopicModel
from grokaem.topics.quality import agreement, diversity, stability

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from grokaem.embedding import Embedder
    from grokaem.text.vectorize import VectorSettings

Progress = Callable[[float, str], object]
SMALL_GRID = (5, 10, 15, 20, 30, 40)


class FitOptions(TypedDict, total=False):
    """Arguments of ``grokaem.topics.fit`` beside model, documents, number of topics, seed and progress."""

    embeddings: ArrayLike | None
    embedder: Embedder | None
    vectors: VectorSettings | None
    top_words: int
    reduce_outliers: bool


class Result(TypedDict):
    """What :func:`evaluate` measures of one model, JSON-able; what cannot be told is None."""

    model: str
    n_topics: int
    seeds: list[int]
    u_mass: float | None
    c_uci: float | None
    c_npmi: float | None
    c_v: float | None
    diversity: float | None
    nmi: float | None
    purity: float | None
    seconds: float | None
    spread: dict[str, float | None]
    stability: float | None
    peak_mib: float
    topics: list[list[list[Any]]]  # pairs of word and weight
    topic_npmi: list[float | None]
    absent_words: list[str]
    empty_topics: int
    notes: list[str]


def evaluate(
    model: str,
    documents: list[str],
    n_topics: int,
    seeds: list[int],
    reference: Reference,
    *,
    labels: list[str] | None = None,
    top: int = 10,
    progress: Progress | None = None,
    **settings: Unpack[FitOptions],
) -> tuple[Result, TopicModel]:
    """Fits and measures.

    Args:
        model (str): a name that ``grokaem.topics.fit`` knows.
        documents (list of str): the corpus.
        n_topics (int): topics.
        seeds (list of int): one run each.
        reference (Reference): the corpus that coherence is counted in.
        labels (list of str, optional): known classes, for NMI and purity.
        top (int, optional): words of each topic that count. (Default: 10)
        progress (callable, optional): called with the fraction done and a description.
        **settings: handed to ``grokaem.topics.fit``.

    Returns:
        tuple: a JSON-able dict, and the model of the first seed. Of the dict, ``c_npmi, u_mass, c_uci, c_v,
        diversity, nmi, purity, seconds`` are means over the seeds, with ``spread`` their standard deviations;
        ``stability`` needs two seeds; ``peak_mib`` is the most memory this process held while it fitted, what
        it held before included; ``topics`` are those of the first seed, ``empty_topics`` how many of them have
        no words. What cannot be told is None.

    Raises:
        ValueError: no seed; or what ``grokaem.topics.fit`` refuses.
    """
    if not seeds:
        raise ValueError("there is no seed: give at least one, such as [0].")
    runs = []
    for seed in seeds:
        reset_high_water()
        start = time.perf_counter()
        fitted = fit(model, documents, n_topics, seed, progress=progress, **settings)
        seconds = time.perf_counter() - start
        words = fitted.words(top)
        scores = coherence(words, reference, top=top)
        row = dict(scores.means) | {"diversity": diversity(words, top), "seconds": seconds}
        if labels is not None:
            row |= agreement(fitted.assignments, labels)
        runs.append((fitted, row, scores, words, high_water_bytes() / MIB))
    first, _, scores, _, _ = runs[0]
    names = (*MEASURES, "diversity", "nmi", "purity", "seconds")
    values = {name: [row[name] for _, row, *_ in runs if row.get(name) is not None] for name in names}
    result: Any = {"model": model, "n_topics": first.n_topics, "seeds": seeds}
    result |= {name: fmean(found) if found else None for name, found in values.items()}
    result["spread"] = {name: pstdev(found) if found else None for name, found in values.items()}
    result["stability"] = stability([words for *_, words, _ in runs], top)
    result["peak_mib"] = max(peak for *_, peak in runs)
    result["topics"] = [[[word, weight] for word, weight in topic[:top]] for topic in first.topics]
    result["topic_npmi"] = scores.by_topic["c_npmi"]
    result["absent_words"] = scores.absent
    empty = sum(1 for topic in first.topics if not topic)
    result["empty_topics"] = empty
    result["notes"] = list(first.notes)
    if empty:
        have = "topic has" if empty == 1 else "topics have"
        result["notes"].append(f"{empty} of {first.n_topics} {have} no words and no part in coherence and diversity")
    return result, first


def npmi_by_number(
    model: str,
    documents: list[str],
    candidates: list[int],
    reference: Reference,
    *,
    seed: int = 0,
    top: int = 10,
    progress: Progress | None = None,
    **settings: Unpack[FitOptions],
) -> dict[int, float | None]:
    """NPMI of a model for several numbers of topics; numbers that the corpus cannot fill are left out."""
    found = {}
    for place, n_topics in enumerate(candidates):
        if progress is not None:
            progress(place / len(candidates), f"{model}: trying {n_topics} topics")
        try:
            fitted = fit(model, documents, n_topics, seed, **settings)
        except ValueError:  # more topics than words or documents
            continue
        found[n_topics] = coherence(fitted.words(top), reference, ("c_npmi",), top).means["c_npmi"]
    return found


def best_number(scores: dict[int, float | None]) -> int:
    """The number of topics with the highest NPMI; the fewest topics where it ties.

    Raises:
        ValueError: no number has a score.
    """
    known = {number: score for number, score in scores.items() if score is not None}
    if not known:
        raise ValueError("no number of topics could be scored: give more documents or --topics N.")
    return min(known, key=lambda number: (-known[number], number))


def candidates_for(n_documents: int) -> list[int]:
    """The numbers of topics that an automatic search tries: at least 5 documents a topic on average."""
    chosen = [number for number in SMALL_GRID if number * 5 <= n_documents]
    return chosen or [number for number in (2, 3, 4) if number <= n_documents] or [2]
