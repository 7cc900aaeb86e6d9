"""Predictions of a model for every batch and length, from steps recorded once: without torch, in milliseconds.

What a step does is the same for every batch and length; only the sizes of its tensors change, each a number times the
batch and a power of the length. So the moments at which a step can be at its peak are kept as counted sizes
(:mod:`grokaem.memory.keep_model` records them), and a prediction is the largest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from grokaem.memory.predict import MIB, PAGE_BYTES, Prediction, runtime_mib
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation
from grokaem.memory.solver import Predictions
from grokaem.memory.step_time import seconds
from grokaem.memory.trace import KINDS, Trace, Work

Term = tuple[int, int, int, int]  # so many storages, each of so many bytes times batch ** i times length ** j
Amount = list[list[int]]  # a sum of bytes or operations: each a number, i and j


class KeptWork(TypedDict):
    """What kernels do, as :class:`grokaem.memory.trace.Work` counts it."""

    flops: dict[str, Amount]
    moved: Amount | float
    kernels: float


class KeptRecord(TypedDict):
    """What is kept of a model, as JSON.

    ``parts`` are storages of one kind; a moment is the number of one for each of ``KINDS``; ``works`` are what kernels
    do. ``passes`` has, by shape and :func:`pass_key`, the moments of a forward and backward pass and its two works;
    ``updates``, by :func:`update_key`, the fullest moment before the pass, what the state of the optimizer adds to
    those of the pass, the fullest moment of the update, and its work. ``refused`` says why the model does not take a
    setting. ``by_length``: lengths are powers in the sizes; ``ones``: passes of one example are kept apart.
    """

    base_model: str
    task: str
    words: list[str]
    lengths: list[float]
    most_batch: int
    by_length: bool
    ones: bool
    situation: dict[str, Any]
    parts: list[list[Term]]
    works: list[KeptWork]
    passes: dict[str, dict[str, list]]
    updates: dict[str, list]
    refused: dict[str, str]


@dataclass(frozen=True)
class KeptModel:
    """A model of which every prediction is at hand.

    Attributes:
        record (KeptRecord): what was kept.
    """

    record: KeptRecord

    @property
    def situation(self) -> Situation:
        """What of the checklist applies."""
        return Situation(**self.record["situation"])

    def words(self, length: float) -> list[str]:
        """The flags of ``training/finetune.py`` that say the shape."""
        return [word.replace("{length}", f"{length:g}") for word in self.record["words"]]

    def check(self, batch: int, length: float) -> None:
        """Raises a ValueError for a batch or a length that is not kept."""
        lengths, most = self.record["lengths"], self.record["most_batch"]
        if not 1 <= batch <= most:
            raise ValueError(f"A batch of {batch} is beyond this page; give 1 to {most}.")
        if length not in lengths:
            near = min(lengths, key=lambda known: abs(known - length))
            raise ValueError(f"A length of {length:g} is not kept for this model; give {near:g}.")

    def predictor(self, length: float) -> KeptPredictor:
        """The predictions for inputs of this length."""
        return KeptPredictor(self, length)


class KeptPredictor(Predictions):
    """Predictions on a CPU for inputs of one length.

    Args:
        model (KeptModel): what was kept.
        length (float): one of its lengths.
    """

    def __init__(self, model: KeptModel, length: float) -> None:
        super().__init__(model.record["base_model"], "cpu")
        self.model, self.length = model, length
        self._sizes: dict[tuple[int, int], int] = {}

    def _predict(self, settings: MemorySettings) -> Prediction:
        record = self.model.record
        if why := record["refused"].get(pass_key(settings)) or record["refused"].get(update_key(settings)):
            raise ValueError(why)
        batch = settings.micro_batch_size
        shape = shape_key(None if record["by_length"] else self.length, batch == 1 and record["ones"])
        moments, forward, backward = record["passes"][shape][pass_key(settings)]
        before, state, after, update = record["updates"][update_key(settings)]
        found = [self._at(moment, batch) for moment in moments]
        if state is not None:
            held = self._at(state, batch)
            found = [[one + more for one, more in zip(pages, held, strict=True)] for pages in found]
            found = [self._at(before, batch), *found, self._at(after, batch)]
        pages = max(found, key=sum)  # the first of equals, as a trace finds it
        components = {kind: number * PAGE_BYTES / MIB for kind, number in zip(KINDS, pages, strict=True)}
        components["runtime"] = runtime_mib(settings)
        numbers = {"forward": forward, "backward": backward, "optimizer": update}
        trace = Trace(work={name: self._work(number, batch) for name, number in numbers.items() if number is not None})
        took = self._seconds(trace, settings)
        return Prediction(settings, self.device, sum(pages) * PAGE_BYTES / MIB, components, took, trace)

    def _seconds(self, trace: Trace, settings: MemorySettings) -> float:
        return seconds(trace, settings, self.device, self.model.situation.fast_bf16)

    def _at(self, moment: list[int], batch: int) -> list[int]:
        """The pages of each kind at a moment."""
        return [self._pages(part, batch) for part in moment]

    def _pages(self, part: int, batch: int) -> int:
        if (part, batch) not in self._sizes:
            total = 0
            for count, size, i, j in self.model.record["parts"][part]:
                total += count * -(-self._value(size, i, j, batch) // PAGE_BYTES)
            self._sizes[part, batch] = total
        return self._sizes[part, batch]

    def _value(self, number: int, i: int, j: int, batch: int) -> int:
        return number * batch**i * (int(self.length) ** j if j else 1)

    def _work(self, number: int, batch: int) -> Work:
        kept = self.model.record["works"][number]
        flops = {name: float(self._amount(amount, batch)) for name, amount in kept["flops"].items()}
        moved = kept["moved"]
        return Work(flops, self._amount(moved, batch) if isinstance(moved, list) else moved, kept["kernels"])

    def _amount(self, amount: Amount, batch: int) -> int:
        return sum(self._value(number, i, j, batch) for number, i, j in amount)


def shape_key(length: float | None, one: bool) -> str:
    """Which passes: of inputs of a length, where it matters, and of one example or of more."""
    return ("" if length is None else f"{length:g}") + " one" * one


def pass_key(settings: MemorySettings) -> str:
    """What of the settings decides on a forward and backward pass, but for its batch."""
    words = [*_weights(settings), "fp32" if settings.precision == "tf32" else settings.precision]
    words += ["again"] * settings.gradient_checkpointing + ["dropout-off"] * settings.attention_dropout_off
    words += ["in-backward"] * settings.optimizer_in_backward
    return " ".join(words + ["passes"] * (settings.gradient_accumulation_steps > 1))


def update_key(settings: MemorySettings) -> str:
    """What of the settings decides on the optimizer's state and update."""
    words = [*_weights(settings), "bf16" if settings.precision == "bf16-pure" else "fp32", settings.optimizer]
    if settings.optimizer == "adamw8bit":
        words += ["by-row"] * settings.embeddings_by_row
        words += ["embeddings-8bit"] * (not settings.embeddings_32bit and not settings.embeddings_by_row)
    return " ".join(words + ["in-backward"] * settings.optimizer_in_backward)


def _weights(settings: MemorySettings) -> list[str]:
    """Which weights there are and which of them are trained."""
    words = [f"freeze-{settings.freeze}"] * (settings.freeze not in ("none", 0))
    words += [f"lora-{settings.lora_rank}"] * bool(settings.lora_rank)
    return words + ["int8"] * settings.load_in_8bit
