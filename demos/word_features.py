"""Below the text tab: how few words are enough, on a corpus or the visitor's own labelled file.

python -m demos.word_features
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import gradio as gr
from gradio.components.plot import PlotData

from demos import results, word_api, word_explanation
from demos.drawn import drawn, translate
from demos.error_messages import one_sentence
from demos.frame import frame
from demos.heavy import cancel_button, heavy
from demos.word_comparison import (
    FILE_TYPES,
    FOLDS,
    MAX_DOCUMENTS,
    OWN,
    SCORERS,
    STEPS,
    Asked,
    Compared,
    WordComparison,
    draw_accuracy,
    recommendation,
    titles_of,
)
from demos.word_model import WordModel
from demos.wording import say, text
from grokaem.plain_text import terminal

if TYPE_CHECKING:
    from gradio.components import Component

    from grokaem.corpora import Corpus

LESSON = (
    "Counting words makes a matrix of one column a word: it grows without bound. **Which columns may go?** Each scorer "
    "ranks the words on the training folds alone; the curve shows what is left of the accuracy when only the best "
    "stay. The recommended point is the smallest within one standard error of the best."
)
LIMITS = (
    "Limits: a random sample of {most} documents, {folds} folds, files up to 20 MB with a column of texts and one of "
    "labels. Without a limit, with parts of speech and names: `grokaem select-features`."
)
SENTENCE = "A large bird of prey with broad wings that hunts small animals at night."
WORDS_SHOWN = 12


class Shown(NamedTuple):
    """What a comparison fills: a sentence, the curves, two tables."""

    recommendation: str
    curves: PlotData
    by_step: str
    by_class: str


class Settings(NamedTuple):
    """What is compared, in the order of ``Asked``; then the button and where an error stands."""

    source: gr.Radio
    file: gr.File
    language: gr.Radio
    steps: gr.CheckboxGroup
    longest: gr.Slider
    scorers: gr.CheckboxGroup
    button: gr.Button
    trouble: gr.HTML

    @property
    def asked(self) -> list[Component]:
        """In the order of ``Asked``."""
        return [self.source, self.file, self.language, self.steps, self.longest, self.scorers]


def create_demo(load: Callable[..., Corpus], corpora: list[str]) -> gr.Blocks:
    """Lays out the panel.

    Args:
        load (callable): a name or a path -> a labelled corpus in parts.
        corpora (list of str): built-in corpora that need no download.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    comparing, example = WordComparison(load, titles_of(corpora)), drawn("text")
    with frame("Word features") as demo:
        gr.Markdown(text(LESSON), elem_classes="lesson")
        parts: dict[str, Component] = {}
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                parts["recommendation"] = gr.Markdown(
                    example.get("recommendation", ""), elem_id="feature-recommendation"
                )
                parts["curves"] = gr.Plot(example.get("curves"), label=text("Accuracy"), elem_id="feature-curves")
            with gr.Column(scale=2, min_width=280):
                settings = _settings(list(comparing.corpora))
        parts["by_step"] = gr.HTML(example.get("by_step", ""), elem_id="words-by-step")
        parts["by_class"] = gr.HTML(example.get("by_class", ""), elem_id="words-by-class")
        model = gr.State(None, time_to_live=3600)
        _wire(comparing, settings, parts, model)
        _explanation(model, example)
        translate(demo, "text", parts)
        gr.api(word_api.public_compare(comparing), api_name="compare_features")
    return demo


def _settings(titles: list[str]) -> Settings:
    first = [*titles, OWN][0]
    source = gr.Radio(
        [(text(title), title) for title in (*titles, OWN)],
        value=first,
        label=text("Documents"),
        elem_id="feature-source",
    )
    file = gr.File(
        label=text("A table with texts and labels"),
        file_types=FILE_TYPES,
        visible=first == OWN,
        height=120,
        elem_id="feature-file",
    )
    language = gr.Radio(
        [(text("English"), "en"), (text("Russian"), "ru")], value="en", label=text("Language of the documents")
    )
    steps = gr.CheckboxGroup(
        [(text(step), step) for step in STEPS], value=list(STEPS)[:2], label=text("Steps"), elem_id="feature-steps"
    )
    longest = gr.Slider(1, 3, value=1, step=1, label=text("Words in a run"))
    scorers = gr.CheckboxGroup(
        list(SCORERS), value=["chi2", "anova", "variance"], label=text("Scorers"), elem_id="feature-scorers"
    )
    with gr.Row():
        button = gr.Button(text("Compare"), variant="primary", elem_id="compare-features", scale=3)
        cancel_button("cancel-features")
    trouble = results.trouble("features-trouble")
    gr.Markdown(text(LIMITS, most=MAX_DOCUMENTS, folds=FOLDS), elem_classes="caption")
    return Settings(source, file, language, steps, longest, scorers, button, trouble)


def _wire(comparing: WordComparison, settings: Settings, parts: dict[str, Component], model: gr.State) -> None:
    """The button compares; another source shows or hides the file."""

    @one_sentence
    @heavy
    def compare(
        source: str,
        file: str | None,
        language: str,
        steps: list[str],
        longest: float,
        scorers: list[str],
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[WordModel, *tuple[object, ...]]:
        def tell(share: float, what: str) -> None:
            progress(share, desc=what)

        asked = Asked(source, file, language, steps, longest, scorers)
        found = comparing.compare(asked, tell)
        return found.model, *show(found)

    settings.source.change(
        lambda chosen: gr.update(visible=chosen == OWN),
        settings.source,
        settings.file,
        queue=False,
        api_visibility="private",
    )
    settings.button.click(
        results.in_place(compare, 5),
        settings.asked,
        [settings.trouble, model, *parts.values()],
        show_progress_on=parts["curves"],
        api_visibility="private",
    ).then(
        None, None, None, js=results.scroll_to("feature-recommendation", "features-trouble"), api_visibility="private"
    )


def _explanation(model: gr.State, example: dict) -> None:
    """A sentence, and which of its words decided."""
    with gr.Row(equal_height=False):
        sentence = gr.Textbox(
            SENTENCE, label=text("A sentence"), max_length=2000, scale=3, elem_id="sentence"
        )
        button = gr.Button(text("Which words decided?"), scale=1, elem_id="explain-sentence")
    trouble = results.trouble("sentence-trouble")
    said = gr.HTML(example.get("said", ""), elem_id="sentence-result")
    chart = gr.Plot(example.get("decided"), label=text("What each word adds"), elem_id="words-that-decided")
    gr.on(
        [button.click, sentence.submit],
        results.in_place(word_explanation.explain, 2),
        [sentence, model],
        [trouble, said, chart],
        api_visibility="private",
    ).then(None, None, None, js=results.scroll_to("sentence-result", "sentence-trouble"), api_visibility="private")


def show(found: Compared) -> Shown:
    """What the page shows of a comparison, in the visitor's language."""
    steps = [(say(step), f"{size:,}", _words(top)) for step, size, top in found.by_step]
    classes = [(name, _words([word for word, _ in top])) for name, top in found.result.top.items()]
    return Shown(
        recommendation(found.result),
        draw_accuracy(found.result),
        table(say("The vocabulary after each step"), [say("step"), say("different words"), say("most frequent")],
              steps),
        table(say("Words that speak most for a class"), [say("class"), say("its words")], classes, quoted=True),
    )  # fmt: skip


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]], *, quoted: bool = False) -> str:
    """Rows of texts as an HTML table.

    Args:
        caption (str): what it shows.
        headers (list of str): of the columns.
        rows (list of list of str): the first cell names its row.
        quoted (bool, optional): the rows' names are the user's own words. (Default: False)
    """
    mark = ' class="quoted"' if quoted else ""
    head = "".join(f'<th scope="col">{html.escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row"{mark}>{html.escape(terminal(name))}</th>'
        + "".join(f'<td class="quoted">{html.escape(terminal(cell))}</td>' for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    return (
        f'<table class="facts"><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def draw() -> dict[str, object]:
    """The comparison and the sentence that the panel opens with: on a corpus that anybody may show."""
    from functools import partial

    from grokaem import corpora
    from grokaem.corpora.built_in import BUILT_IN

    offered = titles_of([name for name in corpora.available_offline() if BUILT_IN[name].free])
    if not offered:
        return {}
    comparing = WordComparison(partial(corpora.load, limits=corpora.PAGE), offered)
    asked = Asked(next(iter(offered)), None, "en", list(STEPS)[:2], 1, ["chi2", "anova", "variance"])
    found = comparing.compare(asked, lambda _share, _what: None)
    explained = word_explanation.explain(SENTENCE, found.model)
    return {**show(found)._asdict(), "said": explained.words, "decided": explained.chart}


def _words(words: Sequence[str]) -> str:
    return ", ".join(words[:WORDS_SHOWN])


def main() -> None:
    """Launches this panel alone."""
    from demos.style import LAUNCH
    from grokaem import corpora

    create_demo(corpora.load, corpora.available_offline()).queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
