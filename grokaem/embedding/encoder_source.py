"""Where an encoder comes from: the installed package, a folder, or the Hub, by its commit and verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from grokaem.hub.packaged_model import MINILM, REQUIREMENT, packaged_folder
from grokaem.identity import COMMIT, model_content

# What the digest of a folder is taken over: everything that changes the vectors.
SUFFIXES = ("json", "txt", "model", "safetensors")
WEIGHT_PATTERNS = tuple(f"{below}*.{suffix}" for below in ("", "*/") for suffix in SUFFIXES)
# Of the Hub too: configuration, vocabulary, safetensors (the pooling's and the projection's lie one folder down).
HUB_PATTERNS = [f"*.{suffix}" for suffix in SUFFIXES]


@dataclass(frozen=True)
class EncoderSource:
    """An encoder to convert.

    Attributes:
        name: what the user asked for.
        location: a folder.
        digest: sha256 (hex, 16 characters) of the folder's files, or of the Hub's id and commit.
        revision: the Hub's commit, the pinned package, or ``sha256:`` of the folder's files.
    """

    name: str
    location: str
    digest: str
    revision: str

    @property
    def shown(self) -> str:
        """The name for others to read: of a folder its own, not where it lies on this machine."""
        return Path(self.location).name if Path(self.name).expanduser().is_dir() else self.name


def resolve_encoder(model: str | None = None, revision: str | None = None) -> EncoderSource:
    """Finds the encoder without loading it.

    Args:
        model (str, optional): a folder in the sentence-transformers or transformers layout, or an id such as
            ``intfloat/multilingual-e5-small``. (Default: all-MiniLM-L6-v2 from the installed package)
        revision (str, optional): that of the encoder which is wanted, as an :class:`EncoderSource` has it.
            (Default: what is there; of the Hub the newest)

    Returns:
        EncoderSource: where it is and the digest that names its converted form.

    Raises:
        FileNotFoundError: a folder of ours that is not here; the Hub is not asked for it.
        IntegrityError: a file of the package is not the pinned one.
        ValueError: the folder holds no encoder, or another one than is wanted; or the name is neither a folder nor an
            id.
    """
    if model is None or model in (MINILM, MINILM.split("/")[1]):
        folder = packaged_folder() if revision in (None, REQUIREMENT) else None
        if folder is not None:
            return EncoderSource(MINILM, str(folder), model_content(folder, WEIGHT_PATTERNS)[:16], REQUIREMENT)
        if revision == REQUIREMENT:
            raise ValueError(f"{MINILM} is wanted as {REQUIREMENT}, which is not installed: pip install it.")
        return _from_hub(MINILM, revision)
    folder = Path(model).expanduser()
    on_hub = revision is not None and COMMIT.fullmatch(revision)
    if folder.is_dir() and not on_hub:
        return _from_folder(model, folder, revision)
    if revision is not None and not on_hub:
        raise FileNotFoundError(f"the encoder {model} is no longer there (looked in {Path.cwd()}): put it back.")
    if model.startswith((".", "/", "~")) or model.count("/") > 1 or not model.strip():
        raise ValueError(f"the embedding model {model!r} is no folder: give an existing folder or a Hub id.")
    from grokaem.hub.local import add_missing_folder, check_not_ours

    check_not_ours(model)
    with add_missing_folder(model):
        return _from_hub(model, revision)


def _from_folder(model: str, folder: Path, revision: str | None) -> EncoderSource:
    """A folder of the user's, told from others by its content, wherever it lies."""
    if not (folder / "config.json").is_file():
        raise ValueError(f"{model} has no config.json: give a folder saved by sentence-transformers.")
    if not any(folder.rglob("*.safetensors")):
        raise ValueError(
            f"{model} holds no *.safetensors weights, and pickled ones are not loaded: save it again by "
            "sentence-transformers."
        )
    content = model_content(folder, WEIGHT_PATTERNS)
    if revision not in (None, f"sha256:{content}"):
        raise ValueError(
            f"the encoder {model} is not the one that was recorded, its files changed ({revision[:19]} then, "
            f"sha256:{content[:12]} now): put it back as it was, or fit the model again."
        )
    return EncoderSource(model, str(folder.resolve()), content[:16], f"sha256:{content}")


def _from_hub(model: str, revision: str | None = None) -> EncoderSource:
    """A commit, by default the newest, every file compared with what the Hub promises; another is another encoder."""
    from grokaem import hub

    folder = hub.download(model, revision, allow_patterns=HUB_PATTERNS)
    if not (folder / "config.json").is_file() or not any(folder.rglob("*.safetensors")):
        raise ValueError(
            f"{model} holds no config.json with *.safetensors weights, and pickled ones are not loaded: give another "
            "encoder."
        )
    digest = hashlib.sha256(f"{model}@{folder.name}".encode()).hexdigest()[:16]
    return EncoderSource(model, str(folder), digest, folder.name)
