"""The sentence encoder: texts in, unit vectors out, by openvino and tokenizers alone."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from grokaem.cache import FileCache, cache_folder
from grokaem.embedding.convert import INPUTS, PRECISIONS
from grokaem.embedding.converted import converted_folder
from grokaem.embedding.encoder_source import resolve_encoder
from grokaem.openvino_core import core
from grokaem.request_pool import RequestPool
from grokaem.thread_counts import openvino_settings

if TYPE_CHECKING:
    import numpy as np
    import openvino

    from grokaem.tokenization import Tokenizer

Progress = Callable[[float, str], object]
BATCH_TOKENS = 2048  # of one request; longer and shorter batches were slower on 2 cores
TOKENIZED_AT_ONCE = 4096  # texts whose ids are in memory at a time
SEQUENCE_LENGTH = (
    128  # tokens; what MiniLM was trained on, and twice as fast on long texts as its limit of 256
)
VECTOR_CACHE_BYTES = 4 * 2**30  # of vectors kept on disk; the least recently used go first


class Embedder:
    """Turns texts into unit vectors.

    The first use of an encoder converts it to OpenVINO (about 20 s for MiniLM in INT8) and keeps the result in
    the cache folder; later uses load that in under a second, without torch.

    Args:
        model (str, optional): a sentence-transformers id or folder.
            (Default: all-MiniLM-L6-v2 from the installed package, no network needed)
        precision (str, optional): ``int8``, ``int8-weights`` or ``fp32``. (Default: ``int8``)
        sequence_length (int, optional): tokens of a text that count, at most what the encoder takes.
            (Default: 128)
        revision (str, optional): of the encoder, as its ``source`` has it; another one is refused.
            (Default: what is there; of the Hub the newest commit)

    Raises:
        ValueError: unknown precision, no token to count, or a folder that holds no encoder or another one.
        RuntimeError: the conversion failed; the message holds its reason.
    """

    def __init__(
        self,
        model: str | None = None,
        precision: str = "int8",
        sequence_length: int = SEQUENCE_LENGTH,
        revision: str | None = None,
    ) -> None:
        if sequence_length < 3:
            raise ValueError(
                f"a sequence length of {sequence_length} leaves no word: give at least 3 tokens."
            )
        if precision not in PRECISIONS:
            raise ValueError(f"precision {precision!r} is unknown: choose one of {', '.join(PRECISIONS)}.")
        self.source = resolve_encoder(model, revision)
        self.precision = precision
        self.folder, self.settings = converted_folder(self.source, precision)
        self.sequence_length = min(sequence_length, self.settings["max_length"])
        self._loading = Lock()
        self._tokenizer: Tokenizer | None = None
        self._requests = RequestPool(self._compile)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.settings["dimension"]

    @property
    def name(self) -> str:
        """The encoder and its precision, for reports that are handed on."""
        return f"{self.source.shown} ({self.precision})"

    def encode(self, texts: list[str], progress: Progress | None = None) -> np.ndarray:
        """Computes the vectors, or reads them from the cache when the same texts were encoded before.

        A cache that cannot be read or written to is said on standard error; the vectors are returned all the same.

        Args:
            texts (list of str): any texts; each is cut to ``sequence_length`` tokens.
            progress (callable, optional): called with the fraction done and a description.

        Returns:
            float32 ndarray of shape (n_texts, dimension), rows of unit length.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        cache = FileCache(cache_folder("embedding") / "vectors", ".npy", VECTOR_CACHE_BYTES)
        key = self._key(texts)
        kept = _kept(cache.path(key), (len(texts), self.dimension))
        if kept is not None:
            return kept
        unique = list(dict.fromkeys(texts))
        vectors = self._encode(unique, progress)
        if len(unique) < len(texts):
            row_of = {text: row for row, text in enumerate(unique)}
            vectors = vectors[[row_of[text] for text in texts]]
        _store(cache, key, vectors)
        return vectors

    def _key(self, texts: list[str]) -> str:
        digest = hashlib.sha256(f"{self.folder.name}-{self.sequence_length}".encode())
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
        return digest.hexdigest()[:32]

    def _load(self) -> None:
        from grokaem.tokenization import Tokenizer

        with self._loading:
            if self._tokenizer is None:
                self._tokenizer = Tokenizer(
                    self.folder / "tokenizer.json", self.sequence_length, self.settings["pad_id"]
                )

    def _compile(self) -> openvino.CompiledModel:
        settings = {"PERFORMANCE_HINT": "THROUGHPUT", **openvino_settings()}
        return core().compile_model(str(self.folder / "model.xml"), "CPU", settings)

    def _encode(self, texts: list[str], progress: Progress | None) -> np.ndarray:
        import numpy as np

        self._load()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            if progress is not None:
                progress(done / len(texts), f"embedding {done:,} of {len(texts):,} documents")

        self._requests.infer_all(self._batches(texts), vectors, tell)
        return vectors

    def _batches(self, texts: list[str]) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """Pairs of rows of ``texts`` and their tokens; texts of like length share a batch."""
        import numpy as np

        from grokaem.tokenization import batches_by_length

        # The longest go first, so that memory does not grow late and the last requests, which not all streams
        # share, are short.
        order = np.argsort([-len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            rows = order[start : start + TOKENIZED_AT_ONCE]
            assert self._tokenizer is not None  # _encode has loaded it
            encoded = self._tokenizer.encode([texts[row] for row in rows])
            for chosen in batches_by_length(encoded, BATCH_TOKENS):
                yield rows[chosen], self._tokenizer.pad([encoded[item] for item in chosen], names=INPUTS)


def _kept(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """The vectors in a file of the cache, or None where it is absent, unreadable, or not what was stored."""
    import numpy as np

    try:
        # Mapped, so that a header that promises more than the file holds is an error and no allocation.
        vectors = np.load(path, allow_pickle=False, mmap_mode="r")
        if vectors.shape != shape or vectors.dtype != np.float32:
            return None
        vectors = np.array(vectors)
    except Exception:  # numpy raises whatever the bytes look like: EOFError, BadZipFile, ValueError
        return None
    with suppress(OSError):  # somebody else's cache may be read, though not marked as used
        os.utime(path)
    return vectors


def _store(cache: FileCache, key: str, vectors: np.ndarray) -> None:
    """Keeps the vectors as far as the disk goes: that they cannot be kept is said, and costs the next run time."""
    import numpy as np

    try:
        with cache.new_file(key) as temporary, temporary.open("wb") as file:
            np.save(file, vectors)
    except OSError as error:
        reason = error.strerror or error
        print(f"note: the vectors cannot be kept in {cache.folder} ({reason})", file=sys.stderr)
