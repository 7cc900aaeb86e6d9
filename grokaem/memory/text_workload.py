"""Texts for the planner: tokens, the longest a model reads, one batch of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokaem import kinds
from grokaem.flags import Own, flag
from grokaem.memory.workload import Length, Workload

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig


@dataclass(frozen=True)
class TextShape(Own):
    """How long the texts are.

    Raises:
        ValueError: there is no such length.
    """

    sequence_length: int = flag("tokens of a text", 128, metavar="N")

    def __post_init__(self) -> None:
        """Refuses what no text has."""
        if self.sequence_length < 1:
            raise ValueError(f"--sequence-length {self.sequence_length}: give at least 1 token.")


@dataclass(frozen=True)
class TextWorkload(Workload):
    """A text encoder and the longest batch.

    Attributes:
        sequence_length (int): tokens of a text.
    """

    sequence_length: int = 128

    task = kinds.TEXT.key
    flags = TextShape
    factory = "AutoModelForSequenceClassification"
    embeddings = True
    length = Length("sequence_length", 1, 65_536, by_powers=True)

    @classmethod
    def takes(cls, model_type: str) -> bool:
        """Whether transformers has a classifier of sequences of this type."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

        return model_type in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

    @classmethod
    def of(cls, name: str, config: PreTrainedConfig | None, num_labels: int, shape: Own) -> TextWorkload:
        """The workload of a text encoder; see :meth:`Workload.of`."""
        assert config is not None and isinstance(shape, TextShape)
        limit, length = getattr(config, "max_position_embeddings", None), shape.sequence_length
        if limit and length > limit:
            raise ValueError(f"--sequence-length {length}: {name} reads at most {limit} tokens; give {limit} or less.")
        return cls(name, config, num_labels, length)

    @property
    def most_length(self) -> int | None:
        """Tokens that the model has positions for."""
        return getattr(self.config, "max_position_embeddings", None)

    def batch(self, size: int) -> dict[str, torch.Tensor]:
        """One batch of the longest texts; in real tensors its first is shorter, so that there is padding."""
        import torch

        ids = torch.ones(size, self.sequence_length, dtype=torch.long)
        mask = torch.ones_like(ids)
        mask[0, -1:] = 0
        return {"input_ids": ids, "attention_mask": mask, "labels": torch.zeros(size, dtype=torch.long)}

    def words(self) -> list[str]:
        """``--sequence-length`` as it is."""
        return ["--sequence-length", str(self.sequence_length)]
