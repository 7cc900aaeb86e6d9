"""The panel of word features, its functions called without a server."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gradio as gr
import pytest

from demos import word_features as panel
from demos.served_model import ServedModel
from grokaem import corpora
from grokaem.text.occlusion import occlusion


class Served:
    """A fine-tuned model that likes one word."""

    def name(self):
        return "owner/model"

    def load(self):
        def predict(texts):
            share = [0.9 if "superb" in text else 0.3 for text in texts]
            return [SimpleNamespace(scores={"good": s, "bad": 1 - s}) for s in share]

        return SimpleNamespace(predict=predict)


@pytest.fixture(scope="module")
def opinions(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "opinions.csv"
    lines = [f"{('superb', 'awful')[i % 2]} thing{i % 17} place{i % 23},{('good', 'bad')[i % 2]}" for i in range(200)]
    path.write_text("text,label\n" + "\n".join(lines))
    return str(path)


@pytest.fixture(scope="module")
def events():
    demo = panel.create_demo(Served(), corpora.load, [])
    return {event.api_name: event.fn for event in demo.fns.values()}


@pytest.fixture(scope="module")
def compared(events, opinions):
    return events["compare_features"](panel.OWN, opinions, "en", ["lower case"], 1, ["chi2", "variance"])


def test_curve_recommendation_and_words(compared):
    curves, sentence, by_step, by_class, _ = compared
    drawn = json.loads(curves.plot)
    assert [line["name"] for line in drawn["data"]] == ["chi2", "variance", "recommended"]
    assert drawn["layout"]["xaxis"]["type"] == "log" and drawn["data"][-1]["x"] == [20.0]
    assert "20 of 42 features" in sentence and "1.000 with them" in sentence
    assert [row[0] for row in by_step] == ["words", "lower-case"]
    assert dict(by_class)["good"].startswith("superb")


def test_a_sentence_is_explained_by_both_models(events, compared):
    told, ours, theirs = events["explain_sentence"]("A superb thing3", compared[-1])
    assert told == "TF-IDF says **good**, the fine-tuned model **good**."
    for chart in (ours, theirs):
        figure = json.loads(chart.plot)
        assert figure["layout"]["yaxis"]["ticktext"][0] == "superb" and figure["data"][0]["x"][0] > 0


def test_left_out_words_change_the_log_odds():
    told = occlusion("A superb film", "good", lambda texts: [p.scores for p in Served().load().predict(texts)])
    assert [word for word, _ in told] == ["superb", "film"]
    assert told[0][1] == pytest.approx(3.0445, abs=1e-3) and told[1][1] == 0  # log(9) - log(3/7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": None}, "Choose a file first"),
        ({"scorers": []}, "Choose scorers"),
        ({"source": "News"}, "The source is one of"),
        ({"steps": ["magic"]}, "The steps are"),
        ({"longest": 9}, "1, 2 or 3 words"),
        ({"language": "de", "steps": ["lemmas"]}, "no dictionary for language"),
    ],
)
def test_wrong_input_is_one_sentence(events, opinions, change, message):
    given = {"source": panel.OWN, "file": opinions, "language": "en", "steps": [], "longest": 1, "scorers": ["chi2"]}
    with pytest.raises(gr.Error, match=message):
        events["compare_features"](**(given | change))


def test_no_comparison_yet_is_told(events):
    with pytest.raises(gr.Error, match="press Compare first"):
        events["explain_sentence"]("A film", None)


def test_without_a_fine_tuned_model_the_other_answers(compared, monkeypatch, tmp_path):
    monkeypatch.delenv("MODEL_ID", raising=False)
    monkeypatch.chdir(tmp_path)
    demo = panel.create_demo(SimpleNamespace(name=lambda: None), corpora.load, [])
    explain = next(event.fn for event in demo.fns.values() if event.api_name == "explain_sentence")
    told, ours, theirs = explain("awful", compared[-1])
    assert told.startswith("TF-IDF says **bad**") and ours is not None and theirs is None


def test_offered_corpora_are_those_at_hand(tmp_path):
    demo = panel.create_demo(ServedModel("text", "MODEL_ID", tmp_path), corpora.load, ["lee_news", "reuters_r8"])
    source = next(block for block in demo.blocks.values() if getattr(block, "elem_id", None) == "feature-source")
    assert [title for title, _ in source.choices] == ["Newswire", panel.OWN]
