"""A corpus on a plane: documents about the same things lie together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from grokaem.text.vectorize import VectorSettings

AXES = 50  # of the semantic space in which documents without embeddings are compared


def document_map(
    documents: list[str],
    *,
    embeddings: np.ndarray | None = None,
    seed: int = 0,
    progress: Callable[[float, str], object] | None = None,
) -> np.ndarray:
    """Places documents by UMAP.

    Args:
        documents (list of str): the corpus.
        embeddings (ndarray, optional): unit vectors, shape (n_documents, dimension). (Default: latent semantic
            coordinates of TF-IDF, which need no encoder)
        seed (int, optional): of the layout. (Default: 0)
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        float32 ndarray of shape (n_documents, 2).
    """
    import numpy as np

    from grokaem.topics.reduction import ExactUMAP

    if embeddings is None:
        embeddings = semantic_vectors(documents, seed)
    layout = ExactUMAP(components=2, min_dist=0.1, seed=seed, progress=progress).fit(embeddings)
    return np.asarray(layout.embedding_, np.float32)


def semantic_vectors(
    documents: list[str], seed: int = 0, settings: VectorSettings | None = None
) -> np.ndarray:
    """Unit vectors by latent semantic analysis; a document without words gets zeros.

    Args:
        documents (list of str): the corpus.
        seed (int, optional): of the decomposition. (Default: 0)
        settings (VectorSettings, optional): how documents become words. (Default: as topic models count them)

    Returns:
        float32 ndarray of shape (n_documents, at most ``AXES``).
    """
    import numpy as np
    from sklearn.utils.extmath import randomized_svd

    from grokaem.topics.documents import count_terms, default_settings

    terms = count_terms(documents, settings or default_settings(len(documents), "tfidf"))
    rank = min(AXES, *terms.matrix.shape)
    left, sizes, _ = randomized_svd(terms.matrix, rank, random_state=seed)
    vectors = np.asarray(left * sizes, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
