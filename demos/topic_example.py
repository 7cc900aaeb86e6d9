"""The result that the topic tab opens with: fitted by the tab's own functions, kept as whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from demos import warming
from demos.topic_fitting import TopicFitter
from demos.topic_input import CHOSEN, N_TOPICS, Asked, models_by_title
from demos.topic_summary import Fitted, Summary
from grokaem.corpora.built_in import BUILT_IN

NAME = "example"  # of the result: no fit is called so
_SHARES = 1000  # steps of a share
_PLACES = 200  # steps of a place's unit


def draw(fitter: TopicFitter) -> dict[str, object]:
    """The example, computed now, as ``demos.drawn`` keeps it; without seconds, which nobody would wait again.

    Args:
        fitter (TopicFitter): whose first corpus that everybody may show is fitted.
    """
    warming.UMAP.load()
    source = next(corpus for corpus in fitter.corpora if corpus in BUILT_IN and BUILT_IN[corpus].free)
    return {"fitted": packed(fitter.fit(_asked(source), lambda *_, **__: None))}


def _asked(source: str) -> Asked:
    titles = tuple(title for title, model in models_by_title().items() if model.key in CHOSEN)
    return Asked(source, models=titles, n_topics=N_TOPICS)


def packed(fitted: Fitted) -> dict[str, Any]:
    """A result in whole numbers, so that a change is seen; the documents stay where they are."""
    places = fitted.places - fitted.places.mean(axis=0)
    return {
        "source": fitted.asked.source,
        "places": np.rint(places * _PLACES).astype(int).tolist(),
        "models": [[title, _packed_model(summary)] for title, summary in fitted.summaries.items()],  # in their order
        "remarks": fitted.remarks,
    }


def unpacked(kept: dict[str, Any], fitter: TopicFitter) -> Fitted | None:
    """The result that ``packed`` kept; None where its corpus is not at hand, or another one."""
    question = _asked(kept["source"])
    if question.source not in fitter.corpora:
        return None
    documents, _, _ = fitter.collect(question)
    if len(documents) != len(kept["places"]):
        return None
    places = np.array(kept["places"], np.float32) / _PLACES
    summaries = {title: _unpacked_model(model) for title, model in kept["models"]}
    return Fitted(NAME, question, documents, summaries, kept["remarks"], False, places, sketched=False)


def _packed_model(summary: Summary) -> dict[str, Any]:
    measures = {name: value for name, value in summary["measures"].items() if name != "seconds"}
    return {
        "topics": [
            {
                "share": round(topic["share"], 4),
                "words": [[word, float(f"{weight:.3g}")] for word, weight in topic["words"]],
                "typical": topic["typical"],
            }
            for topic in summary["topics"]
        ],
        "mixtures": np.rint(summary["mixtures"].astype(float) * _SHARES).astype(int).tolist(),
        "measures": {name: None if value is None else round(value, 3) for name, value in measures.items()},
        "notes": summary["notes"],
    }


def _unpacked_model(kept: dict[str, Any]) -> Summary:
    return {
        "topics": [
            {
                "share": topic["share"],
                "words": [(word, weight) for word, weight in topic["words"]],
                "typical": topic["typical"],
            }
            for topic in kept["topics"]
        ],
        "mixtures": (np.array(kept["mixtures"], float) / _SHARES).astype(np.float16),
        "measures": kept["measures"],
        "notes": kept["notes"],
    }
