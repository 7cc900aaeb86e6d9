"""What the optimizer keeps of each weight, and when it uses a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.memory.lever import Lever, Setting
from grokaem.memory.settings import OPTIMIZERS

if TYPE_CHECKING:
    from grokaem.memory.settings import MemorySettings


def _in_8_bits(settings: MemorySettings) -> MemorySettings | None:
    plain = settings.optimizer == "adamw" and not settings.lora_rank
    return settings.replace(optimizer="adamw8bit") if plain else None


def _tables_in_8_bits(settings: MemorySettings) -> MemorySettings | None:
    exact = settings.embeddings_32bit and not settings.embeddings_by_row
    return settings.replace(embeddings_32bit=False) if settings.optimizer == "adamw8bit" and exact else None


ADAM_8BIT = Lever(
    key="adam8bit",
    name="8-bit Adam",
    flag="--optimizer adamw8bit",
    kind="rounding",
    saves="optimizer state, from 8 bytes a weight to about 2",
    costs="a slower optimizer step on a CPU",
    chosen="once activations are small, Adam's two moments are the largest part",
    refused="the 32-bit state fits",
    setting=Setting("optimizer", "adamw", "(default: %(default)s)", options={"choices": OPTIMIZERS}, always=True),
    value="adamw8bit",
    when_full=_in_8_bits,
)
EMBEDDINGS_8BIT = Lever(
    key="embeddings_8bit",
    name="8-bit state for the embeddings too",
    flag="--no-embeddings-32bit",
    kind="rounding",
    saves="6 bytes for each value of the lookup tables",
    costs="rare words are updated by coarser steps",
    chosen="lookup tables are a large part of a small model's optimizer state",
    refused="embedding tables keep 32-bit state, which is the safer choice",
    needs=("embeddings",),
    setting=Setting(
        "embeddings_32bit",
        True,
        "with adamw8bit, 32-bit state for embedding tables (default: yes)",
        counts=lambda settings: settings.optimizer == "adamw8bit",
    ),
    value=False,
    alone=lambda settings, device: [],  # it comes with 8-bit Adam
    when_full=_tables_in_8_bits,
    late=lambda settings: True,
)
EMBEDDINGS_BY_ROW = Lever(
    key="embeddings_by_row",
    name="One moment for each row of the embeddings",
    flag="--optimizer adamw8bit --embeddings-by-row",
    kind="rounding",
    saves="all state of the lookup tables",
    costs="all values of a row move at one rate, without momentum",
    chosen="a row of a lookup table is met in few batches: the size of its gradient is all the state it needs",
    refused="the state of the lookup tables fits",
    needs=("embeddings",),
    setting=Setting(
        "embeddings_by_row",
        False,
        "with adamw8bit, one number of state for each row of the embedding tables",
    ),
    value=True,
    alone=lambda settings, device: [
        (EMBEDDINGS_BY_ROW.name, {"optimizer": "adamw8bit", "embeddings_by_row": True})
    ],
)
IN_BACKWARD = Lever(
    key="in_backward",
    name="Optimizer in backward",
    flag="--optimizer-in-backward",
    kind="exact",
    saves="all gradients but one layer's",
    costs="no accumulation, no clipping by the total norm",
    chosen="a gradient that is used at once need not be kept",
    refused="gradients fit together, and accumulation needs them to",
    setting=Setting(
        "optimizer_in_backward", False, "update each weight during the backward pass and free its gradient"
    ),
    value=True,
)
