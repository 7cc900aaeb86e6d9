"""The unquantized text classifier as one ONNX file, for runtimes other than OpenVINO; proven like the rest."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting import parity
from exporting.sources import SOURCES, find_source
from grokaem import kinds

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from exporting.report_types import OnnxFigures
    from exporting.text_source import TextSource
    from grokaem.corpora import Corpus

NAME = "model.onnx"
OPSET = 17
TOLERANCE = 1e-3  # of a probability; floating point in another order of operations


def check_onnx(task: str) -> None:
    """Refuses what cannot be written, before any work.

    Raises:
        ValueError: a kind that has none, or the package is not installed.
    """
    if not find_source(task).writes_onnx:
        able = " and ".join(kinds.find(key).title for key in SOURCES if find_source(key).writes_onnx)
        raise ValueError(f"--also onnx is for {able}: what classifies {kinds.find(task).title} has no form in ONNX.")
    if find_spec("onnx") is None:
        raise ValueError("--also onnx needs a package that is not installed: pip install onnx.")


def write_onnx(source: TextSource, corpus: Corpus, original: np.ndarray, folder: Path) -> OnnxFigures:
    """Writes ``model.onnx`` (inputs ``input_ids`` and ``attention_mask``, any batch and length).

    Args:
        source (TextSource): what is exported.
        corpus (Corpus): its data.
        original (ndarray of shape (n, n_labels)): the original's logits on the test part.
        folder (Path): the export folder.

    Returns:
        dict: ``bytes``, and what :func:`exporting.parity.compare` finds on the test part.

    Raises:
        RuntimeError: the model cannot be written as ONNX, or gives other scores.
    """
    import openvino
    import torch

    example = (torch.ones(2, 16, dtype=torch.long), torch.ones(2, 16, dtype=torch.long))
    axes = {0: "batch", 1: "length"}
    try:
        with torch.inference_mode():
            torch.onnx.export(
                with_own_mask(source.model),
                example,
                str(folder / NAME),
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:
        raise RuntimeError(
            f"{type(source.model).__name__} cannot be written as ONNX ({error}): leave out --also onnx."
        ) from error
    # Another runtime than the one it is for, but an independent reading of the file.
    graph = openvino.Core().compile_model(folder / NAME, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(batch: dict[str, torch.Tensor]) -> np.ndarray:
        return graph({name: batch[name].numpy() for name in ("input_ids", "attention_mask")})[0]

    scores = parity.compare(original, source.logits_of(run, corpus.test.inputs), np.asarray(corpus.test.labels))
    if scores["max_score_difference"] > TOLERANCE:
        raise RuntimeError(
            f"the ONNX file's scores differ by up to {scores['max_score_difference']:.2g} from the original's: "
            "leave out --also onnx."
        )
    return {"file": NAME, "bytes": (folder / NAME).stat().st_size, **scores}


def with_own_mask(model: PreTrainedModel) -> torch.nn.Module:
    """The model with an attention mask that is made in the graph: the exporter cannot follow transformers' own."""
    import torch

    class WithOwnMask(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            # (batch, length) of 1 and 0 -> (batch, 1, 1, length), added to the scores of attention
            hidden = (1.0 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
            return self.model(input_ids=input_ids, attention_mask=hidden).logits

    return WithOwnMask().eval()
