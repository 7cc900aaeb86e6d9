"""Short names of models and data sets, for folders and Hub repositories: names that differ stay different."""

from __future__ import annotations

import hashlib
import re

LONGEST = 40  # characters; two of them and the endings fit into a repository's 96
# The endings of files that data sets are read from; what else follows a dot belongs to the name.
ENDINGS = re.compile(
    r"\.(?:(?:csv|tsv|txt|jsonl|ndjson|json)(?:\.(?:gz|bz2|xz|zst|zip))?|parquet|zip)$", re.IGNORECASE
)


def short(name: str) -> str:
    """The last part of a path or Hub id, in characters that folders and Hub repositories allow.

    Where characters had to go, a hash of the whole name follows, so that two names do not become one.

    Args:
        name (str): such as ``"data/reviews.2024.csv"`` or ``"owner/model"``.

    Returns:
        str: such as ``"reviews.2024"`` or ``"model"``; never empty.
    """
    last = ENDINGS.sub("", name.rstrip("/").rsplit("/", 1)[-1])
    allowed = re.sub(r"-{2,}|\.{2,}", "-", re.sub(r"[^A-Za-z0-9._-]+", "-", last)).strip("-.")
    if allowed == last and len(allowed) <= LONGEST:
        return allowed
    digest = hashlib.sha256(last.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{allowed[: LONGEST - 7].rstrip('-.')}-{digest}".lstrip("-.")
