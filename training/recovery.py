"""Out of memory while training: told from other errors, diagnosed, answered with the next lever of the checklist."""

from __future__ import annotations

import contextlib
import errno
import gc
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokaem.memory.checklist import levers
from grokaem.memory.lever import Lever
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from training.memory_choice import MemoryChoice

# What the allocators say: PyTorch's on CUDA and on the CPU, cuBLAS and cuDNN, C++, the kernel; and oneDNN, which has
# one sentence for all that its kernels could not get (a "primitive descriptor" is another matter: no such kernel).
OUT_OF_MEMORY_PATTERN = re.compile(
    r"out[ _]of[ _]memory"
    r"|(can't|cannot|could not|failed to|unable to) allocate( \S+){0,4} memory"
    r"|not enough memory"
    r"|CU(BLAS|DNN)_STATUS_ALLOC_FAILED"
    r"|bad_alloc|bad allocation"
    r"|could not create a primitive(?! desc)"
    r"|could not create a memory (object|storage)",
    re.IGNORECASE,
)
MAX_SHARE_LEFT = 0.9  # a lever must bring the predicted peak below this share of what it was


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, says that memory ran out.

    Args:
        error (BaseException): anything caught.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        if isinstance(error, RuntimeError) and OUT_OF_MEMORY_PATTERN.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


@dataclass(frozen=True)
class NextLever:
    """The lever to turn after running out of memory.

    Attributes:
        lever (Lever): of the checklist.
        settings (MemorySettings): with the lever turned; the effective batch is the same.
        diagnosis (str): what memory was needed for, in words.
    """

    lever: Lever
    settings: MemorySettings
    diagnosis: str


def choose_next_lever(
    settings: MemorySettings,
    situation: Situation,
    phase: str,
    components: Callable[[MemorySettings], dict[str, float]] | None = None,
) -> NextLever | None:
    """The next lever of the checklist that helps and that leaves what is trained as it is.

    Args:
        settings (MemorySettings): those that ran out of memory.
        situation (Situation): what applies.
        phase (str): what training was doing.
        components (callable, optional): predicts MiB by component. A lever that would save little is then passed
            over as long as another saves more. (Default: levers are taken in order)

    Returns:
        NextLever: or None when the checklist has no such lever left.
    """
    choices = list(levers_left(settings, situation))
    if not choices:
        return None
    before, peaks = {}, []
    if components:
        with contextlib.suppress(Exception):  # no prediction for this model, or no memory for one: the order decides
            before = _counted(components(settings))
    if before and components:
        choices, peaks = _possible(choices, components)
    if not choices:
        return None
    diagnosis = f"in the {phase} pass" if phase in ("forward", "backward") else f"in phase {phase}"
    taken = 0
    if peaks:
        most = max(before, key=lambda name: before[name])
        total = sum(before.values())
        diagnosis += f"; {before[most]:.0f} of {total:.0f} MiB predicted are {most.replace('_', ' ')}"
        taken = next((i for i, peak in enumerate(peaks) if peak <= MAX_SHARE_LEFT * total), peaks.index(min(peaks)))
    return NextLever(*choices[taken], diagnosis)


def with_next_lever(
    choice: MemoryChoice,
    situation: Situation,
    components: Callable[[MemorySettings], dict[str, float]],
    error: Exception,
    step: int,
    phase: str,
) -> MemoryChoice:
    """The levers to go on with after memory ran out; announced.

    Args:
        choice (MemoryChoice): those that ran out of memory.
        situation (Situation): what applies.
        components (callable): predicts MiB by component.
        error (Exception): what said so.
        step (int): the step that failed, from 1.
        phase (str): what training was doing.

    Raises:
        RuntimeError: the checklist has none left that keeps the training what it is.
    """
    found = choose_next_lever(choice.settings, situation, phase, components)
    told = f"out of memory at step {step}"
    if found is None:
        raise RuntimeError(
            f"{told} ({phase}) with every lever of the checklist taken that keeps the training what it is: start anew "
            "with --overwrite and --lora-rank 8, --freeze, a shorter --sequence-length or --max-seconds, or a smaller "
            "--base-model."
        ) from None
    print(
        f"\n{told} ({found.diagnosis}): {' '.join(str(error).split())[:120]}\n"
        f"going on with {found.lever.flag} ({found.lever.name}: {found.lever.chosen}): "
        f"{' '.join(found.settings.flags())}",
        flush=True,
    )
    return choice.with_lever(found.lever, found.settings, f"{told}: {found.lever.chosen}")


def _possible(
    choices: list[tuple[Lever, MemorySettings]], components: Callable[[MemorySettings], dict[str, float]]
) -> tuple[list[tuple[Lever, MemorySettings]], list[float]]:
    """The levers that this model takes, found by trying, and the peak that each leaves."""
    taken, peaks = [], []
    for choice in choices:
        try:
            peaks.append(sum(_counted(components(choice[1])).values()))
        except Exception as error:
            if is_out_of_memory(error):  # no memory to find out with: the order alone decides
                return choices, []
        else:
            taken.append(choice)
    return taken, peaks


def levers_left(settings: MemorySettings, situation: Situation) -> Iterator[tuple[Lever, MemorySettings]]:
    """The levers that keep every trained weight and the effective batch, in order, each with its settings.

    Args:
        settings (MemorySettings): the levers in force.
        situation (Situation): what applies.
    """
    late = []
    for lever in levers():
        turned = lever.when_full(settings) if lever.when_full and lever.applies(situation) else None
        if turned is None:
            continue
        if lever.late(turned):
            late.append((lever, turned))
        else:
            yield lever, turned
    yield from late


def _counted(components: dict[str, float]) -> dict[str, float]:
    return {name: size for name, size in components.items() if name != "runtime"}


def weights_are_intact(optimizer: Optimizer | None, steps: int, phase: str, in_backward: bool) -> bool:
    """Whether the weights are those of the last step, so that nothing but the failed step must be repeated.

    An optimizer counts its steps weight by weight: if all counts are those of the last step, memory ran out
    before the first weight was changed.

    Args:
        optimizer (torch.optim.Optimizer): the one that failed, or None if it was not made yet.
        steps (int): steps completed.
        phase (str): what training was doing.
        in_backward (bool): weights change during the backward pass.
    """
    if optimizer is None:
        return False
    if in_backward:
        return phase in ("forward", "between", "evaluation")
    if phase != "optimizer":
        return True
    counts = {int(state["step"]) for state in optimizer.state.values() if "step" in state}
    return counts == {steps} or (steps == 0 and counts <= {0} and bool(counts))


def let_go(error: BaseException | None) -> None:
    """Empties the frames of an error's traceback: they hold the tensors of the pass that failed."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def tidy() -> None:
    """Gives freed memory back."""
    import torch

    from grokaem.process_memory import trim_heap

    gc.collect()
    trim_heap()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
