"""The training loop: Hugging Face's Trainer with our checkpoints, best weights and progress."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from transformers import EvalPrediction, Trainer, TrainerCallback, TrainingArguments

from training.averaging import AveragedWeights
from training.config import FinetuneConfig
from training.metrics import classification_metrics
from training.precision import Precision
from training.run_folder import RunFolder, write_json


class TimedCheckpoints(TrainerCallback):
    """Asks for a checkpoint every so many seconds, so that a killed run loses no more than that."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Asks when it is time, but not for the last step: the run folder follows at once."""
        if time.monotonic() - self.last >= self.seconds and state.global_step < state.max_steps:
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Counts from the end of the writing."""
        self.last = time.monotonic()


class KeepBest(TrainerCallback):
    """Keeps the weights of the best validation accuracy, and remembers it over a resume."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.record = folder.with_name("best.json")

    def best(self) -> dict[str, float] | None:
        """The best validation metrics so far."""
        return json.loads(self.record.read_text()) if self.record.is_file() else None

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict, model: Any, **kwargs: Any
    ) -> None:
        """Saves the weights when validation accuracy rose (or tied with a lower loss)."""
        if "eval_accuracy" not in metrics or not state.is_world_process_zero:
            return
        now = {name: metrics[f"eval_{name}"] for name in ("accuracy", "macro_f1", "loss")}
        before = self.best()
        if before and (now["accuracy"], -now["loss"]) <= (before["accuracy"], -before["loss"]):
            return
        fresh = self.folder.with_name("best.new")
        shutil.rmtree(fresh, ignore_errors=True)
        model.save_pretrained(fresh)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.rename(fresh, self.folder)
        write_json(self.record, {**now, "step": state.global_step, "epoch": state.epoch})


class ClassifierTrainer(Trainer):
    """The Trainer, evaluating in the order of the given set.

    Where training groups by length the Trainer also shuffles evaluation, drawing from the generator that
    a resumed run needs undisturbed; our evaluation sets come sorted by length already.
    """

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        if self.args.world_size > 1:
            return super()._get_eval_sampler(eval_dataset)
        from torch.utils.data import SequentialSampler

        return SequentialSampler(eval_dataset)


def training_arguments(
    config: FinetuneConfig,
    folder: RunFolder,
    precision: Precision,
    device: str,
    epochs: float,
    learning_rate: float,
) -> TrainingArguments:
    """The Trainer's settings for a run."""
    return TrainingArguments(
        output_dir=str(folder.checkpoints),
        num_train_epochs=epochs,
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=max(32, config.batch_size),
        learning_rate=learning_rate,
        weight_decay=config.weight_decay,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        bf16=precision.name == "bf16",
        fp16=precision.name == "fp16",
        use_cpu=device == "cpu",
        # Texts of like length share a batch: most of the padding disappears.
        train_sampling_strategy="group_by_length" if config.task == "text" else "random",
        eval_strategy="epoch",
        save_strategy="no",
        save_total_limit=2,
        disable_tqdm=False,  # the Trainer hides its bar when transformers is told to be quiet
        logging_steps=25,
        report_to="none",
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=config.task == "text",
        dataloader_pin_memory=device == "cuda",
    )


def fit(
    task: Any, folder: RunFolder, arguments: TrainingArguments, save_seconds: float, checkpoint: str | None
) -> tuple[Trainer, dict[str, Any]]:
    """Trains, evaluating each epoch, and puts the best weights back into the model.

    Args:
        task (TextTask or AudioTask): model and data.
        folder (RunFolder): where checkpoints and the best weights go.
        arguments (TrainingArguments): the Trainer's settings.
        save_seconds (float): seconds between two checkpoints.
        checkpoint (str, optional): checkpoint to go on from.

    Returns:
        tuple: the Trainer and the best validation metrics.
    """
    keeper = KeepBest(folder.best)
    trainer = ClassifierTrainer(
        model=task.model,
        args=arguments,
        data_collator=task.collator,
        train_dataset=task.train_set(),
        eval_dataset=task.evaluation_set(task.corpus.validation)[0],
        compute_metrics=_metrics,
        callbacks=[TimedCheckpoints(save_seconds), keeper] + ([AveragedWeights()] if task.averaged else []),
    )
    for note in task.announce():
        print(note, flush=True)
    trainer.train(resume_from_checkpoint=checkpoint)
    load_weights(task.model, folder.best)
    return trainer, keeper.best()


def load_weights(model: Any, folder: Path) -> None:
    """Puts the weights that ``save_pretrained`` wrote into ``folder`` back into the model they came from."""
    # from_pretrained and not the bare file: saving may rename weights, and loading knows how.
    saved = type(model).from_pretrained(folder, dtype=model.dtype)
    model.load_state_dict(saved.state_dict())


def _metrics(prediction: EvalPrediction) -> dict[str, float]:
    logits = prediction.predictions
    return classification_metrics(
        np.asarray(logits[0] if isinstance(logits, tuple) else logits, dtype=np.float32), prediction.label_ids
    )
