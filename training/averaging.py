"""A moving average of the weights: what a network trained from scratch on little data is evaluated with.

Single steps on few examples throw such a network about; the average of its last hundred or so steps is both
steadier and better (Polyak averaging; Tarvainen and Valpola 2017 evaluate with the exponential form).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "average.safetensors"


class AveragedWeights(TrainerCallback):
    """Keeps an exponential moving average and puts it in the weights' place during each evaluation.

    It must stand behind whatever saves weights in ``on_evaluate``: its own puts the live ones back.

    Args:
        decay (float, optional): share of the old average a step keeps, reached over the first steps.
            (Default: ``0.99``, a memory of about 100 steps)
    """

    def __init__(self, decay: float = 0.99):
        self.decay = decay
        self.average: dict[str, Tensor] = {}
        self.live: dict[str, Tensor] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Starts from the weights, or from the checkpoint's average."""
        self.average = {name: value.detach().clone() for name, value in _floats(model)}
        saved = Path(args.output_dir or "") / f"checkpoint-{state.global_step}" / FILE
        if state.global_step and saved.is_file():
            from safetensors.torch import load_file

            for name, value in load_file(saved).items():
                self.average[name].copy_(value)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Moves the average towards the weights."""
        keep = min(self.decay, (1 + state.global_step) / (10 + state.global_step))
        for name, value in _floats(model):
            self.average[name].lerp_(value.detach(), 1 - keep)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """The evaluation that follows sees the average."""
        self.live = {name: value.detach().clone() for name, value in _floats(model)}
        _put(model, self.average)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Training goes on with the live weights."""
        self.put_back(model)

    def put_back(self, model: nn.Module) -> None:
        """The live weights in the average's place, also after an evaluation that failed."""
        if self.live is not None:
            _put(model, self.live)
            self.live = None

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """A resumed run needs the average too."""
        if not args.should_save:
            return
        from safetensors.torch import save_file

        folder = Path(args.output_dir or "") / f"checkpoint-{state.global_step}"
        save_file({name: value.contiguous() for name, value in self.average.items()}, folder / FILE)


def _floats(model: nn.Module) -> list[tuple[str, Tensor]]:
    return [(name, value) for name, value in model.state_dict().items() if value.is_floating_point()]


def _put(model: nn.Module, weights: dict[str, Tensor]) -> None:
    import torch

    with torch.no_grad():
        for name, value in _floats(model):
            value.copy_(weights[name])
