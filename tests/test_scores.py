"""Scores from a confusion, against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from grokaem import scores


@pytest.fixture
def answers():
    rng = np.random.default_rng(4)
    true = rng.choice(5, 400, p=[0.6, 0.2, 0.1, 0.07, 0.03])
    given = np.where(rng.random(400) < 0.7, true, rng.choice(4, 400))  # the last class is never a guess
    return true, given


def test_rows_of_the_confusion_are_the_true_classes():
    counts = scores.confusion(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), 2)
    assert counts.tolist() == [[1, 2], [0, 1]], "two of class 0 were taken for class 1, none of class 1 for class 0"


def test_scores_are_scikit_learn_s(answers):
    true, given = answers
    counts = scores.confusion(true, given, 5)
    assert (counts == metrics.confusion_matrix(true, given)).all()
    assert scores.accuracy(counts) == pytest.approx(metrics.accuracy_score(true, given))
    assert scores.balanced_accuracy(counts) == pytest.approx(metrics.balanced_accuracy_score(true, given))
    assert scores.score("macro_f1", counts) == pytest.approx(metrics.f1_score(true, given, average="macro"))
    assert scores.score("accuracy", counts) == scores.accuracy(counts)


def test_figures_of_each_label_are_scikit_learn_s(answers):
    true, given = answers
    found = scores.per_label(scores.confusion(true, given, 5), list("abcde"))
    wanted = metrics.precision_recall_fscore_support(true, given, zero_division=0)
    for name, column in zip(("precision", "recall", "f1", "support"), wanted, strict=True):
        assert [row[name] for row in found] == pytest.approx(list(column)), name


def test_labels_that_occur_and_are_never_given_are_named():
    counts = scores.confusion(np.array([0, 0, 1, 2]), np.array([0, 2, 0, 2]), 4)
    assert scores.never_predicted(counts, list("abcd")) == ["b"], "d neither occurs nor is given"
