"""What stands before a run's first step: its levers tried on a batch, and the checkpoint that it goes on from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from training import processes
from training.checkpoint import check_readable
from training.config import FinetuneConfig
from training.memory_choice import MemoryChoice, record_path
from training.preflight import preflight_with_fallback_precision
from training.run_folder import RunFolder, write_json
from training.run_report import base_record, last_lines, note_places

if TYPE_CHECKING:
    from grokaem.corpora import Corpus
    from grokaem.hub.base_model import BaseModel
    from grokaem.set_aside import SetAside
    from training.schedule import Schedule
    from training.task import Task, TrainSet


def settle_libraries(seed: int) -> None:
    """Sets the random numbers that a task begins with, and hides the bars of weights read and written."""
    from transformers import set_seed
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # the training has its own
    set_seed(seed)


def tell_finished(config: FinetuneConfig, path: Path, token: str | None, aside: SetAside | None) -> Path:
    """A run that ``--resume`` found finished: what it scored, and which of your rows it went without, told again."""
    from grokaem import corpora
    from grokaem.hub.base_model import resolve_recorded
    from grokaem.identity import DataIdentity

    report = json.loads((path / "run.json").read_text(encoding="utf-8"))
    own = [name for name in (config.dataset, config.also_train_on) if name and Path(name).expanduser().exists()]
    if own:  # your own data may have changed in the meantime
        recorded = DataIdentity.from_json(report["data"])
        corpus = corpora.load_recorded(config.to_json(), recorded, token)
        if changed := recorded.difference(corpus.identity):
            raise ValueError(
                f"{path} was trained on other data than {own[0]} holds now ({changed}): --overwrite trains "
                "anew, --output-dir chooses another folder."
            )
        if aside is not None:
            aside.reasons += corpus.set_aside
    if config.base_model != report["config"].get("base_model", config.base_model):  # moved, see RunFolder.check
        resolve_recorded(config.base_model, report["base_model"], config.trust_remote_code, token)
    note_places(path, report, config)
    print(f"{path} is finished: there is nothing left to train", flush=True)
    print(*last_lines(path, report), sep="\n", flush=True)
    return path


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
    schedule: Schedule,
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
        f"{len(corpus.test)} to test; {schedule.asked_epochs:g} epochs, learning rate {schedule.rate:g}",
        flush=True,
    )
    if checkpoint:
        check_readable(checkpoint)
        print(f"going on from {checkpoint.name}", flush=True)
    elif config.resume:
        print("no checkpoint to go on from: starting at the beginning", flush=True)
    return checkpoint
