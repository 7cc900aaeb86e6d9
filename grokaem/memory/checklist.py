"""The memory checklist: a line for each lever, in the order in which a person should go through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting
from grokaem.memory.situation import Situation
from grokaem.registry import Registry

if TYPE_CHECKING:
    from grokaem.memory.settings import MemorySettings

CHECKLIST = Registry(
    "lever of the checklist",
    Lever,
    [
        "grokaem.memory.levers.before:PREFLIGHT",
        "grokaem.memory.levers.before:DISTILLED",
        "grokaem.memory.levers.passes:MICRO_BATCH",
        "grokaem.memory.levers.activations:CHECKPOINTING",
        "grokaem.memory.levers.passes:ACCUMULATION",
        "grokaem.memory.levers.optimizer_state:ADAM_8BIT",
        "grokaem.memory.levers.optimizer_state:EMBEDDINGS_8BIT",
        "grokaem.memory.levers.optimizer_state:EMBEDDINGS_BY_ROW",
        "grokaem.memory.levers.activations:ATTENTION_DROPOUT",
        "grokaem.memory.levers.numbers:AUTOCAST",
        "grokaem.memory.levers.numbers:PURE_BF16",
        "grokaem.memory.levers.fewer_weights:LORA",
        "grokaem.memory.levers.fewer_weights:INT8_LORA",
        "grokaem.memory.levers.fewer_weights:FREEZE",
        "grokaem.memory.levers.optimizer_state:IN_BACKWARD",
        "grokaem.memory.levers.around:BUCKETING",
        "grokaem.memory.levers.around:HOST",
        "grokaem.memory.levers.around:WORKERS",
        "grokaem.memory.levers.around:LOSSES",
        "grokaem.memory.levers.around:QUANTIZE",
    ],
)


def levers() -> tuple[Lever, ...]:
    """All levers, in order."""
    return tuple(CHECKLIST.values())


def find_lever(key: str) -> Lever:
    """The lever of that key.

    Raises:
        ValueError: there is none.
    """
    return CHECKLIST.find(key)


def all_settings() -> tuple[Setting, ...]:
    """What the levers change, each once, in the order of the levers."""
    return tuple({item.setting.name: item.setting for item in levers() if item.setting}.values())


def levers_between(before: MemorySettings, after: MemorySettings) -> list[Lever]:
    """The levers that lead from one to the other, in order; back to a default, the first that has the setting."""
    found: dict[str, Lever] = {}
    for item in levers():
        if item.setting is None or item.value_in(before) == item.value_in(after):
            continue
        if item.is_value(item.value_in(after)) or item.setting.is_default(item.value_in(after)):
            found.setdefault(item.setting.name, item)
    return list(found.values())


def explain_levers(
    settings: MemorySettings, situation: Situation, refused: dict[str, str] | None = None
) -> list[tuple[Lever, bool, str]]:
    """Every lever that is a memory setting, whether it was taken, and the reason.

    Args:
        settings (MemorySettings): in force.
        situation (Situation): what applies.
        refused (dict, optional): key of a lever -> why the model does not take it. (Default: none)

    Returns:
        list of (Lever, bool, str): in the order of the checklist.
    """
    told = []
    for item in levers():
        if item.setting is None:
            continue
        taken = item.taken(settings)
        why = item.chosen if taken else (refused or {}).get(item.key) or item.why_not(situation)
        told.append((item, taken, why))
    return told
