"""Several processes that train together, started by torchrun or accelerate: which one prints, and how they agree."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


def world_size() -> int:
    """Number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number, from 0."""
    return int(os.environ.get("RANK", "0"))


def is_main() -> bool:
    """Whether this process prints and writes."""
    return rank() == 0


def join_processes(device: str) -> None:
    """Meets the other processes; from here on only the main one's standard output is seen.

    Args:
        device (str): ``"cpu"`` (the processes talk through gloo) or ``"cuda"`` (nccl).
    """
    if world_size() == 1:
        return
    from accelerate import PartialState

    PartialState(cpu=True, backend="gloo") if device == "cpu" else PartialState()
    if not is_main():
        sys.stdout = open(os.devnull, "w", encoding="utf-8")


@contextlib.contextmanager
def main_first() -> Iterator[None]:
    """The main process goes through the block first; the others find what it left in the caches."""
    if world_size() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().main_process_first():
        yield


def wait() -> None:
    """Until all processes are here."""
    if world_size() > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


def broadcast_from_main(value: T) -> T:
    """The main process's value, in every process."""
    if world_size() == 1:
        return value
    import torch.distributed

    box = [value]
    torch.distributed.broadcast_object_list(box, src=0)
    return box[0]


def gather(value: T) -> list[T]:
    """The values of all processes, in their order, in every process."""
    if world_size() == 1:
        return [value]
    import torch.distributed

    values: list[T] = [value] * world_size()
    torch.distributed.all_gather_object(values, value)
    return values
