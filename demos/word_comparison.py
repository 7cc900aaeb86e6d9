"""How few words are enough: scorers compared on a corpus or a labelled file, within the page's limits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import gradio as gr
from gradio.components.plot import PlotData

from demos.error_messages import one_sentence
from demos.plots import plot
from grokaem.corpora.built_in import BUILT_IN

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from grokaem.corpora import Corpus, Part
    from grokaem.text.cross_validation import Vocabulary
    from grokaem.text.selection_experiment import SelectionExperiment
    from grokaem.text.words import WordSettings

OWN = "My file"
FILE_TYPES = [".csv", ".tsv", ".jsonl", ".parquet"]
STEPS = {"lower case": "lower_case", "stop words": "stop_languages", "lemmas": "lemmas", "stems": "stems"}
SCORERS = ("chi2", "mutual_info", "anova", "variance", "linear", "permutation")
KS = (20, 50, 100, 200, 500, 1000, 2000, None)
FOLDS = 3
MAX_DOCUMENTS = 3000


class WordModel(NamedTuple):
    """What a comparison leaves for the sentence below: the recommended model, its words' settings, its labels."""

    pipeline: Pipeline
    words: WordSettings
    labels: list[str]


def titles_of(corpora: list[str]) -> dict[str, str]:
    """Title -> name of the built-in corpora among ``corpora`` that have labels worth telling apart."""
    return {BUILT_IN[name].title: name for name in corpora if name in BUILT_IN and BUILT_IN[name].load}


def settings_of(language: str, steps: list[str], longest: int) -> tuple[WordSettings, Vocabulary]:
    """What the visitor chose, as ``grokaem.text`` understands it.

    Returns:
        tuple: WordSettings, Vocabulary.

    Raises:
        ValueError: a choice that the page does not offer.
    """
    from grokaem.text.cross_validation import Vocabulary
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


@dataclass(frozen=True)
class WordComparison:
    """Compares scorers of words.

    Attributes:
        load (callable): a name or a path -> a labelled corpus in parts.
        corpora (dict): title -> name of the built-in corpora that the page offers.
    """

    load: Callable[..., Corpus]
    corpora: dict[str, str]

    @one_sentence
    def compare_features(  # noqa: D417 (Gradio fills progress in)
        self,
        source: str,
        file: str | None,
        language: str,
        steps: list[str],
        longest: int,
        scorers: list[str],
        progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it in the signature)
    ) -> tuple[PlotData, str, list[list[str | int]], list[list[str]], WordModel]:
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
        from grokaem.text.selection_experiment import run_experiment
        from grokaem.text.words import vocabulary_by_step

        self._check(source, file, steps, scorers)
        words, vocabulary = settings_of(language, steps, longest)
        progress(0.05, desc="Reading the documents")
        chosen = file if source == OWN else self.corpora[source]
        corpus = sample(self.load(chosen, task="text"))
        result = run_experiment(corpus, list(scorers), list(KS), words, vocabulary, FOLDS, progress=lambda share, what:
                       progress(0.1 + 0.8 * share, desc=what))  # fmt: skip
        sizes = vocabulary_by_step(corpus.train.inputs, words)
        by_step: list[list[str | int]] = [[step, size, ", ".join(top[:12])] for step, size, top in sizes]
        by_class = [[name, ", ".join(word for word, _ in top[:12])] for name, top in result.top.items()]
        model = WordModel(result.pipeline, words, result.label_names)
        return draw_accuracy(result), recommendation(result), by_step, by_class, model

    def _check(self, source: str, file: str | None, steps: list[str], scorers: list[str]) -> None:
        if not scorers or set(scorers) - set(SCORERS):
            raise ValueError(f"Choose scorers from {', '.join(SCORERS)}.")
        if len(set(scorers)) < len(scorers) or len(set(steps)) < len(steps):
            raise ValueError("A scorer or a step is chosen twice; choose each once.")
        if source != OWN and source not in self.corpora:
            raise ValueError(f"The source is one of {', '.join([*self.corpora, OWN])}, not {source!r:.40}.")
        if source == OWN and not file:
            raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")


def recommendation(result: SelectionExperiment) -> str:
    """The recommended row of a comparison as a sentence of Markdown."""
    chosen = result.recommended
    return (
        f"**{chosen.features:,.0f} of {result.n_features:,} features** by {chosen.scorer}: accuracy "
        f"{chosen.accuracy:.3f} ± {chosen.accuracy_std:.3f} in cross-validation. On the "
        f"{result.n_test:,} documents of the test part: {result.test['recommended']:.3f} with them, "
        f"{result.test['all']:.3f} with all, {result.test['most_frequent']:.3f} by always answering the most frequent "
        "label."
    )


def draw_accuracy(result: SelectionExperiment) -> PlotData:
    """Accuracy against the number of words, a curve a scorer, the recommended point marked."""
    from grokaem.text.selection_report import accuracy_curves

    return plot(accuracy_curves(result))
