"""Two examples on the CPU before the run: a plain bug is found in seconds and not taken for a lack of memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from grokaem.memory.checklist import find_lever
from grokaem.memory.settings import MemorySettings
from training.augmentation import AugmentedClips
from training.memory_choice import MemoryChoice
from training.recovery import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.records import Item
    from training.task import Task

# A new head starts with small weights, so its first loss is near ln(classes); this far above, it is no new head's.
SLACK = 1.5
WARM_UP = 0.1  # the share of its peak that the learning rate has as training sets out


def preflight(
    task: Task, items: Sequence[Item] | AugmentedClips, settings: MemorySettings, learning_rate: float
) -> list[str]:
    """Looks at every input, then takes one optimizer step on two, on the CPU, with the run's levers and arithmetic.

    They are the longest and the shortest, so that one is padded. The model is a fresh one and is thrown away.

    Args:
        task (TextTask or AudioTask): model and batches.
        items (sequence of dict): the training set.
        settings (MemorySettings): the run's levers.
        learning_rate (float): the run's.

    Returns:
        list of str: what was found, for the user.

    Raises:
        ValueError: an input or a setting that cannot be trained with; which, and why.
    """
    classes = len(task.corpus.label_names)
    part = task.corpus.train
    check_labels(part.labels, part.inputs, classes)
    raw = _raw(items)
    check_inputs(raw, part.inputs, getattr(task.model_config, "vocab_size", None))
    sizes = [len(item["input_ids"] if "input_ids" in item else item["waveform"]) for item in raw]
    number, short = int(np.argmax(sizes)), int(np.argmin(sizes))
    names = [_named(part.inputs, number), _named(part.inputs, short)]
    name = " and ".join(dict.fromkeys(names))
    model, single = _model(task, settings)
    _try_out(task, model, [raw[number], raw[short]], names, single)
    with _blaming(name):
        before, after = one_step(task, model, [raw[number], raw[short]], single, WARM_UP * learning_rate)
    if not math.isfinite(before):
        raise ValueError(
            f"preflight: the first loss is {before} for training input {name}: "
            "look at that input, and at the base model's weights."
        )
    expected = math.log(classes)
    if before > expected + SLACK:
        raise ValueError(
            f"preflight: the first loss is {before:.2f} for training input {name}, and {expected:.2f} "
            f"(ln {classes}) is what guessing gives: the base model's head was trained for other labels or the "
            "weights are broken; take its encoder, or --no-preflight if you know better."
        )
    # 16-bit weights round the loss to about 1/256: there a tie is no sign of anything.
    if not math.isfinite(after) or after > before or (after == before and settings.precision != "bf16-pure"):
        raise ValueError(
            f"preflight: one optimizer step raised the loss from {before:.4f} to {after:.4f} for training "
            f"input {name}: try a smaller --learning-rate than {learning_rate:g}, or --no-preflight."
        )
    return [
        f"preflight: first loss {before:.3f} (ln {classes} = {expected:.3f}), {after:.3f} after one step on two "
        "examples"
    ]


def check_labels(labels: Iterable[int], inputs: Sequence[object], classes: int) -> None:
    """Every label is a class number.

    Raises:
        ValueError: too few classes, or a label outside ``0..classes - 1``; which.
    """
    if classes < 2:
        raise ValueError(f"preflight: the data has {classes} class: give data with at least 2.")
    for number, label in enumerate(labels):
        if not isinstance(label, int | np.integer) or not 0 <= label < classes:
            raise ValueError(
                f"preflight: training input {_named(inputs, number)} has label {label!r}: write labels as "
                f"whole numbers from 0 to {classes - 1}."
            )


def check_inputs(items: Iterable[Item], inputs: Sequence[object], vocabulary: int | None) -> None:
    """Every text has tokens that the model's table holds; every clip has finite samples.

    Args:
        items (iterable of dict): with ``input_ids`` (list of int) or ``waveform`` (ndarray of shape (time,)).
        inputs (list): what they were made of, to name them.
        vocabulary (int, optional): rows of the model's table.

    Raises:
        ValueError: an input that is empty, out of range or not a number; which.
    """
    silent, number = 0, -1
    for number, item in enumerate(items):
        if "input_ids" in item:
            ids = item["input_ids"]
            if not ids:
                raise ValueError(f"preflight: training input {_named(inputs, number)} has no tokens: remove it.")
            if vocabulary is not None and not 0 <= min(ids) <= max(ids) < vocabulary:
                raise ValueError(
                    f"preflight: training input {_named(inputs, number)} has token {max(ids)}, and the model's "
                    f"table has {vocabulary} rows: save the model again with the tokenizer it was trained with."
                )
            continue
        clip = item["waveform"]
        if clip.ndim != 1 or not len(clip):
            raise ValueError(
                f"preflight: training input {_named(inputs, number)} has shape {clip.shape}, not (time,): "
                "convert it to mono, or remove it."
            )
        if not np.isfinite(clip).all():
            raise ValueError(
                f"preflight: training input {_named(inputs, number)} holds samples that are not "
                "numbers: convert it again, or remove it."
            )
        silent += not clip.any()
    if silent and silent == number + 1:
        raise ValueError("preflight: every training clip is silent: look at the files.")


def preflight_with_fallback_precision(
    task: Task,
    items: Sequence[Item] | AugmentedClips,
    choice: MemoryChoice,
    learning_rate: float,
    free: bool,
) -> tuple[MemoryChoice, list[str]]:
    """The preflight; where the model cannot be computed in the 16 bits that were chosen for it, another in fp32.

    Args:
        task (TextTask or AudioTask): model and batches.
        items (sequence of dict): the training set.
        choice (MemoryChoice): the run's levers.
        learning_rate (float): the run's.
        free (bool): the precision was not asked for.

    Returns:
        tuple: the levers to train with, and what was found.

    Raises:
        ValueError: as :func:`preflight`.
    """
    try:
        return choice, preflight(task, items, choice.settings, learning_rate)
    except ValueError as error:
        if not free or choice.settings.autocast_dtype is None:
            raise
        single = choice.settings.replace(precision="fp32")
        told = preflight(task, items, single, learning_rate)
        reason = f"it does not work in {choice.settings.precision}: {' '.join(str(error).split())[:200]}"
    return choice.with_lever(find_lever("precision"), single, reason), [f"going on in fp32: {reason}", *told]


def one_step(
    task: Task, model: nn.Module, items: list[Item], settings: MemorySettings, rate: float
) -> tuple[float, float]:
    """Loss of some examples before and after one optimizer step on them, without dropout.

    The step is in the run's arithmetic. The losses are in that of the weights: autocast rounds them too coarsely to
    show whether a step helped.

    Args:
        task (TextTask or AudioTask): makes the batch.
        model (nn.Module): fresh, with the levers applied; changed in place.
        items (list of dict): the examples.
        settings (MemorySettings): the levers.
        rate (float): learning rate.

    Returns:
        tuple of float: before, after.
    """
    import torch

    from grokaem.memory.optimizers import build_optimizer
    from training.learning_rate import new_learning_rate

    exact = settings.replace(precision="fp32") if settings.autocast_dtype else settings
    optimizer = build_optimizer(model, settings, rate, new_lr=new_learning_rate(rate, None, settings))
    with torch.no_grad():
        before = _loss(task, model, items, exact).item()
    _loss(task, model, items, settings).backward()
    optimizer.step()
    with torch.no_grad():
        return before, _loss(task, model, items, exact).item()


def _model(task: Task, settings: MemorySettings) -> tuple[nn.Module, MemorySettings]:
    """A fresh model without dropout, in one pass; fp16, which a CPU does not train in, becomes fp32."""
    from grokaem.memory.apply import apply_to_model, weights_dtype
    from grokaem.memory.checkpointing import batch_norms

    precision = settings.precision if settings.precision in ("bf16", "bf16-pure") else "fp32"
    single = settings.replace(micro_batch_size=2, gradient_accumulation_steps=1, precision=precision)
    model = apply_to_model(task.load_model(weights_dtype(single)), single).eval()
    for norm in batch_norms(model):
        norm.train()  # without running statistics of its own yet, it normalises by the examples
    return model, single


def _try_out(
    task: Task, model: nn.Module, items: list[Item], names: list[str], settings: MemorySettings
) -> None:
    """A forward pass of each example, and one of both as training does it, with dropout."""
    import torch

    modes = {module: module.training for module in model.modules()}
    with torch.no_grad():
        for item, name in zip(items, names, strict=True):
            with _blaming(name):
                _loss(task, model, [item], settings)
        with _blaming(" and ".join(dict.fromkeys(names))):
            _loss(task, model.train(), items, settings)
    for module, mode in modes.items():
        module.training = mode


def _loss(task: Task, model: nn.Module, items: list[Item], settings: MemorySettings) -> Tensor:
    import torch

    from grokaem.memory.apply import autocast

    batch = task.collator(items)
    if settings.precision == "bf16-pure":
        batch = {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in batch.items()}
    with autocast(settings, "cpu"):
        logits = model(**batch).logits
    wanted = (len(items), len(task.corpus.label_names))
    if logits.shape != wanted:
        raise ValueError(f"the model answers with shape {tuple(logits.shape)}, not {wanted}")
    return torch.nn.functional.cross_entropy(logits.float(), batch["labels"].to(torch.long))


@contextlib.contextmanager
def _blaming(name: str) -> Iterator[None]:
    """Names the input that an error came from; memory running out is no input's fault."""
    try:
        yield
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        if is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(
            f"preflight: the model cannot take training input {name}: {reason}; correct or remove that input, "
            "or give another --base-model."
        ) from error


def _raw(items: Sequence[Item] | AugmentedClips) -> Sequence[Item]:
    """The items without what augmentation does to them."""
    if not isinstance(items, AugmentedClips):
        return items
    return [
        {"waveform": clip, "labels": label} for clip, label in zip(items.clips, items.labels, strict=True)
    ]


def _named(inputs: Sequence[object], number: int) -> str:
    """The input's number and beginning (or path), to find it by."""
    told = " ".join(str(inputs[number]).split())
    return f"{number} ({told[:60]}{'...' if len(told) > 60 else ''})"
