"""Training a part of the model, or something small beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting
from grokaem.memory.settings import parse_freeze

if TYPE_CHECKING:
    from torch import nn

    from grokaem.memory.settings import MemorySettings


def _freeze(model: nn.Module, settings: MemorySettings) -> nn.Module:
    from grokaem.memory.apply import freeze

    freeze(model, settings.freeze)
    return model


def _to_int8(model: nn.Module, settings: MemorySettings) -> nn.Module:
    from grokaem.memory.apply import linear_to_int8

    linear_to_int8(model)
    return model


def _with_adapters(model: nn.Module, settings: MemorySettings) -> nn.Module:
    from grokaem.memory.apply import add_lora

    return add_lora(model, settings.lora_rank)


LORA = Lever(
    key="lora",
    name="LoRA",
    flag="--lora-rank",
    kind="fewer weights",
    saves="gradients and optimizer state of all but about 1 % of the weights",
    costs="less freedom to adapt; needs a larger learning rate",
    chosen="gradients and state of the whole model do not fit; adapters of rank 8 need almost none",
    refused="the whole model's gradients and state fit",
    needs=("attention",),
    setting=Setting("lora_rank", 0, "train LoRA adapters of this rank", options={"type": int, "metavar": "R"}),
    value=8,
    apply=_with_adapters,
    place="adapters",
)
INT8_LORA = Lever(
    key="int8_lora",
    name="int8 weights under LoRA",
    flag="--load-in-8bit --lora-rank 8",
    kind="fewer weights",
    saves="three quarters of the frozen weights",
    costs="slower products; on a CPU its temporary tensors can outweigh the saving",
    chosen="frozen weights are the largest part and need no more than 8 bits",
    refused="the frozen weights fit as they are",
    needs=("attention",),
    setting=Setting("load_in_8bit", False, "int8 base weights under LoRA"),
    value=True,
    alone=lambda settings, device: [
        (INT8_LORA.name, {"lora_rank": settings.lora_rank or 8, "load_in_8bit": True})
    ],
    apply=_to_int8,
    place="numbers",
)
FREEZE = Lever(
    key="freeze",
    name="Freezing from below",
    flag="--freeze",
    kind="fewer weights",
    saves="gradients and state of the frozen part, and its activations when it is the lowest layers",
    costs="the frozen part keeps what it knew",
    chosen="the lowest layers change least in fine-tuning; frozen, they keep no activations",
    refused="every weight can train",
    setting=Setting(
        "freeze",
        "none",
        "none, embeddings, or a number of lowest layers (default: none)",
        options={"type": parse_freeze, "metavar": "WHAT"},
        same=(0,),
    ),
    value="embeddings",
    apply=_freeze,
    place="frozen",
)
