"""What a run is made from, against the folder that it would replace and the export that is to follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.hub.base_model import BaseModel
    from training.config import FinetuneConfig


def check_sources(config: FinetuneConfig, folder: Path) -> None:
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


def check_base(config: FinetuneConfig, base: BaseModel) -> list[str]:
    """Refuses a base model whose code may not run, or, where an export follows, one that none can be made of.

    Args:
        config (FinetuneConfig): the settings.
        base (BaseModel): downloaded and verified, or a folder of the user's.

    Returns:
        list of str: what the user should know of it.

    Raises:
        ValueError: either of them.
    """
    from training.remote_code import check_code

    notes = check_code(base, config.trust_remote_code, config.exports)
    if config.exports:
        from exporting.exportable import check_exportable

        check_exportable(config.task, base.folder, base.name)
    return notes


def _place(name: str) -> Path:
    return Path(name).expanduser().resolve()
