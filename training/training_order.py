"""The order of the training texts, which a resumed run finds again in the middle of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler

from training.processes import broadcast_from_main
from training.run_folder import checkpoint_folder

if TYPE_CHECKING:
    from training.records import TextItem

FILE = "order.pth"


class LengthGroupedOrder(LengthGroupedSampler):
    """Texts of like length together, in an order drawn anew each epoch and the same in every process.

    transformers' sampler draws from the process's random numbers, so a run that goes on in the middle of its second
    epoch would draw another order. This one remembers the state it drew from and can draw again.

    Args:
        batch_size (int): examples of one optimizer step over all passes and processes. What a step sees
            therefore does not depend on how it is cut into passes.
        items (list of dict): with ``input_ids``.
    """

    def __init__(self, batch_size: int, items: Iterable[TextItem]):
        super().__init__(batch_size, lengths=[len(item["input_ids"]) for item in items])
        self.state: torch.Tensor | None = None
        self.replay: torch.Tensor | None = None

    def __iter__(self) -> Iterator[int]:
        if self.replay is None:
            self.state = torch.get_rng_state()
            return iter(broadcast_from_main(list(super().__iter__())))
        self.state, self.replay = self.replay, None
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.state)
            return iter(broadcast_from_main(list(super().__iter__())))


class SaveTrainingOrder(TrainerCallback):
    """Keeps the order of the epoch under way in each checkpoint.

    Args:
        order (callable): returns the sampler, which exists once training has begun; None for other samplers.
    """

    def __init__(self, order: Callable[[], LengthGroupedOrder | None]):
        self.order = order

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """Writes the state the order was drawn from; between two epochs there is none to remember."""
        order = self.order()
        if order is not None and order.state is not None and state.epoch and state.epoch % 1 and args.should_save:
            torch.save(order.state, checkpoint_folder(args, state) / FILE)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: object
    ) -> None:
        """The first epoch of a resumed run is the one that was under way."""
        order = self.order()
        file = checkpoint_folder(args, state) / FILE
        if order is not None and state.global_step and file.is_file():
            order.replay = torch.load(file, weights_only=True)
