"""An exported model on this disk: found or downloaded, looked over, its settings read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = "openvino_model.xml"
WEIGHTS = "openvino_model.bin"
TOKENIZER = "tokenizer.json"
WORDS = "words.safetensors"
VOCABULARY = "vocabulary.json"
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


@dataclass(frozen=True)
class ExportFolder:
    """An export folder whose files are there.

    Attributes:
        path (Path): the folder.
        config (dict): its ``config.json``.
        commit (str or None): the Hub's commit it was downloaded from; None for a folder of one's own.
    """

    path: Path
    config: dict[str, Any]
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
            raise ValueError(f"{path} is a folder, which has no revision {revision}: leave out --revision")
        if not (path / MODEL).is_file() and (path / "export" / MODEL).is_file():
            path = path / "export"
    elif path.exists():
        raise ValueError(f"{path} is a file: give the export folder it lies in")
    elif _looks_like_a_repository(str(folder_or_repo)):
        import hub

        path = Path(hub.download(str(folder_or_repo), revision, allow_patterns=FILES))
        commit = path.name
    else:
        raise FileNotFoundError(f"there is no folder {path}: give an export folder or a Hub id (owner/name)")
    return ExportFolder(path, _checked_config(path), commit)


def _looks_like_a_repository(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def _checked_config(path: Path) -> dict[str, Any]:
    if not (path / MODEL).is_file() and not (path / WORDS).is_file():
        hint = (
            "; it is a run folder: python exporting/export.py makes its export"
            if (path / "run.json").is_file()
            else "; give a folder made by exporting/export.py"
        )
        raise FileNotFoundError(f"{path} holds no {MODEL}{hint}")
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path / 'config.json'} cannot be read ({error}): export the model again") from None
    if not isinstance(config, dict) or config.get("task") not in ("text", "audio") or not config.get("id2label"):
        raise ValueError(f"{path / 'config.json'} names no task and labels: export the model again")
    labels = config["id2label"]
    if not isinstance(labels, dict) or set(labels) != {str(number) for number in range(len(labels))}:
        raise ValueError(f"{path / 'config.json'} does not number its labels from 0: export the model again")
    if config.get("model_type") != "tfidf":
        for setting in ("max_length",) if config["task"] == "text" else ("sample_rate", "max_seconds"):
            if not isinstance(config.get(setting), (int, float)) or config[setting] <= 0:
                raise ValueError(f"{path / 'config.json'} says no {setting}: export the model again")
    if config.get("model_type") == "tfidf":
        needed = [WORDS, VOCABULARY]
    else:
        needed = [MODEL, WEIGHTS, *([TOKENIZER] if config["task"] == "text" else [])]
    for name in needed:
        if not (path / name).is_file():
            raise FileNotFoundError(f"{path} lacks {name}: download or export the model again")
    return config
