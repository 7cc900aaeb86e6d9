"""The panel of word features, its functions called without a server."""

from __future__ import annotations

import json
import pickle

import gradio as gr
import numpy as np
import pytest

from demos import word_features as panel
from demos import word_model
from demos.word_comparison import OWN, Asked, WordComparison
from demos.word_explanation import explain
from demos.wording import speaking
from grokaem import corpora
from grokaem.text.occlusion import occlusion
from grokaem.text.selection_experiment import words_that_decided
from grokaem.text.words import words_of


def quiet(_share, _what):
    """Tells nobody."""


@pytest.fixture(scope="module")
def opinions(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "opinions.csv"
    lines = [f"{('superb', 'awful')[i % 2]} thing{i % 17} place{i % 23},{('good', 'bad')[i % 2]}" for i in range(200)]
    path.write_text("text,label\n" + "\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def comparing():
    return WordComparison(corpora.load, {})


@pytest.fixture(scope="module")
def compared(comparing, opinions):
    return comparing.compare(Asked(OWN, opinions, "en", ["lower case"], "1", ["chi2", "variance"]), quiet)


def test_curve_recommendation_and_words(compared):
    shown = panel.show(compared)
    drawn = json.loads(shown.curves.plot)
    assert [line["name"] for line in drawn["data"]] == ["chi2", "variance", "recommended"]
    assert drawn["layout"]["xaxis"]["type"] == "log" and drawn["data"][-1]["x"] == [20.0]
    assert "20 of 42 features" in shown.recommendation and "1.000 with them" in shown.recommendation
    assert "words</th>" in shown.by_step and "lower-case</th>" in shown.by_step
    assert 'class="quoted">good</th><td class="quoted">superb' in shown.by_class
    with speaking("ru"):
        russian = panel.show(compared)
    assert "признаков из 42" in russian.recommendation and "нижний регистр" in russian.by_step
    assert json.loads(russian.curves.plot)["data"][-1]["name"] == "рекомендуется"


def test_a_sentence_is_explained_in_place_and_by_bars(compared):
    explained = explain("A superb <i>Thing3</i>", compared.model)
    assert "TF-IDF says <b><span class=\"quoted\">good</span></b>." in explained.words
    assert '<mark class="for step3"' in explained.words and ">superb<sub>+" in explained.words
    assert "&lt;i&gt;" in explained.words
    figure = json.loads(explained.chart.plot)
    assert figure["layout"]["yaxis"]["ticktext"][0] == "superb" and figure["data"][0]["x"][0] > 0
    assert "knows none of these words" in explain("Nothing of it", compared.model).words


@pytest.mark.parametrize("longest", [1, 2])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_a_session_keeps_decides_as_the_pipeline(monkeypatch, tmp_path, longest, n_classes):
    made = {}

    def keep(pipeline, *others):
        made["pipeline"] = pipeline
        return word_model.word_model(pipeline, *others)

    monkeypatch.setattr("demos.word_comparison.word_model", keep)
    random = np.random.default_rng(longest)
    names = ["red", "green", "blue"][:n_classes]
    rows = [f"{' '.join(random.choice([name, *'abcdefgh'], 9))},{name}" for name in names for _ in range(60)]
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(rows))
    asked = Asked(OWN, str(tmp_path / "t.csv"), "en", ["lower case"], longest, ["chi2"])
    found = WordComparison(corpora.load, {}).compare(asked, quiet)
    for text in ("red red green a b", "Blue c d e", "a a a b", "nothing known"):
        (document,) = words_of([text], found.model.words, keep=False)
        number = int(made["pipeline"].predict([document])[0])
        label, added = found.model.decide(text)
        assert label == found.result.label_names[number]
        expected = dict(words_that_decided(made["pipeline"], document, number))
        assert dict(added) == pytest.approx(expected, abs=1e-5)
    assert len(pickle.dumps(found.model)) < 100_000, "the state of a session is small"


def test_left_out_words_change_the_log_odds():
    def predict(texts):
        return [{"good": share, "bad": 1 - share} for share in (0.9 if "superb" in text else 0.3 for text in texts)]

    told = occlusion("A superb film", "good", predict)
    assert [(word.word, word.start, word.end) for word in told] == [("superb", 2, 8), ("film", 9, 13)]
    assert told[0].effect == pytest.approx(3.0445, abs=1e-3) and told[1].effect == 0  # log(9) - log(3/7)
    assert told[0].score == 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": None}, "Choose a file first"),
        ({"scorers": []}, "Choose scorers"),
        ({"source": "News"}, "The source is one of"),
        ({"steps": ["magic"]}, "The steps are"),
        ({"longest": 9}, "1, 2 or 3 words"),
        ({"longest": "many"}, "1, 2 or 3 words"),
        ({"language": "de", "steps": ["lemmas"]}, "no dictionary for language"),
    ],
)
def test_wrong_input_is_one_sentence(comparing, opinions, change, message):
    given = {"source": OWN, "file": opinions, "language": "en", "steps": [], "longest": 1, "scorers": ["chi2"]}
    with pytest.raises(ValueError, match=message):
        comparing.compare(Asked(**(given | change)), quiet)


def test_a_comparison_is_heavy_and_tells_what_it_does_so_that_it_can_be_stopped(opinions):
    told = []
    asked = Asked(OWN, opinions, "en", [], 1, ["chi2"])
    WordComparison(corpora.load, {}).compare(asked, lambda share, what: told.append((share, what)))
    assert [what for _, what in told if what.startswith("Fold")] == [f"Fold {n} of 3: chi2" for n in (1, 2, 3)]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    heavy = [event for event in panel.create_demo(corpora.load, []).fns.values() if getattr(event.fn, "heavy", False)]
    assert len(heavy) == 2, "the page's and the programs'"


def test_no_comparison_yet_is_told():
    with pytest.raises(gr.Error, match="press Compare first"):
        explain("A film", None)


def test_offered_corpora_are_those_at_hand():
    demo = panel.create_demo(corpora.load, ["lee_news", "reuters_r8"])
    source = next(block for block in demo.blocks.values() if getattr(block, "elem_id", None) == "feature-source")
    assert [value for _, value in source.choices] == ["Newswire", OWN]
