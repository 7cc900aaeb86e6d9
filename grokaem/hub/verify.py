"""The proof after publishing: what others will download is what this folder holds."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from grokaem.file_hash import sha256_of
from grokaem.hub.errors import IntegrityError
from grokaem.hub.files import publishable
from grokaem.hub.snapshot import download


def verify_published(
    repo_id: str,
    commit: str,
    folder: str | Path,
    *,
    repo_type: str = "model",
    cache_dir: str | Path | None = None,
    token: str | None = None,
) -> Path:
    """Downloads a revision into a fresh cache and compares every file of the folder with it by sha256.

    Args:
        repo_id (str): the repository.
        commit (str): the revision, as `grokaem.hub.publish` returned it.
        folder (path): what was published.
        repo_type (str): "model", "dataset" or "space". (Default: "model")
        cache_dir (path, optional): an empty folder. (Default: a temporary one, deleted when the process ends)
        token (str, optional): (Default: `grokaem.hub.find_token`)

    Returns:
        Path: the downloaded snapshot, ready to be loaded for a first prediction.

    Raises:
        IntegrityError: a file is missing there or differs.
    """
    if cache_dir is None:
        cache_dir = tempfile.mkdtemp(prefix="grokaem-verify-")
        atexit.register(shutil.rmtree, cache_dir, ignore_errors=True)
    snapshot = download(
        repo_id,
        commit,
        repo_type=repo_type,
        cache_dir=cache_dir,
        token=token,
        allow_unsafe=repo_type == "space",
    )
    for path, file in publishable(Path(folder)).items():
        copy = snapshot / path
        if not copy.is_file() or sha256_of(copy) != sha256_of(file):
            problem = "differs from" if copy.is_file() else "is missing beside"
            raise IntegrityError(
                f"{path} of {repo_id} at {commit[:8]} {problem} the published folder {folder}: publish again."
            )
    return snapshot
