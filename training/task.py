"""The interface between the training loop and its tasks, :class:`TextTask` and :class:`AudioTask`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.architectures import Workload
    from training.augmentation import AugmentedClips
    from training.config import FinetuneConfig
    from training.records import Item, TextItem

    Model = PreTrainedModel | PeftModel
    TrainSet = AugmentedClips | list[TextItem]


class Preprocessor(Protocol):
    """A tokenizer or a feature extractor."""

    def save_pretrained(self, save_directory: Path, /) -> object:
        """Writes its settings into a folder."""


class Task(Protocol):
    """Model, data and batches of one run.

    Attributes:
        model (PreTrainedModel or PeftModel): under training; None before the loop makes it and while it makes another.
        averaged (bool): the model is evaluated with averaged weights.
        lengths (list of int, optional): of the training examples, where those of like length should share a step;
            known after :meth:`train_set`.
        collator (callable): makes a batch of a list of items.
    """

    config: FinetuneConfig
    corpus: Corpus
    model: Model

    @property
    def base(self) -> BaseModel | None: ...  # noqa: D102

    @property
    def averaged(self) -> bool: ...  # noqa: D102

    @property
    def lengths(self) -> list[int] | None: ...  # noqa: D102

    @property
    def preprocessor(self) -> Preprocessor | None: ...  # noqa: D102

    @property
    def model_config(self) -> PreTrainedConfig: ...  # noqa: D102

    @property
    def collator(self) -> Callable[..., dict[str, Tensor]]: ...  # noqa: D102

    def load_model(self, dtype: str = "float32") -> Model:
        """The model to start from."""
        ...

    def workload(self) -> Workload:
        """What the planner must know."""
        ...

    def train_set(self) -> TrainSet:
        """The training part."""
        ...

    def evaluation_set(self, part: Part) -> tuple[Sequence[Item], list[int]]:
        """A part, and where each item stood in it."""
        ...

    def default_epochs(self) -> float:
        """Passes over the training part."""
        ...

    def default_learning_rate(self) -> float:
        """Its peak for AdamW on all weights."""
        ...

    def announce(self) -> list[str]:
        """What happened to the input that its owner should know."""
        ...

    def extras(self) -> dict[str, object]:
        """What the run folder records beside the common keys."""
        ...
