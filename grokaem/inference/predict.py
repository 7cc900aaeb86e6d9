"""Classifies texts or sound files with an exported model on this CPU; one JSON object a line.

    grokaem predict runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0/export "A joy from start to end."
    grokaem predict owner/name clip.wav other.flac
    cat texts.txt | grokaem predict owner/name -
    grokaem predict owner/name --input reviews.csv --output labels.jsonl               # goes on after a kill

Needs only what the library is installed with: no torch, no transformers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from grokaem.command_line import user_path
from grokaem.output_folder import claimed_files
from grokaem.plain_text import is_blank, terminal
from grokaem.set_aside import SHOWN, SetAside

if TYPE_CHECKING:
    from grokaem.inference.bulk_output import BulkOutput, Done
    from grokaem.inference.classifier import Classifier
    from grokaem.inference.export_folder import ExportFolder
    from grokaem.inference.prediction import Prediction
    from grokaem.inference.rows import Rows


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    parser = argparse.ArgumentParser(
        prog="grokaem predict", allow_abbrev=False, description="Classifies texts or sound files on this CPU."
    )
    parser.add_argument("model", help="export folder, run folder, or Hub id")
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="TEXT | FILE.wav | -",
        help="what to classify; - (or nothing) reads lines from standard input: texts, "
        "or names of sound files",
    )
    parser.add_argument("--revision", help="branch, tag or commit of the Hub repository")
    parser.add_argument(
        "--input",
        type=user_path,
        metavar="FILE",
        help="classify every row of this .csv, .tsv, .jsonl, .parquet or .txt file; of sounds, their names",
    )
    parser.add_argument("--output", type=user_path, metavar="OUT", help="where its labels go: .jsonl or .csv")
    parser.add_argument(
        "--text-column", help="column of --input to classify (default: recognised by its name)"
    )
    parser.add_argument("--overwrite", action="store_true", help="begin anew over an existing --output")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_intermixed_args(argv)  # options may stand before, between and after the texts
    if options.input or options.output:
        if not (options.input and options.output) or options.inputs:
            parser.error("give --input FILE and --output OUT together, and nothing else to classify")
        return _bulk(options)
    if not options.inputs and sys.stdin.isatty():
        parser.error("give a text, a sound file, or - to read lines from standard input")
    return _each(_load(_find(options)), options.inputs)


def _find(options: argparse.Namespace) -> ExportFolder:
    """The model's folder; says which commit of the Hub it is."""
    from grokaem.inference.export_folder import locate

    export = locate(options.model, options.revision)
    if export.commit:
        print(f"{terminal(options.model)} at commit {export.commit}", file=sys.stderr)
    return export


def _load(export: ExportFolder) -> Classifier:
    from grokaem import inference

    return inference.open_export(export)


def _each(classifier: Classifier, given: list[str]) -> int:
    """Answers what the command line or standard input gives, a JSON object a line."""
    from grokaem.inference.bulk import prediction_fields

    if not classifier.names_files:
        _warn_of_names(given)
    aside, cut = SetAside(classifier.export.kind.thing), 0
    for item, answer in _answers(classifier, _inputs(given)):
        line = {"input": item, **prediction_fields(answer)}
        if isinstance(answer, str):
            aside.add(item[:60], answer)
        else:
            line["milliseconds"] = round(answer.milliseconds, 3)
            cut += bool(answer.read)
            if answer.read and cut <= SHOWN:
                print(f"{terminal(item[:60])}: the model read {answer.read}", file=sys.stderr)
        # A lone surrogate has no UTF-8: it becomes a question mark, as in a file.
        print(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace").decode(), flush=True)
    if cut > SHOWN:
        print(f"and {cut - SHOWN} more were longer than the model reads", file=sys.stderr)
    return aside.report()


def _warn_of_names(given: list[str]) -> None:
    import os

    for item in given:
        if item != "-" and os.path.exists(item):
            kind = "folder" if os.path.isdir(item) else "file"
            print(
                f"{terminal(item)} is a {kind}: its name is classified, not what it holds; --input FILE --output OUT "
                "classifies the rows of a file",
                file=sys.stderr,
            )


def _bulk(options: argparse.Namespace) -> int:
    """Every row of a file; what can be wrong with the files is found before the model is loaded."""
    from grokaem.inference.bulk_output import check_output
    from grokaem.inference.rows import Rows

    rows, column = Rows(options.input), None
    print(*map(terminal, rows.notes), sep="\n", end="\n" if rows.notes else "", file=sys.stderr)
    if options.text_column and rows.columns is None:
        raise ValueError(f"{options.input} has no columns: leave out --text-column.")
    if options.text_column:
        column = _column(rows, options.text_column, ())
    options.output = check_output(options.output, options.overwrite, options.input)
    with claimed_files(output=options.output):
        return _print_outcome(options.output, _classified(options, rows, column))


def _classified(options: argparse.Namespace, rows: Rows, column: str | None) -> Done:
    """Loads the model and classifies the rows that are left; its kind knows the column that nobody named."""
    from grokaem.inference.bulk_identity import identity_of
    from grokaem.inference.bulk_output import BulkOutput

    export = _find(options)
    if rows.columns is not None:
        column = column or _column(rows, None, export.kind.columns)
    classifier = _load(export)
    output = BulkOutput(
        options.output, identity_of(rows, column, export.path, classifier.names_files), options.overwrite
    )
    if output.done.resumed_at:
        print(f"going on after {output.done.resumed_at} rows", file=sys.stderr)
    return _with_bar(rows, column, classifier, output)


def _column(rows: Rows, wanted: str | None, names: Sequence[str]) -> str:
    from grokaem.corpora.columns import choose_text_column

    column, notes = choose_text_column(str(rows.path), rows.columns or [], wanted, names)
    print(*map(terminal, notes), sep="\n", end="\n" if notes else "", file=sys.stderr)
    return column


def _print_outcome(path: Path, done: Done) -> int:
    empty = f", {done.empty} of them without a text and so without a label" if done.empty else ""
    cut = f", {done.cut} of them longer than the model reads and judged by their start" if done.cut else ""
    print(f"{terminal(path)}: {done.rows} rows{empty}{cut}", file=sys.stderr)
    reasons = [(name, reason) for name, reason in done.reasons]
    return SetAside("row", reasons, done.set_aside - len(reasons)).report()


def _with_bar(rows: Rows, column: str | None, classifier: Classifier, output: BulkOutput) -> Done:
    from tqdm import tqdm  # huggingface_hub brings it

    from grokaem.inference.bulk import classify_rows

    unit, scale = ("row", False) if rows.suffix == ".parquet" else ("B", True)
    # disable=None: no bar where standard error is no terminal.
    with tqdm(total=rows.total, unit=unit, unit_scale=scale, desc=rows.path.name, disable=None) as bar:

        def show(position: int, done: int) -> None:
            bar.set_postfix_str(f"{done} rows", refresh=False)
            bar.update(position - bar.n)

        # Names of files are relative to the folder of the list they stand in.
        predict: Callable[[list[str]], list[Prediction]] = partial(classifier.predict_given, folder=rows.path.parent)
        window = classifier.rows_at_once
        return classify_rows(rows, column, predict, classifier.labels, output, window=window, progress=show)


def _inputs(given: list[str]) -> Iterator[str]:
    """The texts or names; of standard input its lines, which end as those of a file do."""
    for item in given or ["-"]:
        if item != "-":
            yield item
            continue
        lines = (line.rstrip("\r\n") for line in _standard_input())
        yield from (line for line in lines if not is_blank(line))


def _standard_input() -> TextIO:
    """Its lines as those of a file, whose byte order mark says how they are written."""
    import io

    from grokaem.text_encoding import codec_of_mark

    # As much as has come: more would wait for the next line.
    start = sys.stdin.buffer.peek(4)[:4]  # pyright: ignore[reportAttributeAccessIssue]  # a BufferedReader
    codec = codec_of_mark(start) or "utf-8"
    return io.TextIOWrapper(sys.stdin.buffer, codec, "surrogateescape", newline="")


def _answers(classifier: Classifier, given: Iterable[str]) -> Iterator[tuple[str, Prediction | str]]:
    """Each input and its prediction, or the reason why it has none."""
    from grokaem.inference.bulk import predict_each

    # Lines from a pipe are answered a few at a time; memory does not grow with their number.
    given = iter(given)
    while window := list(islice(given, classifier.at_once)):
        yield from zip(window, predict_each(classifier.predict_given, window), strict=True)
