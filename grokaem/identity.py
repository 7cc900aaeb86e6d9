"""What makes data, a base model or a run the same one; compared instead of prose, paths and times.

Data are their revisions, the rule of the split, the labels and how many examples each has in each part. A run is its
weights, an export its run. A base model is a commit of the Hub, a pinned package, or the content of a folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from grokaem.file_hash import sha256_of, sha256_of_unchanged

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # 64 digits on a Hub whose git names things by sha256
SHOWN = 3  # labels that a difference names
LOCAL = "local folder"  # the revision of a base model that has none; its content tells it from others
# What a folder's model is read from, and what of that our own commands add to a run later.
MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
REPORTS = ("run.json", "parity.json", "export_failed.json")


class DataRecord(TypedDict, total=False):
    """:class:`DataIdentity` in JSON; ``data`` of ``run.json`` has these keys among others."""

    task: str | None
    revision: str
    split_rule: str | None
    label_names: list[str] | None
    classes: dict[str, dict[str, int]] | None


@dataclass(frozen=True)
class DataIdentity:
    """Exactly which data, in which parts.

    What an earlier version did not record is None, and is taken to be the same.

    Attributes:
        revisions (tuple of str): of everything the examples come from: ``package==version sha256:...``, a commit of
            the Hub, ``sha256:...`` of a file or of all files of a folder.
        task (str, optional): ``"text"`` or ``"audio"``.
        split_rule (str, optional): what decides which part an example is in; a key, not a sentence.
        labels (tuple of str, optional): the classes in the order of their numbers.
        sizes (mapping, optional): number of examples by label and part.
    """

    revisions: tuple[str, ...]
    task: str | None = None
    split_rule: str | None = None
    labels: tuple[str, ...] | None = None
    sizes: Mapping[str, Mapping[str, int]] | None = None

    def to_json(self) -> DataRecord:
        """As :meth:`from_json` reads it."""
        return {
            "task": self.task,
            "revision": "; ".join(self.revisions),
            "split_rule": self.split_rule,
            "label_names": None if self.labels is None else list(self.labels),
            "classes": None if self.sizes is None else {label: dict(counts) for label, counts in self.sizes.items()},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | str) -> DataIdentity:
        """Of ``data`` in ``run.json``, or of what an unfinished run of an earlier version kept: the revision alone."""
        if isinstance(content, str):
            return cls(tuple(content.split("; ")))
        labels = content.get("label_names")
        return cls(
            tuple(str(content.get("revision")).split("; ")),
            content.get("task"),
            content.get("split_rule"),
            None if labels is None else tuple(labels),
            content.get("classes"),
        )

    def difference(self, now: DataIdentity) -> str | None:
        """The first thing that differs, with what it was and what it is; None where the data are the same.

        Args:
            now (DataIdentity): what is there now; ``self`` is what was recorded.
        """
        pairs = {
            "task": (self.task, now.task),
            "revision": ("; ".join(self.revisions), "; ".join(now.revisions)),
            "labels": (self.labels, now.labels),
            "split": (self.split_rule, now.split_rule),
            "sizes": (self.sizes, now.sizes),
        }
        for what, (then, found) in pairs.items():
            if None not in (then, found) and then != found:
                return f"{what} then {_shown(then, found)}, now {_shown(found, then)}"
        return None

    @property
    def commit(self) -> str | None:
        """The Hub's commit of the data set; None where it comes from elsewhere."""
        return self.revisions[0] if COMMIT.fullmatch(self.revisions[0]) else None

    @property
    def last_commit(self) -> str | None:
        """The Hub's commit of what was added to the data set last."""
        return self.revisions[-1] if COMMIT.fullmatch(self.revisions[-1]) else None


def _shown(value: Any, other: Any) -> str:
    """A value, of several labels or sizes the first few that the other value has not."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = {label: counts for label, counts in value.items() if dict(other.get(label, {})) != dict(counts)}
        parts = [f"{label} {_counted(counts)}" for label, counts in value.items()]
    else:
        parts = [label for label in value if label not in other]
        if set(value) == set(other):  # the order alone
            parts = list(value)
    return ", ".join(parts[:SHOWN]) + (" and more" if len(parts) > SHOWN else "") or "none of these"


def _counted(counts: Mapping[str, int]) -> str:
    return " ".join(f"{count} {part}" for part, count in counts.items())


def weights(folder: Path) -> str:
    """Which trained weights a folder holds: a hash over those of its safetensors files."""
    files = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
    lines = [f"{path.name} {sha256_of(path)}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def model_content(folder: Path, patterns: Iterable[str] = MODEL_FILES) -> str:
    """Which model a folder holds: a hash over its files and their places in it, wherever it lies.

    Files are read once a process for as long as their sizes and times stay.

    Args:
        folder (Path): in the form of ``save_pretrained``.
        patterns (iterable of str, optional): the files that change what the model computes. What our commands report
            of a run is none of them. (Default: :data:`MODEL_FILES`)

    Returns:
        str: sha256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        if path.is_file() and path.name not in REPORTS and not path.name.startswith("."):
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(bytes.fromhex(sha256_of_unchanged(path)))
    return digest.hexdigest()
