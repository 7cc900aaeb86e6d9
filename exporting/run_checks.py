"""Whether the weights of a run are those that its ``run.json`` records: the gate's original against its metrics."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting.run_source import Run
from grokaem import ownership
from grokaem.identity import weights
from grokaem.scores import confusion

if TYPE_CHECKING:
    from exporting.report_types import ParityReport, RunReport
    from exporting.source import Source

# Training may have scored in bf16, which keeps 8 bits of a number, where the gate scores in fp32. A label can change
# only where the two best logits are closer than what that moves them: 0.009 of their size at most, for a MiniLM and 200
# film reviews. Five times that is allowed for, since deeper models round more often.
MAX_ROUNDING_SHARE = 0.05
# The share of labels that arithmetic may have changed where an export does not say what it was held against.
MAX_UNRECORDED_LABEL_SHARE = 0.05


def check_original(source: Source, logits: np.ndarray, inputs: list, labels: list[int]) -> None:
    """Refuses weights that are not the ones ``run.json`` records, by their answers on the test part.

    Counted is how many labels differ at the least, from the two tables of confusions, so that as many gains as losses
    do not cancel; arithmetic can explain as many as the original is in doubt about, and one more.

    Args:
        source (TextSource or AudioSource): of a run with metrics.
        logits (ndarray of shape (n, n_labels)): the original's on the test part, in fp32.
        inputs (list): the test part.
        labels (list of int): the true class numbers.

    Raises:
        RuntimeError: they differ by more than arithmetic explains, or are no numbers.
    """
    where = source.run.home or source.run.path
    if not np.isfinite(logits).all():
        raise RuntimeError(f"the weights in {where} give scores that are no numbers: train again.")
    differ, explained = differing(source.run.report, logits, labels), in_doubt(logits) + 1
    if differ > explained and (scored := source.logits_as_in_training(inputs)) is not None:
        differ = differing(source.run.report, scored, labels)
    if differ > explained:
        found = float((logits.argmax(axis=1) == np.asarray(labels)).mean())
        raise RuntimeError(
            f"the weights in {where} have accuracy {found:.4f} on the test part and run.json says "
            f"{source.run.report['metrics']['accuracy']:.4f}: at least {differ} of {len(labels)} labels differ and "
            f"rounding explains {explained}, so these are not the weights that were scored, or not all of them were "
            "saved: train again."
        )


def check_weights(run: Run) -> str:
    """Refuses weights that are not the ones that training recorded.

    Args:
        run (Run): a run; one of commit 8fe415f recorded none.

    Returns:
        str: :func:`grokaem.identity.weights` of it.

    Raises:
        ValueError: a file of them changed, by however little.
    """
    found, record = weights(run.path), ownership.read(run.path)
    if record is not None and record.get("weights") not in (None, found):
        names = sorted({file for file in record["files"] if file.endswith(".safetensors")})
        changed = ", ".join(ownership.changed(run.path, names, sys.maxsize)) or "one is missing or new"
        raise ValueError(
            f"the weights in {run.path} are not those that training recorded (changed: {changed}): put them back as "
            "they were, or train again."
        )
    return found


def check_label_numbers(folder: Path, run: Run) -> None:
    """Refuses a folder whose ``config.json`` numbers the labels otherwise than the data of the run.

    Args:
        folder (Path): the run's, or that of its export.
        run (Run): the run.

    Raises:
        ValueError: it does, so that every answer would be another label than the one that was scored.
    """
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        given = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(2)}  # as transformers leaves them out
        found = [given.get(str(number)) for number in range(len(given))]
        numbers = config.get("label2id") or {name: number for number, name in enumerate(found)}
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"{file} cannot be read ({error}): put it back as it was, or train again.") from None
    wanted = run.report["data"].get("label_names")
    if found != wanted or numbers != {name: number for number, name in enumerate(wanted)}:
        raise ValueError(
            f"{file} numbers the labels as {found} and {run.path / 'run.json'} as {wanted}, so that answers would name "
            "another label than the one that was scored: put both back as they were, or train again."
        )


def check_recorded_accuracy(run: Run, folder: Path, measured: ParityReport) -> None:
    """Refuses an export that was held against another accuracy than the one its run records.

    Args:
        run (Run): the run.
        folder (Path): its export.
        measured (dict): the export's ``parity.json``.

    Raises:
        ValueError: it was.
    """
    accuracy, then = run.report.get("metrics", {}).get("accuracy"), measured.get("run", {}).get("accuracy")
    if accuracy is None:
        return
    if then is None:
        then, count = measured["original"].get("accuracy", accuracy), measured.get("n", 1)
        same = round(abs(accuracy - then) * count) <= MAX_UNRECORDED_LABEL_SHARE * count + 1
    else:
        same = accuracy == then
    if not same:
        raise ValueError(
            f"{run.path / 'run.json'} records an accuracy of {accuracy:g} and {folder} was made when it was {then:g}: "
            "put run.json back as it was, or make the export anew with --overwrite."
        )


def differing(report: RunReport, logits: np.ndarray, labels: list[int]) -> int:
    """How many labels on the test part are others than ``run.json`` records, at the least."""
    true, predicted = np.asarray(labels), logits.argmax(axis=1)
    differ = round(abs((predicted == true).mean() - report["metrics"]["accuracy"]) * len(labels))
    if (counts := report.get("confusion")) is None:
        return differ
    found = confusion(true, predicted, logits.shape[1])
    return max(differ, int(np.abs(np.asarray(counts) - found).sum()) // 2)


def in_doubt(logits: np.ndarray) -> int:
    """How many inputs could get another label in the arithmetic of training.

    Args:
        logits (ndarray of shape (n, n_labels)): in fp32.

    Returns:
        int: inputs whose two largest logits are closer than :data:`MAX_ROUNDING_SHARE` of the logits' size, which is
        the mean over the inputs of the distance between the largest and the smallest.
    """
    ordered = np.sort(logits.astype(np.float64), axis=1)
    size = (ordered[:, -1] - ordered[:, 0]).mean()
    return int((ordered[:, -1] - ordered[:, -2] < MAX_ROUNDING_SHARE * size).sum())
