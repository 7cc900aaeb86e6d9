"""Where the weights to start from come from: an installed package, a folder, or the Hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grokaem.hub.packaged_model import MINILM, REQUIREMENT, packaged_folder
from grokaem.identity import COMMIT, LOCAL, model_content

# What a fine-tuning run needs of a Hub model: configuration, vocabulary and safetensors, no pickles.
MODEL_FILES = ["*.json", "*.txt", "*.model", "*.safetensors", "README.md"]


@dataclass(frozen=True)
class BaseModel:
    """A model folder on this disk and where it came from.

    Attributes:
        name (str): as the user wrote it.
        folder (Path): where it is.
        revision (str): a commit of the Hub, a pinned package, or that it is a folder of the user's.
        license (str, optional): as its card says.
        sha256 (str, optional): of the content of a folder of the user's, which nothing else tells from others.
    """

    name: str
    folder: Path
    revision: str
    license: str | None
    sha256: str | None = None


def resolve(
    name: str, trust_remote_code: bool = False, token: str | None = None, revision: str | None = None
) -> BaseModel:
    """Finds the base model, downloading it from the Hub when it is neither a package nor a folder.

    Args:
        name (str): Hub id or local folder. The default MiniLM needs no network: a package carries it.
        trust_remote_code (bool, optional): also fetch the model's Python code. (Default: ``False``)
        token (str, optional): Hub token for private models.
        revision (str, optional): as :class:`BaseModel` has it; nothing else is given. (Default: of a Hub model the
            newest commit)

    Raises:
        IntegrityError: a file of the package is not the pinned one.
        ValueError: the folder holds no model, or holds weights in pickle form only; or the package of ``revision`` is
            not installed.
    """
    packaged = packaged_folder() if name == MINILM and revision in (None, REQUIREMENT) else None
    if packaged is not None:
        return BaseModel(name, packaged, REQUIREMENT, "apache-2.0")
    if revision is not None and "==" in revision:
        raise ValueError(f"--base-model {name} is wanted as {revision}, which is not installed: pip install it.")
    folder = Path(name).expanduser()
    if folder.is_dir() and revision in (None, LOCAL):
        _check(folder, name)
        return BaseModel(name, folder, LOCAL, _license(folder), model_content(folder))
    if revision == LOCAL or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise FileNotFoundError(f"--base-model {name}: there is no such folder; give a folder or a Hub id.")
    from grokaem import hub
    from grokaem.hub.local import add_missing_folder, check_not_ours

    check_not_ours(name, "--base-model")
    patterns = MODEL_FILES + (["*.py"] if trust_remote_code else [])
    with add_missing_folder(name):
        folder = hub.download(name, revision=revision, allow_patterns=patterns, token=token)
    _check(folder, name)
    return BaseModel(name, folder, folder.name, _license(folder))


def resolve_recorded(
    name: str, recorded: Mapping[str, Any], trust_remote_code: bool = False, token: str | None = None
) -> BaseModel:
    """The base model that a run began with, whatever has become of its repository since.

    Args:
        name (str): as :func:`resolve` takes it.
        recorded (dict): ``base_model`` of ``run.json``; earlier versions did not record a folder's content.
        trust_remote_code (bool, optional): also fetch the model's Python code. (Default: ``False``)
        token (str, optional): Hub token for private models.

    Raises:
        ValueError: the folder holds another model now; or see :func:`resolve`.
    """
    revision = recorded["revision"]
    if not COMMIT.fullmatch(revision) and revision != LOCAL and "==" not in revision:
        revision = None  # a branch, which says nothing
    base = resolve(name, trust_remote_code, token, revision)
    if None not in (recorded.get("sha256"), base.sha256) and recorded["sha256"] != base.sha256:
        raise ValueError(
            f"the base model {name} is not the one that the run began with, its files changed (sha256 then "
            f"{recorded['sha256'][:12]}, now {(base.sha256 or '')[:12]}): put it back as it was, or train again."
        )
    return base


def _check(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"--base-model {name}: the folder has no config.json; give one made by save_pretrained."
        )
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = f"its config.json cannot be read ({error})"
        raise ValueError(f"--base-model {name}: {why}: save the model again.") from None
    if not isinstance(settings, dict):
        raise ValueError(f"--base-model {name}: its config.json is no object of settings: save the model again.")
    if not any(folder.glob("*.safetensors")):
        raise ValueError(
            f"--base-model {name}: no *.safetensors weights there; pickled weights are not "
            "loaded, save the model again with save_pretrained."
        )


def _license(folder: Path) -> str | None:
    from huggingface_hub import ModelCard

    card = folder / "README.md"
    if not card.is_file():
        return None
    return ModelCard.load(card, ignore_metadata_errors=True).data.get("license")
