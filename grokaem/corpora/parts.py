"""From the parts that a source brings, in whatever words, to train, validation and test."""

from __future__ import annotations

from collections import Counter

from grokaem.corpora.labelled_rows import PART_SPELLINGS, LabelledRows, count_noun
from grokaem.corpora.splitting import duplicates_across_parts, part_of_digest, tenth_of_digest

VALIDATION_NAMES = ("validation", "valid", "val", "dev")


def own_parts(source: str, rows: LabelledRows, groups: list[str]) -> list[str]:
    """Makes the three parts out of those that the source brings; ``rows.parts`` holds them before and after.

    Training examples that equal one of validation or test are dropped; the other parts stay as they are. A part
    that is missing is chosen by hash.

    Args:
        source (str): for messages.
        rows (LabelledRows): the examples; what is dropped leaves it.
        groups (list of str): examples that are equal have the same.

    Returns:
        list of str: the groups of the examples that are left.
    """
    origin = list(rows.parts or [])
    if {"train"} < set(origin):
        known = [PART_SPELLINGS.get(part, "train") for part in origin]
        repeated, tested = duplicates_across_parts(groups, known)
        if repeated:
            # The notes of a table name its rows; the files of a folder are named as they stand below it.
            rows.notes.append(
                f"dropped {count_noun(len(repeated), 'example')} of the training part of {source} that also "
                f"{'stands' if len(repeated) == 1 else 'stand'} in its validation or test part (first: "
                f"{rows.names[repeated[0]]})"
            )
            gone = set(repeated)
            left = [index for index in range(len(groups)) if index not in gone]
            before = Counter(rows.labels)
            rows.keep(left)
            held_out = "in the validation or test part under other labels too"
            rows.lost += [
                (label, f"no example left, since {_all_of(before[label])} {held_out}: keep one label for each")
                for label in sorted(set(before) - set(rows.labels))
            ]
            groups, origin = [groups[i] for i in left], [origin[i] for i in left]
        if tested:
            rows.notes.append(
                f"{count_noun(tested, 'validation example')} of {source} also {'stands' if tested == 1 else 'stand'} "
                "in its test part; both parts are left as they are"
            )
    rows.parts, said = assign_parts(source, origin, groups)
    rows.notes += said
    counts = Counter(rows.parts)
    if not said:
        sizes = ", ".join(f"{counts[part]} {part}" for part in ("train", "validation", "test"))
        rows.notes.append(f"parts of {source}: {sizes}")
    return groups


def _all_of(count: int) -> str:
    return "its only example stands" if count == 1 else f"each of its {count} examples stands"


def assign_parts(name: str, origin: list[str], groups: list[str]) -> tuple[list[str], list[str]]:
    """From a data set's own parts to train, validation and test.

    Args:
        name (str): for messages.
        origin (list of str): the data set's part of each example.
        groups (list of str): the group of each, for what is chosen by hash.

    Returns:
        tuple: the part of each example, and announcements.
    """
    have = set(origin)
    if "train" not in have or len(have) == 1:
        said = [
            f"{name} has only the part {', '.join(sorted(have))}: train, validation and test are chosen by hash"
        ]
        return [part_of_digest(group) for group in groups], said
    own_validation = next((part for part in VALIDATION_NAMES if part in have), None)
    notes = []
    if "test" in have:
        role = {"test": "test", own_validation: "validation"}
    elif own_validation:
        role = {own_validation: "test"}
        own_validation = None
        notes.append(f"{name} has no labelled test part: its validation part is the test")
    else:
        return [part_of_digest(group) for group in groups], [
            f"{name} has no test part: the parts are chosen by hash"
        ]
    if own_validation is None:
        notes.append(f"{name} has no validation part: a tenth of train, chosen by hash, is validation")
    assigned = []
    for part, group in zip(origin, groups, strict=True):
        held_out = own_validation is None and part not in role and tenth_of_digest(group) == 2
        assigned.append(role.get(part, "validation" if held_out else "train"))
    return assigned, notes
