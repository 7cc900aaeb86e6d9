"""What a checkpoint must hold, beside what the Trainer writes, for a run that goes on to end bit for bit the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.run_folder import checkpoint_folder

if TYPE_CHECKING:
    from training.trainer import ClassifierTrainer

FILE = "progress.pth"


class SaveResumeState(TrainerCallback):
    """Keeps the losses not yet shown and what the clips under way were drawn from; makes up for an evaluation.

    It must stand behind the callbacks that act on an evaluation.

    Args:
        trainer (callable): returns the trainer.
    """

    def __init__(self, trainer: Callable[[], ClassifierTrainer]):
        self.trainer = trainer

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Writes it into the checkpoint."""
        if not args.should_save:
            return
        trainer = self.trainer()
        drawn = getattr(trainer.train_dataset, "drawn_from", None) if state.epoch and state.epoch % 1 else None
        kept = {
            "loss": trainer._tr_loss.item(),
            "total_loss": trainer._total_loss_scalar,
            "last_logged": trainer._globalstep_last_logged,
            **({} if drawn is None else {"drawn_from": drawn, "drawn_after": torch.get_rng_state()}),
        }
        torch.save(kept, checkpoint_folder(args, state) / FILE)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Takes it up again, and evaluates if the run was stopped between an epoch's last step and its evaluation."""
        if not state.global_step:
            return
        trainer, file = self.trainer(), checkpoint_folder(args, state) / FILE
        if file.is_file():
            kept = torch.load(file, weights_only=True)
            trainer._tr_loss.fill_(kept["loss"])
            trainer._total_loss_scalar = kept["total_loss"]
            trainer._globalstep_last_logged = kept["last_logged"]
            if "drawn_from" in kept:
                # The batch read ahead was drawn before the checkpoint, the one after it from its random numbers.
                states = [kept["drawn_from"], kept["drawn_after"]]
                trainer.train_dataset.replay = states  # pyright: ignore[reportAttributeAccessIssue]  # clips were drawn
        if _evaluation_pending(state):
            _evaluate(trainer, file.parent)


def _evaluation_pending(state: TrainerState) -> bool:
    """Whether the steps of an epoch, or all of them, are done and what they led to has not been looked at."""
    ended = (state.epoch or 0.0) % 1 == 0 or state.global_step >= state.max_steps
    seen = any("eval_loss" in entry and entry["step"] == state.global_step for entry in state.log_history)
    return ended and not seen


def _evaluate(trainer: ClassifierTrainer, checkpoint: Path) -> None:
    """What the Trainer does at an epoch's end, from the random numbers it would have drawn."""
    trainer._load_rng_state(str(checkpoint))
    trainer.control = trainer.callback_handler.on_epoch_end(trainer.args, trainer.state, trainer.control)
    trainer._maybe_log_save_evaluate(trainer._tr_loss, None, trainer.model, None, None, None, time.time())
    trainer.random_numbers_set = True
