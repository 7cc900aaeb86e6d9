"""The front matter of a model card: what the Hub reads to list, link and rank a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from huggingface_hub import EvalResult, ModelCardData

from exporting.sources import find_source
from exporting.text_card import TextCard
from grokaem.identity import COMMIT, LOCAL

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from exporting.report_types import (
        ExportFigures,
        Metrics,
        NamedData,
        ParityReport,
        RunReport,
    )
    from exporting.tfidf_types import WordsConfig, WordsDataAtRevision


def of_export(
    report: RunReport,
    parity: ParityReport,
    repo_id: str | None,
    original_repo_id: str | None,
    own: OwnCard | None = None,
) -> str:
    """Front matter of an export, linked to the original's repository where there is one."""
    data = _card_data(report, parity["export"], repo_id)
    data.update(library_name="openvino")
    data["tags"] = ["openvino", "nncf", *data["tags"]]
    if original_repo_id:
        data.update(base_model=original_repo_id, base_model_relation="quantized")
    else:
        data.update(_base_model(report, "quantized" if report.get("adopted") else "finetune"))
    return _yaml(data, own)


def of_original(report: RunReport, repo_id: str, own: OwnCard | None = None) -> str:
    """Front matter of the unquantized weights."""
    data = _card_data(report, report["metrics"], repo_id)
    data.update(library_name="transformers")
    data.update(_base_model(report, "finetune"))
    return _yaml(data, own)


def _card_data(report: RunReport, scores: Metrics | ExportFigures, repo_id: str | None) -> dict:
    card, data_set = find_source(report["task"]).card, report["data"]
    results = [
        _on_test(card.task, data_set, kind, name, scores[key])
        for kind, name, key in (("accuracy", "accuracy", "accuracy"), ("f1", "macro F1", "macro_f1"))
    ]
    name = (repo_id or title(report)).rsplit("/", 1)[-1]
    data = ModelCardData(model_name=name, eval_results=results).to_dict()
    data.update(pipeline_tag=card.task, tags=[report["task"], "grokaem"], metrics=["accuracy", "f1"])
    language = data_set.get("language")
    if language and language != "unknown" and card.has_language:
        data.update(language=language)
    if licence := report["base_model"].get("license"):
        data.update(license=licence)
    if is_on_hub(data_set):
        data.update(datasets=[data_set["name"]])
    return data


def _on_test(task: str, data_set: NamedData, kind: str, name: str, value: float) -> EvalResult:
    """A metric on a data set's test part; ``data_set`` has ``name`` and ``revision``."""
    return EvalResult(
        task_type=task,
        dataset_type=data_set["name"] if is_on_hub(data_set) else _slug(data_set["name"]),
        dataset_name=data_set["name"],
        dataset_split="test",
        metric_type=kind,
        metric_name=name,
        metric_value=round(value, 4),
    )


def title(report: RunReport) -> str:
    """``<base model> on <data set>``."""
    return f"{report['base_model']['name'].rsplit('/', 1)[-1]} on {report['data']['name']}"


def is_on_hub(data_set: NamedData) -> bool:
    """Whether the data came from a repository: its revision is a commit, where a file's is a sha256."""
    named = re.fullmatch(r"[\w.-]+/[\w.-]+", data_set["name"])
    return bool(named and COMMIT.fullmatch(data_set["revision"]))


def _base_model(report: RunReport, relation: str) -> dict[str, str]:
    name = report["base_model"]["name"]
    on_hub = (
        re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name)
        and name != "wide_resnet"
        and report["base_model"]["revision"] != LOCAL
    )
    return {"base_model": name, "base_model_relation": relation} if on_hub else {}


def _yaml(data: dict, own: OwnCard | None) -> str:
    import yaml

    data = own.merged(data) if own else data
    return "---\n" + yaml.safe_dump(data, sort_keys=False, allow_unicode=True).strip() + "\n---"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "own-data"


def of_words(config: WordsConfig, repo_id: str | None, own: OwnCard | None = None) -> str:
    """Front matter of a TF-IDF model, from its ``config.json``."""
    data_set: WordsDataAtRevision = {**config["data"], "revision": config["revision"]}
    result = _on_test(TextCard.task, data_set, "accuracy", "accuracy", config["test"]["recommended"])
    name = (repo_id or f"words of {data_set['name']}").rsplit("/", 1)[-1]
    data = ModelCardData(model_name=name, eval_results=[result]).to_dict()
    data.update(pipeline_tag=TextCard.task, tags=["text", "tf-idf", "grokaem"], metrics=["accuracy"])
    if (language := data_set.get("language")) not in (None, "unknown"):
        data.update(language=language)
    if is_on_hub(data_set):
        data.update(datasets=[data_set["name"]])
    return _yaml(data, own)
