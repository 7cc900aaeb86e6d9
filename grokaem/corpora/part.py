"""A part of a data set: what is learned on, chosen on, or scored once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part of a data set; the three lists have the same length.

    Attributes:
        inputs (list of str or of pathlib.Path): the texts, or the sound files.
        labels (list of int): indices into the corpus's ``label_names``.
        groups (list of str): what must not straddle two parts: a movie, a drum kit, a prompt, or a digest
            of the input itself where there is nothing larger.
    """

    inputs: list
    labels: list[int]
    groups: list[str]

    def __post_init__(self):
        assert len(self.inputs) == len(self.labels) == len(self.groups)

    def __len__(self) -> int:
        return len(self.inputs)

    def __add__(self, other: Part) -> Part:
        return Part(self.inputs + other.inputs, self.labels + other.labels, self.groups + other.groups)
