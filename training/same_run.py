"""Whether the run that --resume finds is the one that is asked for: its settings, and what it began with."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grokaem import ownership
from grokaem.identity import DataIdentity
from grokaem.memory.settings import MemorySettings
from training.config import FinetuneConfig

if TYPE_CHECKING:
    from training.records import BaseModelRecord

# A change of one of these between two starts would make a resumed run another experiment.
MAY_DIFFER = {"export", "push", "repo_id", "push_original", "hub_private", "save_seconds", "preflight"}
MAY_DIFFER |= {"logging_steps", "pin_memory", "dataloader_workers", "report_to"}
# Settings that a run may choose by itself, so that its report does not say what was asked for.
CHOSEN = {field.name for field in fields(MemorySettings)} - {"lora_rank", "load_in_8bit", "freeze"}
CHOSEN |= {"batch_size", "memory_budget", "epochs", "learning_rate", "max_seconds", *MAY_DIFFER}


# What a setting was before there was a flag for it: what the flag is where nobody gives it.
UNASKED = {field.name: field.default for field in fields(FinetuneConfig)}


class Beginnings(NamedTuple):
    """What a run began with, as it recorded it; None where an earlier version recorded nothing."""

    data: DataIdentity | None = None
    base_model: BaseModelRecord | None = None


def changed_settings(before: dict[str, object], now: dict[str, object], known: Beginnings) -> list[str]:
    """Names of the settings that make it another experiment.

    Files and folders of the user's may have moved: where the run recorded what was in them, that is compared once they
    are read, and not their place.
    """
    moved = {"dataset", "also_train_on"} if known.data else set()
    moved |= {"base_model"} if (known.base_model or {}).get("sha256") else set()
    elsewhere = {key for key in moved if now.get(key) and Path(str(now[key])).expanduser().exists()}
    # Earlier versions recorded the flags of all kinds, and not those that came later.
    asked = {*now} - MAY_DIFFER - elsewhere
    return sorted(key for key in asked if before.get(key, UNASKED.get(key)) != now[key])


def finished_settings(path: Path, config: dict[str, object]) -> dict[str, object]:
    """The settings of a finished run, as they were asked for.

    Args:
        path (Path): its folder.
        config (dict): the settings now, for what commit 8fe415f did not keep.

    Raises:
        ValueError: its ``run.json`` is no report.
    """
    found = ownership.read(path)
    settings = None if found is None else found.get("settings")
    if isinstance(settings, dict):
        return settings
    # Commit 8fe415f kept only what was chosen in the end: what is left to choose is taken to be the same.
    try:
        report = dict(json.loads((path / "run.json").read_text(encoding="utf-8"))["config"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{path / 'run.json'} is no report of a run: choose another --output-dir, or move it away."
        ) from None
    asked = {key for key, value in config.items() if value is not None and key in report} - CHOSEN
    return config | {key: report[key] for key in asked}


def ended_with(path: Path) -> Beginnings:
    """The data and the base model of a finished run, by its folder."""
    try:
        report = json.loads((path / "run.json").read_text(encoding="utf-8"))
        return Beginnings(DataIdentity.from_json(report["data"]), report["base_model"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Beginnings()
