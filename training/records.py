"""The records written to disk: an example on its way to the model, a lever of the checklist, and ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    import numpy as np

    from grokaem.scores import LabelScores


class TextItem(TypedDict):
    """A tokenized text; ``attention_mask`` and the like come as its tokenizer gives them."""

    input_ids: list[int]
    labels: int


class ClipItem(TypedDict):
    """A sound: ``waveform`` of shape (time,); its class number, or class shares where clips are mixed."""

    waveform: np.ndarray
    labels: int | np.ndarray


Item = Mapping[str, object]  # of any kind


def named_input(inputs: Sequence[object], number: int) -> str:
    """The input's number and beginning (or path), to find it by."""
    told = " ".join(str(inputs[number]).split())
    return f"{number} ({told[:60]}{'...' if len(told) > 60 else ''})"


class TakenLever(TypedDict):
    """A lever of the memory checklist, the setting it led to, and why."""

    step: str
    value: object
    reason: str


class BaseModelRecord(TypedDict):
    """What a run started from."""

    name: str
    revision: str
    license: str | None
    sha256: NotRequired[str]


class Example(TypedDict):
    """A text of the test part that was classified rightly."""

    label: str
    text: str


class Scored(TypedDict):
    """What the test part gave; rows of ``confusion`` are the true classes."""

    metrics: dict[str, float]
    confusion: list[list[int]]
    examples: NotRequired[list[Example]]


class MemoryRecord(TypedDict):
    """Peaks beside what the process held before, MiB."""

    predicted_peak_mib: float | None
    measured_peak_mib: float | None
    budget_mib: float | None
    before_mib: float | None


class Hardware(TypedDict):
    """The machine."""

    cpu: str
    cores: int | None
    gpu: str | None


class RunReport(TypedDict):
    """``run.json``; its keys are explained in the documentation."""

    name: str
    task: str
    base_model: BaseModelRecord
    data: dict[str, object]
    config: dict[str, object]
    checklist: list[TakenLever]
    metrics: dict[str, float]
    validation: dict[str, float] | None
    confusion: list[list[int]]
    labels: list[LabelScores]
    never_predicted: list[str]
    class_weights: dict[str, float] | None
    examples: list[Example]
    memory: MemoryRecord
    loss_curve: list[list[float]]
    seconds: float
    steps: int
    epochs_run: float
    parameters: int
    trainable_parameters: int
    hardware: Hardware
    versions: dict[str, str]
    seed: int
