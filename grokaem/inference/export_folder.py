"""An exported model on this disk: found or downloaded, looked over, its settings read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, cast

from grokaem import ownership
from grokaem.audio.resampling import HIGHEST_RATE, LOWEST_RATE

MODEL = "openvino_model.xml"
WEIGHTS = "openvino_model.bin"
TOKENIZER = "tokenizer.json"
WORDS = "words.safetensors"
VOCABULARY = "vocabulary.json"
HASHED = 64 << 20  # bytes of a file up to which it is compared with the folder's record; 64 MB take 50 ms
LONGEST_TEXT, LONGEST_SOUND = 1_000_000, 86_400  # tokens, and seconds: more is no setting but a mistake
# Everything an export may hold; a download asks for nothing else.
FILES = [
    MODEL,
    WEIGHTS,
    TOKENIZER,
    "config.json",
    "parity.json",
    "README.md",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    WORDS,
    VOCABULARY,
]


class ExportConfig(TypedDict):
    """What this subpackage reads of an export's ``config.json``, checked; a text's has no rate, a sound's no tokens."""

    task: Literal["text", "audio"]
    id2label: dict[str, str]
    max_length: int
    sample_rate: int
    max_seconds: float
    model_type: NotRequired[str]
    pad_token_id: NotRequired[int | None]
    max_position_embeddings: NotRequired[int]
    padded: NotRequired[bool]


@dataclass(frozen=True)
class ExportFolder:
    """An export folder whose files are there.

    Attributes:
        path (Path): the folder.
        config (dict): its ``config.json``.
        commit (str or None): the Hub's commit it was downloaded from; None for a folder of one's own.
    """

    path: Path
    config: ExportConfig
    commit: str | None = None

    @property
    def task(self) -> str:
        """``text`` or ``audio``."""
        return self.config["task"]

    @property
    def counts_words(self) -> bool:
        """Whether it is a TF-IDF model rather than a graph."""
        return self.config.get("model_type") == "tfidf"

    @property
    def labels(self) -> list[str]:
        """Label names in the order of the model's outputs."""
        names = self.config["id2label"]
        return [names[str(number)] for number in range(len(names))]


def locate(folder_or_repo: str | Path, revision: str | None = None) -> ExportFolder:
    """Finds an export: a folder as it is, anything else as a Hub repository.

    Args:
        folder_or_repo (str or Path): export folder, run folder with an ``export`` in it, or Hub id.
        revision (str, optional): branch, tag or commit of a Hub repository.

    Raises:
        FileNotFoundError: there is no such folder, or a file of the export is missing.
        ValueError: the folder holds something else than an export.
    """
    path, commit = Path(folder_or_repo).expanduser(), None
    if path.is_dir():
        if revision is not None:
            raise ValueError(f"{path} is a folder, which has no revision {revision}: leave out --revision.")
        if not (path / MODEL).is_file() and (path / "export" / MODEL).is_file():
            path = path / "export"
    elif path.exists():
        raise ValueError(f"{path} is a file: give the export folder it lies in.")
    elif _looks_like_a_repository(str(folder_or_repo)):
        from grokaem import hub
        from grokaem.hub.local import add_missing_folder, check_not_ours

        check_not_ours(str(folder_or_repo))
        with add_missing_folder(str(folder_or_repo)):
            path = Path(hub.download(str(folder_or_repo), revision, allow_patterns=FILES))
        commit = path.name
    else:
        raise FileNotFoundError(f"there is no folder {path}: give an export folder or a Hub id (owner/name).")
    named = str(path) if commit is None else f"{folder_or_repo} at {commit}"
    return ExportFolder(path, _checked_config(path, named), commit)


def _looks_like_a_repository(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def _checked_config(path: Path, named: str) -> ExportConfig:
    if not (path / MODEL).is_file() and not (path / WORDS).is_file():
        hint = (
            "; it is a run folder: python exporting/export.py makes its export"
            if (path / "run.json").is_file()
            else "; give what exporting/export.py made"
        )
        raise FileNotFoundError(f"{named} holds no {MODEL}{hint}.")
    file = path / "config.json"
    if not file.is_file():
        raise FileNotFoundError(f"{named} lacks config.json: download or export the model again.")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} cannot be read ({error}): export the model again.") from None
    if not isinstance(config, dict) or config.get("task") not in ("text", "audio") or not config.get("id2label"):
        raise ValueError(f"{file} names no task and labels: export the model again.")
    config = cast(ExportConfig, config)
    _check_labels(file, config["id2label"])
    if config.get("model_type") == "tfidf":
        needed = [WORDS, VOCABULARY]
    else:
        _check_settings(file, config)
        needed = [MODEL, WEIGHTS, *([TOKENIZER] if config["task"] == "text" else [])]
    for name in needed:
        if not (path / name).is_file():
            raise FileNotFoundError(f"{named} lacks {name}: download or export the model again.")
    if names := ownership.changed(path, ["config.json", *needed], HASHED):
        raise ValueError(
            f"{path} is not as it was made ({', '.join(names)} changed since): put the file back, or export the model "
            "again."
        )
    return config


def _check_labels(file: Path, labels: object) -> None:
    if not isinstance(labels, dict) or set(labels) != {str(number) for number in range(len(labels))}:
        raise ValueError(f"{file} does not number its labels from 0: export the model again.")
    names = list(labels.values())
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise ValueError(f"{file} has a label that is no text ({str(wrong[0])[:60]}): export the model again.")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(
            f"{file} gives two labels the same name ({twice[0][:60]}), so that one's score would stand for both: "
            "export the model again with a name for each."
        )


def _check_settings(file: Path, config: ExportConfig) -> None:
    """Refuses settings that no export has, such as NaN, which JSON may spell."""
    bounds: dict[str, tuple[type, int, int]] = (
        {"max_length": (int, 1, LONGEST_TEXT)}
        if config["task"] == "text"
        else {"sample_rate": (int, LOWEST_RATE, HIGHEST_RATE), "max_seconds": (float, 0, LONGEST_SOUND)}
    )
    if config["task"] == "text" and config.get("pad_token_id") is not None:
        bounds["pad_token_id"] = (int, 0, 1 << 31)
    for name, (kind, least, most) in bounds.items():
        value: Any = config.get(name)  # whatever stands there
        whole = type(value) is int or (type(value) is float and (kind is float or value.is_integer()))
        if not whole or not least <= value <= most or (kind is float and not value):
            what = f"{name} that is a {'' if kind is float else 'whole '}number from {least} to {most:,}"
            raise ValueError(f"{file} gives no {what}: export the model again.")
    # A text that is longer than the table of positions makes OpenVINO write where it must not: the process dies.
    positions = config.get("max_position_embeddings")
    if config["task"] == "text" and type(positions) is int and 0 < positions < config["max_length"]:
        raise ValueError(
            f"{file} gives a max_length of {config['max_length']:,} and the model has {positions:,} positions: export "
            "the model again."
        )
