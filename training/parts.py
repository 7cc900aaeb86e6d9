"""Whether the parts of a corpus can be trained on, chosen by and tested with, and of which classes they have few."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from grokaem.plain_text import first_few

if TYPE_CHECKING:
    from grokaem.corpora import Corpus


FEW = 10  # examples of a class; below that its recall has a standard error of 0.16 at one half, and says little


def check_parts(corpus: Corpus) -> list[str]:
    """Refuses an empty part before any work is done; names classes that a part is without, or has few of.

    Args:
        corpus (Corpus): in three parts.

    Returns:
        list of str: notes for the user.

    Raises:
        ValueError: a part is empty, or fewer than two classes have an example to learn from.
    """
    parts = {"training": corpus.train, "validation": corpus.validation, "test": corpus.test}
    for name, part in parts.items():
        if not len(part):
            raise ValueError(
                f"{corpus.name}: its {name} part is empty: give more data, or a column or folders that say which part "
                "an example belongs to."
            )
    names = corpus.label_names
    present = {name: {names[label] for label in part.labels} for name, part in parts.items()}
    if len(present["training"]) < 2:
        raise ValueError(
            f"{corpus.name}: {len(present['training'])} of {len(names)} classes has examples in the training part "
            "and a classifier needs at least 2: give more data."
        )
    follows = {"training": "so cannot be learned", "validation": "so choose nothing", "test": "so are not tested"}
    notes = []
    for name, what in follows.items():
        missing = [label for label in names if label not in present[name]]
        if missing:
            notes.append(
                f"{len(missing)} of {len(names)} classes have no example in the {name} part, {what}: "
                f"{first_few(missing)}"
            )
    for name, what in {"validation": "choose", "test": "test"}.items():
        counts = Counter(parts[name].labels)
        rare = [f"{label} {counts[number]}" for number, label in enumerate(names) if 0 < counts[number] < FEW]
        if rare:
            notes.append(
                f"{len(rare)} of {len(names)} classes are too rare to {what} by, with fewer than {FEW} examples in the "
                f"{name} part: {first_few(rare)}"
            )
    return notes
