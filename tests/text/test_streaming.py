"""Selection batch by batch is that of the whole matrix."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import chi2

from grokaem.text.streaming import select_streaming, weighed_batches
from grokaem.text.vectorize import VectorSettings, make_vectorizer


@pytest.fixture(scope="module")
def labelled():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 500)
    texts = [" ".join([f"mot{i}" for i in rng.integers(0, 80, 9)] + [f"klasse{y}"] * (i > 120))
             for i, y in enumerate(labels)]  # fmt: skip
    return texts, labels


@pytest.mark.parametrize("processes", [1, 2])
def test_the_same_words_scores_and_weights_as_scikit_learn(labelled, processes, tmp_path):
    texts, labels = labelled
    settings = VectorSettings(min_df=3, max_df=1.0)

    batches = ((texts[start : start + 90], labels[start : start + 90]) for start in range(0, 500, 90))
    selected = select_streaming(batches, 3, 12, tmp_path, settings, processes)
    vectorizer = make_vectorizer(settings)
    counts = vectorizer.fit_transform(texts)
    names, scores = vectorizer.get_feature_names_out(), chi2(counts, labels)[0]
    best = np.sort(np.argsort(-scores, kind="stable")[:12])
    assert selected.terms == list(names[best]) and selected.n_features == len(names)
    np.testing.assert_allclose(selected.scores, scores[best])
    ours = sparse.vstack(list(weighed_batches(selected, settings)))
    expected = TfidfTransformer().fit_transform(counts[:, best])
    np.testing.assert_allclose(ours.toarray(), expected.toarray(), atol=1e-12)


def test_no_word_left_is_told(labelled, tmp_path):
    texts, labels = labelled
    with pytest.raises(ValueError, match="no word is in 501 texts"):
        select_streaming([(texts, labels)], 3, 5, tmp_path, VectorSettings(min_df=501), 1)
