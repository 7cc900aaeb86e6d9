"""Which part an example belongs to: decided by a hash of its group, never by chance or by order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from corpora.corpus import Part


def tenth(group: str) -> int:
    """Puts a group into one of ten shares.

    The digest of the group's UTF-8 text is read as one big-endian number, as it is printed:
    ``int(sha256(group).hexdigest(), 16) % 10``. The same group lands in the same share on every machine,
    in every version, and whatever else the data set holds.

    Args:
        group (str): name of the group.

    Returns:
        int: 0 to 9.
    """
    return tenth_of_digest(digest(group))


def tenth_of_digest(sha256: str) -> int:
    """The share of what has this sha256, in hexadecimal."""
    return int(sha256, 16) % 10


def part_of(group: str) -> str:
    """``"test"`` for the shares 0 and 1, ``"validation"`` for 2, ``"train"`` for the others."""
    return part_of_digest(digest(group))


def part_of_digest(sha256: str) -> str:
    """The part of what has this sha256; see :func:`part_of`."""
    return {0: "test", 1: "test", 2: "validation"}.get(tenth_of_digest(sha256), "train")


def digest(content: str | bytes) -> str:
    """The sha256 in hexadecimal (of a text: of its UTF-8): the group of what belongs to nothing larger."""
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()


def split(
    inputs: Sequence, labels: Sequence[int], groups: Sequence[str], parts: Iterable[str] | None = None
) -> dict[str, Part]:
    """Divides examples over the three parts.

    Args:
        inputs (sequence): the examples.
        labels (sequence of int): their class indices.
        groups (sequence of str): their groups.
        parts (iterable of str, optional): the part of each example. (Default: :func:`part_of` its group)

    Returns:
        dict: ``train``, ``validation`` and ``test``, each a :class:`Part` in the order given.
    """
    chosen = [part_of(group) for group in groups] if parts is None else list(parts)
    assert len(chosen) == len(inputs)
    divided = {name: ([], [], []) for name in ("train", "validation", "test")}
    for name, example in zip(chosen, zip(inputs, labels, groups, strict=True), strict=True):
        for column, value in zip(divided[name], example, strict=True):
            column.append(value)
    return {name: Part(*columns) for name, columns in divided.items()}


def hold_out_validation(digests: Sequence[str]) -> list[str]:
    """Parts for the training half of a data set that brings its own test: share 2 becomes validation."""
    return ["validation" if tenth_of_digest(sha256) == 2 else "train" for sha256 in digests]
