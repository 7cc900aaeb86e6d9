"""Python code that comes with a base model: found before it runs, and announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.hub.base_model import BaseModel

SETTINGS = ("config.json", "tokenizer_config.json", "preprocessor_config.json")


def check_code(base: BaseModel, trusted: bool, exports: bool) -> list[str]:
    """Refuses, before any of it runs, code that nobody allowed or that an export could not take along.

    Args:
        base (BaseModel): downloaded and verified, or a folder of the user's.
        trusted (bool): ``--trust-remote-code``.
        exports (bool): the run is to be exported.

    Returns:
        list of str: what will run, for the user.

    Raises:
        ValueError: code that needs ``--trust-remote-code``, that lies elsewhere, or beside ``--export``.
    """
    classes = [name for file in SETTINGS for name in _classes(base, file)]
    if not classes:
        return []
    elsewhere = next((name for name in classes if "--" in name), None)
    if not trusted:
        if _known(base):
            return []  # transformers has the same model; that one is used
        raise ValueError(
            f"--base-model {base.name} is made by Python code of its own ({classes[0]}): read it, "
            "and add --trust-remote-code if you trust it."
        )
    if elsewhere:
        raise ValueError(
            f"--base-model {base.name} takes its code from another repository ({elsewhere}), where it is not verified: "
            "save model and code into one folder, or take another model."
        )
    if exports:
        raise ValueError(
            f"--base-model {base.name} is made by Python code of its own, which an export, made to run without it, "
            "cannot be built from: leave out --export and --push, or take another model."
        )
    if not _files(base):  # our client downloads no code
        raise ValueError(
            f"--base-model {base.name} is made by Python code of its own, which is not downloaded: get it "
            f"with hf download {base.name} --local-dir FOLDER, read it, and give --base-model FOLDER."
        )
    return [f"running the Python code of {base.name} ({base.revision}): {', '.join(_files(base))}"]


def _classes(base: BaseModel, file: str) -> list[str]:
    """The classes that a settings file names by ``auto_map``: ``file.Class``, or ``owner/name--file.Class``."""
    path = base.folder / file
    if not path.is_file():
        return []
    named = json.loads(path.read_text(encoding="utf-8")).get("auto_map") or {}
    values = named.values() if isinstance(named, dict) else [named]
    return [str(name) for value in values for name in (value if isinstance(value, list) else [value]) if name]


def _known(base: BaseModel) -> bool:
    from transformers import CONFIG_MAPPING

    return json.loads((base.folder / "config.json").read_text(encoding="utf-8")).get("model_type") in CONFIG_MAPPING


def _files(base: BaseModel) -> list[str]:
    return sorted(path.relative_to(base.folder).as_posix() for path in base.folder.rglob("*.py"))
