"""What an example of each class counts in the loss."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grokaem.plain_text import first_few


@dataclass(frozen=True)
class ClassWeights:
    """What ``--class-weights`` asks for; a file is read once, so that it may change or go while a run trains.

    Attributes:
        asked (str): ``none``, ``auto``, or a JSON file of weights by label, ``{"rotten": 1, "fresh": 4.5}``.
        by_label (mapping, optional): what the file holds; None for the others.
    """

    asked: str
    by_label: Mapping[str, float] | None = None

    @classmethod
    def read(cls, asked: str) -> ClassWeights:
        """Reads the file where one is named.

        Raises:
            ValueError: there is no such file, or it holds something else.
        """
        if asked in ("none", "auto"):
            return cls(asked)
        where, example = f"--class-weights {asked}", '{"label": weight, ...}'
        try:
            found = json.loads(Path(asked).expanduser().read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ValueError(
                f"{where}: there is no such file: give none, auto, or a JSON file with {example}."
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise ValueError(f"{where} cannot be read as JSON ({error}): write {example} into it.") from None
        if not isinstance(found, dict) or not found:
            raise ValueError(f"{where} holds no weights by label: write {example} into it.")
        for label, weight in found.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
                raise ValueError(f"{where}: the weight of {label!r} is {weight!r}: give a number above 0.")
        return cls(asked, found)

    def to_json(self) -> object:
        """What a run can be told from another by: what a file holds, not where it lies."""
        return self.by_label or self.asked

    def for_training(self, labels: Sequence[int], names: Sequence[str]) -> dict[str, float] | None:
        """The weights by label, so scaled that their mean over the training examples is 1.

        Weighted or not, losses are then of one size, and the learning rate need not change. ``auto`` gives a class the
        weight n / (classes * its examples), scikit-learn's ``balanced`` (King and Zeng, Logistic regression in rare
        events data, Political Analysis 9, 2001): all classes together count alike.

        Args:
            labels (sequence of int): class numbers of the training part.
            names (sequence of str): the labels.

        Returns:
            dict: in the order of ``names``, or None where all count alike. A class without an example counts 1 with
            ``auto``, and what the file gives it.

        Raises:
            ValueError: the file does not weight exactly the labels of the data.
        """
        if self.asked == "none":
            return None
        counts = [0] * len(names)
        for label in labels:
            counts[label] += 1
        if self.by_label is None:
            learned = sum(count > 0 for count in counts)
            return {
                name: len(labels) / (learned * count) if count else 1.0
                for name, count in zip(names, counts, strict=True)
            }
        self._check(names)
        given = {name: float(self.by_label[name]) for name in names}
        mean = sum(weight * count for weight, count in zip(given.values(), counts, strict=True)) / max(1, len(labels))
        return {name: weight / mean for name, weight in given.items()}

    def _check(self, names: Sequence[str]) -> None:
        """Each label of the data has a weight, and nothing else."""
        found = self.by_label or {}
        missing, unknown = [n for n in names if n not in found], [n for n in found if n not in names]
        if missing or unknown:
            lacks = f"no weight for {first_few(map(repr, missing))}" if missing else ""
            more = f"a weight for {first_few(map(repr, unknown))}, which no example has" if unknown else ""
            raise ValueError(
                f"--class-weights {self.asked} has {' and '.join(filter(None, (lacks, more)))}: weight exactly the "
                f"labels of the data, {first_few(map(repr, names))}."
            )
