"""The topic tab: documents in, a map of them with the topics of several models out, compared and to be read.

python -m demos.topic_modelling
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import gradio as gr

from demos import topic_example, topic_layout
from demos.deep_links import link_inputs
from demos.error_messages import one_sentence
from demos.frame import frame
from demos.tab import Page, Row, Tab
from demos.topic_api import public_fit
from demos.topic_events import TopicEvents, is_old
from demos.topic_fitting import TopicFitter
from demos.topic_layout import Settings
from demos.topic_reading import Shown, show
from demos.topic_script import SHOW_RESULT, WATCH
from demos.topic_summary import Measures
from demos.wording import text

if TYPE_CHECKING:
    from gradio.components import Component

    from demos.warming import Warming
    from grokaem.corpora import Documents
    from grokaem.topics.model import TopicModel

LESSON = (
    "A topic model reads a pile of documents and finds the themes by itself: a **topic** is a list of words, a "
    "**document** is a mixture of topics. Each point below is a document in the colour of its main topic. Choose a "
    "topic, click a point, search, or give documents of your own."
)


class _Quiet(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]
    queue: bool


QUIET: _Quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}  # light, the page's own


def create_demo(
    read_documents: Callable[..., Documents],
    evaluate: Callable[..., tuple[Measures, TopicModel]],
    corpora: list[str],
    warming: Warming | None = None,
) -> gr.Blocks:
    """Lays out the tab.

    Args:
        read_documents (callable): a built-in corpus' name or a file's path, and ``text_column`` -> an object with
            ``texts``, ``labels`` and ``notes``.
        evaluate (callable): ``grokaem.topics.scoring.evaluate``: fits and measures one model.
        corpora (list of str): the built-in corpora to offer.
        warming (Warming, optional): what is loaded in the background once the page is there. (Default: nothing)

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    events = TopicEvents(TopicFitter(read_documents, evaluate, corpora))
    example = events.example()
    shown = show(example, example.best) if example else None
    with frame("Topics") as demo:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        kept = gr.State(None, time_to_live=3600)
        with gr.Row():
            with gr.Column(scale=5, min_width=320):
                old, parts = topic_layout.map_and_search(shown)
            with gr.Column(scale=3, min_width=300):
                settings = topic_layout.settings(corpora)
        parts |= topic_layout.reading(shown)
        parts |= topic_layout.comparison(shown)
        outputs = [parts[name] for name in Shown._fields]
        _wire_fit(events, kept, old, settings, parts, outputs)
        _wire_settings(events, kept, old, settings, parts)
        _wire_reading(events, kept, parts, outputs)
        demo.load(None, None, None, js=WATCH, api_visibility="private")
        demo.load(events.show_example, None, outputs, **QUIET)
        if warming is not None:
            demo.load(warming.begin, None, None, **QUIET)
        link_inputs(demo, {"documents": settings.source, "n_topics": settings.n_topics, "search": parts["search"]})
        gr.api(public_fit(events.fitter), api_name="fit_topics")
    return demo


def _wire_fit(
    events: TopicEvents,
    kept: gr.State,
    old: gr.Markdown,
    settings: Settings,
    parts: dict[str, Any],
    outputs: list[Component],
) -> None:
    """The button fits and shows everything; where UMAP was not loaded yet, its map follows."""
    fitting = settings.button.click(
        events.find,
        settings.asked,
        [kept, settings.trouble, old, *outputs],
        show_progress_on=[parts["plane"], settings.trouble],
        api_visibility="private",
    )
    fitting.then(None, None, None, js=SHOW_RESULT, api_visibility="private")
    fitting.success(
        events.refine,
        [kept, parts["model"], parts["topic"], parts["search"]],
        [parts["plane"], parts["status"]],
        show_progress_on=parts["status"],
        api_visibility="private",
    )


def _wire_settings(
    events: TopicEvents, kept: gr.State, old: gr.Markdown, settings: Settings, parts: dict[str, Any]
) -> None:
    """What the visitor chooses: the parts of a source, the columns of a file; a result of other settings is old."""
    settings.source.change(
        events.choose_source,
        [settings.source, settings.file],
        [settings.lines, settings.file, settings.column, settings.preview, settings.trouble],
        **QUIET,
    )
    settings.file.change(
        events.look, settings.file, [settings.column, settings.preview, settings.trouble], **QUIET
    )
    settings.column.input(events.look_again, [settings.file, settings.column], settings.preview, **QUIET)
    gr.on(
        [settings.source.change, settings.models.change, settings.n_topics.release, settings.n_topics.change],
        is_old,
        [kept, parts["model"], settings.source, settings.models, settings.n_topics],
        old,
        trigger_mode="always_last",
        **QUIET,
    )
    gr.on(
        [settings.lines.blur, settings.file.upload, settings.column.input, settings.left_out.blur],
        is_old_now,
        parts["model"],
        old,
        **QUIET,
    )


def is_old_now(choice: str | None) -> gr.Markdown:
    """The remark that what is shown is old, after a change of what only the fit itself reads."""
    return gr.Markdown(visible=bool(choice) and not str(choice).startswith(topic_example.NAME))


def _wire_reading(
    events: TopicEvents, kept: gr.State, parts: dict[str, Any], outputs: list[Component]
) -> None:
    """Another model shows everything of it; a topic, a search, a document their parts."""
    chosen = [kept, parts["model"]]
    opened = [parts["plane"], parts["words"], parts["typical"]]
    parts["model"].input(events.show_model, chosen, outputs, **QUIET)
    parts["topic"].input(
        one_sentence(events.read_topic), [*chosen, parts["topic"], parts["search"]], opened, **QUIET
    )
    parts["table"].select(events.choose_topic, [*chosen, parts["search"]], [parts["topic"], *opened], **QUIET)
    parts["search"].change(
        one_sentence(events.search),
        [*chosen, parts["topic"], parts["search"]],
        [parts["plane"], parts["status"]],
        trigger_mode="always_last",
        **QUIET,
    )
    parts["document"].change(
        one_sentence(events.read_document),
        [*chosen, parts["document"]],
        [parts["mixture"], parts["text"]],
        trigger_mode="always_last",
        **QUIET,
    )
    parts["typical"].select(events.choose_document, None, parts["document"], **QUIET)


def _parts() -> tuple[Callable[..., Documents], Callable[..., tuple[Measures, TopicModel]]]:
    from grokaem import corpora
    from grokaem.topics.scoring import evaluate

    return partial(corpora.read_documents, limits=corpora.PAGE), evaluate


def _on_page(page: Page) -> gr.Blocks:
    from demos.warming import of_page

    return create_demo(*_parts(), page.corpora, of_page(page))


def _draw() -> dict[str, object]:
    from grokaem import corpora

    return topic_example.draw(TopicFitter(*_parts(), corpora.available_offline()))


TAB = Tab(
    "topics",
    "Topics",
    _on_page,
    (
        Row(
            "Topics",
            (
                "a dictionary of eight kinds of things, a built-in corpus fetched before, your lines, or your file "
                "(text, CSV, TSV, JSONL, Parquet) with the column of its texts; words to leave out; one to five models"
            ),
            (
                "a map of the documents with the topics' names, to click and to search; each topic's words and typical "
                "documents, each document's topics; the models compared by coherence, diversity and (with classes) "
                "NMI; all tables as CSV and as one zip"
            ),
        ),
    ),
    _draw,
)


def main() -> None:
    """Launches this tab alone."""
    from demos.style import LAUNCH
    from demos.warming import ENCODER, UMAP, WORDS, Warming
    from grokaem import corpora

    demo = create_demo(*_parts(), corpora.available_offline(), Warming([WORDS, UMAP, ENCODER]))
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
