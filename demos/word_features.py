"""Below the text tab: how few words are enough, on a corpus or the visitor's own labelled file.

python -m demos.word_features
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr

from demos.charts import escape
from demos.refusals import one_sentence
from demos.served_model import ServedModel
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from grokaem.corpora import Corpus, Part
    from grokaem.text.bench import Vocabulary
    from grokaem.text.words import WordSettings

CORPORA = {
    "rotten_tomatoes": "Film reviews",
    "reuters_r8": "Newswire",
    "20newsgroups": "Newsgroups",
    "fortunes_ru": "Russian aphorisms",
}
OWN = "My file"
FILE_TYPES = [".csv", ".tsv", ".jsonl", ".parquet"]
STEPS = {"lower case": "lower_case", "stop words": "stop_languages", "lemmas": "lemmas", "stems": "stems"}
SCORERS = ("chi2", "mutual_info", "anova", "variance", "linear", "permutation")
KS = (20, 50, 100, 200, 500, 1000, 2000, None)
FOLDS = 3
MAX_DOCUMENTS = 3000
LESSON = (
    "Counting words makes a matrix of one column a word: it grows without bound. **Which columns may go?** Each scorer "
    "ranks the words on the training folds alone; the curve shows what is left of the accuracy when only the best "
    "stay. The recommended point is the smallest within one standard error of the best."
)
LIMITS = (
    f"Limits: a random sample of {MAX_DOCUMENTS:,} documents, {FOLDS} folds, files up to 20 MB with a column of texts "
    "and one of labels. Without a limit, with parts of speech and names: `grokaem select-features`."
)


def settings_of(language: str, steps: list[str], longest: int) -> tuple[WordSettings, Vocabulary]:
    """What the visitor chose, as the text room understands it.

    Returns:
        tuple: WordSettings, Vocabulary.

    Raises:
        ValueError: a choice that the page does not offer.
    """
    from grokaem.text.bench import Vocabulary
    from grokaem.text.words import WordSettings

    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise ValueError(f"The steps are {', '.join(STEPS)}, not {unknown[0]!r:.40}.")
    if longest not in (1, 2, 3):
        raise ValueError(f"Runs of words have 1, 2 or 3 words, not {longest!r:.40}.")
    words = WordSettings(
        language,
        lower_case="lower case" in steps,
        stop_languages=("en", "ru") if "stop words" in steps else (),
        lemmas="lemmas" in steps,
        stems="stems" in steps,
    )
    words.check()
    return words, Vocabulary((1, int(longest)))


def sample(corpus: Corpus, count: int = MAX_DOCUMENTS) -> Corpus:
    """At most ``count`` documents of what may be learnt from, and as many of the test part, drawn with seed 0."""
    import random

    def part(whole: Part, most: int) -> Part:
        rows = sorted(random.Random(0).sample(range(len(whole)), min(most, len(whole))))
        return replace(whole, **{name: [getattr(whole, name)[row] for row in rows]
                                 for name in ("inputs", "labels", "groups")})  # fmt: skip

    return replace(
        corpus,
        train=part(corpus.train, int(0.9 * count)),
        validation=part(corpus.validation, count - int(0.9 * count)),
        test=part(corpus.test, count),
    )


def bars(words: list[tuple[str, float]], title: str, most: int = 15) -> Figure:
    """Words and what they add, the strongest on top."""
    from plotly import graph_objects as go

    strongest = sorted(words, key=lambda pair: -abs(pair[1]))[:most][::-1]
    figure = go.Figure(go.Bar(
        x=[value for _, value in strongest],
        y=[f"{escape(word)} {' ' * place}" for place, (word, _) in enumerate(strongest)],
        orientation="h", marker_color=["#0d9488" if value > 0 else "#d97706" for _, value in strongest],
    ))  # fmt: skip
    figure.update_layout(title=escape(title), margin={"l": 10, "r": 10, "t": 40, "b": 30}, height=420)
    figure.update_yaxes(automargin=True)
    return figure


def create_demo(served: ServedModel, load: Callable[..., Corpus], at_hand: list[str]) -> gr.Blocks:
    """Lays out the panel.

    Args:
        served (ServedModel): the fine-tuned classifier whose words are shown beside TF-IDF's, if there is one.
        load (callable): a name or a path -> a labelled corpus in parts.
        at_hand (list of str): built-in corpora that need no download.

    Returns:
        Blocks: to be launched, or rendered inside another.
    """
    offered = {title: name for name, title in CORPORA.items() if name in at_hand}

    @one_sentence
    def compare_features(  # noqa: D417 (Gradio fills progress in)
        source: str,
        file: str | None,
        language: str,
        steps: list[str],
        longest: int,
        scorers: list[str],
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[object, str, list[list[str | int]], list[list[str]], tuple]:
        """Accuracy against the number of words.

        Args:
            source (str): title of a corpus, or "My file".
            file (str or None): labelled table, where the source is "My file".
            language (str): "en" or "ru".
            steps (list of str): of lower case, stop words, lemmas, stems.
            longest (int): words in the longest run that is a feature, 1 to 3.
            scorers (list of str): of chi2, mutual_info, anova, variance, linear, permutation.

        Returns:
            The curves; the recommendation in a sentence; the vocabulary after each step; the words of
            each class; the model, for the sentence below.
        """
        from grokaem.text.report import curves
        from grokaem.text.study import study
        from grokaem.text.words import vocabulary_by_step

        if not scorers or set(scorers) - set(SCORERS):
            raise ValueError(f"Choose scorers from {', '.join(SCORERS)}.")
        if len(set(scorers)) < len(scorers) or len(set(steps)) < len(steps):
            raise ValueError("A scorer or a step is chosen twice; choose each once.")
        if source != OWN and source not in offered:
            raise ValueError(f"The source is one of {', '.join([*offered, OWN])}, not {source!r:.40}.")
        if source == OWN and not file:
            raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")
        words, vocabulary = settings_of(language, steps, longest)
        progress(0.05, desc="Reading the documents")
        corpus = sample(load(file if source == OWN else offered[source], task="text"))
        told = study(corpus, list(scorers), list(KS), words, vocabulary, FOLDS, progress=lambda share, what:
                     progress(0.1 + 0.8 * share, desc=what))  # fmt: skip
        steps_told = vocabulary_by_step(corpus.train.inputs, words)
        chosen = told.recommended
        sentence = (
            f"**{chosen.features:,.0f} of {told.n_features:,} features** by {chosen.scorer}: accuracy "
            f"{chosen.accuracy:.3f} ± {chosen.accuracy_std:.3f} in cross-validation. On the "
            f"{told.n_test:,} documents of the test part: {told.test['recommended']:.3f} with them, "
            f"{told.test['all']:.3f} with all, {told.test['most_frequent']:.3f} by always answering the most frequent "
            "label."
        )
        table = [[name, ", ".join(word for word, _ in top[:12])] for name, top in told.top.items()]
        rows = [[step, size, ", ".join(top[:12])] for step, size, top in steps_told]
        return curves(told), sentence, rows, table, (told.pipeline, words, told.label_names)

    @one_sentence
    def explain_sentence(text: str, model: tuple | None) -> tuple[str, object, object]:
        """Which words decided, for the TF-IDF model of the comparison and for the fine-tuned model.

        Args:
            text (str): a sentence, at most 2000 characters.
            model (tuple): what the comparison left: pipeline, word settings, names of the labels.

        Returns:
            What each model says; bars of the TF-IDF model's words; bars of the fine-tuned model's words.
        """
        from demos.text_classification import check_text
        from grokaem.text.study import words_that_decided
        from grokaem.text.words import words_of

        text = check_text(text)
        if model is None:
            raise ValueError("There is no TF-IDF model yet: press Compare first.")
        pipeline, words, labels = model
        (document,) = words_of([text], words, keep=False)
        label = int(pipeline.predict([document])[0])
        known = words_that_decided(pipeline, document, label)
        told = f"TF-IDF says **{markdown(labels[label])}**" + ("" if known else ", though it knows none of these words")
        left = bars(known, f"TF-IDF: words for {labels[label]}")
        if served.name() is None:
            return f"{told}. No fine-tuned model is served here.", left, None
        from grokaem.text.occlusion import occlusion

        def predict(texts: list[str]) -> list[dict[str, float]]:
            return [prediction.scores for prediction in served.load().predict(texts)]

        best = max(predict([text])[0].items(), key=lambda pair: pair[1])[0]
        right = bars(occlusion(text, best, predict), f"Fine-tuned: words for {best}, each left out")
        return f"{told}, the fine-tuned model **{markdown(best)}**.", left, right

    with gr.Blocks(title="Word features", analytics_enabled=False) as demo:
        gr.Markdown(LESSON, elem_classes="lesson")
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                first = next(iter(offered), OWN)
                source = gr.Radio([*offered, OWN], value=first, label="Documents", elem_id="feature-source")
                file = gr.File(
                    label="A table with texts and labels",
                    file_types=FILE_TYPES,
                    visible=first == OWN,
                    elem_id="feature-file",
                )
                language = gr.Radio([("English", "en"), ("Russian", "ru")], value="en", label="Language")
                steps = gr.CheckboxGroup(list(STEPS), value=list(STEPS)[:2], label="Steps")
                longest = gr.Slider(1, 3, value=1, step=1, label="Words in a run")
                scorers = gr.CheckboxGroup(list(SCORERS), value=["chi2", "anova", "variance"], label="Scorers")
                button = gr.Button("Compare", variant="primary", elem_id="compare-features")
                gr.Markdown(LIMITS, elem_classes="note")
            with gr.Column(scale=3, min_width=300):
                plot = gr.Plot(label="Accuracy", elem_id="feature-curves")
                sentence = gr.Markdown("", elem_id="feature-recommendation")
        with gr.Row():
            by_step = gr.Dataframe(headers=["step", "different words", "most frequent"], label="Vocabulary")
            by_class = gr.Dataframe(headers=["class", "its words"], label="Words of each class")
        model = gr.State(None)
        with gr.Row():
            text = gr.Textbox(
                "A warm, funny and quietly devastating film.",
                label="A sentence",
                max_length=2000,
                scale=3,
                elem_id="sentence",
            )
            explain = gr.Button("Which words decided?", scale=1, elem_id="explain-sentence")
        answer = gr.Markdown("")
        with gr.Row():
            ours = gr.Plot(label="TF-IDF", elem_id="words-that-decided")
            theirs = gr.Plot(label="Fine-tuned model")
        source.change(lambda chosen: gr.update(visible=chosen == OWN), source, file, api_visibility="private")
        button.click(
            compare_features,
            [source, file, language, steps, longest, scorers],
            [plot, sentence, by_step, by_class, model],
            api_name="compare_features",
            show_progress_on=plot,
        )
        gr.on(
            [explain.click, text.submit],
            explain_sentence,
            [text, model],
            [answer, ours, theirs],
            api_name="explain_sentence",
        )
    return demo


def main() -> None:
    """Launches this panel alone."""
    from demos.style import LAUNCH
    from grokaem import corpora

    demo = create_demo(ServedModel("text", "MODEL_ID"), corpora.load, corpora.at_hand())
    demo.queue(max_size=32).launch(**LAUNCH)


if __name__ == "__main__":
    main()
