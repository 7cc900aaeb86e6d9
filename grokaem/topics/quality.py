"""Measures of a topic model beside coherence: diversity, stability over seeds, agreement with known classes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def diversity(topics: list[list[str]], top: int = 10) -> float:
    """Share of different words among the top words of all topics, 0 to 1 (Dieng, Ruiz and Blei 2020)."""
    words = [word for topic in topics for word in topic[:top]]
    return len(set(words)) / len(words) if words else 0.0


def stability(runs: list[list[list[str]]], top: int = 10) -> float | None:
    """How much of each topic comes back under another seed.

    For every ordered pair of runs, each topic is held against the topic of the other run with which it shares
    most of its top words; the shares are averaged.

    Args:
        runs (list of list of list of str): the topics of each run.
        top (int, optional): words of a topic that count. (Default: 10)

    Returns:
        float: 0 (nothing in common) to 1 (the same topics); None for fewer than two runs.
    """
    shares = []
    for one, other in combinations(runs, 2):
        for left, right in ((one, other), (other, one)):
            sets = [set(topic[:top]) for topic in right]
            for topic in left:
                words = set(topic[:top])
                if words and sets:
                    shares.append(max(len(words & found) for found in sets) / len(words))
    return sum(shares) / len(shares) if shares else None


def agreement(assignments: Sequence[int] | np.ndarray, labels: Sequence[object]) -> dict[str, float]:
    """How the topics agree with known classes.

    Args:
        assignments (sequence of int): each document's main topic.
        labels (list): each document's class.

    Returns:
        dict: ``nmi``, normalized mutual information (arithmetic mean), and ``purity``, the share of documents
        that are of the commonest class of their topic; both 0 to 1.

    Raises:
        ValueError: not one label a document.
    """
    import numpy as np
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    if len(assignments) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(assignments)} documents: give one a document.")
    # Numbered by hand: numpy's arrays of strings take the longest one's memory for each.
    number: dict[str, int] = {}
    classes = np.array([number.setdefault(str(label), len(number)) for label in labels])
    table = contingency_matrix(classes, assignments)
    nmi = float(normalized_mutual_info_score(classes, assignments))
    return {"nmi": nmi, "purity": float(table.max(axis=0).sum() / len(labels))}
