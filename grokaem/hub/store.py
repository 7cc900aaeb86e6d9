"""Snapshots in the client's cache, what has been verified of them, and where wrong files go."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from grokaem.atomic import write_text
from grokaem.cache import cache_folder
from grokaem.file_hash import sha256_of
from grokaem.hub.client import logger
from grokaem.hub.errors import IntegrityError
from grokaem.hub.files import content_is, git_name_of, is_safe_name, is_unsafe
from grokaem.hub.listing import ListedFile
from grokaem.identity import COMMIT


def quarantine_folder() -> Path:
    """Where wrong files go: outside of every cache, to be looked at or deleted by hand."""
    return cache_folder("quarantine")


class Wanted:
    """Which of a repository's files are asked for."""

    def __init__(self, patterns: str | Iterable[str] | None, unsafe: bool):
        self.patterns = [patterns] if isinstance(patterns, str) else None if patterns is None else list(patterns)
        self.unsafe = unsafe

    def choose(self, promised: list[ListedFile], repo_id: str, announce: bool = True) -> list[ListedFile]:
        """The files to fetch, in the repository's order; refuses names that lead out of the folder."""
        from huggingface_hub.utils import filter_repo_objects

        for file in promised:
            if not is_safe_name(file.path):
                raise IntegrityError(
                    f"{repo_id} lists a file {file.path!r} that would be written outside of its folder: do not use "
                    "this repository, and report it to the Hub."
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


class Store:
    """A repository's folder in the client's cache, and beside its snapshots what has been verified."""

    def __init__(self, cache: Path, repo_id: str, repo_type: str):
        self.repo_id, self.repo_type, self.cache = repo_id, repo_type, cache
        self.folder = cache / "--".join([f"{repo_type}s", *repo_id.split("/")])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One thread of one process at a time fetches and compares a repository; the lock ends with its process."""
        from filelock import FileLock

        place = self.cache / ".locks" / f"{self.folder.name}.grokaem.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place, is_singleton=False):
            yield

    def snapshot(self, commit: str) -> Path:
        """Folder of a revision's files."""
        return self.folder / "snapshots" / commit

    def commit_of(self, revision: str) -> str | None:
        """The commit that a branch, a tag or a commit meant when it was last complete here."""
        if COMMIT.fullmatch(revision) and self.snapshot(revision).is_dir():
            return revision
        try:
            return (self.folder / "refs" / revision).read_text().strip()
        except OSError:
            return None

    def manifest(self, commit: str) -> dict:
        """What the repository promised of a commit, and size and time of the files that were compared."""
        try:
            return json.loads((self.folder / "verified" / f"{commit}.json").read_text())
        except (OSError, ValueError):
            return {"files": [], "stamps": {}}

    @staticmethod
    def stamp(path: Path) -> list[int]:
        """Size and time of the last change: as long as they stay, the content counts as compared."""
        status = path.stat()
        return [status.st_size, status.st_mtime_ns]

    def is_right(self, commit: str, file: ListedFile, stamps: dict) -> bool:
        """Whether the file is there with the promised content; an untouched one is not read again."""
        path = self.snapshot(commit) / file.path
        if not path.is_file() or not path.resolve().is_relative_to(self.folder.resolve()):
            return False
        try:
            if stamps.get(file.path) == self.stamp(path):
                return True
            return path.stat().st_size == file.size and content_is(path, file.oid)
        except FileNotFoundError:  # another thread has just found it wrong and moved it away
            return False

    def complete(self, commit: str, wanted: Wanted) -> Path | None:
        """The snapshot's folder, if everything that is wanted of it was verified and is still right."""
        manifest = self.manifest(commit)
        promised = [ListedFile(**file) for file in manifest["files"]]
        chosen = wanted.choose(promised, self.repo_id, announce=False)
        if not promised or not all(self.is_right(commit, file, manifest["stamps"]) for file in chosen):
            return None
        return self.snapshot(commit)

    def discard_wrong(self, commit: str, chosen: list[ListedFile]) -> None:
        """Moves away what has gone bad in the cache since it was verified, so that it is fetched again."""
        stamps = self.manifest(commit)["stamps"]
        for file in chosen:
            path = self.snapshot(commit) / file.path
            if os.path.lexists(path) and not self.is_right(commit, file, stamps):
                logger.warning("%s was wrong in the cache and is fetched again", file.path)
                self.quarantine(commit, file)

    def quarantine(self, commit: str, file: ListedFile) -> Path:
        """Moves a wrong file out of the cache; returns where to."""
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

    def accept(self, commit: str, revision: str, promised: list[ListedFile], chosen: list[ListedFile]) -> Path:
        """Verifies what was fetched; only then do the manifest and the branch's name point to it."""
        stamps = self.manifest(commit)["stamps"]
        for file in chosen:
            path = self.snapshot(commit) / file.path
            if not self.is_right(commit, file, stamps):
                kind = "sha256" if len(file.oid) == 64 else "git hash"
                found = sha256_of(path) if len(file.oid) == 64 else git_name_of(path)
                place = self.quarantine(commit, file)
                raise IntegrityError(
                    f"{file.path} of {self.repo_id} at {commit[:8]} arrived with {kind} {found[:12]} instead of "
                    f"{file.oid[:12]}: it was moved to {place}, run again to fetch it anew."
                )
            stamps[file.path] = self.stamp(path)
        files = [asdict(file) for file in promised]
        write_text(
            self.folder / "verified" / f"{commit}.json", json.dumps({"files": files, "stamps": stamps})
        )
        if revision != commit:
            write_text(self.folder / "refs" / revision, commit)
        self.snapshot(commit).mkdir(parents=True, exist_ok=True)
        return self.snapshot(commit)
