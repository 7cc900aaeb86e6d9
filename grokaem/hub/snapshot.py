"""A repository's files on this disk, every one compared with what the repository promises.

The client accepts wrong bytes of the right size. Here each file's sha256 (its git name, for small text
files) is compared before anybody reads it; what does not match is moved out of the cache. A branch's name
points to a new revision only when all of it has arrived, so offline the old one stays whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from grokaem.hub.client import (
    check_repo_id,
    check_repo_type,
    connect,
    endpoint,
    is_offline,
    logger,
    with_retries,
)
from grokaem.hub.errors import HubError, HubUnavailable, explain, is_transient
from grokaem.hub.listing import ListedFile, list_files, look_up_files
from grokaem.hub.store import Store, Wanted
from grokaem.hub.tokens import find_token

WORKERS = 4  # files fetched at the same time


def download(
    repo_id: str,
    revision: str | None = None,
    *,
    repo_type: str = "model",
    allow_patterns: str | Iterable[str] | None = None,
    cache_dir: str | Path | None = None,
    token: str | None = None,
    allow_unsafe: bool = False,
) -> Path:
    """Brings a revision's files onto this disk, verified, or finds them there.

    Args:
        repo_id (str): the repository, as "user/name".
        revision (str, optional): branch, tag or commit. A commit that is complete in the cache needs no
            network at all. (Default: "main")
        repo_type (str): "model", "dataset" or "space". (Default: "model")
        allow_patterns (str or list of str, optional): only files that match one, as "*.json". (Default: all)
        cache_dir (path, optional): (Default: the client's own cache, HF_HUB_CACHE or HF_HOME/hub)
        token (str, optional): (Default: `grokaem.hub.find_token`)
        allow_unsafe (bool): also fetch files that can run code when loaded (pickles, programs). (Default: False)

    Returns:
        Path: the snapshot's folder.

    Raises:
        ValueError: a name that cannot be one.
        IntegrityError: a file is not what the repository promises; it was moved away, run again.
        HubNotFound: no such repository or revision, or not visible to this token.
        HubUnavailable: the Hub cannot be reached and the cache does not hold everything.
    """
    check_repo_type(repo_type)
    check_repo_id(repo_id)
    revision = revision or "main"
    store = Store(Path(cache_dir) if cache_dir else _client_cache(), repo_id, repo_type)
    wanted = Wanted(allow_patterns, allow_unsafe)
    commit = store.commit_of(revision)
    if commit and (is_offline() or revision == commit):
        if snapshot := store.complete(commit, wanted):
            return snapshot
    if is_offline():
        raise HubUnavailable(
            f"{repo_id} at {revision} is not complete in the cache {store.folder.parent}, and HF_HUB_OFFLINE is set: "
            "unset it once to download."
        )
    api = connect(find_token(token))
    ask = partial(look_up_files, api, repo_id, repo_type, revision)
    cached = None
    try:
        # With a copy in the cache, one unanswered question is enough to use it.
        cached = commit and store.complete(commit, wanted)
        info = ask() if cached else with_retries(ask, f"looking at {repo_id}")
    except Exception as error:
        if is_transient(error) and commit and cached:
            logger.warning(
                "%s cannot be reached: using %s at %s from the cache", endpoint(), repo_id, commit[:8]
            )
            return cached
        raise explain(error, repo_id, endpoint(), "downloading") from None
    try:
        assert info.sha is not None  # every revision has one
        promised = list_files(api, info, repo_id, repo_type)
        chosen = wanted.choose(promised, repo_id)
        with store.locked():  # another thread or process would move away what this one is about to compare
            store.discard_wrong(info.sha, chosen)
            _check_space(store, info.sha, chosen, repo_id)
            _fetch(api, store, info.sha, chosen)
            return store.accept(info.sha, revision, promised, chosen)
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "downloading") from None


def _client_cache() -> Path:
    if chosen := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    return Path(home).expanduser() / "hub"


def _check_space(store: Store, commit: str, chosen: list[ListedFile], repo_id: str) -> None:
    missing = sum(file.size for file in chosen if not (store.snapshot(commit) / file.path).exists())
    store.cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(store.cache).free
    if missing > free:
        raise HubError(
            f"{repo_id} needs {missing / 2**20:.0f} MiB in {store.cache}, where {free / 2**20:.0f} MiB are free: free "
            "some space or point HF_HOME to another disk, then run again."
        )


def _fetch(api, store: Store, commit: str, chosen: list[ListedFile]) -> None:
    missing = [file for file in chosen if not (store.snapshot(commit) / file.path).exists()]

    def fetch(file: ListedFile) -> None:
        with_retries(
            lambda: api.hf_hub_download(
                store.repo_id, file.path, repo_type=store.repo_type, revision=commit, cache_dir=store.cache
            ),
            f"downloading {file.path}",
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(fetch, missing))
