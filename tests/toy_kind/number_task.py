"""Rows of numbers for the training loop: what a new kind brings to training/."""

from __future__ import annotations

from dataclasses import dataclass

from grokaem.flags import flag
from training.task import OwnSettings


@dataclass(frozen=True)
class NumberSettings(OwnSettings):
    scale: float = flag("what every number is multiplied by", 1.0)


class NumberTask:
    settings = NumberSettings
    default_dataset = "numbers.csv"
    default_base_model = "linear"
    networks = {"linear": 8}
    told_epochs = "20"
    told_rate = "0.1"
    lengths = None
    averaged = False
    base = preprocessor = model = None

    def __init__(self, config, corpus, base):
        from grokaem.memory.number_workload import NumbersConfig

        self.config, self.corpus = config, corpus
        names = dict(enumerate(corpus.label_names))
        size = len(corpus.train.inputs[0].split())
        self.model_config = NumbersConfig(size, id2label=names, label2id={v: k for k, v in names.items()})

    def load_model(self, dtype="float32"):
        import torch
        from grokaem.memory.number_workload import NumbersModel

        return NumbersModel(self.model_config).to(getattr(torch, dtype))

    def workload(self):
        from grokaem.memory.number_workload import NumberWorkload

        return NumberWorkload("linear", self.model_config, len(self.corpus.label_names))

    def later_workload(self):
        return None

    def _items(self, part):
        from grokaem.inference.number_classifier import numbers_of

        scale = self.config.own.scale
        pairs = zip(part.inputs, part.labels, strict=True)
        return [{"numbers": scale * numbers_of(row), "labels": label} for row, label in pairs]

    def train_set(self):
        return self._items(self.corpus.train)

    def evaluation_set(self, part):
        return self._items(part), list(range(len(part)))

    def plain_items(self, items):
        return items

    def size_of(self, item):
        return len(item["numbers"])

    def check_items(self, items):
        pass

    def collator(self, items):
        import numpy as np
        import torch

        rows = torch.from_numpy(np.stack([item["numbers"] for item in items]).astype("float32"))
        return {"input_values": rows, "labels": torch.tensor([item["labels"] for item in items])}

    def default_epochs(self):
        return 20.0

    def default_learning_rate(self):
        return 0.1

    def announce(self):
        return []

    def extras(self):
        return {"n_inputs": self.model_config.n_inputs}
