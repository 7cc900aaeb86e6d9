"""The reports written to disk, as types: ``run.json`` and ``parity.json``.

Which keys must be there before a report is read is said in :mod:`exporting.report_checks`, by their names alone; of
what kind they are, it takes from here. ``NotRequired`` is what older folders lack.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict, final

from grokaem.scores import LabelScores, Metric


class BaseModel(TypedDict):
    """What was fine-tuned: a Hub id or a folder's name, and which state of it."""

    name: str
    revision: str
    license: NotRequired[str | None]
    sha256: NotRequired[str]


class NamedData(TypedDict):
    """A data set by its name and what proves which one it is."""

    name: str
    revision: str


class SizedData(NamedData):
    """The same with the number of examples of each part."""

    sizes: dict[str, int]


class Data(SizedData):
    """What :meth:`grokaem.corpora.Corpus.describe` returns."""

    task: str
    label_names: list[str]
    classes: dict[str, dict[str, int]]
    split_rule: NotRequired[str | None]
    language: NotRequired[str]
    license: NotRequired[str]
    notes: NotRequired[list[str]]


class Config(TypedDict):
    """The settings of a run that exports and cards read; those of texts, of sounds, and of a training here."""

    dataset: str
    text_column: NotRequired[str | None]
    label_column: NotRequired[str | None]
    fold: NotRequired[int]
    also_train_on: NotRequired[str | None]
    train_on_validation: NotRequired[bool]
    base_model: NotRequired[str | None]
    sequence_length: int
    sample_rate: int
    max_seconds: float
    epochs: float
    batch_size: int
    learning_rate: float
    precision: str
    metric: NotRequired[Metric]
    effective_batch_size: NotRequired[int]
    gradient_checkpointing: NotRequired[bool]
    load_in_8bit: NotRequired[bool]
    trust_remote_code: NotRequired[bool]


class Metrics(TypedDict):
    """On the test part."""

    accuracy: float
    macro_f1: float
    loss: float


class Example(TypedDict):
    """A text that got its label."""

    label: str
    text: str


class Memory(TypedDict):
    """Of the training process, in MiB."""

    measured_peak_mib: float | None
    predicted_peak_mib: float | None
    budget_mib: NotRequired[float | None]


class Hardware(TypedDict):
    """What a run was trained on."""

    cpu: str
    gpu: str | None


class RunReport(TypedDict):
    """``run.json``.

    Of a classifier that others trained, ``metrics``, ``confusion``, ``examples`` and ``versions`` come with its first
    export, and nothing is known of the training.
    """

    name: str
    task: str
    adopted: NotRequired[bool]
    base_model: BaseModel
    data: Data
    config: Config
    metrics: Metrics
    confusion: list[list[int]]
    labels: NotRequired[list[LabelScores]]
    never_predicted: NotRequired[list[str]]
    class_weights: NotRequired[dict[str, float]]
    examples: list[Example]
    versions: dict[str, str]
    memory: Memory
    hardware: Hardware
    seconds: float
    seed: int
    epochs_run: NotRequired[float]


class Scores(TypedDict):
    """What :func:`exporting.parity.compare` finds."""

    original_accuracy: float
    original_macro_f1: NotRequired[float]
    export_accuracy: float
    export_macro_f1: float
    export_accuracy_interval_95: list[float]
    drop_interval_95: list[float]
    flips: int
    n: int
    one_example: NotRequired[float]
    max_score_difference: float
    score_change: float


class Sizes(TypedDict):
    """Of all files, and of the weights among them."""

    bytes: float
    weight_bytes: float


class Speed(TypedDict):
    """What :func:`exporting.speed.measure` finds; all None beside ``not_measured``, which says why."""

    latency_ms_b1: float | None
    latency_ms_b32: float | None
    items_per_second_b1: NotRequired[float]
    items_per_second_b32: NotRequired[float]
    items_per_second: float | None
    peak_mib: float | None
    not_measured: NotRequired[str]


class Measured(Sizes, Speed):
    """What an export takes."""


class Begun(TypedDict):
    """An attempt before it has come to anything."""

    method: str
    part: Literal["validation"]
    passed: bool


@final
class FailedAttempt(TypedDict):
    """An attempt that came to nothing."""

    method: str
    part: Literal["validation"]
    passed: bool
    error: str


@final
class Attempt(Scores, Sizes, Speed):
    """An attempt that was measured."""

    method: str
    part: Literal["validation", "test"]
    passed: bool
    too_few: NotRequired[str]


class FailedOnTest(TypedDict):
    """What ``export_failed.json`` keeps of a method that failed on the test part."""

    method: str
    original_accuracy: float
    original_macro_f1: NotRequired[float]
    export_accuracy: float
    export_macro_f1: NotRequired[float]


@final
class FailedInstructionSet(TypedDict):
    """Instructions with which the export did not run."""

    name: str
    error: str


@final
class InstructionSet(TypedDict):
    """What the export answers with some instructions of a processor."""

    name: str
    accuracy: float
    flips: int
    max_logit_difference: float


class OriginalFigures(Sizes):
    """The original's part of ``parity.json``."""

    accuracy: float
    macro_f1: NotRequired[float]


class ExportFigures(Sizes, Speed):
    """The export's part of ``parity.json``."""

    accuracy: float
    macro_f1: float
    accuracy_interval_95: list[float]
    labels: NotRequired[list[LabelScores]]
    instruction_sets: NotRequired[list[InstructionSet | FailedInstructionSet]]


class Calibration(TypedDict):
    """What set the ranges of activations."""

    part: NotRequired[str]
    samples: int


class Gate(TypedDict):
    """What could be lost, and whether the export kept within it."""

    metric: NotRequired[Metric]
    max_drop: float
    max_score_change: NotRequired[float]
    passed: NotRequired[bool]


class Runtime(TypedDict):
    """What speeds were measured on."""

    cpu: str
    threads: int
    versions: dict[str, str]
    load: NotRequired[float]


class ExportedRun(TypedDict):
    """Of which run the export is: a digest of its weights, and the accuracy it told."""

    weights: str
    accuracy: NotRequired[float]


class OnnxFigures(Scores):
    """The ONNX file beside the export."""

    file: str
    bytes: int


class ParityReport(TypedDict):
    """``parity.json``."""

    method: str
    original: OriginalFigures
    export: ExportFigures
    drop_interval_95: list[float]
    flips: int
    n: int
    max_score_difference: float
    score_change: NotRequired[float]
    calibration: Calibration
    gate: Gate
    attempts: list[Attempt | FailedAttempt]
    runtime: NotRequired[Runtime]
    run: NotRequired[ExportedRun]
    onnx: NotRequired[OnnxFigures]
