"""Which part an example belongs to: decided by a hash of its group, never by chance or by order."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypedDict

from grokaem.corpora.part import Part

# What decides an example's part, as a data set's identity names it; a rule that changes gets another name.
BY_HASH = "sha256-tenths"  # :func:`part_of`
BY_SOURCE = "own-parts"  # :func:`grokaem.corpora.parts.assign_parts`


def tenth_of_digest(sha256: str) -> int:
    """Which of ten shares a group is in, 0 to 9, by the sha256 of its UTF-8 text.

    The digest is read as one big-endian number, as it is printed. The same group lands in the same share on every
    machine, in every version, and whatever else the data set holds.

    Args:
        sha256 (str): in hexadecimal.
    """
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


class Parts(TypedDict):
    """The three parts by name, as ``Corpus(**parts, ...)`` takes them."""

    train: Part
    validation: Part
    test: Part


def split(
    inputs: Sequence, labels: Sequence[int], groups: Sequence[str], parts: Iterable[str] | None = None
) -> Parts:
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
    return {name: Part(*columns) for name, columns in divided.items()}  # pyright: ignore[reportReturnType]  # the three


def hold_out_validation(digests: Sequence[str]) -> list[str]:
    """Parts for the training half of a data set that brings its own test: share 2 becomes validation."""
    return ["validation" if tenth_of_digest(sha256) == 2 else "train" for sha256 in digests]


def normal_form(text: str) -> str:
    """The text as far as a model can tell it from others: letters, marks and digits, case folded, NFKC.

    What differs from another text by case, spaces or punctuation alone has the same. A text without a letter or a
    digit is its own.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = folded.translate({ord(c): None for c in set(folded) if unicodedata.category(c)[0] not in "LMN"})
    return kept or "".join(folded.split())


def group_near_duplicates(texts: Sequence[str]) -> list[str]:
    """A group for texts that belong to nothing larger: those of one normal form are together.

    The group is the digest of the text itself where its normal form is its own, and of the alphabet's first
    of those that share it: so near-copies move only themselves.

    Args:
        texts (sequence of str): the texts.

    Returns:
        list of str: sha256 digests.
    """
    return [digest(first) for first in representative_of_duplicates([normal_form(text) for text in texts], texts)]


def representative_of_duplicates(forms: Sequence[str], members: Sequence[str]) -> list[str]:
    """For each member the first, in the alphabet's order, of those that have its form."""
    first: dict[str, str] = {}
    for form, member in zip(forms, members, strict=True):
        first[form] = min(member, first.get(form, member))
    return [first[form] for form in forms]


def duplicates_across_parts(groups: Sequence[str], parts: Sequence[str]) -> tuple[list[int], int]:
    """What stands in several parts that the source itself has made.

    Args:
        groups (sequence of str): examples that are equal have the same.
        parts (sequence of str): ``train``, ``validation`` or ``test``.

    Returns:
        tuple: indices of the training examples whose equal is in validation or test; how many examples of
        validation have an equal in test.
    """
    held = {group for group, part in zip(groups, parts, strict=True) if part != "train"}
    tested = {group for group, part in zip(groups, parts, strict=True) if part == "test"}
    both = list(zip(groups, parts, strict=True))
    repeated = [index for index, (group, part) in enumerate(both) if part == "train" and group in held]
    return repeated, sum(part == "validation" and group in tested for group, part in both)
