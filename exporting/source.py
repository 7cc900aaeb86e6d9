"""What a run can be turned into: what every kind's source can do, one a kind, which ``exporting/sources.py`` lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from grokaem.flags import Own

if TYPE_CHECKING:
    import numpy as np
    import openvino

    from exporting.kind_card import KindCard
    from exporting.quantization import ValidationReference
    from exporting.report_types import OnnxFigures
    from exporting.run_source import Run
    from grokaem.corpora import Corpus


class Source:
    """What a run can be turned into; its inputs are as its kind's corpora have them: texts, paths of sounds.

    Args:
        run (Run): the run folder.

    Attributes:
        flags (type): the flags of ``exporting/export.py`` that only this kind understands.
        card (KindCard): what a model card says of this kind.
        factory (str): class of transformers that loads such a classifier.
        writes_onnx (bool): there is :meth:`write_onnx`.
    """

    flags: ClassVar[type[Own]] = Own
    card: ClassVar[KindCard]
    factory: ClassVar[str] = ""
    writes_onnx: ClassVar[bool] = False

    def __init__(self, run: Run):
        self.run = run

    @classmethod
    def check_exportable(cls, folder: Path, name: str) -> None:
        """Refuses a base model that training could not hand on to an export.

        Args:
            folder (Path): the base model.
            name (str): what the user calls it.

        Raises:
            ValueError: no conversion is known for it.
        """

    @classmethod
    def classifies(cls, architecture: str) -> bool:
        """Whether a class of models, by its name in ``config.json``, is a classifier of this kind."""
        return False

    @classmethod
    def adopted_settings(cls, folder: Path, own: Own) -> dict[str, int | float]:
        """What a run of a classifier from elsewhere records of its inputs' length.

        Args:
            folder (Path): the classifier; files that it lacks may be added.
            own (Own): an instance of :attr:`flags`.
        """
        raise NotImplementedError

    def convert(self, folder: Path) -> None:
        """Writes the floating-point graph into a folder."""
        raise NotImplementedError

    def write_rest(self, folder: Path) -> None:
        """Writes what the graph is used with."""
        raise NotImplementedError

    def read(self, inputs: list, /) -> list:
        """The inputs as a classifier is given them: texts, or arrays."""
        raise NotImplementedError

    def quantized(
        self, folder: Path, method: str, calibration: list, reference: ValidationReference
    ) -> openvino.Model:
        """The graph in a folder made smaller."""
        raise NotImplementedError

    def original_logits(self, inputs: list, /) -> np.ndarray:
        """Logits of the original weights, in fp32 by torch: (n, n_labels)."""
        raise NotImplementedError

    def logits_as_in_training(self, inputs: list, /) -> np.ndarray | None:
        """Logits as training scored the inputs; None where that is no difference."""
        return None

    def write_onnx(self, corpus: Corpus, original: np.ndarray, folder: Path) -> OnnxFigures:
        """Writes the unquantized model as ONNX; see :func:`exporting.onnx_file.write_onnx`."""
        raise NotImplementedError
