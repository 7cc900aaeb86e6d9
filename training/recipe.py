"""The training, from a batch to a checkpoint; everything happens in the order in which it stands here.

``fit`` trains, and where memory runs out goes on from the last step with the next lever of the checklist. ``Training``
is one such attempt: ``run`` takes its epochs, ``take_step`` the optimizer steps of an epoch, ``end_epoch`` what follows
them. What follows from the seed and the epoch, the order of the examples and what is drawn for them, is never stored;
what else changes is in ``Progress``, ``State`` and the random numbers of dropout, and a checkpoint holds these.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from tqdm import tqdm
from transformers import set_seed

from grokaem.memory.apply import apply_to_model, autocast, weights_dtype
from grokaem.memory.optimizers import build_optimizer
from grokaem.memory.settings import MemorySettings
from grokaem.process_memory import return_freed_memory_at_once
from training import checkpoint, processes
from training.accelerator import make_accelerator
from training.averaging import AveragedWeights
from training.batches import Step, load, of_epoch, steps_of
from training.best import BestWeights, standard_error
from training.divergence import check_loss
from training.evaluation import Evaluation, evaluation_batch_size
from training.learning_rate import rates_of_new_weights
from training.loss import SummedLoss
from training.memory_choice import MemoryChoice, Planner, record_path
from training.metrics import classification_metrics
from training.order import order_of
from training.random_numbers import seed_model
from training.recovery import is_out_of_memory, let_go, tidy, weights_are_intact, with_next_lever
from training.run_folder import RunFolder, write_json
from training.schedule import Schedule
from training.trackers import tracking
from training.weights import load_weights

if TYPE_CHECKING:
    from accelerate import Accelerator
    from accelerate.optimizer import AcceleratedOptimizer
    from torch import Tensor, nn

    from training.config import FinetuneConfig
    from training.records import Item
    from training.task import Model, Task, TrainSet

MAX_GRADIENT_NORM = 1.0


def fit(
    config: FinetuneConfig,
    task: Task,
    folder: RunFolder,
    choice: MemoryChoice,
    planner: Planner,
    sets: tuple[TrainSet, Sequence[Item]],
    schedule: Schedule,
    start: Path | None,
) -> tuple[Training, MemoryChoice]:
    """Trains, evaluating each epoch, and puts the best weights back into the model.

    Args:
        config (FinetuneConfig): the run's.
        task (Task): model and data.
        folder (RunFolder): where checkpoints and the best weights go.
        choice (MemoryChoice): the levers to begin with.
        planner (Planner): predicts what the next lever would save.
        sets (tuple): training and validation set.
        schedule (Schedule): steps and learning rate.
        start (Path, optional): checkpoint to go on from.

    Returns:
        tuple: the training, and the levers that it ended with.
    """
    situation = planner.situation  # found out while there is memory
    accelerator = make_accelerator(planner.device, choice.settings, config.report_to, folder.path)
    with tracking(accelerator, config.report_to, config.to_json(), folder.path):
        while True:
            training = Training(config, task, folder, choice.settings, sets, schedule, accelerator)
            try:
                training.run(start)
                break
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                let_go(error)
                step, phase = training.progress.step + 1, training.phase
                choice = with_next_lever(choice, situation, planner.components, error, step, phase)
                write_json(record_path(folder.partial), choice.to_json())
            # Outside the except clause: the error's traceback held the activations of the failed pass.
            start = training.leave(choice.settings)
            del training
            tidy()
    training.forget_optimizer()
    load_weights(task.model, folder.best)
    return training, choice


class Training:
    """A model with the levers applied, its optimizer, and how far they have come.

    Args:
        settings (MemorySettings): the levers.
        accelerator (Accelerator): devices, processes, fp16's scale, trackers; the others are those of :func:`fit`.
    """

    def __init__(
        self,
        config: FinetuneConfig,
        task: Task,
        folder: RunFolder,
        settings: MemorySettings,
        sets: tuple[TrainSet, Sequence[Item]],
        schedule: Schedule,
        accelerator: Accelerator,
    ):
        self.config, self.task, self.folder, self.settings = config, task, folder, settings
        self.schedule, self.accelerator, self.device = schedule, accelerator, accelerator.device
        self.train_set, self.validation_set = sets
        self.phase, self.progress = "start", checkpoint.Progress()  # phase: what memory runs out in
        set_seed(config.seed)
        task.model = cast("Model", apply_to_model(task.load_model(weights_dtype(settings)), settings))
        self.model: nn.Module = accelerator.prepare_model(task.model)
        rates = rates_of_new_weights(schedule.rate, config.head_learning_rate, task.base is not None, settings)
        optimizer = build_optimizer(task.model, settings, schedule.rate, config.weight_decay, **rates)
        self.optimizer: AcceleratedOptimizer = accelerator.prepare_optimizer(optimizer, device_placement=False)
        self.peak_rates = [group["lr"] for group in self.optimizer.param_groups]
        self.state = checkpoint.State(task.model, self.optimizer, scaler=accelerator.scaler)
        if task.averaged:
            self.state.average = AveragedWeights(task.model)
        self.best = BestWeights(folder.best, config.metric, task.averaged, last=config.train_on_validation)
        self.loss = SummedLoss(config.weights, task.corpus, self.device)
        pinned = self.device.type == "cuda" if config.pin_memory is None else config.pin_memory
        self.loading = {"workers": config.dataloader_workers, "pin_memory": pinned}
        self.evaluation = Evaluation(self.answer, task.collator, evaluation_batch_size(settings), **self.loading)
        self.norm: Tensor | None = None  # of the last step's gradients
        self.losses = torch.zeros((), device=self.device)  # of the steps not yet shown; leaves the device to be shown
        self.saved = time.monotonic()

    def run(self, start: Path | None = None) -> None:
        """Trains from a checkpoint, or from the beginning, to the last step."""
        if start is not None:
            self.progress = checkpoint.load(start, self.state, self.device)
            self.losses += self.progress.losses if processes.is_main() else 0.0
        self.phase, steps = "between", self.schedule.steps
        with tqdm(total=steps, initial=self.progress.step, disable=not processes.is_main()) as self.bar:
            for epoch in range(self.progress.epoch, self.schedule.epochs):
                if self.config.patience and self.progress.since_best >= self.config.patience:
                    break
                for step, batches in self.steps_left(epoch):
                    self.take_step(step, batches)
                    self.bar.update()
                    if self.progress.step % self.config.logging_steps == 0:
                        self.show_losses()
                    if self.progress.step < min(steps, (epoch + 1) * self.schedule.steps_per_epoch):
                        self.save_if_due()  # an epoch's last step waits for the evaluation
                self.end_epoch(epoch)
                if self.progress.step < steps:
                    self.save_if_due()  # after the last of all the run folder follows at once

    def steps_left(self, epoch: int) -> Iterator[tuple[Step, Iterator[dict[str, Tensor]]]]:
        """The steps of an epoch that are not taken yet, each with the batches, from which it takes its passes."""
        seed, schedule, rank, world = self.config.seed, self.schedule, processes.rank(), processes.world_size()
        first, last = epoch * schedule.steps_per_epoch, (epoch + 1) * schedule.steps_per_epoch
        lengths = self.task.lengths if self.config.own.grouped else None
        order = order_of(len(self.train_set), seed, epoch, schedule.step_size, lengths)
        steps = steps_of(order, schedule.step_size, self.settings.micro_batch_size, rank, world)
        steps = steps[self.progress.step - first : min(last, schedule.steps) - first]
        if self.progress.step == first:
            seed_model(seed, epoch, rank)
        passes = [one for step in steps for one in step.passes]
        batches = load(of_epoch(self.train_set, epoch), passes, self.task.collator, **self.loading)
        for step in steps:
            yield step, batches

    def take_step(self, step: Step, batches: Iterator[dict[str, Tensor]]) -> None:
        """One optimizer step: the mean loss of its examples, however many passes and processes they are spread over."""
        share = self.schedule.share_of_peak(self.progress.step)
        for group, peak in zip(self.optimizer.param_groups, self.peak_rates, strict=True):
            group["lr"] = share * peak
        self.model.train()
        losses = torch.zeros_like(self.losses)
        for number in range(len(step.passes)):
            last = number == len(step.passes) - 1  # with its gradients those of the other processes are added
            with contextlib.nullcontext() if last else self.accelerator.no_sync(self.model):
                losses += self.take_pass(next(batches), step)
        self.phase = "optimizer"  # from here on until the step's end the weights change
        if not self.settings.optimizer_in_backward:  # clipping needs all gradients at once
            self.norm = self.accelerator.clip_grad_norm_(self.model.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.state.average is not None:
            self.state.average.update(self.progress.step + 1)
        self.progress.step += 1
        self.losses += losses
        self.phase = "between"

    def take_pass(self, batch: dict[str, Tensor], step: Step) -> Tensor:
        """Forward and backward; returns this pass's share of the step's mean loss, out of the graph."""
        self.phase = "forward"
        labels = batch["labels"].to(self.device, non_blocking=True)
        loss = step.weight * self.loss(self.answer(batch), labels)
        self.phase = "backward"
        self.accelerator.backward(loss * processes.world_size())  # the processes' gradients are averaged
        return loss.detach()

    def answer(self, batch: dict[str, Tensor]) -> Tensor:
        """The model's logits for a batch, shape (batch, n_classes)."""
        inputs = {name: value.to(self.device, non_blocking=True) for name, value in batch.items() if name != "labels"}
        if self.settings.precision == "bf16-pure":  # sound is in the dtype of the weights
            inputs = {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in inputs.items()}
        with autocast(self.settings, self.device.type):
            return self.model(**inputs).logits

    def show_losses(self) -> None:
        """The mean loss of the steps since it was last shown; only here do losses leave the device."""
        loss = float(self.accelerator.reduce(self.losses)) / (self.progress.step - self.progress.shown)
        self.losses, self.progress.shown = torch.zeros_like(self.losses), self.progress.step
        norm = {} if self.norm is None else {"grad_norm": float(self.norm)}
        self.show({"loss": loss, **norm, "learning_rate": self.optimizer.param_groups[0]["lr"]})
        check_loss(loss, self.progress.step, self.task.model)

    def show(self, figures: dict[str, float]) -> None:
        """Figures for the terminal, the tracker and run.json."""
        step, figures = self.progress.step, {**figures, "epoch": self.epochs_run}
        self.progress.history.append({"step": step, **figures})
        self.accelerator.log(figures, step=step)
        if processes.is_main():
            self.bar.write(str({name: f"{value:.4g}" for name, value in figures.items()}))

    @property
    def epochs_run(self) -> float:
        """Passes over the training part, the last one perhaps in part."""
        return self.progress.step / self.schedule.steps_per_epoch

    def end_epoch(self, epoch: int) -> None:
        """Evaluates, with averaged weights where there are some, and keeps the best."""
        average = self.state.average
        with average.in_place() if average else contextlib.nullcontext():
            metrics, error = self.evaluate()
            self.show({f"eval_{name}": value for name, value in metrics.items()})
            check_loss(metrics["loss"], self.progress.step)
            kept = self.best.keep_if_better(self.task.model, metrics, error, self.progress.step, self.epochs_run)
        self.progress.since_best = 0 if kept else self.progress.since_best + 1
        self.progress.epoch, self.phase = epoch + 1, "between"

    def evaluate(self) -> tuple[dict[str, float], float]:
        """The metrics of the validation part, and the standard error of the one that chooses."""
        labels = np.asarray([item["labels"] for item in self.validation_set])
        logits = self.logits(self.validation_set)
        return classification_metrics(logits, labels), standard_error(self.config.metric, logits, labels)

    def logits(self, items: Sequence[Item]) -> np.ndarray:
        """The model's answers, shape (n, n_classes)."""
        self.phase = "evaluation"
        self.model.eval()
        return self.evaluation.logits(items)

    def save_if_due(self) -> None:
        """A checkpoint every so many seconds, counted from the end of the writing: a killed run loses no more."""
        if processes.broadcast_from_main(time.monotonic() - self.saved >= self.config.save_seconds):
            self.save()
            self.saved = time.monotonic()

    def save(self) -> Path:
        """Writes a checkpoint of the last step."""
        self.progress.losses = float(self.accelerator.reduce(self.losses))
        return checkpoint.save(self.folder.checkpoints, self.state, self.progress)

    def leave(self, settings: MemorySettings) -> Path | None:
        """After a lack of memory: saves what there is and lets it go; the checkpoint to go on from with new levers."""
        if processes.world_size() > 1:
            again = "the same command with --resume goes on from the last checkpoint with"
            raise RuntimeError(f"out of memory: {again} {' '.join(settings.flags())}.")
        return_freed_memory_at_once()
        step, in_backward = self.progress.step, self.settings.optimizer_in_backward
        whole = weights_are_intact(self.optimizer, step, self.phase, in_backward) and self.phase != "start"
        self.task.model.zero_grad(set_to_none=True)
        tidy()
        start = self.save() if whole and step else self.folder.last_checkpoint()
        self.forget_optimizer()
        for holder in (self, self.task, self.state):
            holder.model = None  # pyright: ignore[reportAttributeAccessIssue]  # until the next attempt
        self.state.average = None
        print(f"going on from {'the beginning' if start is None else f'step {checkpoint.step_of(start)}'}", flush=True)
        return start

    def forget_optimizer(self) -> None:
        """Lets the optimizer's state go; the model stays."""
        self.accelerator.free_memory()
        for holder in (self, self.state):
            holder.optimizer = None  # pyright: ignore[reportAttributeAccessIssue]  # not used any more
        tidy()
