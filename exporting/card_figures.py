"""The tables of a model card: accuracy, what each label gets right, and what quantization costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from exporting.parity import of_metric
from grokaem.plain_text import markdown
from grokaem.scores import METRIC_NAMES, Metric, most_frequent_share, per_label

if TYPE_CHECKING:
    from exporting.report_types import (
        Attempt,
        FailedAttempt,
        FailedInstructionSet,
        InstructionSet,
        LabelScores,
        ParityReport,
        RunReport,
    )

CONFUSIONS = 5
BEATEN = "**It is right no more often than if it always answered with the most frequent label.**"
BUSY = 0.25  # of the threads: a load above it is told beside the speeds


def results(report: RunReport, parity: ParityReport | None) -> str:
    """Accuracy on the test part, of the original and of the export.

    Args:
        report (dict): ``run.json``.
        parity (dict, optional): ``parity.json``; without, the card is the original's.
    """
    m = report["metrics"]
    arithmetic = report["config"].get("precision")
    twice = parity is not None and not report.get("adopted")
    if parity is not None and twice and arithmetic == "fp32":
        twice = m["accuracy"] != parity["original"]["accuracy"]
    trained = f", in training's arithmetic ({markdown(arithmetic)})" if twice and arithmetic else ""
    lines = [
        "## Results",
        "",
        f"On the test part of {markdown(report['data']['name'])}, scored once.",
        "",
        "| | accuracy | macro F1 | loss |",
        "|---|---|---|---|",
        f"| original{trained} | {m['accuracy']:.4f} | {m['macro_f1']:.4f} | {m['loss']:.4f} |",
    ]
    best = m["accuracy"]
    if parity:
        e = parity["export"]
        best = e["accuracy"]
        if twice:
            fp32 = parity["original"]
            macro = f" {fp32['macro_f1']:.4f}" if "macro_f1" in fp32 else ""
            lines.append(f"| original, in fp32 | {fp32['accuracy']:.4f} |{macro} | |")
        lines.append(f"| this export | {e['accuracy']:.4f} | {e['macro_f1']:.4f} | |")
    if (share := most_frequent(report)) is not None:
        lines.append(f"| always the most frequent label | {share:.4f} | | |")
        if best <= share:
            lines += ["", BEATEN]
    if twice:
        lines += [
            "",
            "The original's two figures are of the same weights: training scored them in its own arithmetic, the "
            "comparison with the export in fp32; where two labels score nearly alike, rounding decides.",
        ]
    if rows := _labels(report, parity):
        lines += ["", *rows]
    if silent := report.get("never_predicted"):
        lines += ["", f"No example of the test part was given {listed(map(markdown, silent))}, which it holds."]
    if pairs := _confusions(report):
        lines += ["", "Most frequent confusions of the original: " + "; ".join(pairs) + "."]
    return "\n".join(lines)


def most_frequent(report: RunReport) -> float | None:
    """What always answering the most frequent label scores on the test part; None where the report lacks it.

    It is the training part's label, or the test part's own where a report does not count the training part.
    """
    scored = [sum(row) for row in report.get("confusion") or []]
    classes = report["data"].get("classes") or {}
    trained = [classes[name]["train"] for name in report["data"]["label_names"] if name in classes]
    return most_frequent_share(trained if len(trained) == len(scored) and any(trained) else scored, scored)


def _labels(report: RunReport, parity: ParityReport | None) -> list[str]:
    """What each label gets right: the export's, or the original's where the export's was not written down."""
    found, whose = (parity or {}).get("export", {}).get("labels"), "the export"
    if not found:
        counts, names = report.get("confusion"), report["data"]["label_names"]
        if not counts or len(counts) != len(names):
            return []
        found, whose = per_label(np.asarray(counts), names), "the original"
    return label_table(found, f"Of {whose}, label by label:")


def label_table(found: list[LabelScores], heading: str) -> list[str]:
    """Lines of a table of what each label gets right.

    Args:
        found (list of dict): ``label``, ``precision``, ``recall`` and ``support``.
        heading (str): the sentence above it.
    """
    rows = [
        f"| {markdown(row['label'])} | {row['precision']:.4f} | {row['recall']:.4f} | {label_f1(row):.4f} "
        f"| {row['support']} |"
        for row in found
    ]
    return [heading, "", "| label | precision | recall | F1 | support |", "|---|---|---|---|---|", *rows]


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the last after "or"."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def label_f1(row: LabelScores) -> float:
    """F1 of a label, computed where an older report lacks it."""
    both = row["precision"] + row["recall"]
    return row.get("f1", 2 * row["precision"] * row["recall"] / both if both else 0.0)


def _metric(parity: ParityReport | None) -> Metric:
    """What the export was judged by; reports of older exports do not say: accuracy."""
    return "accuracy" if parity is None else parity["gate"].get("metric", "accuracy")


def _confusions(report: RunReport) -> list[str]:
    names = report["data"]["label_names"]
    counts = [
        (n, names[i], names[j])
        for i, row in enumerate(report["confusion"])
        for j, n in enumerate(row)
        if i != j and n
    ]
    return [
        f"{markdown(true)} taken for {markdown(given)} {n} time{'s' if n > 1 else ''}"
        for n, true, given in sorted(counts, reverse=True)[:CONFUSIONS]
    ]


def quantization(parity: ParityReport) -> str:
    """What the export costs and saves against the original, and the attempts that led to it.

    Args:
        parity (dict): ``parity.json``; keys that older exports lack are left out.
    """
    original, export = parity["original"], parity["export"]
    low, high = export["accuracy_interval_95"]
    lines = [
        "## What quantization costs",
        "",
        f"| | original | export ({parity['method']}) |",
        "|---|---|---|",
        f"| accuracy, {parity['n']} test examples | {original['accuracy']:.4f} "
        f"| {export['accuracy']:.4f} ({low:.4f} to {high:.4f}) |",
        f"| weights, MB | {original['weight_bytes'] / 1e6:.1f} | {export['weight_bytes'] / 1e6:.1f} |",
        f"| all files, MB | {original['bytes'] / 1e6:.1f} | {export['bytes'] / 1e6:.1f} |",
        f"| 1 input, ms | | {_measured(export['latency_ms_b1'], '.2f')} |",
        f"| 32 inputs, ms | | {_measured(export['latency_ms_b32'], '.1f')} |",
        f"| inputs a second, many at once | | {_measured(export['items_per_second'], '.0f')} |",
        f"| memory of the process, MiB | | {_measured(export['peak_mib'], '.0f')} |",
        "",
        *_measured_on(parity),
        _changes(parity),
        "",
        "| method | part | original | export | labels changed | weights, MB | 1 input, ms | inputs/s | passed |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_attempt(attempt, _metric(parity)) for attempt in parity["attempts"]),
        *_instruction_sets(export.get("instruction_sets", [])),
    ]
    if onnx := parity.get("onnx"):
        lines += [
            "",
            f"`{onnx['file']}` ({onnx['bytes'] / 1e6:.1f} MB, not quantized) is for other runtimes: accuracy "
            f"{onnx['export_accuracy']:.4f}, {onnx['flips']} labels changed.",
        ]
    return "\n".join(lines)


def _measured(figure: float | None, form: str) -> str:
    return f"{figure:{form}}" if figure else "not measured"


def _measured_on(parity: ParityReport) -> list[str]:
    if reason := parity["export"].get("not_measured"):
        return [f"Speeds and memory could not be measured ({markdown(reason)}).", ""]
    if not (runtime := parity.get("runtime")):
        return []
    versions = ", ".join(f"{name} {number}" for name, number in runtime["versions"].items())
    where = f"Speeds and memory on {markdown(runtime['cpu'])}, {runtime['threads']} threads, with {versions}."
    load = runtime.get("load")
    if load is not None and load > BUSY * runtime["threads"]:
        where += (
            f" The machine had other work as the export began or shortly before (a load of {load:.2f} over the last "
            "minute): undisturbed, it may be faster."
        )
    return [where, ""]


def _changes(parity: ParityReport) -> str:
    metric = _metric(parity)
    original, export = (of.get(metric, of["accuracy"]) for of in (parity["original"], parity["export"]))
    low, high = parity["drop_interval_95"]
    samples = parity["calibration"]["samples"]
    calibrated = f", calibrated on {samples} training examples" if samples else ""
    by = "" if metric == "accuracy" else f" by {METRIC_NAMES[metric]}"
    change = parity.get("score_change")
    mostly = f"; for 99 % of them by no more than {change:.3f}" if change is not None else ""
    return (
        f"{parity['flips']} of {parity['n']} predicted labels changed, and no probability by more than "
        f"{parity['max_score_difference']:.3f}{mostly}. The loss of {METRIC_NAMES[metric]} is "
        f"{original - export:+.4f} (95 % interval {low:+.4f} to {high:+.4f}), "
        f"and at most {parity['gate']['max_drop']:g} was allowed. Attempts{calibrated}, chosen on validation{by}:"
    )


def _attempt(a: Attempt | FailedAttempt, metric: Metric) -> str:
    if "error" in a:
        return f"| {a['method']} | {a['part']} | | | | | | | no: {markdown(a['error'])} |"
    original, export = of_metric(a, metric)
    return (
        f"| {a['method']} | {a['part']} | {original:.4f} | {export:.4f} "
        f"| {a['flips']} of {a['n']} | {a['weight_bytes'] / 1e6:.1f} "
        f"| {_measured(a['latency_ms_b1'], '.2f')} | {_measured(a['items_per_second'], '.0f')} "
        f"| {'yes' if a['passed'] else 'no'} |"
    )


def _instruction_sets(found: list[InstructionSet | FailedInstructionSet]) -> list[str]:
    if not found:
        return []
    rows = [
        f"| {markdown(item['name'])} | | | {markdown(item['error'])} |"
        if "error" in item
        else f"| {markdown(item['name'])} | {item['accuracy']:.4f} | {item['flips']} "
        f"| {item['max_logit_difference']:.3f} |"
        for item in found
    ]
    return [
        "",
        "Processors differ in how they add 8-bit products. On the test part, with the instructions of:",
        "",
        "| instruction set | accuracy | labels other than the original's | largest difference of a logit |",
        "|---|---|---|---|",
        *rows,
    ]
