"""A rare class, with and without the flags for it: film reviews of which few of the training part are fresh.

python -m benchmarks.rare_class                          # six runs, about 20 minutes on 2 cores
python -m benchmarks.rare_class --seeds 0 --share 0.05
python -m benchmarks.rare_class --json runs/rare_class/figures.json

A share of the fresh reviews of the train and validation parts is kept, chosen by the seed of the run; the test part
stays as it is. Both ways read the same table, whose column ``split`` says which part a review belongs to. Finished
runs are kept and only read again; an interrupted one goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.accuracy import ROOT, train
from grokaem import corpora, scores
from grokaem.corpora.part import Part
from grokaem.file_hash import sha256_of

DATASET, RARE = "rotten_tomatoes", "fresh"
LEAST = 20  # of the rare class kept in each part
# further arguments of finetune.py; all else is as in the README's run on all reviews
WAYS = {"plain": [], "weighted": ["--class-weights", "auto", "--metric", "macro_f1"]}
RUNS = ROOT / "runs" / "rare_class"


def main(argv: list[str] | None = None) -> int:
    """Trains what is missing and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rare_class", description=str(__doc__).splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of table and run (default: 0 1 2)")
    parser.add_argument("--share", type=float, default=0.02, help="of the rare class kept (default: %(default)s)")
    parser.add_argument("--output-dir", type=Path, default=RUNS, help="of tables and runs (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args(argv)
    if not 0 < options.share <= 1:
        parser.error(f"--share {options.share:g}: give a number above 0, at most 1.")
    corpus = corpora.load(DATASET, task="text")
    options.output_dir.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in options.seeds:
        name = f"share{options.share:g}-seed{seed}"
        table = options.output_dir / f"{name}.csv"
        thin(corpus, options.share, seed, table)
        for way, flags in WAYS.items():
            report = train(
                f"{way}-share{options.share:g}", ["--dataset", str(table), *flags], seed, None, options.output_dir
            )
            rows.append({"seed": seed, "way": way, **figures(report, table, corpus)})
            if options.json:
                options.json.parent.mkdir(parents=True, exist_ok=True)
                options.json.write_text(json.dumps({"share": options.share, "runs": rows}, indent=2) + "\n")
    print_table(rows)
    return 0


def thin(corpus: corpora.Corpus, share: float, seed: int, path: Path) -> None:
    """Writes the table: every review of the test part, and of the other parts all but most of the rare class.

    Args:
        corpus (Corpus): the whole data set.
        share (float): of the rare class's reviews in train and in validation, kept.
        seed (int): decides which.
        path (Path): the CSV file, of columns text, label and split.

    Raises:
        ValueError: the table, read again, has another test part or a part of another size.
    """
    rare = corpus.label_names.index(RARE)
    parts = {"train": corpus.train, "validation": corpus.validation, "test": corpus.test}
    draw = random.Random(seed)
    kept: dict[str, list[int]] = {}
    for name, part in parts.items():
        of_rare = [number for number, label in enumerate(part.labels) if label == rare]
        count = len(of_rare) if name == "test" else max(LEAST, round(share * len(of_rare)))
        chosen = set(draw.sample(of_rare, min(count, len(of_rare))))
        kept[name] = [n for n, label in enumerate(part.labels) if label != rare or n in chosen]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        for name, part in parts.items():
            writer.writerows((part.inputs[n], corpus.label_names[part.labels[n]], name) for n in kept[name])
    again = corpora.load(str(path), task="text")
    if reviews(again, again.test) != reviews(corpus, corpus.test):
        raise ValueError(f"the test part of {path} is not that of {DATASET}: what reads tables has changed its rows.")
    sizes = [len(part) for part in (again.train, again.validation)]
    if sizes != [len(kept["train"]), len(kept["validation"])]:
        raise ValueError(f"{path} is read as {sizes} reviews of train and validation, and was written otherwise.")


def reviews(corpus: corpora.Corpus, part: Part) -> Counter[tuple[str, str]]:
    """The reviews of a part with their labels, whatever their order."""
    return Counter((text, corpus.label_names[label]) for text, label in zip(part.inputs, part.labels, strict=True))


def figures(report: dict, table: Path, corpus: corpora.Corpus) -> dict:
    """What is compared, from a run's record.

    Args:
        report (dict): the contents of ``run.json``.
        table (Path): what it should have been trained on.
        corpus (Corpus): the whole data set.

    Returns:
        dict: ``kept`` (rare examples by part), ``balanced_accuracy``, ``accuracy``, ``macro_f1`` and ``recall`` by
        class on the test part, ``epoch`` (the one whose weights were kept) and ``seconds``.

    Raises:
        ValueError: a run of an older table lies where this one's should be.
    """
    if report["data"]["revision"] != f"sha256:{sha256_of(table)}":
        raise ValueError(f"a finished run of another table than {table} lies beside it: remove it, or its folder.")
    counts = np.asarray(report["confusion"])
    if counts.sum() != len(corpus.test):
        raise ValueError(f"{counts.sum()} reviews were tested instead of {len(corpus.test)}: remove the run's folder.")
    return {
        "kept": {part: report["data"]["classes"][RARE][part] for part in ("train", "validation")},
        "balanced_accuracy": scores.balanced_accuracy(counts),
        "accuracy": scores.accuracy(counts),
        "macro_f1": scores.macro_f1(counts),
        "recall": {row["label"]: row["recall"] for row in report["labels"]},
        "epoch": report["validation"]["epoch"],
        "seconds": report["seconds"],
    }


def print_table(rows: list[dict]) -> None:
    """Prints every run, then what the flags gain, seed by seed."""
    names = sorted(rows[0]["recall"])
    recalls = " | ".join(f"recall {name}" for name in names)
    print(f"\n| seed | run | {RARE} kept | balanced accuracy | accuracy | macro F1 | {recalls} | epoch | seconds |")
    print("|" + "---|" * (8 + len(names)))
    for row in rows:
        recall = " | ".join(f"{row['recall'][name]:.3f}" for name in names)
        print(
            f"| {row['seed']} | {row['way']} | {row['kept']['train']} + {row['kept']['validation']} | "
            f"{row['balanced_accuracy']:.4f} | {row['accuracy']:.4f} | {row['macro_f1']:.4f} | {recall} | "
            f"{row['epoch']:g} | {row['seconds']:.0f} |"
        )
    by = {(row["seed"], row["way"]): 100 * row["balanced_accuracy"] for row in rows}
    gains = {seed: by[seed, "weighted"] - by[seed, "plain"] for seed, way in by if way == "weighted"}
    for seed, gain in gains.items():
        print(f"seed {seed}: balanced accuracy {gain:+.1f} points")
    print(f"mean {statistics.mean(gains.values()):+.1f} points over seeds {list(gains)}")


if __name__ == "__main__":
    sys.exit(main())
