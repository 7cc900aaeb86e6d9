"""The interface between the training loop and its tasks, one a kind, which ``training/tasks.py`` lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from grokaem.flags import Own
from grokaem.short_name import short

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.workload import Workload
    from training.config import FinetuneConfig
    from training.records import Item

    Model = PreTrainedModel | PeftModel


class TrainSet(Protocol):
    """Examples by their number; read anew, an example may be altered at random."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> Any:  # an Item, as the task's collator takes it
        """One of them."""
        ...


@dataclass(frozen=True)
class OwnSettings(Own):
    """The settings of a run that only one kind understands; see :class:`grokaem.flags.Own`."""

    @property
    def network_revision(self) -> str:
        """Which form of the kind's network is trained, where no base model is."""
        return "1"

    @property
    def grouped(self) -> bool:
        """Whether inputs of like length share a batch."""
        return False

    def name_of(self, base_model: str) -> str:
        """What a run is called after."""
        return short(base_model)


class Preprocessor(Protocol):
    """A tokenizer or a feature extractor."""

    def save_pretrained(self, save_directory: Path, /) -> object:
        """Writes its settings into a folder."""


class Task(Protocol):
    """Model, data and batches of one run.

    Attributes:
        settings (type): the flags that only this kind understands.
        default_dataset (str): where none is named.
        default_base_model (str): where none is named.
        networks (dict): names of base models that begin with random weights, and the batch size of each.
        told_epochs (str): how :meth:`default_epochs` is found, for ``--help``.
        told_rate (str): how :meth:`default_learning_rate` is found, for ``--help``.
        model (PreTrainedModel or PeftModel): under training; None before the loop makes it and while it makes another.
        averaged (bool): the model is evaluated with averaged weights.
        lengths (list of int, optional): of the training examples, where those of like length should share a step;
            known after :meth:`train_set`.
        collator (callable): makes a batch of a list of items.
    """

    settings: ClassVar[type[OwnSettings]]
    default_dataset: ClassVar[str]
    default_base_model: ClassVar[str]
    networks: ClassVar[Mapping[str, int]]
    told_epochs: ClassVar[str]
    told_rate: ClassVar[str]
    corpus: Corpus
    model: Model

    def __init__(self, config: FinetuneConfig, corpus: Corpus, base: BaseModel | None): ...

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

    def later_workload(self) -> Workload | None:
        """What the steps after the first see, in a run that ends before it comes to long inputs again."""
        ...

    def train_set(self) -> TrainSet:
        """The training part."""
        ...

    def evaluation_set(self, part: Part) -> tuple[Sequence[Item], list[int]]:
        """A part, and where each item stood in it."""
        ...

    def plain_items(self, items: TrainSet) -> Sequence[Item]:
        """The training part without what is altered at random."""
        ...

    def size_of(self, item: Item) -> int:
        """How much of an item there is: tokens, samples."""
        ...

    def check_items(self, items: Sequence[Item]) -> None:
        """Raises a ValueError that names a training example which the model cannot take."""
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
