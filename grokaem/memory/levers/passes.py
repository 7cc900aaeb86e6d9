"""How many examples one pass holds, and how many passes one step has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting

if TYPE_CHECKING:
    from grokaem.memory.settings import MemorySettings


Rows = list[tuple[str, Mapping[str, object]]]
FEWEST = 4  # below so many examples a pass leaves the processor idle: other levers come first


def _smaller_passes(settings: MemorySettings) -> MemorySettings | None:
    """At most half as many examples a pass, and as many more passes."""
    batch = settings.effective_batch_size
    size = next((n for n in range(settings.micro_batch_size // 2, 0, -1) if batch % n == 0), None)
    if size is None or settings.optimizer_in_backward:
        return None
    return settings.replace(micro_batch_size=size, gradient_accumulation_steps=batch // size)


def _same_batch_in_passes(settings: MemorySettings, device: str) -> Rows:
    batch = settings.effective_batch_size
    passes = next((n for n in (4, 3, 2, 5, 7) if batch % n == 0), batch)
    size = batch // passes
    change = {"micro_batch_size": size, "gradient_accumulation_steps": passes}
    return [(f"{ACCUMULATION.name}, {passes} x {size}", change)]


MICRO_BATCH = Lever(
    key="micro_batch",
    name="A smaller batch",
    flag="--batch-size",
    kind="exact",
    saves="activations, in proportion",
    costs="less work at a time, so a slower step on many processors; BatchNorm sees fewer examples at once",
    chosen="activations grow with the examples of one pass",
    refused="the whole batch fits",
    setting=Setting(
        "micro_batch_size",
        32,
        "examples of one pass on one process (default: %(default)s)",
        flag="--batch-size",
        options={"type": int, "metavar": "N"},
        always=True,
    ),
    value=8,
    alone=lambda settings, device: [],  # a row of its own says no more: a pass is made smaller by accumulation
    when_full=_smaller_passes,
    late=lambda settings: settings.micro_batch_size < FEWEST,
)
ACCUMULATION = Lever(
    key="accumulation",
    name="Gradient accumulation",
    flag="--gradient-accumulation-steps",
    kind="exact",
    saves="nothing by itself: it keeps the effective batch when the batch is made smaller",
    costs="one more buffer of gradients lives through the passes",
    chosen="the effective batch stays what you asked for, example by example",
    refused="one pass holds the whole batch",
    setting=Setting(
        "gradient_accumulation_steps",
        1,
        "passes summed before one optimizer step (default: %(default)s)",
        options={"type": int, "metavar": "N"},
    ),
    value=4,
    alone=_same_batch_in_passes,
)
