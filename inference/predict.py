"""Classifies texts or sound files with an exported model on this CPU; one JSON object a line.

    python inference/predict.py runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0/export "A joy from start to end."
    python inference/predict.py owner/name clip.wav other.flac
    cat texts.txt | python inference/predict.py owner/name -
    python inference/predict.py owner/name --input reviews.csv --output labels.jsonl   # goes on after a kill

Needs only: openvino tokenizers numpy huggingface_hub soundfile (and pyarrow for Parquet)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from command_line import run


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    parser = argparse.ArgumentParser(
        prog="predict.py", allow_abbrev=False, description="Classifies texts or sound files on this CPU."
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
        type=Path,
        metavar="FILE",
        help="classify every row of this .csv, .tsv, .jsonl, .parquet or .txt file; of sounds, their names",
    )
    parser.add_argument("--output", type=Path, metavar="OUT", help="where its labels go: .jsonl or .csv")
    parser.add_argument(
        "--text-column", help="column of --input to classify (default: recognised by its name)"
    )
    parser.add_argument("--overwrite", action="store_true", help="begin anew over an existing --output")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    if options.input or options.output:
        if not (options.input and options.output) or options.inputs:
            parser.error("give --input FILE and --output OUT together, and nothing else to classify")
        return _bulk(options)
    if not options.inputs and sys.stdin.isatty():
        parser.error("give a text, a sound file, or - to read lines from standard input")
    import inference

    classifier = inference.load(options.model, options.revision)
    inputs = _inputs(options.inputs)
    results = _sounds(classifier, inputs) if classifier.export.task == "audio" else _texts(classifier, inputs)
    for given, prediction in results:
        print(
            json.dumps(
                {
                    "input": given,
                    "label": prediction.label,
                    "scores": {name: round(score, 6) for name, score in prediction.scores.items()},
                    "milliseconds": round(prediction.milliseconds, 3),
                },
                ensure_ascii=False,
            ),
            flush=True,
        )
    return 0


def _bulk(options: argparse.Namespace) -> int:
    """Every row of a file; what can be wrong with the files is found before the model is loaded."""
    from inference import bulk
    from inference.rows import Rows

    rows, column = Rows(options.input), None
    bulk.check_output(options.output, options.overwrite)
    if rows.columns is not None:
        from corpora.columns import choose_text_column

        column, notes = choose_text_column(str(options.input), rows.columns, options.text_column)
        print(*notes, sep="\n", end="\n" if notes else "", file=sys.stderr)
    elif options.text_column:
        raise ValueError(f"{options.input} has no columns: leave out --text-column")
    import inference
    from inference.export_folder import MODEL, TOKENIZER, WEIGHTS

    classifier = inference.load(options.model, options.revision)
    parts = (MODEL, WEIGHTS, TOKENIZER, "config.json")
    output = bulk.BulkOutput(
        options.output, bulk.identity_of(rows, column, classifier.export.path, parts), options.overwrite
    )
    if output.done.resumed_at:
        print(f"going on after {output.done.resumed_at} rows", file=sys.stderr)
    if classifier.export.task == "audio":
        done = _with_bar(rows, column, _sound_files(classifier, options.input.parent), classifier, output, 32)
    else:
        done = _with_bar(rows, column, classifier.predict, classifier, output, bulk.WINDOW)
    empty = f", {done.empty} of them without a text and so without a label" if done.empty else ""
    print(f"{options.output}: {done.rows} rows{empty}", file=sys.stderr)
    return 0


def _with_bar(rows, column: str | None, predict, classifier, output, window: int):
    from tqdm import tqdm  # huggingface_hub brings it

    from inference.bulk import classify_rows

    unit, scale = ("row", False) if rows.suffix == ".parquet" else ("B", True)
    # disable=None: no bar where standard error is no terminal.
    with tqdm(total=rows.total, unit=unit, unit_scale=scale, desc=rows.path.name, disable=None) as bar:

        def show(position: int, done: int) -> None:
            bar.set_postfix_str(f"{done} rows", refresh=False)
            bar.update(position - bar.n)

        return classify_rows(rows, column, predict, classifier.labels, output, window=window, progress=show)


def _sound_files(classifier, folder: Path):
    """Takes names of sound files, relative to the folder of the list they stand in."""
    return lambda names: [answer for _, answer in _sounds(classifier, [str(folder / n) for n in names])]


def _inputs(given: list[str]) -> Iterator[str]:
    for item in given or ["-"]:
        if item != "-":
            yield item
            continue
        for line in sys.stdin:
            if line.strip():
                yield line.rstrip("\n")


def _texts(classifier, texts: Iterable[str]) -> Iterator[tuple]:
    # Lines from a pipe are answered a few at a time, so that a slow writer sees its answers.
    from itertools import islice

    texts = iter(texts)
    while window := list(islice(texts, 256)):
        yield from zip(window, classifier.predict(window), strict=True)


def _sounds(classifier, paths: Iterable[str]) -> Iterator[tuple]:
    from audio.reading import read_waveform

    for path in paths:
        waveform = read_waveform(path, classifier.sample_rate)
        yield path, classifier.predict([waveform])[0]


if __name__ == "__main__":
    sys.exit(run(main))
