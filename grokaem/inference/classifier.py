"""What every classifier of an export can do, whatever it classifies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from grokaem.inference.export_folder import ExportFolder
    from grokaem.inference.prediction import Prediction


class Classifier(Protocol):
    """A classifier on the CPU, made from an :class:`grokaem.inference.export_folder.ExportFolder`.

    Attributes:
        names_files (bool): on a command line stand names of files, not the inputs themselves.
        at_once (int): how many of them are read before the first is answered.
        rows_at_once (int): rows of a file classified together, and lost at most by a kill.
    """

    names_files: bool
    at_once: int
    rows_at_once: int
    export: ExportFolder
    labels: list[str]

    def predict(self, inputs: list, /) -> list[Prediction]:
        """Classifies inputs; the order is kept."""
        ...

    def predict_given(self, given: list[str], folder: Path | None = None) -> list[Prediction]:
        """Classifies what a command line or a row holds; names of files are relative to ``folder``.

        Raises:
            ValueError: one of them cannot be classified.
        """
        ...

    def logits(self, inputs: list, /) -> np.ndarray:
        """Unnormalised scores, float32 of shape (n, n_labels)."""
        ...

    def example(self) -> Any:  # of whatever it classifies
        """Something to classify."""
        ...
