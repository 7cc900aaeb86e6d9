import numpy as np
import pytest

from grokaem.text.stop_words import stop_words
from grokaem.text.vectorize import VectorSettings, fit_vectorizer, make_vectorizer
from grokaem.topics.documents import count_terms, default_settings, recount

DOCUMENTS = [
    "The cat's on the sofa, isn't it? It doesn't like covid-19 or 42 mice.",
    "Кошка не любит воду, и ещё она спит на диване.",
    "x86 processors and a well-known cat",
]


def words(settings=None):
    analyze = make_vectorizer(settings or VectorSettings()).build_analyzer()
    return [analyze(document) for document in DOCUMENTS]


def test_words_of_both_languages():
    assert words() == [
        ["cat", "sofa", "like", "covid-19", "mice"],
        ["кошка", "любит", "воду", "спит", "диване"],
        ["x86", "processors", "well-known", "cat"],
    ]


def test_stop_words_of_one_language_or_none():
    assert "не" in words(VectorSettings(languages=("en",)))[1]
    assert "the" in words(VectorSettings(languages=()))[0]
    assert "42" in words(VectorSettings(numbers=True))[0]
    assert {"the", "и", "don"} <= stop_words()
    with pytest.raises(ValueError, match="'de'"):
        stop_words(("de",))


def test_document_frequencies():
    _, matrix, notes = fit_vectorizer(["a cat", "cat dog", "dog fish"] * 4, VectorSettings(min_df=5))
    assert matrix.shape == (12, 2) and not notes
    _, matrix, notes = fit_vectorizer(["red cat", "blue dog"], VectorSettings(min_df=2))
    assert matrix.shape == (2, 4) and len(notes) == 1
    vectorizer, _, notes = fit_vectorizer(["the", "and of"], VectorSettings())
    assert list(vectorizer.get_feature_names_out()) == ["and", "of", "the"] and "stop words" in notes[0]
    with pytest.raises(ValueError, match="no words"):
        fit_vectorizer(["!", "?"], VectorSettings())


@pytest.mark.parametrize("weighting", ["count", "tfidf"])
@pytest.mark.parametrize(
    "documents",
    [
        ["state of the art", "the art of war and peace", "peace of mind", "war of minds"],
        ["the", "of the", "and of"],
        ["1 2 33", "44 55", "33 44"],
    ],
)
def test_counting_again_gives_the_matrix_of_the_fit(documents, weighting):
    settings = VectorSettings(weighting=weighting, ngrams=(1, 2), min_df=1, max_df=1.0)
    terms = count_terms(documents, settings)
    restored = VectorSettings.from_dict(terms.settings.as_dict())
    assert restored == terms.settings
    again = recount(documents, restored, terms.vocabulary, terms.extra.get("idf"))
    assert terms.matrix.nnz
    np.testing.assert_allclose(again.toarray(), terms.matrix.toarray())


def test_phrases_are_made_after_stop_words_are_dropped():
    terms = count_terms(["state of the art"] * 3, VectorSettings(ngrams=(2, 2), max_df=1.0))
    assert terms.vocabulary == ["state art"]


def test_a_small_corpus_keeps_every_word():
    assert default_settings(10, "count").min_df == 1
    assert default_settings(10_000, "count").min_df > 1
