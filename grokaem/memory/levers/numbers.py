"""The bits that numbers are multiplied and kept in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting
from grokaem.memory.settings import PRECISIONS

if TYPE_CHECKING:
    from torch import nn

    from grokaem.memory.settings import MemorySettings


PRECISION = Setting(
    "precision",
    "fp32",
    "fp16 and bf16 are autocast; bf16-pure also stores the weights in bf16",
    options={"choices": PRECISIONS},
    always=True,
)


def _in_bf16(model: nn.Module, settings: MemorySettings) -> nn.Module:
    import torch

    return model.to(torch.bfloat16)


def _each_arithmetic(settings: MemorySettings, device: str) -> list[tuple[str, Mapping[str, object]]]:
    names = {"tf32": "tf32 products", "bf16": "bf16 autocast"}
    if device == "cuda":
        names["fp16"] = "fp16 autocast"
    return [(name, {"precision": precision}) for precision, name in names.items()]


def _autocast(settings: MemorySettings) -> MemorySettings | None:
    return settings.replace(precision="bf16") if settings.precision in ("fp32", "tf32") else None


AUTOCAST = Lever(
    key="precision",
    name="Autocast to 16 bits",
    flag="--precision bf16",
    kind="rounding",
    saves="about half of the activations that layers keep",
    costs="a 16-bit copy of the weights in use; rounding",
    chosen="the processor multiplies 16-bit numbers natively, which is faster and keeps half the bytes",
    refused="fp32 fits and was asked for",
    needs=("fast_16_bit",),
    setting=PRECISION,
    value="bf16",
    values=("tf32", "fp16", "bf16"),
    alone=_each_arithmetic,
    when_full=_autocast,
)
PURE_BF16 = Lever(
    key="pure_bf16",
    name="Weights in bf16 too",
    flag="--precision bf16-pure",
    kind="rounding",
    saves="half of weights, gradients, state and activations",
    costs="updates below 1/256 of a weight are lost, so accuracy can suffer; harmless for frozen weights",
    chosen="weights, gradients and state are the largest part, and halving them all is what fits",
    refused="fp32 weights fit, and they learn better",
    needs=("no_running_statistics", "keeps_bf16"),
    setting=PRECISION,
    value="bf16-pure",
    values=("bf16-pure",),
    apply=_in_bf16,
    place="numbers",
)
