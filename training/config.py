"""What a fine-tuning run can be told: one dataclass, from which the command's flags are made."""

from __future__ import annotations

import argparse
import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem import corpora
from grokaem.audio.wide_resnet_shapes import SHORT_SOUND
from grokaem.hub.packaged_model import MINILM
from grokaem.memory.settings import MemorySettings, add_settings_arguments, from_arguments
from grokaem.plain_text import as_reason
from grokaem.short_name import short
from training.trackers import TRACKERS

if TYPE_CHECKING:
    from exporting.publication import Publication

DEFAULT_DATASET = {"text": "rotten_tomatoes", "audio": "drums"}
DEFAULT_BASE_MODEL = {"text": MINILM, "audio": "wide_resnet"}


def _flag(help: str, default: object = None, **options: object) -> Any:  # as dataclasses.field: of the field's type
    return field(default=default, metadata={"help": help, **options})


@dataclass(frozen=True)
class FinetuneConfig:
    """Settings of one run; a field left at None is chosen automatically, and announced.

    ``base_model``, ``dataset``, ``memory`` and ``output_dir`` may be left at None too and are filled at once.
    """

    task: str = _flag("what the model classifies", "text", choices=("text", "audio"))
    base_model: str = _flag(
        "Hub id, local folder, or wide_resnet (default: the MiniLM that comes "
        "with the requirements; wide_resnet for audio)"
    )
    dataset: str = _flag(
        "{corpora}, Hub data set, CSV/TSV/JSONL/Parquet file, or folder of "
        "class-named folders of audio (default: rotten_tomatoes; drums for audio)"
    )
    text_column: str | None = _flag("column of the text in your file")
    label_column: str | None = _flag("column of the label in your file")
    fold: int = _flag("which fold of the drum kits is the test part, 0 to 4", 0)
    also_train_on: str | None = _flag("further data of the same classes, all of it for training; foxdot for drums")
    train_on_validation: bool = _flag(
        "train on the validation part too, once everything is chosen: the weights of the last epoch are kept", False
    )
    epochs: float | None = _flag(
        "passes over the training part (default: of texts what makes some 640 steps, from 2 to 10; of sounds 5, "
        "and 50 for wide_resnet)",
        type=float,
    )
    max_steps: int = _flag("stop after this many optimizer steps; -1: after the epochs", -1)
    learning_rate: float | None = _flag(
        "peak learning rate (default: of texts 1e-4 for narrow encoders such as MiniLM and 5e-5 for wider ones; of "
        "sounds 5e-5, and 5e-3 for wide_resnet; 10 times as much with LoRA, 500 times with SGD)",
        type=float,
    )
    head_learning_rate: float | None = _flag(
        "that of what lies above the encoder's layers (default: 10 times the other; the same from scratch)",
        type=float,
    )
    weight_decay: float = _flag("decay of matrices, by every optimizer", 0.01)
    sequence_length: int = _flag("tokens after which a text is cut", 128)
    max_seconds: float | None = _flag(
        f"seconds after which a clip is cut (default: {SHORT_SOUND:g} for wide_resnet, 5 for others)", type=float
    )
    depth: int = _flag("depth of the wide residual network, 6n+4", 10)
    widen_factor: int = _flag("widening factor of the wide residual network", 2)
    features: str = _flag("front end of the wide residual network: logmel, mfcc, gfcc, ...", "logmel")
    memory: MemorySettings = None  # pyright: ignore[reportAssignmentType]  # its flags: grokaem/memory/settings.py
    precision: str = "auto"
    memory_budget: str | None = _flag(
        "what training may take beside the program, e.g. 2GB, or auto: what is free; "
        "the fastest settings that fit are chosen"
    )
    preflight: bool = _flag("first try two examples on the CPU", True)
    group_by_length: bool = _flag("texts of like length share a batch", True)
    dataloader_workers: int = _flag("processes that prepare batches", 0)
    pin_memory: bool | None = _flag("batches wait in pinned host memory (default: on a CUDA GPU)", type=bool)
    logging_steps: int = _flag("steps between two losses shown; only then do they leave the graph", 25)
    report_to: str = _flag("where losses and scores are shown beside the terminal", "none", choices=TRACKERS)
    seed: int = _flag("random seed of weights, order and dropout", 0)
    save_seconds: float = _flag("seconds between two checkpoints to resume from", 30.0)
    output_dir: Path = _flag("run folder (default: runs/<base model>-<dataset>-seed<seed>)", type=Path)
    resume: bool = _flag("go on from the last checkpoint of the same --output-dir", False)
    overwrite: bool = _flag("replace a finished run in --output-dir", False)
    export: bool = _flag("export for OpenVINO, as small as accuracy allows, into <run folder>/export", False)
    push: bool = _flag("export, then publish to the Hub and check what was published", False)
    repo_id: str | None = _flag("Hub repository (default: <you>/<base model>-<dataset>-openvino-<method>)")
    card: Path | None = _flag(
        "your part of the model card: Markdown with front matter, merged into what is measured", type=Path
    )
    tag: str | None = _flag("name for the published revision; a tag is never moved")
    message: str | None = _flag("title of the commit on the Hub, or of the pull request")
    pull_request: bool = _flag("propose the change on the Hub, which everybody may, instead of making it", False)
    push_original: bool = _flag("also publish the unquantized weights beside the export", False)
    hub_private: bool = _flag("make the Hub repositories private", False)
    token_file: Path | None = _flag("file with the Hub token (default: HF_TOKEN or your login)", type=Path)
    trust_remote_code: bool = _flag("run Python code that comes with a Hub model", False)

    def __post_init__(self) -> None:
        """Fills the defaults that depend on the task and refuses settings that cannot work together."""
        set_ = object.__setattr__  # the dataclass is frozen for everyone else
        if self.dataset is None:
            set_(self, "dataset", DEFAULT_DATASET[self.task])
        if self.base_model is None:
            set_(self, "base_model", DEFAULT_BASE_MODEL[self.task])
        if self.task == "text" and self.base_model == "wide_resnet":
            raise ValueError(
                "--base-model wide_resnet is for --task audio: add that, or give a text encoder such as "
                "distilbert-base-uncased."
            )
        if self.memory is None:
            set_(self, "memory", MemorySettings(default_batch_size(self.base_model)))
        if self.memory_budget not in (None, "auto"):
            budget_bytes(self.memory_budget)
        self._check_numbers()
        self._refuse_flags_without_effect()
        if self.resume and self.overwrite:
            raise ValueError("--resume goes on with a run and --overwrite throws it away: choose one.")
        self._check_publication()
        if self.output_dir is None:
            set_(self, "output_dir", Path("runs") / f"{self.short_name}-seed{self.seed}")

    def _check_numbers(self) -> None:
        if self.max_steps == 0 or self.max_steps < -1:
            raise ValueError(f"--max-steps {self.max_steps}: give at least 1 (or leave it out).")
        for name, least in (("dataloader_workers", 0), ("logging_steps", 1), ("sequence_length", 8), ("seed", 0)):
            if (given := getattr(self, name)) < least:
                raise ValueError(f"--{name.replace('_', '-')} {given}: give at least {least}.")
        for name in ("epochs", "learning_rate", "head_learning_rate", "max_seconds"):
            given = getattr(self, name)
            if given is not None and not given > 0:  # nan too
                raise ValueError(f"--{name.replace('_', '-')} {given:g}: give a number above 0.")

    def _check_publication(self) -> None:
        idle = [
            "--" + name.replace("_", "-")
            for name in ("repo_id", "push_original", "hub_private", "tag", "message", "pull_request")
            if getattr(self, name) not in (None, False)
        ]
        if idle and not self.push:
            raise ValueError(f"{', '.join(idle)}: nothing is published without --push: add it, or leave these out.")
        if self.card and not self.exports:
            raise ValueError("--card: no card is written without --export or --push: add one of them, or leave it out.")
        if self.push:
            self.publication  # noqa: B018  (its names and what cannot be asked together are checked)

    @property
    def publication(self) -> Publication:
        """What ``--push`` publishes, and how."""
        from exporting.publication import Publication

        return Publication.of(self, original=self.push_original)

    def _refuse_flags_without_effect(self) -> None:
        """A flag that this kind of run would pass over in silence is somebody's mistake."""
        network = ("depth", "widen_factor", "features")
        idle = {
            "--task audio": ("max_seconds", *network) if self.task == "text" else (),
            "--base-model wide_resnet": network if self.task == "audio" and self.base_model != "wide_resnet" else (),
            "--task text": ("sequence_length", "group_by_length") if self.task == "audio" else (),
        }
        default = {item.name: item.default for item in fields(self)}
        for needed, names in idle.items():
            for name in names:
                if getattr(self, name) != default[name]:
                    flag = name.replace("_", "-")
                    raise ValueError(f"--{flag} has no effect on this run: leave it out, or add {needed}.")

    @property
    def has_default_folder(self) -> bool:
        """Whether the run folder is called as it is when nobody says otherwise."""
        return self.output_dir == Path("runs") / f"{self.short_name}-seed{self.seed}"

    @property
    def short_name(self) -> str:
        """``<base model>-<dataset>`` in characters that folders and Hub repositories allow."""
        model = f"wide-resnet-{self.depth}-{self.widen_factor}"
        model = model if self.base_model == "wide_resnet" else short(self.base_model)
        fold = f"-fold{self.fold}" if self.dataset == "drums" else ""
        return f"{model}-{short(self.dataset)}{fold}"

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
        return json.loads(json.dumps(settings, default=str))


def settings_by_flag(memory: MemorySettings) -> dict[str, object]:
    """The memory settings by the names of their flags."""
    settings = memory.as_dict()
    return {"batch_size": settings.pop("micro_batch_size"), **settings}


def default_batch_size(base_model: str) -> int:
    """32 examples a pass; 16 for a network from scratch, which needs more steps than large ones."""
    return 16 if base_model == "wide_resnet" else 32


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
    result = argparse.ArgumentParser(
        prog="finetune.py",
        allow_abbrev=False,
        description="Fine-tunes a classifier of texts or sounds and leaves a run folder.",
    )
    for item in fields(FinetuneConfig):
        options = dict(item.metadata)
        if not options:
            continue
        options["help"] = options["help"].replace("{corpora}", ", ".join(corpora.names()))
        flag = "--" + item.name.replace("_", "-")
        default = item.default if item.default is not MISSING else None
        if isinstance(default, bool) or options.get("type") is bool:
            action = "store_true" if default is False else argparse.BooleanOptionalAction
            result.add_argument(flag, action=action, default=default, help=options["help"])
            continue
        if default is not None:
            options.setdefault("type", type(default))
            options["help"] += " (default: %(default)s)"
        result.add_argument(flag, default=default, **options)
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
    if arguments.batch_size is None:
        arguments.batch_size = default_batch_size(arguments.base_model or DEFAULT_BASE_MODEL[arguments.task])
    values = {item.name: getattr(arguments, item.name) for item in fields(FinetuneConfig) if item.metadata}
    return FinetuneConfig(**values, memory=from_arguments(arguments), precision=arguments.precision)
