"""Waveforms to label scores through one OpenVINO graph, front end included."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from inference.export_folder import MODEL, ExportFolder, locate
from inference.prediction import Prediction, from_logits


class AudioClassifier:
    """A sound classifier on the CPU.

    Args:
        export (ExportFolder): a folder made by ``exporting/export.py``.
    """

    def __init__(self, export: ExportFolder):
        import openvino

        self.export = export
        self.labels = export.labels
        self.sample_rate = int(export.config["sample_rate"])
        self.max_seconds = float(export.config["max_seconds"])
        self._length = int(round(self.sample_rate * self.max_seconds))
        self._model = openvino.Core().compile_model(
            export.path / MODEL, "CPU", {"PERFORMANCE_HINT": "LATENCY"}
        )

    @classmethod
    def from_pretrained(cls, folder_or_repo: str | Path, revision: str | None = None) -> AudioClassifier:
        """Loads an export folder, or downloads one from the Hub (offline when it is cached).

        Raises:
            ValueError: the export is not of a sound classifier.
        """
        export = locate(folder_or_repo, revision)
        if export.task != "audio":
            raise ValueError(f"{folder_or_repo} is a classifier of {export.task}: use TextClassifier")
        return cls(export)

    def predict(self, waveforms: list[np.ndarray]) -> list[Prediction]:
        """Classifies sounds; the order is kept.

        Args:
            waveforms (list of ndarray): mono, of shape (time,), at ``sample_rate`` Hz; what exceeds
                ``max_seconds`` is cut, what is shorter is padded with silence.

        Returns:
            list of Prediction: one a waveform.

        Raises:
            ValueError: a waveform is empty, has several channels, or holds NaN.
        """
        predictions = []
        for number, waveform in enumerate(waveforms):
            start = time.perf_counter()
            logits = self.logits(self.pad(waveform, number)[None])
            predictions += from_logits(logits, self.labels, (time.perf_counter() - start) * 1000)
        return predictions

    def logits(self, batch: np.ndarray) -> np.ndarray:
        """Unnormalised scores of padded waveforms: (n, time) -> (n, n_labels), float32."""
        return np.array(self._model(batch)[0])

    def pad(self, waveform: np.ndarray, number: int = 0) -> np.ndarray:
        """Cuts or pads a waveform to the model's length, float32."""
        waveform = np.asarray(waveform, dtype=np.float32)
        if waveform.ndim != 1 or not len(waveform):
            raise ValueError(f"sound {number} has shape {waveform.shape}: give mono samples of shape (time,)")
        if not np.isfinite(waveform).all():
            raise ValueError(f"sound {number} holds NaN or infinite samples: record or convert it again")
        padded = np.zeros(self._length, dtype=np.float32)
        padded[: min(len(waveform), self._length)] = waveform[: self._length]
        return padded
