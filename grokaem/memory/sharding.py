"""What training on several processes adds to each, and what sharding takes away."""

from __future__ import annotations

from grokaem.memory.trace import MIB, Trace


def components_per_process(
    components: dict[str, float], trace: Trace, processes: int, sharding: str
) -> dict[str, float]:
    """The components of one of several processes, each with a batch of its own.

    Without sharding (DistributedDataParallel) every process holds everything and, beside the gradients, the
    buckets they are copied into to be summed over the processes: as many bytes again. With FSDP each holds one
    part of weights, gradients and optimizer state, and gathers one layer while the next is on its way: two of
    the largest groups of weights, and the gradient of one before it is scattered.

    Args:
        components (dict): MiB of a process alone.
        trace (Trace): its step, for the sizes of gradients and layers.
        processes (int): at least 2.
        sharding (str): ``"none"`` or ``"fsdp"``.

    Returns:
        dict: MiB by component.
    """
    gradients = trace.most_of("gradients") / MIB
    if sharding == "none":
        # The buckets live from the first backward pass on, also at a peak at which few gradients exist.
        return {**components, "gradients": components["gradients"] + gradients}
    whole = [s / MIB for s, kind in zip(trace.sizes, trace.kinds, strict=True) if kind == "parameters"]
    unit = largest_unit(whole)
    return {
        **components,
        "parameters": components["parameters"] / processes,
        "gradients": components["gradients"] / processes,
        "optimizer_state": components["optimizer_state"] / processes,
        "workspace": components["workspace"] + 3 * unit,
    }


def largest_unit(sizes: list[float]) -> float:
    """MiB of the largest group that FSDP gathers at once: the largest table, or sixteen tensors of a layer."""
    layer = max((sum(sizes[i : i + 16]) for i in range(0, len(sizes), 16)), default=0.0)
    return max(max(sizes, default=0.0), layer)
