"""Which words moved a classifier that cannot be read: leave each out and see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from grokaem.text.vectorize import WORDS_AND_NUMBERS

MOST_WORDS = 60


class LeftOut(NamedTuple):
    """A word of a text, and what leaving it out does.

    Attributes:
        word: as it stands in the text.
        start, end: its place there.
        effect: how far the log-odds of the label fall without it; positive speaks for the label.
        score: of the label without it.
    """

    word: str
    start: int
    end: int
    effect: float
    score: float


def occlusion(
    text: str, label: str, predict: Callable[[list[str]], list[dict[str, float]]], limit: int = MOST_WORDS
) -> list[LeftOut]:
    """How much the log-odds of a label fall when a word is left out (Zeiler & Fergus 2014, on words).

    Args:
        text (str): what was classified.
        label (str): the label to explain.
        predict (callable): texts -> for each a dict of label to probability.
        limit (int, optional): words looked at, from the first on. (Default: 60)

    Returns:
        list of LeftOut: words in the order of the text.
    """
    places = words_in(text)[:limit]
    without = [text[: place.start()] + text[place.end() :] for place in places]
    scores = [float(score[label]) for score in predict([text, *without])]
    shares = np.clip(scores, 1e-7, 1 - 1e-7)
    odds = np.log(shares / (1 - shares))
    return [
        LeftOut(place.group(), place.start(), place.end(), float(odds[0] - left), score)
        for place, left, score in zip(places, odds[1:], scores[1:], strict=True)
    ]


def words_in(text: str) -> list[re.Match[str]]:
    """The words and numbers of a text that can be left out, in order."""
    return list(re.finditer(WORDS_AND_NUMBERS, text))
