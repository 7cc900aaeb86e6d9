"""What a layer keeps from the forward pass for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting

if TYPE_CHECKING:
    from torch import nn

    from grokaem.memory.settings import MemorySettings


def _checkpoint(model: nn.Module, settings: MemorySettings) -> nn.Module:
    from grokaem.memory.checkpointing import enable_checkpointing

    return enable_checkpointing(model)


def _without_attention_dropout(model: nn.Module, settings: MemorySettings) -> nn.Module:
    from grokaem.memory.apply import attention_dropout_off

    attention_dropout_off(model)
    return model


def _checkpointed(settings: MemorySettings) -> MemorySettings | None:
    return None if settings.gradient_checkpointing else settings.replace(gradient_checkpointing=True)


def _dropout_off(settings: MemorySettings) -> MemorySettings | None:
    return None if settings.attention_dropout_off else settings.replace(attention_dropout_off=True)


CHECKPOINTING = Lever(
    key="checkpointing",
    name="Gradient checkpointing",
    flag="--gradient-checkpointing",
    kind="exact",
    saves="activations, down to one layer's and every layer's input",
    costs="one more forward pass",
    chosen="activations are the largest part and can be computed again",
    refused="activations fit without computing them twice",
    setting=Setting("gradient_checkpointing", False, "compute activations again instead of keeping them"),
    value=True,
    apply=_checkpoint,
    when_full=_checkpointed,
)
ATTENTION_DROPOUT = Lever(
    key="attention_dropout",
    name="Attention dropout off",
    flag="--attention-dropout-off",
    kind="exact",
    saves="every layer's (batch, heads, sequence, sequence) matrices",
    costs="one regulariser less",
    chosen="without dropout on its weights, attention runs in one fused kernel that keeps no weights",
    refused="attention weights are a small part here",
    needs=("attention",),
    setting=Setting(
        "attention_dropout_off", False, "no dropout on attention weights: frees the fused attention kernel"
    ),
    value=True,
    apply=_without_attention_dropout,
    when_full=_dropout_off,
)
