"""Which words moved a classifier that cannot be read: leave each out and see."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from grokaem.text.vectorize import WORDS_AND_NUMBERS


def occlusion(
    text: str, label: str, predict: Callable[[list[str]], list[dict[str, float]]], limit: int = 60
) -> list[tuple[str, float]]:
    """How much the log-odds of a label fall when a word is left out (Zeiler & Fergus 2014, on words).

    Args:
        text (str): what was classified.
        label (str): the label to explain.
        predict (callable): texts -> for each a dict of label to probability.
        limit (int, optional): words looked at, from the first on. (Default: 60)

    Returns:
        list of (str, float): words in the order of the text; positive speaks for the label.
    """
    places = list(re.finditer(WORDS_AND_NUMBERS, text))[:limit]
    without = [text[: place.start()] + text[place.end() :] for place in places]
    scores = predict([text, *without])
    shares = np.clip([score[label] for score in scores], 1e-7, 1 - 1e-7)
    odds = np.log(shares / (1 - shares))
    return [(place.group(), float(odds[0] - left)) for place, left in zip(places, odds[1:], strict=True)]
