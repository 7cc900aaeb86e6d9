"""The part of a model card that shows how the model is used: what to install, snippets that print a label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporting.snippets import install
from exporting.sources import find_source
from grokaem import address, kinds
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    from exporting.report_types import ParityReport, RunReport


def of_export(report: RunReport, parity: ParityReport, repo_id: str | None) -> str:
    """How an export is used.

    Args:
        report (dict): ``run.json``.
        parity (dict): ``parity.json``.
        repo_id (str, optional): where it is published; without, the snippets are for its folder on this disk.
    """
    card = find_source(report["task"]).card
    parts = [
        "## How to use it",
        install(card.packages, parity.get("runtime", {}).get("versions"), repo_id),
        f"With OpenVINO alone{'' if repo_id else ', in this folder'}:",
        card.snippet(report, repo_id),
        _command(repo_id, card.given(report)),
        card.more(report, repo_id or "."),
    ]
    return "\n\n".join(part for part in parts if part)


def of_original(report: RunReport, folder: Path, repo_id: str) -> str:
    """How the unquantized weights are used; see :meth:`exporting.kind_card.KindCard.original`."""
    return find_source(report["task"]).card.original(report, folder, repo_id)


def _command(repo_id: str | None, given: str) -> str:
    return f"""On the command line, with grokaem:

```bash
{address.install_command()}
grokaem predict {repo_id or "EXPORT_FOLDER"} {given}
```"""


def what_it_takes(report: RunReport) -> str:
    """A sentence on what the model takes, and of what it was trained."""
    data, takes = report["data"], find_source(report["task"]).card.takes(report)
    things = kinds.find(report["task"]).title
    if report.get("adopted"):
        return f"{takes}; others trained it, and it was measured on {things} of {markdown(data['name'])}."
    return f"{takes}, and was trained on {data['sizes']['train']:,} {things} of {markdown(data['name'])}."
