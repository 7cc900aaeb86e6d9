"""Where an encoder comes from: the installed package, a folder, or the Hub, by its commit and verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from grokaem.file_hash import sha256_of_unchanged
from grokaem.hub.packaged_model import MINILM, packaged_folder

# What the digest of a folder is taken over: everything that changes the vectors.
WEIGHT_PATTERNS = ("*.json", "*.txt", "*.model", "*.safetensors", "*/*.json", "*/*.safetensors")
# Of the Hub too: configuration, vocabulary, safetensors (the pooling's and the projection's lie one folder down).
HUB_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]


@dataclass(frozen=True)
class EncoderSource:
    """An encoder to convert.

    Attributes:
        name: what the user asked for.
        location: a folder.
        digest: sha256 (hex, 16 characters) of the folder's files, or of the Hub's id and commit.
    """

    name: str
    location: str
    digest: str

    @property
    def shown(self) -> str:
        """The name for others to read: of a folder its own, not where it lies on this machine."""
        return Path(self.location).name if Path(self.name).expanduser().is_dir() else self.name


def resolve_encoder(model: str | None = None) -> EncoderSource:
    """Finds the encoder without loading it.

    Args:
        model (str, optional): a folder in the sentence-transformers or transformers layout, or an id such as
            ``intfloat/multilingual-e5-small``. (Default: all-MiniLM-L6-v2 from the installed package)

    Returns:
        EncoderSource: where it is and the digest that names its converted form.

    Raises:
        FileNotFoundError: a folder of ours that is not here; the Hub is not asked for it.
        IntegrityError: a file of the package is not the pinned one.
        ValueError: the folder has no config.json, or the name is neither a folder nor an id.
    """
    if model is None or model in (MINILM, MINILM.split("/")[1]):
        folder = packaged_folder()
        if folder is not None:
            return EncoderSource(MINILM, str(folder), _digest_of(folder))
        return _from_hub(MINILM)
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ValueError(f"{model} has no config.json: give a folder saved by sentence-transformers.")
        return EncoderSource(model, str(folder.resolve()), _digest_of(folder))
    if model.startswith((".", "/", "~")) or model.count("/") > 1 or not model.strip():
        raise ValueError(f"the embedding model {model!r} is no folder: give an existing folder or a Hub id.")
    from grokaem.hub.local import add_missing_folder, check_not_ours

    check_not_ours(model)
    with add_missing_folder(model):
        return _from_hub(model)


def _digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in WEIGHT_PATTERNS for path in folder.glob(pattern)}):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(bytes.fromhex(sha256_of_unchanged(path)))
    return digest.hexdigest()[:16]


def _from_hub(model: str) -> EncoderSource:
    """The newest revision, every file compared with what the Hub promises; another commit is another encoder."""
    from grokaem import hub

    folder = hub.download(model, allow_patterns=HUB_PATTERNS)
    if not (folder / "config.json").is_file() or not any(folder.rglob("*.safetensors")):
        raise ValueError(
            f"{model} holds no config.json with *.safetensors weights, and pickled ones are not loaded: give another "
            "encoder."
        )
    digest = hashlib.sha256(f"{model}@{folder.name}".encode()).hexdigest()[:16]
    return EncoderSource(model, str(folder), digest)
