"""The user's own part of a model card, ``--card FILE``: front matter and prose, read and checked before the work."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporting.own_prose import MEASURED, fit_prose
from grokaem import hub

LIMIT, MATTER_LIMIT, DEEPEST = 256 * 1024, 64 * 1024, 12
FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
INTENDED_USE = "Intended use"
# What is measured, and what links the model to others: nobody types it.
NOT_TYPED = ("model-index", "eval_results", "metrics", "pipeline_tag", "base_model", "base_model_relation",
             "library_name", "model_name")  # fmt: skip
TEXT, TEXTS, LIST = "a text", "a text or a list of texts", "a list"
TYPES: dict[str, tuple[type, ...]] = {
    TEXT: (str,),
    TEXTS: (str, list),
    LIST: (list,),
    "yes or no": (bool,),
    "a list of `key: value` lines": (dict,),
    "yes, no or a list of `key: value` lines": (bool, dict),
    "a number or a list of `key: value` lines": (int, float, dict),
}
OURS = {"description": TEXT, "intended_use": TEXT, "examples": "yes or no"}
# The Hub's: https://github.com/huggingface/hub-docs/blob/main/modelcard.md and docs/hub/models-gated, models-widgets.
KEYS = OURS | {
    "license": TEXTS,
    "license_name": TEXT,
    "license_link": TEXT,
    "language": TEXTS,
    "tags": LIST,
    "datasets": TEXTS,
    "thumbnail": TEXT,
    "new_version": TEXT,
    "widget": LIST,
    "inference": "yes, no or a list of `key: value` lines",
    "co2_eq_emissions": "a number or a list of `key: value` lines",
    "extra_gated_heading": TEXT,
    "extra_gated_description": TEXT,
    "extra_gated_prompt": TEXT,
    "extra_gated_button_content": TEXT,
    "extra_gated_fields": "a list of `key: value` lines",
    "extra_gated_eu_disallowed": "yes or no",
}


@dataclass(frozen=True)
class OwnCard:
    """What the user says of a model himself.

    Attributes:
        path: the file that it was read from.
        metadata: keys of the Hub for the front matter.
        prose: Markdown that comes after the introduction.
        examples: whether examples of the training data are shown; None where the file does not say.
    """

    path: Path
    metadata: dict[str, Any]
    prose: str = ""
    examples: bool | None = None

    def check_datasets(self, is_on_hub: bool) -> None:
        """Refuses data sets typed by hand where the one of the Hub is known.

        Args:
            is_on_hub (bool): whether the data is a data set of the Hub.

        Raises:
            ValueError: it is, and the front matter names others.
        """
        if is_on_hub and "datasets" in self.metadata:
            raise ValueError(f"--card {self.path}: `datasets` is known from the data itself: leave it out.")

    def merged(self, measured: dict[str, Any]) -> dict[str, Any]:
        """Front matter of both: license and language are the user's, tags are joined, what is measured stays."""
        tags = list(dict.fromkeys([*measured.get("tags", []), *self.metadata.get("tags", [])]))
        known = {"datasets": measured["datasets"]} if "datasets" in measured else {}
        return measured | self.metadata | known | {"tags": tags}

    def language(self) -> str | None:
        """The languages for a sentence; None where the file names none."""
        named = self.metadata.get("language")
        return ", ".join(named) if isinstance(named, list) else named


def read_card(path: Path | None) -> OwnCard | None:
    """Reads and checks the file of ``--card``.

    Args:
        path (Path, optional): Markdown, in UTF-8; None where none is given.

    Returns:
        OwnCard or None: what it says.

    Raises:
        ValueError: a file that cannot be read, or that says what cannot be put into a card.
    """
    if path is None:
        return None
    path = path.expanduser()
    try:
        matter, prose = _parts(_text(path))
        metadata = _checked(_mapping(matter))
        return OwnCard(path, {k: v for k, v in metadata.items() if k not in OURS}, _prose(metadata, prose),
                       metadata.get("examples"))  # fmt: skip
    except ValueError as error:
        raise ValueError(f"--card {path}: {error}") from None


def _text(path: Path) -> str:
    if path.is_dir():
        raise ValueError("it is a folder: give a Markdown file.")
    if not path.is_file():
        raise ValueError("there is no such file: give a Markdown file.")
    try:
        with path.open("rb") as opened:
            content = opened.read(LIMIT + 1)
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror}): give another file.") from None
    if len(content) > LIMIT:
        raise ValueError(f"it is larger than {LIMIT // 1024} KB: shorten it, or link to the rest.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8: save it anew as UTF-8.") from None
    if not text.strip():
        raise ValueError("it is empty: write what the model is for.")
    if hub.looks_secret(text):
        raise ValueError("it holds what looks like a token or a private key: take it out.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parts(text: str) -> tuple[str, str]:
    """Front matter and prose."""
    text = re.sub(r"\A(?:[ \t]*\n)+", "", text)
    if not re.match(r"---[ \t]*(\n|\Z)", text):
        return "", text
    found = FRONT_MATTER.match(text)
    if not found:
        raise ValueError("the front matter has no end: add a line --- after it.")
    if len(found[1].encode()) > MATTER_LIMIT:
        raise ValueError(f"the front matter is larger than {MATTER_LIMIT // 1024} KB: shorten it.")
    return found[1], text[found.end() :]


def _mapping(matter: str) -> dict[Any, Any]:
    import yaml

    try:
        _check_structure(matter)
        node = yaml.compose(matter, Loader=yaml.SafeLoader)
        try:
            data = yaml.safe_load(matter)
        except ValueError:
            raise ValueError("the front matter holds a date or a number that there is not: quote it.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 2}" if mark else "the front matter"
        problem = getattr(error, "problem", None) or "it holds a character that YAML does not take"
        raise ValueError(f"{where} is no valid YAML ({problem}): correct it.") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValueError("the front matter is no list of `key: value` lines: correct it.")
    keys = [key.value for key, _ in node.value]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ValueError(f"`{twice[0]}` stands twice in the front matter: leave one out.")
    return data


def _check_structure(matter: str) -> None:
    """Looks at the YAML as it is read, before anything is made of it: a few bytes could stand for gigabytes."""
    import yaml

    depth = 0
    for event in yaml.parse(matter, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 2
        if getattr(event, "anchor", None):
            raise ValueError(f"line {line} has an anchor or an alias (& or *): write the value out, or quote it.")
        if (tag := getattr(event, "tag", None)) not in (None, "!"):
            raise ValueError(f"line {line} has the tag {tag}: leave it out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"line {line} is nested deeper than {DEEPEST} levels: make it flatter.")


def _checked(data: dict[Any, Any]) -> dict[str, Any]:
    for key, value in data.items():
        if key in NOT_TYPED:
            raise ValueError(f"`{key}` is measured, or links the model, and is written by itself: leave it out.")
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1)
            remedy = f"did you mean `{near[0]}`" if near else f"leave it out, or use one of {', '.join(KEYS)}"
            raise ValueError(f"`{key}` is no key of a model's card: {remedy}.")
        kinds = TYPES[KEYS[key]]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds) or value in ("", []):
            raise ValueError(f"`{key}` must be {KEYS[key]}, not {value!r}: correct it (quotes make a text).")
    if problems := hub.metadata_problems({key: value for key, value in data.items() if key not in OURS}):
        raise ValueError(f"{problems[0]}.")
    if "license_name" in data and data.get("license") != "other":
        raise ValueError("`license_name` needs `license: other` beside it.")
    return data


def _prose(data: dict[str, Any], prose: str) -> str:
    parts = [fit_prose(data["description"])] if "description" in data else []
    taken = MEASURED
    if "intended_use" in data:
        parts.append(f"## {INTENDED_USE}\n\n{fit_prose(data['intended_use'])}")
        taken = (*MEASURED, INTENDED_USE)
    return "\n\n".join(part for part in [*parts, fit_prose(prose, taken)] if part.strip())
