"""What takes seconds to load, loaded in the background once the first page was served, one thing after another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demos.wording import say

if TYPE_CHECKING:
    from demos.tab import Page


@dataclass
class Part:
    """Something that is loaded once.

    Attributes:
        name: what a visitor calls it, in English.
        run: loads it, and compiles what is compiled at the first use.
    """

    name: str
    run: Callable[[], object]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loaded: bool = False

    @property
    def loaded(self) -> bool:
        """Whether it is there."""
        return self._loaded

    def load(self, progress: Callable[[float, str], object] | None = None) -> None:
        """Loads it, or waits for the thread that does; what is waited for is told."""
        if self._loaded:
            return
        if progress is not None:
            progress(0.0, say("waiting for {what}, which is being loaded", what=say(self.name)))
        with self._lock:
            if not self._loaded:
                self.run()
                self._loaded = True


class Warming:
    """Loads parts in a thread of its own, which begins once.

    Args:
        parts (list of Part): in order.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self._begun = threading.Lock()

    def begin(self) -> None:
        """Starts the thread at the first call; later ones do nothing."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._load_all, name="warming", daemon=True).start()

    def _load_all(self) -> None:
        for part in self.parts:
            try:
                part.load()
            except Exception:  # whoever needs it gets the sentence; the others are loaded all the same
                logging.getLogger(__name__).info("%s could not be loaded beforehand", part.name, exc_info=True)


def _lay_out() -> None:
    """Imports UMAP and compiles it, by a layout of a few points."""
    import numpy as np

    from grokaem.topics.reduction import ExactUMAP

    points = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    ExactUMAP(components=2, min_dist=0.1).fit(points / np.linalg.norm(points, axis=1, keepdims=True))


def _count_words() -> None:
    """Imports what counts words and factorizes their table."""
    import sklearn.decomposition
    import sklearn.feature_extraction.text  # noqa: F401


def _encode() -> None:
    from demos.sentence_encoder import encode

    encode(["warm"])


WORDS = Part("the word counter", _count_words)
UMAP = Part("UMAP", _lay_out)
ENCODER = Part("the sentence encoder", _encode)


def of_page(page: Page) -> Warming:
    """All that the tabs load at their first use: what most visitors press first comes first.

    Args:
        page (Page): whose classifiers are loaded too, where they are served.
    """
    served = [
        Part("the classifier", model.load) for model in (page.text, page.audio) if model.name()
    ]
    return Warming([WORDS, UMAP, *served, ENCODER])
