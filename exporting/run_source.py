"""A finished run, read back: its report, its weights, and the very data it was scored on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.report_checks import RUN, read_report
from exporting.report_types import RunReport
from grokaem import ownership
from grokaem.identity import DataIdentity

if TYPE_CHECKING:
    from grokaem.corpora import Corpus


@dataclass(frozen=True)
class Run:
    """A run folder.

    Attributes:
        path (Path): the folder.
        report (dict): its ``run.json``.
        home (Path, optional): where records about it are kept. (Default: ``path``)
    """

    path: Path
    report: RunReport
    home: Path | None = None

    @property
    def task(self) -> str:
        """The key of its kind, such as ``text``."""
        return self.report["task"]

    @property
    def bytes(self) -> int:
        """Size of the model and its preprocessor: the folder's own files without the report."""
        return sum(
            file.stat().st_size
            for file in self.path.iterdir()
            if file.is_file() and not file.name.startswith(("run.json", "export_failed", ownership.RECORD))
        )

    @property
    def weight_bytes(self) -> int:
        """Size of the weights alone."""
        return sum(file.stat().st_size for file in self.path.glob("*.safetensors"))

    def corpus(self, token: str | None = None) -> Corpus:
        """The corpus of the run, in the same three parts; of the Hub at the commit that the run recorded.

        Args:
            token (str, optional): for a private data set of the Hub. (Default: ``HF_TOKEN`` or the login)

        Raises:
            ValueError: the data changed since the run, so that no part can be trusted to be unseen.
        """
        from grokaem import corpora

        settings = {**self.report["config"], "task": self.task}
        recorded = DataIdentity.from_json(self.report["data"])
        corpus = reorder_labels(corpora.load_recorded(settings, recorded, token), self.report["data"]["label_names"])
        if changed := recorded.difference(corpus.identity):
            raise ValueError(
                f"the data set {settings['dataset']} is not the one {self.path} was trained on ({changed}): train "
                "again."
            )
        return corpus




def reorder_labels(corpus: Corpus, names: list[str]) -> Corpus:
    """The corpus with its classes numbered in the order of ``names``; as it is where these are not its labels."""
    if corpus.label_names == names or sorted(corpus.label_names) != sorted(names):
        return corpus
    number = [names.index(name) for name in corpus.label_names]
    parts = {
        name: replace(part, labels=[number[label] for label in part.labels])
        for name, part in (("train", corpus.train), ("validation", corpus.validation), ("test", corpus.test))
    }
    return replace(corpus, label_names=list(names), **parts)


def read_run(path: str | Path) -> Run:
    """Reads a run folder.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no finished run.
        ValueError: its ``run.json`` cannot be read, or is not whole.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"there is no run folder {path}: python training/finetune.py makes one.")
    if not (path / "run.json").is_file():
        raise FileNotFoundError(f"{path} holds no run.json: give a folder made by training/finetune.py.")
    return Run(path, read_report(path / "run.json", RunReport, RUN, "put it back as it was, or train again"))
