"""Exact nearest neighbours of unit vectors by one matrix product, in place of an approximate index."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from grokaem.thread_counts import openvino_settings

if TYPE_CHECKING:
    import numpy as np

BLOCK_BYTES = 128 * 2**20  # of similarities held at a time


def exact_neighbours(
    vectors: np.ndarray, k: int, progress: Callable[[float, str], object] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` vectors of largest cosine to each vector, itself first.

    Args:
        vectors (ndarray): float32, shape (n, dimension), rows of unit length.
        k (int): neighbours of each, itself included; at most n.
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        tuple: int32 indices and float32 cosine distances (0 to 2), both of shape (n, k), nearest first.
    """
    import numpy as np
    import openvino
    from openvino import opset13 as ops

    vectors = np.ascontiguousarray(vectors, np.float32)
    n, dimension = vectors.shape
    k = min(k, n)
    query = ops.parameter([-1, dimension], np.float32)
    database = ops.parameter([n, dimension], np.float32)
    # (rows, dimension) x (n, dimension)^T -> (rows, n)
    similarity = ops.matmul(query, database, False, True)
    best = ops.topk(similarity, ops.constant(k), 1, "max", "value", index_element_type="i32")
    graph = openvino.Model(  # pyright: ignore[reportGeneralTypeIssues]  # its stub names two classes so
        [best.output(0), best.output(1)], [query, database]
    )
    compiled = openvino.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **openvino_settings()})
    request = compiled.create_infer_request()
    indices = np.empty((n, k), np.int32)
    distances = np.empty((n, k), np.float32)
    rows = max(16, BLOCK_BYTES // (4 * n))
    for start in range(0, n, rows):
        block = vectors[start : start + rows]
        result = request.infer([block, vectors], share_inputs=True)
        distances[start : start + rows] = 1.0 - result[0]
        indices[start : start + rows] = result[1]
        if progress is not None:
            progress(min(1.0, (start + rows) / n), "comparing documents")
    np.clip(distances, 0.0, 2.0, out=distances)
    _put_self_first(indices, distances)
    return indices, distances


def _put_self_first(indices: np.ndarray, distances: np.ndarray) -> None:
    """Duplicates tie with the vector itself: whichever came out first, a vector's first neighbour is itself."""
    import numpy as np

    n = len(indices)
    own = np.arange(n, dtype=indices.dtype)
    wrong = np.flatnonzero(indices[:, 0] != own)
    for row in wrong:
        position = np.flatnonzero(indices[row] == row)
        place = position[0] if len(position) else indices.shape[1] - 1
        indices[row, 1 : place + 1] = indices[row, :place].copy()
        distances[row, 1 : place + 1] = distances[row, :place].copy()
        indices[row, 0] = row
    distances[:, 0] = 0.0
