"""Below the text tab: how few words are enough, on a corpus or the visitor's own labelled file.

python -m demos.word_features
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import gradio as gr

from demos.frame import frame
from demos.served_model import ServedModel
from demos.word_comparison import (
    FILE_TYPES,
    FOLDS,
    MAX_DOCUMENTS,
    OWN,
    SCORERS,
    STEPS,
    WordComparison,
    titles_of,
)
from demos.word_explanation import WordExplanation

if TYPE_CHECKING:
    from grokaem.corpora import Corpus

LESSON = (
    "Counting words makes a matrix of one column a word: it grows without bound. **Which columns may go?** Each scorer "
    "ranks the words on the training folds alone; the curve shows what is left of the accuracy when only the best "
    "stay. The recommended point is the smallest within one standard error of the best."
)
LIMITS = (
    f"Limits: a random sample of {MAX_DOCUMENTS:,} documents, {FOLDS} folds, files up to 20 MB with a column of texts "
    "and one of labels. Without a limit, with parts of speech and names: `grokaem select-features`."
)


class Settings(NamedTuple):
    """What is compared, in the order of ``WordComparison.compare_features``."""

    source: gr.Radio
    file: gr.File
    language: gr.Radio
    steps: gr.CheckboxGroup
    longest: gr.Slider
    scorers: gr.CheckboxGroup


class Comparison(NamedTuple):
    """What a comparison fills, in the order of ``WordComparison.compare_features``."""

    curves: gr.Plot
    recommendation: gr.Markdown
    by_step: gr.Dataframe
    by_class: gr.Dataframe
    model: gr.State


class Explanation(NamedTuple):
    """A sentence, the button, and what they fill."""

    text: gr.Textbox
    button: gr.Button
    said: gr.Markdown
    ours: gr.Plot
    theirs: gr.Plot


def create_demo(served: ServedModel, load: Callable[..., Corpus], corpora: list[str]) -> gr.Blocks:
    """Lays out the panel.

    Args:
        served (ServedModel): the fine-tuned classifier whose words are shown beside TF-IDF's, if there is one.
        load (callable): a name or a path -> a labelled corpus in parts.
        corpora (list of str): built-in corpora that need no download.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    comparing = WordComparison(load, titles_of(corpora))
    with frame("Word features") as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                settings = _settings(list(comparing.corpora))
                compare = gr.Button("Compare", variant="primary", elem_id="compare-features")
                gr.Markdown(LIMITS, elem_classes="note")
            with gr.Column(scale=3, min_width=300):
                curves = gr.Plot(label="Accuracy", elem_id="feature-curves")
                recommendation = gr.Markdown("", elem_id="feature-recommendation")
        with gr.Row():
            by_step = gr.Dataframe(headers=["step", "different words", "most frequent"], label="Vocabulary")
            by_class = gr.Dataframe(headers=["class", "its words"], label="Words of each class")
        comparison = Comparison(curves, recommendation, by_step, by_class, gr.State(None))
        explanation = _explanation()
        _wire(comparing, WordExplanation(served), settings, compare, comparison, explanation)
    return demo


def _settings(titles: list[str]) -> Settings:
    first = [*titles, OWN][0]
    return Settings(
        source=gr.Radio([*titles, OWN], value=first, label="Documents", elem_id="feature-source"),
        file=gr.File(
            label="A table with texts and labels",
            file_types=FILE_TYPES,
            visible=first == OWN,
            elem_id="feature-file",
        ),
        language=gr.Radio([("English", "en"), ("Russian", "ru")], value="en", label="Language"),
        steps=gr.CheckboxGroup(list(STEPS), value=list(STEPS)[:2], label="Steps"),
        longest=gr.Slider(1, 3, value=1, step=1, label="Words in a run"),
        scorers=gr.CheckboxGroup(list(SCORERS), value=["chi2", "anova", "variance"], label="Scorers"),
    )


def _explanation() -> Explanation:
    with gr.Row():
        text = gr.Textbox(
            "A warm, funny and quietly devastating film.",
            label="A sentence",
            max_length=2000,
            scale=3,
            elem_id="sentence",
        )
        button = gr.Button("Which words decided?", scale=1, elem_id="explain-sentence")
    said = gr.Markdown("")
    with gr.Row():
        ours = gr.Plot(label="TF-IDF", elem_id="words-that-decided")
        theirs = gr.Plot(label="Fine-tuned model", elem_id="words-left-out")
    return Explanation(text, button, said, ours, theirs)


def _wire(
    comparing: WordComparison,
    explaining: WordExplanation,
    settings: Settings,
    compare: gr.Button,
    comparison: Comparison,
    explanation: Explanation,
) -> None:
    settings.source.change(
        lambda chosen: gr.update(visible=chosen == OWN), settings.source, settings.file, api_visibility="private"
    )
    compare.click(
        comparing.compare_features,
        list(settings),
        list(comparison),
        api_name="compare_features",
        show_progress_on=comparison.curves,
    )
    gr.on(
        [explanation.button.click, explanation.text.submit],
        explaining.explain_sentence,
        [explanation.text, comparison.model],
        [explanation.said, explanation.ours, explanation.theirs],
        api_name="explain_sentence",
    )


def main() -> None:
    """Launches this panel alone."""
    from demos.style import LAUNCH
    from grokaem import corpora
    from grokaem.kinds import TEXT

    demo = create_demo(ServedModel(TEXT.key), corpora.load, corpora.available_offline())
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
