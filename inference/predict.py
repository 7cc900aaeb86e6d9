"""Classifies texts or sound files with an exported model on this CPU; one JSON object a line.

    python inference/predict.py runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0/export "A joy from start to end."
    python inference/predict.py owner/name clip.wav other.flac
    cat texts.txt | python inference/predict.py owner/name -

Needs only: openvino openvino-tokenizers numpy huggingface_hub soundfile
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
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
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
