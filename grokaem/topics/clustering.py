"""Density clusters of documents, as many as asked for, and the nearest topic for those that none took."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SMALLEST_CLUSTER = 10  # documents; BERTopic's own default
LARGEST_SHARE = 4  # the search begins with clusters of a quarter of a topic's even share of the documents
AUTO = None  # as many topics as the densities show


class TopicClusters:
    """HDBSCAN, brought to a wanted number of clusters, with the ``fit`` and ``labels_`` that BERTopic calls.

    Large clusters are looked for first, then smaller ones until there are enough. (Merging the many small ones
    that BERTopic's default size gives costs coherence: a handful of odd documents then stays a topic of its own
    while the large subjects run together. docs/topics.md has the figures.) What is found beyond the wanted number
    is merged, those whose centres are most alike first (average linkage on cosine distance, as in BERTopic's own
    topic reduction); when there are too few at the smallest size, the documents are split by Ward's method.

    Args:
        vectors (ndarray): the documents' unit vectors, shape (n, dimension), in which centres are compared.
        n_topics (int, optional): wanted clusters. (Default: as many as HDBSCAN finds, at least 2)
        smallest (int, optional): documents that make a cluster. (Default: 10)
    """

    def __init__(self, vectors: np.ndarray, n_topics: int | None = AUTO, smallest: int = SMALLEST_CLUSTER) -> None:
        self.vectors = vectors
        self.n_topics = n_topics
        self.smallest = smallest
        self.notes: list[str] = []

    def fit(self, layout: np.ndarray, y: object = None) -> TopicClusters:
        """Clusters ``layout``, shape (n, components); the result is ``labels_``, -1 for an outlier."""
        import numpy as np

        wanted = self.n_topics or 2
        labels = np.full(len(layout), -1)
        with tempfile.TemporaryDirectory() as cache:
            for size in self._sizes(len(layout)):
                labels = _dense(layout, size, cache)
                if labels.max() + 1 >= wanted:
                    break
        found = int(labels.max() + 1)
        if found < wanted:
            labels = _split(layout, wanted)
            self.notes.append(
                f"the documents form {found} dense groups, fewer than the {wanted} topics asked for: "
                "they were split by Ward's method instead"
            )
        elif self.n_topics is not None and found > self.n_topics:
            labels = _merge(labels, self.vectors, self.n_topics)
            self.notes.append(f"{found} dense groups were merged into {self.n_topics} topics")
        self.labels_ = labels
        return self

    def _sizes(self, n: int) -> list[int]:
        """Smallest clusters to try, largest first, down to 2; none for fewer than 5 documents."""
        if n < 5:
            return []
        wanted = self.n_topics or 2
        size = min(self.smallest, max(2, n // (2 * wanted)))
        if self.n_topics is not None:
            size = max(size, n // (LARGEST_SHARE * wanted))
        sizes = [size]
        while sizes[-1] > 2:
            sizes.append(max(2, sizes[-1] * 2 // 3))
        return sizes


def _dense(layout: np.ndarray, size: int, cache: str) -> np.ndarray:
    """HDBSCAN's labels; the tree, which takes nearly all its time, is computed once for all sizes."""
    from hdbscan import HDBSCAN

    density = min(size, SMALLEST_CLUSTER, len(layout) - 1)
    return HDBSCAN(min_cluster_size=size, min_samples=density, memory=cache).fit_predict(layout)


def _split(layout: np.ndarray, count: int) -> np.ndarray:
    import numpy as np
    from sklearn.cluster import AgglomerativeClustering, KMeans

    if len(layout) <= 5000:
        return AgglomerativeClustering(count).fit_predict(layout)
    # Ward's tree needs a square of the number of documents: for many, the same criterion by exchange.
    return KMeans(count, n_init=3, random_state=0).fit_predict(np.asarray(layout, np.float64))


def _merge(labels: np.ndarray, vectors: np.ndarray, count: int) -> np.ndarray:
    import numpy as np
    from sklearn.cluster import AgglomerativeClustering

    centres = unit_centres(vectors, labels)
    distances = np.clip(1.0 - centres @ centres.T, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    merged = AgglomerativeClustering(count, metric="precomputed", linkage="average").fit_predict(distances)
    return np.where(labels >= 0, merged[labels], -1)


def unit_centres(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean vector of each label 0..k-1, scaled to unit length: shape (k, dimension)."""
    import numpy as np

    centres = np.zeros((int(labels.max()) + 1, vectors.shape[1]))
    kept = labels >= 0
    np.add.at(centres, labels[kept], vectors[kept])
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    return centres / np.where(lengths > 0, lengths, 1.0)


def mixtures_by_similarity(
    vectors: np.ndarray, centres: np.ndarray, temperature: float, assignments: np.ndarray | None = None
) -> np.ndarray:
    """Topic mixtures: softmax over the cosines of a document to the topics' centres.

    Args:
        vectors (ndarray): unit vectors, shape (n, dimension).
        centres (ndarray): unit vectors, shape (n_topics, dimension).
        temperature (float): cosine difference that makes one topic e times as likely as another.
        assignments (ndarray, optional): each document's topic where clustering decided it, -1 where it did not.
            Density may hold a document to another topic than the nearest centre: its topic then weighs as much
            as the nearest one, and a hair more.

    Returns:
        float64 ndarray of shape (n, n_topics), rows sum to 1.
    """
    import numpy as np

    similarity = np.asarray(vectors, np.float64) @ np.asarray(centres, np.float64).T
    if assignments is not None:
        rows = np.flatnonzero(assignments >= 0)
        similarity[rows, assignments[rows]] = similarity[rows].max(axis=1) + 1e-6
    similarity = np.exp((similarity - similarity.max(axis=1, keepdims=True)) / temperature)
    return similarity / similarity.sum(axis=1, keepdims=True)
