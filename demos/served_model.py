"""The classifier a tab serves: the environment's, or the checkout's newest export; loaded at first use."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demos.wording import say
from grokaem import kinds
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    from grokaem.inference.classifier import Classifier

ROOT = Path(__file__).resolve().parents[1]
RUNS = "GROKAEM_RUNS"  # the environment variable that names the folder of the runs


class ServedModel:
    """An exported classifier that is found by name at once and loaded when it is first asked for.

    Args:
        task (str): key of the kind that it classifies.
        variable (str, optional): the environment variable that names a Hub repository or a folder. (Default: that of
            its kind)
        runs (Path, optional): where runs are looked for, each with its ``export`` folder. (Default: the folder
            that ``GROKAEM_RUNS`` names, or ``runs`` of the checkout)
    """

    def __init__(self, task: str, variable: str | None = None, runs: Path | None = None) -> None:
        self.task = task
        self.variable = variable or kinds.find(task).variable
        self.runs = runs or Path(os.environ.get(RUNS) or ROOT / "runs")
        self._lock = threading.Lock()
        self._loaded: tuple[str, Classifier] | None = None

    def name(self) -> str | None:
        """The repository or folder to serve: the variable's, else the newest export, else None."""
        named = os.environ.get(self.variable, "").strip()
        if named:
            return named
        exports = [path.parent for path in self.runs.glob("*/export/config.json") if _task(path) == self.task]
        newest = max(exports, key=_written, default=None)
        return str(newest) if newest else None

    def load(self) -> Classifier:
        """The classifier, loaded once for each name.

        Raises:
            ValueError: there is none, or it is for another task.
            FileNotFoundError: the name is neither a folder nor a repository that can be reached.
        """
        from grokaem import inference

        name = self.name()
        if name is None:
            raise ValueError(f"There is no {self.task} classifier to serve; set {self.variable} to one.")
        with self._lock:
            if self._loaded is None or self._loaded[0] != name:
                loaded = inference.load(name)
                if (found := loaded.export.task) != self.task:
                    raise ValueError(f"{self.variable} names a classifier of {found}; this tab serves {self.task}.")
                # the first prediction compiles the graph: that is not part of the time shown with a visitor's
                loaded.predict([loaded.example()])
                self._loaded = (name, loaded)
            return self._loaded[1]

    def folder(self) -> Path | None:
        """Where the export lies on this machine; None where it has not been downloaded yet."""
        name = self.name()
        if name is None:
            return None
        if (path := Path(name).expanduser()).is_dir():
            return path / "export" if (path / "export" / "config.json").is_file() else path
        loaded = self._loaded
        return loaded[1].export.path if loaded is not None and loaded[0] == name else None

    def describe(self) -> str:
        """One line of Markdown: which model, its labels, its accuracy and size, as far as its folder says."""
        name = self.name()
        if name is None:
            return ""
        folder = Path(name)
        if not folder.is_dir():
            return say("Model: **{name}**", name=markdown(name))
        shown = markdown(folder.parent.name if folder.name == "export" else folder.name)
        run = read_json(folder.parent / "run.json")
        base, data = _named(run, "base_model"), _named(run, "data")
        if base and data:
            shown = say("{base} fine-tuned on {data}", base=markdown(base), data=markdown(data))
        parts = [say("Model: **{name}**, {method}", name=shown, method=runs_as(folder))]
        labels = [markdown(label) for label in labels_of(folder)]
        if labels:
            listed = f"{', '.join(labels[:8])}{', …' if len(labels) > 8 else ''}"
            parts.append(say("{count} labels: {names}", count=len(labels), names=listed))
        parity = read_json(folder / "parity.json").get("export", {})
        if "accuracy" in parity:
            parts.append(say("test accuracy {accuracy}", accuracy=f"{parity['accuracy']:.3f}"))
        if "bytes" in parity:
            parts.append(say("{size} MB", size=f"{parity['bytes'] / 1e6:.0f}"))
        return " · ".join(parts)


def runs_as(folder: Path) -> str:
    """What a classifier's folder is run by: the method of its export on OpenVINO, or counted words."""
    if read_json(folder / "config.json").get("model_type") == "tfidf":
        return "TF-IDF"
    method = read_json(folder / "parity.json").get("method")
    return say("{method} on OpenVINO", method=markdown(method)) if isinstance(method, str) else say("on OpenVINO")


def labels_of(folder: Path) -> list[str]:
    """The label names in an export folder's ``config.json``, in the order of the model's outputs."""
    config = read_json(folder / "config.json")
    labels = config.get("labels") or config.get("label_names")
    if not labels and isinstance(config.get("id2label"), dict):
        labels = [config["id2label"][key] for key in sorted(config["id2label"], key=int)]
    return [str(label) for label in labels or []]


def _named(run: dict[str, object], key: str) -> str:
    """The last part of a name that a run's record gives, as ``{"name": ...}``; nothing where it gives none."""
    entry = run.get(key)
    return Path(str(entry["name"])).name if isinstance(entry, dict) and entry.get("name") else ""


def _written(folder: Path) -> float:
    try:
        return (folder / "config.json").stat().st_mtime
    except OSError:  # replaced at this moment
        return 0.0


def _task(config: Path) -> str | None:
    return read_json(config).get("task")


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file holds; nothing where it cannot be read or holds no object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a folder being written, or not one of ours: nothing to say about it
    return content if isinstance(content, dict) else {}
