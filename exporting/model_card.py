"""The model card, written from ``run.json`` and ``parity.json`` alone; nothing is typed twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exporting import card_metadata
from exporting.card_metadata import title
from exporting.public_copy import names_only, shows_examples
from ownership import write_text
from plain_text import markdown, terminal

CONFUSIONS = 5


def write_card(
    report: dict[str, Any], folder: Path, repo_id: str | None = None, original_repo_id: str | None = None
) -> Path:
    """Writes the card of an export into its folder.

    Args:
        report (dict): ``run.json``.
        folder (Path): export folder with its ``parity.json``.
        repo_id (str, optional): where it is published; until then the card's snippets name the folder.
        original_repo_id (str, optional): where the unquantized weights are published, if they are.
    """
    report = _public(report)
    parity = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    parts = [
        card_metadata.of_export(report, parity, repo_id, original_repo_id),
        f"# {markdown(title(report))}, {parity['method']} for OpenVINO",
        _introduction(report, parity, original_repo_id),
        _results(report, parity),
        _quantization(parity),
        _use(report, repo_id or str(folder.name)),
        _labels(report),
        _training(report),
        _limits(report),
    ]
    return _write(folder / "README.md", parts)


def write_original_card(report: dict[str, Any], folder: Path, repo_id: str, export_repo_id: str) -> Path:
    """Writes the card of the unquantized weights, linked to their export."""
    report = _public(report)
    parts = [
        card_metadata.of_original(report, repo_id),
        f"# {markdown(title(report))}",
        f"{_what(report)} Quantized for CPUs, with its accuracy measured against these weights: "
        f"[{export_repo_id}](https://huggingface.co/{export_repo_id}).",
        _results(report, None),
        _labels(report),
        _training(report),
        _limits(report),
    ]
    return _write(folder / "README.md", parts)


def _public(report: dict[str, Any]) -> dict[str, Any]:
    """The report as everybody may read it: names instead of paths, no text of the user's own data."""
    shown = report.get("examples", []) if shows_examples(report["data"]) else []
    return names_only(report) | {"examples": shown}


def _write(path: Path, parts: list[str]) -> Path:
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")
    return path


def _what(report: dict) -> str:
    labels = ", ".join(f"**{markdown(name)}**" for name in report["data"]["label_names"])
    thing = "texts" if report["task"] == "text" else "sounds"
    origin = "A quantized form of" if report.get("adopted") else "Fine-tuned from"
    return f"Classifies {thing} as {labels}. {origin} **{markdown(report['base_model']['name'])}**."


def _introduction(report: dict, parity: dict, original_repo_id: str | None) -> str:
    share = parity["export"]["weight_bytes"] / parity["original"]["weight_bytes"]
    link = (
        f" The unquantized weights: [{original_repo_id}](https://huggingface.co/{original_repo_id})."
        if original_repo_id
        else ""
    )
    return (
        f"{_what(report)} Runs on a CPU with OpenVINO alone; its weights take {share:.0%} of the original's "
        f"bytes.{link}"
    )


def _results(report: dict, parity: dict | None) -> str:
    m = report["metrics"]
    lines = [
        "## Results",
        "",
        f"On the test part of {markdown(report['data']['name'])}, scored once.",
        "",
        "| | accuracy | macro F1 | loss |",
        "|---|---|---|---|",
        f"| original | {m['accuracy']:.4f} | {m['macro_f1']:.4f} | {m['loss']:.4f} |",
    ]
    if parity:
        e = parity["export"]
        lines.append(f"| this export | {e['accuracy']:.4f} | {e['macro_f1']:.4f} | |")
    pairs = _confusions(report)
    if pairs:
        lines += ["", "Most frequent confusions: " + "; ".join(pairs) + "."]
    return "\n".join(lines)


def _confusions(report: dict) -> list[str]:
    names = report["data"]["label_names"]
    counts = [
        (n, names[i], names[j])
        for i, row in enumerate(report["confusion"])
        for j, n in enumerate(row)
        if i != j and n
    ]
    return [
        f"{markdown(true)} taken for {markdown(given)} {n} times"
        for n, true, given in sorted(counts, reverse=True)[:CONFUSIONS]
    ]


def _quantization(parity: dict) -> str:
    original, export = parity["original"], parity["export"]
    low, high = export["accuracy_interval_95"]
    drop_low, drop_high = parity["drop_interval_95"]
    samples = parity["calibration"]["samples"]
    calibrated = f", calibrated on {samples} training examples" if samples else ""
    memory = f"{export['peak_mib']:.0f}" if export["peak_mib"] else "not measured"
    lines = [
        "## What quantization costs",
        "",
        "| | original | export |",
        "|---|---|---|",
        f"| accuracy, {parity['n']} test examples | {original['accuracy']:.4f} "
        f"| {export['accuracy']:.4f} ({low:.4f} to {high:.4f}) |",
        f"| weights, MB | {original['weight_bytes'] / 1e6:.1f} | {export['weight_bytes'] / 1e6:.1f} |",
        f"| all files, MB | {original['bytes'] / 1e6:.1f} | {export['bytes'] / 1e6:.1f} |",
        f"| 1 input, ms | | {export['latency_ms_b1']:.2f} |",
        f"| 32 inputs, ms | | {export['latency_ms_b32']:.1f} |",
        f"| inputs a second, many at once | | {export['items_per_second']:.0f} |",
        f"| memory of the process, MiB | | {memory} |",
        "",
        f"{parity['flips']} of {parity['n']} predicted labels changed, and no probability by more than "
        f"{parity['max_score_difference']:.3f}. The loss of accuracy is "
        f"{original['accuracy'] - export['accuracy']:+.4f} (95 % interval {drop_low:+.4f} to {drop_high:+.4f}), "
        f"and at most {parity['gate']['max_drop']:g} was allowed. Attempts{calibrated}, chosen on validation:",
        "",
        "| method | part | original | export | labels changed | weights, MB | 1 input, ms | inputs/s | passed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {a['method']} | {a['part']} | {a['original_accuracy']:.4f} | {a['export_accuracy']:.4f} "
        f"| {a['flips']} of {a['n']} | {a['weight_bytes'] / 1e6:.1f} | {a['latency_ms_b1']:.2f} "
        f"| {a['items_per_second']:.0f} | {'yes' if a['passed'] else 'no'} |"
        if "error" not in a
        else f"| {a['method']} | {a['part']} | | | | | | | no: {markdown(a['error'])} |"
        for a in parity["attempts"]
    ]
    if onnx := parity.get("onnx"):
        lines += [
            "",
            f"`{onnx['file']}` ({onnx['bytes'] / 1e6:.1f} MB, not quantized) is for other runtimes: accuracy "
            f"{onnx['export_accuracy']:.4f}, {onnx['flips']} labels changed.",
        ]
    return "\n".join(lines)


def _use(report: dict, repo_id: str) -> str:
    if report["task"] == "text":
        example = (report["examples"] or [{"text": "a text"}])[0]["text"]
        return f"""## How to use it

```python
import huggingface_hub, openvino, openvino_tokenizers
folder, compiled = huggingface_hub.snapshot_download("{repo_id}"), openvino.Core().compile_model
tokenizer, model = (compiled(f"{{folder}}/openvino_{{part}}.xml", "CPU") for part in ("tokenizer", "model"))
tokens = tokenizer([{_literal(example)}])
print(model({{i: tokens[i.get_any_name()] for i in model.inputs}})[0].argmax())
```

With Optimum Intel:

```python
from optimum.intel import OVModelForSequenceClassification
from transformers import AutoTokenizer, pipeline
model = OVModelForSequenceClassification.from_pretrained("{repo_id}")
classify = pipeline("text-classification", model, tokenizer=AutoTokenizer.from_pretrained("{repo_id}"))
print(classify({_literal(example)}))
```"""
    length = int(report["config"]["sample_rate"] * report["config"]["max_seconds"])
    return f"""## How to use it

Mono samples at {report["config"]["sample_rate"]} Hz, float32, cut or padded with zeros to {length} samples.

```python
import huggingface_hub, numpy, openvino, soundfile
folder = huggingface_hub.snapshot_download("{repo_id}")
model = openvino.Core().compile_model(folder + "/openvino_model.xml", "CPU")
clip = numpy.zeros(({length},), "float32")  # or soundfile.read("clip.wav", dtype="float32")[0], at that rate
print(model(clip[None])[0].argmax())
```"""


def _literal(text: str) -> str:
    """The text as a literal of Python, in which everything can be seen."""
    return json.dumps(text, ensure_ascii=terminal(text) != text)


def _labels(report: dict) -> str:
    if not report.get("examples"):
        return ""
    lines = ["## Labels", "", "| label | example |", "|---|---|"]
    for item in report["examples"]:
        lines.append(f"| {markdown(item['label'])} | {markdown(' '.join(item['text'].split()))} |")
    return "\n".join(lines)


def _training(report: dict) -> str:
    config, sizes = report["config"], report["data"]["sizes"]
    chosen_on = "of them the validation part" if config.get("train_on_validation") else "to choose"
    data = (
        f"- data: {markdown(report['data']['name'])} ({markdown(report['data']['revision'])}): {sizes['train']} to "
        f"{'calibrate on' if report.get('adopted') else 'train'}, {sizes['validation']} {chosen_on}, "
        f"{sizes['test']} to test"
    )
    if report["data"].get("license", "unknown") != "unknown":
        data += f"\n- licence of the data: {markdown(report['data']['license'])}"
    versions = "- versions: " + ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    if report.get("adopted"):
        base = report["base_model"]
        name = f"**{markdown(base['name'])}** ({markdown(base['revision'])})"
        where = f"- the model: {name}, trained by others on data not seen here"
        return "\n".join(["## What was measured", "", where, data, versions])
    memory, hardware = report["memory"], report["hardware"]
    peak = memory["measured_peak_mib"]
    told = f"{peak:.0f} MiB measured" if peak else "not measured"
    if memory["predicted_peak_mib"]:
        told += f", {memory['predicted_peak_mib']:.0f} MiB predicted"
    if memory.get("budget_mib"):
        told += f", within a budget of {memory['budget_mib']:.0f} MiB"
    return "\n".join(
        [
            "## Training",
            "",
            data,
            f"- {config['epochs']:g} epochs, batch size "
            f"{config.get('effective_batch_size', config['batch_size'])}, learning rate "
            f"{config['learning_rate']:g}, {config['precision']}, seed {report['seed']}",
            f"- {report['seconds']:.0f} s on {hardware['gpu'] or hardware['cpu']}; peak memory: {told}",
            versions,
        ]
    )


def _limits(report: dict) -> str:
    length = (
        f"Texts are cut after {report['config']['sequence_length']} tokens."
        if report["task"] == "text"
        else f"Clips are cut after {report['config']['max_seconds']:g} s."
    )
    return (
        "## Limits\n\n"
        f"It knows the {len(report['data']['label_names'])} labels above and answers with one of them, whatever "
        f"it is given; its scores are not calibrated. {length} It repeats the leanings of its training data."
    )
