"""Texts to padded token ids by the exported tokenizer, without transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


class Tokenizer:
    """The tokenizer of an export.

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

    def pad(self, encoded: list[Any], step: int = 1) -> dict[str, np.ndarray]:
        """Texts of :meth:`encode` as a graph takes them.

        Args:
            encoded (list of tokenizers.Encoding): the texts of one batch.
            step (int, optional): the length is rounded up to a multiple of it. (Default: 1)

        Returns:
            dict: ``input_ids``, ``attention_mask`` and ``token_type_ids``, int64 of shape (n_texts, n_tokens).
        """
        longest = max(1, max(map(len, encoded)))
        length = max(longest, min(-(-longest // step) * step, self.max_length))
        ids = np.full((len(encoded), length), self.pad_id, np.int64)
        mask, types = np.zeros((2, len(encoded), length), np.int64)
        for row, text in enumerate(encoded):
            used = len(text)
            ids[row, :used] = text.ids
            mask[row, :used] = 1
            types[row, :used] = text.type_ids
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
