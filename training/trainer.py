"""Hugging Face's Trainer with the levers of the memory checklist."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import PredictionOutput

from grokaem.memory.settings import MemorySettings
from training.averaging import AveragedWeights
from training.config import FinetuneConfig
from training.processes import world_size
from training.recovery import is_out_of_memory
from training.run_folder import COMPLETE, checkpoint_folder
from training.training_order import LengthGroupedOrder
from training.weights import add_single_weights, load_weights

if TYPE_CHECKING:
    import torch
    from torch import nn

    from training.task import Model, TrainSet

R = TypeVar("R")


class ClassifierTrainer(Trainer):
    """The Trainer with our optimizers, autocast and order of examples; it knows what it was doing when it failed.

    A step's gradient is the mean over its examples, however many passes and processes they are spread over.

    Args:
        *args: of the Trainer.
        settings (MemorySettings): the levers, already applied to the model.
        head_rate (float): peak learning rate above the encoder's layers.
        new_rate (float, optional): that of what is new within the encoder. (Default: as the others)
        **kwargs: of the Trainer.

    Attributes:
        phase (str): ``"start"``, ``"forward"``, ``"backward"``, ``"optimizer"``, ``"between"`` or ``"evaluation"``.
    """

    model: Model
    optimizer: torch.optim.Optimizer | None
    train_dataset: TrainSet

    def __init__(
        self,
        *args: Any,
        settings: MemorySettings,
        head_rate: float,
        new_rate: float | None = None,
        **kwargs: Any,
    ):
        self.settings, self.head_rate, self.new_rate = settings, head_rate, new_rate
        self.phase = "start"
        self.order: LengthGroupedOrder | None = None
        self.random_numbers_set = False  # an evaluation that was made up for has set them
        super().__init__(*args, **kwargs)
        # The loss is scaled in compute_loss, by examples; the Trainer must not divide it once more.
        self.model_accepts_loss_kwargs = True

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """The optimizer of the settings."""
        if self.optimizer is None:
            from grokaem.memory.optimizers import build_optimizer

            self.optimizer = build_optimizer(
                model or self.model,
                self.settings,
                self.args.learning_rate,
                self.args.weight_decay,
                head_lr=self.head_rate,
                new_lr=self.new_rate,
            )
        return self.optimizer

    def compute_loss_context_manager(self) -> contextlib.ExitStack:
        """Autocast to bf16; fp16 is accelerate's, which also scales the loss."""
        from grokaem.memory.apply import autocast

        stack = super().compute_loss_context_manager()
        if self.settings.precision == "bf16":
            stack.enter_context(autocast(self.settings, self.args.device.type))
        return stack

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor | tuple[torch.Tensor, object]:
        """The model's mean loss; in training its share of the step's mean."""
        if return_outputs:
            outputs = model(**inputs)
            return outputs["loss"], outputs
        self.phase = "forward"
        share = len(inputs["labels"]) * world_size() / num_items_in_batch
        loss = model(**inputs)["loss"] * share
        self.phase = "backward"
        return loss

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """One pass."""
        loss = super().training_step(*args, **kwargs)
        self.phase = "between"
        return loss

    def _clip_grad_norm(self, model: nn.Module) -> torch.Tensor | None:
        self.phase = "optimizer"  # from here on until the step's end the weights change
        return super()._clip_grad_norm(model)

    def _maybe_log_save_evaluate(self, *args: Any, **kwargs: Any) -> None:
        self.phase = "between"
        super()._maybe_log_save_evaluate(*args, **kwargs)

    def _get_num_items_in_batch(
        self, batch_samples: list[dict[str, torch.Tensor]], device: torch.device
    ) -> torch.Tensor:
        """Examples of the whole step, over all processes."""
        import torch

        count = torch.tensor(sum(len(batch["labels"]) for batch in batch_samples), device=device)
        return self.accelerator.gather(count).sum() if world_size() > 1 else count  # pyright: ignore[reportAttributeAccessIssue]

    def _prepare_inputs(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """On the device; sound in the dtype of the weights, where these are bf16."""
        import torch

        inputs = super()._prepare_inputs(inputs)
        if self.settings.precision == "bf16-pure":
            for name, value in inputs.items():
                if name != "labels" and value.is_floating_point():
                    inputs[name] = value.to(torch.bfloat16)
        return inputs

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler | None:
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        self.order = LengthGroupedOrder(
            self.settings.effective_batch_size * world_size(),
            train_dataset or self.train_dataset,  # pyright: ignore[reportArgumentType]  # texts: clips are in no order of length
        )
        return self.order

    def _get_eval_sampler(self, eval_dataset: Any) -> torch.utils.data.Sampler:
        # The Trainer would shuffle where training groups by length, drawing from the generator that a resumed
        # run needs undisturbed; our evaluation sets come sorted by length already.
        from torch.utils.data import SequentialSampler

        return SequentialSampler(eval_dataset)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        # The Trainer reads the bare file, and passes in silence over every weight that was saved under
        # another name: the LayerNorms of older BERTs.
        load_weights(model or self.model, Path(resume_from_checkpoint))

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """As the Trainer does, in smaller batches if memory runs out."""
        return self._in_smaller_batches(lambda: super(ClassifierTrainer, self).evaluate(*args, **kwargs))

    def predict(self, *args: Any, **kwargs: Any) -> PredictionOutput:
        """As the Trainer does, in smaller batches if memory runs out."""
        return self._in_smaller_batches(lambda: super(ClassifierTrainer, self).predict(*args, **kwargs))

    def _in_smaller_batches(self, run: Callable[[], R]) -> R:
        before, self.phase = self.phase, "evaluation"
        while True:
            try:
                result = run()
            except Exception as error:
                size = self.args.per_device_eval_batch_size
                if not is_out_of_memory(error) or size == 1 or world_size() > 1:
                    raise
                self.args.per_device_eval_batch_size = size // 2
                print(
                    f"out of memory in evaluation: going on with {size // 2} examples at a time", flush=True
                )
            else:
                self.phase = before
                return result

    def save_now(self) -> str:
        """Writes a checkpoint of the last step, as if it had been due, and returns its folder."""
        folder = checkpoint_folder(self.args, self.state)
        if not (folder / COMPLETE).is_file():
            for callback in self.callback_handler.callbacks:
                if isinstance(callback, AveragedWeights):
                    callback.put_back(self.model)  # an evaluation that failed had the averages in their place
            self._save_checkpoint(self.model, None)
            self.control = self.callback_handler.on_save(self.args, self.state, self.control)
        return str(folder)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        super()._save(output_dir, state_dict)
        add_single_weights(self.model, Path(output_dir or self.args.output_dir or ""))

    def _run_epoch(self, *args: object, **kwargs: object) -> None:
        if self.state.global_step >= self.state.max_steps:  # the run was stopped after its last step
            self.control.should_training_stop = True
            return
        super()._run_epoch(*args, **kwargs)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        import torch

        if self.random_numbers_set:
            self.random_numbers_set = False
            return
        replay = getattr(self.train_dataset, "replay", None)
        drawn = torch.get_rng_state() if replay == [] else None
        super()._load_rng_state(checkpoint)
        if drawn is not None:  # the batch read ahead was drawn after the checkpoint's state
            torch.set_rng_state(drawn)
        if replay is not None:
            self.train_dataset.replay = None  # pyright: ignore[reportAttributeAccessIssue]  # as it has one


def training_arguments(
    config: FinetuneConfig,
    settings: MemorySettings,
    checkpoints: Path,
    device: str,
    epochs: float,
    learning_rate: float,
) -> TrainingArguments:
    """The Trainer's settings for a run.

    Args:
        config (FinetuneConfig): what was asked for.
        settings (MemorySettings): the levers in force.
        checkpoints (Path): where checkpoints go.
        device (str): cuda, mps or cpu.
        epochs (float): passes over the training part.
        learning_rate (float): its peak.
    """
    grouped = config.task == "text" and config.group_by_length
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=epochs,
        max_steps=config.max_steps,
        per_device_train_batch_size=settings.micro_batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        per_device_eval_batch_size=evaluation_batch_size(settings),
        learning_rate=learning_rate,
        weight_decay=config.weight_decay,
        # Clipping needs all gradients at once.
        max_grad_norm=0.0 if settings.optimizer_in_backward else 1.0,
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        fp16=settings.precision == "fp16",
        use_cpu=device == "cpu",
        ddp_backend="gloo" if device == "cpu" and world_size() > 1 else None,
        # Texts of like length share a batch: most of the padding disappears.
        train_sampling_strategy="group_by_length" if grouped else "random",
        eval_strategy="epoch",
        save_strategy="no",
        save_total_limit=2,
        disable_tqdm=False,  # the Trainer hides its bar when transformers is told to be quiet
        logging_steps=config.logging_steps,
        report_to="none",
        logging_nan_inf_filter=False,  # StopWithoutNumbers must see them
        seed=config.seed,
        data_seed=config.seed,
        remove_unused_columns=config.task == "text",
        dataloader_num_workers=config.dataloader_workers,
        dataloader_pin_memory=device == "cuda" if config.pin_memory is None else config.pin_memory,
    )


def evaluation_batch_size(settings: MemorySettings) -> int:
    """Examples evaluated at a time, so that evaluation never needs more than training does.

    Without gradients an example needs about a tenth of what it needs in training, or as much as one layer
    does under checkpointing.
    """
    size = settings.micro_batch_size
    return size if settings.gradient_checkpointing else max(size, min(32, 4 * size))
