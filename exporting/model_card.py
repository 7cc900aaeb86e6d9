"""The model card, written from ``run.json`` and ``parity.json`` alone; nothing is typed twice."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

PIPELINES = {"text": "text-classification", "audio": "audio-classification"}
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
    parity = json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    parts = [
        _front_matter(report, parity, repo_id, original_repo_id),
        f"# {title(report)}, {parity['method']} for OpenVINO",
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
    data = _card_data(report, report["metrics"]["accuracy"], repo_id)
    library = "transformers"
    data.update(library_name=library, **_base_model(report, "finetune"))
    parts = [
        _yaml(data),
        f"# {title(report)}",
        f"{_what(report)} Quantized for CPUs, with its accuracy measured against these weights: "
        f"[{export_repo_id}](https://huggingface.co/{export_repo_id}).",
        _results(report, None),
        _labels(report),
        _training(report),
        _limits(report),
    ]
    return _write(folder / "README.md", parts)


def title(report: dict[str, Any]) -> str:
    """``<base model> on <data set>``."""
    return f"{report['base_model']['name'].rsplit('/', 1)[-1]} on {report['data']['name']}"


def _write(path: Path, parts: list[str]) -> Path:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path


def _front_matter(report: dict, parity: dict, repo_id: str | None, original_repo_id: str | None) -> str:
    data = _card_data(report, parity["export"]["accuracy"], repo_id)
    data.update(library_name="openvino")
    if original_repo_id:
        data.update(base_model=original_repo_id, base_model_relation="quantized")
    else:
        data.update(_base_model(report, "quantized"))
    return _yaml(data)


def _card_data(report: dict, accuracy: float, repo_id: str | None) -> dict[str, Any]:
    task = PIPELINES[report["task"]]
    result = EvalResult(
        task_type=task,
        dataset_type=_slug(report["data"]["name"]),
        dataset_name=report["data"]["name"],
        dataset_split="test",
        metric_type="accuracy",
        metric_value=round(accuracy, 4),
    )
    data = ModelCardData(
        model_name=(repo_id or title(report)).rsplit("/", 1)[-1], eval_results=[result]
    ).to_dict()
    language = report["data"].get("language")
    tags = ["openvino", "nncf", report["task"], "grokaem"]
    data.update(pipeline_tag=task, tags=tags)
    if language and language != "unknown" and report["task"] == "text":
        data.update(language=language)
    if report["base_model"].get("license"):
        data.update(license=report["base_model"]["license"])
    return data


def _base_model(report: dict, relation: str) -> dict[str, str]:
    name = report["base_model"]["name"]
    on_hub = (
        re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name)
        and name != "wide_resnet"
        and report["base_model"]["revision"] != "local folder"
    )
    return {"base_model": name, "base_model_relation": relation} if on_hub else {}


def _yaml(data: dict[str, Any]) -> str:
    import yaml

    return "---\n" + yaml.safe_dump(data, sort_keys=False, allow_unicode=True).strip() + "\n---"


def _what(report: dict) -> str:
    labels = ", ".join(f"`{name}`" for name in report["data"]["label_names"])
    thing = "texts" if report["task"] == "text" else "sounds"
    return f"Classifies {thing} as {labels}. Fine-tuned from `{report['base_model']['name']}`."


def _introduction(report: dict, parity: dict, original_repo_id: str | None) -> str:
    share = parity["export"]["bytes"] / parity["original"]["bytes"]
    link = (
        f" The unquantized weights: [{original_repo_id}](https://huggingface.co/{original_repo_id})."
        if original_repo_id
        else ""
    )
    return f"{_what(report)} Runs on a CPU with OpenVINO alone, at {share:.0%} of the original's size.{link}"


def _results(report: dict, parity: dict | None) -> str:
    m = report["metrics"]
    lines = [
        "## Results",
        "",
        f"On the test part of {report['data']['name']}, scored once.",
        "",
        "| | accuracy | macro F1 | loss |",
        "|---|---|---|---|",
        f"| original | {m['accuracy']:.4f} | {m['macro_f1']:.4f} | {m['loss']:.4f} |",
    ]
    if parity:
        lines.append(f"| this export | {parity['export']['accuracy']:.4f} | | |")
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
        f"`{true}` taken for `{given}` {n} times"
        for n, true, given in sorted(counts, reverse=True)[:CONFUSIONS]
    ]


def _quantization(parity: dict) -> str:
    low, high = parity["drop_interval_95"]
    original, export = parity["original"], parity["export"]
    lines = [
        "## What quantization costs",
        "",
        "| | original | export |",
        "|---|---|---|",
        f"| accuracy, {parity['n']} test examples | {original['accuracy']:.4f} | {export['accuracy']:.4f} |",
        f"| size, MB | {original['bytes'] / 1e6:.1f} | {export['bytes'] / 1e6:.1f} |",
        f"| one input, ms | | {export['latency_ms_b1']:.2f} |",
        f"| inputs a second | | {export['items_per_second']:.0f} |",
        "",
        f"{parity['flips']} of {parity['n']} predicted labels changed; the loss of accuracy is "
        f"{original['accuracy'] - export['accuracy']:+.4f} (95 % interval {low:+.4f} to {high:+.4f}), "
        f"and at most {parity['gate']['max_drop']:g} was allowed. Attempts:",
        "",
        "| method | part | original | export | passed |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {a['method']} | {a['part']} | {a['original_accuracy']:.4f} | {a['export_accuracy']:.4f} | "
        f"{'yes' if a['passed'] else 'no'} |"
        for a in parity["attempts"]
    ]
    return "\n".join(lines)


def _use(report: dict, repo_id: str) -> str:
    if report["task"] == "text":
        example = (report["examples"] or [{"text": "a text"}])[0]["text"]
        return f"""## How to use it

```python
import openvino, openvino_tokenizers
from huggingface_hub import snapshot_download
folder, core = snapshot_download("{repo_id}"), openvino.Core()
paths = (f"{{folder}}/openvino_{{part}}.xml" for part in ("tokenizer", "model"))
tokenizer, model = (core.compile_model(path, "CPU") for path in paths)
tokens = tokenizer([{json.dumps(example, ensure_ascii=False)}])
print(model({{i: tokens[i.get_any_name()] for i in model.inputs}})[0].argmax())
```

With Optimum Intel:

```python
from optimum.intel import OVModelForSequenceClassification
from transformers import AutoTokenizer, pipeline
model = OVModelForSequenceClassification.from_pretrained("{repo_id}")
classify = pipeline("text-classification", model, tokenizer=AutoTokenizer.from_pretrained("{repo_id}"))
print(classify({json.dumps(example, ensure_ascii=False)}))
```"""
    length = int(report["config"]["sample_rate"] * report["config"]["max_seconds"])
    return f"""## How to use it

Mono samples at {report["config"]["sample_rate"]} Hz, float32, cut or padded with zeros to {length} samples.

```python
import numpy, openvino, soundfile
from huggingface_hub import snapshot_download
model = openvino.Core().compile_model(snapshot_download("{repo_id}") + "/openvino_model.xml", "CPU")
clip = numpy.zeros(({length},), "float32")  # or soundfile.read("clip.wav", dtype="float32")[0], at that rate
print(model(clip[None])[0].argmax())
```"""


def _labels(report: dict) -> str:
    if not report.get("examples"):
        return ""
    lines = ["## Labels", "", "| label | example |", "|---|---|"]
    for item in report["examples"]:
        text = " ".join(item["text"].split()).replace("|", "\\|")
        lines.append(f"| {item['label']} | {text} |")
    return "\n".join(lines)


def _training(report: dict) -> str:
    config, memory, sizes = report["config"], report["memory"], report["data"]["sizes"]
    peak = memory["measured_peak_mib"]
    told = f"{peak:.0f} MiB measured" if peak else "not measured"
    if memory["predicted_peak_mib"]:
        told += f", {memory['predicted_peak_mib']:.0f} MiB predicted"
    if memory.get("budget_mib"):
        told += f", within a budget of {memory['budget_mib']:.0f} MiB"
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    hardware = report["hardware"]
    return "\n".join(
        [
            "## Training",
            "",
            f"- data: {report['data']['name']} ({report['data']['revision']}): {sizes['train']} to train, "
            f"{sizes['validation']} to choose, {sizes['test']} to test",
            f"- {config['epochs']:g} epochs, batch size "
            f"{config.get('effective_batch_size', config['batch_size'])}, learning rate "
            f"{config['learning_rate']:g}, {config['precision']}, seed {report['seed']}",
            f"- {report['seconds']:.0f} s on {hardware['gpu'] or hardware['cpu']}; peak memory: {told}",
            f"- versions: {versions}",
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


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
