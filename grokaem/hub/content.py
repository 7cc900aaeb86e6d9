"""What must not be in a file that is published."""

from __future__ import annotations

from pathlib import Path

from grokaem.hub.files import is_unsafe
from grokaem.hub.tokens import looks_secret

SEARCHED_BYTES = 1 << 20  # of a file, at a time
LONGEST_SECRET = 256  # what two pieces share, so that none is cut in half


def check_content(paths: dict[str, Path], repo_type: str, token: str | None) -> None:
    """Refuses files that run code when they are loaded, and files with a token or a key in them.

    Args:
        paths (dict): path in the repository -> file.
        repo_type (str): "model", "dataset" or "space", which needs programs.
        token (str, optional): the one in use, which must stand nowhere.

    Raises:
        ValueError: such a file; which.
    """
    for path, file in paths.items():
        if is_unsafe(path, paths, programs=repo_type == "space"):
            raise ValueError(
                f"{path} could run code on the machine that loads it: save the model as safetensors or IR."
            )
        if _holds_secret(file, token):
            raise ValueError(f"{path} contains an access token or a private key: remove it before publishing.")


def _holds_secret(file: Path, token: str | None) -> bool:
    """Whether the token itself, or in a text something of the shape of a token or a key, stands in the file."""
    with file.open("rb") as opened:
        before, is_text = "", None
        while block := opened.read(SEARCHED_BYTES):
            if is_text is None:
                # UTF-16 has zeros too, but says so at its start; other zeros make it weights.
                is_text = b"\0" not in block[:8192] or block.startswith((b"\xff\xfe", b"\xfe\xff"))
            text = before + block.replace(b"\0", b"").decode("latin-1")
            if (token and token in text) or (is_text and looks_secret(text)):
                return True
            before = text[-LONGEST_SECRET:]
    return False
