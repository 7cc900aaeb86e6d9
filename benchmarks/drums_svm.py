"""What the usual baseline makes of the drum sounds: statistics of MFCC and a support vector machine.

    python -m benchmarks.drums_svm                  # a minute

The same five folds of kits as ``accuracy.py drums``, trained on everything but the fold's test kits, without and with
FoxDot's strokes. Mean, deviation, least and greatest of 20 MFCC and of their deltas over each clip's first 1.5 s,
scaled; a radial basis kernel. The penalty C is chosen by cross-validation inside the training part, each kit whole on
one side.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grokaem.audio.wide_resnet_shapes import SHORT_SOUND

if TYPE_CHECKING:
    from grokaem.corpora import Corpus

SAMPLE_RATE = 16000
PENALTIES = (1, 3, 10, 30, 100)


def main() -> None:
    """Prints both rows."""
    from grokaem import corpora
    from grokaem.corpora.drums import FOLDS

    print("| training part | by fold | mean |\n|---|---|---|")
    for further in (None, "foxdot"):
        scores = []
        for fold in range(FOLDS):
            corpus = corpora.load("drums", fold=fold, also_train_on=further, train_on_validation=True)
            scores.append(accuracy(corpus))
        scores_text = ", ".join(f"{score:.3f}" for score in scores)
        print(f"| kits{' and FoxDot' if further else ''} | {scores_text} | {statistics.mean(scores):.3f} |", flush=True)


def accuracy(corpus: Corpus) -> float:
    """Trains on the training part and scores the test part, once."""
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    classifier = GridSearchCV(
        make_pipeline(StandardScaler(), SVC()), {"svc__C": PENALTIES}, cv=GroupKFold(5), scoring="accuracy"
    )
    train, test = corpus.train, corpus.test
    # FoxDot's groups are single files: GroupKFold spreads them over its folds.
    classifier.fit(features(train.inputs), train.labels, groups=train.groups)
    return classifier.score(features(test.inputs), test.labels)


def features(paths: list[Path]) -> np.ndarray:
    """One row a clip: four statistics of 20 MFCC and their deltas, shape (clips, 160)."""
    return np.stack([_of_clip(path) for path in paths])


@functools.cache
def _mfcc() -> Callable:
    from grokaem.audio.features import make

    return make("mfcc", SAMPLE_RATE, n_mfcc=20)


@functools.cache
def _of_clip(path: Path) -> np.ndarray:
    import torch

    from grokaem.audio.cepstra import with_deltas
    from grokaem.audio.reading import read_waveform

    clip = torch.from_numpy(read_waveform(path, SAMPLE_RATE)[: int(SHORT_SOUND * SAMPLE_RATE)])
    rows = with_deltas(_mfcc()(clip), order=1).numpy()
    return np.concatenate([rows.mean(1), rows.std(1), rows.min(1), rows.max(1)])


if __name__ == "__main__":
    main()
