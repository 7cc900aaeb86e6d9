"""UMAP on an exact neighbour graph: seeded, and without the approximate index that costs most of its time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NEIGHBOURS = 15


class ExactUMAP:
    """UMAP with exact cosine neighbours, with the ``fit`` and ``transform`` that BERTopic calls.

    The layout is UMAP's own (McInnes, Healy and Melville 2018); only the search for neighbours is replaced, by
    one matrix product. Two runs with one seed give the same numbers.

    Args:
        components (int, optional): dimensions of the result. (Default: 5)
        neighbours (int, optional): size of a neighbourhood, itself included. (Default: 15)
        min_dist (float, optional): least distance of neighbours in the result. (Default: 0.0)
        seed (int, optional): of the layout. (Default: 0)
        progress (callable, optional): called with the fraction done and a description.
    """

    def __init__(
        self,
        components: int = 5,
        neighbours: int = NEIGHBOURS,
        min_dist: float = 0.0,
        seed: int = 0,
        progress: Callable[[float, str], object] | None = None,
    ) -> None:
        self.components = components
        self.neighbours = neighbours
        self.min_dist = min_dist
        self.seed = seed
        self.progress = progress
        self.graph: tuple[np.ndarray, np.ndarray] | None = None

    def fit(self, vectors: np.ndarray, y: object = None) -> ExactUMAP:
        """Lays out ``vectors``, float32 unit rows of shape (n, dimension)."""
        self.embedding_ = self._layout(vectors)
        return self

    def transform(self, vectors: np.ndarray) -> np.ndarray:
        """The layout of the vectors that were fitted, shape (n, components)."""
        return self.embedding_

    def _layout(self, vectors: np.ndarray) -> np.ndarray:
        import numpy as np

        from grokaem.embedding.neighbours import exact_neighbours

        vectors = np.asarray(vectors, np.float32)
        n = len(vectors)
        if n <= self.components + 2:  # too few points for a neighbourhood: keep their own directions
            return principal_axes(vectors, self.components)
        import warnings

        umap_ = _umap()
        neighbours = min(self.neighbours, n)
        if self.graph is None:
            self.graph = exact_neighbours(vectors, neighbours, self.progress)
        if self.progress is not None:
            self.progress(1.0, f"laying out {n:,} documents")
        indices, distances = self.graph
        random_state = np.random.RandomState(self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a disconnected graph falls back to a random start by itself
            graph, _, _ = umap_.fuzzy_simplicial_set(
                vectors, neighbours, random_state, "cosine", knn_indices=indices, knn_dists=distances
            )
            a, b = umap_.find_ab_params(1.0, self.min_dist)
            start = "spectral" if n > 3 * self.components + 10 else principal_axes(vectors, self.components)
            layout, _ = umap_.simplicial_set_embedding(
                vectors,
                graph,
                n_components=self.components,
                initial_alpha=1.0,
                a=a,
                b=b,
                gamma=1.0,
                negative_sample_rate=5,
                n_epochs=None,
                init=start,
                random_state=random_state,
                metric="cosine",
                metric_kwds={},
                densmap=False,
                densmap_kwds={},
                output_dens=False,
            )
        return np.nan_to_num(layout)


def principal_axes(vectors: np.ndarray, components: int) -> np.ndarray:
    """Coordinates on the first principal axes, padded with zeros.

    Args:
        vectors (ndarray): shape (n, dimension).
        components (int): how many axes.

    Returns:
        float32 ndarray of shape (n, components).
    """
    import numpy as np

    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    count = min(components, len(sizes))
    axes = np.zeros((len(vectors), components), np.float32)
    axes[:, :count] = left[:, :count] * sizes[:count]
    return axes


def _umap() -> ModuleType:
    """The umap module, with its compiled functions kept on disk: a later process starts in 2 s, not in 10."""
    import umap.layouts
    import umap.umap_

    from grokaem.topics.compiled import kept_on_disk

    compiled = (
        (umap.umap_, "smooth_knn_dist"),
        (umap.umap_, "compute_membership_strengths"),
        (umap.layouts, "clip"),
        (umap.layouts, "tau_rand_int"),
        (umap.layouts, "_nb_optimize_layout_euclidean_single_epoch"),
    )
    for module, name in compiled:
        # Where a later umap has another name: slower at the start, nothing else.
        with suppress(AttributeError):
            kept_on_disk(getattr(module, name))
    return umap.umap_
