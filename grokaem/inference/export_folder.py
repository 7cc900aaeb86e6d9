"""An exported model on this disk: found or downloaded, looked over, its settings read."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from grokaem import kinds, ownership

MODEL = "openvino_model.xml"
WEIGHTS = "openvino_model.bin"
WORDS = "words.safetensors"
VOCABULARY = "vocabulary.json"
HASHED = 64 << 20  # bytes of a file up to which it is compared with the folder's record; 64 MB take 50 ms
# What an export may hold beside its graph and what its kind needs.
OTHERS = (
    "config.json",
    "parity.json",
    "README.md",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    WORDS,
    VOCABULARY,
)


class ExportConfig(TypedDict):
    """What this subpackage reads of an export's ``config.json``, checked; of the limits its kind's own are there."""

    task: str
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
        """The key of its kind, such as ``text``."""
        return self.config["task"]

    @property
    def kind(self) -> kinds.Kind:
        """What it classifies."""
        return kinds.find(self.task)

    def check_runs_on(self, classifier: type) -> None:
        """Raises a ValueError where another class runs exports of its kind."""
        if not issubclass(classifier, right := self.kind.resolved("classifier")):
            raise ValueError(f"{self.path} is a classifier of {self.kind.title}: use {right.__name__}.")

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
            path = Path(hub.download(str(folder_or_repo), revision, allow_patterns=files()))
        commit = path.name
    else:
        raise FileNotFoundError(f"there is no folder {path}: give an export folder or a Hub id (owner/name).")
    named = str(path) if commit is None else f"{folder_or_repo} at {commit}"
    return ExportFolder(path, _checked_config(path, named), commit)


def files() -> list[str]:
    """Everything an export of any kind may hold; a download asks for nothing else."""
    own = (name for kind in kinds.KINDS.values() for name in kind.files)
    return list(dict.fromkeys([MODEL, WEIGHTS, *own, *OTHERS]))


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
    if not isinstance(config, dict) or config.get("task") not in kinds.KINDS or not config.get("id2label"):
        raise ValueError(f"{file} names no task and labels: export the model again.")
    config = cast(ExportConfig, config)
    _check_labels(file, config["id2label"])
    if config.get("model_type") == "tfidf":
        needed = [WORDS, VOCABULARY]
    else:
        _check_settings(file, config)
        needed = [MODEL, WEIGHTS, *kinds.find(config["task"]).files]
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
    """Refuses settings that no export of its kind has, such as NaN, which JSON may spell."""
    given = cast("dict[str, Any]", config)  # whatever stands there
    for name, limit in kinds.find(config["task"]).limits.items():
        value: Any = given.get(name)
        if limit.optional and value is None:
            continue
        fraction = limit.number is float
        whole = type(value) is int or (type(value) is float and (fraction or value.is_integer()))
        if not whole or not limit.least <= value <= limit.most or (fraction and not value):
            what = f"{name} that is a {'' if fraction else 'whole '}number from {limit.least} to {limit.most:,}"
            raise ValueError(f"{file} gives no {what}: export the model again.")
        # A text that is longer than the table of positions makes OpenVINO write where it must not: the process dies.
        setting, units = limit.within or ("", "")
        room: Any = given.get(setting)
        if type(room) is int and 0 < room < value:
            raise ValueError(
                f"{file} gives a {name} of {value:,} and the model has {room:,} {units}: export the model again."
            )
