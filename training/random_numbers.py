"""Random numbers that follow from the seed and the epoch alone, so that a run that goes on draws what it would have."""

from __future__ import annotations

import random
from typing import TypedDict

import numpy as np
import torch

# What numbers are drawn for: each purpose has a stream of its own.
ORDER, MODEL, EXAMPLE = range(3)


class RandomState(TypedDict):
    """The generators a forward pass may draw from: dropout torch's, the masks of speech encoders numpy's."""

    torch: torch.Tensor
    cuda: list[torch.Tensor]
    numpy: torch.Tensor
    numpy_rest: list[int | float | str]
    python: list[int | float | None]


def stream(purpose: int, *numbers: int) -> np.random.Generator:
    """A generator of its own for a purpose and some numbers, such as the seed and the epoch.

    Args:
        purpose (int): ``ORDER``, ``MODEL`` or ``EXAMPLE``.
        *numbers (int): 0 or more.
    """
    return np.random.default_rng((purpose, *numbers, len(numbers)))  # numpy pads with zeros: (1,) would be (1, 0)


def seed_model(seed: int, epoch: int, process: int) -> None:
    """Sets what dropout and the like draw from at an epoch's beginning.

    Args:
        seed (int): the run's.
        epoch (int): from 0.
        process (int): its number; no two processes drop the same.
    """
    number = int(stream(MODEL, seed, epoch, process).integers(2**32))
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)  # CUDA's too


def random_state() -> RandomState:
    """Where all generators stand, as values that a checkpoint may hold."""
    name, keys, *rest = np.random.get_state()
    version, numbers, gauss = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": torch.from_numpy(np.asarray(keys, np.int64)),
        "numpy_rest": [str(name), *rest],
        "python": [version, gauss, *numbers],
    }


def restore(state: RandomState) -> None:
    """Sets all generators as :func:`random_state` found them."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    name, *rest = state["numpy_rest"]
    keys = state["numpy"].numpy().astype(np.uint32)
    np.random.set_state((name, keys, *rest))  # pyright: ignore[reportArgumentType]  # as it gave them
    version, gauss, *numbers = state["python"]
    random.setstate((version, tuple(numbers), gauss))
