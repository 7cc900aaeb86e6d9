"""The topic tab's work: documents in, the topics of each chosen model out, with their measures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict

import gradio as gr

from demos.error_messages import one_sentence
from demos.topic_input import check_settings, collect_documents, models_by_title
from demos.topic_summary import Measures, Summary, comparison_table, summarize, topic_table
from grokaem.plain_text import as_reason, markdown

if TYPE_CHECKING:
    import numpy as np

    from grokaem.corpora import Documents
    from grokaem.topics.coherence import Reference
    from grokaem.topics.model import TopicModel


class FittedModels(TypedDict):
    """What the page keeps between two events; ``places`` of shape (n_documents, 2), once the map was drawn."""

    documents: list[str]
    results: dict[str, Measures]
    summaries: dict[str, Summary]
    embedded: bool
    places: NotRequired[np.ndarray]


@dataclass(frozen=True)
class TopicFitter:
    """Fits and measures topic models.

    Attributes:
        read_documents (callable): a built-in corpus' name or a file's path -> an object with ``texts``, ``labels``
            and ``notes``.
        evaluate (callable): ``grokaem.topics.scoring.evaluate``: fits and measures one model.
        corpora (list of str): the built-in corpora that the page offers.
    """

    read_documents: Callable[[str], Documents]
    evaluate: Callable[..., tuple[Measures, TopicModel]]
    corpora: list[str]

    @one_sentence
    def fit_topics(  # noqa: D417 (Gradio fills progress in)
        self,
        source: str = "definitions",
        lines: str = "",
        file: str | None = None,
        models: list[str] = ["NMF"],  # noqa: B006 (Gradio reads it; nothing writes to it)
        n_topics: int = 8,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[list[list[str]], list[list[str]], str, FittedModels]:
        """Finds the topics of a collection of documents with one or several models, and measures them.

        Args:
            source (str): "lines", "file", or a built-in corpus: "definitions" is 978 entries of a dictionary.
            lines (str): for "lines": 10 to 2000 documents, one a line, at most 1,000,000 characters.
            file (str): for "file": a text file of one document a line, a CSV, TSV, JSONL or Parquet file.
            models (list[str]): one or several of those that the page offers: "NMF", "LDA", "BERTopic", ...
            n_topics (int): how many topics to look for, 2 to 30.

        Returns:
            A table with one row a model: its coherence (NPMI, u_mass, c_uci, c_v), diversity, NMI, seconds.
            A table with one row a topic: model, number, share of the corpus, ten heaviest words.
            One sentence: how many documents, how many seconds, and what was decided automatically.
        """
        check_settings(models, n_topics)
        progress(0.0, desc="Reading the documents")
        documents, labels, notes = collect_documents(source, lines, file, self.read_documents, self.corpora)
        from grokaem.topics.coherence import Reference

        start = time.perf_counter()
        reference = Reference.from_documents(documents)
        fitted: FittedModels = {"documents": documents, "results": {}, "summaries": {}, "embedded": False}
        failed = []
        for model, outcome in self._outcomes(models, int(n_topics), documents, labels, reference, progress):
            if isinstance(outcome, ValueError):
                failed.append((model, outcome))
            else:
                fitted["results"][model], fitted["summaries"][model] = outcome
        if not fitted["results"]:
            raise failed[0][1]
        fitted["embedded"] = any(models_by_title()[model].embeds for model in fitted["results"])
        notes += [f"{model} was set aside: {as_reason(error)}" for model, error in failed]
        note = (
            f"**{', '.join(fitted['results'])}** looked for **{int(n_topics)} topics** in {len(documents):,} "
            f"documents: {time.perf_counter() - start:.1f} s."
        )
        rows = [[model, *row] for model, summary in fitted["summaries"].items() for row in topic_table(summary)]
        return comparison_table(fitted["results"]), rows, " ".join([note, *map(sentence, notes)]), fitted

    def _outcomes(
        self,
        models: list[str],
        n_topics: int,
        documents: list[str],
        labels: list[str] | None,
        reference: Reference,
        progress: Callable[..., object],
    ) -> Iterator[tuple[str, tuple[Measures, Summary] | ValueError]]:
        """Each model with its measures and its summary, or with the reason why it cannot do these documents."""
        for place, model in enumerate(models):

            def report(done: float, doing: str, place: int = place, model: str = model) -> None:
                progress((place + done) / len(models), desc=f"{model}: {doing}")

            report(0.0, f"fitting to {len(documents):,} documents")
            try:
                measures, fitted = self.evaluate(
                    models_by_title()[model].key, documents, n_topics, [0], reference, labels=labels, progress=report
                )
            except ValueError as error:  # what one model cannot do leaves the others' results
                yield model, error
                continue
            summary = summarize(fitted, documents)
            summary["notes"] = measures["notes"]
            yield model, (measures, summary)


def sentence(remark: str) -> str:
    """A remark, which may quote a file, as a sentence of Markdown."""
    return markdown(f"{remark[:1].upper()}{remark[1:].rstrip('.')}.")
