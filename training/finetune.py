"""Fine-tunes a classifier of texts or sounds; leaves a run folder.

python training/finetune.py                                    # film reviews, minutes on a laptop
python training/finetune.py --dataset reviews.csv --label-column stars --export
python training/finetune.py --task audio                       # drum sounds, a wide residual network
python training/finetune.py --base-model distilbert-base-uncased --push
python training/finetune.py --memory-budget 500MB              # the fastest settings that fit
python training/finetune.py --load-in-8bit --lora-rank 8       # see docs/memory_checklist.md
torchrun --nproc-per-node 2 training/finetune.py --batch-size 16
python training/finetune.py --max-steps 3 --output-dir runs/try   # does everything work? seconds
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

# numpy's BLAS may wait for ever for its threads once the process has been forked, and exporting forks; the heavy
# products here are torch's and OpenVINO's. Set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from grokaem.command_line import quiet_libraries, run
from grokaem.set_aside import SetAside
from training.config import FinetuneConfig, parse

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from grokaem.corpora import Corpus
    from grokaem.hub.base_model import BaseModel
    from training.run_folder import RunFolder
    from training.same_run import Beginnings


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    config = parse(argv)
    quiet_libraries()
    from grokaem import hub
    from training.trackers import check_tracker

    card = _card(config)
    check_tracker(config.report_to)
    token = hub.find_token(token_file=config.token_file)
    if config.push:
        # The method of the export is chosen after training; a run that goes on may have been published already.
        config.publication.check(token, config.short_name, new=not config.resume)
    aside = SetAside("item")
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        folder = finetune(config, token, aside)
    except KeyboardInterrupt as stop:
        from training.interrupted import how_to_resume

        print(f"\n{how_to_resume(config.output_dir)}", file=sys.stderr)
        if isinstance(stop, _Terminated):
            return 128 + signal.SIGTERM
        raise
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    from training.processes import is_main

    if config.exports and is_main():
        from exporting.existing_export import existing_export
        from exporting.export import export_run

        export = existing_export(folder)
        if export and card and not config.push:
            print(f"{export} keeps its card: exporting/export.py --overwrite --card makes it anew", flush=True)
        export = export or export_run(folder, card=card, token=token)
        if config.push:
            from exporting.publish import publish_export

            publish_export(folder, export, replace(config.publication, card=card), token)
    return aside.report()


def _card(config: FinetuneConfig) -> OwnCard | None:
    """What ``--card`` says; read once, before the work."""
    if config.card is None:
        return None
    from exporting.own_card import read_card
    from grokaem.corpora import names

    card = read_card(config.card)
    own = config.dataset in names() or Path(config.dataset).expanduser().exists()
    if card is not None:
        card.check_datasets(not own)
    return card


class _Terminated(KeyboardInterrupt):
    """SIGTERM: what a batch system sends before it takes the machine away."""


def _terminated(number: int, frame: object) -> None:
    raise _Terminated


def finetune(config: FinetuneConfig, token: str | None = None, aside: SetAside | None = None) -> Path:
    """Trains as ``config`` says.

    Args:
        config (FinetuneConfig): the settings.
        token (str, optional): Hub token for a private base model or data set.
        aside (SetAside, optional): takes the rows, files and classes that could not be used.

    Returns:
        Path: the finished run folder.

    Raises:
        ValueError: input that cannot be trained on; nothing has been written.
    """
    from grokaem import corpora
    from grokaem.output_folder import claimed, destination
    from training import processes
    from training.input_checks import check_sources
    from training.interrupted import nothing_to_resume
    from training.run_folder import RunFolder

    folder = RunFolder(destination(config.output_dir))
    if not processes.is_main():
        return _run(config, token, folder, False, aside)
    corpora.check_columns(config.dataset, config.text_column, config.label_column, config.task)
    check_sources(config, folder.path)
    with claimed(folder.path):
        finished = folder.check(config.to_json(), config.resume, config.overwrite)
        if config.resume and not finished:
            for line in nothing_to_resume(folder):
                print(line, flush=True)
        return _run(config, token, folder, finished, aside)


def _run(
    config: FinetuneConfig, token: str | None, folder: RunFolder, finished: bool, aside: SetAside | None
) -> Path:
    """Trains, unless the main process found the run finished."""
    from training import precision as precisions
    from training import processes
    from training.same_run import Beginnings

    device = precisions.device_name()
    processes.join_processes(device)
    if processes.broadcast_from_main(finished):
        return _finished(config, folder.path, token, aside)
    with processes.main_first():
        corpus, base = _inputs(config, token, folder.began_with() if config.resume else Beginnings())
    if aside is not None:
        aside.reasons += corpus.set_aside
    return _train(config, corpus, base, folder, device)


def _finished(config: FinetuneConfig, path: Path, token: str | None, aside: SetAside | None) -> Path:
    """A run that ``--resume`` found finished: what it scored, and which of your rows it went without, told again."""
    from grokaem import corpora
    from grokaem.hub.base_model import resolve_recorded
    from grokaem.identity import DataIdentity
    from training.run_report import last_lines, note_places

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


def _inputs(
    config: FinetuneConfig, token: str | None, recorded: Beginnings
) -> tuple[Corpus, BaseModel | None]:
    """Corpus and base model, fetched if need be; those of an interrupted run at the revisions that it began with."""
    from grokaem import corpora
    from grokaem.hub.base_model import resolve, resolve_recorded
    from grokaem.plain_text import terminal
    from training.input_checks import check_base
    from training.parts import check_parts

    base = None
    if not config.from_scratch:
        name, remote = config.base_model, config.trust_remote_code
        began = recorded.base_model
        base = resolve_recorded(name, began, remote, token) if began else resolve(name, remote, token)
        for note in check_base(config, base):
            print(terminal(note), flush=True)
    corpus = corpora.load_recorded(config.to_json(), recorded.data, token)
    if corpus.task != config.task:
        raise ValueError(f"--dataset {config.dataset} holds {corpus.task}: add --task {corpus.task}.")
    for note in [*corpus.notes, *check_parts(corpus)]:
        print(terminal(note), flush=True)
    return corpus, base


def _train(
    config: FinetuneConfig, corpus: Corpus, base: BaseModel | None, folder: RunFolder, device: str
) -> Path:
    from transformers import set_seed
    from transformers.utils.logging import disable_progress_bar

    from grokaem.process_memory import return_freed_memory_at_once
    from training import processes, run_report
    from training.memory_choice import Planner
    from training.peak import Peak
    from training.recipe import fit
    from training.run_start import choose_levers, open_folder, try_levers
    from training.schedule import Schedule
    from training.tasks import find_task

    disable_progress_bar()  # of weights read and written; the training has its own
    set_seed(config.seed)
    task = find_task(config.task)(config, corpus, base)
    sets = task.train_set(), task.evaluation_set(corpus.validation)[0]
    for note in task.announce():
        print(note, flush=True)
    planner = Planner(task, device)
    choice, rate = choose_levers(config, folder, task, planner, device)
    if device == "cpu":
        # So that the process holds what its tensors need, which is what is predicted, and not up to twice that.
        return_freed_memory_at_once()
    peak = Peak(device)
    choice = try_levers(config, task, sets[0], choice, rate)
    epochs = config.epochs or task.default_epochs()
    checkpoint = open_folder(config, folder, corpus, base, choice, epochs, rate)
    step_size = choice.settings.effective_batch_size * processes.world_size()
    schedule = Schedule.plan(len(sets[0]), step_size, rate, epochs, config.max_steps)
    peak.start()
    start = time.perf_counter()
    training, choice = fit(task, folder, choice, planner, sets, schedule, checkpoint)
    peak.read()
    scored = run_report.score_test(training, task)
    seconds = time.perf_counter() - start
    if not processes.is_main():
        return folder.path
    result = run_report.compose_run_report(config, task, choice, peak, training, seconds, scored)
    path = folder.finish(task.model, task.preprocessor, result)
    print(*run_report.last_lines(path, result), sep="\n", flush=True)
    return path


if __name__ == "__main__":
    sys.exit(run(main))
