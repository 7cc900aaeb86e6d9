"""The memory checklist as data, in the order a person should go through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grokaem.memory.settings import MemorySettings

Kind = Literal["check", "model", "exact", "rounding", "fewer weights", "host", "after"]


@dataclass(frozen=True)
class Situation:
    """What decides whether a lever of the checklist applies.

    Attributes:
        task (str): ``"text"`` or ``"audio"``.
        device (str): ``"cpu"`` or ``"cuda"``.
        architecture (str): the model's type, e.g. ``"bert"`` or ``"wide_resnet_audio"``.
        attention (bool): the model has attention layers.
        embeddings (bool): the model has lookup tables.
        batch_norm (bool): the model normalises over the batch.
        fast_bf16 (bool): the processor multiplies bf16 natively.
        processes (int): processes that train together.
        padding (bool): inputs differ in length, so some are padded.
    """

    task: str = "text"
    device: str = "cpu"
    architecture: str = "bert"
    attention: bool = True
    embeddings: bool = True
    batch_norm: bool = False
    fast_bf16: bool = True
    processes: int = 1
    padding: bool = True

    @property
    def fast_16_bit(self) -> bool:
        """The device multiplies 16-bit numbers natively."""
        return self.device == "cuda" or self.fast_bf16

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
    "no_running_statistics": (
        "the model keeps no batch statistics",
        "batch statistics would be kept in 16 bits",
    ),
    "copies_inputs": ("the model is on an accelerator", "on a CPU there is nowhere to copy the data to"),
    "padding": ("inputs differ in length", "all inputs have one length"),
}


@dataclass(frozen=True)
class Lever:
    """One lever of the checklist: something to turn that makes a training step smaller.

    A lever is the thing, with its flag; a setting is a value that a lever changes (:class:`MemorySettings`).

    Attributes:
        key (str): short name, unique.
        name (str): what a person calls it.
        flag (str): the flag of ``training/finetune.py``; empty where the lever is no flag.
        setting (str): the field of :class:`MemorySettings`; empty where the lever changes no tensor.
        value: what the setting becomes when the lever alone is taken.
        kind (str): what it trades. ``exact`` computes the same update up to rounding; ``rounding`` stores or
            multiplies in fewer bits; ``fewer weights`` trains a part of the model.
        saves (str): what becomes smaller.
        costs (str): what it costs.
        chosen (str): the reason printed when it is taken.
        refused (str): the reason printed when it applies but is not taken.
        needs (tuple of str): properties of :class:`Situation` that must be true, keys of ``CONDITIONS``.
    """

    key: str
    name: str
    flag: str
    setting: str
    value: object
    kind: Kind
    saves: str
    costs: str
    chosen: str
    refused: str
    needs: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """When the lever applies, in words."""
        return " and ".join(CONDITIONS[name][0] for name in self.needs) or "always"

    def applies(self, situation: Situation) -> bool:
        """Whether the lever can be taken in this situation."""
        return all(getattr(situation, name) for name in self.needs)

    def why_not(self, situation: Situation) -> str:
        """The reason printed when the lever is not taken."""
        missing = [CONDITIONS[name][1] for name in self.needs if not getattr(situation, name)]
        return " and ".join(missing) or self.refused

    def taken(self, settings: MemorySettings) -> bool:
        """Whether these settings take the lever."""
        if not self.setting:
            return False
        now, usual = getattr(settings, self.setting), getattr(MemorySettings(), self.setting)
        if self.key == "pure_bf16":
            return now == "bf16-pure"
        if self.key == "precision":
            return now in ("tf32", "fp16", "bf16")
        return now != usual


def levers() -> tuple[Lever, ...]:
    """All levers, in order."""
    return CHECKLIST


def find_lever(key: str) -> Lever:
    """The lever of that key.

    Raises:
        ValueError: there is none.
    """
    for item in CHECKLIST:
        if item.key == key:
            return item
    raise ValueError(
        f"The checklist has no lever {key!r}; its levers are {', '.join(s.key for s in CHECKLIST)}."
    )


def levers_between(before: MemorySettings, after: MemorySettings) -> list[Lever]:
    """The levers that lead from one to the other, in order."""
    found = []
    for item in CHECKLIST:
        if not item.setting or getattr(before, item.setting) == getattr(after, item.setting):
            continue
        if item.setting == "precision" and item.key != (
            "pure_bf16" if after.precision == "bf16-pure" else "precision"
        ):
            continue
        found.append(item)
    return found


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
    for item in CHECKLIST:
        if not item.setting:
            continue
        taken = item.taken(settings)
        why = item.chosen if taken else (refused or {}).get(item.key) or item.why_not(situation)
        told.append((item, taken, why))
    return told


CHECKLIST: tuple[Lever, ...] = (
    Lever(
        "preflight",
        "Two examples on the CPU first",
        "--preflight",
        "",
        True,
        "check",
        "a failed run",
        "seconds",
        "a wrong label or shape also looks like running out of memory on an accelerator, and is found here",
        "switched off by --no-preflight",
    ),
    Lever(
        "distilled",
        "A distilled student instead of its teacher",
        "--base-model",
        "",
        None,
        "model",
        "everything, in proportion to the layers",
        "some accuracy",
        "half the layers are half the weights, gradients, state and activations",
        "the model you asked for fits",
    ),
    Lever(
        "micro_batch",
        "A smaller batch",
        "--batch-size",
        "micro_batch_size",
        8,
        "exact",
        "activations, in proportion",
        "less work at a time, so a slower step on many processors; BatchNorm sees fewer examples at once",
        "activations grow with the examples of one pass",
        "the whole batch fits",
    ),
    Lever(
        "checkpointing",
        "Gradient checkpointing",
        "--gradient-checkpointing",
        "gradient_checkpointing",
        True,
        "exact",
        "activations, down to one layer's and every layer's input",
        "one more forward pass",
        "activations are the largest part and can be computed again",
        "activations fit without computing them twice",
    ),
    Lever(
        "accumulation",
        "Gradient accumulation",
        "--gradient-accumulation-steps",
        "gradient_accumulation_steps",
        4,
        "exact",
        "nothing by itself: it keeps the effective batch when the batch is made smaller",
        "one more buffer of gradients lives through the passes",
        "the effective batch stays what you asked for, example by example",
        "one pass holds the whole batch",
    ),
    Lever(
        "adam8bit",
        "8-bit Adam",
        "--optimizer adamw8bit",
        "optimizer",
        "adamw8bit",
        "rounding",
        "optimizer state, from 8 bytes a weight to about 2",
        "a slower optimizer step on a CPU",
        "once activations are small, Adam's two moments are the largest part",
        "the 32-bit state fits",
    ),
    Lever(
        "embeddings_8bit",
        "8-bit state for the embeddings too",
        "--no-embeddings-32bit",
        "embeddings_32bit",
        False,
        "rounding",
        "6 bytes for each value of the lookup tables",
        "rare words are updated by coarser steps",
        "lookup tables are a large part of a small model's optimizer state",
        "embedding tables keep 32-bit state, which is the safer choice",
        needs=("embeddings",),
    ),
    Lever(
        "embeddings_by_row",
        "One moment for each row of the embeddings",
        "--optimizer adamw8bit --embeddings-by-row",
        "embeddings_by_row",
        True,
        "rounding",
        "all state of the lookup tables",
        "all values of a row move at one rate, without momentum",
        "a row of a lookup table is met in few batches: the size of its gradient is all the state it needs",
        "the state of the lookup tables fits",
        needs=("embeddings",),
    ),
    Lever(
        "attention_dropout",
        "Attention dropout off",
        "--attention-dropout-off",
        "attention_dropout_off",
        True,
        "exact",
        "every layer's (batch, heads, sequence, sequence) matrices",
        "one regulariser less",
        "without dropout on its weights, attention runs in one fused kernel that keeps no weights",
        "attention weights are a small part here",
        needs=("attention",),
    ),
    Lever(
        "precision",
        "Autocast to 16 bits",
        "--precision bf16",
        "precision",
        "bf16",
        "rounding",
        "about half of the activations that layers keep",
        "a 16-bit copy of the weights in use; rounding",
        "the processor multiplies 16-bit numbers natively, which is faster and keeps half the bytes",
        "fp32 fits and was asked for",
        needs=("fast_16_bit",),
    ),
    Lever(
        "pure_bf16",
        "Weights in bf16 too",
        "--precision bf16-pure",
        "precision",
        "bf16-pure",
        "rounding",
        "half of weights, gradients, state and activations",
        "updates below 1/256 of a weight are lost, so accuracy can suffer; harmless for frozen weights",
        "weights, gradients and state are the largest part, and halving them all is what fits",
        "fp32 weights fit, and they learn better",
        needs=("no_running_statistics",),
    ),
    Lever(
        "lora",
        "LoRA",
        "--lora-rank",
        "lora_rank",
        8,
        "fewer weights",
        "gradients and optimizer state of all but about 1 % of the weights",
        "less freedom to adapt; needs a larger learning rate",
        "gradients and state of the whole model do not fit; adapters of rank 8 need almost none",
        "the whole model's gradients and state fit",
        needs=("attention",),
    ),
    Lever(
        "int8_lora",
        "int8 weights under LoRA",
        "--load-in-8bit --lora-rank 8",
        "load_in_8bit",
        True,
        "fewer weights",
        "three quarters of the frozen weights",
        "slower products; on a CPU its temporary tensors can outweigh the saving",
        "frozen weights are the largest part and need no more than 8 bits",
        "the frozen weights fit as they are",
        needs=("attention",),
    ),
    Lever(
        "freeze",
        "Freezing from below",
        "--freeze",
        "freeze",
        "embeddings",
        "fewer weights",
        "gradients and state of the frozen part, and its activations when it is the lowest layers",
        "the frozen part keeps what it knew",
        "the lowest layers change least in fine-tuning; frozen, they keep no activations",
        "every weight can train",
    ),
    Lever(
        "in_backward",
        "Optimizer in backward",
        "--optimizer-in-backward",
        "optimizer_in_backward",
        True,
        "exact",
        "all gradients but one layer's",
        "no accumulation, no clipping by the total norm",
        "a gradient that is used at once need not be kept",
        "gradients fit together, and accumulation needs them to",
    ),
    Lever(
        "bucketing",
        "Texts of like length together, padded no further than needed",
        "--group-by-length",
        "",
        True,
        "exact",
        "the padding of every batch",
        "order within an epoch is a little less random",
        "padding is computed and stored like text; only the longest batch sets the peak",
        "switched off by --no-group-by-length",
        needs=("padding",),
    ),
    Lever(
        "host",
        "Data stays on the host",
        "--pin-memory",
        "",
        True,
        "host",
        "accelerator memory: only the batch in use is there",
        "pinned pages of host memory",
        "only the batch in use travels to the accelerator, from pinned pages while the last one computes",
        "on a CPU there is nowhere to copy the data to, so no pages are pinned",
        needs=("copies_inputs",),
    ),
    Lever(
        "workers",
        "Workers that prepare batches",
        "--dataloader-workers",
        "",
        2,
        "host",
        "no memory: time, where preparing a batch takes as long as a step",
        "a process on the host for each, with its own copy of what it touches",
        "preparing batches takes as long as training on them",
        "the data is prepared once and kept on the host, so workers would only take memory",
    ),
    Lever(
        "what_runs_where",
        "Losses leave the graph as numbers",
        "--logging-steps",
        "",
        25,
        "host",
        "the graphs a kept loss tensor would hold",
        "nothing",
        "a loss tensor kept for a plot keeps its whole graph; its value is taken only at logging steps, and "
        "metrics are computed on the CPU",
        "always on",
    ),
    Lever(
        "quantize",
        "Quantization for use",
        "--export",
        "",
        True,
        "after",
        "three quarters of the model's size in use",
        "measured accuracy, and the export is refused beyond a limit",
        "training needs fine steps, use does not: the exported model is int8",
        "no export was asked for",
    ),
)
