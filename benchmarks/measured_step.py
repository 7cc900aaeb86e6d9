"""Real training steps with random weights, and the memory they took."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

MIB = 2**20


def measure(
    what: str, model: str, shapes: dict[str, Any], levers: dict[str, Any], device: str = "cpu", steps: int = 2
) -> dict[str, float]:
    """Takes steps and measures.

    Args:
        what (str): ``"tensors"``, ``"process"`` or ``"time"``.
        model (str): built-in name.
        shapes (dict): of :func:`memory.architectures.workload`.
        levers (dict): of :class:`memory.settings.MemorySettings`.
        device (str, optional): ``"cpu"`` or ``"cuda"``. (Default: ``"cpu"``)
        steps (int, optional): optimizer steps. (Default: 2)

    Returns:
        dict: ``mib`` (on a CPU process: above the imports), or ``seconds`` of the fastest step but the first.
    """
    take = _training(model, shapes, levers, device)
    if what == "time":
        return {"seconds": min(take(steps + 1)[1:])}
    if device == "cuda":
        return {"mib": _cuda(what, take, steps)}
    return {"mib": _tensors(take, steps) if what == "tensors" else _process(take, steps)}


def _training(
    model: str, shapes: dict[str, Any], levers: dict[str, Any], device: str
) -> Callable[[int], list[float]]:
    """Imports everything a run needs and returns the function that builds the model and takes steps."""
    import peft  # noqa: F401
    import torch

    from memory import adamw8bit, int8  # noqa: F401
    from memory.apply import apply_to_model, autocast, set_matmul_precision, weights_dtype
    from memory.architectures import batch, build, workload
    from memory.optimizers import build_optimizer
    from memory.settings import MemorySettings

    settings = MemorySettings(**levers)
    work = workload(model, **shapes)
    if device == "cuda":
        torch.zeros(1, device="cuda")
    _import_model(work, build)

    def take(steps: int) -> list[float]:
        torch.manual_seed(0)
        set_matmul_precision(settings, device)
        network = apply_to_model(build(work, weights_dtype(settings)).to(device), settings).train()
        optimizer = build_optimizer(network, settings, 1e-4)
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            for _ in range(settings.gradient_accumulation_steps):
                inputs = {k: v.to(device) for k, v in batch(work, settings.micro_batch_size).items()}
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


def _import_model(work: Any, build: Any) -> None:
    """Has the library import the model's code, which is not the step's memory."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        build(work)


def _tensors(take: Callable[[int], list[float]], steps: int) -> float:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        take(steps)
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    now = most = 0
    for _, size in sorted((event.start_ns(), event.nbytes()) for event in events):
        now += size
        most = max(most, now)
    return most / MIB


def _process(take: Callable[[int], list[float]], steps: int) -> float:
    from memory.process_memory import give_back, high_water_bytes, reset_high_water

    gc.collect()
    give_back()
    before = reset_high_water()
    take(steps)
    return (high_water_bytes() - before) / MIB


def _cuda(what: str, take: Callable[[int], list[float]], steps: int) -> float:
    import torch

    torch.cuda.reset_peak_memory_stats()
    take(steps + 1)
    read = torch.cuda.max_memory_allocated if what == "tensors" else torch.cuda.max_memory_reserved
    return read() / MIB
