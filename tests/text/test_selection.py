"""Scorers beside scikit-learn's, and the proof that nothing leaks."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.feature_selection import SelectKBest, chi2, mutual_info_classif
from sklearn.model_selection import cross_val_score

from grokaem.text.cross_validation import Vocabulary, evaluate, folds_of, make_pipeline, recommend
from grokaem.text.selection import SCORERS, WordSelector, best, score


@pytest.fixture(scope="module")
def documents():
    """Three classes with words of their own among words that all share."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 240)
    texts = []
    for label in labels:
        words = [f"common{i}" for i in rng.integers(0, 60, 12)]
        words += [f"own{label}x{i}" for i in rng.integers(0, 5, 2)]
        texts.append(" ".join(words))
    return texts, labels


@pytest.fixture(scope="module")
def counts(documents):
    from sklearn.feature_extraction.text import CountVectorizer

    texts, labels = documents
    return CountVectorizer().fit_transform(texts), labels


def test_chi2_is_scikit_learns(counts):
    matrix, labels = counts
    ours = WordSelector("chi2", 20).fit(matrix, labels).get_support()
    np.testing.assert_array_equal(ours, SelectKBest(chi2, k=20).fit(matrix, labels).get_support())


def test_mutual_information_is_that_of_presence(counts):
    matrix, labels = counts
    expected = mutual_info_classif((matrix > 0).toarray(), labels, discrete_features=True)
    np.testing.assert_allclose(score("mutual_info", matrix, labels), expected, atol=1e-12)


def test_variance_is_numpys(counts):
    matrix, labels = counts
    np.testing.assert_allclose(score("variance", matrix, labels), matrix.toarray().var(axis=0), atol=1e-12)


def test_permutation_is_scikit_learns_on_average():
    """The closed form against predicting anew for each shuffled column."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import train_test_split
    from sklearn.svm import LinearSVC

    x, y = make_classification(600, 12, n_informative=4, n_classes=3, random_state=1)
    x = np.round(np.abs(x) * 3)
    ours = np.mean([score("permutation", sparse.csr_matrix(x), y, seed) for seed in range(12)], axis=0)
    theirs = []
    for seed in range(12):
        train, held = train_test_split(np.arange(600), test_size=0.25, random_state=seed, stratify=y)
        weigh = TfidfTransformer(sublinear_tf=True).fit(sparse.csr_matrix(x[train]))
        model = LinearSVC(random_state=seed).fit(weigh.transform(sparse.csr_matrix(x[train])), y[train])
        seen = weigh.transform(sparse.csr_matrix(x[held])).toarray()
        theirs.append(permutation_importance(model, seen, y[held], n_repeats=3, random_state=seed).importances_mean)
    np.testing.assert_allclose(ours, np.mean(theirs, axis=0), atol=0.02)


@pytest.mark.parametrize("scorer", SCORERS)
def test_words_of_the_classes_come_first(counts, documents, scorer):
    """All but the variance, which does not look at classes, find the fifteen words that tell them apart."""
    from sklearn.feature_extraction.text import CountVectorizer

    matrix, labels = counts
    terms = CountVectorizer().fit(documents[0]).get_feature_names_out()
    scores = score(scorer, matrix, labels)
    assert scores.shape == (matrix.shape[1],) and np.isfinite(scores).all()
    found = sum(term.startswith("own") for term in terms[best(scores, 15)])
    assert found <= 3 if scorer == "variance" else found >= 13


@pytest.mark.parametrize("scorer", SCORERS)
def test_shuffled_labels_give_chance(scorer):
    """Many features and few documents: selecting before splitting would reach far above a half."""
    rng = np.random.default_rng(3)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 2000, 40)) for _ in range(200)]
    labels = rng.permutation(np.repeat([0, 1], 100))
    vocabulary = Vocabulary(min_df=1)
    (row,) = evaluate(texts, labels, [str(i) for i in range(200)], [scorer], [50], vocabulary=vocabulary)
    assert abs(row.accuracy - 0.5) < 0.12  # 3.4 standard deviations of 200 fair coins
    if scorer in ("chi2", "mutual_info", "anova"):
        selected = make_pipeline(vocabulary, scorer, 50).fit(texts, labels)
        chosen = selected["count"].get_feature_names_out()[selected["select"].get_support()]
        leaked = Vocabulary(terms=tuple(chosen))
        (row,) = evaluate(texts, labels, [str(i) for i in range(200)], [scorer], [None], vocabulary=leaked)
        assert row.accuracy > 0.7  # what a leak would look like: the test above can fail


@pytest.mark.parametrize("scorer", ["chi2", "linear"])
def test_the_bench_is_a_pipeline_a_fold(documents, scorer):
    texts, labels = documents
    groups = [str(i) for i in range(len(texts))]
    splits = folds_of(labels, groups, 4)
    expected = cross_val_score(make_pipeline(Vocabulary(), scorer, 10), texts, labels, cv=splits)
    (row,) = evaluate(texts, labels, groups, [scorer], [10], vocabulary=Vocabulary(), n_folds=4)
    assert row.accuracy == pytest.approx(expected.mean()) and row.accuracy_std == pytest.approx(expected.std(ddof=1))


def test_a_group_is_on_one_side(documents):
    texts, labels = documents
    groups = [str(i // 4) for i in range(len(texts))]
    for train, held in folds_of(labels, groups, 3):
        assert not {groups[i] for i in train} & {groups[i] for i in held}


def test_fewest_features_within_one_standard_error(documents):
    texts, labels = documents
    rows = evaluate(texts, labels, [str(i) for i in range(len(texts))], ["chi2"], [2, 15, None],
                    vocabulary=Vocabulary())  # fmt: skip
    chosen = recommend(rows, 5)
    top = max(rows, key=lambda row: row.accuracy)
    assert chosen.accuracy >= top.accuracy - top.accuracy_std / 5**0.5
    assert all(row.accuracy < top.accuracy - top.accuracy_std / 5**0.5 for row in rows
               if row.features < chosen.features)  # fmt: skip
    assert chosen.k == 15


def test_chi2_on_weights_is_warned_of(counts):
    matrix, labels = counts
    with pytest.warns(UserWarning, match="chi2 is defined for counts"):
        score("chi2", matrix * 0.5, labels)


def test_too_many_folds_are_told():
    with pytest.raises(ValueError, match="--folds 5: the smallest class has 2"):
        folds_of(np.array([0, 0, 1, 1]), list("abcd"), 5)


@pytest.mark.parametrize("k", [0, -1])
def test_keeping_no_word_is_refused(counts, documents, k):
    with pytest.raises(ValueError, match="at least 1 word"):
        best(np.arange(5.0), k)
    texts, labels = documents[:2]
    with pytest.raises(ValueError, match="at least 1 word"):
        make_pipeline(Vocabulary(), "chi2", k, 0).fit(texts, labels).predict(texts)


@pytest.mark.parametrize(("scorers", "ks", "missing"), [([], [5], "scorer"), (["chi2"], [], "number of features")])
def test_a_comparison_of_nothing_is_refused(documents, scorers, ks, missing):
    texts, labels = documents[:2]
    with pytest.raises(ValueError, match=f"no {missing} to compare"):
        evaluate(texts, labels, [str(i) for i in range(len(texts))], scorers, ks, vocabulary=Vocabulary())
