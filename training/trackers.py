"""Where a run's figures are shown beside the terminal: TensorBoard, Trackio or Weights & Biases."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerate import Accelerator

TRACKERS = ("none", "tensorboard", "trackio", "wandb")
PROJECT = "grokaem"


def check_tracker(name: str) -> None:
    """Refuses a tracker that is not installed.

    Args:
        name (str): one of :data:`TRACKERS`.

    Raises:
        ValueError: how to install it.
    """
    if name != "none" and importlib.util.find_spec(name) is None:
        raise ValueError(f"--report-to {name}: {name} is not installed: pip install {name}")


@contextlib.contextmanager
def tracking(accelerator: Accelerator, name: str, settings: dict[str, object], output_dir: Path) -> Iterator[None]:
    """Opens the run with its settings in the tracker that the accelerator logs to, and closes it in any case.

    Args:
        accelerator (Accelerator): was made with ``--report-to``.
        name (str): one of :data:`TRACKERS`.
        settings (dict): the run's.
        output_dir (Path): the run folder, after which the run is named.
    """
    if name == "none":
        yield
        return
    told = {key: value if isinstance(value, int | float) else str(value) for key, value in settings.items()}
    if name == "tensorboard":  # its folder bears the run's name; for the others a project holds the runs
        accelerator.init_trackers(output_dir.name, told)
        print(f"figures go to tensorboard: tensorboard --logdir {logging_folder(output_dir)}", flush=True)
    else:
        accelerator.init_trackers(PROJECT, told, {name: {"name": output_dir.name}})
        print(f"figures go to {name}, project {PROJECT}, run {output_dir.name}", flush=True)
    try:
        yield
    finally:
        for tracker in accelerator.trackers:
            tracker.finish()


def logging_folder(output_dir: Path) -> Path:
    """Where TensorBoard's files go: beside the run folders, which are complete or absent."""
    return output_dir.parent / "tensorboard"
