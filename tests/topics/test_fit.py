import numpy as np
import pytest

from grokaem import topics
from grokaem.topics import MODELS, TopicModel, dirichlet, factorization
from grokaem.topics.documents import count_terms, default_settings
from grokaem.topics.method import Asked
from grokaem.topics.quality import agreement

ODD = {
    "five": ["cats purr", "dogs bark", "cows moo", "birds sing", "fish swim"],
    "one word": ["apple", "pear", "apple", "plum", "pear", "plum", "fig"],
    "one letter": ["a", "b", "c", "d", "e"],
    "duplicates": ["the same document about rivers"] * 12,
    "empty": ["", "  ", "rain falls", "snow melts", "\n", "wind blows", "rain and snow"],
    "stop words": ["the and of", "to be or not to be", "it is what it is", "so it was"],
    "numbers": ["1 2 3", "44 55", "66 77", "88 99"],
    "mixed": ["кошка спит на диване", "the cat sleeps", "собака лает", "a dog barks", "日本語 の 文章"] * 3,
    "odd signs": ["\ud800 broken", "\x00 zero byte", "😀😀 smile", "a\u200bb zero width", "ok then"],
}


@pytest.fixture(scope="module")
def fitted(corpus):
    return {model: topics.fit(model, corpus[0], 3, 0) for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_finds_the_subjects(fitted, corpus, model):
    result = fitted[model]
    assert result.model == model and result.n_topics == 3
    assert result.document_topics.shape == (90, 3)
    np.testing.assert_allclose(result.document_topics.sum(axis=1), 1, atol=1e-12)
    assert (result.document_topics >= 0).all()
    assert (result.document_topics.argmax(axis=1) == result.assignments).all()
    weights = [[weight for _, weight in topic] for topic in result.topics]
    assert all(row == sorted(row, reverse=True) and min(row) > 0 for row in weights)
    if model != "lsa":  # its first axis is what all documents share
        assert agreement(result.assignments, corpus[1])["nmi"] > 0.9


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_repeats_a_run(fitted, corpus, model):
    again = topics.fit(model, corpus[0], 3, 0)
    assert again.topics == fitted[model].topics
    np.testing.assert_array_equal(again.document_topics, fitted[model].document_topics)


@pytest.mark.parametrize("model", MODELS)
def test_saved_and_loaded_it_transforms_alike(fitted, corpus, model, tmp_path):
    folder = fitted[model].save(tmp_path / "model")
    names = [".grokaem.json", "topic_model.json", "topic_model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == names
    loaded = TopicModel.load(folder)
    assert loaded.topics == fitted[model].topics and loaded.notes == fitted[model].notes
    np.testing.assert_array_equal(loaded.document_topics, fitted[model].document_topics)
    new = ["rocket to the moon and into orbit", "bread with butter and cheese", "", "the coach of the team"]
    mixtures = loaded.transform(new)
    np.testing.assert_array_equal(mixtures, fitted[model].transform(new))
    np.testing.assert_allclose(mixtures.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(mixtures[2], 1 / 3)
    assert len(set(mixtures[[0, 1, 3]].argmax(axis=1))) == (3 if model != "lsa" else mixtures.shape[1])


@pytest.mark.parametrize("model", MODELS)
def test_transform_of_the_corpus_agrees_with_the_fit(fitted, corpus, model):
    again = fitted[model].transform(corpus[0])
    assert (again.argmax(axis=1) == fitted[model].assignments).mean() > 0.95


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("model", MODELS)
def test_odd_corpora_give_a_result_or_one_sentence(model, name):
    documents = ODD[name]
    try:
        result = topics.fit(model, documents, 2, 0)
    except ValueError as error:
        assert len(str(error)) < 200 and "\n" not in str(error)
        assert name in ("one letter",), error
        return
    assert result.document_topics.shape == (len(documents), result.n_topics)
    assert result.n_topics == 2
    assert np.isfinite(result.document_topics).all()
    np.testing.assert_allclose(result.document_topics.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(result.transform(documents).sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("count", [2, 3, 7, 16, 30, 50])
def test_small_corpora(model, count, corpus):
    result = topics.fit(model, corpus[0][:count], 2, 0)
    assert result.document_topics.shape == (count, 2)
    assert all(topic for topic in result.topics)


@pytest.mark.parametrize("model", MODELS)
def test_a_document_of_a_megabyte(model, corpus):
    documents = [*corpus[0][:30], "rocket orbit butter " * 52_000]
    result = topics.fit(model, documents, 3, 0)
    assert np.isfinite(result.document_topics).all()


@pytest.mark.parametrize("model", MODELS)
def test_as_many_topics_as_documents(model):
    documents = ["cats purr softly", "dogs bark loudly", "cows moo often", "birds sing early"]
    assert topics.fit(model, documents, 4, 0).document_topics.shape == (4, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nmf", ["a cat", "a dog"], 3), "3 topics .* 2 documents"),
        (("nmf", ["a cat", "", " "], 2), "1 document holds"),
        (("nmf", [], 2), "0 documents"),
        (("nmf", ["one cat", "one dog"], 1), "at least 2"),
        (("lda", ["cat", "cat", "dog"], 3), "2 different words"),
        (("gpt", ["a cat", "a dog"], 2), "bert\\+lda"),
        (("nmf", ["a cat", None], 2), "document 2 is NoneType"),
        (("lda", ["a cat", "a dog"], None), "number of topics"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        topics.fit(*arguments)


@pytest.fixture(scope="module")
def fit_alone(corpus):
    """A model's own function on the corpus, without what grokaem.topics.fit checks before it."""
    documents = corpus[0]
    terms = count_terms(documents, default_settings(len(documents), "count"))
    vectors = np.eye(8, dtype=np.float32)[np.arange(len(documents)) % 8]
    return lambda model, n_topics=3, top_words=5: MODELS[model].fit(
        Asked(documents, terms, n_topics, 0, top_words, vectors)
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wrong", [0, -1, 2.5, True])
def test_each_model_refuses_a_count_of_none_itself(fit_alone, model, wrong):
    with pytest.raises(ValueError, match=r"^n_topics is .*: give a whole number from 1 on\.$"):
        fit_alone(model, wrong)
    with pytest.raises(ValueError, match=r"^top_words is .*: give a whole number from 1 on\.$"):
        fit_alone(model, top_words=wrong)


@pytest.mark.parametrize("module", [dirichlet, factorization])
@pytest.mark.parametrize("wrong", [0, -3, None])
def test_no_pass_over_the_corpus_is_refused(corpus, module, wrong):
    terms = count_terms(corpus[0], default_settings(len(corpus[0]), "count"))
    with pytest.raises(ValueError, match=r"^iterations is .*: give a whole number from 1 on\.$"):
        module.fit(terms, 3, 0, 5, iterations=wrong)
    assert len(module.fit(terms, 3, 0, 5, iterations=np.int64(1))["topics"]) == 3


def test_a_comparison_without_a_seed_is_refused(corpus):
    from grokaem.topics.coherence import Reference
    from grokaem.topics.scoring import evaluate

    with pytest.raises(ValueError, match="no seed"):
        evaluate("nmf", corpus[0], 3, [], Reference.from_documents(corpus[0]))


def test_given_embeddings_are_used(corpus):
    documents, labels = corpus
    names = sorted(set(labels))
    vectors = np.eye(3)[[names.index(label) for label in labels]] + np.random.default_rng(0).normal(
        scale=0.05, size=(90, 3)
    )
    result = topics.fit("bertopic", documents[::-1], 3, 0, embeddings=vectors[::-1])
    assert agreement(result.assignments, labels[::-1])["nmi"] == pytest.approx(1)
    with pytest.raises(ValueError, match="embeddings"):
        result.transform(["rocket"])
    with pytest.raises(ValueError, match="89 embeddings for 90 documents"):
        topics.fit("bertopic", documents, 3, 0, embeddings=vectors[1:])


def test_nmf_is_no_worse_than_scikit_learn_on_the_same_matrix(fitted, corpus):
    from sklearn.decomposition import NMF

    from grokaem.topics.documents import count_terms, default_settings

    terms = count_terms(corpus[0], default_settings(len(corpus[0]), "tfidf"))
    plain = NMF(3, random_state=0).fit_transform(terms.matrix).argmax(axis=1)
    assert agreement(fitted["nmf"].assignments, corpus[1])["nmi"] >= agreement(plain, corpus[1])["nmi"]


def test_outliers_are_kept_when_asked(corpus):
    chance = np.random.default_rng(0)
    vectors = np.vstack([np.eye(8)[row % 3] + chance.normal(scale=0.03, size=8) for row in range(80)])
    vectors = np.vstack([vectors, chance.normal(size=(10, 8))])
    kept = topics.fit("bertopic", corpus[0], 3, 0, embeddings=vectors, reduce_outliers=False)
    given = topics.fit("bertopic", corpus[0], 3, 0, embeddings=vectors)
    assert (given.assignments >= 0).all()
    outliers = kept.settings["outliers"]
    assert (kept.assignments < 0).sum() == outliers
    if outliers:
        assert any("nearest topic" in note for note in given.notes)


def test_bertopic_finds_its_own_number_of_topics(corpus):
    assert topics.fit("bertopic", corpus[0], None, 0).n_topics >= 2


def test_a_folder_with_something_else_is_not_replaced(fitted, tmp_path):
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"did not write \(keep\.txt\)"):
        fitted["nmf"].save(tmp_path)
    with pytest.raises(FileNotFoundError, match="topic_model.json"):
        TopicModel.load(tmp_path)


def test_progress_is_told(corpus):
    told = []
    topics.fit("lda", corpus[0], 3, 0, progress=lambda fraction, text: told.append((fraction, text)))
    assert told[-1] == (1.0, "done")
    assert all(0 <= fraction <= 1 and text for fraction, text in told)
