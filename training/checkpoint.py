"""A checkpoint: all that a training needs to go on as if it had not been stopped, complete or absent."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from training import processes
from training.random_numbers import random_state, restore
from training.run_folder import COMPLETE, write_json
from training.weights import load_weights, save_weights

if TYPE_CHECKING:
    from torch.amp.grad_scaler import GradScaler
    from torch.optim import Optimizer

    from training.averaging import AveragedWeights
    from training.task import Model

PROGRESS = "progress.json"
KEPT = 2  # the newest, and the one before


@dataclass
class Progress:
    """Where a training stands.

    Attributes:
        step (int): optimizer steps taken.
        epoch (int): epochs that have ended, with their evaluation.
        losses (float): sum of the mean losses of the steps since ``shown``.
        shown (int): the step at which a loss was shown last.
        since_best (int): epochs that have ended since the best one.
        history (list of dict): what was shown, with its ``step`` and ``epoch``.
    """

    step: int = 0
    epoch: int = 0
    losses: float = 0.0
    shown: int = 0
    since_best: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class State:
    """What changes in the course of a training, beside its progress and the random numbers."""

    model: Model
    optimizer: Optimizer
    average: AveragedWeights | None = None
    scaler: GradScaler | None = None


def save(checkpoints: Path, state: State, progress: Progress) -> Path:
    """Writes a checkpoint and drops those before the last; every process calls it.

    Args:
        checkpoints (Path): where they lie.
        state (State): model, optimizer and what else changes.
        progress (Progress): where the training stands.

    Returns:
        Path: its folder.
    """
    folder = checkpoints / f"checkpoint-{progress.step}"
    if processes.is_main():
        shutil.rmtree(folder, ignore_errors=True)  # one cut short
        save_weights(state.model, folder)
        torch.save(state.optimizer.state_dict(), folder / "optimizer.pt")
        if state.average is not None:
            state.average.save(folder)
        if state.scaler is not None:
            torch.save(state.scaler.state_dict(), folder / "scaler.pt")
        write_json(folder / PROGRESS, asdict(progress))
    processes.wait()
    torch.save(random_state(), folder / f"random-{processes.rank()}.pt")
    processes.wait()
    if processes.is_main():
        (folder / COMPLETE).touch()  # a kill before this leaves a checkpoint that is not resumed from
        for old in sorted(checkpoints.glob("checkpoint-*"), key=step_of)[:-KEPT]:
            shutil.rmtree(old)
    return folder


def load(folder: Path, state: State, device: torch.device) -> Progress:
    """Puts a checkpoint into a training that has not begun.

    Args:
        folder (Path): the checkpoint.
        state (State): changed in place.
        device (torch.device): where the optimizer's state goes.

    Returns:
        Progress: where the training stood.
    """
    load_weights(state.model, folder)
    state.optimizer.load_state_dict(torch.load(folder / "optimizer.pt", map_location=device, weights_only=True))
    if state.average is not None:
        state.average.load(folder)
    if state.scaler is not None and (folder / "scaler.pt").is_file():
        state.scaler.load_state_dict(torch.load(folder / "scaler.pt", weights_only=True))
    numbers = folder / f"random-{processes.rank()}.pt"
    if numbers.is_file():  # there are more processes than there were
        restore(torch.load(numbers, weights_only=True))
    return Progress(**json.loads((folder / PROGRESS).read_text(encoding="utf-8")))


def check_readable(folder: Path) -> None:
    """Refuses a checkpoint of another version.

    Raises:
        ValueError: it says nothing of its progress.
    """
    if not (folder / PROGRESS).is_file():
        raise ValueError(
            f"{folder} was written by an older version, whose order of examples this one does not know: "
            "--overwrite starts anew."
        )


def step_of(folder: Path) -> int:
    """The step that a checkpoint's folder is named after."""
    return int(folder.name.rsplit("-", 1)[1])
