"""What is recorded and said where no export passes: every attempt, and the ways that are left."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.parity import Bounds, of_metric
from exporting.quantization import METHODS
from grokaem import ownership

if TYPE_CHECKING:
    from exporting.report_types import Attempt, FailedAttempt, FailedOnTest
    from exporting.source import Source

RECORD = "export_failed.json"
# What is proposed in the place of a method that failed, from the smallest up.
FALLBACK_METHODS = ("int8-weight", "fp32")


def record_failure(source: Source, attempts: list[Attempt | FailedAttempt], bounds: Bounds) -> RuntimeError:
    """Writes the attempts to ``export_failed.json`` of the run; gives the error to raise.

    Args:
        source (TextSource or AudioSource): what was to be exported.
        attempts (list of dict): in their order; the last one on the test part where one got so far.
        bounds (Bounds): what they had to keep.
    """
    record = (source.run.home or source.run.path) / RECORD
    before = _on_test(record)
    if attempts[-1]["part"] == "test":
        last = attempts[-1]
        kept: FailedOnTest = {"method": last["method"], "original_accuracy": last["original_accuracy"],
                              "export_accuracy": last["export_accuracy"]}  # fmt: skip
        if bounds.metric == "macro_f1":
            kept["original_macro_f1"], kept["export_macro_f1"] = of_metric(last, bounds.metric)
        before.append(kept)
    content = {
        "gate": bounds.verdict(passed=False),
        "attempts": attempts,
        "failed_on_test": before,
    }
    try:
        ownership.write_text(record, json.dumps(content, indent=2) + "\n")
        where = f"the attempts are in {record}"
    except (OSError, ValueError) as error:  # why there is no export matters more than where it is written down
        where = f"the attempts could not be written to {record} ({error})"
    reasons = "; ".join(_reason(attempt, bounds) for attempt in attempts if not attempt["passed"])
    few = "; ".join(attempt["too_few"] for attempt in attempts if "too_few" in attempt)
    ways = _ways(attempts, {failure["method"] for failure in before if not bounds.keep_metric(failure)}, bounds)
    return RuntimeError(
        f"no attempt stays within the bounds: {reasons}; {f'{few}; ' if few else ''}there is no export, {where}; "
        f"{ways}."
    )


def remove_failure_record(source: Source) -> None:
    """Takes away the record of attempts that failed, once one has passed."""
    ownership.discard((source.run.home or source.run.path) / RECORD)


def _on_test(record: Path) -> list[FailedOnTest]:
    """The methods that failed on the test part in earlier calls; none where there is no record of this version."""
    try:
        return list(json.loads(record.read_text(encoding="utf-8")).get("failed_on_test", []))
    except (OSError, ValueError):
        return []


def _reason(attempt: Attempt | FailedAttempt, bounds: Bounds) -> str:
    what = f"{attempt['method']} on {attempt['part']}"
    if "error" in attempt:
        return f"{what}: {attempt['error']}"
    original, export = of_metric(attempt, bounds.metric)
    named = "" if bounds.metric == "accuracy" else f"{bounds.metric_name} "
    reason = f"{what}: {named}{original:.4f} -> {export:.4f}"
    if not bounds.keep_metric(attempt):
        reason += f", more than --max-drop {bounds.max_drop:g}"
    if attempt["part"] == "validation" and attempt["score_change"] > bounds.max_score_change:
        reason += f", scores move by {attempt['score_change']:.3f}, more than {bounds.max_score_change:g}"
    return reason


def _ways(attempts: list[Attempt | FailedAttempt], failed_on_test: set[str], bounds: Bounds) -> str:
    """What is left to try: a method that is closer to the original and has not failed, or a wider bound."""
    last = attempts[-1]
    # fp32 is the graph that all others are made of: where it fails, they do.
    left = [] if "fp32" in failed_on_test or last["method"] == "fp32" else [
        method for method in FALLBACK_METHODS
        if METHODS.index(method) > METHODS.index(last["method"]) and method not in failed_on_test
    ]  # fmt: skip
    ways = [f"--precision {method}" for method in left]
    if last["part"] == "test":
        loss = math.ceil(bounds.loss(last) * 1e4 - 1e-6) / 1e4
        if last["method"] == "int8-mixed":  # it has no name of its own, and becomes another where it may lose more
            ways.append(f"a --max-drop larger than {loss:g}")
        elif loss < 1:
            ways.append(f"--precision {last['method']} --max-drop {loss:g}")
    else:
        ways += _wider([attempt for attempt in attempts if "error" not in attempt], bounds)
    if not ways:
        return "predict with transformers instead, or train again"
    advice = "try " + ", or ".join(ways)
    if not left and last["part"] == "test":
        return f"nothing is left that is closer to the original, {advice}"
    return advice


def _wider(measured: list[Attempt], bounds: Bounds) -> list[str]:
    """The bounds within which the closest of some attempts on validation would have been."""
    if not measured:
        return []
    closest = min(measured, key=lambda attempt: (bounds.loss(attempt), attempt["score_change"]))
    loss, change = max(0.0, bounds.loss(closest)), closest["score_change"]
    return [f"a --max-drop of {math.ceil(loss * 1e4) / 1e4:g} with a --max-score-change of {change + 5e-4:.3f}"]
