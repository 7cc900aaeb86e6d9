"""What decides whether a lever of the checklist applies: the model, the device, the data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What decides whether a lever of the checklist applies.

    Attributes:
        device (str): ``"cpu"`` or ``"cuda"``.
        architecture (str): the model's type, e.g. ``"bert"`` or ``"wide_resnet_audio"``.
        attention (bool): the model has attention layers.
        embeddings (bool): the model has lookup tables.
        batch_norm (bool): the model normalises over the batch.
        fast_bf16 (bool): the processor, or the graphics card, multiplies bf16 natively.
        int8_products (bool): the device holds weights in int8 and multiplies them.
        processes (int): processes that train together.
        padding (bool): inputs differ in length, so some are padded.
        drops_attention (bool): the model drops attention weights in training.
    """

    device: str = "cpu"
    architecture: str = "bert"
    attention: bool = True
    embeddings: bool = True
    batch_norm: bool = False
    fast_bf16: bool = True
    int8_products: bool = True
    processes: int = 1
    padding: bool = True
    drops_attention: bool = True

    @property
    def fast_16_bit(self) -> bool:
        """The device multiplies 16-bit numbers natively."""
        return self.device == "cuda" or self.fast_bf16

    @property
    def autocast(self) -> str:
        """The precision of autocast that suits the device."""
        return "fp16" if self.device == "cuda" and not self.fast_bf16 else "bf16"

    @property
    def keeps_bf16(self) -> bool:
        """Weights may be kept in bf16: a graphics card that does not multiply it would copy them at every use."""
        return self.device != "cuda" or self.fast_bf16

    @property
    def no_running_statistics(self) -> bool:
        """The model keeps no running statistics, which 16 bits would not resolve."""
        return not self.batch_norm

    @property
    def copies_inputs(self) -> bool:
        """Batches travel from the host to the device."""
        return self.device == "cuda"


# What a lever can need: when it applies, and what to say where it does not.
CONDITIONS: dict[str, tuple[str, str]] = {
    "attention": ("the model has attention layers", "this model has no attention layers"),
    "embeddings": ("the model has lookup tables", "this model has no lookup tables"),
    "fast_16_bit": (
        "the processor multiplies 16-bit numbers natively",
        "this processor multiplies 16-bit numbers more slowly than 32-bit ones",
    ),
    "keeps_bf16": (
        "the device multiplies bf16, or is a CPU",
        "this graphics card does not multiply bf16",
    ),
    "int8_products": (
        "the device multiplies int8",
        "this graphics card has no int8 products",
    ),
    "no_running_statistics": (
        "the model keeps no batch statistics",
        "batch statistics would be kept in 16 bits",
    ),
    "copies_inputs": ("the model is on an accelerator", "on a CPU there is nowhere to copy the data to"),
    "padding": ("inputs differ in length", "all inputs have one length"),
}
