"""Converts a sentence encoder to OpenVINO: one graph from token ids to the final vector.

    python -m grokaem.embedding.convert LOCATION TARGET --precision int8

The embedder runs this file in a process of its own the first time an encoder is used: torch and
sentence-transformers (about 700 MB) are needed here only, and leave with the process.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from grokaem.command_line import one_line, run

if TYPE_CHECKING:
    import numpy as np
    import openvino
    import torch

CANNOT_WRITE = 74  # exit code: the conversion is sound, the target folder could not take it (EX_IOERR)
INPUTS = ("input_ids", "attention_mask")  # of the graph, by name
PRECISIONS = ("int8", "int8-weights", "fp32")


class ConvertedSettings(TypedDict):
    """What ``embedding.json`` holds; see :func:`convert`."""

    dimension: int
    max_length: int
    pad_id: int
    precision: str
    mean_cosine: float
    bytes: NotRequired[dict[str, int]]


def convert(location: str, target: Path, precision: str = "int8") -> ConvertedSettings:
    """Writes ``model.xml``, ``model.bin``, ``tokenizer.json`` and ``embedding.json`` into ``target``.

    Args:
        location (str): folder or id of a sentence-transformers or transformers encoder.
        target (Path): an existing folder.
        precision (str, optional): ``int8`` (weights and activations, calibrated), ``int8-weights`` or
            ``fp32``. (Default: ``int8``)

    Returns:
        dict: what ``embedding.json`` holds: dimension, max_length, pad_id, precision, mean_cosine (of the
        quantized vectors to the fp32 ones on texts that did not calibrate it), bytes of each file.

    Raises:
        NotWritten: the folder could not take a file; the message holds the reason.
    """
    import numpy as np
    import openvino
    import torch
    from sentence_transformers import SentenceTransformer

    sentence_model = SentenceTransformer(location, device="cpu", trust_remote_code=False).eval()
    tokenizer = sentence_model.tokenizer
    max_length = int(min(sentence_model.max_seq_length or 512, 8192))
    mask = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])
    example = (torch.full((2, 8), tokenizer.pad_token_id or 0), mask)
    with torch.inference_mode():
        try:
            model = openvino.convert_model(_encoder(sentence_model, wide_mask=True), example_input=example)
        except Exception:  # an architecture that builds its own mask takes the plain one
            model = openvino.convert_model(_encoder(sentence_model, wide_mask=False), example_input=example)
    for tensor, name in zip(model.inputs, INPUTS, strict=True):
        tensor.get_tensor().set_names({name})
    model.reshape({name: [-1, -1] for name in INPUTS})
    with _writing():
        tokenizer.backend_tokenizer.save(str(target / "tokenizer.json"))
    settings: ConvertedSettings = {
        "dimension": int(model.outputs[0].partial_shape[1].get_length()),
        "max_length": max_length,
        "pad_id": int(tokenizer.pad_token_id or 0),
        "precision": precision,
        "mean_cosine": 1.0,
    }
    if precision != "fp32":
        from grokaem.embedding.quantize import quantize_statically, quantize_weights, sample_batches

        batches = sample_batches(target / "tokenizer.json", max_length, INPUTS)
        unseen = batches[-8:]
        before = _vectors(model, unseen)
        if precision == "int8":
            model = quantize_statically(model, batches[:-8])
        else:
            model = quantize_weights(model)
        settings["mean_cosine"] = float(np.mean(np.sum(before * _vectors(model, unseen), axis=1)))
    with _writing():
        openvino.save_model(model, target / "model.xml", compress_to_fp16=False)
        openvino.Core().read_model(target / "model.xml")  # it does not notice a disk that is full
        settings["bytes"] = {
            name: (target / name).stat().st_size for name in ("model.xml", "model.bin", "tokenizer.json")
        }
        (target / "embedding.json").write_text(json.dumps(settings, indent=2))
    return settings


class NotWritten(Exception):
    """The target folder could not take a file."""


@contextmanager
def _writing() -> Iterator[None]:
    """Tells a failure of the folder from one of the conversion; the libraries raise whatever they like for it."""
    try:
        yield
    except Exception as error:
        raise NotWritten(one_line(error)) from error


def _encoder(sentence_model: Any, wide_mask: bool) -> torch.nn.Module:
    """The whole sentence model as one module: (batch, time) ids and mask -> (batch, dimension) unit vectors."""
    import torch

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = sentence_model[0].auto_model
            self.rest = torch.nn.ModuleList(list(sentence_model)[1:])

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            given = attention_mask
            if wide_mask:
                # transformers builds a 4-D mask with code that cannot be traced; one handed in is used as is.
                given = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -1e4
            hidden = self.transformer(input_ids=input_ids, attention_mask=given, return_dict=False)[0]
            features = {"token_embeddings": hidden, "attention_mask": attention_mask}
            for module in self.rest:  # pooling, then a projection or normalisation where the model has them
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    return Encoder().eval()


def _vectors(model: openvino.Model, batches: list[dict[str, np.ndarray]]) -> np.ndarray:
    import numpy as np
    import openvino

    compiled = openvino.compile_model(model, "CPU")
    return np.concatenate([compiled(batch)[0] for batch in batches])


def main(argv: list[str]) -> int:
    """Runs one conversion; see the head of the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("location", help="folder or id of the encoder")
    parser.add_argument("target", type=Path, help="existing folder to write into")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8")
    parser.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    arguments = parser.parse_args(argv)
    logging.disable(logging.WARNING)
    try:
        convert(arguments.location, arguments.target, arguments.precision)
    except NotWritten as error:
        print(f"error: {error}", file=sys.stderr)
        return CANNOT_WRITE
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
