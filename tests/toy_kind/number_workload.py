"""A linear model of rows of numbers, and what the planner asks of it: what a new kind brings to grokaem/memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from grokaem.flags import Own
from grokaem.memory.workload import Workload


class NumbersConfig(PreTrainedConfig):
    model_type = "numbers_linear"

    def __init__(self, n_inputs: int = 4, **others):
        super().__init__(**others)
        self.n_inputs = n_inputs


class NumbersModel(PreTrainedModel):
    config_class = NumbersConfig

    def __init__(self, config: NumbersConfig):
        super().__init__(config)
        self.classifier = torch.nn.Linear(config.n_inputs, config.num_labels)
        self.post_init()

    def forward(self, input_values, labels=None):
        logits = self.classifier(input_values)
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


@dataclass(frozen=True)
class NumberWorkload(Workload):
    task = "numbers"

    @classmethod
    def takes(cls, model_type: str) -> bool:
        return model_type == NumbersConfig.model_type

    @classmethod
    def of(cls, name, config, num_labels, shape: Own):
        return cls(name, config or NumbersConfig(num_labels=num_labels), num_labels)

    def build(self, dtype: str = "float32", attention: str | None = None):
        return NumbersModel(self.config).to(getattr(torch, dtype))

    def batch(self, size: int):
        return {
            "input_values": torch.zeros(size, self.config.n_inputs),
            "labels": torch.zeros(size, dtype=torch.long),
        }

    def words(self) -> list[str]:
        return []
