"""The run folder: what training leaves behind, complete or absent.

While a run is under way everything lives in a sibling ``.<name>.partial`` folder (checkpoints, the best
weights so far, the settings); the finished folder appears by one rename.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from atomic import appear, write_text
from training.weights import add_single_weights

PACKAGES = ("torch", "transformers", "accelerate", "peft", "bitsandbytes", "torchaudio", "numpy")
# A change of one of these between two starts would make a resumed run another experiment.
MAY_DIFFER = {"export", "push", "repo_id", "push_original", "hub_private", "save_seconds", "preflight"}
MAY_DIFFER |= {"logging_steps", "pin_memory"}
COMPLETE = "complete"  # the empty file that is written last into a checkpoint


class RunFolder:
    """A run's final folder and the partial one that becomes it.

    Args:
        path (Path): the final folder.
    """

    def __init__(self, path: Path):
        self.path = path
        self.partial = path.with_name(f".{path.name}.partial")
        self.checkpoints = self.partial / "checkpoints"
        self.best = self.partial / "best"

    def check(self, config: dict[str, Any], resume: bool, overwrite: bool) -> None:
        """Refuses what would destroy something, before any work is done.

        Args:
            config (dict): the settings, compared with those of an interrupted run.
            resume (bool): go on with an interrupted run.
            overwrite (bool): throw a finished or interrupted run away.

        Raises:
            ValueError: a finished or an interrupted run is in the way, or it had other settings.
        """
        if overwrite:
            return
        if (self.path / "run.json").is_file():
            raise ValueError(
                f"{self.path} holds a finished run: choose another --output-dir, or --overwrite to replace it"
            )
        if self.path.exists() and any(self.path.iterdir()):
            raise ValueError(f"{self.path} is not empty and holds no run: choose another --output-dir")
        settings = self.partial / "config.json"
        if settings.is_file():
            if not resume:
                raise ValueError(
                    f"{self.path} has an interrupted run: --resume goes on with it, --overwrite starts anew"
                )
            self._same_settings(json.loads(settings.read_text()), config)

    def open(self, config: dict[str, Any], resume: bool) -> str | None:
        """Makes the partial folder, or finds the checkpoint to go on from; call :meth:`check` first.

        Args:
            config (dict): the settings.
            resume (bool): go on with an interrupted run.

        Returns:
            str or None: the newest complete checkpoint.
        """
        settings = self.partial / "config.json"
        if settings.is_file() and resume:
            return self.last_checkpoint()
        shutil.rmtree(self.partial, ignore_errors=True)
        self.checkpoints.mkdir(parents=True)
        write_json(settings, config)
        return None

    def _same_settings(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        changed = sorted(key for key in {*before, *now} - MAY_DIFFER if before.get(key) != now.get(key))
        if changed:
            told = ", ".join(f"--{key.replace('_', '-')} {before.get(key)}" for key in changed)
            raise ValueError(
                f"the interrupted run in {self.path} had {told}: give the same to --resume, "
                "or --overwrite to start anew"
            )

    def last_checkpoint(self) -> str | None:
        """The newest complete checkpoint; those cut short are removed."""
        complete = []
        for folder in self.checkpoints.glob("checkpoint-*"):
            if (folder / COMPLETE).is_file():
                complete.append(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        if not complete:
            return None
        return str(max(complete, key=lambda folder: int(folder.name.rsplit("-", 1)[1])))

    def finish(self, model: Any, preprocessor: Any, report: dict[str, Any]) -> Path:
        """Writes model, preprocessor and ``run.json`` and lets the folder appear under its name."""
        done = self.partial / "done"
        shutil.rmtree(done, ignore_errors=True)
        done.mkdir()
        save_model(model, done, report["base_model"])
        if preprocessor is not None:
            preprocessor.save_pretrained(done)
        write_json(done / "run.json", report)
        appear(done, self.path)
        shutil.rmtree(self.partial, ignore_errors=True)
        return self.path


def save_model(model: Any, folder: Path, base_model: dict[str, Any]) -> None:
    """Writes the model, or its adapter beside the configuration it belongs to.

    Args:
        model (PreTrainedModel or PeftModel): the trained model.
        folder (Path): where to.
        base_model (dict): ``name`` and ``revision`` of what an adapter sits on.
    """
    adapters = getattr(model, "peft_config", None)
    if not adapters:
        model.save_pretrained(folder)
        return
    for adapter in adapters.values():
        local = Path(base_model["name"]).expanduser()
        adapter.base_model_name_or_path = str(local.resolve()) if local.is_dir() else base_model["name"]
        commit = re.fullmatch(r"[0-9a-f]{40}", base_model["revision"])
        adapter.revision = base_model["revision"] if commit else None
    model.save_pretrained(folder, save_embedding_layers=False)
    add_single_weights(model, folder)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card; ours is written with the export
    model.get_base_model().config.save_pretrained(folder)


def write_json(path: Path, content: Any) -> None:
    """Writes JSON so that a reader sees the old file or the new one, never half of it."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape the result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Processor, cores and GPU of this machine."""
    import torch

    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"cpu": cpu, "cores": os.cpu_count(), "gpu": gpu}
