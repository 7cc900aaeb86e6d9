"""A fine-tuned text classifier as an OpenVINO graph, through Optimum Intel, with its tokenizer as a graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.source import Source
from exporting.text_card import TextCard
from grokaem.flags import Own, flag

if TYPE_CHECKING:
    import numpy as np
    import openvino
    import torch
    from transformers import PreTrainedModel

    from exporting.quantization import ValidationReference
    from exporting.report_types import OnnxFigures
    from exporting.run_source import Run
    from grokaem.corpora import Corpus

BATCH = 32
LONGEST = 512  # tokens; a model that takes more is rarely given more


@dataclass(frozen=True)
class TextFlags(Own):
    """What only an export of a text classifier can be told."""

    also: str | None = flag(
        "also write the unquantized model as ONNX (needs pip install onnx)", choices=("onnx",)
    )


class TextSource(Source):
    """What a run on text can be turned into.

    Args:
        run (Run): the run folder.
    """

    flags = TextFlags
    card = TextCard()
    factory = TextCard.factory
    writes_onnx = True

    def __init__(self, run: Run):
        from transformers import AutoTokenizer

        from grokaem.tokenization import treat_special_tokens_as_text

        super().__init__(run)
        self.tokenizer = AutoTokenizer.from_pretrained(run.path)
        treat_special_tokens_as_text(self.tokenizer)
        self.max_length = int(run.report["config"]["sequence_length"])

    @classmethod
    def check_exportable(cls, folder: Path, name: str) -> None:
        """Refuses what Optimum Intel cannot convert; see :meth:`Source.check_exportable`."""
        from exporting.exportable import check_text_encoder

        check_text_encoder(folder, name)

    @classmethod
    def classifies(cls, architecture: str) -> bool:
        """Whether transformers has this class for sequences."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

        return architecture in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.values()

    @classmethod
    def adopted_settings(cls, folder: Path, own: Own) -> dict[str, int | float]:
        """As many tokens as the model takes, at most 512; see :meth:`Source.adopted_settings`."""
        from transformers import AutoConfig, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.save_pretrained(folder)  # tokenizer.json where there was only a vocabulary
        # Positions begin after the padding's in RoBERTa and its like, whose tokenizers know their length.
        positions = getattr(AutoConfig.from_pretrained(folder), "max_position_embeddings", LONGEST)
        return {"sequence_length": min(tokenizer.model_max_length, positions, LONGEST)}

    def write_onnx(self, corpus: Corpus, original: np.ndarray, folder: Path) -> OnnxFigures:
        """Writes ``model.onnx``; see :func:`exporting.onnx_file.write_onnx`."""
        from exporting.onnx_file import write_onnx

        return write_onnx(self, corpus, original, folder)

    def convert(self, folder: Path) -> None:
        """Writes the floating-point OpenVINO graph of the run into ``folder``, through Optimum Intel.

        It takes what the run's tokenizer makes: a BERT beside a tokenizer that knows no token types, such as XLM-R's,
        was trained with zeros, and its graph makes them itself.
        """
        from optimum.intel import OVModelForSequenceClassification

        model = OVModelForSequenceClassification.from_pretrained(
            self.run.path, export=True, compile=False, load_in_8bit=False
        )
        known = self.tokenizer.model_input_names
        if "token_type_ids" not in known and any("token_type_ids" in port.get_names() for port in model.model.inputs):
            fill_token_types(model.model)
        model.save_pretrained(folder)

    def quantized(
        self, folder: Path, method: str, calibration: list[str], reference: ValidationReference
    ) -> openvino.Model:
        """The graph in ``folder`` made smaller; calibrated on ``calibration``, texts of the training part.

        ``int8-mixed`` alone looks at ``reference``, to stay within its bounds.
        """
        import openvino

        from exporting.quantization import CALIBRATED, Samples, quantize_with_optimum, restore_accuracy
        from grokaem.inference.export_folder import MODEL

        graph = openvino.Core().read_model(folder / MODEL)
        names = [port.get_any_name() for port in graph.inputs]
        samples = self._encode(calibration, names) if method in CALIBRATED else []
        if method == "int8-mixed":
            validation = self._encode(reference.inputs, names)
            return restore_accuracy(graph, Samples(samples, validation, reference), transformer=True)
        return quantize_with_optimum(folder, method, samples)

    def _encode(self, texts: list[str], names: list[str]) -> list[dict[str, np.ndarray]]:
        settings = {"truncation": True, "max_length": self.max_length, "return_tensors": "np"}
        return [
            {name: ids for name, ids in self.tokenizer(text, **settings).items() if name in names} for text in texts
        ]

    @cached_property
    def model(self) -> PreTrainedModel:
        """The original weights in torch, in fp32, ready to predict."""
        import torch
        from transformers import AutoModelForSequenceClassification

        torch.set_float32_matmul_precision("medium")  # oneDNN's fp32 product: same rounding, faster
        return AutoModelForSequenceClassification.from_pretrained(self.run.path, dtype="float32").eval()

    def read(self, texts: list[str]) -> list[str]:
        """The texts as they are: what a classifier is given."""
        return texts

    def original_logits(self, texts: list[str]) -> np.ndarray:
        """Logits of the original weights, in fp32 by torch: (n_texts, n_labels)."""
        import torch

        taken = signature(self.model.forward).parameters  # a tokenizer may make more than the model takes

        def run(batch: dict[str, torch.Tensor]) -> np.ndarray:
            with torch.inference_mode():
                return self.model(**{name: ids for name, ids in batch.items() if name in taken}).logits.numpy()

        return self.logits_of(run, texts)

    def logits_as_in_training(self, texts: list[str]) -> np.ndarray | None:
        """None: padding, which is masked, changes nothing, so training scored as :meth:`original_logits` does."""
        return None

    def logits_of(self, run: Callable[[dict[str, torch.Tensor]], np.ndarray], texts: list[str]) -> np.ndarray:
        """Logits of all texts, (n_texts, n_labels), from a function of one batch of torch tensors."""
        import numpy as np

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # like lengths: little padding
        pieces = []
        for start in range(0, len(order), BATCH):
            batch = self.tokenizer(
                [texts[i] for i in order[start : start + BATCH]],
                truncation=True,
                max_length=self.max_length,
                padding=True,
                return_tensors="pt",
            )
            pieces.append(run(dict(batch)))
        logits = np.concatenate(pieces)
        return logits[np.argsort(order)]

    def write_rest(self, folder: Path) -> None:
        """Writes what a graph needs to take strings and to name its outputs."""
        import openvino
        from openvino_tokenizers import convert_tokenizer

        graph = convert_tokenizer(self.tokenizer, truncation=True, max_length=self.max_length)
        openvino.save_model(graph, folder / "openvino_tokenizer.xml")
        config = json.loads((self.run.path / "config.json").read_text(encoding="utf-8"))
        config.update(task=self.run.task, max_length=self.max_length)
        _write_compact(folder / "config.json", config)
        # Compact, since an export is judged by its size; the second file is for Optimum's and transformers' users.
        _write_compact(folder / "tokenizer.json", json.loads(self.tokenizer.backend_tokenizer.to_str()))
        settings = self.run.path / "tokenizer_config.json"
        if settings.is_file():
            _write_compact(folder / settings.name, json.loads(settings.read_text(encoding="utf-8")))


def fill_token_types(graph: openvino.Model) -> None:
    """Puts zeros in the place of the input ``token_type_ids``, in place.

    Args:
        graph (openvino.Model): with the inputs ``input_ids`` and ``token_type_ids``, both (batch, length).
    """
    import numpy as np
    from openvino import opset13

    given = {name: port.get_node() for port in graph.inputs for name in port.get_names()}
    types = given["token_type_ids"]
    zero = opset13.constant(np.zeros((), types.get_element_type().to_dtype()))
    zeros = opset13.broadcast(zero, opset13.shape_of(given["input_ids"]))
    types.output(0).replace(zeros.output(0))
    graph.remove_parameter(types)
    graph.validate_nodes_and_infer_types()


def _write_compact(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
