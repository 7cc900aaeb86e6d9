"""What a fine-tuning run can be told: one dataclass, from which the command's flags are made."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem import kinds
from grokaem.flags import add_flags, add_own_flags, flag, option, take_own
from grokaem.memory.settings import MemorySettings, add_settings_arguments, from_arguments
from grokaem.plain_text import as_reason
from grokaem.scores import METRIC_NAMES
from grokaem.short_name import short
from training.class_weights import ClassWeights
from training.tasks import TASKS, find_task, own_flags, own_settings, told_defaults
from training.trackers import TRACKERS

if TYPE_CHECKING:
    from exporting.publication import Publication
    from training.task import OwnSettings

BATCH_SIZE = 32


@dataclass(frozen=True)
class FinetuneConfig:
    """Settings of one run; a field left at None is chosen automatically, and announced.

    ``base_model``, ``dataset``, ``own``, ``memory`` and ``output_dir`` may be left at None too and are filled at once.
    """

    task: str = flag("what the model classifies", kinds.default().key, choices=tuple(TASKS))
    base_model: str = flag("{base_model} (default: {base_models})")
    dataset: str = flag(
        "{corpora}, Hub data set, CSV/TSV/JSONL/Parquet file, or folder of class-named folders of files "
        "(default: {datasets})"
    )
    text_column: str | None = flag("column of the text in your file")
    label_column: str | None = flag("column of the label in your file")
    fold: int = flag("which fold of the drum kits is the test part, 0 to 4", 0)
    also_train_on: str | None = flag("further data of the same classes, all of it for training; foxdot for drums")
    train_on_validation: bool = flag(
        "train on the validation part too, once everything is chosen: the weights of the last epoch are kept", False
    )
    epochs: float | None = flag("passes over the training part (default: {epochs})", type=float)
    max_steps: int = flag("stop after this many optimizer steps; -1: after the epochs", -1)
    learning_rate: float | None = flag(
        "peak learning rate (default: {rates}; 10 times as much with LoRA, 500 times with SGD)",
        type=float,
    )
    head_learning_rate: float | None = flag(
        "that of what lies above the encoder's layers (default: 10 times the other; the same from scratch)",
        type=float,
    )
    class_weights: str = flag(
        "what an example counts in the loss by its class: none, auto (all classes together count alike), or a JSON "
        "file of weights by label",
        "none",
    )
    metric: str = flag(
        "what the best epoch is chosen by on the validation part, and the export judged by",
        "accuracy",
        choices=tuple(METRIC_NAMES),
    )
    patience: int | None = flag("stop after so many epochs without a better one (default: never)", type=int)
    weight_decay: float = flag("decay of matrices, by every optimizer", 0.01)
    own: OwnSettings = None  # pyright: ignore[reportAssignmentType]  # its flags: the kind's, see training/tasks.py
    memory: MemorySettings = None  # pyright: ignore[reportAssignmentType]  # its flags: grokaem/memory/settings.py
    precision: str = "auto"
    memory_budget: str | None = flag(
        "what training may take beside the program, e.g. 2GB, or auto: what is free; "
        "the fastest settings that fit are chosen"
    )
    preflight: bool = flag("first try two examples on the CPU", True)
    dataloader_workers: int = flag("processes that prepare batches", 0)
    pin_memory: bool | None = flag("batches wait in pinned host memory (default: on a CUDA GPU)", type=bool)
    logging_steps: int = flag("steps between two losses shown; only then do they leave the graph", 25)
    report_to: str = flag("where losses and scores are shown beside the terminal", "none", choices=TRACKERS)
    seed: int = flag("random seed of weights, order and dropout", 0)
    save_seconds: float = flag("seconds between two checkpoints to resume from", 30.0)
    output_dir: Path = flag("run folder (default: runs/<base model>-<dataset>-seed<seed>)", type=Path)
    resume: bool = flag("go on from the last checkpoint of the same --output-dir", False)
    overwrite: bool = flag("replace a finished run in --output-dir", False)
    export: bool = flag("export for OpenVINO, as small as accuracy allows, into <run folder>/export", False)
    push: bool = flag("export, then publish to the Hub and check what was published", False)
    repo_id: str | None = flag("Hub repository (default: <you>/<base model>-<dataset>-openvino-<method>)")
    card: Path | None = flag(
        "your part of the model card: Markdown with front matter, merged into what is measured", type=Path
    )
    tag: str | None = flag("name for the published revision; a tag is never moved")
    message: str | None = flag("title of the commit on the Hub, or of the pull request")
    pull_request: bool = flag("propose the change on the Hub, which everybody may, instead of making it", False)
    push_original: bool = flag("also publish the unquantized weights beside the export", False)
    hub_private: bool = flag("make the Hub repositories private", False)
    token_file: Path | None = flag("file with the Hub token (default: HF_TOKEN or your login)", type=Path)
    trust_remote_code: bool = flag("run Python code that comes with a Hub model", False)

    def __post_init__(self) -> None:
        """Fills the defaults that depend on the task and refuses settings that cannot work together."""
        set_ = object.__setattr__  # the dataclass is frozen for everyone else
        task = find_task(self.task)
        if self.dataset is None:
            set_(self, "dataset", task.default_dataset)
        if self.base_model is None:
            set_(self, "base_model", task.default_base_model)
        if self.own is None:
            set_(self, "own", own_settings(self.task))
        others = () if self.from_scratch else TASKS
        for key in others:
            if self.base_model in find_task(key).networks:
                raise ValueError(
                    f"--base-model {self.base_model} is for --task {key}: add that, or give another, such as "
                    f"{task.default_base_model}."
                )
        if self.memory is None:
            set_(self, "memory", MemorySettings(default_batch_size(self.task, self.base_model)))
        if self.memory_budget not in (None, "auto"):
            budget_bytes(self.memory_budget)
        self._check_numbers()
        if self.patience is not None and self.train_on_validation:
            raise ValueError(
                "--patience needs a validation part that is not trained on: leave out --train-on-validation, or it."
            )
        self.weights  # noqa: B018  (its file is read, and checked)
        if self.resume and self.overwrite:
            raise ValueError("--resume goes on with a run and --overwrite throws it away: choose one.")
        self._check_publication()
        default_folder = self.default_folder
        if self.output_dir is None:
            set_(self, "output_dir", default_folder)

    def _check_numbers(self) -> None:
        if self.max_steps == 0 or self.max_steps < -1:
            raise ValueError(f"--max-steps {self.max_steps}: give at least 1 (or leave it out).")
        for name, least in (("dataloader_workers", 0), ("logging_steps", 1), ("seed", 0)):
            if (given := getattr(self, name)) < least:
                raise ValueError(f"{option(name)} {given}: give at least {least}.")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"--patience {self.patience}: give at least 1 (or leave it out).")
        for name in ("epochs", "learning_rate", "head_learning_rate"):
            given = getattr(self, name)
            if given is not None and not given > 0:  # nan too
                raise ValueError(f"{option(name)} {given:g}: give a number above 0.")

    def _check_publication(self) -> None:
        idle = [
            option(name)
            for name in ("repo_id", "push_original", "hub_private", "tag", "message", "pull_request")
            if getattr(self, name) not in (None, False)
        ]
        if idle and not self.push:
            raise ValueError(f"{', '.join(idle)}: nothing is published without --push: add it, or leave these out.")
        if not self.exports and self.card:
            raise ValueError("--card: no card is written without --export or --push: add one of them, or leave it out.")
        if self.push:
            self.publication  # noqa: B018  (its names and what cannot be asked together are checked)

    @property
    def publication(self) -> Publication:
        """What ``--push`` publishes, and how."""
        from exporting.publication import Publication

        return Publication.of(self, original=self.push_original)

    @cached_property
    def weights(self) -> ClassWeights:
        """What ``--class-weights`` asks for."""
        return ClassWeights.read(self.class_weights)

    @property
    def default_folder(self) -> Path:
        """The run folder where nobody says otherwise."""
        return Path("runs") / f"{self.short_name}-seed{self.seed}"

    @property
    def short_name(self) -> str:
        """``<base model>-<dataset>`` in characters that folders and Hub repositories allow."""
        model = self.own.name_of(self.base_model)
        fold = f"-fold{self.fold}" if self.dataset == "drums" else ""
        return f"{model}-{short(self.dataset)}{fold}"

    @property
    def from_scratch(self) -> bool:
        """Whether the model begins with random weights instead of a base model's."""
        return self.base_model in find_task(self.task).networks

    @property
    def exports(self) -> bool:
        """Whether the run is followed by an export."""
        return self.export or self.push

    def to_json(self) -> dict[str, object]:
        """The settings as JSON types, without what belongs to this machine only."""
        settings = asdict(self)
        for own in ("output_dir", "token_file", "resume", "overwrite", "card", "tag", "message", "pull_request"):
            settings.pop(own)
        settings = {**settings_by_flag(self.memory), **settings, "precision": self.precision}
        settings.pop("memory")
        settings |= settings.pop("own")
        settings["class_weights"] = self.weights.to_json()
        return json.loads(json.dumps(settings, default=str))


def settings_by_flag(memory: MemorySettings) -> dict[str, object]:
    """The memory settings by the names of their flags."""
    settings = memory.as_dict()
    return {"batch_size": settings.pop("micro_batch_size"), **settings}


def default_batch_size(task: str, base_model: str) -> int:
    """32 examples a pass, or what suits a network that begins with random weights."""
    return find_task(task).networks.get(base_model, BATCH_SIZE)


def budget_bytes(text: str) -> int:
    """Bytes of ``--memory-budget``.

    Raises:
        ValueError: not a size.
    """
    from grokaem.memory.plan import parse_bytes

    try:
        return parse_bytes(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"--memory-budget: {as_reason(error)}, nor auto.") from None


def parser() -> argparse.ArgumentParser:
    """The command line: one flag for each field of :class:`FinetuneConfig`, and those of the memory settings."""
    titles = " or ".join(kinds.find(key).title for key in TASKS)
    result = argparse.ArgumentParser(
        prog="finetune.py",
        allow_abbrev=False,
        description=f"Fine-tunes a classifier of {titles} and leaves a run folder.",
    )
    add_flags(result, FinetuneConfig, told=told_defaults())
    add_own_flags(result, own_flags())
    add_settings_arguments(result, batch_size=None, precision="auto")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return result


def parse(argv: list[str]) -> FinetuneConfig:
    """Reads the command line.

    Raises:
        SystemExit: an unknown flag or a value of the wrong type (exit code 2, as argparse does).
        ValueError: settings that cannot work together.
    """
    arguments = parser().parse_args(argv)
    owners, key = own_flags(), arguments.task
    given = take_own(arguments, owners, key, ", or add --task {key}")
    base_model = arguments.base_model or find_task(key).default_base_model
    own = find_task(key).settings(**given)
    own.check(base_model, given)
    if arguments.batch_size is None:
        arguments.batch_size = default_batch_size(arguments.task, base_model)
    values = {item.name: getattr(arguments, item.name) for item in fields(FinetuneConfig) if item.metadata}
    return FinetuneConfig(**values, own=own, memory=from_arguments(arguments), precision=arguments.precision)
