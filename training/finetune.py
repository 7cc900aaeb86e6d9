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
    from grokaem.corpora import Corpus
    from grokaem.hub.base_model import BaseModel
    from training.run_folder import RunFolder


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    config = parse(argv)
    quiet_libraries()
    from grokaem import hub
    from training.inputs import read_own_card
    from training.trackers import check_tracker

    card = read_own_card(config)
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
    from training.inputs import check_sources
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
    """Trains, unless the main process found the run finished; every process goes through it."""
    from training import processes, run_start
    from training.inputs import load_inputs
    from training.precision import device_name
    from training.same_run import Beginnings

    device = device_name()
    processes.join_processes(device)
    if processes.broadcast_from_main(finished):
        return run_start.tell_finished(config, folder.path, token, aside)
    with processes.main_first():
        corpus, base = load_inputs(config, token, folder.began_with() if config.resume else Beginnings())
    if aside is not None:
        aside.reasons += corpus.set_aside
    return _train(config, corpus, base, folder, device)


def _train(
    config: FinetuneConfig, corpus: Corpus, base: BaseModel | None, folder: RunFolder, device: str
) -> Path:
    """From inputs to a run folder, in order; only the main process writes."""
    from training import memory_choice, processes, run_report, run_start
    from training.peak import Peak
    from training.recipe import fit
    from training.schedule import Schedule
    from training.tasks import find_task

    run_start.settle_libraries(config.seed)
    task = find_task(config.task)(config, corpus, base)
    sets = task.train_set(), task.evaluation_set(corpus.validation)[0]
    for note in task.announce():
        print(note, flush=True)
    planner = memory_choice.Planner(task, device)
    choice, rate = memory_choice.choose_levers(config, folder, planner)
    peak = Peak(device)
    choice = run_start.try_levers(config, task, sets[0], choice, rate)
    step_size = choice.settings.effective_batch_size * processes.world_size()
    schedule = Schedule.plan(len(sets[0]), step_size, rate, config.epochs or task.default_epochs(), config.max_steps)
    checkpoint = run_start.open_folder(config, folder, corpus, base, choice, schedule)
    peak.start()
    start = time.perf_counter()
    training, choice = fit(config, task, folder, choice, planner, sets, schedule, checkpoint)
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
