"""Several topic models on the same documents, measured alike: what ``grokaem topics`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from grokaem.command_line import one_line
from grokaem.plain_text import is_blank
from grokaem.topics.coherence import Reference
from grokaem.topics.models import MODELS
from grokaem.topics.scoring import best_number, candidates_for, evaluate, npmi_by_number

if TYPE_CHECKING:
    import numpy as np

    from grokaem.embedding import Embedder
    from grokaem.set_aside import SetAside
    from grokaem.topics.model import TopicModel
    from grokaem.topics.scoring import FitOptions, Progress, Result


class Comparison(NamedTuple):
    """A row, a fit and a curve for each model that could be fitted.

    Args:
        results (list of Result): what :func:`grokaem.topics.scoring.evaluate` measures of each.
        fitted (list of TopicModel): each one's fit with the first seed.
        curves (dict): by model, NPMI at each number of topics that was tried.
    """

    results: list[Result]
    fitted: list[TopicModel]
    curves: dict[str, dict[int, float | None]]


def compare_models(
    models: Sequence[str],
    documents: list[str],
    labels: list[str] | None = None,
    *,
    n_topics: int | None,
    numbers: Sequence[int] = (),
    seeds: Sequence[int] = (0,),
    top: int = 10,
    embedder: Embedder | None = None,
    progress: Progress,
    aside: SetAside | None = None,
) -> Comparison:
    """Fits and measures the models one after the other.

    Args:
        models (sequence of str): keys of ``grokaem.topics.MODELS``.
        documents (list of str): the corpus.
        labels (list of str, optional): known classes, one a document. (Default: none)
        n_topics (int, optional): topics of each; None takes the number with the best NPMI.
        numbers (sequence of int): numbers of topics at which NPMI is measured too. (Default: none)
        seeds (sequence of int): one run each. (Default: 0)
        top (int): words of a topic that are scored. (Default: 10)
        embedder (Embedder, optional): for the models that use vectors. (Default: none)
        progress (callable): takes a fraction and a description.
        aside (SetAside, optional): takes the models that fail, so that the others go on; without it the first
            error ends the comparison. (Default: none)
    """
    reference = Reference.from_documents(documents)
    done = Comparison([], [], {})
    for model in models:
        options: FitOptions = {"embedder": embedder} if MODELS[model].embeds else {}
        tried = candidates_for(len(documents)) if n_topics is None else list(numbers)
        try:
            scores = npmi_by_number(model, documents, tried, reference, top=top, progress=progress, **options)
            number = n_topics or best_number(scores)
            result, first = evaluate(
                model, documents, number, list(seeds), reference, labels=labels, top=top, progress=progress, **options
            )
        except Exception as error:  # whatever one model cannot do, the others' rows are shown
            if aside is None:
                raise
            aside.add(model, one_line(error))
            continue
        if n_topics is None:
            result["notes"].append(f"{number} topics have the best NPMI of {', '.join(map(str, scores))}")
        done.results.append(result)
        done.fitted.append(first)
        done.curves[model] = scores | {first.n_topics: result["c_npmi"]}
    return done


def map_places(documents: list[str], embedder: Embedder | None, progress: Progress) -> np.ndarray:
    """Where each document lies on the map; of its vector, from the cache that the models filled, where there is one.

    Args:
        documents (list of str): the corpus.
        embedder (Embedder, optional): whose vectors are placed; without it the words are.
        progress (callable): takes a fraction and a description.

    Returns:
        ndarray of shape (n_documents, 2)
    """
    import numpy as np

    from grokaem.topics.document_map import document_map

    vectors = None
    if embedder is not None:
        rows = [row for row, text in enumerate(documents) if not is_blank(text)]
        vectors = np.zeros((len(documents), embedder.dimension), np.float32)
        vectors[rows] = embedder.encode([documents[row] for row in rows])
    return document_map(documents, embeddings=vectors, progress=progress)
