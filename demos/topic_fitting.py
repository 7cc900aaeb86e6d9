"""The topic tab's work: documents in, the topics of each chosen model out, with their measures and places on a map."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demos import warming
from demos.heavy import check_going_on
from demos.topic_input import Asked, check_settings, collect_documents, left_out_words, models_by_title
from demos.topic_map import document_vectors, sketch, word_settings
from demos.topic_summary import Fitted, Measures, Summary, summarize
from demos.wording import say, translated
from grokaem.plain_text import as_reason, markdown

if TYPE_CHECKING:
    from grokaem.corpora import Documents
    from grokaem.topics.coherence import Reference
    from grokaem.topics.model import TopicModel

Progress = Callable[..., object]  # gr.Progress


@dataclass(frozen=True)
class TopicFitter:
    """Fits and measures topic models.

    Attributes:
        read_documents (callable): a built-in corpus' name or a file's path, and ``text_column`` -> an object with
            ``texts``, ``labels`` and ``notes``.
        evaluate (callable): ``grokaem.topics.scoring.evaluate``: fits and measures one model.
        corpora (list of str): the built-in corpora that the page offers.
    """

    read_documents: Callable[..., Documents]
    evaluate: Callable[..., tuple[Measures, TopicModel]]
    corpora: list[str]

    def fit(self, asked: Asked, progress: Progress) -> Fitted:
        """Finds the topics of a collection of documents with one or several models, measures them, places documents.

        Args:
            asked (Asked): documents, models and settings.
            progress (callable): takes the fraction done and ``desc``.

        Returns:
            Fitted: the documents placed by principal components unless UMAP is loaded.

        Raises:
            ValueError: what the page does not take, in one sentence with the remedy.
        """
        check_settings(asked)
        progress(0.0, desc=say("reading the documents"))
        documents, labels, notes = self.collect(asked)
        from grokaem.topics.coherence import Reference

        reference = Reference.from_documents(list(documents))
        summaries: dict[str, Summary] = {}
        failed: list[tuple[str, ValueError]] = []
        for place, model in enumerate(asked.models):

            def report(done: float, doing: str, place: int = place, model: str = model) -> None:
                check_going_on()
                progress((place + done) / (len(asked.models) + 1), desc=f"{model}: {translated(doing)}")

            try:
                summaries[model] = self._fit_one(asked, model, documents, labels, reference, report)
            except ValueError as error:  # what one model cannot do leaves the others' results
                failed.append((model, error))
        if not summaries:
            raise failed[0][1]
        remarks = [sentence(translated(note)) for note in notes]
        for model, error in failed:
            reason = as_reason(translated(str(error)))
            remarks.append(sentence(say("{model} was set aside: {reason}", model=model, reason=reason)))
        embedded = any(models_by_title()[model].embeds for model in summaries)
        fitted = Fitted(uuid.uuid4().hex[:12], asked, documents, summaries, remarks, embedded)
        self._place(fitted, progress)
        return fitted

    def refine(self, fitted: Fitted, progress: Progress) -> None:
        """Replaces a sketched map by UMAP's, which is loaded."""
        self._place(fitted, progress)

    def collect(self, asked: Asked) -> tuple[Sequence[str], list[str] | None, list[str]]:
        """The documents, their classes or None, and remarks; see ``topic_input.collect_documents``."""
        if asked.source in self.corpora:  # the same for every visitor: read once, and kept once
            return _built_in(self.read_documents, asked.source, tuple(self.corpora))
        return collect_documents(asked, self.read_documents, self.corpora)

    def _fit_one(
        self,
        asked: Asked,
        model: str,
        documents: Sequence[str],
        labels: list[str] | None,
        reference: Reference,
        report: Callable[[float, str], None],
    ) -> Summary:
        method = models_by_title()[model]
        report(0.0, "fitting")
        if method.embeds:
            warming.ENCODER.load(report)
            warming.UMAP.load(report)
        left_out = left_out_words(asked.left_out)
        settings = {"vectors": word_settings(len(documents), method.weighting, left_out)} if left_out else {}
        measures, fitted = self.evaluate(
            method.key, list(documents), int(asked.n_topics), [0], reference, labels=labels, progress=report, **settings
        )
        report(1.0, "done")
        return summarize(fitted, measures)

    def _place(self, fitted: Fitted, progress: Progress) -> None:
        """Each document's place: by UMAP where it is loaded, else by principal components."""
        progress(0.9, desc=say("drawing the map"))
        vectors = document_vectors(
            list(fitted.documents), fitted.embedded, left_out_words(fitted.asked.left_out)
        )
        check_going_on()
        if not warming.UMAP.loaded:
            fitted.places = sketch(vectors)
            return
        from grokaem.topics.document_map import document_map

        fitted.places = document_map(list(fitted.documents), embeddings=vectors)
        fitted.sketched = False


@functools.lru_cache(maxsize=8)
def _built_in(
    read_documents: Callable[..., Documents], source: str, corpora: tuple[str, ...]
) -> tuple[Sequence[str], list[str] | None, list[str]]:
    documents, labels, notes = collect_documents(Asked(source), read_documents, list(corpora))
    return tuple(documents), labels, notes


def sentence(remark: str) -> str:
    """A remark, which may quote a file, as a sentence of Markdown."""
    return markdown(f"{remark[:1].upper()}{remark[1:].rstrip('.')}.")
