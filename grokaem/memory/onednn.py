"""The copies and buffers of oneDNN's convolutions on a CPU, which no operator shows.

Tensors in the usual order (batch, channels, height, width) are copied into oneDNN's own blocks of 16 channels for
the product, and the result is copied back; tensors in channels-last order are used as they are. Convolutions over
time (batch, channels, time) are copied once more. Convolutions in groups, as the position layer of wav2vec2 and
HuBERT, unfold their input and give every thread weights of its own to sum into. The order is that of torch's
``mkldnn_convolution`` as its profiler reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch._prims_common import suggest_memory_format

BLOCK = 16  # channels; a tensor with fewer is not copied
# One step: bytes of temporary tensors that appear, or are reserved and never touched; the ones that go (by position
# of appearance); and the result (by position in the operator's output) that appears after them.
Action = tuple[str, int]


def convolution_buffers(func: object, args: tuple, result: Any) -> list[Action] | None:
    """What a convolution allocates and frees, in order.

    Args:
        func (OpOverload): the operator.
        args (tuple): its arguments.
        result: its output.

    Returns:
        list of (str, int): ``("take", bytes)``, ``("reserve", bytes)``, ``("give", number of the take)``,
        ``("result", number)``; None for any other operator and for tensors that are not copied.
    """
    if func is torch.ops.aten.convolution.default:
        x, weight, groups = args[0], args[1], args[8]
        if not _is_copied(x, weight, groups):
            return None
        return _forward(x, weight, result) if groups == 1 else _forward_in_groups(result)
    if func is torch.ops.aten.convolution_backward.default:
        gradient, x, weight, groups, wanted = args[0], args[1], args[2], args[9], args[10]
        if not _is_copied(x, weight, groups):
            return None
        backward = _backward if groups == 1 else _backward_in_groups
        return backward(gradient, x, weight, wanted)
    return None


def _forward(x: Tensor, weight: Tensor, result: Tensor) -> list[Action]:
    steps = _Steps()
    inside = [steps.take(size) for size in (_blocked(x), _size(weight), _blocked(result))]
    steps.give(inside[1], inside[0])
    steps.result(0)
    steps.give(inside[2])
    return steps.actions


def _backward(gradient: Tensor, x: Tensor, weight: Tensor, wanted: list[bool]) -> list[Action]:
    steps = _Steps()
    if wanted[0]:
        inside = [steps.take(size) for size in (_blocked(gradient), _size(weight), _blocked(x))]
        steps.give(inside[1], inside[0])
        plain = steps.take(_size(x) if x.dim() == 3 else 0)
        steps.result(0)
        steps.give(inside[2], plain)
    if wanted[1]:
        inside = [steps.take(n) for n in (_blocked(x), _blocked(gradient), _size(weight), _size(weight))]
        steps.give(inside[3], inside[1], inside[0])
        steps.result(1)
        steps.give(inside[2])
    if wanted[2]:
        steps.result(2)
    return steps.actions


def _forward_in_groups(result: Tensor) -> list[Action]:
    steps = _Steps()
    inside = steps.take(_size(result))
    steps.result(0)
    steps.give(inside)
    return steps.actions


def _backward_in_groups(gradient: Tensor, x: Tensor, weight: Tensor, wanted: list[bool]) -> list[Action]:
    steps = _Steps()
    threads = torch.get_num_threads()
    # The input of one group unfolded, values, for each thread.
    unfolded = threads * weight[0].numel() * gradient.shape[2:].numel()
    if wanted[0]:
        inside, buffer = steps.take(_size(x)), steps.take(4 * unfolded)
        steps.give(buffer)
        steps.result(0)
        steps.give(inside)
    if wanted[1]:
        # Sums in fp32: four weights a thread, of which one is used; for 16-bit weights two a thread and two for all.
        full = weight.dtype == torch.float32
        used, unused = (threads, 3 * threads) if full else (2 * threads + 2, 0)
        inside = steps.take(_size(weight))
        buffer = steps.take(used * 4 * weight.numel() + x.element_size() * unfolded)
        rest = steps.take(unused * 4 * weight.numel(), "reserve")
        steps.give(buffer, rest)
        steps.result(1)
        steps.give(inside)
    if wanted[2]:
        steps.result(2)
    return steps.actions


class _Steps:
    def __init__(self) -> None:
        self.actions: list[Action] = []
        self._taken = 0

    def take(self, size: int, how: str = "take") -> int:
        self.actions.append((how, size))
        self._taken += 1
        return self._taken - 1

    def give(self, *numbers: int) -> None:
        self.actions += [("give", number) for number in numbers]

    def result(self, number: int) -> None:
        self.actions.append(("result", number))


def _is_copied(x: Tensor, weight: Tensor, groups: int) -> bool:
    depthwise = groups == x.shape[1]
    return x.dim() in (3, 4) and not (
        (groups > 1 and depthwise) or _channels_last(x) or _channels_last(weight)
    )


def _channels_last(x: Tensor) -> bool:
    # As the kernel asks: by the strides, which also tell apart tensors of one channel.
    return suggest_memory_format(x) == torch.channels_last


def _size(x: Tensor) -> int:
    return x.numel() * x.element_size()


def _blocked(x: Tensor) -> int:
    return _size(x) if x.shape[1] >= BLOCK else 0


def bind_results(actions: list[Action], results: tuple) -> Iterator[tuple[str, Any]]:
    """Replaces the numbers of results by the tensors themselves; absent results are left out."""
    for what, number in actions:
        if what != "result":
            yield what, number
        elif isinstance(results[number], Tensor):
            yield what, results[number]
