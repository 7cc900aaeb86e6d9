"""The revision that a repository is at, beside what it shall become."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.hub.access import tag_is_taken
from grokaem.hub.client import with_retries
from grokaem.hub.files import content_is
from grokaem.hub.listing import list_files, look_up_files
from grokaem.hub.published import PublishedFile

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def head_of(api: HfApi, repo_id: str, repo_type: str, revision: str = "main", retry: bool = True) -> dict:
    """The newest revision: its commit, whether the repository is private, and each file's sha256 or git name."""
    ask = partial(look_up_files, api, repo_id, repo_type, revision)
    info = with_retries(ask, f"looking at {repo_id}") if retry else ask()
    files = list_files(api, info, repo_id, repo_type)
    oids = {file.path: file.oid for file in files}
    return {"sha": info.sha, "private": bool(info.private), "oids": oids}


def is_same(file: Path, oid: str | None) -> bool:
    """Whether a file is what the Hub has under a sha256 or git name; None where it has none."""
    return oid is not None and content_is(file, oid)


def states_of(paths: dict[str, Path], oids: dict[str, str]) -> list[PublishedFile]:
    """Each file with its size and what publishing it would do."""
    states = []
    for path, file in paths.items():
        state = "new" if path not in oids else "unchanged" if is_same(file, oids[path]) else "changed"
        states.append(PublishedFile(path, file.stat().st_size, state))
    return states


def check_tag(api: HfApi, repo_id: str, repo_type: str, tag: str, commit: str | None) -> bool:
    """Whether the tag names the revision already; one that names another, or None for one to come, is not moved."""
    refs = with_retries(lambda: api.list_repo_refs(repo_id, repo_type=repo_type), "listing tags")
    existing = {ref.name: ref.target_commit for ref in refs.tags}
    if tag in existing and existing[tag] != commit:
        raise tag_is_taken(repo_id, tag, existing[tag])
    return tag in existing
