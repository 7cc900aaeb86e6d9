"""Every file of a revision, with the hash that the repository promises of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokaem.hub.client import CONNECT_SECONDS, with_retries

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import DatasetInfo, ModelInfo, SpaceInfo

LISTED_AT_ONCE = 1000  # the answer about a repository lists so many files at most


@dataclass(frozen=True)
class ListedFile:
    """A file as the repository lists it: path, size in bytes, and sha256 (or the git name of a small file)."""

    path: str
    size: int
    oid: str


def look_up_files(api: HfApi, repo_id: str, repo_type: str, revision: str) -> ModelInfo | DatasetInfo | SpaceInfo:
    """What the Hub says of a revision, once asked, with its files' metadata for :func:`list_files`.

    Args:
        api (HfApi): the client.
        repo_id (str): the repository.
        repo_type (str): "model", "dataset" or "space".
        revision (str): branch, tag or commit.
    """
    return api.repo_info(  # pyright: ignore[reportReturnType]  # never of a kernel
        repo_id, repo_type=repo_type, revision=revision, files_metadata=True, timeout=CONNECT_SECONDS
    )


def list_files(api: HfApi, info: ModelInfo | DatasetInfo | SpaceInfo, repo_id: str, repo_type: str) -> list[ListedFile]:
    """The files of the revision that ``info`` is about.

    The answer about a repository is enough where it names every file's hash; some Hubs leave out those of small
    files, and all of them cut long lists short. Then the tree is asked.

    Args:
        api (HfApi): the client.
        info (ModelInfo, DatasetInfo or SpaceInfo): with the files' metadata.
        repo_id (str): the repository.
        repo_type (str): "model", "dataset" or "space".
    """
    from huggingface_hub.hf_api import RepoFile

    siblings = info.siblings or []
    listed = [
        ListedFile(f.rfilename, f.size, f.lfs.sha256 if f.lfs else f.blob_id)  # pyright: ignore[reportArgumentType]  # looked for next
        for f in siblings
    ]
    if listed and len(listed) < LISTED_AT_ONCE and all(file.oid and file.size is not None for file in listed):
        return listed
    tree = with_retries(
        lambda: list(api.list_repo_tree(repo_id, recursive=True, revision=info.sha, repo_type=repo_type)),
        f"listing {repo_id}",
    )
    return [
        ListedFile(f.path, f.size, f.lfs.sha256 if f.lfs else f.blob_id) for f in tree if isinstance(f, RepoFile)
    ]
