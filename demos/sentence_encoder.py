"""The sentence encoder of the text tab, made at its first use."""

from __future__ import annotations

import functools
import threading
import uuid
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from grokaem.embedding import Embedder

_lock = threading.Lock()


def encode(texts: list[str]) -> np.ndarray:
    """Vectors of texts.

    Args:
        texts (list of str): any texts.

    Returns:
        ndarray of shape (n_texts, dimension): float32, rows of unit length.
    """
    with _lock:  # visitors who come first at the same moment share one encoder
        encoder = _encoder()
    return encoder.encode(texts)


@functools.cache
def _encoder() -> Embedder:
    from grokaem.embedding import Embedder

    encoder = Embedder()
    # Vectors of texts seen before come from a cache on disk, without loading the network. A text that nobody
    # has sent loads it now, so that the time shown with the first text is the text's own.
    encoder.encode([uuid.uuid4().hex])
    return encoder
