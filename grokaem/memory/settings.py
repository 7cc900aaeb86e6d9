"""The memory settings of one training run: what the planner predicts is exactly what training applies."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

PRECISIONS = ("fp32", "tf32", "fp16", "bf16", "bf16-pure")
OPTIMIZERS = ("adamw", "adamw8bit", "adafactor", "sgd")


@dataclass(frozen=True)
class MemorySettings:
    """Every lever of the checklist that changes the memory of a training step.

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

    def replace(self, **changes: object) -> MemorySettings:
        """A copy with some settings changed."""
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, object]:
        """The settings as plain values, for ``run.json``."""
        return dataclasses.asdict(self)

    def flags(self) -> list[str]:
        """The settings as arguments of ``training/finetune.py`` and ``grokaem plan``."""
        flags = ["--batch-size", str(self.micro_batch_size)]
        if self.gradient_accumulation_steps > 1:
            flags += ["--gradient-accumulation-steps", str(self.gradient_accumulation_steps)]
        if self.gradient_checkpointing:
            flags += ["--gradient-checkpointing"]
        flags += ["--optimizer", self.optimizer]
        if self.optimizer == "adamw8bit" and not self.embeddings_32bit:
            flags += ["--no-embeddings-32bit"]
        if self.embeddings_by_row:
            flags += ["--embeddings-by-row"]
        flags += ["--precision", self.precision]
        if self.attention_dropout_off:
            flags += ["--attention-dropout-off"]
        if self.lora_rank:
            flags += ["--lora-rank", str(self.lora_rank)]
        if self.load_in_8bit:
            flags += ["--load-in-8bit"]
        if self.freeze not in ("none", 0):
            flags += ["--freeze", str(self.freeze)]
        if self.optimizer_in_backward:
            flags += ["--optimizer-in-backward"]
        return flags


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
    import argparse

    group = parser.add_argument_group("memory", "the levers of docs/memory_checklist.md")

    def switch(flag: str, text: str, default: bool = False) -> None:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=text)

    group.add_argument(
        "--batch-size",
        type=int,
        default=batch_size,
        metavar="N",
        help="examples of one pass on one process"
        + (" (default: 32; 16 for wide_resnet)" if batch_size is None else " (default: %(default)s)"),
    )
    group.add_argument(
        "--gradient-accumulation-steps",
        type=int,
        default=1,
        metavar="N",
        help="passes summed before one optimizer step (default: %(default)s)",
    )
    switch("--gradient-checkpointing", "compute activations again instead of keeping them")
    group.add_argument("--optimizer", choices=OPTIMIZERS, default="adamw")
    switch("--embeddings-32bit", "with adamw8bit, 32-bit state for embedding tables (default: yes)", default=True)
    switch("--embeddings-by-row", "with adamw8bit, one number of state for each row of the embedding tables")
    group.add_argument(
        "--precision",
        choices=("auto", *PRECISIONS) if precision == "auto" else PRECISIONS,
        default=precision,
        help="fp16 and bf16 are autocast; bf16-pure also stores the weights in bf16",
    )
    switch("--attention-dropout-off", "no dropout on attention weights: frees the fused attention kernel")
    group.add_argument(
        "--lora-rank", type=int, default=0, metavar="R", help="train LoRA adapters of this rank"
    )
    switch("--load-in-8bit", "int8 base weights under LoRA")
    group.add_argument(
        "--freeze",
        type=parse_freeze,
        default="none",
        metavar="WHAT",
        help="none, embeddings, or a number of lowest layers (default: none)",
    )
    switch("--optimizer-in-backward", "update each weight during the backward pass and free its gradient")


def parse_freeze(value: str) -> str | int:
    """``"4"`` -> 4; words stay words and are checked by :class:`MemorySettings`."""
    return int(value) if value.lstrip("-").isdigit() else value


def from_arguments(arguments: argparse.Namespace) -> MemorySettings:
    """The settings of a parsed command line (see :func:`add_settings_arguments`)."""
    return MemorySettings(
        micro_batch_size=arguments.batch_size,
        gradient_accumulation_steps=arguments.gradient_accumulation_steps,
        gradient_checkpointing=arguments.gradient_checkpointing,
        optimizer=arguments.optimizer,
        embeddings_32bit=arguments.embeddings_32bit,
        embeddings_by_row=arguments.embeddings_by_row,
        precision="fp32" if arguments.precision in (None, "auto") else arguments.precision,
        attention_dropout_off=arguments.attention_dropout_off,
        lora_rank=arguments.lora_rank,
        load_in_8bit=arguments.load_in_8bit,
        freeze=arguments.freeze,
        optimizer_in_backward=arguments.optimizer_in_backward,
    )
