"""The peak learning rates where none are asked for."""

from __future__ import annotations

from grokaem.memory.settings import MemorySettings

ADAPTER_RATE_FACTOR = 10.0  # adapters start at nothing and are few: they need, and bear, larger steps
HEAD_RATE_FACTOR = 10.0  # the same holds for a new head: at the encoder's rate rare classes are not learned in time
SGD_RATE_FACTOR = 500.0  # steps are in proportion to the gradient, not to its sign as Adam's


def default_learning_rate(usual: float, settings: MemorySettings) -> float:
    """The task's usual rate for AdamW on all weights, made larger where the levers call for it.

    Args:
        usual (float): the task's.
        settings (MemorySettings): ``lora_rank`` and ``optimizer`` are used.
    """
    rate = usual * (ADAPTER_RATE_FACTOR if settings.lora_rank else 1.0)
    return rate * SGD_RATE_FACTOR if settings.optimizer == "sgd" else rate


def head_learning_rate(rate: float, asked: float | None, pretrained: bool, settings: MemorySettings) -> float:
    """The peak rate of what lies above a pretrained encoder's layers.

    Args:
        rate (float): of the other weights.
        asked (float, optional): ``--head-learning-rate``.
        pretrained (bool): whether the encoder is; a network from scratch has one rate.
        settings (MemorySettings): with LoRA everything that trains is new, and has one rate.
    """
    if asked is not None:
        return asked
    return rate * (HEAD_RATE_FACTOR if pretrained and not settings.lora_rank else 1.0)


def new_learning_rate(rate: float, asked: float | None, settings: MemorySettings) -> float | None:
    """The peak rate of what no checkpoint gave within the encoder, such as a pooler; None where it is the head's.

    Beside adapters it is full matrices: at their rate these diverge.

    Args:
        rate (float): of the other weights.
        asked (float, optional): ``--head-learning-rate``, which is that of a new pooler too.
        settings (MemorySettings): ``lora_rank`` is used.
    """
    return rate / ADAPTER_RATE_FACTOR if settings.lora_rank and asked is None else None


def rates_of_new_weights(
    rate: float, asked: float | None, pretrained: bool, settings: MemorySettings
) -> dict[str, float | None]:
    """Both peak rates, by the names under which :func:`grokaem.memory.optimizers.build_optimizer` takes them.

    Args:
        rate (float): of the other weights.
        asked (float, optional): ``--head-learning-rate``.
        pretrained (bool): whether the encoder is.
        settings (MemorySettings): the levers.
    """
    head, new = head_learning_rate(rate, asked, pretrained, settings), new_learning_rate(rate, asked, settings)
    return {"head_lr": head, "new_lr": new}
