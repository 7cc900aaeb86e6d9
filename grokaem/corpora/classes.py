"""Keeping some classes of a data set."""

from __future__ import annotations

from grokaem.corpora.corpus import Corpus, Part


def chosen_classes(name: str, label_names: list[str], classes: list[str]) -> list[str]:
    """The wanted classes in the data set's own order.

    Args:
        name (str): the data set, for the message.
        label_names (list of str): what it has.
        classes (list of str): what is wanted.

    Raises:
        ValueError: an unknown class, or fewer than two.
    """
    unknown = sorted(set(classes) - set(label_names))
    if unknown:
        raise ValueError(f"{name} has no class {unknown[0]!r}: its classes are {', '.join(label_names)}.")
    if len(set(classes)) < 2:
        raise ValueError(f"{len(set(classes))} class of {name} was chosen: a classifier needs at least two.")
    return [label for label in label_names if label in classes]


def keep_classes(corpus: Corpus, classes: list[str] | None) -> Corpus:
    """The corpus with only these classes, their indices counted anew; None keeps all."""
    from dataclasses import replace

    if classes is None:
        return corpus
    kept = chosen_classes(corpus.name, corpus.label_names, classes)
    new_index = {corpus.label_names.index(label): index for index, label in enumerate(kept)}

    def keep(part: Part) -> Part:
        rows = [i for i, label in enumerate(part.labels) if label in new_index]
        return Part(
            [part.inputs[i] for i in rows],
            [new_index[part.labels[i]] for i in rows],
            [part.groups[i] for i in rows],
        )

    return replace(
        corpus,
        label_names=kept,
        train=keep(corpus.train),
        validation=keep(corpus.validation),
        test=keep(corpus.test),
        notes=[*corpus.notes, f"kept {len(kept)} of the {len(corpus.label_names)} classes of {corpus.name}"],
    )
