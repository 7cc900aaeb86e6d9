"""Folders that grokaem made before it kept records (up to commit 8fe415f), known by a report and by names of files."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
    "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model",
    "bpe.codes", "chat_template.jinja",
)  # fmt: skip
# Kind -> the report that proves it, keys that this must have, and patterns of the names in such a folder.
KINDS = {
    "run": (
        "run.json",
        ("task", "base_model", "data", "config"),
        ("run.json", "export_failed.json", "config.json", "model.safetensors", "model-*-of-*.safetensors",
         "model.safetensors.index.json", "adapter_config.json", "adapter_model.safetensors",
         "preprocessor_config.json", *TOKENIZER_FILES),
    ),
    "export": (
        "parity.json",
        ("method", "original", "export", "gate"),
        ("parity.json", "README.md", "config.json", "openvino_model.xml", "openvino_model.bin",
         "openvino_tokenizer.xml", "openvino_tokenizer.bin", "tokenizer.json", "tokenizer_config.json",
         "preprocessor_config.json", "model.onnx"),
    ),
    "topics": (
        "topic_model.json",
        ("format", "model", "topics"),
        ("topic_model.json", "topic_model.safetensors"),
    ),
}  # fmt: skip


def kind_of(folder: Path) -> str | None:
    """What the folder holds, by its report; None where it has none of ours."""
    for kind, (report, keys, _) in KINDS.items():
        content = json_object(folder / report)
        if content is not None and all(key in content for key in keys):
            return kind
    return None


def names(kind: str) -> tuple[str, ...]:
    """Patterns of the names in such a folder."""
    return KINDS[kind][2]


def wrote(folder: Path, name: str) -> bool:
    """Whether such a folder held a file of this name."""
    kind = kind_of(folder)
    return kind is not None and any(fnmatch(name, pattern) for pattern in names(kind))


def json_object(path: Path) -> Any:
    """The JSON object in a file; None where there is no such file, or something else in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
