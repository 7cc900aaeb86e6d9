"""What is said of runs that did not come to their end: what --resume finds, and what Ctrl-C leaves."""

from __future__ import annotations

import json
from pathlib import Path

from grokaem.plain_text import terminal
from training.run_folder import COMPLETE, RunFolder


def nothing_to_resume(folder: RunFolder) -> list[str]:
    """What to say where --resume finds no run: that training begins anew, and which unfinished runs lie beside.

    Args:
        folder (RunFolder): the run's; not finished.

    Returns:
        list of str: one sentence a line; none where there is an interrupted run.
    """
    if folder.partial.is_dir():
        return []
    lines = [f"there is nothing to resume at {terminal(str(folder.path))}: training begins anew"]
    for partial in sorted(folder.path.parent.glob(".*.partial")):
        try:
            begun = json.loads((partial / "config.json").read_text(encoding="utf-8"))
            told = f"--base-model {begun['base_model']} --dataset {begun['dataset']} --seed {begun['seed']}"
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another program's, or one that has only begun
        run = partial.with_name(partial.name[1 : -len(".partial")])
        lines.append(terminal(f"unfinished: {run} ({told}); the command that began it, with --resume, goes on with it"))
    return lines


def how_to_resume(path: Path) -> str:
    """How to go on with a run that was stopped.

    Args:
        path (Path): the run's folder.
    """
    folder = RunFolder(path)
    if any(folder.checkpoints.glob(f"checkpoint-*/{COMPLETE}")):
        return "stopped: the same command with --resume goes on from the last checkpoint"
    again = "with --resume " if folder.partial.is_dir() else ""
    return f"stopped before the first checkpoint: the same command {again}begins anew"
