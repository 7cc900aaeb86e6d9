"""Two examples on the CPU before the run: a plain bug is found in seconds and not taken for a lack of memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from grokaem.memory.checklist import find_lever
from grokaem.memory.settings import MemorySettings
from training.memory_choice import MemoryChoice
from training.records import named_input
from training.recovery import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor, nn

    from training.records import Item
    from training.task import Task, TrainSet

# A new head starts with small weights, so its first loss is near ln(classes); this far above, it is no new head's.
SLACK = 1.5
WARM_UP = 0.1  # the share of its peak that the learning rate has as training sets out


def preflight(
    task: Task, items: TrainSet, settings: MemorySettings, learning_rate: float
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
    raw = task.plain_items(items)
    task.check_items(raw)
    sizes = [task.size_of(item) for item in raw]
    number, short = int(np.argmax(sizes)), int(np.argmin(sizes))
    names = [named_input(part.inputs, number), named_input(part.inputs, short)]
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
                f"preflight: training input {named_input(inputs, number)} has label {label!r}: write labels as "
                f"whole numbers from 0 to {classes - 1}."
            )


def preflight_with_fallback_precision(
    task: Task,
    items: TrainSet,
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
