"""How far the vocabulary can shrink before accuracy does: scorers against numbers of features, on your data.

grokaem select-features rotten_tomatoes
grokaem select-features reviews.csv --text-column review --label-column stars --k 50,200,1000,all
grokaem select-features fortunes_ru --language ru --lemmas --stems --html report.html
grokaem select-features reviews.csv --save my_model && grokaem predict my_model "Dull and boring."
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.atomic import write_text
from grokaem.command_line import add_reports, check_reports, user_path
from grokaem.output_folder import claimed, claimed_files, destination
from grokaem.plain_text import lines_of, terminal
from grokaem.set_aside import SetAside

if TYPE_CHECKING:
    from grokaem.text.cross_validation import Vocabulary
    from grokaem.text.selection_experiment import SelectionExperiment
    from grokaem.text.words import WordSettings

SCORERS = ("chi2", "mutual_info", "anova", "variance", "linear", "trees", "permutation")  # of text.selection
KS = "50,100,200,500,1000,2000,5000,all"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        prog="grokaem select-features", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("dataset", help="a labelled file, a built-in data set, or owner/name on the Hub")
    made.add_argument("--text-column", help="column with the texts (default: recognised)")
    made.add_argument("--label-column", help="column with the classes (default: recognised)")
    made.add_argument("--scorers", default=",".join(SCORERS), help="comma-separated (default: all)")
    made.add_argument("--k", default=KS, help="numbers of features, or all (default: %(default)s)")
    made.add_argument("--folds", type=int, default=5, help="of the cross-validation (default: 5)")
    made.add_argument("--seed", type=int, default=0, help="of folds and trees (default: 0)")
    steps = made.add_argument_group("from a text to its words, in this order")
    steps.add_argument("--language", choices=("en", "ru"), default="en", help="of the texts (default: en)")
    steps.add_argument("--keep-case", action="store_true", help="do not fold upper and lower case")
    steps.add_argument("--stop-words", default="en,ru", metavar="LISTS",
                       help="en, ru, none, files with a word a line; comma-separated (default: en,ru)")  # fmt: skip
    steps.add_argument("--parts-of-speech", default="", metavar="TAGS", help="keep these, as NOUN,VERB,ADJ")
    steps.add_argument("--lemmas", action="store_true", help="replace words by their dictionary form")
    steps.add_argument("--stems", action="store_true", help="cut endings off, after the lemmas")
    steps.add_argument("--entities", choices=("keep", "apart", "remove"), default="keep", help="names")
    steps.add_argument("--numbers", action="store_true", help="numbers are words too")
    columns = made.add_argument_group("from words to columns")
    columns.add_argument("--ngrams", default="1-1", metavar="N-M", help="runs of words (default: 1-1)")
    columns.add_argument("--min-df", default="2", help="fewest documents of a word, or a fraction (default: 2)")
    columns.add_argument("--max-df", default="1.0", help="largest fraction, or number (default: 1.0)")
    columns.add_argument("--vocabulary", type=user_path, metavar="FILE", help="use these words, one a line")
    made.add_argument("--save", type=Path, metavar="FOLDER", help="keep the recommended model, for grokaem predict")
    add_reports(made, "a report with the curves")
    made.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    return made


def main(argv: list[str]) -> int:
    """Runs the experiment; see the head of the file."""
    arguments = parser().parse_args(argv)
    scorers = _scorers(arguments.scorers)
    ks = _ks(arguments.k)
    if arguments.folds < 2:
        raise ValueError(f"--folds {arguments.folds}: at least 2 are needed.")
    if not 0 <= arguments.seed < 2**32:
        raise ValueError(f"--seed {arguments.seed}: give a number from 0 to {2**32 - 1}.")
    check_reports(arguments, arguments.dataset, arguments.vocabulary)
    with ExitStack() as held:
        if arguments.save is not None:
            arguments.save = destination(arguments.save, "--save")
            if arguments.save.exists():
                raise ValueError(f"--save {arguments.save}: it exists; give a new folder.")
            held.enter_context(claimed(arguments.save, "--save"))
        held.enter_context(claimed_files(json=arguments.json, html=arguments.html))
        words, vocabulary = _word_settings(arguments), _vocabulary(arguments)  # loads libraries
        words.check()
        return _study(arguments, scorers, ks, words, vocabulary)


def _study(
    arguments: argparse.Namespace,
    scorers: list[str],
    ks: list[int | None],
    words: WordSettings,
    vocabulary: Vocabulary,
) -> int:
    """Compares, and writes what was asked for; returns the exit code."""
    from grokaem import corpora

    corpus = corpora.load(
        arguments.dataset, task="text", text_column=arguments.text_column, label_column=arguments.label_column
    )
    from grokaem.text.selection_experiment import run_experiment

    experiment = run_experiment(corpus, scorers, ks, words, vocabulary, arguments.folds, arguments.seed, _progress)
    _print(experiment)
    if arguments.save:
        from grokaem.text.tfidf_model import from_pipeline

        facts = experiment.as_dict() | {"data": corpus.describe(), "revision": corpus.revision}
        facts["versions"] = {name: version(name) for name in ("scikit-learn", "numpy")}
        del facts["results"], facts["words"]  # the model has its words itself, the table is --json's
        from_pipeline(experiment.pipeline, words).save(arguments.save, experiment.label_names, facts)
        _tell_saved(arguments.save)
    if arguments.json:
        write_text(arguments.json, json.dumps(experiment.as_dict(), ensure_ascii=False, indent=1))
    if arguments.html:
        from grokaem.text.selection_report import write_report

        write_report(arguments.html, experiment)
    return SetAside("item", [*corpus.set_aside, *experiment.set_aside]).report()


def _tell_saved(folder: Path) -> None:
    use = shlex.join(["grokaem", "predict", str(folder), "A text."])
    print(f"saved the recommended model: {terminal(use)}")


def _scorers(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in SCORERS]
    if unknown or not names:
        raise ValueError(f"--scorers {text}: choose from {', '.join(SCORERS)}.")
    return names


def _ks(text: str) -> list[int | None]:
    found: list[int | None] = []
    for part in (part.strip() for part in text.split(",")):
        if part != "all" and not (part.isdecimal() and int(part) > 0):
            raise ValueError(f"--k {text}: give numbers from 1 on, or all, comma-separated.")
        found.append(None if part == "all" else int(part))
    return list(dict.fromkeys(found))


def _word_settings(arguments: argparse.Namespace) -> WordSettings:
    from grokaem.text.stop_words import LANGUAGES
    from grokaem.text.words import WordSettings

    languages, own = [], []
    for name in (part.strip() for part in arguments.stop_words.split(",")):
        if name in LANGUAGES:
            languages.append(name)
        elif name and name != "none":
            own += _lines(Path(name), "--stop-words")
    return WordSettings(
        language=arguments.language,
        lower_case=not arguments.keep_case,
        stop_languages=tuple(languages),
        own_stop_words=tuple(own),
        parts_of_speech=tuple(tag.strip().upper() for tag in arguments.parts_of_speech.split(",") if tag.strip()),
        lemmas=arguments.lemmas,
        stems=arguments.stems,
        entities=arguments.entities,
        numbers=arguments.numbers,
    )


def _vocabulary(arguments: argparse.Namespace) -> Vocabulary:
    from grokaem.text.cross_validation import Vocabulary

    shortest, _, longest = arguments.ngrams.partition("-")
    if not (shortest.isdecimal() and longest.isdecimal() and 1 <= int(shortest) <= int(longest)):
        raise ValueError(f"--ngrams {arguments.ngrams}: give the shortest and longest run of words, as 1-2.")
    terms = tuple(_lines(arguments.vocabulary, "--vocabulary")) if arguments.vocabulary else ()
    return Vocabulary(
        (int(shortest), int(longest)),
        _frequency(arguments.min_df, "--min-df"),
        _frequency(arguments.max_df, "--max-df"),
        tuple(dict.fromkeys(terms)),
    )


def _frequency(text: str, flag: str) -> int | float:
    try:
        value = int(text) if text.isdecimal() else float(text)
    except ValueError:
        value = -1
    if not (isinstance(value, int) and value >= 1) and not (isinstance(value, float) and 0 <= value <= 1):
        raise ValueError(f"{flag} {text}: give a number of documents from 1 on, or a fraction from 0.0 to 1.0.")
    return value


def _lines(path: Path, flag: str) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"{flag} {path}: there is no such file.")
    try:
        words = [line.strip() for line in lines_of(path.read_text(encoding="utf-8-sig"))]
    except UnicodeDecodeError:
        raise ValueError(f"{flag} {path}: the file is not UTF-8; save it anew as UTF-8.") from None
    if not any(words):
        raise ValueError(f"{flag} {path}: the file holds no word.")
    return [word for word in words if word]


def _progress(fraction: float, description: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{fraction:4.0%} {description}" if fraction < 1 else "\r\033[K", end="", file=sys.stderr)


def _print(experiment: SelectionExperiment) -> None:
    sizes = f"{experiment.n_documents:,} documents, {experiment.n_features:,} features, {experiment.n_folds} folds"
    print(f"{terminal(experiment.dataset)}: {sizes}")
    head = ("scorer", "k", "features", "accuracy", "+-", "macro F1", "+-", "matrix KiB", "model KiB", "s", "stability")
    rows: list[tuple[str, ...]] = [head]
    for row in experiment.rows:
        rows.append((
            row.scorer, "all" if row.k is None else str(row.k), f"{row.features:.0f}", f"{row.accuracy:.4f}",
            f"{row.accuracy_std:.4f}", f"{row.macro_f1:.4f}", f"{row.macro_f1_std:.4f}",
            f"{row.matrix_bytes / 1024:.0f}", f"{row.model_bytes / 1024:.0f}", f"{row.seconds:.2f}",
            "-" if row.stability is None else f"{row.stability:.2f}",
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        print("  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]))
    chosen = experiment.recommended
    print(f"\nrecommended: {chosen.scorer}, k = {'all' if chosen.k is None else chosen.k}: "
          f"{chosen.features:.0f} features ({chosen.features / experiment.n_features:.1%}), the fewest within one "
          f"standard error of the best")  # fmt: skip
    test = experiment.test
    print(f"held-out test part ({experiment.n_test:,} documents): accuracy {test['recommended']:.4f} with the "
          f"recommended features, {test['all']:.4f} with all, {test['most_frequent']:.4f} by always "
          "answering the most frequent label")  # fmt: skip
    for name, words in experiment.top.items():
        print(terminal(f"  {name}: {' '.join(f'{word} {weight:.2f}' for word, weight in words[:10])}"))
    for note in experiment.notes:
        print(f"({terminal(note)})")
