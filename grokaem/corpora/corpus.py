"""What every data set becomes: three parts of inputs with labels, and what must be said about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from grokaem import kinds
from grokaem.corpora.part import Part
from grokaem.corpora.splitting import BY_HASH
from grokaem.file_hash import sha256_of
from grokaem.identity import DataIdentity


@dataclass(frozen=True)
class Corpus:
    """A labelled data set, split.

    Attributes:
        name (str): what the user asked for.
        task (str): key of the kind of its inputs.
        label_names (list of str): the name of each class, in the order of the label indices.
        train, validation, test (Part): learn on the first, choose on the second, score once on the third.
        revision (str): exactly which data: ``package==version sha256:...``, a Hub commit, or ``sha256:...``
            of the user's own file; of several joined by ``"; "``.
        split_rule (str): what decided the part of an example; a key that is compared, not a sentence.
        language (str): ISO 639-1 code, ``"multilingual"``, or ``"unknown"``.
        license (str): as the source states it.
        notes (list of str): what was done to the data on the way, one sentence each.
        set_aside (list of tuple): (row, file or class, why it is not used); a command names them and ends with 1.
    """

    name: str
    task: str
    label_names: list[str]
    train: Part
    validation: Part
    test: Part
    revision: str
    split_rule: str = BY_HASH
    language: str = "unknown"
    license: str = "unknown"
    notes: list[str] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)

    def with_training_data(self, other: Corpus) -> Corpus:
        """The same with every example of another corpus in the training part.

        What this corpus has already, in any part, or the other one has twice, is left out; so is what a model
        cannot tell from an example of validation or test.

        Args:
            other (Corpus): its labels are found by their names.

        Raises:
            ValueError: another task, or a label that this corpus does not have.
        """
        if other.task != self.task:
            raise ValueError(f"{other.name} is {other.task} and {self.name} is {self.task}: train on data of one kind.")
        if unknown := [name for name in other.label_names if name not in self.label_names]:
            raise ValueError(
                f"{other.name} has the class {unknown[0]}, which {self.name} has not: its classes are "
                f"{', '.join(self.label_names)}."
            )
        seen = {_content(item) for part in (self.train, self.validation, self.test) for item in part.inputs}
        kind = kinds.find(self.task)
        form = kind.resolved("reader")(kind).form
        held = {form(item) for part in (self.validation, self.test) for item in part.inputs}
        added, offered = Part([], [], []), 0
        for part in (other.train, other.validation, other.test):
            for item, label, group in zip(part.inputs, part.labels, part.groups, strict=True):
                offered += 1
                content = _content(item)
                if content in seen or form(item) in held:
                    continue
                seen.add(content)
                added.inputs.append(item)
                added.labels.append(self.label_names.index(other.label_names[label]))
                added.groups.append(group)
        note = f"{len(added)} of the {offered} examples of {other.name} are trained on too"
        if offered > len(added):
            note += f"; {self.name} has the others already, or they come twice"
        return replace(
            self,
            train=self.train + added,
            revision=f"{self.revision}; {other.revision}",
            split_rule=f"{self.split_rule}+training-data",
            license=f"{self.license}; {other.name}: {other.license}",
            notes=[*self.notes, *other.notes, note],
            set_aside=[*self.set_aside, *other.set_aside],
        )

    def with_validation_in_training(self) -> Corpus:
        """The same with the validation part's examples in the training part too, for a last run after the choices."""
        note = f"the {len(self.validation)} examples of the validation part are trained on too, and choose nothing"
        rule = f"{self.split_rule}+validation"
        return replace(self, train=self.train + self.validation, split_rule=rule, notes=[*self.notes, note])

    @property
    def identity(self) -> DataIdentity:
        """Exactly which data in which parts, whatever they are called and wherever they lie."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = {name: Counter(part.labels) for name, part in parts.items()}
        sizes = {
            label: {name: counts[name][index] for name in parts} for index, label in enumerate(self.label_names)
        }
        revisions = tuple(self.revision.split("; "))
        return DataIdentity(revisions, self.task, self.split_rule, tuple(self.label_names), sizes)

    def describe(self) -> dict:
        """What a run's record and a model card say about the data.

        Returns:
            dict: JSON-able; ``sizes`` are numbers of examples, ``classes`` their number by label and part.
        """
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {
            "name": self.name,
            **self.identity.to_json(),
            "sizes": {name: len(part) for name, part in parts.items()},
            "language": self.language,
            "license": self.license,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Documents:
    """Texts for topic modelling, with labels only where the source has them.

    Attributes:
        name (str): what the user asked for.
        texts (list of str): the documents.
        labels (list of str, optional): the class of each text.
        label_names (list of str): empty where there are no labels.
        notes (list of str): what was done to the data on the way, one sentence each.
        set_aside (list of tuple): (row, why it is not used); a command names them and ends with 1.
    """

    name: str
    texts: list[str]
    labels: list[str] | None = None
    label_names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


def _content(item: str | Path) -> str:
    return sha256_of(item) if isinstance(item, Path) else item
