"""A repository's files on this disk, every one compared with what the repository promises.

The client accepts wrong bytes of the right size. Here each file's sha256 (its git name, for small text
files) is compared before anybody reads it; what does not match is moved out of the cache. A branch's name
points to a new revision only when all of it has arrived, so offline the old one stays whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.client import (
    CONNECT_SECONDS,
    check_repo_id,
    check_repo_type,
    connect,
    endpoint,
    is_offline,
    logger,
    with_retries,
)
from hub.errors import HubError, HubUnavailable, IntegrityError, explain, is_transient
from hub.files import git_sha1_of, is_safe_name, is_unsafe, sha256_of
from hub.tokens import find_token

WORKERS = 4


@dataclass(frozen=True)
class Promised:
    """A file as the repository lists it: path, size in bytes, and sha256 (or the git name of a small file)."""

    path: str
    size: int
    oid: str


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
        token (str, optional): (Default: `hub.find_token`)
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
    store = _Store(Path(cache_dir) if cache_dir else _client_cache(), repo_id, repo_type)
    wanted = _Wanted(allow_patterns, allow_unsafe)
    commit = store.commit_of(revision)
    if commit and (is_offline() or revision == commit):
        if snapshot := store.complete(commit, wanted):
            return snapshot
    if is_offline():
        raise HubUnavailable(
            f"{repo_id} at {revision} is not complete in the cache {store.folder.parent}, and HF_HUB_OFFLINE is set: "
            "unset it once to download"
        )
    api = connect(find_token(token))

    def ask():
        return api.repo_info(
            repo_id, repo_type=repo_type, revision=revision, files_metadata=True, timeout=CONNECT_SECONDS
        )

    try:
        # With a copy in the cache, one unanswered question is enough to use it.
        cached = commit and store.complete(commit, wanted)
        info = ask() if cached else with_retries(ask, f"looking at {repo_id}")
    except Exception as error:
        if is_transient(error) and cached:
            logger.warning(
                "%s cannot be reached: using %s at %s from the cache", endpoint(), repo_id, commit[:8]
            )
            return cached
        raise explain(error, repo_id, endpoint(), "downloading") from None
    try:
        promised = _list_files(api, info, repo_id, repo_type)
        chosen = wanted.choose(promised, repo_id)
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


def quarantine_folder() -> Path:
    """Where wrong files go: outside of every cache, to be looked at or deleted by hand."""
    return Path(os.environ.get("GROKAEM_CACHE", Path.home() / ".cache" / "grokaem")) / "quarantine"


class _Wanted:
    """Which of a repository's files are asked for."""

    def __init__(self, patterns: str | Iterable[str] | None, unsafe: bool):
        self.patterns = [patterns] if isinstance(patterns, str) else patterns and list(patterns)
        self.unsafe = unsafe

    def choose(self, promised: list[Promised], repo_id: str, announce: bool = True) -> list[Promised]:
        from huggingface_hub.utils import filter_repo_objects

        for file in promised:
            if not is_safe_name(file.path):
                raise IntegrityError(
                    f"{repo_id} lists a file {file.path!r} that would be written outside of its folder: do not use "
                    "this repository, and report it to the Hub"
                )
        chosen = list(filter_repo_objects(promised, allow_patterns=self.patterns, key=lambda file: file.path))
        if self.unsafe:
            return chosen
        paths = {file.path for file in promised}
        skipped = [file.path for file in chosen if is_unsafe(file.path, paths)]
        if skipped and announce:
            logger.warning(
                "left out of %s, because loading them can run code: %s", repo_id, ", ".join(skipped)
            )
        return [file for file in chosen if file.path not in skipped]


class _Store:
    """A repository's folder in the client's cache, and beside its snapshots what has been verified."""

    def __init__(self, cache: Path, repo_id: str, repo_type: str):
        self.repo_id, self.repo_type, self.cache = repo_id, repo_type, cache
        self.folder = cache / "--".join([f"{repo_type}s", *repo_id.split("/")])

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def commit_of(self, revision: str) -> str | None:
        if len(revision) == 40 and self.snapshot(revision).is_dir():
            return revision
        try:
            return (self.folder / "refs" / revision).read_text().strip()
        except OSError:
            return None

    def manifest(self, commit: str) -> dict:
        try:
            return json.loads((self.folder / "verified" / f"{commit}.json").read_text())
        except (OSError, ValueError):
            return {"files": [], "stamps": {}}

    @staticmethod
    def stamp(path: Path) -> list[int]:
        status = path.stat()
        return [status.st_size, status.st_mtime_ns]

    def is_right(self, commit: str, file: Promised, stamps: dict) -> bool:
        """Whether the file is there with the promised content; an untouched one is not read again."""
        path = self.snapshot(commit) / file.path
        if not path.is_file() or not path.resolve().is_relative_to(self.folder.resolve()):
            return False
        if stamps.get(file.path) == self.stamp(path):
            return True
        return path.stat().st_size == file.size and _oid(path, file.oid) == file.oid

    def complete(self, commit: str, wanted: _Wanted) -> Path | None:
        """The snapshot's folder, if everything that is wanted of it was verified and is still right."""
        manifest = self.manifest(commit)
        promised = [Promised(**file) for file in manifest["files"]]
        chosen = wanted.choose(promised, self.repo_id, announce=False)
        if not promised or not all(self.is_right(commit, file, manifest["stamps"]) for file in chosen):
            return None
        return self.snapshot(commit)

    def discard_wrong(self, commit: str, chosen: list[Promised]) -> None:
        """Moves away what has gone bad in the cache since it was verified, so that it is fetched again."""
        stamps = self.manifest(commit)["stamps"]
        for file in chosen:
            path = self.snapshot(commit) / file.path
            if os.path.lexists(path) and not self.is_right(commit, file, stamps):
                logger.warning("%s was wrong in the cache and is fetched again", file.path)
                self.quarantine(commit, file)

    def quarantine(self, commit: str, file: Promised) -> Path:
        path = self.snapshot(commit) / file.path
        place = (
            quarantine_folder()
            / f"{self.repo_id.replace('/', '--')}@{commit[:8]}"
            / file.path.replace("/", "--")
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        content = path.resolve()
        if content.is_relative_to(self.folder.resolve()) and content.is_file():
            shutil.move(content, place)
        path.unlink(missing_ok=True)
        return place

    def accept(self, commit: str, revision: str, promised: list[Promised], chosen: list[Promised]) -> Path:
        """Verifies what was fetched; only then do the manifest and the branch's name point to it."""
        stamps = self.manifest(commit)["stamps"]
        for file in chosen:
            path = self.snapshot(commit) / file.path
            if not self.is_right(commit, file, stamps):
                kind = "sha256" if len(file.oid) == 64 else "git hash"
                found = _oid(path, file.oid)
                place = self.quarantine(commit, file)
                raise IntegrityError(
                    f"{file.path} of {self.repo_id} at {commit[:8]} arrived with {kind} {found[:12]} instead of "
                    f"{file.oid[:12]}: it was moved to {place}, run again to fetch it anew"
                )
            stamps[file.path] = self.stamp(path)
        files = [asdict(file) for file in promised]
        _write_atomic(
            self.folder / "verified" / f"{commit}.json", json.dumps({"files": files, "stamps": stamps})
        )
        if revision != commit:
            _write_atomic(self.folder / "refs" / revision, commit)
        self.snapshot(commit).mkdir(parents=True, exist_ok=True)
        return self.snapshot(commit)


def _oid(path: Path, like: str) -> str:
    return sha256_of(path) if len(like) == 64 else git_sha1_of(path)


def _write_atomic(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _list_files(api, info, repo_id: str, repo_type: str) -> list[Promised]:
    """Every file of the revision; the answer about a repository lists only the first thousands of a large one."""
    from huggingface_hub.hf_api import RepoFile

    if info.siblings and len(info.siblings) < 1000:
        return [Promised(f.rfilename, f.size, f.lfs.sha256 if f.lfs else f.blob_id) for f in info.siblings]
    tree = with_retries(
        lambda: list(api.list_repo_tree(repo_id, recursive=True, revision=info.sha, repo_type=repo_type)),
        f"listing {repo_id}",
    )
    return [
        Promised(f.path, f.size, f.lfs.sha256 if f.lfs else f.blob_id)
        for f in tree
        if isinstance(f, RepoFile)
    ]


def _check_space(store: _Store, commit: str, chosen: list[Promised], repo_id: str) -> None:
    missing = sum(file.size for file in chosen if not (store.snapshot(commit) / file.path).exists())
    store.cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(store.cache).free
    if missing > free:
        raise HubError(
            f"{repo_id} needs {missing / 2**20:.0f} MiB in {store.cache}, where {free / 2**20:.0f} MiB are free: free "
            "some space or point HF_HOME to another disk, then run again"
        )


def _fetch(api, store: _Store, commit: str, chosen: list[Promised]) -> None:
    missing = [file for file in chosen if not (store.snapshot(commit) / file.path).exists()]

    def fetch(file: Promised) -> None:
        with_retries(
            lambda: api.hf_hub_download(
                store.repo_id, file.path, repo_type=store.repo_type, revision=commit, cache_dir=store.cache
            ),
            f"downloading {file.path}",
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(fetch, missing))
