"""The training loop: trains, and after running out of memory goes on from the last step with the next lever."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
from transformers import EvalPrediction, set_seed

from grokaem.memory.checklist import Situation
from training.averaging import AveragedWeights
from training.callbacks import KeepBest, MarkComplete, StopWithoutNumbers, TimedCheckpoints
from training.learning_rate import head_learning_rate, new_learning_rate
from training.memory_choice import MemoryChoice, Planner, record_path
from training.metrics import classification_metrics
from training.processes import world_size
from training.recovery import NextLever, choose_next_lever, is_out_of_memory, weights_are_intact
from training.resume_state import SaveResumeState
from training.run_folder import RunFolder, write_json
from training.trainer import ClassifierTrainer
from training.training_order import SaveTrainingOrder
from training.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import TrainingArguments

    from grokaem.memory.settings import MemorySettings
    from training.records import Item
    from training.task import Model, Task, TrainSet


def fit(
    task: Task,
    folder: RunFolder,
    choice: MemoryChoice,
    planner: Planner,
    sets: tuple[TrainSet, Sequence[Item]],
    make_arguments: Callable[[MemorySettings], TrainingArguments],
    checkpoint: str | None,
) -> tuple[ClassifierTrainer, dict[str, float] | None, MemoryChoice]:
    """Trains, evaluating each epoch, and puts the best weights back into the model.

    Args:
        task (TextTask or AudioTask): model and data.
        folder (RunFolder): where checkpoints and the best weights go.
        choice (MemoryChoice): the levers to begin with.
        planner (Planner): predicts what the next lever would save.
        sets (tuple): training and validation set.
        make_arguments (callable): the Trainer's settings for the levers in force.
        checkpoint (str, optional): checkpoint to go on from.

    Returns:
        tuple: the Trainer, the validation metrics of the weights kept, and the levers that training ended with.
    """
    situation = planner.situation  # found out while there is memory
    while True:
        trainer, keeper = _make(task, folder, choice, sets, make_arguments(choice.settings))
        found = None
        try:
            trainer.train(resume_from_checkpoint=checkpoint)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            found = _diagnose(trainer, choice, planner, situation, error)
        if found is None:
            break
        # Outside the except clause: the error's traceback held the activations of the failed pass.
        choice = choice.with_lever(
            found.lever,
            found.settings,
            f"out of memory at step {trainer.state.global_step + 1}: {found.lever.chosen}",
        )
        write_json(record_path(folder.partial), choice.to_json())
        if world_size() > 1:
            raise RuntimeError(
                f"out of memory ({found.diagnosis}): the same command with --resume goes on from the last "
                f"checkpoint with {' '.join(found.settings.flags())}."
            )
        checkpoint = _leave(trainer, task, folder)
        del trainer, keeper
        _tidy()
    free_optimizer_state(trainer)
    load_weights(task.model, folder.best)
    return trainer, keeper.best(), choice


def _make(
    task: Task,
    folder: RunFolder,
    choice: MemoryChoice,
    sets: tuple[TrainSet, Sequence[Item]],
    arguments: TrainingArguments,
) -> tuple[ClassifierTrainer, KeepBest]:
    """A fresh model with the levers applied, and the Trainer around it."""
    from grokaem.memory.apply import apply_to_model, weights_dtype

    set_seed(arguments.seed)
    model = apply_to_model(task.load_model(weights_dtype(choice.settings)), choice.settings)
    task.model = cast("Model", model)  # itself, or peft's around it
    keeper = KeepBest(folder.best, task.averaged, last=task.config.train_on_validation)
    order = SaveTrainingOrder(lambda: trainer.order)
    trainer = ClassifierTrainer(
        settings=choice.settings,
        head_rate=head_learning_rate(
            arguments.learning_rate, task.config.head_learning_rate, task.base is not None, choice.settings
        ),
        new_rate=new_learning_rate(
            arguments.learning_rate, task.config.head_learning_rate, choice.settings
        ),
        model=task.model,
        args=arguments,
        data_collator=task.collator,
        train_dataset=sets[0],
        eval_dataset=sets[1],
        compute_metrics=_metrics,
        callbacks=[
            TimedCheckpoints(task.config.save_seconds),
            order,
            StopWithoutNumbers(),
            keeper,
            *([AveragedWeights()] if task.averaged else []),
            SaveResumeState(lambda: trainer),
            MarkComplete(),
        ],
    )
    return trainer, keeper


def _diagnose(
    trainer: ClassifierTrainer, choice: MemoryChoice, planner: Planner, situation: Situation, error: Exception
) -> NextLever:
    """The lever to take; announced.

    Raises:
        RuntimeError: the checklist has none left that keeps the training what it is.
    """
    _let_go(error)
    step = trainer.state.global_step + 1
    found = choose_next_lever(choice.settings, situation, trainer.phase, planner.components)
    if found is None:
        raise RuntimeError(
            f"out of memory at step {step} ({trainer.phase}) with every lever of the checklist taken that keeps the "
            "training what it is: start anew with --overwrite and --lora-rank 8, --freeze, a shorter "
            "--sequence-length or --max-seconds, or a smaller --base-model."
        ) from None
    told = " ".join(str(error).split())[:120]
    print(
        f"\nout of memory at step {step} ({found.diagnosis}): {told}\n"
        f"going on with {found.lever.flag} ({found.lever.name}: {found.lever.chosen}): "
        f"{' '.join(found.settings.flags())}",
        flush=True,
    )
    return found


def _leave(trainer: ClassifierTrainer, task: Task, folder: RunFolder) -> str | None:
    """Saves what the failed trainer has, lets all its memory go, and says which checkpoint to go on from."""
    from grokaem.process_memory import return_freed_memory_at_once

    return_freed_memory_at_once()
    settings, step = trainer.settings, trainer.state.global_step
    optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    whole = weights_are_intact(optimizer, step, trainer.phase, settings.optimizer_in_backward)
    task.model.zero_grad(set_to_none=True)
    _tidy()
    checkpoint = (
        trainer.save_now() if whole and step and trainer.phase != "start" else folder.last_checkpoint()
    )
    free_optimizer_state(trainer)
    # None of them is used any more.
    trainer.model = trainer.model_wrapped = trainer.callback_handler.model = None  # pyright: ignore[reportAttributeAccessIssue]
    task.model = None  # pyright: ignore[reportAttributeAccessIssue]  # until the next trainer is made
    where = "the beginning" if checkpoint is None else f"step {checkpoint.rsplit('-', 1)[1]}"
    print(f"going on from {where}", flush=True)
    return checkpoint


def free_optimizer_state(trainer: ClassifierTrainer) -> None:
    """Lets the optimizer's state go; the model stays."""
    trainer.accelerator.free_memory()
    trainer.optimizer = trainer.lr_scheduler = None
    trainer.callback_handler.optimizer = trainer.callback_handler.lr_scheduler = None
    _tidy()


def _let_go(error: BaseException | None) -> None:
    """Empties the frames of an error's traceback: they hold the tensors of the pass that failed."""
    import traceback

    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _tidy() -> None:
    import torch

    from grokaem.process_memory import trim_heap

    gc.collect()
    trim_heap()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _metrics(prediction: EvalPrediction) -> dict[str, float]:
    logits = prediction.predictions
    return classification_metrics(
        np.asarray(logits[0] if isinstance(logits, tuple) else logits, dtype=np.float32),
        np.asarray(prediction.label_ids),
    )
