"""Real training steps with random weights, and the memory they took."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from torch import nn

    from grokaem.memory.settings import MemorySettings
    from grokaem.memory.workload import Workload

MIB = 2**20


class Shapes(TypedDict, total=False):
    """What :func:`grokaem.memory.architectures.workload` takes beside a name."""

    sequence_length: int
    max_seconds: float
    depth: int
    widen_factor: int


class Levers(TypedDict, total=False):
    """What :class:`grokaem.memory.settings.MemorySettings` takes."""

    micro_batch_size: int
    gradient_accumulation_steps: int
    gradient_checkpointing: bool
    optimizer: str
    embeddings_32bit: bool
    precision: str
    attention_dropout_off: bool
    lora_rank: int
    load_in_8bit: bool
    freeze: str | int
    optimizer_in_backward: bool
    embeddings_by_row: bool


def measure(
    what: str, model: str, shapes: Shapes, levers: Levers, device: str = "cpu", steps: int = 2
) -> dict[str, float]:
    """Takes steps and measures.

    Args:
        what (str): ``"tensors"``, ``"process"``, ``"time"``, or ``"updates"`` (the process, and which weights
            the steps changed).
        model (str): built-in name.
        shapes (dict): of :func:`grokaem.memory.architectures.workload`.
        levers (dict): of :class:`grokaem.memory.settings.MemorySettings`.
        device (str, optional): ``"cpu"`` or ``"cuda"``. (Default: ``"cpu"``)
        steps (int, optional): optimizer steps. (Default: 2)

    Returns:
        dict: ``mib`` (of the process: above the imports), ``seconds`` of the fastest step but the first, and for
        updates ``trainable`` and ``frozen`` weights and how many of each were ``changed``.
    """
    take = _training(model, shapes, levers, device)
    if what == "time":
        return {"seconds": min(take(steps + 1)[1:])}
    if what == "updates":
        return _updates(take, steps)
    if device == "cuda":
        return {"mib": _cuda(what, take, steps)}
    return {"mib": _tensors(take, steps)} if what == "tensors" else _process(take, steps)


def _training(
    model: str, shapes: Shapes, levers: Levers, device: str
) -> Callable[..., list[float]]:
    """Imports everything a run needs and returns the function that builds the model and takes steps.

    The function may be given another, called with the model before the first step.
    """
    import peft  # noqa: F401
    import torch

    from grokaem.memory import adamw8bit, int8  # noqa: F401
    from grokaem.memory.apply import apply_to_model, autocast, weights_dtype
    from grokaem.memory.architectures import workload
    from grokaem.memory.optimizers import build_optimizer
    from grokaem.memory.settings import MemorySettings

    settings = MemorySettings(**levers)
    work = workload(model, **shapes)
    if device == "cuda":
        torch.zeros(1, device="cuda")
    _import_model(work)

    def take(steps: int, built: Callable[[nn.Module], object] = lambda _: None) -> list[float]:
        torch.manual_seed(0)
        set_matmul_precision(settings, device)
        network = apply_to_model(work.build(weights_dtype(settings)).to(device), settings).train()
        optimizer = build_optimizer(network, settings, 1e-4)
        built(network)
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            for _ in range(settings.gradient_accumulation_steps):
                inputs = {k: v.to(device) for k, v in work.batch(settings.micro_batch_size).items()}
                with autocast(settings, device):
                    loss = network(**inputs).loss
                (loss / settings.gradient_accumulation_steps).backward()
                del loss, inputs
            optimizer.step()
            optimizer.zero_grad()
            if device == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
        return seconds

    return take


def set_matmul_precision(settings: MemorySettings, device: str) -> str:
    """Sets how fp32 products are computed in this process: as the settings alone say.

    Training hands fp32 products on a CPU to oneDNN too (``training.precision.use_fast_matmul``); the published
    figures were measured without.

    Args:
        settings (MemorySettings): the levers.
        device (str): ``"cpu"`` or ``"cuda"``.

    Returns:
        str: the mode set. A CPU has no tf32; there ``tf32`` multiplies in bf16 and sums in fp32.
    """
    import torch

    mode = "highest" if settings.precision != "tf32" else ("high" if device == "cuda" else "medium")
    torch.set_float32_matmul_precision(mode)
    return mode


def _import_model(work: Workload) -> None:
    """Has the library import the model's code, which is not the step's memory."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    from grokaem.memory.recorder import Recorder

    with FakeTensorMode(), Recorder():
        work.build()


def _tensors(take: Callable[[int], list[float]], steps: int) -> float:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        take(steps)
    assert profiler.profiler is not None and profiler.profiler.kineto_results is not None
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    now = most = 0
    # nbytes is in no stub of torch's
    sizes = [(event.start_ns(), event.nbytes()) for event in events]  # pyright: ignore[reportAttributeAccessIssue]
    for _, size in sorted(sizes):
        now += size
        most = max(most, now)
    return most / MIB


def _process(take: Callable[..., list[float]], steps: int) -> dict[str, float]:
    from grokaem.process_memory import high_water_bytes, reset_high_water, trim_heap

    gc.collect()
    trim_heap()
    before = reset_high_water()
    seconds = take(steps)
    return {"mib": (high_water_bytes() - before) / MIB, "seconds": min(seconds[1:])}


def _updates(take: Callable[..., list[float]], steps: int) -> dict[str, float]:
    """The process's mark, and the weights that differ afterwards from what they were.

    What they were waits on disk, so that it takes no memory meanwhile.
    """
    import numpy as np
    import torch

    built: list[nn.Module] = []
    with tempfile.TemporaryFile() as before:

        def keep(network: nn.Module) -> None:
            built.append(network)
            for weight in network.parameters():
                before.write(weight.detach().view(torch.uint8).numpy().data)

        result = _process(lambda n: take(n, keep), steps)
        before.seek(0)
        counts = dict.fromkeys(("trainable", "changed", "frozen", "frozen_changed", "tensors", "untouched"), 0)
        for weight in built[0].parameters():
            now = weight.detach().view(torch.uint8).numpy().reshape(-1, weight.element_size())
            then = np.frombuffer(before.read(now.size), np.uint8).reshape(now.shape)
            different = int((now != then).any(axis=1).sum())
            kinds = ("trainable", "changed") if weight.requires_grad else ("frozen", "frozen_changed")
            counts[kinds[0]] += len(now)
            counts[kinds[1]] += different
            counts["tensors"] += weight.requires_grad
            counts["untouched"] += weight.requires_grad and not different
    return {**result, **counts}


def _cuda(what: str, take: Callable[[int], list[float]], steps: int) -> float:
    import torch

    torch.cuda.reset_peak_memory_stats()
    take(steps + 1)
    read = torch.cuda.max_memory_allocated if what == "tensors" else torch.cuda.max_memory_reserved
    return read() / MIB
