"""Waveforms to label scores through one OpenVINO graph, front end included."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from grokaem.inference.export_folder import MODEL, ExportFolder, locate
from grokaem.inference.graph import BULK, Graph
from grokaem.inference.prediction import Prediction, from_logits

WINDOW = 64  # sounds held at a time by stream
BATCH_SECONDS = 16  # of sound in one inference of bulk work


class AudioClassifier:
    """A sound classifier on the CPU; any number of threads may use one.

    Args:
        export (ExportFolder): a folder made by ``exporting/export.py``.
    """

    names_files = True  # what is given are names of sound files
    at_once, rows_at_once = 1, 32

    def __init__(self, export: ExportFolder):
        self.export = export
        self.labels = export.labels
        self.sample_rate = int(export.config["sample_rate"])
        self.max_seconds = float(export.config["max_seconds"])
        self._length = int(round(self.sample_rate * self.max_seconds))
        # A network that was trained on clips of one length is given that; a pretrained encoder takes any.
        self._shortest = self._length if export.config.get("padded", True) else self.sample_rate // 10
        self._graph = Graph(export.path / MODEL, len(self.labels), export.task, tokens=False)

    @classmethod
    def from_pretrained(cls, folder_or_repo: str | Path, revision: str | None = None) -> AudioClassifier:
        """Loads an export folder, or downloads one from the Hub (offline when it is cached).

        Raises:
            ValueError: the export is not of a sound classifier.
        """
        export = locate(folder_or_repo, revision)
        export.check_runs_on(cls)
        return cls(export)

    def predict(self, waveforms: list[np.ndarray]) -> list[Prediction]:
        """Classifies sounds; the order is kept.

        Args:
            waveforms (list of ndarray): mono, of shape (time,), at ``sample_rate`` Hz; what exceeds
                ``max_seconds`` is cut, what is too short for the model is padded with silence.

        Returns:
            list of Prediction: one a waveform.

        Raises:
            ValueError: a waveform is empty, has several channels, or holds NaN.
        """
        clips = self._fit_all(waveforms)
        if len(clips) >= BULK:
            self._graph.prepare_all()
        for clip in clips if len(clips) < BULK else ():
            self._graph.prepare(clip[None])
        start = time.perf_counter()
        logits = self._logits(clips)
        milliseconds = (time.perf_counter() - start) * 1000 / max(1, len(clips))
        reads = [self.read(len(waveform) / self.sample_rate) for waveform in waveforms]
        return from_logits(logits, self.labels, milliseconds, reads)

    def predict_given(self, given: list[str], folder: Path | None = None) -> list[Prediction]:
        """Reads as much of sound files as the model takes in, and classifies them.

        Args:
            given (list of str): their names.
            folder (Path, optional): what the names are relative to. (Default: the working directory)
        """
        return [self._hear((folder or Path()) / Path(name).expanduser()) for name in given]

    def _hear(self, path: Path) -> Prediction:
        from grokaem.audio.reading import read_waveform, seconds_of

        waveform = read_waveform(path, self.sample_rate, max_seconds=self.max_seconds)
        prediction = self.predict([waveform])[0]
        if len(waveform) < self._length:
            return prediction
        return replace(prediction, read=self.read(seconds_of(path)))

    def example(self) -> np.ndarray:
        """Something to classify: a second of silence."""
        return np.zeros(self.sample_rate, dtype=np.float32)

    def read(self, seconds: float) -> str:
        """How much of a sound the model takes in, as ``"1.5 of 10,800.0 seconds"``; empty where it is all.

        Args:
            seconds (float): length of the sound.
        """
        heard = self._length / self.sample_rate
        return f"{heard:g} of {seconds:,.1f} seconds" if seconds > heard + 0.05 else ""

    def stream(self, waveforms: Iterable[np.ndarray]) -> Iterator[Prediction]:
        """Classifies sounds as they come, 64 at a time; memory does not grow with their number."""
        waveforms = iter(waveforms)
        while window := list(islice(waveforms, WINDOW)):
            yield from self.predict(window)

    def logits(self, waveforms: list[np.ndarray]) -> np.ndarray:
        """Unnormalised scores, float32 of shape (n_waveforms, n_labels).

        A few sounds run one by one on all cores; many run in batches of equal length, several at a time.
        """
        return self._logits(self._fit_all(waveforms))

    def _fit_all(self, waveforms: list[np.ndarray]) -> list[np.ndarray]:
        return [self._fit(waveform, number) for number, waveform in enumerate(waveforms)]

    def _logits(self, clips: list[np.ndarray]) -> np.ndarray:
        if not clips:
            return np.empty((0, len(self.labels)), dtype=np.float32)
        if len(clips) < BULK:
            return np.concatenate([self._graph.run(clip[None]) for clip in clips])
        logits = np.empty((len(clips), len(self.labels)), dtype=np.float32)
        self._graph.run_all(self._batches(clips), logits)
        return logits

    def _batches(self, clips: list[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray]]:
        order = sorted(range(len(clips)), key=lambda row: -len(clips[row]))
        for length, rows in groupby(order, key=lambda row: len(clips[row])):
            size = max(1, int(BATCH_SECONDS * self.sample_rate // length))
            while batch := list(islice(rows, size)):
                yield batch, np.stack([clips[row] for row in batch])

    def _fit(self, waveform: np.ndarray, number: int) -> np.ndarray:
        """Cuts or pads a waveform to what the model takes, float32."""
        waveform = np.asarray(waveform, dtype=np.float32)
        if waveform.ndim != 1 or not len(waveform):
            raise ValueError(f"sound {number} has shape {waveform.shape}: give mono samples of shape (time,).")
        if not np.isfinite(waveform).all():
            raise ValueError(f"sound {number} holds NaN or infinite samples: record or convert it again.")
        waveform = waveform[: self._length]
        return np.pad(waveform, (0, max(0, self._shortest - len(waveform))))
