"""The front matter of a README.md, checked here against the Hub's rules.

The client's own ``ModelCard.validate`` posts to a fixed public address, whatever HF_ENDPOINT says, and cannot
work offline. Source of the rules: https://huggingface.co/docs/hub/model-cards#model-card-metadata and
https://huggingface.co/docs/hub/spaces-config-reference.
"""

from __future__ import annotations

import re
from typing import Any

from grokaem.hub.errors import MetadataError

FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
REPO_ID = re.compile(r"([\w.-]+/)?[\w.-]+")
IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.+-]*")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*|multilingual|code")
RELATIONS = {"adapter", "merge", "quantized", "finetune"}
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SDKS = {"gradio", "docker", "static", "streamlit"}


def front_matter(readme: str) -> dict[str, Any]:
    """The metadata at the top of a README.md, {} where there is none.

    Raises:
        MetadataError: what stands between the lines ``---`` is no YAML mapping.
    """
    import yaml

    match = FRONT_MATTER.match(readme)
    if not match:
        return {}
    try:
        data = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 2}" if mark else "the top"
        problem = getattr(error, "problem", None) or "cannot be read"
        raise MetadataError(
            f"README.md, {where}: the front matter is no valid YAML ({problem}): correct it."
        ) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise MetadataError("README.md: the front matter is no list of `key: value` lines: correct it.")
    return data


def check_card(readme: str, repo_type: str = "model") -> dict[str, object]:
    """Checks a README.md against the Hub's metadata rules.

    Args:
        readme (str): the whole text.
        repo_type (str): "model", "dataset" or "space". (Default: "model")

    Returns:
        dict: the metadata.

    Raises:
        MetadataError: the first rule that is broken, in one sentence with the key's name.
    """
    data = front_matter(readme)
    if problems := metadata_problems(data, repo_type):
        raise MetadataError(f"README.md, front matter: {problems[0]}.")
    return data


def metadata_problems(data: dict[str, object], repo_type: str = "model") -> list[str]:
    """Each of the Hub's rules that the metadata breaks, in one sentence with the key's name.

    Args:
        data (dict): the front matter.
        repo_type (str): "model", "dataset" or "space". (Default: "model")
    """
    return list(_space_problems(data) if repo_type == "space" else _model_problems(data))


def _strings(value: Any) -> list[str] | None:
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(item, str) and item.strip() for item in values) else None


def _model_problems(data: dict[str, object]):
    patterns = {"license": IDENTIFIER, "language": LANGUAGE, "base_model": REPO_ID, "datasets": REPO_ID,
                "new_version": REPO_ID, "library_name": IDENTIFIER, "pipeline_tag": IDENTIFIER}  # fmt: skip
    for key, pattern in patterns.items():
        if key not in data:
            continue
        values = _strings(data[key])
        if values is None:
            # YAML reads `language: no` as False, so a value that is no string is often a missing quote.
            yield f"`{key}` must be a text or a list of texts, not {data[key]!r}: put it between quotes"
        elif wrong := [value for value in values if not pattern.fullmatch(value)]:
            yield f"`{key}` cannot be {wrong[0]!r}: use the identifier that the Hub lists for it"
    for key in ("tags", "metrics"):
        if key in data and (not isinstance(data[key], list) or _strings(data[key]) is None):
            yield f"`{key}` must be a list of texts"
    for key in ("library_name", "pipeline_tag", "base_model_relation", "new_version"):
        if isinstance(data.get(key), list):
            yield f"`{key}` must be one text, not a list"
    if data.get("base_model_relation", "finetune") not in RELATIONS:
        yield f"`base_model_relation` must be one of {', '.join(sorted(RELATIONS))}"
    if "base_model_relation" in data and "base_model" not in data:
        yield "`base_model_relation` needs `base_model` beside it"
    if data.get("license") == "other" and "license_name" not in data:
        yield "`license: other` needs `license_name` beside it"
    if "model-index" in data:
        yield from _index_problems(data["model-index"])


def _index_problems(index: object):
    if not isinstance(index, list) or not all(isinstance(model, dict) for model in index):
        yield "`model-index` must be a list of models"
        return
    for model in index:
        if not model.get("name"):
            yield "`model-index` needs the `name` of each model"
        if not isinstance(model.get("results"), list) or not model["results"]:
            yield "`model-index` needs `results` for each model"
            continue
        for result in model["results"]:
            task, dataset, metrics = (result.get(key) for key in ("task", "dataset", "metrics"))
            if not isinstance(task, dict) or not task.get("type"):
                yield "each result of `model-index` needs `task: type`"
            if not isinstance(dataset, dict) or not dataset.get("type") or not dataset.get("name"):
                yield "each result of `model-index` needs `dataset: type` and `dataset: name`"
            elif not REPO_ID.fullmatch(str(dataset["type"])):
                yield f"`dataset: type` of `model-index` cannot be {dataset['type']!r}: use the form user/name"
            if not isinstance(metrics, list) or not metrics:
                yield "each result of `model-index` needs `metrics`"
                continue
            for metric in metrics:
                if not isinstance(metric, dict) or not metric.get("type") or metric.get("value") is None:
                    yield "each metric of `model-index` needs `type` and `value`"


def _space_problems(data: dict[str, object]):
    if not data:
        yield "a Space needs one: title, sdk, sdk_version and app_file"
        return
    if data.get("sdk") not in SDKS:
        yield f"`sdk` must be one of {', '.join(sorted(SDKS))}"
    for key in ("title", "emoji", "app_file", "sdk_version", "python_version", "short_description"):
        if key in data and not isinstance(data[key], str):
            yield f"`{key}` must be a text, not {data[key]!r}: put it between quotes"
    for key in ("colorFrom", "colorTo"):
        if key in data and data[key] not in COLORS:
            yield f"`{key}` must be one of {', '.join(sorted(COLORS))}"
    if len(str(data.get("short_description", ""))) > 60:
        yield "`short_description` may have 60 characters at most"
