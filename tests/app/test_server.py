"""The app in a process of its own, started from another folder and driven as a program drives it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from gradio.utils import get_function_description
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import app
from app import create_app
from demos.served_model import ServedModel
from tests.app.running_app import ROOT, running_app
from tests.app.test_audio_tab import RATE, tone

STORIES = [
    f"{subject} {rest}"
    for rest in (
        "won the match in extra time",
        "was seen in the rain over the coast",
        "asks the bank for money",
    )
    for subject in ("the striker", "my sister", "a crowd", "the old captain", "our neighbour")
]


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


AUDIO_EVENTS = {
    "/audio_features", "/filter_banks", "/cepstral_correlation", "/gain_effect", "/spectral_envelope",
    "/audio_in_noise", "/wide_resnet_cost",
}  # fmt: skip


def test_the_api_is_the_tabs(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    others = {"/fit_topics", "/classify_text", "/compare_features", "/explain_sentence", "/plan_memory"}
    assert set(endpoints) == others | AUDIO_EVENTS


def test_every_public_event_describes_itself_and_its_arguments():
    public = [event for event in create_app().fns.values() if event.api_visibility == "public" and event.fn]
    assert {f"/{event.api_name}" for event in public} >= AUDIO_EVENTS
    for event in public:
        description, parameters, returns = get_function_description(event.fn)
        undescribed = [name for name, said in parameters.items() if not said and name != "progress"]
        assert len(description) > 20 and returns and not undescribed, event.api_name


def test_two_models_of_a_corpus_are_compared(client):
    found = client.predict("definitions", models=["NMF", "LDA"], n_topics="6", api_name="/fit_topics")
    assert [row["model"] for row in found["models"]] == ["NMF", "LDA"]
    assert all(-1 < row["npmi"] < 1 and 0 < row["nmi"] < 1 for row in found["models"])
    assert [row["model"] for row in found["topics"]] == ["NMF"] * 6 + ["LDA"] * 6
    assert "**6 topics** in 978 documents" in found["summary"]
    shares = [row["share"] for row in found["topics"][:6]]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1)
    assert all(len(row["words"]) == 10 for row in found["topics"])
    assert len(found["main_topics"]["LDA"]) == 978 and set(found["main_topics"]["LDA"]) <= set(range(1, 7))


@pytest.mark.parametrize("name, header", [("stories.txt", ""), ("stories.csv", "text\n"), ("odd.csv", "story\n")])
def test_an_uploaded_file_is_read(client, tmp_path, name, header):
    (tmp_path / name).write_text(header + "\n".join(STORIES))
    file = handle_file(str(tmp_path / name))
    found = client.predict("file", "", file, ["NMF"], 3, api_name="/fit_topics")
    assert len(found["topics"]) == 3 and "in 15 documents" in found["summary"]


def test_the_column_of_the_texts_is_chosen_and_words_are_left_out(client, tmp_path):
    rows = [f"{story},other words {number % 3}" for number, story in enumerate(STORIES)]
    (tmp_path / "two.csv").write_text("story,remark\n" + "\n".join(rows))
    file = handle_file(str(tmp_path / "two.csv"))
    with pytest.raises(AppError, match="two.csv holds the texts cannot be told; choose it under Column of the texts"):
        client.predict("file", "", file, ["NMF"], 3, api_name="/fit_topics")
    found = client.predict("file", "", file, ["NMF"], 3, "story", "Match, rain", api_name="/fit_topics")
    words = {word for topic in found["topics"] for word in topic["words"]}
    assert "coast" in words and not words & {"match", "rain", "remark", "other"}


def test_no_file_of_the_server_is_read(client, tmp_path):
    (tmp_path / "own.txt").write_text("\n".join(STORIES))
    for path in (str(tmp_path / "own.txt"), {"path": str(tmp_path / "own.txt")}):
        with pytest.raises(AppError, match="was not uploaded here"):
            client.predict("file", "", path, ["NMF"], 3, api_name="/fit_topics")


@pytest.mark.slow
def test_bertopic_reads_pasted_lines(client):
    lines = "\n".join(STORIES * 4)
    found = client.predict("lines", lines, None, ["BERTopic"], 3, api_name="/fit_topics")
    assert 1 <= len(found["topics"]) <= 3 and "**BERTopic** found" in found["summary"]


def test_label_names_are_scored_by_their_meaning(client):
    text, labels = "Simmer the onions in butter until they are soft", "sports, cooking, tax law"
    answer = client.predict(text, labels, api_name="/classify_text")
    assert answer["label"] == "cooking" and answer["score"] == max(answer["scores"].values())
    assert sum(answer["scores"].values()) == pytest.approx(1) and answer["milliseconds"] > 0
    assert answer["by"] == "label names" and answer["probabilities"] is False
    told = client.predict(text, labels, api_name="/explain_sentence")
    assert told["score"] == answer["score"]
    assert [text[word["start"] : word["end"]] for word in told["words"]] == [word["word"] for word in told["words"]]
    assert all((word["effect"] > 0) == (word["score_without"] < told["score"]) for word in told["words"])


@pytest.mark.parametrize("longest", [1, "2"])
def test_scorers_are_compared_on_a_table_or_on_a_corpus_of_the_page(client, tmp_path, longest):
    rows = [f"{('superb', 'awful')[i % 2]} film{i % 17},{('good', 'bad')[i % 2]}" for i in range(200)]
    (tmp_path / "opinions.csv").write_text("text,label\n" + "\n".join(rows))
    file = handle_file(str(tmp_path / "opinions.csv"))
    found = client.predict("My file", file, "en", [], longest, "chi2", api_name="/compare_features")
    assert found["test_accuracy"]["recommended"] == 1 and found["words_of_classes"]["good"][0] == "superb"
    assert found["recommended"] in found["curve"] and found["vocabulary"][0]["different_words"] > 15
    with pytest.raises(AppError, match="was not uploaded here"):
        client.predict("My file", {"path": "/etc/hostname"}, "en", [], 1, ["chi2"], api_name="/compare_features")


def test_a_stereo_clip_at_another_rate_is_measured(client, tmp_path):
    rate = 44_100
    sound = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "clip.wav", np.stack([sound, 0.5 * sound], axis=1) * 0.5, rate)
    numbers = client.predict(handle_file(str(tmp_path / "clip.wav")), api_name="/audio_features")
    assert numbers["seconds"] == pytest.approx(1, abs=0.001)
    assert numbers["centroid_hz"] == pytest.approx(1000, abs=30)
    assert numbers["peak_dbfs"] == pytest.approx(20 * np.log10(0.375), abs=0.1)
    assert len(numbers["mfcc"]["mean"]) == 13 and numbers["scores"] is None


def test_a_sound_in_noise_comes_back_as_numbers(client, tmp_path):
    soundfile.write(tmp_path / "clip.wav", tone(1000, 1.0), RATE)
    found = client.predict(handle_file(str(tmp_path / "clip.wav")), "pink", "5", api_name="/audio_in_noise")
    assert set(found["survives"]) == {"spectrogram", "mel", "mfcc", "gammatone", "gfcc"}
    assert found["clean_scores"] is None and found["noisy_scores"] is None
    assert "Pink noise at +5 dB" in found["summary"]


@pytest.mark.parametrize(
    "arguments, api_name, message",
    [
        (("lines", "one line", None, ["NMF"], 5), "/fit_topics", "at least 10 documents"),
        (("lines", "\n".join(["the"] * 20), None, ["NMF"], 5), "/fit_topics", "different word"),
        (("file", "", None, ["NMF"], 5), "/fit_topics", "Choose a file"),
        (("definitions", "", None, [], 5), "/fit_topics", "at least one topic model"),
        (("definitions", "", None, ["NMF"], "many"), "/fit_topics", "from 2 to 30, not 'many'"),
        (("", "a, b"), "/classify_text", "no text"),
        (("x" * 2001, "a, b"), "/classify_text", "2,001 characters"),
        (("a text", "alone"), "/classify_text", "at least two"),
        ((None,), "/audio_features", "There is no sound"),
    ],
)
def test_bad_input_gets_one_sentence(client, arguments, api_name, message):
    with pytest.raises(AppError, match=message) as refusal:
        client.predict(*arguments, api_name=api_name)
    said = str(refusal.value)
    assert "\n" not in said and "Traceback" not in said and "/tmp" not in said


def test_files_that_are_something_else_get_one_sentence(client, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF but no more")
    with pytest.raises(AppError, match="^broken.wav cannot be read as sound"):
        client.predict(handle_file(str(tmp_path / "broken.wav")), api_name="/audio_features")
    soundfile.write(tmp_path / "long.wav", tone(100, 31), RATE)
    with pytest.raises(AppError, match="longer than 30 seconds"):
        client.predict(handle_file(str(tmp_path / "long.wav")), api_name="/audio_features")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(AppError, match="numbers.csv") as refusal:
        client.predict(
            "file", "", handle_file(str(tmp_path / "numbers.csv")), ["NMF"], 3, api_name="/fit_topics"
        )
    assert str(tmp_path) not in str(refusal.value) and "gradio/" not in str(refusal.value)


def test_a_file_over_the_limit_is_not_taken(client, tmp_path):
    (tmp_path / "big.txt").write_bytes(b"x" * 21_000_000)
    with pytest.raises(Exception, match="413|exceeds"):
        client.predict("file", "", handle_file(str(tmp_path / "big.txt")), ["NMF"], 3, api_name="/fit_topics")


def test_a_model_that_is_not_there_does_not_keep_the_page_from_starting(tmp_path):
    with running_app(MODEL_ID=str(tmp_path / "nowhere")) as elsewhere:
        other = Client(elsewhere, verbose=False)
        with pytest.raises(AppError, match="nowhere") as refusal:
            other.predict("a text", "", api_name="/classify_text")
        assert "\n" not in str(refusal.value)
        answer = other.predict("a text", "letters, music", api_name="/classify_text")
        assert answer["label"] in ("letters", "music")


def test_a_busy_port_is_said_in_one_line():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        run = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), "--port", port],
            text=True,
            capture_output=True,
            timeout=300,
        )
    assert run.returncode == 2
    assert run.stderr == f"error: port {port} is in use: choose another --port.\n" and not run.stdout


@pytest.mark.parametrize(
    "port, environment, words",
    [(None, "{busy}", "is in use: choose another GRADIO_SERVER_PORT"), (0, "", "from 1 to 65535"),
     (70000, "{busy}", "from 1 to 65535")],
)  # fmt: skip
def test_no_port_that_cannot_be_had_waits_for_the_page(port, environment, words, monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        number = str(busy.getsockname()[1])
        monkeypatch.setenv("GRADIO_SERVER_PORT", environment.format(busy=number))
        monkeypatch.setattr("app.create_app", lambda: pytest.fail("the page was built first"))
        with pytest.raises(ValueError, match=words):
            app.main([] if port is None else ["--port", str(port)])


def test_a_start_says_which_models_are_served(monkeypatch, capsys):
    class Page:
        def launch(self, **settings):
            assert "text model: owner/name\naudio model: " in capsys.readouterr().out

    monkeypatch.setenv("MODEL_ID", "owner/name")
    monkeypatch.setattr("app.create_app", Page)
    app.main([])


def test_the_page_does_not_wait_for_the_heavy_libraries(tmp_path):
    """Nor where nothing is kept yet, as on a Space."""
    code = (
        "import app, sys; app.create_app(); print([name for name in ('torch', 'transformers', 'openvino', 'sklearn', "
        "'scipy', 'bertopic', 'umap', 'numba') if name in sys.modules])"
    )
    fresh = {**os.environ, "HOME": str(tmp_path), "GROKAEM_CACHE": str(tmp_path / "cache")}
    words = [sys.executable, "-c", code]
    run = subprocess.run(words, cwd=ROOT, env=fresh, text=True, capture_output=True, timeout=300)
    assert run.stdout.strip().endswith("[]"), run.stdout + run.stderr


def test_the_tabs_lie_in_one_page_and_each_alone_in_its_own(monkeypatch):
    """Blocks inside Blocks build a server each."""
    from gradio.routes import App

    from demos.tab import TABS, Page

    made, build = [], App.create_app
    monkeypatch.setattr(App, "create_app", lambda *args, **kwargs: made.append(args) or build(*args, **kwargs))
    whole = app.create_app()
    assert {id(arguments[0]) for arguments in made} == {id(whole)}
    page = Page(ServedModel("text"), ServedModel("audio"), ["definitions"])
    for tab in TABS.values():
        alone = tab.create(page)
        assert alone is not whole and 3 < len(alone.blocks) < len(whole.blocks)
