"""What a run is made from, against the folder that it would replace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def check_sources(config: Any, folder: Path) -> None:
    """Refuses to replace what the run is made from, or the run of other data whose folder has the same default name.

    Args:
        config (FinetuneConfig): the settings.
        folder (Path): the run's folder.

    Raises:
        ValueError: either of them.
    """
    for flag in ("base_model", "dataset", "also_train_on"):
        source = getattr(config, flag)
        if source and folder.is_dir() and _place(source).is_relative_to(folder.resolve()):
            raise ValueError(f"--output-dir {folder} holds --{flag.replace('_', '-')} {source}: give another folder.")
    report = folder / "run.json"
    if not (config.overwrite and config.has_default_folder and report.is_file()):
        return
    try:
        before = dict(json.loads(report.read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # no report of ours: that the folder is not replaced is for ownership to say
    for flag in ("base_model", "dataset"):
        now, then = getattr(config, flag), before.get(flag)
        if isinstance(then, str) and _place(now) != _place(then):
            raise ValueError(
                f"{folder} holds the run of another --{flag.replace('_', '-')} ({then}), which would be lost: "
                "choose a folder of its own with --output-dir."
            )


def _place(name: str) -> Path:
    return Path(name).expanduser().resolve()
