"""The accuracy gate: attempts are chosen on validation, the chosen one is proven on the test part, once."""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from atomic import write_text
from exporting import parity, speed
from exporting.score_shift import fit_shift, with_shift
from inference.export_folder import MODEL, WEIGHTS

SHIFT_SAMPLES = 1000  # training inputs that set the constants added to the scores


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
    from exporting.quantization import CALIBRATED, attempts_for

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
            graph = source.quantized(workspace / "fp32", method, calibration, corpus.validation, max_drop)
            source.write_rest(folder)
            _save(graph, folder, method)
            if method in CALIBRATED:
                _shift_scores(source, workspace / "fp32", folder, method, corpus.train.inputs)
        scores = parity.compare(original, _logits(folder, corpus.validation.inputs, source), labels)
        scores["passed"] = parity.passes(scores["original_accuracy"], scores["export_accuracy"], max_drop)
        attempts.append(
            {
                "method": method,
                "part": "validation",
                **scores,
                **sizes(folder),
                **_speed(folder, corpus.validation.inputs, source),
            }
        )
        if scores["passed"]:
            calibrated = any(attempt["method"] in CALIBRATED for attempt in attempts)
            return Chosen(folder, method, len(calibration) if calibrated else 0, attempts)
    raise _failed(source, attempts, max_drop)


def _save(graph: Any, folder: Path, method: str) -> None:
    import openvino

    openvino.save_model(graph, folder / MODEL, compress_to_fp16=method == "fp16")


def _shift_scores(source: Any, original: Path, folder: Path, method: str, inputs: list) -> None:
    """Makes the mean scores of a quantized export those of the original again, on training data."""
    import openvino

    seen = random.Random(1).sample(inputs, min(SHIFT_SAMPLES, len(inputs)))
    shift = fit_shift(_logits(original, seen, source), _logits(folder, seen, source))
    graph = openvino.Core().read_model(folder / MODEL)
    shifted = folder / "shifted"
    shifted.mkdir()
    _save(with_shift(graph, shift), shifted, method)
    del graph  # it reads the file that is about to be replaced
    for file in shifted.iterdir():
        os.replace(file, folder / file.name)
    shifted.rmdir()


def prove(
    source: Any, corpus: Any, original: np.ndarray, chosen: Chosen, max_drop: float
) -> dict[str, Any]:
    """Scores the export on the test part, once.

    Args:
        source (TextSource or AudioSource): what is exported.
        corpus (Corpus): its data.
        original (ndarray of shape (n, n_labels)): the original's logits on the test part.
        chosen (Chosen): the attempt that passed on validation.
        max_drop (float): accuracy that may be lost.

    Returns:
        dict: the content of ``parity.json``.

    Raises:
        RuntimeError: the export loses more than ``max_drop`` on the test part.
    """
    part = corpus.test
    export = _logits(chosen.folder, part.inputs, source)
    scores = parity.compare(original, export, np.asarray(part.labels))
    passed = parity.passes(scores["original_accuracy"], scores["export_accuracy"], max_drop)
    measured = {**sizes(chosen.folder), **_speed(chosen.folder, part.inputs, source)}
    last = {"method": chosen.method, "part": "test", "passed": passed, **scores, **measured}
    attempts = [*chosen.attempts, last]
    if not passed:
        raise _failed(source, attempts, max_drop)
    result = {
        "method": chosen.method,
        "original": {
            "accuracy": scores["original_accuracy"],
            "bytes": source.run.bytes,
            "weight_bytes": source.run.weight_bytes,
        },
        "export": {
            "accuracy": scores["export_accuracy"],
            "macro_f1": scores["export_macro_f1"],
            "accuracy_interval_95": scores["export_accuracy_interval_95"],
            **measured,
        },
        "drop_interval_95": scores["drop_interval_95"],
        "flips": scores["flips"],
        "n": scores["n"],
        "max_score_difference": scores["max_score_difference"],
        "calibration": {"part": "train", "samples": chosen.calibration_samples},
        "gate": {"max_drop": max_drop, "passed": passed},
        "attempts": attempts,
    }
    print(
        f"{chosen.method}: accuracy {scores['export_accuracy']:.4f} against {scores['original_accuracy']:.4f}, "
        f"{scores['flips']} of {scores['n']} labels changed, "
        f"{result['export']['weight_bytes'] / result['original']['weight_bytes']:.1%} of the weights' size, "
        f"{result['export']['latency_ms_b1']:.1f} ms a single input",
        flush=True,
    )
    return result


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of all files in a folder, and of the model's weights among them."""
    files = [file for file in folder.iterdir() if file.is_file()]
    return {
        "bytes": sum(file.stat().st_size for file in files),
        "weight_bytes": (folder / WEIGHTS).stat().st_size,
    }


def _logits(folder: Path, inputs: list, source: Any) -> np.ndarray:
    import inference

    # The very code that users run judges the export.
    return inference.load(folder).logits(inputs if source.run.task == "text" else source.read(inputs))


def _speed(folder: Path, inputs: list, source: Any) -> dict[str, float]:
    chosen = random.Random(0).sample(inputs, min(speed.INPUTS, len(inputs)))
    return speed.measure(folder, source.run.task, chosen if source.run.task == "text" else source.read(chosen))


def _failed(source: Any, attempts: list[dict[str, Any]], max_drop: float) -> RuntimeError:
    record = (source.run.home or source.run.path) / "export_failed.json"
    content = {"gate": {"max_drop": max_drop, "passed": False}, "attempts": attempts}
    write_text(record, json.dumps(content, indent=2) + "\n")
    told = "; ".join(
        f"{a['method']} on {a['part']}: {a['original_accuracy']:.4f} -> {a['export_accuracy']:.4f}"
        for a in attempts
        if not a["passed"]
    )
    return RuntimeError(
        f"no attempt keeps accuracy within {max_drop:g}: {told}; there is no export, the attempts "
        f"are in {record}; try --precision auto or a larger --max-drop"
    )
