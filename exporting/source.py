"""A finished run, read back: its report, its weights, and the very data it was scored on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpora import Corpus


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path (Path): the folder.
        report (dict): its ``run.json``.
    """

    path: Path
    report: dict[str, Any]

    @property
    def task(self) -> str:
        """``text`` or ``audio``."""
        return self.report["task"]

    @property
    def bytes(self) -> int:
        """Size of the model and its preprocessor: the folder's own files without the report."""
        return sum(
            file.stat().st_size
            for file in self.path.iterdir()
            if file.is_file() and not file.name.startswith(("run.json", "export_failed"))
        )

    def corpus(self) -> Corpus:
        """The corpus of the run, in the same three parts.

        Raises:
            ValueError: the data changed since the run, so that no part can be trusted to be unseen.
        """
        import corpora

        config, data = self.report["config"], self.report["data"]
        corpus = corpora.load(
            config["dataset"],
            task=self.task,
            text_column=config.get("text_column"),
            label_column=config.get("label_column"),
            fold=config.get("fold", 0),
        )
        if corpus.describe() != data:
            raise ValueError(
                f"the data set {config['dataset']} is not the one {self.path} was trained on "
                f"(then {data['revision']}, now {corpus.revision}): train again"
            )
        return corpus


def read_run(path: str | Path) -> Run:
    """Reads a run folder.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no finished run.
        ValueError: its ``run.json`` cannot be read.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"there is no run folder {path}: python training/finetune.py makes one")
    if not (path / "run.json").is_file():
        raise FileNotFoundError(f"{path} holds no run.json: give a folder made by training/finetune.py")
    try:
        return Run(path, json.loads((path / "run.json").read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path / 'run.json'} cannot be read ({error}): train again") from None
