"""Texts to padded token ids, and to batches of like length, without transformers: for every graph that reads text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from grokaem.thread_counts import limit_libraries

FIELDS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


CHARACTERS_A_TOKEN = 32  # of a long text, so many are looked at first for each token that counts


class Encoded(Protocol):
    """What is read of a ``tokenizers.Encoding``, whose stub leaves its length out."""

    ids: list[int]
    attention_mask: list[int]
    type_ids: list[int]
    special_tokens_mask: list[int]
    overflowing: list[Encoded]

    def __len__(self) -> int: ...


class Tokenizer:
    """A model's own tokenizer; any number of threads may use it.

    Args:
        path (Path): its ``tokenizer.json``.
        max_length (int): tokens after which a text is cut.
        pad_id (int): the id that fills the shorter texts of a batch.
        n_ids (int, optional): rows of the graph's table of tokens. A larger id would have the process read memory
            that is not the table's. (Default: as many as needed)

    Raises:
        ValueError: the file is no tokenizer, or the table has no row for the padding.
    """

    def __init__(self, path: Path, max_length: int, pad_id: int = 0, n_ids: int | None = None):
        limit_libraries()  # it starts its threads when it is first used, and never more
        import tokenizers

        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise ValueError(f"{path} is no tokenizer ({error}): download or export the model again.") from error
        self._path, self._n_ids = path, n_ids
        if n_ids is not None and pad_id >= n_ids:
            raise ValueError(self._foreign(pad_id))
        treat_special_tokens_as_text(self._tokenizer)
        # Set here and never again: each of these is shared by all threads.
        self._tokenizer.enable_truncation(max_length)
        self._tokenizer.no_padding()
        self.max_length, self.pad_id = max_length, pad_id

    def encode(self, texts: list[str]) -> list[Encoded]:
        """Ids and types of each text's tokens; a few texts on one core, many on all.

        Of a long text only as much is looked at as fills ``max_length`` tokens. What a text calls ``</s>`` or
        ``[CLS]`` is letters.

        Args:
            texts (list of str): any characters; half a surrogate pair is dropped.

        Returns:
            list of tokenizers.Encoding: one a text.
        """
        clean = [text if text.isascii() else text.encode("utf-8", "ignore").decode() for text in texts]
        characters = self.max_length * CHARACTERS_A_TOKEN
        encoded = self._encode([text[:characters] for text in clean])
        for row, text in enumerate(clean):
            looked_at = characters
            while len(text) > looked_at and not encoded[row].overflowing:  # white space, or words without an end
                looked_at *= 4
                encoded[row] = self._encode([text[:looked_at]])[0]
        return encoded

    def _encode(self, texts: list[str]) -> list[Encoded]:
        if len(texts) == 1:
            return [self._tokenizer.encode(texts[0])]  # pyright: ignore[reportReturnType]
        return self._tokenizer.encode_batch_fast(texts)  # pyright: ignore[reportReturnType]

    def read(self, text: str, encoded: Encoded) -> str:
        """How much of a text its tokens hold, as ``"128 of 412 tokens"``; empty where they hold all of it.

        Args:
            text (str): as it was given to :meth:`encode`.
            encoded (tokenizers.Encoding): what came back.
        """
        if not encoded.overflowing:
            return ""
        if len(text) > self.max_length * CHARACTERS_A_TOKEN:  # the rest has never been looked at
            return f"the first {len(encoded)} tokens of {len(text):,} characters"
        rest = sum(len(piece) - sum(piece.special_tokens_mask) for piece in encoded.overflowing)
        return f"{len(encoded)} of {len(encoded) + rest:,} tokens"

    def pad(
        self, encoded: list[Encoded], step: int = 1, names: Iterable[str] = tuple(FIELDS)
    ) -> dict[str, np.ndarray]:
        """Texts of :meth:`encode` as a graph takes them.

        Args:
            encoded (list of tokenizers.Encoding): the texts of one batch.
            step (int, optional): the length is rounded up to a multiple of it. (Default: 1)
            names (iterable of str, optional): the graph's inputs, keys of :data:`FIELDS`. (Default: all)

        Returns:
            dict: int64 arrays of shape (n_texts, n_tokens) by name.

        Raises:
            ValueError: the graph has no row for a token.
        """
        longest = max(1, max(map(len, encoded)))
        length = max(longest, min(-(-longest // step) * step, self.max_length))
        padded = {}
        for name in names:
            fill = self.pad_id if name == "input_ids" else 0
            padded[name] = np.full((len(encoded), length), fill, np.int64)
            for row, text in enumerate(encoded):
                padded[name][row, : len(text)] = getattr(text, FIELDS[name])
        if self._n_ids is not None and "input_ids" in padded and (highest := padded["input_ids"].max()) >= self._n_ids:
            raise ValueError(self._foreign(int(highest)))
        return padded

    def _foreign(self, number: int) -> str:
        return (
            f"{self._path} belongs to another model (token {number:,}, of {self._n_ids:,} in the graph): download or "
            "export the model again."
        )


def batches_by_length(encoded: list[Encoded], n_tokens: int) -> Iterator[np.ndarray]:
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


def treat_special_tokens_as_text(tokenizer: Any) -> None:
    """Lets a text that says ``</s>`` or ``[CLS]`` have those letters, and not the model's own marks.

    Some models count their marks: BART fails where the texts of a batch do not hold the same number. What this
    changes is saved with the tokenizer; doing it again changes nothing.

    Args:
        tokenizer (tokenizers.Tokenizer or transformers.PreTrainedTokenizerBase): changed in place.
    """
    from tokenizers import normalizers

    if hasattr(tokenizer, "split_special_tokens"):  # of transformers, which hands it on at each call
        tokenizer.split_special_tokens = True
        if not getattr(tokenizer, "is_fast", False):
            return
        tokenizer = tokenizer.backend_tokenizer
    tokenizer.encode_special_tokens = True
    marks = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    breaks = []
    for mark in marks:
        broken = f"{mark[:1]} {mark[1:]}"
        # A unigram vocabulary lists its marks among its pieces: there they must not come up in one piece. (The mark
        # of what is unknown stays where its letters are unknown too.)
        whole, parts = (tokenizer.encode(f"a {text} a", add_special_tokens=False).ids for text in (mark, broken))
        if (number := tokenizer.token_to_id(mark)) in whole and number not in parts:
            breaks.append(normalizers.Replace(mark, broken))
    if breaks:
        before = [tokenizer.normalizer] if tokenizer.normalizer is not None else []
        tokenizer.normalizer = normalizers.Sequence([*before, *breaks])
