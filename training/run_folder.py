"""The run folder: what training leaves behind, complete or absent.

While a run is under way everything lives in a sibling ``.<name>.partial`` folder (checkpoints, the best
weights so far, the settings); the finished folder appears by one rename.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from grokaem import ownership
from grokaem.atomic import delete_folder, rename_into_place, write_text
from grokaem.flags import option
from grokaem.identity import COMMIT, DataIdentity, weights
from grokaem.output_folder import check_replaceable
from grokaem.processor import processor_name
from training.same_run import Beginnings, changed_settings, ended_with, finished_settings
from training.weights import add_single_weights

if TYPE_CHECKING:
    from peft import PeftModel

    from training.records import BaseModelRecord, Hardware, RunReport
    from training.task import Model, Preprocessor

PACKAGES = ("torch", "transformers", "accelerate", "peft", "bitsandbytes", "torchaudio", "numpy")
UNFINISHED = "unfinished run"
PARTIAL_BEFORE = ("config.json", "memory.json", "checkpoints", "best", "best.new", "best.json", "done")
COMPLETE = "complete"  # the empty file that is written last into a checkpoint


class RunFolder:
    """A run's final folder and the partial one that becomes it.

    Args:
        path (Path): the final folder, as :func:`grokaem.output_folder.destination` gave it.
    """

    def __init__(self, path: Path):
        self.path = path
        self.partial = path.with_name(f".{path.name}.partial")
        self.checkpoints = self.partial / "checkpoints"
        self.best = self.partial / "best"
        self.done = self.partial / "done"

    def check(self, config: dict[str, object], resume: bool, overwrite: bool) -> bool:
        """Refuses what would destroy something, before any work is done; call it while the folder is claimed.

        Args:
            config (dict): the settings, compared with those of a finished or an interrupted run.
            resume (bool): go on with it.
            overwrite (bool): throw it away.

        Returns:
            bool: whether the run is finished, so that there is nothing to train.

        Raises:
            ValueError: a finished or an interrupted run is in the way, or it had other settings; or there is
                anything that we did not write.
        """
        self._check_partial()
        self._complete(resume)
        begun = self._begun()
        finished = (self.path / "run.json").is_file()
        if overwrite:
            check_replaceable(self.path, "run", "move it away, or choose another --output-dir")
            return False
        if finished and not resume:
            raise ValueError(
                f"{self.path} holds a finished run: choose another --output-dir, or --overwrite to replace it."
            )
        if finished and (begun is None or changed_settings(begun, config, Beginnings())):
            self._same_settings(finished_settings(self.path, config), config, "finished", ended_with(self.path))
            return True
        if finished:  # an interrupted --overwrite goes on
            check_replaceable(self.path, "run", "move it away, or choose another --output-dir")
        elif self.path.exists() and any(self.path.iterdir()):
            raise ValueError(f"{self.path} is not empty and holds no run: choose another --output-dir.")
        if begun is not None:
            if not resume:
                raise ValueError(
                    f"{self.path} has an interrupted run: --resume goes on with it, --overwrite starts anew."
                )
            self._same_settings(begun, config, "interrupted", self.began_with())
        return False

    def began_with(self) -> Beginnings:
        """The data and the base model of an interrupted run, for the one that goes on with it."""
        found = ownership.read(self.partial) or {}
        data, base = found.get("data"), found.get("base_model")
        base = cast("BaseModelRecord | None", base)
        return Beginnings(None if data is None else DataIdentity.from_json(data), base)

    def open(
        self,
        config: dict[str, object],
        resume: bool,
        data: DataIdentity | None = None,
        base_model: BaseModelRecord | None = None,
    ) -> Path | None:
        """Makes the partial folder, or finds the checkpoint to go on from; call :meth:`check` first.

        Args:
            config (dict): the settings.
            resume (bool): go on with an interrupted run.
            data (DataIdentity, optional): compared with that of an interrupted run.
            base_model (dict, optional): what the run begins with; one that goes on has loaded the recorded one.

        Returns:
            Path or None: the newest complete checkpoint.

        Raises:
            ValueError: the data changed since the run was interrupted.
        """
        if self._begun() is not None and resume:
            before = self.began_with().data
            if before and data and (changed := before.difference(data)):
                raise ValueError(
                    f"the data changed since the run in {self.path} was interrupted ({changed}): --overwrite starts "
                    "anew."
                )
            return self.last_checkpoint()
        self._drop_partial()
        self.partial.mkdir(parents=True)
        known = {"data": data and data.to_json(), "base_model": base_model}
        ownership.record(self.partial, UNFINISHED, id=uuid4().hex, **known)
        self.checkpoints.mkdir()
        write_json(self.partial / "config.json", config)
        return None

    def _check_partial(self) -> None:
        """Refuses a folder of the user's that is called as our partial one; drops what a finished run left."""
        if not os.path.lexists(self.partial):
            return
        found = ownership.read(self.partial) if self.partial.is_dir() and not self.partial.is_symlink() else None
        if found is not None and found["kind"] == UNFINISHED:
            final = ownership.read(self.path) or {}
            if "id" in found and found["id"] == final.get("id"):  # killed after the run had appeared
                self._drop_partial()
            return
        begun, names = None, None
        if self.partial.is_dir() and not self.partial.is_symlink():
            begun, names = self._begun(), {path.name for path in self.partial.iterdir()}
        if names is not None and names <= {ownership.UNDER_WAY}:  # killed as it was made
            return
        # Commit 8fe415f kept no record in it.
        ours = begun is not None and {"base_model", "dataset", "seed"} <= set(begun)
        if not ours or names is None or not names <= set(PARTIAL_BEFORE):
            raise ValueError(
                f"{self.partial} is in the way and was not written by grokaem: move it away, or choose another "
                "--output-dir."
            )

    def _complete(self, resume: bool) -> None:
        """Lets a run appear that was killed when only that was left to do."""
        found = ownership.read(self.done)
        if not resume or found is None or found.get("id") != (ownership.read(self.partial) or {}).get("id"):
            return
        check_replaceable(self.path, "run", "move it away")
        if all((self.done / name).is_file() for name in found["files"]):
            rename_into_place(self.done, self.path)
            self._drop_partial()

    def _drop_partial(self) -> None:
        if self.partial.is_dir():
            marked = (self.partial / ownership.RECORD).is_file()
            delete_folder(self.partial, last=ownership.RECORD if marked else "config.json")

    def _begun(self) -> dict[str, object] | None:
        """The settings of an interrupted run."""
        try:
            content = json.loads((self.partial / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def _same_settings(
        self, before: dict[str, object], now: dict[str, object], state: str, known: Beginnings
    ) -> None:
        if changed := changed_settings(before, now, known):
            told = ", ".join(f"{option(key)} {before.get(key)}" for key in changed)
            raise ValueError(
                f"the {state} run in {self.path} had {told}: give the same to --resume, "
                "or --overwrite to start anew."
            )

    def last_checkpoint(self) -> Path | None:
        """The newest complete checkpoint; those cut short are removed."""
        complete = []
        for folder in self.checkpoints.glob("checkpoint-*"):
            if (folder / COMPLETE).is_file():
                complete.append(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        if not complete:
            return None
        return max(complete, key=lambda folder: int(folder.name.rsplit("-", 1)[1]))

    def finish(self, model: Model, preprocessor: Preprocessor | None, report: RunReport) -> Path:
        """Writes model, preprocessor and ``run.json`` and lets the folder appear under its name."""
        shutil.rmtree(self.done, ignore_errors=True)
        self.done.mkdir()
        save_model(model, self.done, report["base_model"])
        if preprocessor is not None:
            preprocessor.save_pretrained(self.done)
        write_json(self.done / "run.json", report)
        facts = {"id": (ownership.read(self.partial) or {}).get("id"), "settings": self._begun()}
        ownership.record(self.done, "run", weights=weights(self.done), **facts)
        rename_into_place(self.done, self.path)
        self._drop_partial()
        return self.path


def save_model(model: Model, folder: Path, base_model: BaseModelRecord) -> None:
    """Writes the model, or its adapter beside the configuration it belongs to.

    Args:
        model (PreTrainedModel or PeftModel): the trained model.
        folder (Path): where to.
        base_model (dict): ``name`` and ``revision`` of what an adapter sits on.
    """
    adapters = getattr(model, "peft_config", None)
    if not adapters:
        model.save_pretrained(folder)  # pyright: ignore[reportArgumentType]  # peft takes a Path too
        return
    for adapter in adapters.values():
        local = Path(base_model["name"]).expanduser()
        adapter.base_model_name_or_path = str(local.resolve()) if local.is_dir() else base_model["name"]
        commit = COMMIT.fullmatch(base_model["revision"])
        adapter.revision = base_model["revision"] if commit else None
    adapted = cast("PeftModel", model)
    adapted.save_pretrained(folder, save_embedding_layers=False)  # pyright: ignore[reportArgumentType]  # as above
    add_single_weights(adapted, folder)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card; ours is written with the export
    adapted.get_base_model().config.save_pretrained(folder)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]


def write_json(path: Path, content: object) -> None:
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


def hardware() -> Hardware:
    """Processor, cores and GPU of this machine."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"cpu": processor_name(), "cores": os.cpu_count(), "gpu": gpu}
