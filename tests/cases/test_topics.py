"""Cases of the topic models: what is given to them, what they cannot use, what one model's error does to the others."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from grokaem import topics
from grokaem.text.vectorize import VectorSettings
from grokaem.topics import MODELS, compare
from tests.conftest import run_script
from tests.toys import added

DOCUMENTS = [
    f"{start} {middle} {end}"
    for start in ("river town", "rocket moon", "bread butter")
    for middle in ("council vote", "orbit launch", "kitchen oven")
    for end in ("plan", "mission", "soup", "salt")
]
VECTORS = np.random.default_rng(0).normal(size=(len(DOCUMENTS), 8))
GIVEN = {"embeddings": VECTORS}


def fitted(model, **settings):
    given = GIVEN if MODELS[model].embeds else {}
    return topics.fit(model, DOCUMENTS, 4, **given, **settings)


def transformed(model, documents):
    count = 1 if isinstance(documents, str) else len(DOCUMENTS)
    return model.transform(documents, embeddings=VECTORS[:count])


@pytest.mark.case("L11")
@pytest.mark.parametrize("weighting", ["count", "tfidf"])
@pytest.mark.parametrize("name", MODELS)
def test_settings_of_the_users_own_work_with_every_model(name, weighting):
    model = fitted(name, vectors=VectorSettings(weighting, ngrams=(1, 2)))
    assert any(" " in word for topic in model.words() for word in topic)
    mixtures = transformed(model, DOCUMENTS)
    assert (mixtures.argmax(axis=1) == model.assignments).mean() > 0.8
    usual = MODELS[name].weighting
    assert any(f"usual is {usual}" in note for note in model.notes) == (weighting != usual)


@pytest.mark.case("L11")
@pytest.mark.parametrize("name", MODELS)
def test_every_iterable_of_texts_is_the_same_documents(name):
    import pandas as pd

    model = fitted(name)
    expected = transformed(model, DOCUMENTS)
    others = (text for text in DOCUMENTS), np.array(DOCUMENTS), pd.Series(DOCUMENTS), tuple(DOCUMENTS)
    for documents in others:
        np.testing.assert_array_equal(transformed(model, documents), expected)
    np.testing.assert_allclose(transformed(model, DOCUMENTS[0]), expected[:1], atol=1e-6)  # a string: one document
    assert model.transform([]).shape == (0, 4)


@pytest.mark.case("L11")
@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (None, "type NoneType: give a list"),
        (b"bytes", "type bytes"),
        ([b"bytes"], "document 1 is bytes"),
        ({"a": "b"}, "type dict"),
        ({"a", "b"}, "type set"),
        (np.array([["a", "b"]]), "2 dimensions"),
        (["a text", float("nan")], "document 2 is float"),
        (7, "type int"),
    ],
)
def test_what_is_no_list_of_texts_is_said(documents, message):
    for attempt in (fitted("nmf").transform, lambda given: topics.fit("nmf", given, 4)):
        with pytest.raises(ValueError, match=message):
            attempt(documents)


@pytest.mark.case("L12")
@pytest.mark.parametrize("name", ["bertopic", "bert+lda"])
@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (VECTORS[:, 0], "shape 36: give documents x dimension"),
        (np.where(np.arange(8) == 3, np.nan, VECTORS), "document 1 holds NaN"),
        (VECTORS * np.inf, "NaN or infinity"),
        ([["a"] * 8] * 36, "no table of numbers"),
        (VECTORS[:, :0], "36 x 0"),
    ],
)
def test_embeddings_that_are_no_table_of_finite_numbers_are_said(name, embeddings, message):
    with pytest.raises(ValueError, match=message):
        topics.fit(name, DOCUMENTS, 4, embeddings=embeddings)
    with pytest.raises(ValueError, match=message):
        fitted(name).transform(DOCUMENTS, embeddings=embeddings)


@pytest.mark.case("L12")
@pytest.mark.parametrize("name", ["bertopic", "bert+lda"])
def test_embeddings_of_another_encoder_and_of_any_length(name):
    model = fitted(name)
    with pytest.raises(ValueError, match="5 numbers each, .* fitted on 8"):
        model.transform(DOCUMENTS, embeddings=VECTORS[:, :5])
    np.testing.assert_allclose(
        model.transform(DOCUMENTS, embeddings=1e300 * VECTORS), transformed(model, DOCUMENTS), atol=1e-6
    )


@pytest.mark.case("L12")
def test_the_settings_that_leave_no_word_are_named_and_the_others_kept():
    model = topics.fit("lda", DOCUMENTS, 3, vectors=VectorSettings(min_df=50, max_df=0.3))
    assert any("min_df=50" in note for note in model.notes)
    assert "town" not in model.vocabulary  # in a third of the documents, which max_df still forbids
    model = topics.fit("lda", ["one river", "one town"], 2, vectors=VectorSettings(min_df=1, max_df=1))
    assert model.vocabulary == ["river", "town"]
    for impossible in ({"min_df": -1}, {"min_df": 1.5}, {"max_df": 0}, {"ngrams": (2, 1)}, {"max_features": 0}):
        with pytest.raises(ValueError, match=next(iter(impossible))):
            topics.fit("lda", DOCUMENTS, 3, vectors=VectorSettings(**impossible))


@pytest.mark.case("L12")
@pytest.mark.parametrize("name", MODELS)
def test_one_word_in_all_documents_is_told(name):
    with pytest.raises(ValueError, match="only 1 different word, 'hello'"):
        topics.fit(name, ["hello"] * 6, 4, embeddings=np.eye(6))


@pytest.mark.case("L12")
def test_topics_without_words_are_counted_and_take_no_part_in_coherence():
    from grokaem.topics.coherence import Reference
    from grokaem.topics.scoring import evaluate

    documents = ["the river and the town council vote"] * 20 + ["🙂🙂 🎉"] * 20 + ["12 34 56"] * 20
    vectors = np.repeat(np.eye(3), 20, axis=0) + np.random.default_rng(0).normal(scale=1e-3, size=(60, 3))
    result, model = evaluate(
        "bertopic", documents, 3, [0], Reference.from_documents(documents), embeddings=vectors
    )
    assert sorted(map(len, model.words())) == [0, 0, 4]
    assert result["empty_topics"] == 2 and any("2 of 3 topics have no words" in note for note in result["notes"])
    assert sorted(result["topic_npmi"], key=str) == [1.0, None, None]


@pytest.mark.case("L13")
def test_where_no_model_can_do_it_each_is_named_and_nothing_is_written(case_inputs, tmp_path):
    done = run_script(
        "grokaem topics", case_inputs / "two_words.txt", "--models", "nmf,lsa,lda", "--topics", 4,
        "--json", "t.json", "--html", "t.html", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("different words") == 3 and "nmf" in done.stderr  # no model could do it: all are named
    assert not (tmp_path / "t.json").exists()


@pytest.mark.case("L13")
def test_a_models_error_is_named_and_the_others_are_written(case_inputs, tmp_path, capsys):
    def failing(asked):
        raise RuntimeError("the moon is in the way")

    path, page = tmp_path / "t.json", tmp_path / "t.html"
    words = [str(case_inputs / "lines.txt"), "--models", "moon,nmf", "--topics", "2"]
    with added(MODELS, replace(MODELS["lda"], key="moon", fit=failing)):
        assert compare.main([*words, "--json", str(path), "--html", str(page)]) == 1
    told = capsys.readouterr()
    assert "nmf " in told.out and "moon: the moon is in the way" in told.err
    content = json.loads(path.read_text())
    assert [result["model"] for result in content["results"]] == ["nmf"]
    assert content["set_aside"] == {"moon": "the moon is in the way"}
    assert "the moon is in the way" in page.read_text()


@pytest.mark.case("L2")
@pytest.mark.parametrize("name", MODELS)
def test_threads_that_share_a_model_get_the_answers_of_one_alone(name):
    from concurrent.futures import ThreadPoolExecutor

    model = fitted(name)
    turns = [np.roll(np.arange(len(DOCUMENTS)), turn) for turn in range(16)]

    def transform(order):
        return model.transform([DOCUMENTS[row] for row in order], embeddings=VECTORS[order])

    alone = [transform(order) for order in turns]
    with ThreadPoolExecutor(8) as pool:
        for expected, found in zip(alone, pool.map(transform, turns), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.case("L2")
@pytest.mark.parametrize("name", ["lda", "bertopic"])
def test_threads_that_fit_at_once_get_what_each_gets_alone(name):
    from concurrent.futures import ThreadPoolExecutor

    def fit(seed):
        return topics.fit(name, DOCUMENTS, 3, seed, embeddings=VECTORS).topics

    alone = [fit(seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(fit, range(3))) == alone


def test_one_long_word_or_label_costs_the_others_nothing():
    import tracemalloc

    from grokaem.topics.quality import agreement

    documents = [*DOCUMENTS, "x" * 5_000_000]
    tracemalloc.start()
    topics.fit("nmf", documents, 3)
    agreement([0] * 100, ["y" * 5_000_000, *["b"] * 99])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20  # arrays of strings as wide as the longest took 2 GB
