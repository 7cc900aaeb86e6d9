import numpy as np
import pytest

from exporting import parity


def test_compare_counts_what_changed():
    original = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 0.9], [0.0, 1.0]])
    export = np.array([[2.0, 0.0], [0.0, 2.0], [0.9, 1.0], [0.0, 1.0]])
    result = parity.compare(original, export, np.array([0, 1, 0, 0]))
    assert result["original_accuracy"] == 0.75 and result["export_accuracy"] == 0.5
    assert result["flips"] == 1 and result["n"] == 4
    p = 1 / (1 + np.exp(-0.1))
    assert result["max_score_difference"] == pytest.approx(p - (1 - p))


def test_gate_bounds_the_drop():
    assert parity.passes(0.90, 0.895, 0.005)
    assert not parity.passes(0.90, 0.8949, 0.005)
    assert parity.passes(0.90, 0.93, 0.0), "a gain always passes"


def test_interval_holds_the_drop_and_is_a_point_without_flips():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    original = np.eye(2)[labels]
    export = original.copy()
    assert parity.drop_interval(original, export, labels) == [0.0, 0.0]
    export[:40] = 1 - export[:40]
    low, high = parity.drop_interval(original, export, labels)
    assert low < 0.1 < high and high - low < 0.08
