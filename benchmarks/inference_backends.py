"""The ways to classify texts that ``benchmarks/inference.py`` compares, and what they need beforehand."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, cast

if TYPE_CHECKING:
    import numpy as np
    import torch
    from optimum.intel import OVModelForSequenceClassification
    from transformers import PreTrainedModel

BATCH = 32
OURS = "ours"
Predict = Callable[[list[str]], list[int]]


class Plan(TypedDict):
    """``plan.json``: the texts, how many of them each backend classifies, and what it is measured by."""

    texts: list[str]
    counts: dict[str, int]
    labels: list[int]
    original: list[int]
    single: list[str]
    operations_per_text: dict[str, float]


def ours(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """The export, through ``inference.TextClassifier``."""
    from grokaem import inference
    from grokaem.inference.export_folder import WEIGHTS
    from grokaem.inference.text_classifier import TextClassifier

    classifier = inference.load(run_folder)
    assert isinstance(classifier, TextClassifier)
    number = {label: i for i, label in enumerate(classifier.labels)}
    return lambda texts: [number[p.label] for p in classifier.predict(texts)], classifier.export.path / WEIGHTS


def _pipeline(model: PreTrainedModel | OVModelForSequenceClassification, run_folder: Path, batch: int) -> Predict:
    from transformers import AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(run_folder)
    # Its types know strings and lists; it takes generators too, and gives back as many answers.
    classify = cast(
        "Callable[..., Iterable[dict[str, str]]]",
        pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu"),
    )
    number = {str(label): int(index) for label, index in (model.config.label2id or {}).items()}
    length = _max_length(run_folder)

    def predict(texts: list[str]) -> list[int]:
        # A generator in, as the documentation advises for many inputs.
        answers = classify((text for text in texts), batch_size=batch, truncation=True, max_length=length)
        return [number[answer["label"]] for answer in answers]

    return predict


def _torch_model(run_folder: Path) -> PreTrainedModel:
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(run_folder, dtype="float32").eval()


def pipeline_fp32(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """``transformers.pipeline``, one text at a time, as its documentation advises for a CPU."""
    return _pipeline(_torch_model(run_folder), run_folder, 1), run_folder / "model.safetensors"


def pipeline_fp32_batched(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """``transformers.pipeline`` in batches."""
    return _pipeline(_torch_model(run_folder), run_folder, BATCH), run_folder / "model.safetensors"


def optimum_plain(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """Optimum Intel used as its first page shows: exported without quantization, in a pipeline."""
    from optimum.intel import OVModelForSequenceClassification

    model = OVModelForSequenceClassification.from_pretrained(work / "openvino")
    return _pipeline(model, run_folder, BATCH), work / "openvino" / "openvino_model.bin"


def _batched(
    run_folder: Path, logits: Callable[[dict], torch.Tensor | np.ndarray], arrays: Literal["pt", "np"]
) -> Predict:
    """Texts of like length in one batch, which is more than the peers' documentation asks for."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(run_folder)
    length = _max_length(run_folder)

    def predict(texts: list[str]) -> list[int]:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        labels = [0] * len(texts)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = tokenizer(
                [texts[i] for i in rows],
                padding=True,
                truncation=True,
                max_length=length,
                return_tensors=arrays,
            )
            for row, label in zip(rows, logits(dict(batch)).argmax(1).tolist(), strict=True):
                labels[row] = label
        return labels

    return predict


def torch_dynamic_int8(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """Torch's own quantization: 8-bit linear layers, ranges found at run time."""
    import torch

    model = torch.ao.quantization.quantize_dynamic(
        _torch_model(run_folder), {torch.nn.Linear}, dtype=torch.qint8
    )

    def logits(batch: dict) -> torch.Tensor:
        with torch.inference_mode():
            return model(**batch).logits

    path = work / "torch_int8.bin"
    if not path.exists():
        torch.save(model.state_dict(), path)  # only to see its size
    return _batched(run_folder, logits, "pt"), path


def onnxruntime_dynamic_int8(run_folder: Path, work: Path) -> tuple[Predict, Path]:
    """ONNX Runtime with its dynamic 8-bit quantization."""
    import onnxruntime  # pyright: ignore[reportMissingImports]  # installed by who compares with it

    path = work / "int8.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wanted = {item.name for item in session.get_inputs()}

    def logits(batch: dict) -> np.ndarray:
        return session.run(None, {name: batch[name] for name in wanted})[0]

    return _batched(run_folder, logits, "np"), path


BACKENDS: dict[str, tuple[Callable[[Path, Path], tuple[Predict, Path]], str]] = {
    "ours": (ours, "int8"),
    "pipeline_fp32": (pipeline_fp32, "fp32"),
    "pipeline_fp32_batched": (pipeline_fp32_batched, "fp32"),
    "optimum_plain": (optimum_plain, "openvino"),
    "torch_dynamic_int8": (torch_dynamic_int8, "int8"),
    "onnxruntime_dynamic_int8": (onnxruntime_dynamic_int8, "int8"),
}


def _max_length(run_folder: Path) -> int:
    return int(json.loads((run_folder / "run.json").read_text())["config"]["sequence_length"])


def prepare(run_folder: Path, work: Path, names: list[str], options: argparse.Namespace) -> Plan:
    """Converts what the peers need and chooses the texts, before any clock starts.

    The test part comes first, shuffled, so that accuracy is measured on it alone; other parts fill up.
    """
    from exporting.run_source import read_run
    from exporting.text_source import TextSource

    corpus = read_run(run_folder).corpus()
    rows = random.Random(0).sample(range(len(corpus.test.inputs)), min(options.texts, len(corpus.test.inputs)))
    tested = [corpus.test.inputs[row] for row in rows]
    rest = corpus.train.inputs + corpus.validation.inputs
    texts = tested + random.Random(0).sample(rest, min(len(rest), options.texts - len(tested)))
    bulk = {name: texts if name == OURS else tested[: options.peer_texts] for name in names}
    plan: Plan = {
        "texts": texts,
        "counts": {name: len(given) for name, given in bulk.items()},
        "labels": [corpus.test.labels[row] for row in rows],
        "original": TextSource(read_run(run_folder)).original_logits(tested).argmax(axis=1).tolist(),
        "single": texts[: options.single],
        "operations_per_text": {
            name: operations(run_folder, given) / len(given) for name, given in bulk.items()
        },
    }
    if "optimum_plain" in names:
        from optimum.intel import OVModelForSequenceClassification

        OVModelForSequenceClassification.from_pretrained(
            run_folder, export=True, compile=False, load_in_8bit=False
        ).save_pretrained(work / "openvino")
    if "onnxruntime_dynamic_int8" in names:
        _write_onnx(run_folder, work)
    (work / "plan.json").write_text(json.dumps(plan))
    return plan


def operations(run_folder: Path, texts: list[str]) -> float:
    """Multiplications and additions of the encoder's matrix products, on the real tokens without padding."""
    from transformers import AutoConfig, AutoTokenizer

    config = AutoConfig.from_pretrained(run_folder)
    tokenizer = AutoTokenizer.from_pretrained(run_folder)
    lengths = [
        len(ids) for ids in tokenizer(texts, truncation=True, max_length=_max_length(run_folder))["input_ids"]
    ]
    width = config.hidden_size
    dense = 4 * width * width + 2 * width * config.intermediate_size  # a token and a layer
    return float(sum(2 * config.num_hidden_layers * n * (dense + 2 * n * width) for n in lengths))


def _write_onnx(run_folder: Path, work: Path) -> None:
    import torch
    from onnxruntime.quantization import (  # pyright: ignore[reportMissingImports]  # likewise
        QuantType,
        quantize_dynamic,
    )

    from exporting.onnx_file import with_own_mask

    example = (torch.ones(2, 16, dtype=torch.long), torch.ones(2, 16, dtype=torch.long))
    axes = {0: "batch", 1: "length"}
    with torch.inference_mode():
        torch.onnx.export(
            with_own_mask(_torch_model(run_folder)),
            example,
            str(work / "fp32.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch"}},
            dynamo=False,
        )
    quantize_dynamic(str(work / "fp32.onnx"), str(work / "int8.onnx"), weight_type=QuantType.QInt8)
    (work / "fp32.onnx").unlink()
