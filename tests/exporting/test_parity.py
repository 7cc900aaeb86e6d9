import numpy as np
import pytest

from exporting import parity
from grokaem.scores import confusion, macro_f1


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


def test_interval_holds_the_drop_and_is_no_point_without_flips():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    original = np.eye(2)[labels]
    export = original.copy()
    low, high = parity.compare(original, export, labels)["drop_interval_95"]
    assert -0.01 < low < 0 < high < 0.01, "400 examples without a change do not prove that none ever changes"
    export[:40] = 1 - export[:40]
    low, high = parity.compare(original, export, labels)["drop_interval_95"]
    assert low < 0.1 < high and high - low < 0.08


def test_interval_is_that_of_resampled_rows():
    """An independent oracle: rows really drawn with replacement."""
    rng = np.random.default_rng(1)
    values = rng.choice([-1, 0, 0, 0, 1, 1], 300)
    means = values[rng.integers(0, 300, (20_000, 300))].mean(axis=1)
    found = parity.mean_interval(values, rounds=20_000)
    assert found == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.006)


def test_macro_f1_is_scikit_learn_s():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(200, 5)), rng.integers(0, 4, 200)  # class 4 never occurs
    found = macro_f1(confusion(labels, logits.argmax(axis=1), 5))
    assert found == pytest.approx(f1_score(labels, logits.argmax(axis=1), average="macro"))
