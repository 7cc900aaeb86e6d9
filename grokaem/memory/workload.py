"""A model and the shape of what it trains on: what every kind's workload can do for the planner."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from grokaem.flags import Own

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig


class Length(NamedTuple):
    """How long an input is.

    Attributes:
        name (str): the flag's.
        unit (float): the steps in which the longest that fits is looked for.
        most (float): at most.
        by_powers (bool): each tensor of a step is so large as a number times a power of the length.
    """

    name: str
    unit: float
    most: float
    by_powers: bool = False


@dataclass(frozen=True)
class Workload:
    """A model and the shape of what it trains on; each kind has a class of its own.

    Attributes:
        name (str): what the user called the model.
        config (PreTrainedConfig): the model's configuration.
        num_labels (int): classes.
        task (str): key of the kind.
        flags (type): the flags of ``grokaem plan`` that only this kind understands.
        factory (str): class of transformers that builds such a classifier.
        embeddings (bool): the models have lookup tables.
        length (Length): of an input, where inputs have one.
    """

    name: str
    config: PreTrainedConfig
    num_labels: int = 2

    task: ClassVar[str] = ""
    flags: ClassVar[type[Own]] = Own
    factory: ClassVar[str] = ""
    embeddings: ClassVar[bool] = False
    length: ClassVar[Length | None] = None

    @classmethod
    def takes(cls, model_type: str) -> bool:
        """Whether a model of this type classifies this kind of input."""
        raise NotImplementedError

    @classmethod
    def of(cls, name: str, config: PreTrainedConfig | None, num_labels: int, shape: Own) -> Workload:
        """The workload of a model.

        Args:
            name (str): what the user called it.
            config (PreTrainedConfig or None): its configuration; None for a network of ours, made of the shape.
            num_labels (int): classes.
            shape (Own): an instance of :attr:`flags`.

        Raises:
            ValueError: the model cannot read inputs of this shape.
        """
        raise NotImplementedError

    @property
    def model_type(self) -> str:
        """The configuration's type, e.g. ``"bert"``."""
        return self.config.model_type

    @property
    def normalises_batches(self) -> bool:
        """The model is a convolutional network that normalises over the batch, and has no attention."""
        return False

    @property
    def most_length(self) -> int | None:
        """The longest input that the model reads; None where there is no limit."""
        return None

    def build(self, dtype: str = "float32", attention: str | None = None) -> nn.Module:
        """Builds the classifier with random weights; under a fake-tensor mode it takes no memory.

        Args:
            dtype (str, optional): of the weights. (Default: ``"float32"``)
            attention (str, optional): ``"eager"`` or ``"sdpa"``. (Default: what the library chooses)
        """
        import torch
        import transformers

        options: Mapping[str, str] = {"attn_implementation": attention} if attention else {}
        factory = getattr(transformers, self.factory)
        return factory.from_config(worst_case(self.config), dtype=getattr(torch, dtype), **options)

    def batch(self, size: int) -> dict[str, torch.Tensor]:
        """One batch of the longest inputs."""
        raise NotImplementedError

    def words(self) -> list[str]:
        """The flags of ``training/finetune.py`` that say the shape."""
        raise NotImplementedError


def worst_case(config: PreTrainedConfig) -> PreTrainedConfig:
    """A copy of the configuration in which no layer is skipped at random: the step that needs most memory."""
    config = copy.deepcopy(config)
    if hasattr(config, "layerdrop"):
        config.layerdrop = 0.0
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False
    config.use_cache = False
    return config
