"""Pieces of the code that model cards show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from grokaem.plain_text import terminal

LABELS = 'labels = json.loads(open(folder + "/config.json", encoding="utf-8").read())["id2label"]'
WORDS = ("numpy", "safetensors", "huggingface_hub")  # what a TF-IDF model is used with


def runtime_versions(packages: Sequence[str]) -> dict[str, str]:
    """The versions here of what a card's first snippet needs; a publisher may not have all that a user needs."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def install(packages: Sequence[str], versions: dict[str, str] | None, repo_id: str | None) -> str:
    """The line that installs what the first snippet needs.

    Args:
        packages (sequence of str): it imports.
        versions (dict, optional): those it was measured with. (Default: the versions here)
        repo_id (str, optional): where the model is published; without, nothing is downloaded.
    """
    versions = versions or runtime_versions(packages)
    pinned = " ".join(
        f"{package}=={versions[package]}" if package in versions else package
        for package in packages
        if repo_id or package != "huggingface_hub"
    )
    return f"```bash\npip install {pinned}\n```"


def imports(repo_id: str | None) -> str:
    """What the first snippet imports of the names that all kinds use."""
    return "json, huggingface_hub" if repo_id else "json"


def folder_of(repo_id: str | None) -> str:
    """The folder of the export, as an expression."""
    return f'huggingface_hub.snapshot_download("{repo_id}")' if repo_id else '"."'


def plain(value: str) -> str:
    """A name inside code: a local version (+cpu) is on no public index, and quotes would end the literal."""
    return json.dumps(str(value).split("+")[0])[1:-1]


def literal(text: str) -> str:
    """The text as a literal of Python, in which everything can be seen."""
    return json.dumps(text, ensure_ascii=terminal(text) != text)
