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


def losing(before, after, metric="accuracy"):
    return {f"original_{metric}": before, f"export_{metric}": after, "original_accuracy": 0.5, "export_accuracy": 0.5,
            **({"original_accuracy": before, "export_accuracy": after} if metric == "accuracy" else {})}  # fmt: skip


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_gate_bounds_the_drop_of_the_run_s_metric(metric):
    assert parity.Bounds(0.005, metric=metric).keep_metric(losing(0.90, 0.895, metric))
    assert not parity.Bounds(0.005, metric=metric).keep_metric(losing(0.90, 0.8949, metric))
    assert parity.Bounds(0.0, metric=metric).keep_metric(losing(0.90, 0.93, metric)), "a gain always passes"
    old = {"original_accuracy": 0.9, "export_accuracy": 0.8}
    assert not parity.Bounds(0.005, metric=metric).keep_metric(old), "an older record has accuracy alone"


def rare_class_lost():
    """400 examples of which 8 are of a rare class; the export no longer finds 4 of these."""
    labels = np.array([0] * 392 + [1] * 8)
    original = np.eye(2)[labels]
    export = original.copy()
    export[-4:] = [1, 0]
    return original, export, labels


def test_macro_f1_sees_a_rare_class_go_where_accuracy_does_not():
    from sklearn.metrics import f1_score

    original, export, labels = rare_class_lost()
    by_accuracy = parity.compare(original, export, labels)
    by_macro = parity.compare(original, export, labels, "macro_f1")
    wanted = 1 - f1_score(labels, export.argmax(axis=1), average="macro")
    assert parity.Bounds(0.02).keep_metric(by_accuracy)
    assert not parity.Bounds(0.02, metric="macro_f1").keep_metric(by_macro)
    assert parity.Bounds(metric="macro_f1").loss(by_macro) == pytest.approx(wanted)
    assert by_macro["one_example"] == pytest.approx(1 / 16) and by_accuracy["one_example"] == 1 / 400
    assert "rarest class" in parity.too_few(by_macro, "validation", parity.Bounds(0.02, metric="macro_f1"))
    assert parity.too_few(by_accuracy, "validation", parity.Bounds(0.02)) is None
    excess = parity.Bounds(0.1, 1.0, "macro_f1").excess(original, export, labels)
    assert excess == pytest.approx(wanted / 0.1, rel=1e-3)


def test_the_interval_of_macro_f1_is_that_of_resampled_rows():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(3)
    labels = rng.choice(3, 300, p=[0.6, 0.3, 0.1])
    before = np.where(rng.random(300) < 0.85, labels, rng.choice(3, 300))
    after = np.where(rng.random(300) < 0.9, before, rng.choice(3, 300))
    losses = []
    for _ in range(600):
        rows = rng.integers(0, 300, 300)
        found = [f1_score(labels[rows], given[rows], average="macro") for given in (before, after)]
        losses.append(found[0] - found[1])
    interval = parity.macro_f1_loss_interval(labels, before, after)
    assert interval == pytest.approx(np.percentile(losses, [2.5, 97.5]), abs=0.012)


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
