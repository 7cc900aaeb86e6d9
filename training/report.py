"""``run.json``: everything the model card, the export and a sceptical reader need to know of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from training.metrics import classification_metrics, confusion
from training.run_folder import hardware, versions

EXAMPLES_PER_LABEL = 3


def score_test(trainer: Any, task: Any) -> dict[str, Any]:
    """Scores the test part, once, with the weights chosen on validation.

    Returns:
        dict: ``metrics``, ``confusion`` (rows: true classes) and, for text, ``examples`` of each label.
    """
    part = task.corpus.test
    items, order = task.evaluation_set(part)
    scores = trainer.predict(items).predictions
    scores = np.asarray(scores[0] if isinstance(scores, tuple) else scores, dtype=np.float32)
    logits = np.empty_like(scores)
    logits[order] = scores
    labels = np.asarray(part.labels)
    names = task.corpus.label_names
    scored = {
        "metrics": classification_metrics(logits, labels),
        "confusion": confusion(logits, labels, len(names)),
    }
    if task.corpus.task == "text":
        scored["examples"] = _examples(part.inputs, labels, logits, names)
    return scored


def _examples(texts: list[str], labels: np.ndarray, logits: np.ndarray, names: list[str]) -> list[dict]:
    # The first right ones of readable length: examples show what a label means, not how good the model is.
    chosen = []
    predicted = logits.argmax(axis=1)
    for number, name in enumerate(names):
        right = [
            i for i in np.flatnonzero((labels == number) & (predicted == number)) if len(texts[i]) <= 200
        ]
        chosen += [{"label": name, "text": texts[i]} for i in right[:EXAMPLES_PER_LABEL]]
    return chosen


def peak_memory_reset() -> None:
    """Starts the process's high-water mark anew (Linux; elsewhere nothing happens)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_memory_mib(device: str) -> float | None:
    """Peak since the reset: reserved GPU memory on CUDA, the resident high-water mark on a CPU; MiB."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_reserved() / 2**20
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def compose(
    config: Any,
    task: Any,
    base: Any,
    precision: Any,
    arguments: Any,
    seconds: float,
    steps: int,
    validation: dict,
    scored: dict,
    peak_mib: float | None,
) -> dict[str, Any]:
    """Puts the parts of ``run.json`` together; its keys are listed in the documentation."""
    settings = config.to_json()
    settings.update(
        epochs=arguments.num_train_epochs, learning_rate=arguments.learning_rate, precision=precision.name
    )
    return {
        "name": config.short_name,
        "task": config.task,
        "base_model": {"name": base.name, "revision": base.revision, "license": base.license}
        if base
        else {"name": "wide_resnet", "revision": f"{config.depth}-{config.widen_factor}", "license": None},
        "data": task.corpus.describe(),
        "config": {**settings, **task.extras()},
        "checklist": [{"step": "precision", "value": precision.name, "reason": precision.reason}],
        "metrics": scored["metrics"],
        "validation": validation,
        "confusion": scored["confusion"],
        "examples": scored.get("examples", []),
        "memory": {"predicted_peak_mib": None, "measured_peak_mib": peak_mib, "budget_mib": None},
        "seconds": seconds,
        "steps": steps,
        "parameters": task.model.num_parameters(),
        "hardware": hardware(),
        "versions": versions(),
        "seed": config.seed,
    }
