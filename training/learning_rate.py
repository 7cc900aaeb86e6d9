"""The peak learning rate where none is asked for."""

from __future__ import annotations

from memory.settings import MemorySettings

ADAPTERS = 10.0  # adapters start at nothing and are few: they need, and bear, larger steps
SGD = 500.0  # steps are in proportion to the gradient, not to its sign as Adam's


def default_learning_rate(usual: float, settings: MemorySettings) -> float:
    """The task's usual rate for AdamW on all weights, made larger where the levers call for it.

    Args:
        usual (float): the task's.
        settings (MemorySettings): ``lora_rank`` and ``optimizer`` are used.
    """
    rate = usual * (ADAPTERS if settings.lora_rank else 1.0)
    return rate * SGD if settings.optimizer == "sgd" else rate
