"""Order, steps and batches: from the seed and the epoch alone, however a step is cut up and whoever reads ahead."""

import random

import numpy as np
import pytest
import torch

from training.augmentation import AugmentedClips
from training.batches import load, of_epoch, steps_of
from training.order import GROUPED, order_of
from training.random_numbers import random_state, restore, seed_model, stream
from training.schedule import Schedule

LENGTHS = random.Random(0).choices(range(3, 120), k=1000)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["any order", "by length"])
def test_an_epochs_order_is_its_own_and_always_the_same(lengths):
    order = order_of(1000, 3, 7, 8, lengths)
    assert sorted(order) == list(range(1000))
    assert order == order_of(1000, 3, 7, 8, lengths)
    for seed, epoch in ((3, 8), (4, 7), (7, 3), (0, 0), (0, 1)):
        assert order != order_of(1000, seed, epoch, 8, lengths)


def test_texts_of_like_length_share_a_step_and_the_longest_comes_first():
    order = order_of(1000, 0, 0, 8, LENGTHS)
    assert LENGTHS[order[0]] == max(LENGTHS)
    stretch = [LENGTHS[number] for number in order[: 8 * min(GROUPED, 1000 // 32)]]
    assert stretch[1:] == sorted(stretch[1:], reverse=True)

    def padding(order):
        steps = [[LENGTHS[number] for number in order[i : i + 8]] for i in range(0, 1000, 8)]
        return sum(len(step) * max(step) - sum(step) for step in steps)

    assert padding(order) < 0.2 * padding(order_of(1000, 0, 0, 8))
    assert order_of(0, 0, 0, 8, []) == [] and order_of(1, 0, 0, 8, [5]) == [0]


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33, 41])
@pytest.mark.parametrize(("processes", "pass_size"), [(1, 16), (1, 4), (1, 3), (2, 4), (3, 5), (4, 1)])
def test_a_step_is_the_same_examples_however_it_is_cut(count, processes, pass_size):
    order = list(range(100, 100 + count))
    shares = [steps_of(order, 16, pass_size, process, processes) for process in range(processes)]
    assert len({len(steps) for steps in shares}) == 1, "every process takes every step"
    for number, parts in enumerate(zip(*shares, strict=True)):
        examples = order[16 * number : 16 * (number + 1)]
        seen = [one for part in parts if part.weight for examples_of in part.passes for one in examples_of]
        assert seen == examples
        assert {part.weight for part in parts} <= {1 / len(examples), 0.0}
        assert all(part.passes and max(map(len, part.passes)) <= pass_size for part in parts)
    assert sum(len(steps) for steps in shares) == processes * -(-count // 16)


@pytest.fixture
def clips():
    waves = [np.linspace(-1, 1, 200 + number, dtype=np.float32) for number in range(12)]
    return AugmentedClips(waves, [number % 3 for number in range(12)], 3, 100, seed=5)


def collate(items):
    width = max(len(item["waveform"]) for item in items)
    waves = [np.pad(item["waveform"], (0, width - len(item["waveform"]))) for item in items]
    return {"waves": torch.tensor(np.stack(waves)), "labels": torch.tensor(np.stack([i["labels"] for i in items]))}


def test_what_is_drawn_does_not_depend_on_who_reads_when(clips):
    passes = [[3, 1], [0, 7, 2], [11]]

    def read(items, passes, workers=0):
        return list(load(items, passes, collate, workers))

    first = read(of_epoch(clips, 2), passes)
    before = random_state()
    ahead = read(of_epoch(clips, 2), passes, workers=2)
    late = read(of_epoch(clips, 2), passes[1:])
    after = random_state()
    assert torch.equal(before["torch"], after["torch"]) and torch.equal(before["numpy"], after["numpy"])
    for one, other in zip([*first, *first[1:]], [*ahead, *late], strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    another = read(of_epoch(clips, 3), passes)
    assert not any(torch.equal(one["labels"], two["labels"]) for one, two in zip(first, another, strict=True))
    plain = [1, 2, 3]
    assert of_epoch(plain, 4) is plain


def test_streams_differ_by_every_number():
    numbers = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (1, 0, 0), (2, 0), (0, 2)]
    assert len({int(stream(*given).integers(2**62)) for given in numbers}) == len(numbers)


def test_random_numbers_go_on_where_they_stood(tmp_path):
    def draw():
        return torch.rand(3).tolist(), np.random.rand(3).tolist(), random.gauss(0, 1), np.random.normal()

    seed_model(1, 2, 0)
    draw()
    torch.save(random_state(), tmp_path / "random.pt")
    meant = draw()
    seed_model(1, 2, 1)
    assert draw() != meant
    restore(torch.load(tmp_path / "random.pt", weights_only=True))
    assert draw() == meant


@pytest.mark.parametrize(("examples", "size", "epochs", "most"), [(290, 32, 2, -1), (290, 32, 2.5, -1), (41, 8, 3, 7)])
def test_the_rate_is_that_of_transformers_linear_schedule(examples, size, epochs, most):
    from transformers import get_linear_schedule_with_warmup

    schedule = Schedule.plan(examples, size, 1e-3, epochs, most)
    assert schedule.steps == (most if most > 0 else int(np.ceil(epochs * np.ceil(examples / size))))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    warm_up = int(np.ceil(0.1 * schedule.steps))
    theirs = get_linear_schedule_with_warmup(optimizer, warm_up, schedule.steps)
    for step in range(schedule.steps):
        assert schedule.share_of_peak(step) == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    assert schedule.share_of_peak(schedule.steps) == 0
