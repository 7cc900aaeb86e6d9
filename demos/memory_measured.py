"""What training of the served models was told to need, and what it took."""

from __future__ import annotations

import json
from pathlib import Path

from demos.served_model import ServedModel
from demos.wording import say
from grokaem.plain_text import markdown


def told_and_measured(served: tuple[ServedModel, ...]) -> str:
    """A sentence for each served model whose run recorded both; empty where none did.

    Args:
        served (tuple of ServedModel): the page's.
    """
    return "  \n".join(filter(None, map(_of_run, served)))


def _of_run(served: ServedModel) -> str:
    name = served.name()
    if name is None or not Path(name).is_dir():
        return ""
    try:
        run = json.loads((Path(name).parent / "run.json").read_text(encoding="utf-8"))
        memory, base = run["memory"], Path(str(run["base_model"]["name"])).name
        told, taken = float(memory["predicted_peak_mib"]), float(memory["measured_peak_mib"])
    except (OSError, ValueError, KeyError, TypeError):  # a run of an older version, or an export without its run
        return ""
    return say(
        "The model served here, {base}: {told} MiB told before its training, {taken} MiB taken.",
        base=markdown(base), told=round(told), taken=round(taken),
    )  # fmt: skip
