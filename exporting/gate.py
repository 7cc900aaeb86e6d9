"""The accuracy gate: attempts are chosen on validation, the chosen one is proven on the test part, once."""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from exporting import parity

SPEED_INPUTS = 256


@dataclass
class Chosen:
    """The attempt that passed on validation, and the record of all of them."""

    folder: Path
    method: str
    calibration_samples: int
    attempts: list[dict[str, Any]] = field(default_factory=list)


def choose(
    source: Any, corpus: Any, workspace: Path, precision: str, max_drop: float, calibration_samples: int
) -> Chosen:
    """Tries the methods in turn and keeps the first whose validation accuracy passes the gate.

    Args:
        source (TextSource or AudioSource): what to export.
        corpus (Corpus): its data.
        workspace (Path): temporary folder that holds the converted graph in ``fp32``.
        precision (str): see :func:`exporting.quantization.attempts_for`.
        max_drop (float): accuracy that may be lost.
        calibration_samples (int): training examples for calibration.

    Raises:
        RuntimeError: none passed; ``export_failed.json`` of the run folder tells by how much.
    """
    import openvino

    from exporting.quantization import attempts_for

    calibration = random.Random(0).sample(
        corpus.train.inputs, min(calibration_samples, len(corpus.train.inputs))
    )
    labels = np.asarray(corpus.validation.labels)
    source.write_rest(workspace / "fp32")
    original = _logits(workspace / "fp32", corpus.validation.inputs, source)
    attempts: list[dict[str, Any]] = []
    for method in attempts_for(precision):
        print(f"trying {method}", flush=True)
        folder = workspace / method
        if method != "fp32":
            folder.mkdir()
            graph = source.quantized(workspace / "fp32", method, calibration)
            openvino.save_model(graph, folder / "openvino_model.xml", compress_to_fp16=method == "fp16")
            source.write_rest(folder)
        scores = parity.compare(original, _logits(folder, corpus.validation.inputs, source), labels)
        scores["passed"] = parity.passes(scores["original_accuracy"], scores["export_accuracy"], max_drop)
        attempts.append({"method": method, "part": "validation", "bytes": folder_bytes(folder), **scores})
        if scores["passed"]:
            return Chosen(folder, method, len(calibration), attempts)
    raise _failed(source, attempts, max_drop)


def prove(source: Any, corpus: Any, chosen: Chosen, max_drop: float) -> dict[str, Any]:
    """Scores original and export on the test part and writes ``parity.json``.

    Returns:
        dict: the content of ``parity.json``.

    Raises:
        RuntimeError: the export loses more than ``max_drop`` on the test part.
    """
    print("scoring the test part", flush=True)
    part = corpus.test
    labels = np.asarray(part.labels)
    original = source.original_logits(part.inputs)
    export = _logits(chosen.folder, part.inputs, source)
    scores = parity.compare(original, export, labels)
    passed = parity.passes(scores["original_accuracy"], scores["export_accuracy"], max_drop)
    attempts = chosen.attempts + [{"method": chosen.method, "part": "test", "passed": passed, **scores}]
    if not passed:
        raise _failed(source, attempts, max_drop)
    result = {
        "method": chosen.method,
        "original": {"accuracy": scores["original_accuracy"], "bytes": source.run.bytes},
        "export": {
            "accuracy": scores["export_accuracy"],
            "bytes": folder_bytes(chosen.folder),
            **_speed(chosen.folder, part.inputs, source),
        },
        "drop_interval_95": parity.drop_interval(original, export, labels),
        "flips": scores["flips"],
        "n": scores["n"],
        "max_score_difference": scores["max_score_difference"],
        "calibration": {"part": "train", "samples": chosen.calibration_samples},
        "gate": {"max_drop": max_drop, "passed": passed},
        "attempts": attempts,
    }
    (chosen.folder / "parity.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        f"{chosen.method}: accuracy {scores['export_accuracy']:.4f} against {scores['original_accuracy']:.4f}, "
        f"{scores['flips']} of {scores['n']} labels changed, "
        f"{result['export']['bytes'] / result['original']['bytes']:.1%} of the size, "
        f"{result['export']['latency_ms_b1']:.1f} ms a single input",
        flush=True,
    )
    return result


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def _classifier(folder: Path) -> Any:
    import inference

    # The very code that users run judges the export.
    return inference.load(folder)


def _logits(folder: Path, inputs: list, source: Any) -> np.ndarray:
    classifier = _classifier(folder)
    return classifier.logits(inputs if source.run.task == "text" else source.read(inputs))


def _speed(folder: Path, inputs: list, source: Any) -> dict[str, float]:
    sample = random.Random(0).sample(inputs, min(SPEED_INPUTS, len(inputs)))
    given = sample if source.run.task == "text" else list(source.read(sample))
    return parity.speed(_classifier(folder).predict, given)


def _failed(source: Any, attempts: list[dict[str, Any]], max_drop: float) -> RuntimeError:
    record = source.run.path / "export_failed.json"
    temporary = record.with_name(record.name + ".tmp")
    temporary.write_text(
        json.dumps({"gate": {"max_drop": max_drop, "passed": False}, "attempts": attempts}, indent=2) + "\n",
        encoding="utf-8",
    )
    os.replace(temporary, record)
    told = "; ".join(
        f"{a['method']} on {a['part']}: {a['original_accuracy']:.4f} -> {a['export_accuracy']:.4f}"
        for a in attempts
        if not a["passed"]
    )
    return RuntimeError(
        f"no attempt keeps accuracy within {max_drop:g}: {told}; there is no export, the attempts "
        f"are in {record}; try --precision auto or a larger --max-drop"
    )
