"""How few words are enough: scorers compared on a corpus or a labelled file, within the page's limits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from gradio.components.plot import PlotData

from demos.plots import plot
from demos.text_scoring import Tell
from demos.word_model import WordModel, word_model
from demos.wording import say
from grokaem.corpora.built_in import BUILT_IN

if TYPE_CHECKING:
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


class Asked(NamedTuple):
    """What is compared.

    Attributes:
        source: title of a corpus, or "My file".
        file: path of a labelled table, where the source is "My file".
        language: "en" or "ru".
        steps: of lower case, stop words, lemmas, stems.
        longest: words in the longest run that is a feature, 1 to 3.
        scorers: of chi2, mutual_info, anova, variance, linear, permutation.
    """

    source: str
    file: str | None
    language: str
    steps: Sequence[str]
    longest: int | float | str
    scorers: Sequence[str]


class Compared(NamedTuple):
    """What was found: the experiment, (step, different words, the most frequent ones), the model of the sentence."""

    result: SelectionExperiment
    by_step: list[tuple[str, int, list[str]]]
    model: WordModel


def titles_of(corpora: list[str]) -> dict[str, str]:
    """Title -> name of the built-in corpora among ``corpora`` that have labels worth telling apart."""
    return {BUILT_IN[name].title: name for name in corpora if name in BUILT_IN and BUILT_IN[name].load}


def settings_of(asked: Asked) -> tuple[WordSettings, Vocabulary]:
    """What the visitor chose, as ``grokaem.text`` understands it.

    Returns:
        tuple: WordSettings, Vocabulary.

    Raises:
        ValueError: a choice that the page does not offer.
    """
    from grokaem.text.cross_validation import Vocabulary
    from grokaem.text.words import WordSettings

    steps, longest = asked.steps, as_number(asked.longest)
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise ValueError(f"The steps are {', '.join(STEPS)}, not {unknown[0]!r:.40}.")
    if longest not in (1, 2, 3):
        raise ValueError(f"Runs of words have 1, 2 or 3 words, not {longest!r:.40}.")
    words = WordSettings(
        asked.language,
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

    def compare(self, asked: Asked, tell: Tell) -> Compared:
        """Accuracy against the number of words.

        Args:
            asked (Asked): what is compared.
            tell (callable): given the share done and what is being done.

        Raises:
            ValueError: a choice that the page does not offer, a table without texts and labels, too few documents.
        """
        from grokaem.text.selection_experiment import run_experiment
        from grokaem.text.words import vocabulary_by_step

        self._check(asked)
        words, vocabulary = settings_of(asked)
        tell(0.05, say("Reading the documents"))
        chosen = asked.file if asked.source == OWN else self.corpora[asked.source]
        corpus = sample(self.load(chosen, task="text"))
        tell(0.1, say("Cutting the documents into words"))
        result = run_experiment(
            corpus, list(asked.scorers), list(KS), words, vocabulary, FOLDS,
            progress=lambda share, what: tell(0.1 + 0.8 * share, _named(what)),
        )  # fmt: skip
        tell(0.92, say("Counting the words after each step"))
        by_step = vocabulary_by_step(corpus.train.inputs, words)
        model = word_model(result.pipeline, words, vocabulary.ngrams[1], result.label_names)
        return Compared(result, by_step, model)

    def _check(self, asked: Asked) -> None:
        scorers, steps = asked.scorers, asked.steps
        if not scorers or set(scorers) - set(SCORERS):
            raise ValueError(f"Choose scorers from {', '.join(SCORERS)}.")
        if len(set(scorers)) < len(scorers) or len(set(steps)) < len(steps):
            raise ValueError("A scorer or a step is chosen twice; choose each once.")
        if asked.source != OWN and asked.source not in self.corpora:
            raise ValueError(f"The source is one of {', '.join([*self.corpora, OWN])}, not {asked.source!r:.40}.")
        if asked.source == OWN and not asked.file:
            raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")


def as_number(given: int | float | str) -> int | float | str:
    """A number that a program may have written as text; what is none stays, and is refused with its words."""
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return given
    return int(number) if number.is_integer() else number


def _named(what: str) -> str:
    """What the experiment says it is doing, in the visitor's language."""
    found = re.fullmatch(r"fold (\d+) of (\d+): (\w+)", what)
    if found is None:
        return say("Scoring the test part")
    return say("Fold {number} of {all}: {scorer}", number=found[1], all=found[2], scorer=found[3])


def recommendation(result: SelectionExperiment) -> str:
    """The recommended row of a comparison as a sentence of Markdown, in the visitor's language."""
    chosen = result.recommended
    return say(
        "**{kept} of {all} features** by {scorer}: accuracy {accuracy} ± {spread} in cross-validation. On the {tested} "
        "documents of the test part: {recommended} with them, {whole} with all, {most_frequent} by always answering "
        "the most frequent label.",
        kept=round(chosen.features),
        all=result.n_features,
        scorer=chosen.scorer,
        accuracy=f"{chosen.accuracy:.3f}",
        spread=f"{chosen.accuracy_std:.3f}",
        tested=result.n_test,
        recommended=f"{result.test['recommended']:.3f}",
        whole=f"{result.test['all']:.3f}",
        most_frequent=f"{result.test['most_frequent']:.3f}",
    )


def draw_accuracy(result: SelectionExperiment) -> PlotData:
    """Accuracy against the number of words, a curve a scorer, the recommended point marked."""
    from grokaem.text.selection_report import CurveWords, accuracy_curves

    words = CurveWords(say("features kept"), say("accuracy"), say("recommended"))
    return plot(accuracy_curves(result, words=words))
