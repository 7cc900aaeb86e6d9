"""A moving average of the weights: what a network trained from scratch on little data is evaluated with.

Single steps on few examples throw such a network about; the average of its last hundred or so steps is both
steadier and better (Polyak averaging; Tarvainen and Valpola 2017 evaluate with the exponential form).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch.optim.swa_utils import AveragedModel
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training.run_folder import checkpoint_folder

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "average.safetensors"


class AveragedWeights(TrainerCallback):
    """Keeps an exponential moving average and puts it in the weights' place during each evaluation.

    It must stand behind whatever saves weights in ``on_evaluate``: its own puts the live ones back.

    Args:
        decay (float, optional): share of the old average a step keeps, reached over the first steps:
            ``min(decay, (1 + steps) / (10 + steps))``. (Default: ``0.99``, a memory of about 100 steps)
    """

    def __init__(self, decay: float = 0.99):
        self.decay = decay
        self.average: AveragedModel | None = None
        self.live: dict[str, Tensor] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Starts from the weights, or from the checkpoint's average."""
        # Buffers too: the running means of a batch normalization belong to the weights they were seen with.
        self.average = AveragedModel(model, multi_avg_fn=self._move, use_buffers=True)
        self.average.update_parameters(model)
        saved = checkpoint_folder(args, state) / FILE
        if state.global_step and saved.is_file():
            from safetensors.torch import load_file

            self.average.module.load_state_dict(load_file(saved), strict=False)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Moves the average towards the weights."""
        assert self.average is not None
        self.average.n_averaged.fill_(state.global_step)  # a resumed run counts on
        self.average.update_parameters(model)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """The evaluation that follows sees the average."""
        assert self.average is not None
        self.live = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.average.module.state_dict())

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *,
        model: nn.Module, **kwargs: object,
    ) -> None:  # fmt: skip
        """Training goes on with the live weights."""
        self.put_back(model)

    def put_back(self, model: nn.Module) -> None:
        """The live weights in the average's place, also after an evaluation that failed."""
        if self.live is not None:
            model.load_state_dict(self.live)
            self.live = None

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object) -> None:
        """A resumed run needs the average too."""
        if not args.should_save:
            return
        from safetensors.torch import save_file

        assert self.average is not None
        folder = checkpoint_folder(args, state)
        average = self.average.module.state_dict()
        save_file(
            {name: value.contiguous() for name, value in average.items() if value.is_floating_point()}, folder / FILE
        )

    def _move(self, averages: Sequence[Tensor], weights: Sequence[Tensor], steps: Tensor | int) -> None:
        keep = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        for average, value in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:  # counts of batches
                average.copy_(value)
