"""Texts to label scores through two OpenVINO graphs: the tokenizer and the classifier."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from inference.export_folder import MODEL, TOKENIZER, ExportFolder, locate
from inference.prediction import Prediction, from_logits

WINDOW = 4096  # texts tokenized and sorted by length at a time; memory does not grow with the input
BUCKET_TOKENS = 2048  # padded tokens in one inference of bulk work
BULK = 16  # from this many texts on, throughput counts more than latency


class TextClassifier:
    """A text classifier on the CPU.

    Args:
        export (ExportFolder): a folder made by ``exporting/export.py``.
    """

    def __init__(self, export: ExportFolder):
        import openvino
        import openvino_tokenizers  # noqa: F401  (its import registers the tokenizer's operations)

        self.export = export
        self.labels = export.labels
        self._core = openvino.Core()
        self._tokenizer = self._core.compile_model(export.path / TOKENIZER, "CPU")
        self._token_inputs = {output.get_any_name() for output in self._tokenizer.outputs}

    @classmethod
    def from_pretrained(cls, folder_or_repo: str | Path, revision: str | None = None) -> TextClassifier:
        """Loads an export folder, or downloads one from the Hub (offline when it is cached).

        Raises:
            ValueError: the export is not of a text classifier.
        """
        export = locate(folder_or_repo, revision)
        if export.task != "text":
            raise ValueError(f"{folder_or_repo} is a classifier of {export.task}: use AudioClassifier")
        return cls(export)

    @cached_property
    def _latency(self) -> Any:
        return self._core.compile_model(self.export.path / MODEL, "CPU", {"PERFORMANCE_HINT": "LATENCY"})

    @cached_property
    def _throughput(self) -> Any:
        return self._core.compile_model(self.export.path / MODEL, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})

    def predict(self, texts: list[str]) -> list[Prediction]:
        """Classifies texts; the order is kept.

        Args:
            texts (list of str): any lengths; what exceeds the model's sequence length is cut.

        Returns:
            list of Prediction: one a text.
        """
        if isinstance(texts, str):
            raise ValueError("predict takes a list of texts: write predict([text])")
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """Classifies texts as they come, 4,096 at a time; memory does not grow with their number."""
        window: list[str] = []
        for text in texts:
            window.append(text)
            if len(window) == WINDOW:
                yield from self._predict(window)
                window = []
        if window:
            yield from self._predict(window)

    def _predict(self, texts: list[str]) -> list[Prediction]:
        start = time.perf_counter()
        logits = self.logits(texts)
        return from_logits(logits, self.labels, (time.perf_counter() - start) * 1000 / len(texts))

    def logits(self, texts: list[str]) -> np.ndarray:
        """Unnormalised scores, float32 of shape (n_texts, n_labels)."""
        tokens = self._tokenize(texts)
        if len(texts) < BULK:
            return np.concatenate([self._latency(piece)[0] for piece in _singly(tokens)])
        return self._bulk(tokens)

    def _tokenize(self, texts: list[str]) -> dict[str, np.ndarray]:
        result = self._tokenizer([text or " " for text in texts])
        wanted = {i.get_any_name() for i in self._model_inputs}
        return {name: result[name] for name in self._token_inputs & wanted}

    @cached_property
    def _model_inputs(self) -> list[Any]:
        compiled = self.__dict__.get("_throughput") or self._latency
        return compiled.inputs

    def _bulk(self, tokens: dict[str, np.ndarray]) -> np.ndarray:
        lengths = tokens["attention_mask"].sum(axis=1)
        order = np.argsort(-lengths, kind="stable")
        logits = np.empty((len(order), len(self.labels)), dtype=np.float32)
        # Requests taken in turn rather than an AsyncInferQueue: its callbacks run in OpenVINO's threads and
        # wait for Python's lock, which can deadlock with the thread that destroys the queue.
        requests = self._requests
        running: list[np.ndarray | None] = [None] * len(requests)

        def collect(turn: int) -> None:
            if running[turn] is not None:
                requests[turn].wait()
                logits[running[turn]] = requests[turn].get_output_tensor(0).data
                running[turn] = None

        start = turn = 0
        while start < len(order):
            longest = max(1, int(lengths[order[start]]))
            rows = order[start : start + max(1, BUCKET_TOKENS // longest)]
            collect(turn)
            requests[turn].start_async(
                {name: np.ascontiguousarray(ids[rows, :longest]) for name, ids in tokens.items()}
            )
            running[turn] = rows
            start += len(rows)
            turn = (turn + 1) % len(requests)
        for turn in range(len(requests)):
            collect(turn)
        return logits

    @cached_property
    def _requests(self) -> list[Any]:
        count = self._throughput.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        return [self._throughput.create_infer_request() for _ in range(count)]


def _singly(tokens: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Each text alone, without padding: for a few texts this beats a padded batch."""
    lengths = tokens["attention_mask"].sum(axis=1)
    for row, length in enumerate(lengths):
        yield {
            name: np.ascontiguousarray(ids[row : row + 1, : max(1, int(length))])
            for name, ids in tokens.items()
        }
