"""Texts to padded token ids, and to batches of like length, without transformers: for every graph that reads text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FIELDS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


class Tokenizer:
    """A model's own tokenizer.

    Args:
        path (Path): its ``tokenizer.json``.
        max_length (int): tokens after which a text is cut.
        pad_id (int): the id that fills the shorter texts of a batch.
    """

    def __init__(self, path: Path, max_length: int, pad_id: int = 0):
        import tokenizers

        self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.no_padding()
        self.max_length, self.pad_id = max_length, pad_id

    def encode(self, texts: list[str]) -> list[Any]:
        """Ids and types of each text's tokens; a few texts on one core, many on all.

        Args:
            texts (list of str): any characters; half a surrogate pair is dropped.

        Returns:
            list of tokenizers.Encoding: one a text.
        """
        clean = [text if text.isascii() else text.encode("utf-8", "ignore").decode() for text in texts]
        if len(clean) == 1:
            return [self._tokenizer.encode(clean[0])]
        return self._tokenizer.encode_batch_fast(clean)

    def pad(self, encoded: list[Any], step: int = 1, names: Iterable[str] = tuple(FIELDS)) -> dict[str, np.ndarray]:
        """Texts of :meth:`encode` as a graph takes them.

        Args:
            encoded (list of tokenizers.Encoding): the texts of one batch.
            step (int, optional): the length is rounded up to a multiple of it. (Default: 1)
            names (iterable of str, optional): the graph's inputs, keys of :data:`FIELDS`. (Default: all)

        Returns:
            dict: int64 arrays of shape (n_texts, n_tokens) by name.
        """
        longest = max(1, max(map(len, encoded)))
        length = max(longest, min(-(-longest // step) * step, self.max_length))
        padded = {}
        for name in names:
            fill = self.pad_id if name == "input_ids" else 0
            padded[name] = np.full((len(encoded), length), fill, np.int64)
            for row, text in enumerate(encoded):
                padded[name][row, : len(text)] = getattr(text, FIELDS[name])
        return padded


def batches_by_length(encoded: list[Any], n_tokens: int) -> Iterator[np.ndarray]:
    """Rows of like length together, so that little is padding; the longest first, so that memory does not grow late.

    Args:
        encoded (list of tokenizers.Encoding): all texts.
        n_tokens (int): padded tokens of a batch, at most; a longer text is a batch of its own.
    """
    lengths = np.array([len(text) for text in encoded])
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        rows = order[start : start + max(1, n_tokens // longest)]
        yield rows
        start += len(rows)
