"""What stands before a run's first step: its levers, tried on a batch, and the checkpoint that it goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from training import processes
from training.checkpoint import check_readable
from training.config import FinetuneConfig
from training.learning_rate import default_learning_rate
from training.memory_choice import MemoryChoice, Planner, choose_settings, record_path
from training.precision import choose_precision, use_fast_matmul
from training.preflight import preflight_with_fallback_precision
from training.run_folder import RunFolder, write_json
from training.run_report import base_record

if TYPE_CHECKING:
    from grokaem.corpora import Corpus
    from grokaem.hub.base_model import BaseModel
    from training.precision import Precision
    from training.task import Task, TrainSet


def choose_levers(
    config: FinetuneConfig, folder: RunFolder, task: Task, planner: Planner, device: str
) -> tuple[MemoryChoice, float]:
    """The levers of the run and its learning rate, the same on all processes; says them.

    An interrupted run goes on with the levers it had come to.

    Args:
        config (FinetuneConfig): the run's.
        folder (RunFolder): its folder, in which an interrupted run left its choice.
        task (Task): the model and its data.
        planner (Planner): predicts what levers take.
        device (str): ``cpu``, ``cuda`` or ``mps``.

    Returns:
        tuple: the choice, and the learning rate.
    """
    precision = choose_precision(config.precision, device)
    matmul = use_fast_matmul(device, precision)
    choice = processes.broadcast_from_main(
        _choice(config, folder, planner, precision) if processes.is_main() else None
    )
    assert choice is not None  # the main process has chosen
    reason = next(row["reason"] for row in choice.checklist if row["step"] in ("precision", "pure_bf16"))
    print(f"training on {device} in {choice.settings.precision}: {reason}; {matmul}", flush=True)
    rate = config.learning_rate or default_learning_rate(task.default_learning_rate(), choice.settings)
    return choice, rate


def try_levers(
    config: FinetuneConfig, task: Task, train_set: TrainSet, choice: MemoryChoice, rate: float
) -> MemoryChoice:
    """The levers after a step with them on the first examples: an arithmetic that fails gives way to another.

    ``--no-preflight`` leaves the step out. All processes have the same answer, and wait for it.
    """
    if config.preflight and processes.is_main():
        free = config.precision == "auto"
        choice, notes = preflight_with_fallback_precision(task, train_set, choice, rate, free)
        for note in notes:
            print(note, flush=True)
    choice = processes.broadcast_from_main(choice)
    processes.wait()
    return choice


def open_folder(
    config: FinetuneConfig,
    folder: RunFolder,
    corpus: Corpus,
    base: BaseModel | None,
    choice: MemoryChoice,
    epochs: float,
    rate: float,
) -> Path | None:
    """Opens the run's folder and keeps the choice in it; says what is trained on what.

    Returns:
        Path or None: the checkpoint that the run goes on from, the same on all processes.
    """
    checkpoint = None
    if processes.is_main():
        checkpoint = folder.open(config.to_json(), config.resume, corpus.identity, base_record(config, base))
        write_json(record_path(folder.partial), choice.to_json())
    checkpoint = processes.broadcast_from_main(checkpoint)
    chosen_on = "of them the validation part" if config.train_on_validation else "to choose"
    print(
        f"{config.base_model} on {corpus.name}: {len(corpus.train)} to train, {len(corpus.validation)} {chosen_on}, "
        f"{len(corpus.test)} to test; {epochs:g} epochs, learning rate {rate:g}",
        flush=True,
    )
    if checkpoint:
        check_readable(checkpoint)
        print(f"going on from {checkpoint.name}", flush=True)
    elif config.resume:
        print("no checkpoint to go on from: starting at the beginning", flush=True)
    return checkpoint


def _choice(config: FinetuneConfig, folder: RunFolder, planner: Planner, precision: Precision) -> MemoryChoice:
    record = record_path(folder.partial)
    if config.resume and record.is_file():
        return MemoryChoice.from_json(json.loads(record.read_text()))
    return choose_settings(config, planner, precision)
