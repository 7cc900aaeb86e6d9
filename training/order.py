"""The order of the training examples: anew each epoch, from the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Sequence

from training.random_numbers import ORDER, stream

GROUPED = 50  # steps' worth of texts that are sorted by length together


def order_of(count: int, seed: int, epoch: int, step_size: int, lengths: Sequence[int] | None = None) -> list[int]:
    """Which example comes when in an epoch.

    Texts of like length share a step: the shuffled texts are cut into stretches, each sorted by falling length, and
    the longest of all is moved to the front, where a lack of memory shows at once.

    Args:
        count (int): examples.
        seed (int): the run's.
        epoch (int): from 0.
        step_size (int): examples of one optimizer step over all passes and processes. What a step sees therefore
            does not depend on how it is cut into passes.
        lengths (list of int, optional): of the examples. (Default: a random order)

    Returns:
        list of int: each of ``0..count - 1`` once.
    """
    order = stream(ORDER, seed, epoch).permutation(count).tolist()
    if lengths is None or not count:
        return order
    size = step_size * max(1, min(count // (step_size * 4), GROUPED))
    length_of = lengths.__getitem__
    stretches = [sorted(order[i : i + size], key=length_of, reverse=True) for i in range(0, count, size)]
    longest = max(stretches, key=lambda stretch: length_of(stretch[0]))
    stretches[0][0], longest[0] = longest[0], stretches[0][0]
    return [number for stretch in stretches for number in stretch]
