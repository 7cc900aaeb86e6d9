"""Which files may be published or downloaded: safe names, no code that runs at load, content by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from grokaem.file_hash import sha256_of

# Formats that can run code when they are loaded, and programs.
PICKLES = (
    "*.pt",
    "*.pth",
    "*.pkl",
    "*.pickle",
    "*.ckpt",
    "*.joblib",
    "*.dill",
    "*.h5",
    "*.keras",
    "*.pb",
    "*.ot",
)
PROGRAMS = ("*.py", "*.pyc", "*.so", "*.dll", "*.dylib", "*.exe", "*.sh", "*.bat", "*.ps1", "*.jar", "*.whl")
PICKLED_WEIGHTS = (
    "pytorch_model*",
    "adapter_model*",
    "optimizer*",
    "scheduler*",
    "training_args*",
    "rng_state*",
)
# Histories, caches, backups of editors.
SCRATCH = (".git", ".hg", ".svn", ".cache", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".venv", ".idea",
           ".vscode", "*.tmp", "*.incomplete", "*~", "*.swp", "*.swo", ".#*", "#*#", "*.bak", "*.orig",
           ".grokaem*")  # fmt: skip
# Where people and programs keep passwords, keys and tokens.
SECRET_FILES = (".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".pypirc", ".npmrc", ".git-credentials",
                ".htpasswd", ".pgpass", ".aws", ".ssh", ".gnupg", ".docker", ".kaggle", "kaggle.json", "*.pem",
                "*.key", "*.p12", "*.pfx", "*.jks", "*.kdbx", "*.ppk", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
                "credentials", "credentials.*", "client_secret*.json", "service_account*.json",
                "service-account*.json", "secrets.*", "token", "token.txt", "*.token", "hf_token*", ".hf_token*",
                "stored_tokens", ".*_history")  # fmt: skip
NEVER_PUBLISHED = SCRATCH + SECRET_FILES


def is_unsafe(path: str, all_paths: Iterable[str], programs: bool = False) -> bool:
    """Whether loading this file could run code.

    A ``.bin`` is safe only as the weights of an OpenVINO graph, beside its ``.xml``; any other one is
    taken for a pickle, as PyTorch's ``pytorch_model.bin`` is.

    Args:
        path (str): path in the repository.
        all_paths (iterable of str): all paths there.
        programs (bool): let programs pass, as a Space needs them. (Default: False)
    """
    name = PurePosixPath(path).name.lower()
    if any(fnmatch(name, pattern) for pattern in PICKLES):
        return True
    if name.endswith(".bin"):
        return any(fnmatch(name, p) for p in PICKLED_WEIGHTS) or path[: -len(".bin")] + ".xml" not in set(
            all_paths
        )
    return not programs and any(fnmatch(name, pattern) for pattern in PROGRAMS)


def is_safe_name(path: str) -> bool:
    """Whether a path of a repository stays inside the folder it is written to, on every system."""
    parts = path.split("/")
    return (
        bool(path)
        and not any(part in {"", ".", "..", ".git"} for part in parts)
        and not any(character in path for character in "\\:\0")
        and path.isprintable()
    )


def content_is(path: Path, oid: str) -> bool:
    """Whether a file's content is what a repository names so.

    64 digits are the sha256 of the content, or, on a Hub whose git names things by sha256, that of a git blob; 40
    digits are git's own name.
    """
    if len(oid) != 64:
        return git_name_of(path) == oid
    return sha256_of(path) == oid or git_name_of(path, "sha256") == oid


def git_name_of(path: Path, algorithm: str = "sha1") -> str:
    """The name git gives to a file's content: what the Hub names a regular file by."""
    digest = hashlib.new(algorithm, b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_never_published(path: PurePosixPath) -> bool:
    """Whether a file is never published: caches, histories, backups, and what holds passwords or keys by its name."""
    return any(fnmatch(part.lower(), pattern.lower()) for part in path.parts for pattern in NEVER_PUBLISHED)


def unpublished_files(folder: Path) -> list[str]:
    """The files of a folder that :func:`publishable` leaves out because of their names, sorted."""
    inside = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in inside if is_never_published(PurePosixPath(path.as_posix())))


def publishable(folder: Path) -> dict[str, Path]:
    """The files of a folder that belong into a repository: path there -> file here, sorted.

    Raises:
        FileNotFoundError: no such folder, or nothing in it.
        ValueError: a link leads out of the folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder {folder} does not exist: export a model into it first.")
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if is_never_published(PurePosixPath(inside.as_posix())):
            continue
        if path.is_file():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ValueError(
                    f"{path} is a link that leads out of {folder}: replace it by the file itself."
                )
            found[inside.as_posix()] = path
    if not found:
        raise FileNotFoundError(f"the folder {folder} holds no file to publish: export a model into it first.")
    return found
