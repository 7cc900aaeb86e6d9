"""The user's own examples become a corpus: split by hash, and refused where nothing could be learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grokaem.corpora.classes import chosen_classes
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.labelled_rows import LabelledRows, count_noun, sorted_labels
from grokaem.corpora.splitting import BY_HASH, BY_SOURCE, part_of_digest, split

_ENOUGH = 50  # examples from which on the labels can be judged
_ALL_ONCE = 10  # and those where no label stands twice
PART_NAMES = ("train", "validation", "test")


def make_corpus(
    source: str,
    rows: LabelledRows,
    groups: Sequence[str],
    *,
    name: str,
    task: str,
    revision: str,
    parts: Sequence[str] | None = None,
    label_names: list[str] | None = None,
    classes: list[str] | None = None,
    only_training: bool = False,
    language: str = "unknown",
    license: str = "unknown",
) -> Corpus:
    """Splits cleaned examples and checks that a classifier can be trained on them.

    Args:
        source (str): file or folder, for messages.
        rows (LabelledRows): the examples.
        groups (sequence of str): their groups, which are sha256 digests of the examples.
        name (str): what the user asked for.
        task (str): key of the kind.
        revision (str): exactly which data.
        parts (sequence of str, optional): the part of each example. (Default: by its digest)
        label_names (list of str, optional): the classes in order. (Default: sorted)
        classes (list of str, optional): keep only these. (Default: all)
        only_training (bool, optional): all examples are of the training part, however few they are.
            (Default: ``False``)
        language (str, optional): code of the language. (Default: unknown)
        license (str, optional): as the source states it. (Default: unknown)

    Raises:
        ValueError: fewer than two classes with something to train on, or an empty part.
    """
    groups, rule = list(groups), BY_HASH if parts is None else BY_SOURCE
    if only_training:
        parts = ["train"] * len(groups)
    elif parts is None:
        parts = [part_of_digest(group) for group in groups]
    parts, notes, aside = list(parts), list(rows.notes), list(rows.set_aside)
    if classes is None and not only_training:
        _check_classes(source, sorted_labels(rows.given), rows.given.total())
    lost = [(label, reason) for label, reason in rows.lost if classes is None or label in classes]
    if lost and classes is not None:
        raise ValueError(f"class {lost[0][0]!r} of {source} has {lost[0][1]}.")
    aside += [(f"class {label!r}", reason) for label, reason in lost]
    if not rows.inputs:
        dropped = "; ".join(note for note in rows.notes if note.startswith("dropped"))
        reason = f" ({dropped})" if dropped else ""
        raise ValueError(f"{source} has no usable example{reason}: give it rows with a text and a label.")
    present = set(rows.labels)
    known = [x for x in label_names if x in present] if label_names else sorted_labels(present)
    wanted = known if classes is None else chosen_classes(source, known, classes)
    if len(wanted) < len(known):
        notes.append(f"kept {len(wanted)} of the {len(known)} classes of {source}")
    if not only_training:
        _check_classes(source, wanted, len(rows.labels))
        wanted, unlearnt = _learnable(source, wanted, rows.labels, parts, lost)
        aside += unlearnt
    keep = [i for i, label in enumerate(rows.labels) if label in set(wanted)]
    inputs, labels = [rows.inputs[i] for i in keep], [rows.labels[i] for i in keep]
    groups, parts = [groups[i] for i in keep], [parts[i] for i in keep]
    if not only_training:
        notes += _check_parts(source, wanted, labels, parts)
    if aside:
        notes.append(f"set aside {count_noun(len(aside), 'item')} of {source} (first: {aside[0][0]}: {aside[0][1]})")
    index = {label: number for number, label in enumerate(wanted)}
    return Corpus(
        name=name,
        task=task,
        label_names=wanted,
        **split(inputs, [index[label] for label in labels], groups, parts),
        revision=revision,
        split_rule=rule,
        language=language,
        license=license,
        notes=notes,
        set_aside=aside,
    )


def _check_classes(source: str, label_names: list[str], examples: int) -> None:
    """Refuses labels that name hardly anything twice: numbers that are measured, or a column of ids."""
    most_once = examples >= _ENOUGH and 2 * len(label_names) > examples
    if most_once or (examples >= _ALL_ONCE and len(label_names) == examples):
        shown = ", ".join(repr(label[:20]) for label in label_names[:3])
        raise ValueError(
            f"{source} has {len(label_names):,} different labels in {examples:,} examples ({shown}, ...), which are "
            "no classes: name another column with --label-column, or give more examples of each."
        )


def _learnable(
    source: str, label_names: list[str], labels: list[str], parts: list[str], lost: list[tuple[str, str]]
) -> tuple[list[str], list[tuple[str, str]]]:
    """The classes of which there is an example to train on, and the others with the reason."""
    total = Counter(labels)
    trained = {label for label, part in zip(labels, parts, strict=True) if part == "train"}
    learnt = [label for label in label_names if label in trained]
    if len(label_names) < 2:
        other = f" (class {lost[0][0]!r} has {lost[0][1]})" if lost else ""
        raise ValueError(
            f"{source} has only one class, {label_names[0]!r}{other}: a classifier needs examples of at least two."
        )
    left_out = []
    for label in label_names:
        if label not in trained:
            reason = (
                f"too few examples ({total[label]}), and none of them falls into the training part: give it at least 10"
            )
            if len(learnt) < 2:
                raise ValueError(f"class {label!r} of {source} has {reason}, or leave the class out.")
            left_out.append((f"class {label!r}", f"{reason}, or leave the class out"))
    return learnt, left_out


def _check_parts(source: str, label_names: list[str], labels: list[str], parts: list[str]) -> list[str]:
    found = Counter(zip(labels, parts, strict=True))
    for part in PART_NAMES[1:]:
        if part not in parts:
            raise ValueError(
                f"{source} has too few examples ({len(labels)}), and none of them falls into the {part} part: "
                "give it at least 50."
            )
    missing = {part: [x for x in label_names if not found[x, part]] for part in PART_NAMES[1:]}
    return [
        f"no example of {', '.join(map(repr, absent))} of {source} falls into the {part} part: too few examples"
        for part, absent in missing.items()
        if absent
    ]
