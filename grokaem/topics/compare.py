"""Fits several topic models to one corpus and shows which to believe.

grokaem topics lee_news --models lda,nmf --topics 8
grokaem topics reviews.csv --labels stars --seeds 3 --json topics.json --html topics.html
grokaem topics reuters_r8 --part test --topics 8 --seeds 3
grokaem topics notes.txt --topics auto
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from grokaem.atomic import write_text
from grokaem.command_line import add_reports, check_reports, one_line
from grokaem.output_folder import claimed_files
from grokaem.plain_text import is_blank, terminal
from grokaem.set_aside import SetAside
from grokaem.topics.models import MODELS

if TYPE_CHECKING:
    from tqdm import tqdm

    from grokaem.embedding import Embedder


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    from grokaem import corpora

    made = argparse.ArgumentParser(
        prog="grokaem topics", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "corpus",
        help="a file (.txt one document a line, .csv, .tsv, .jsonl, .parquet) or a corpus: "
        + ", ".join(corpora.readable()),
    )
    made.add_argument("--models", default=",".join(MODELS), help="comma-separated (default: %(default)s)")
    made.add_argument(
        "--topics", default="10", help="a number, or auto: the one with the best NPMI (default: 10)"
    )
    made.add_argument("--seeds", type=int, default=1, help="runs of each model, seeds 0, 1, ... (default: 1)")
    made.add_argument("--labels", help="column with known classes, for NMI and topics by class")
    made.add_argument("--text-column", help="column with the documents (default: recognised)")
    made.add_argument("--part", choices=("all", "train", "validation", "test"), default="all")
    made.add_argument("--classes", help="comma-separated classes of a built-in corpus to keep")
    made.add_argument("--max-documents", type=int, help="keep a random sample (seed 0) of this many")
    made.add_argument("--top", type=int, default=10, help="words of a topic that are scored (default: 10)")
    made.add_argument("--curve", help="numbers of topics to draw NPMI against (default with --html: four)")
    made.add_argument("--embedding-model", help="sentence-transformers id or folder (default: MiniLM)")
    made.add_argument("--precision", choices=("int8", "int8-weights", "fp32"), default="int8")
    made.add_argument(
        "--sequence-length",
        type=int,
        default=128,
        help="tokens of a document that are embedded (default: 128)",
    )
    add_reports(made, "an interactive report")
    made.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    return made


def main(argv: list[str]) -> int:
    """Runs the comparison; see the head of the file."""
    arguments = parser().parse_args(argv)
    models = _models(arguments.models)
    wanted = _number_of_topics(arguments.topics)
    if arguments.seeds < 1:
        raise ValueError(f"--seeds {arguments.seeds}: at least one run is needed.")
    if arguments.top < 2:
        raise ValueError(f"--top {arguments.top}: coherence needs at least 2 words.")
    if arguments.max_documents is not None and arguments.max_documents < 1:
        raise ValueError(f"--max-documents {arguments.max_documents}: at least one document is needed.")
    if arguments.curve is not None:
        _check_curve(arguments.curve)
    check_reports(arguments, arguments.corpus)
    with claimed_files(json=arguments.json, html=arguments.html):
        name, documents, labels, notes, rows_aside = _read(arguments)
        from grokaem.topics.documents import check_enough, encodable

        documents = [encodable(text) for text in documents]
        labels = labels and [encodable(label) for label in labels]
        check_enough(sum(1 for text in documents if not is_blank(text)), wanted or 2)
        code = _compare(arguments, models, wanted, terminal(name), documents, labels, notes)
        return max(code, rows_aside.report())


def _compare(
    arguments: argparse.Namespace,
    models: list[str],
    wanted: int | None,
    name: str,
    documents: list[str],
    labels: list[str] | None,
    notes: list[str],
) -> int:
    from grokaem.topics.coherence import C_V_WARNING
    from grokaem.topics.comparison import compare_models, map_places
    from grokaem.topics.comparison_report import print_table, reasons_of_dashes

    bar = _Bar()
    aside = SetAside("model")
    embedder, embedding_seconds = _embed(arguments, models, documents, aside, bar)
    if embedder is not None:
        notes.append(
            f"embedding with {embedder.name} took {embedding_seconds:.1f} s, not counted in the table"
        )
    usable = [model for model in models if embedder is not None or not MODELS[model].embeds]  # else set aside
    compared = compare_models(
        usable, documents, labels, n_topics=wanted, numbers=_curve(arguments, wanted, len(documents)),
        seeds=list(range(arguments.seeds)), top=arguments.top, embedder=embedder, progress=bar,
        aside=None if len(models) == 1 or arguments.debug else aside,
    )  # fmt: skip
    bar.close()
    notes += reasons_of_dashes(labels, arguments.seeds)
    notes += [f"{model} was set aside: {reason}" for model, reason in aside.reasons]
    if not compared.results:
        return aside.report()
    print_table(name, documents, compared.results, [f"* {C_V_WARNING}", *notes])
    content = {
        "corpus": name,
        "n_documents": len(documents),
        "seeds": list(range(arguments.seeds)),
        "top_words": arguments.top,
        "embedding": embedder and {"model": embedder.name, "seconds": embedding_seconds},
        "c_v_warning": C_V_WARNING,
        "notes": notes,
        "results": compared.results,
        "set_aside": dict(aside.reasons),
        "npmi_by_topics": compared.curves,
    }
    if arguments.json:
        write_text(arguments.json, json.dumps(content, ensure_ascii=False, indent=1))
    if arguments.html:
        from grokaem.topics.comparison_report import write_report

        places = map_places(documents, embedder, bar)
        bar.close()
        results, fitted, curves = compared
        write_report(arguments.html, name, results, fitted, documents, places, labels, curves, notes)
    return aside.report()


def _embed(
    arguments: argparse.Namespace, models: list[str], documents: list[str], aside: SetAside, bar: _Bar
) -> tuple[Embedder | None, float | None]:
    """The encoder, when a model needs one, with the documents' vectors in its cache; the seconds that they took."""
    import time

    needing = [model for model in models if MODELS[model].embeds]
    if not needing:
        return None, None
    from grokaem.embedding import Embedder

    try:
        embedder = Embedder(arguments.embedding_model, arguments.precision, arguments.sequence_length)
        start = time.perf_counter()
        embedder.encode([text for text in documents if not is_blank(text)], bar)
    except (ValueError, FileNotFoundError):  # a wrong name or setting: nothing is computed yet
        raise
    except Exception as error:
        if len(needing) == len(models) or arguments.debug:
            raise
        for model in needing:
            aside.add(model, one_line(error))
        return None, None
    return embedder, time.perf_counter() - start


def _models(text: str) -> list[str]:
    models = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in models if name not in MODELS]
    if unknown or not models:
        raise ValueError(f"--models {text}: choose from {', '.join(MODELS)}.")
    return list(dict.fromkeys(models))


def _number_of_topics(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 2:
        raise ValueError(f"--topics {text}: give a number from 2 on, or auto.")
    return int(text)


def _check_curve(text: str) -> None:
    if not all(part.strip().isdecimal() and int(part) >= 2 for part in text.split(",")):
        raise ValueError(f"--curve {text}: give numbers from 2 on, comma-separated.")


def _curve(arguments: argparse.Namespace, wanted: int | None, n_documents: int) -> list[int]:
    """The numbers of topics to try beside the one asked for."""
    if arguments.curve:
        return sorted({int(text) for text in arguments.curve.split(",")})
    if arguments.html and wanted is not None:
        around = {max(2, wanted // 2), wanted * 3 // 2, wanted * 2}
        return sorted(number for number in around if number <= n_documents)
    return []


def _read(arguments: argparse.Namespace) -> tuple[str, list[str], list[str] | None, list[str], SetAside]:
    import random

    from grokaem import corpora

    name = arguments.corpus
    if arguments.part != "all" or arguments.classes:
        classes = [text.strip() for text in arguments.classes.split(",")] if arguments.classes else None
        corpus = corpora.load(
            name, text_column=arguments.text_column, label_column=arguments.labels, classes=classes
        )
        name = corpus.name
        chosen = (corpus.train, corpus.validation, corpus.test)
        if arguments.part != "all":
            chosen = (getattr(corpus, arguments.part),)
            name = f"{name} ({arguments.part})"
        documents = [text for part in chosen for text in part.inputs]
        labels = [corpus.label_names[label] for part in chosen for label in part.labels]
        notes, aside = list(corpus.notes), corpus.set_aside
    else:
        read = corpora.read_documents(name, text_column=arguments.text_column, label_column=arguments.labels)
        name = read.name  # a file's name, not its path: reports are handed on
        documents, labels, notes, aside = read.texts, read.labels, list(read.notes), read.set_aside
    if arguments.max_documents and len(documents) > arguments.max_documents:
        rows = sorted(random.Random(0).sample(range(len(documents)), arguments.max_documents))
        notes.append(f"a random sample of {len(rows):,} of {len(documents):,} documents")
        documents = [documents[row] for row in rows]
        labels = labels and [labels[row] for row in rows]
    return name, documents, labels, notes, SetAside("item", list(aside))


class _Bar:
    """What is being done, on one line of a terminal; nothing where the output is not one."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None

    def __call__(self, fraction: float, description: str) -> None:
        if not sys.stderr.isatty():
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(total=100, bar_format="{percentage:3.0f}% |{bar:20}| {desc}", leave=False)
        self.bar.n = min(100, int(100 * fraction))
        self.bar.set_description_str(description)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
