"""What the topic tab does on each press, choice and click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos import warming
from demos.drawn import drawn
from demos.error_messages import one_sentence
from demos.heavy import Refused, heavy
from demos.topic_example import NAME, unpacked
from demos.topic_file import look_into
from demos.topic_fitting import TopicFitter
from demos.topic_input import Asked
from demos.topic_reading import (
    Shown,
    as_updates,
    read_document,
    read_topic,
    search_map,
    show,
)
from demos.topic_summary import Fitted
from demos.wording import language, say

NOTHING_KEPT = "This result is no longer kept. Press Find topics again."


@dataclass
class TopicEvents:
    """The events of the tab.

    Attributes:
        fitter (TopicFitter): does the work.
    """

    fitter: TopicFitter

    def example(self) -> Fitted | None:
        """What the tab opens with, in the visitor's language; None where nothing was drawn."""
        kept = drawn("topics", language()).get("fitted") or drawn("topics").get("fitted")
        return unpacked(kept, self.fitter) if kept else None

    def result(self, kept: Fitted | None, choice: str | None) -> tuple[Fitted, str]:
        """The result that a choice among its models belongs to, and the model.

        Raises:
            gr.Error: it is not kept any more.
        """
        name, _, model = (choice or "").partition(" ")
        fitted = self.example() if name == NAME else kept
        if fitted is None or fitted.name != name or model not in fitted.summaries:
            raise gr.Error(say(NOTHING_KEPT), print_exception=False)
        return fitted, model

    def find(
        self,
        source: str,
        lines: str,
        file: str | None,
        column: str | None,
        models: list[str],
        n_topics: float,
        left_out: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> list[Any]:
        """Fits; the state, what went wrong, whether what is shown is old, then everything of ``Shown``.

        What goes wrong is returned, not raised: it stays beside the button, and the result before stays below.
        """

        def fit(source: str, lines: str, file: str | None, column: str | None, progress: gr.Progress) -> Fitted:
            asked = Asked(source, lines, file, column or "", tuple(models or ()), n_topics, left_out or "")
            return self.fitter.fit(asked, progress)

        try:
            fitted = one_sentence(heavy(fit))(source, lines, file, column, progress)
        except gr.Error as error:
            return [gr.skip(), told(error), gr.Markdown(visible=True), *[gr.skip()] * len(Shown._fields)]
        return [fitted, "", gr.Markdown(visible=False), *as_updates(show(fitted, fitted.best))]

    def refine(
        self,
        kept: Fitted | None,
        choice: str,
        topic: int,
        words: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[Any, Any]:
        """UMAP's map in the place of a sketch: the map, and what it is."""
        if kept is None or not kept.sketched or not (choice or "").startswith(kept.name):
            return gr.skip(), gr.skip()
        warming.UMAP.load(lambda done, doing: progress(done, desc=doing))  # outside the room
        try:
            one_sentence(heavy(self.fitter.refine))(kept, progress)
        except Refused:  # the sketch stays
            return gr.skip(), gr.skip()
        return self.search(kept, choice, topic, words)

    find.heavy = refine.heavy = True  # pyright: ignore[reportFunctionMemberAccess]  # for heavy.admit

    def show_model(self, kept: Fitted | None, choice: str) -> list[object]:
        """Everything, of another model."""
        return as_updates(show(*self.result(kept, choice)))

    def read_topic(self, kept: Fitted | None, choice: str, topic: int, words: str) -> tuple[Any, ...]:
        """The map, a topic's words, its documents."""
        return read_topic(*self.result(kept, choice), topic, words)

    def choose_topic(
        self, kept: Fitted | None, choice: str, words: str, row: gr.SelectData
    ) -> tuple[Any, ...]:
        """As ``read_topic``, for a row of the table of topics; the choice among topics follows."""
        return row.index[0], *self.read_topic(kept, choice, row.index[0], words)

    def search(self, kept: Fitted | None, choice: str, topic: int, words: str) -> tuple[Any, Any]:
        """The map, and how many documents hold the words."""
        return search_map(*self.result(kept, choice), topic, words)

    def read_document(self, kept: Fitted | None, choice: str, number: float) -> tuple[Any, str]:
        """A document's topics, and its text."""
        return read_document(*self.result(kept, choice), number)

    def choose_document(self, row: gr.SelectData) -> int:
        """The number of the document in a row of the typical ones."""
        return int(row.row_value[0])

    def look(self, file: str | None) -> tuple[Any, Any, str]:
        """The columns of an uploaded file, its first rows, and what is wrong with it."""
        hidden = gr.Dropdown(choices=[], value=None, visible=False), gr.Dataframe(visible=False)
        if not file:
            return *hidden, ""
        try:
            preview = one_sentence(look_into)(file)
        except gr.Error as error:
            return *hidden, told(error)
        column = gr.Dropdown(
            choices=preview.columns, value=preview.text_column, visible=len(preview.columns) > 1
        )
        rows = gr.Dataframe({"headers": preview.shown, "data": preview.rows}, visible=bool(preview.rows))
        return column, rows, ""

    def look_again(self, file: str | None, column: str | None) -> Any:
        """The first rows, with another column of texts first."""
        try:
            preview = one_sentence(look_into)(file, column)
        except gr.Error:
            return gr.skip()
        return {"headers": preview.shown, "data": preview.rows}

    def choose_source(self, source: str, file: str | None) -> tuple[Any, ...]:
        """Shows the lines, or the file with its column and first rows, or neither."""
        own = source == "file"
        column, rows, trouble = self.look(file if own else None)
        return gr.Textbox(visible=source == "lines"), gr.File(visible=own), column, rows, trouble

    def show_example(self) -> list[Any]:
        """The example in Russian for a Russian visitor; the others have theirs already."""
        example = None if language() == "en" else self.example()
        return as_updates(show(example, example.best)) if example else [gr.skip()] * len(Shown._fields)


def is_old(kept: Fitted | None, choice: str | None, source: str, models: list[str], n_topics: float) -> gr.Markdown:
    """The remark that what is shown answers other settings, where it does."""
    name = (choice or "").partition(" ")[0]
    if kept is None or kept.name != name:
        return gr.Markdown(visible=bool(choice) and name != NAME)
    asked = kept.asked
    same = (asked.source, set(asked.models), asked.n_topics) == (source, set(models), n_topics)
    return gr.Markdown(visible=not same)


def told(error: gr.Error) -> str:
    """An error's sentence as the page shows it beside the button; ``one_sentence`` has escaped it."""
    message = str(error.message)
    return f'<p role="alert">{message}</p>' if message else ""

