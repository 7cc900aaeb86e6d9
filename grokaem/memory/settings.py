"""The memory settings of one training run: what the planner predicts is exactly what training applies."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grokaem.memory.checklist import all_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "bf16-pure")
OPTIMIZERS = ("adamw", "adamw8bit", "adafactor", "sgd")


@dataclass(frozen=True)
class MemorySettings:
    """What the levers of the checklist are set to.

    Attributes:
        micro_batch_size (int): examples of one forward and backward pass on one process.
        gradient_accumulation_steps (int): passes whose gradients are summed before one optimizer step.
        gradient_checkpointing (bool): keep only each layer's input and compute the rest again in the backward
            pass.
        optimizer (str): ``adamw``, ``adamw8bit``, ``adafactor`` or ``sgd``.
        embeddings_32bit (bool): with ``adamw8bit``, keep the state of embedding tables in 32 bits.
        precision (str): ``fp32``, ``tf32`` (on a CPU: bf16 products of fp32 tensors), ``fp16`` or ``bf16``
            (autocast, weights stay fp32), ``bf16-pure`` (weights, gradients and state in bf16).
        attention_dropout_off (bool): no dropout on attention weights, which frees the fused attention kernel.
        lora_rank (int): rank of the LoRA adapters; 0 trains the weights themselves.
        load_in_8bit (bool): hold the frozen base in int8 (only with LoRA).
        freeze (str or int): ``"none"``, ``"embeddings"``, or the number of lowest layers kept fixed together
            with the embeddings below them.
        optimizer_in_backward (bool): update each weight as soon as its gradient is complete and free it.
        embeddings_by_row (bool): with ``adamw8bit``, keep one number of state for each row of embedding tables.
        more (tuple): names and values of what other levers change, as :meth:`value` and :meth:`replace` read and
            write it.
    """

    micro_batch_size: int = 32
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    optimizer: str = "adamw"
    embeddings_32bit: bool = True
    precision: str = "fp32"
    attention_dropout_off: bool = False
    lora_rank: int = 0
    load_in_8bit: bool = False
    freeze: str | int = "none"
    optimizer_in_backward: bool = False
    embeddings_by_row: bool = False
    more: tuple[tuple[str, object], ...] = ()

    def __post_init__(self) -> None:
        if self.micro_batch_size < 1:
            raise ValueError(f"--batch-size must be at least 1, got {self.micro_batch_size}.")
        if self.gradient_accumulation_steps < 1:
            steps = self.gradient_accumulation_steps
            raise ValueError(f"--gradient-accumulation-steps must be at least 1, got {steps}.")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"--optimizer {self.optimizer!r} is unknown; choose from {', '.join(OPTIMIZERS)}."
            )
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"--precision {self.precision!r} is unknown; choose from {', '.join(PRECISIONS)}."
            )
        if self.embeddings_by_row and self.optimizer != "adamw8bit":
            raise ValueError(f"--embeddings-by-row is of --optimizer adamw8bit, not of {self.optimizer}.")
        if self.lora_rank < 0:
            raise ValueError(f"--lora-rank must be 0 (off) or positive, got {self.lora_rank}.")
        if self.load_in_8bit and not self.lora_rank:
            raise ValueError("--load-in-8bit holds frozen weights only; add --lora-rank 8 to train adapters.")
        if isinstance(self.freeze, str) and self.freeze not in ("none", "embeddings"):
            raise ValueError(f"--freeze takes none, embeddings or a number of layers, got {self.freeze!r}.")
        if not isinstance(self.freeze, str) and self.freeze < 0:
            raise ValueError(f"--freeze takes none, embeddings or a number of layers, got {self.freeze!r}.")
        if self.optimizer_in_backward and self.gradient_accumulation_steps > 1:
            raise ValueError(
                "--optimizer-in-backward frees each gradient at once, so it cannot accumulate: use "
                "--gradient-accumulation-steps 1 with --gradient-checkpointing instead."
            )

    @property
    def effective_batch_size(self) -> int:
        """Examples of one optimizer step on one process."""
        return self.micro_batch_size * self.gradient_accumulation_steps

    @property
    def autocast_dtype(self) -> str | None:
        """Name of the autocast dtype, or None where tensors keep the dtype of the weights."""
        return {"fp16": "float16", "bf16": "bfloat16"}.get(self.precision)

    def check_statistics(self, batch_norm: bool) -> None:
        """Refuses weights in 16 bits beside running statistics, which those would not resolve.

        Args:
            batch_norm (bool): the model normalises over the batch.

        Raises:
            ValueError: ``precision`` is ``"bf16-pure"`` and it does.
        """
        if batch_norm and self.precision == "bf16-pure":
            raise ValueError(
                "--precision bf16-pure would keep batch statistics in 16 bits: use --precision bf16."
            )

    def check_device(self, device: str) -> None:
        """Raises a ValueError where the device cannot run these settings."""
        if device == "cpu" and self.precision == "fp16":
            raise ValueError("--precision fp16 needs a GPU; on a CPU use --precision bf16.")

    def value(self, name: str) -> Any:
        """The value of a setting by its name, whichever lever it belongs to."""
        if name in _OWN:
            return getattr(self, name)
        return dict(self.more)[name] if name in dict(self.more) else _defaults()[name]

    def replace(self, **changes: object) -> MemorySettings:
        """A copy with some settings changed.

        Raises:
            TypeError: no lever has such a setting.
        """
        own = {name: changes.pop(name) for name in list(changes) if name in _OWN}
        if unknown := changes.keys() - _defaults().keys():
            raise TypeError(f"no lever has a setting {min(unknown)}.")
        if changes:
            more = dict(self.more) | changes
            own["more"] = tuple((name, value) for name, value in sorted(more.items()) if value != _defaults()[name])
        return dataclasses.replace(self, **own)

    def as_dict(self) -> dict[str, object]:
        """The settings as plain values, for ``run.json``."""
        return {name: getattr(self, name) for name in _OWN} | dict(self.more)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> MemorySettings:
        """What :meth:`as_dict` gave."""
        own = {name: value for name, value in values.items() if name in _OWN}
        return cls(**own).replace(**{name: value for name, value in values.items() if name not in _OWN})  # pyright: ignore[reportArgumentType]  # of JSON

    def flags(self) -> list[str]:
        """The settings as arguments of ``training/finetune.py`` and ``grokaem plan``."""
        return [word for setting in all_settings() for word in setting.words(self)]


_OWN = tuple(field.name for field in dataclasses.fields(MemorySettings) if field.name != "more")


def _defaults() -> dict[str, object]:
    return {setting.name: setting.default for setting in all_settings()}


def add_settings_arguments(
    parser: argparse.ArgumentParser, batch_size: int | None = 32, precision: str | None = "fp32"
) -> None:
    """Adds the flags of the memory settings to an ``argparse`` parser, the same in every command.

    Args:
        parser (argparse.ArgumentParser): the parser to extend.
        batch_size (int, optional): default of ``--batch-size``. (Default: 32)
        precision (str, optional): default of ``--precision``; None leaves the choice to the caller, ``"auto"``
            does too and can be typed. (Default: ``"fp32"``)
    """
    group = parser.add_argument_group("memory", "the levers of docs/memory_checklist.md")
    changes: dict[str, dict[str, Any]] = {
        "micro_batch_size": {"default": batch_size},
        "precision": {"default": precision},
    }
    if batch_size is None:
        told = "examples of one pass on one process (default: 32; 16 for wide_resnet)"
        changes["micro_batch_size"]["help"] = told
    if precision == "auto":
        changes["precision"]["choices"] = ("auto", *PRECISIONS)
    for setting in all_settings():
        setting.add_to(group, **changes.get(setting.name, {}))


def parse_freeze(value: str) -> str | int:
    """``"4"`` -> 4; words stay words and are checked by :class:`MemorySettings`."""
    return int(value) if value.lstrip("-").isdigit() else value


def from_arguments(arguments: argparse.Namespace) -> MemorySettings:
    """The settings of a parsed command line (see :func:`add_settings_arguments`)."""
    asked = {setting.name: setting.asked(arguments) for setting in all_settings()}
    if asked["precision"] in (None, "auto"):
        asked["precision"] = "fp32"
    return MemorySettings.from_dict(asked)
