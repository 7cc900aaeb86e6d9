"""``run.json``: everything the model card, the export and a sceptical reader need to know of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grokaem import kinds
from grokaem.ownership import write_text
from grokaem.plain_text import first_few, terminal
from grokaem.scores import METRIC_NAMES, confusion, most_frequent_share, never_predicted, per_label
from training.config import settings_by_flag
from training.memory_choice import MemoryChoice
from training.metrics import classification_metrics
from training.peak import Peak
from training.processes import world_size
from training.run_folder import hardware, versions

if TYPE_CHECKING:
    from grokaem.hub.base_model import BaseModel
    from training.config import FinetuneConfig
    from training.recipe import Training
    from training.records import BaseModelRecord, Example, RunReport, Scored
    from training.task import Task

EXAMPLES_PER_LABEL = 3


def score_test(training: Training, task: Task) -> Scored:
    """Scores the test part, once, with the weights chosen on validation.

    Returns:
        dict: ``metrics``, ``confusion`` (rows: true classes) and, of what can be shown, ``examples`` of each label.
    """
    part = task.corpus.test
    items, order = task.evaluation_set(part)
    scores = training.logits(items)
    logits = np.empty_like(scores)
    logits[order] = scores
    labels = np.asarray(part.labels)
    names = task.corpus.label_names
    scored: Scored = {
        "metrics": classification_metrics(logits, labels),
        "confusion": confusion(labels, logits.argmax(axis=1), len(names)).tolist(),
    }
    if kinds.find(task.corpus.task).shown:
        scored["examples"] = _examples(part.inputs, labels, logits, names)
    return scored


def _examples(texts: list[str], labels: np.ndarray, logits: np.ndarray, names: list[str]) -> list[Example]:
    # The first right ones of readable length: examples show what a label means, not how good the model is.
    chosen: list[Example] = []
    predicted = logits.argmax(axis=1)
    for number, name in enumerate(names):
        right = [
            i for i in np.flatnonzero((labels == number) & (predicted == number)) if len(texts[i]) <= 200
        ]
        chosen.extend({"label": name, "text": texts[i]} for i in right[:EXAMPLES_PER_LABEL])
    return chosen


def compose_run_report(
    config: FinetuneConfig,
    task: Task,
    choice: MemoryChoice,
    peak: Peak,
    training: Training,
    seconds: float,
    scored: Scored,
) -> RunReport:
    """Puts the parts of ``run.json`` together; its keys are listed in the documentation."""
    from grokaem.memory.apply import describe

    confused, names = np.asarray(scored["confusion"]), task.corpus.label_names
    schedule, progress, counts = training.schedule, training.progress, describe(task.model)
    settings = {**config.to_json(), **settings_by_flag(choice.settings)}
    settings.update(
        epochs=schedule.asked_epochs,
        learning_rate=schedule.rate,
        effective_batch_size=choice.settings.effective_batch_size * world_size(),
        processes=world_size(),
    )
    return {
        "name": config.short_name,
        "task": config.task,
        "base_model": base_record(config, task.base),
        "data": task.corpus.describe(),
        "config": {**settings, **task.extras()},
        "checklist": choice.checklist,
        "metrics": scored["metrics"],
        # Of examples that were trained on it would say nothing.
        "validation": None if config.train_on_validation else training.best.metrics(),
        "confusion": scored["confusion"],
        "labels": per_label(confused, names),
        "never_predicted": never_predicted(confused, names),
        "class_weights": training.loss.by_label,
        "examples": scored.get("examples", []),
        "memory": {
            "predicted_peak_mib": _rounded(choice.predicted_mib),
            "measured_peak_mib": _rounded(peak.measured_mib),
            "budget_mib": _rounded(choice.budget_mib),
            "before_mib": _rounded(peak.before_mib),
        },
        "loss_curve": [
            [entry["step"], entry["loss"]] for entry in progress.history if "loss" in entry
        ],
        "seconds": seconds,
        "steps": progress.step,
        "epochs_run": round(training.epochs_run, 4),
        "parameters": counts["parameters"],
        "trainable_parameters": counts["trainable"],
        "hardware": hardware(),
        "versions": versions(),
        "seed": config.seed,
    }


def base_record(config: FinetuneConfig, base: BaseModel | None) -> BaseModelRecord:
    """What a run began with, as ``run.json`` has it; of a folder of the user's with a hash of its content."""
    if base is None:
        return {"name": config.base_model, "revision": config.own.network_revision, "license": None}
    found: BaseModelRecord = {"name": base.name, "revision": base.revision, "license": base.license}
    return found if base.sha256 is None else {**found, "sha256": base.sha256}


def note_places(path: Path, report: RunReport, config: FinetuneConfig) -> None:
    """Notes where the data of a finished run lie now, so that an export finds them; that they are the same is known.

    Args:
        path (Path): the run folder.
        report (dict): its ``run.json``.
        config (FinetuneConfig): what ``--resume`` was given.
    """
    settings, now = report["config"], config.to_json()
    moved = {name: now[name] for name in ("dataset", "also_train_on") if settings.get(name) != now[name]}
    if moved:
        settings.update(moved)
        write_text(path / "run.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def last_lines(path: Path, result: RunReport) -> list[str]:
    """What the command ends with: what the accuracy is worth, and the scores as a line of JSON.

    Args:
        path (Path): the run folder.
        result (dict): its ``run.json``, perhaps of an older version.
    """
    told = {"run_folder": str(path), **result["metrics"], "seconds": round(result["seconds"], 1)}
    return [*_against_no_model(result), *_of_rare_classes(result), json.dumps(told)]


def _against_no_model(result: RunReport) -> list[str]:
    data: Any = result["data"]
    names, classes = data.get("label_names") or [], data.get("classes") or {}
    trained = [classes.get(name, {}).get("train", 0) for name in names]
    share = most_frequent_share(trained, [sum(row) for row in result.get("confusion") or []])
    if share is None:
        return []  # an older report
    accuracy, label = result["metrics"]["accuracy"], names[trained.index(max(trained))]
    worth = "" if accuracy > share else "; the model is no better than that"
    return [
        f"accuracy {accuracy:.4f} on the test part, where always answering {terminal(label)}, the most frequent label "
        f"of the training part, has {share:.4f}{worth}"
    ]


def _of_rare_classes(result: RunReport) -> list[str]:
    """What accuracy hides: classes that no example was given, and macro F1 where it chose the epoch."""
    lines = []
    metric: Any = result.get("config", {}).get("metric", "accuracy")
    if metric != "accuracy":
        lines.append(f"{METRIC_NAMES[metric]} {result['metrics'][metric]:.4f} on the test part; it chose the epoch")
    if silent := result.get("never_predicted"):
        lines.append(
            f"no example of the test part was given {first_few(map(terminal, silent))}, which it holds: "
            "--class-weights auto --metric macro_f1 make rare classes count"
        )
    return lines


def _rounded(mib: float | None) -> float | None:
    return None if mib is None else round(mib, 1)
