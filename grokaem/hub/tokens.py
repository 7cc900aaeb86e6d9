"""Where the access token comes from, and how it is kept out of everything that is written."""

from __future__ import annotations

import os
import re
from pathlib import Path

TOKEN_SHAPE = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
# What keys and tokens of widely used services look like, and keys in PEM form. Each starts with its own letters, by
# which a search goes through megabytes quickly.
SECRET_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"hf_[A-Za-z0-9]{20}", r"api_org_[A-Za-z0-9]{20}", r"ghp_[A-Za-z0-9]{36}", r"gho_[A-Za-z0-9]{36}",
        r"ghs_[A-Za-z0-9]{36}", r"ghu_[A-Za-z0-9]{36}", r"github_pat_\w{36}", r"glpat-[\w-]{20}",
        r"AKIA[0-9A-Z]{16}", r"xoxb-[\w-]{20}", r"xoxp-[\w-]{20}", r"sk-[A-Za-z0-9_-]{32}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    )
)  # fmt: skip
URL_PASSWORD = re.compile(r"(?<=://)[^/\s@?#\"'<>]+@")  # user and password in an address
NO_TOKEN = (
    "no access token found: set HF_TOKEN or run `hf auth login` "
    "(a token with the role write is made at {endpoint}/settings/tokens)."
)
LONGEST_FILE = 10_000  # characters of a token's file; more is another file, given by mistake


def find_token(token: str | None = None, token_file: str | Path | None = None) -> str | None:
    """The access token: the argument, the file, HF_TOKEN, or what ``hf auth login`` has stored.

    Args:
        token (str, optional): wins over everything else.
        token_file (path, optional): a file whose first line is the token.

    Returns:
        str or None: None where there is none anywhere.

    Raises:
        FileNotFoundError: ``token_file`` does not exist.
        ValueError: ``token_file`` is empty, a folder, or no text.
    """
    if token:
        return token
    if token_file is not None:
        path = Path(token_file)
        if path.is_dir():
            raise ValueError(f"--token-file {path} is a folder: give the file in it that holds the token.")
        if not path.is_file():
            raise FileNotFoundError(f"the token file {path} does not exist: write the token into it.")
        try:
            with path.open(encoding="utf-8-sig") as file:
                lines = file.read(LONGEST_FILE).split()
        except UnicodeDecodeError:
            raise ValueError(f"the token file {path} is no text: write the token into it, as UTF-8.") from None
        if not lines:
            raise ValueError(f"the token file {path} is empty: write the token into it.")
        if not (lines[0].isascii() and lines[0].isprintable()):
            raise ValueError(f"the token file {path} holds no token, but other characters: write the token into it.")
        return lines[0]
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if value := os.environ.get(variable, "").strip():
            return value
    stored = os.environ.get("HF_TOKEN_PATH") or Path(
        os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface", "token"
    )
    try:
        return Path(stored).read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def looks_secret(text: str) -> bool:
    """Whether something of the shape of a token or a private key stands in the text."""
    return any(
        not (found.start() and (text[found.start() - 1].isalnum() or text[found.start() - 1] == "_"))
        for shape in SECRET_SHAPES
        for found in shape.finditer(text)
    )


def scrub(text: str, *secrets: str | None) -> str:
    """``text`` with every given secret and everything of a token's shape as ``hf_***``, addresses without passwords."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "hf_***")
    return URL_PASSWORD.sub("***@", TOKEN_SHAPE.sub("hf_***", text))
