"""The accuracy gate: attempts are chosen on validation, the chosen one is proven on the test part, once."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting import instruction_sets, parity, speed
from exporting.failed_attempts import record_failure
from exporting.parity import Bounds
from exporting.score_bias import add_bias, fit_bias
from grokaem.command_line import one_line
from grokaem.inference.export_folder import MODEL, WEIGHTS
from grokaem.scores import confusion, per_label

if TYPE_CHECKING:
    import openvino

    from exporting.quantization import ValidationReference
    from exporting.report_types import (
        Attempt,
        Begun,
        FailedAttempt,
        Measured,
        ParityReport,
        Runtime,
        Sizes,
        Speed,
    )
    from exporting.source import Source
    from grokaem.corpora import Corpus

CONVERSION_CHECK_INPUTS = 64  # validation inputs that torch and the graph are compared on
# Of a probability; 32-bit products may be made of bf16 in torch on processors with AMX.
MAX_CONVERSION_DIFFERENCE = 0.05
BIAS_SAMPLES = 1000  # training inputs that set the constants added to the scores


@dataclass
class Chosen:
    """The attempt that passed on validation, and the record of all of them."""

    folder: Path
    method: str
    calibration_samples: int
    attempts: list[Attempt | FailedAttempt] = field(default_factory=list)


def choose(
    source: Source, corpus: Corpus, workspace: Path, precision: str, bounds: Bounds, calibration_samples: int
) -> Chosen:
    """Tries the methods in turn and keeps the first that stays within the bounds on validation.

    A method that raises has failed, and the next one is tried.

    Args:
        source (TextSource or AudioSource): what to export.
        corpus (Corpus): its data.
        workspace (Path): temporary folder that holds the converted graph in ``fp32``.
        precision (str): see :func:`exporting.quantization.attempts_for`.
        bounds (Bounds): what may be lost.
        calibration_samples (int): training examples for calibration.

    Raises:
        RuntimeError: none passed; ``export_failed.json`` of the run folder says by how much.
    """
    from exporting.quantization import CALIBRATED, ValidationReference, attempts_for

    calibration = random.Random(0).sample(
        corpus.train.inputs, min(calibration_samples, len(corpus.train.inputs))
    )
    part = corpus.validation
    source.write_rest(workspace / "fp32")
    given = source.read(part.inputs)
    original = _logits(workspace / "fp32", given)
    _check_conversion(source, original, part.inputs)
    reference = ValidationReference(part.inputs, part.labels, original, bounds)
    attempts: list[Attempt | FailedAttempt] = []
    for method in attempts_for(precision):
        print(f"trying {method}", flush=True)
        folder = workspace / method
        attempt: Begun = {"method": method, "part": "validation", "passed": False}
        try:
            _make(source, corpus, workspace, method, calibration, reference)
            scores = parity.compare(original, _logits(folder, given), np.asarray(part.labels), bounds.metric)
            measured: Measured = {**sizes(folder), **_speed(folder, given, source)}
        except Exception as error:  # whatever a library cannot do, the next method may
            failure: FailedAttempt = {**attempt, "error": one_line(error)}
            attempts.append(failure)
            print(f"{method} failed: {failure['error']}", flush=True)
            continue
        done: Attempt = {**attempt, **scores, "passed": bounds.hold(scores), **measured}
        attempts.append(done)
        _note_too_few(done, bounds)
        if done["passed"]:
            calibrated = any(attempt["method"] in CALIBRATED for attempt in attempts)
            return Chosen(folder, method, len(calibration) if calibrated else 0, attempts)
    raise record_failure(source, attempts, bounds)


def _make(
    source: Source, corpus: Corpus, workspace: Path, method: str, calibration: list, reference: ValidationReference
) -> None:
    """Makes the export of one method in a folder of its name."""
    from exporting.quantization import CALIBRATED

    if method == "fp32":
        return
    folder = workspace / method
    folder.mkdir()
    graph = source.quantized(workspace / "fp32", method, calibration, reference)
    source.write_rest(folder)
    _save(graph, folder, method)
    if method in CALIBRATED:
        _correct_scores(source, workspace / "fp32", folder, method, corpus.train.inputs)


def _check_conversion(source: Source, converted: np.ndarray, inputs: list) -> None:
    """Refuses a graph that does not give the original's scores, before anything is judged by it."""
    few = inputs[:CONVERSION_CHECK_INPUTS]
    moved = parity.score_change(source.original_logits(few), converted[: len(few)])
    if not moved <= MAX_CONVERSION_DIFFERENCE:
        raise RuntimeError(
            f"the OpenVINO graph of {source.run.home or source.run.path} moves scores by {moved:.3f} before anything "
            "is quantized: OpenVINO does not compute this model right; predict with transformers instead."
        )


def _note_too_few(attempt: Attempt, bounds: Bounds) -> None:
    if warning := parity.too_few(attempt, attempt["part"], bounds):
        attempt["too_few"] = warning
        print(warning, flush=True)


def _save(graph: openvino.Model, folder: Path, method: str) -> None:
    import openvino

    openvino.save_model(graph, folder / MODEL, compress_to_fp16=method == "fp16")


def _correct_scores(source: Source, original: Path, folder: Path, method: str, inputs: list) -> None:
    """Makes the mean scores of a quantized export those of the original again, on training data."""
    import openvino

    seen = source.read(random.Random(1).sample(inputs, min(BIAS_SAMPLES, len(inputs))))
    bias = fit_bias(_logits(original, seen), _logits(folder, seen))
    graph = openvino.Core().read_model(folder / MODEL)
    corrected = folder / "corrected"
    corrected.mkdir()
    _save(add_bias(graph, bias), corrected, method)
    del graph  # it reads the file that is about to be replaced
    for file in corrected.iterdir():
        os.replace(file, folder / file.name)
    corrected.rmdir()


def prove(
    source: Source,
    corpus: Corpus,
    original: np.ndarray,
    chosen: Chosen,
    bounds: Bounds,
    load: float | None = None,
) -> ParityReport:
    """Scores the export on the test part, once; loss of the run's metric alone decides.

    Args:
        source (TextSource or AudioSource): what is exported.
        corpus (Corpus): its data.
        original (ndarray of shape (n, n_labels)): the original's logits on the test part.
        chosen (Chosen): the attempt that passed on validation.
        bounds (Bounds): what may be lost.
        load (float, optional): of the machine before any of our work; see :func:`exporting.speed.machine_load`.

    Returns:
        dict: the content of ``parity.json``.

    Raises:
        RuntimeError: the export loses more than ``bounds.max_drop`` on the test part.
    """
    part = corpus.test
    given = source.read(part.inputs)
    export = _logits(chosen.folder, given)
    scores = parity.compare(original, export, np.asarray(part.labels), bounds.metric)
    counts = confusion(np.asarray(part.labels), export.argmax(axis=1), export.shape[1])
    passed = bounds.keep_metric(scores)
    measured: Measured = {**sizes(chosen.folder), **_speed(chosen.folder, given, source)}
    last: Attempt = {"method": chosen.method, "part": "test", "passed": passed, **scores, **measured}
    _note_too_few(last, bounds)
    attempts = [*chosen.attempts, last]
    if not passed:
        raise record_failure(source, attempts, bounds)
    result: ParityReport = {
        "method": chosen.method,
        "original": {
            "accuracy": scores["original_accuracy"],
            "macro_f1": scores.get("original_macro_f1", 0.0),
            "bytes": source.run.bytes,
            "weight_bytes": source.run.weight_bytes,
        },
        "export": {
            "accuracy": scores["export_accuracy"],
            "macro_f1": scores["export_macro_f1"],
            "accuracy_interval_95": scores["export_accuracy_interval_95"],
            "labels": per_label(counts, _label_names(source)),
            **measured,
            "instruction_sets": instruction_sets.measure(chosen.folder, given, original, export, part.labels),
        },
        "drop_interval_95": scores["drop_interval_95"],
        "flips": scores["flips"],
        "n": scores["n"],
        "max_score_difference": scores["max_score_difference"],
        "score_change": scores["score_change"],
        "calibration": {"part": "train", "samples": chosen.calibration_samples},
        "gate": bounds.verdict(passed),
        "attempts": attempts,
        "runtime": runtime(source.run.task, load),
    }
    single = result["export"]["latency_ms_b1"]
    before, after = parity.of_metric(scores, bounds.metric)
    print(
        f"{chosen.method}: {bounds.metric_name} {after:.4f} against {before:.4f}, "
        f"{scores['flips']} of {scores['n']} labels changed, scores move by {scores['score_change']:.3f}, "
        f"{result['export']['weight_bytes'] / result['original']['weight_bytes']:.1%} of the weights' size, "
        + ("the speed is not measured" if single is None else f"{single:.1f} ms a single input"),
        flush=True,
    )
    return result


def _label_names(source: Source) -> list[str]:
    return source.run.report["data"]["label_names"]


def runtime(task: str, load: float | None = None) -> Runtime:
    """What speeds were measured on: the processor, its threads for us, the versions of what users install, the load.

    Args:
        task (str): key of the kind.
        load (float, optional): of the machine, where it is known.
    """
    from exporting.snippets import runtime_versions
    from exporting.sources import find_source
    from grokaem.processor import processor_name
    from grokaem.thread_counts import threads

    versions = runtime_versions(find_source(task).card.packages)
    found: Runtime = {"cpu": processor_name(), "threads": threads(), "versions": versions}
    return found if load is None else {**found, "load": load}


def sizes(folder: Path) -> Sizes:
    """Bytes of all files in a folder, and of the model's weights among them."""
    files = [file for file in folder.iterdir() if file.is_file()]
    return {
        "bytes": sum(file.stat().st_size for file in files),
        "weight_bytes": (folder / WEIGHTS).stat().st_size,
    }


def _logits(folder: Path, given: list) -> np.ndarray:
    from grokaem import inference

    # The very code that users run judges the export.
    return inference.load(folder).logits(given)


def _speed(folder: Path, given: list, source: Source) -> Speed:
    found = speed.measure(folder, random.Random(0).sample(given, min(speed.INPUTS, len(given))))
    if reason := found.get("not_measured"):
        print(
            f"the speed of {folder.name} is not measured ({reason}): make room for temporary files, or name a folder "
            "for them in TMPDIR, and export with --overwrite to have it",
            flush=True,
        )
    return found
