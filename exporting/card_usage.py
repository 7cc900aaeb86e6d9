"""The part of a model card that shows how the model is used: what to install, snippets that print a label."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem import address
from grokaem.plain_text import markdown, terminal

if TYPE_CHECKING:
    from exporting.report_types import ParityReport, RunReport

RUNTIME = {
    "text": ("openvino", "openvino-tokenizers", "huggingface_hub"),
    "audio": ("openvino", "numpy", "soundfile", "huggingface_hub"),
    "words": ("numpy", "safetensors", "huggingface_hub"),
}
LABELS = 'labels = json.loads(open(folder + "/config.json", encoding="utf-8").read())["id2label"]'


def runtime_versions(task: str) -> dict[str, str]:
    """The versions here of what the card's first snippet needs.

    Args:
        task (str): a key of :data:`RUNTIME`.
    """
    found = {}
    for package in RUNTIME[task]:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a publisher may not have all that a user needs
            continue
    return found


def of_export(report: RunReport, parity: ParityReport, repo_id: str | None) -> str:
    """How an export is used.

    Args:
        report (dict): ``run.json``.
        parity (dict): ``parity.json``.
        repo_id (str, optional): where it is published; without, the snippets are for its folder on this disk.
    """
    where = "" if repo_id else ", in this folder"
    parts = [
        "## How to use it",
        install(report["task"], parity.get("runtime", {}).get("versions"), repo_id),
        f"With OpenVINO alone{where}:",
        _text(report, repo_id) if report["task"] == "text" else _sound(report, repo_id),
        _command(report, repo_id),
    ]
    if report["task"] == "text":
        parts.append(_optimum(report, repo_id or "."))
    return "\n\n".join(parts)


def install(task: str, versions: dict[str, str] | None, repo_id: str | None) -> str:
    """The line that installs what the first snippet needs.

    Args:
        task (str): a key of :data:`RUNTIME`.
        versions (dict, optional): those it was measured with. (Default: the versions here)
        repo_id (str, optional): where the model is published; without, nothing is downloaded.
    """
    versions = versions or runtime_versions(task)
    pinned = " ".join(
        f"{package}=={versions[package]}" if package in versions else package
        for package in RUNTIME[task]
        if repo_id or package != "huggingface_hub"
    )
    return f"```bash\npip install {pinned}\n```"


def of_original(report: RunReport, folder: Path, repo_id: str) -> str:
    """How the unquantized weights are used.

    Args:
        report (dict): ``run.json``.
        folder (Path): what is published.
        repo_id (str): where it is published.
    """
    if report["base_model"]["name"] == "wide_resnet":
        return (
            "## How to use it\n\nThe network is one of grokaem's own: download the folder and run `python "
            f"exporting/export.py FOLDER`, or use the export.\n\n```bash\nhf download {repo_id} --local-dir FOLDER\n```"
        )
    versions = report["versions"]
    packages = ["transformers", "torch", *(["peft"] if (folder / "adapter_config.json").is_file() else [])]
    pinned = " ".join(f"{p}=={_plain(versions[p])}" if p in versions else p for p in packages)
    install = f"## How to use it\n\n```bash\npip install {pinned}\n```\n\n"
    task = f"{report['task']}-classification"
    given = literal(_example(report)) if report["task"] == "text" else '"clip.wav"'
    if "peft" in packages:
        return install + _adapter(report, repo_id)
    return install + (
        "```python\nfrom transformers import pipeline\n"
        f'print(pipeline("{task}", "{repo_id}")({given})[0]["label"])\n```'
    )


def _adapter(report: RunReport, repo_id: str) -> str:
    kind = "SequenceClassification" if report["task"] == "text" else "AudioClassification"
    labels = len(report["data"]["label_names"])
    return (
        "They are an adapter of the base model:\n\n```python\n"
        "from peft import PeftModel\n"
        f"from transformers import AutoModelFor{kind}\n"
        f'base = AutoModelFor{kind}.from_pretrained("{_plain(report["base_model"]["name"])}", num_labels={labels})\n'
        f'model = PeftModel.from_pretrained(base, "{repo_id}")\n```'
    )


def _plain(value: str) -> str:
    """A name inside code: a local version (+cpu) is on no public index, and quotes would end the literal."""
    return json.dumps(str(value).split("+")[0])[1:-1]


def _folder(repo_id: str | None) -> str:
    return f'huggingface_hub.snapshot_download("{repo_id}")' if repo_id else '"."'


def _text(report: RunReport, repo_id: str | None) -> str:
    imports = "json, huggingface_hub" if repo_id else "json"
    return f"""```python
import {imports}, openvino, openvino_tokenizers
folder, compiled = {_folder(repo_id)}, openvino.Core().compile_model
{LABELS}
tokenizer, model = (compiled(f"{{folder}}/openvino_{{part}}.xml", "CPU") for part in ("tokenizer", "model"))
tokens = tokenizer([{literal(_example(report))}])
scores = model({{i: tokens[i.get_any_name()] for i in model.inputs}})[0]
print(labels[str(scores.argmax())])
```"""


def _sound(report: RunReport, repo_id: str | None) -> str:
    rate = report["config"]["sample_rate"]
    length = int(rate * report["config"]["max_seconds"])
    imports = "json, huggingface_hub" if repo_id else "json"
    fitted = "cut or padded with zeros to" if report["base_model"]["name"] == "wide_resnet" else "cut after"
    return f"""Mono samples at {rate} Hz, float32, {fitted} {length} samples.

```python
import {imports}, numpy, openvino, soundfile
folder = {_folder(repo_id)}
{LABELS}
model = openvino.Core().compile_model(folder + "/openvino_model.xml", "CPU")
clip = numpy.zeros(({length},), "float32")  # or soundfile.read("clip.wav", dtype="float32")[0], at that rate
print(labels[str(model(clip[None])[0].argmax())])
```"""


def _command(report: RunReport, repo_id: str | None) -> str:
    given = '"A text."' if report["task"] == "text" else "clip.wav"
    return f"""On the command line, with grokaem:

```bash
{address.install_command()}
grokaem predict {repo_id or "EXPORT_FOLDER"} {given}
```"""


def _optimum(report: RunReport, model: str) -> str:
    return f"""With Optimum Intel:

```python
from optimum.intel import OVModelForSequenceClassification
from transformers import AutoTokenizer, pipeline
model = OVModelForSequenceClassification.from_pretrained("{model}")
classify = pipeline("text-classification", model, tokenizer=AutoTokenizer.from_pretrained("{model}"))
print(classify({literal(_example(report))})[0]["label"])
```"""


def _example(report: RunReport) -> str:
    return (report["examples"] or [{"text": "A text."}])[0]["text"]


def literal(text: str) -> str:
    """The text as a literal of Python, in which everything can be seen."""
    return json.dumps(text, ensure_ascii=terminal(text) != text)


def what_it_takes(report: RunReport) -> str:
    """A sentence on what the model takes, and of what it was trained."""
    config, data = report["config"], report["data"]
    if report["task"] == "text":
        language = data.get("language")
        known = f" (language: {markdown(language)})" if language and language != "unknown" else ""
        takes = f"It reads texts{known} of up to {config['sequence_length']} tokens"
        things = "texts"
    else:
        takes = f"It takes mono sound at {config['sample_rate']} Hz, up to {config['max_seconds']:g} s of it"
        things = "sounds"
    if report.get("adopted"):
        return f"{takes}; others trained it, and it was measured on {things} of {markdown(data['name'])}."
    return f"{takes}, and was trained on {data['sizes']['train']:,} {things} of {markdown(data['name'])}."
