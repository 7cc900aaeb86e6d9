"""Fine-tunes a classifier of texts or sounds; leaves a run folder.

python training/finetune.py                                    # film reviews, minutes on a laptop
python training/finetune.py --dataset reviews.csv --label-column stars --export
python training/finetune.py --task audio                       # drum sounds, a wide residual network
python training/finetune.py --base-model distilbert-base-uncased --push
python training/finetune.py --max-steps 3 --output-dir runs/try   # does everything work? seconds
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from command_line import quiet_libraries, run
from training.config import FinetuneConfig, parse


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    config = parse(argv)
    quiet_libraries()
    import hub

    token = hub.find_token(token_file=config.token_file)
    target = _push_target(config, token)
    try:
        folder = finetune(config, token)
    except KeyboardInterrupt:
        print("\nstopped: the same command with --resume goes on from the last checkpoint", file=sys.stderr)
        raise
    if config.exports:
        from exporting.export import export_run

        export_run(folder)
    if target:
        from exporting.publish import publish_run

        publish_run(folder, target, private=config.hub_private, original=config.push_original, token=token)
    return 0


def finetune(config: FinetuneConfig, token: str | None = None) -> Path:
    """Trains as ``config`` says.

    Args:
        config (FinetuneConfig): the settings.
        token (str, optional): Hub token for a private base model or data set.

    Returns:
        Path: the finished run folder.

    Raises:
        ValueError: input that cannot be trained on; nothing has been written.
    """
    from training.run_folder import RunFolder

    folder = RunFolder(config.output_dir)
    checkpoint = folder.open(config.to_json(), config.resume, config.overwrite)
    import corpora
    from training.base_model import resolve

    base = None
    if config.base_model != "wide_resnet":
        base = resolve(config.base_model, config.trust_remote_code, token)
    corpus = corpora.load(
        config.dataset,
        task=config.task,
        text_column=config.text_column,
        label_column=config.label_column,
        fold=config.fold,
    )
    if corpus.task != config.task:
        raise ValueError(f"--dataset {config.dataset} holds {corpus.task}: add --task {corpus.task}")
    for note in corpus.notes:
        print(note, flush=True)
    return _train(config, corpus, base, folder, checkpoint)


def _train(config: FinetuneConfig, corpus, base, folder, checkpoint: str | None) -> Path:
    from transformers import set_seed
    from transformers.utils.logging import disable_progress_bar

    from training import precision as precisions
    from training import report
    from training.loop import fit, training_arguments

    disable_progress_bar()  # of weights read and written; the training bar is the Trainer's own
    device = precisions.device_name()
    precision = precisions.choose(config.precision, device)
    matmul = precisions.use_fast_matmul(device, precision)
    print(f"training on {device} in {precision.name}: {precision.reason}; {matmul}", flush=True)
    set_seed(config.seed)
    task = _task(config, corpus, base)
    epochs = config.epochs or task.default_epochs()
    rate = config.learning_rate or task.default_learning_rate()
    sizes = {name: len(getattr(corpus, name).inputs) for name in ("train", "validation", "test")}
    print(
        f"{config.base_model} on {corpus.name}: {sizes['train']} to train, {sizes['validation']} to choose, "
        f"{sizes['test']} to test; {epochs:g} epochs, learning rate {rate:g}",
        flush=True,
    )
    if checkpoint:
        print(f"going on from {Path(checkpoint).name}", flush=True)
    elif config.resume:
        print("no checkpoint to go on from: starting at the beginning", flush=True)
    arguments = training_arguments(config, folder, precision, device, epochs, rate)
    report.peak_memory_reset()
    start = time.perf_counter()
    trainer, validation = fit(task, folder, arguments, config.save_seconds, checkpoint)
    peak = report.peak_memory_mib(device)
    scored = report.score_test(trainer, task)
    seconds = time.perf_counter() - start
    result = report.compose(
        config, task, base, precision, arguments, seconds, trainer.state.global_step, validation, scored, peak
    )
    path = folder.finish(task.model, task.preprocessor, result)
    print(
        json.dumps({"run_folder": str(path), **scored["metrics"], "seconds": round(seconds, 1)}), flush=True
    )
    return path


def _task(config: FinetuneConfig, corpus, base):
    if config.task == "text":
        from training.text_task import TextTask

        return TextTask(config, corpus, base)
    from training.audio_task import AudioTask

    return AudioTask(config, corpus, base)


def _push_target(config: FinetuneConfig, token: str | None) -> str | None:
    """The repository to publish to, checked to be writable before any work is done."""
    if not config.push:
        return None
    from exporting.publish import push_target

    return push_target(config.short_name, config.repo_id, token)


if __name__ == "__main__":
    sys.exit(run(main))
