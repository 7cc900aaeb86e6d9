"""A TF-IDF model beside a fine-tuned, quantized encoder, on the same test part.

    grokaem select-features rotten_tomatoes --scorers anova --k 5000 --save runs/words
    python -m benchmarks.words_or_encoder rotten_tomatoes runs/words runs/accuracy/rotten_tomatoes-seed0/export

Accuracy, bytes of the model on disk, milliseconds of a text alone (median of 300, the models in turn), texts a second.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

from grokaem.command_line import run

ALONE = 300
MODEL_FILES = ("*.bin", "*.xml", "*.safetensors", "vocabulary.json")


def main(argv: list[str]) -> int:
    """Runs the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.words_or_encoder", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("dataset", help="built-in data set, file, or owner/name")
    parser.add_argument("models", nargs="+", help="export folders")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    from grokaem import corpora, inference

    corpus = corpora.load(options.dataset, task="text")
    test = corpus.test
    models = {name: inference.load(name) for name in options.models}
    times: dict[str, list[float]] = {name: [] for name in models}
    for model in models.values():
        model.predict(test.inputs[:30])  # what is prepared once is no part of a text's time
        [model.predict([text]) for text in test.inputs[:30]]
    for text in test.inputs[30 : 30 + ALONE]:
        for name, model in models.items():
            start = time.perf_counter()
            model.predict([text])
            times[name].append(1000 * (time.perf_counter() - start))
    print("| model | accuracy | KB | one text, ms | texts/s |\n|---|---|---|---|---|")
    for name, model in models.items():
        start = time.perf_counter()
        predicted = [prediction.label for prediction in model.predict(test.inputs)]
        speed = len(predicted) / (time.perf_counter() - start)
        right = sum(a == corpus.label_names[b] for a, b in zip(predicted, test.labels, strict=True)) / len(predicted)
        size = sum(path.stat().st_size for pattern in MODEL_FILES for path in Path(model.export.path).glob(pattern))
        print(f"| {name} | {right:.4f} | {size / 1000:,.0f} | {median(times[name]):.3f} | {speed:,.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
