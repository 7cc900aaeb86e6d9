"""The model card: what was measured, from ``run.json`` and ``parity.json`` alone, and what the user adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from exporting import card_figures, card_metadata, card_usage
from exporting.card_metadata import title
from exporting.public_copy import own_places, replace_paths, shows_examples
from exporting.sources import find_source
from grokaem import kinds
from grokaem.ownership import write_text
from grokaem.plain_text import markdown
from grokaem.scores import METRIC_NAMES

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from exporting.report_types import ParityReport, RunReport


def write_card(
    report: RunReport,
    folder: Path,
    repo_id: str | None = None,
    original_repo_id: str | None = None,
    own: OwnCard | None = None,
) -> Path:
    """Writes the card of an export into its folder.

    Args:
        report (dict): ``run.json``.
        folder (Path): export folder with its ``parity.json``.
        repo_id (str, optional): where it is published; until then the card's snippets are for this disk.
        original_repo_id (str, optional): where the unquantized weights are published, if they are.
        own (OwnCard, optional): what the user says himself.
    """
    report = _public(report, own)
    parity = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    parts = [
        card_metadata.of_export(report, parity, repo_id, original_repo_id, own),
        f"# {markdown(title(report))}, {parity['method']} for OpenVINO",
        _introduction(report, parity, original_repo_id),
        own.prose if own else "",
        card_figures.results(report, parity),
        card_figures.quantization(parity),
        card_usage.of_export(report, parity, repo_id),
        _labels(report),
        _training(report),
        _limits(report),
    ]
    return _write(folder / "README.md", parts)


def write_original_card(
    report: RunReport, folder: Path, repo_id: str, export_repo_id: str, own: OwnCard | None = None
) -> Path:
    """Writes the card of the unquantized weights, linked to their export."""
    report = _public(report, own)
    parts = [
        card_metadata.of_original(report, repo_id, own),
        f"# {markdown(title(report))}",
        f"{_what(report)} {card_usage.what_it_takes(report)} Quantized for CPUs, with its accuracy measured against "
        f"these weights: [{export_repo_id}](https://huggingface.co/{export_repo_id}).",
        own.prose if own else "",
        card_figures.results(report, None),
        card_usage.of_original(report, folder, repo_id),
        _labels(report),
        _training(report),
        _limits(report),
    ]
    return _write(folder / "README.md", parts)


def _public(report: RunReport, own: OwnCard | None) -> RunReport:
    """The report as everybody may read it: names instead of paths, no text of the user's own data unasked."""
    shown = report.get("examples", []) if shows_examples(report["data"], own and own.examples) else []
    public: RunReport = {**replace_paths(report, own_places(report)), "examples": shown}
    if own and (language := own.language()):
        public["data"] = {**public["data"], "language": language}
    return public


def _write(path: Path, parts: list[str]) -> Path:
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")
    return path


def _what(report: RunReport) -> str:
    labels = ", ".join(f"**{markdown(name)}**" for name in report["data"]["label_names"])
    things = kinds.find(report["task"]).title
    origin = "A quantized form of" if report.get("adopted") else "Fine-tuned from"
    return f"Classifies {things} as {labels}. {origin} **{markdown(report['base_model']['name'])}**."


def _introduction(report: RunReport, parity: ParityReport, original_repo_id: str | None) -> str:
    share = parity["export"]["weight_bytes"] / parity["original"]["weight_bytes"]
    link = (
        f" The unquantized weights: [{original_repo_id}](https://huggingface.co/{original_repo_id})."
        if original_repo_id
        else ""
    )
    return (
        f"{_what(report)} {card_usage.what_it_takes(report)} Runs on a CPU with OpenVINO alone; its weights "
        f"({parity['method']}) take {share:.0%} of the original's bytes.{link}"
    )


def _labels(report: RunReport) -> str:
    if not report.get("examples"):
        return ""
    lines = ["## Labels", "", "| label | example |", "|---|---|"]
    for item in report["examples"]:
        lines.append(f"| {markdown(item['label'])} | {markdown(' '.join(item['text'].split()))} |")
    return "\n".join(lines)


def _training(report: RunReport) -> str:
    config, sizes = report["config"], report["data"]["sizes"]
    chosen_on = "of them the validation part" if config.get("train_on_validation") else "to choose"
    data = (
        f"- data: {markdown(report['data']['name'])} ({markdown(report['data']['revision'])}): {sizes['train']} to "
        f"{'calibrate on' if report.get('adopted') else 'train'}, {sizes['validation']} {chosen_on}, "
        f"{sizes['test']} to test"
    )
    if (licence := report["data"].get("license", "unknown")) != "unknown":
        data += f"\n- licence of the data: {markdown(licence)}"
    versions = "- versions: " + ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    if report.get("adopted"):
        base = report["base_model"]
        name = f"**{markdown(base['name'])}** ({markdown(base['revision'])})"
        where = f"- the model: {name}, trained by others on data not seen here"
        return "\n".join(["## What was measured", "", where, data, versions])
    memory, hardware = report["memory"], report["hardware"]
    peak = memory["measured_peak_mib"]
    peak_text = f"{peak:.0f} MiB measured" if peak else "not measured"
    if memory["predicted_peak_mib"]:
        peak_text += f", {memory['predicted_peak_mib']:.0f} MiB predicted"
    if budget := memory.get("budget_mib"):
        peak_text += f", within a budget of {budget:.0f} MiB"
    return "\n".join(
        [
            "## Training",
            "",
            data,
            f"- {_epochs(report)}, batch size "
            f"{config.get('effective_batch_size', config['batch_size'])}, learning rate "
            f"{config['learning_rate']:g}, {config['precision']}, seed {report['seed']}",
            *_choice(report),
            f"- {report['seconds']:.0f} s on {hardware['gpu'] or hardware['cpu']}; peak memory: {peak_text}",
            versions,
        ]
    )


def _choice(report: RunReport) -> list[str]:
    """What the epoch was chosen by and how the classes were weighted, where either is not the default."""
    config, lines = report["config"], []
    if (metric := config.get("metric", "accuracy")) != "accuracy":
        lines.append(f"the epoch was chosen by {METRIC_NAMES[metric]} on the validation part")
    if weights := report.get("class_weights"):
        named = ", ".join(f"{markdown(name)} {weight:.3g}" for name, weight in weights.items())
        lines.append(f"the loss of an example counts by its class: {named}")
    return [f"- {line}" for line in lines]


def _epochs(report: RunReport) -> str:
    """How many epochs ran; those that were asked for too where they are others."""
    asked = report["config"]["epochs"]
    ran = report.get("epochs_run")  # older runs do not record it
    return f"{asked:g} epochs" if ran is None or ran == asked else f"{ran:g} epochs of {asked:g} asked for"


def _limits(report: RunReport) -> str:
    length = find_source(report["task"]).card.cut(report)
    return (
        "## Limits\n\n"
        f"It knows the {len(report['data']['label_names'])} labels above and answers with one of them, whatever "
        f"it is given; its scores are not calibrated. {length} It reproduces the biases of its training data."
    )
