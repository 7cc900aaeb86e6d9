"""Classes of which cleaning leaves no example: each is named, with the reason and what looks like its cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from grokaem.corpora.label_names import look_alike, quote_labels


def lost_classes(
    left: Iterable[str], together: Sequence[Sequence[str]], empty: Counter[str] | None = None
) -> list[tuple[str, str]]:
    """The classes that were dropped with all their examples.

    Args:
        left (iterable of str): the labels of the examples that are left.
        together (sequence of sequence of str): of each example dropped for its different labels, all of them.
        empty (Counter, optional): label -> rows dropped since they have no text.

    Returns:
        list of tuple: (label, why nothing is left and what to do), in the order of the labels.
    """
    empty = empty or Counter()
    dropped = Counter(label for labels in together for label in set(labels))
    found = []
    for label in sorted((set(dropped) | set(empty)) - set(left)):
        if not dropped[label]:
            found.append((label, f"no text in any of its rows ({empty[label]}): write texts or delete the rows"))
            continue
        others = Counter(other for labels in together if label in labels for other in set(labels) - {label})
        alike = [other for other in sorted(others) if look_alike([label, other])]
        shown = quote_labels([*alike, *(other for other, _ in others.most_common() if other not in alike)][:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        remedy = (
            f"{quote_labels(alike[:3])} {'looks' if len(alike) == 1 else 'look'} like it, so spell them alike if they "
            "are one"
            if alike
            else "keep one label for each of them"
        )
        count = dropped[label]
        texts = f"each of its {count} examples stands" if count > 1 else "its only example stands"
        found.append((label, f"no example left, since {texts} under other labels too ({shown}{more}): {remedy}"))
    return found


def likely_cause(together: Sequence[Sequence[str]]) -> str:
    """What a note of dropped examples says of those whose labels look like one; empty where there are none."""
    alike = [sorted(set(labels)) for labels in together if look_alike(labels)]
    if not alike:
        return ""
    count = f"all {len(alike)}" if len(alike) == len(together) else str(len(alike))
    where = "" if len(together) == 1 else f" of {count} of them" if count.isdigit() else f" of {count}"
    return (
        f"; the labels{where} differ by case, spaces or signs that cannot be seen alone (first: "
        f"{quote_labels(alike[0])}), which is the likely cause: spell them alike"
    )
