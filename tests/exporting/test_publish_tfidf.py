"""A TF-IDF model goes to the Hub and comes back by name."""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest

from exporting import publish_tfidf
from exporting.tfidf_card import tfidf_card
from grokaem import address, command_line, inference
from grokaem.hub import check_card
from tests.conftest import started

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {
    "n_documents": 1600,
    "n_test": 200,
    "n_features": 5000,
    "n_folds": 5,
    "test": {"recommended": 0.91, "all": 0.92},
    "labels": [
        {"label": "bad", "precision": 0.9, "recall": 0.8, "support": 90},
        {"label": "good", "precision": 0.95, "recall": 1.0, "support": 110},
    ],
    "top": {"bad": [["awful", 2.0]], "good": [["superb", 1.5]]},
    "recommended": {"features": 200, "scorer": "chi2", "accuracy": 0.9, "accuracy_std": 0.01},
    "data": {"name": "reviews", "label_names": ["bad", "good", "rare"], "language": "en", "license": "CC0"},
    "revision": "some-reviews==1.0 (sha256 abc)",
    "versions": {"scikit-learn": "1.9.0", "numpy": "2.4.6"},
    "id2label": {"0": "bad", "1": "good"},
    "words": {"lower_case": True, "numbers": False, "lemmas": False, "stems": False, "parts_of_speech": [],
              "entities": "keep", "stop_languages": [], "own_stop_words": ["a"]},
    "ngrams": [1, 1],
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    lines = [f"{('superb', 'awful')[i % 2]} thing{i % 17},{('good', 'bad')[i % 2]}" for i in range(200)]
    (folder / "opinions.csv").write_text("text,label\n" + "\n".join(lines))
    command = [*started("grokaem select-features"), "opinions.csv", "--scorers", "chi2", "--k", "2,all",
               "--save", "model"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "model"


def test_published_verified_and_used_by_name(server, model, capsys):
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "ada/words"]) == 0
    assert "every file downloaded and compared; it predicts: " in capsys.readouterr().out
    told = inference.load("ada/words").predict(["a superb thing", "awful"])
    assert [prediction.label for prediction in told] == ["good", "bad"]
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "ada/words"]) == 0
    assert "already up to date" in capsys.readouterr().out


def test_the_card_is_valid_and_tells_the_figures(model):
    config = json.loads((model / "config.json").read_text())
    text = tfidf_card(config, "ada/words")
    data = check_card(text)
    assert data["pipeline_tag"] == "text-classification"
    assert data["model-index"][0]["results"][0]["metrics"][0]["value"] == 1.0
    assert f"by 2 of {config['n_features']} words" in text and "superb" in text
    assert f"was trained on {config['n_documents']} texts of opinions" in text
    assert [row["label"] for row in config["labels"]] == ["bad", "good"]
    assert sum(row["support"] for row in config["labels"]) == config["n_test"]
    for row in config["labels"]:
        assert f"| {row['label']} | 1.0000 | 1.0000 | 1.0000 | {row['support']} |" in text
    for package in ("numpy", "safetensors", "huggingface_hub"):
        assert f"{package}=={version(package)}" in re.search(r"pip install (numpy.*)", text)[1]


def test_the_card_s_sentences():
    text = tfidf_card(CONFIG, "ada/words")
    for sentence in (
        "Classifies texts as **bad**, **good** by 200 of 5,000 words",
        "It reads texts (language: en) of any length, and was trained on 1,600 texts of reviews.\n",
        "On the test part, label by label:\n\n| label | precision | recall | F1 | support |\n|---|---|---|---|---|\n"
        f"| bad | 0.9000 | 0.8000 | {2 * 0.72 / 1.7:.4f} | 90 |\n| good | 0.9500 | 1.0000 | {1.9 / 1.95:.4f} | 110 |\n",
        'grokaem predict ada/words "awful"\n',
        "licence CC0. Made with scikit-learn 1.9.0, numpy 2.4.6.\n",
    ):
        assert sentence in text
    old = {name: value for name, value in CONFIG.items() if name not in ("labels", "versions")}
    text = tfidf_card(old, "ada/words")
    check_card(text)
    assert "label by label" not in text and "Made with" not in text


TEXTS = ["a superb Thing3", "AWFUL awful superb", "nothing known", "thing3 x86 awful-superb don't", "", "1999 42 b"]


@pytest.mark.parametrize("options", [(), ("--ngrams", "1-2"), ("--numbers", "--keep-case", "--stop-words", "none")])
def test_the_first_snippet_prints_the_label(server, model, options, tmp_path):
    if options:
        command = [*started("grokaem select-features"), model.parent / "opinions.csv", "--scorers", "chi2",
                   "--k", "all", "--save", "model", *options]  # fmt: skip
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        model = tmp_path / "model"
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "words"]) == 0
    published = server.files("ada/words")["README.md"].decode()
    snippet = re.search(r"```python\n(.*?)```", published, re.S)[1]
    here = re.search(r"```python\n(.*?)```", tfidf_card(json.loads((model / "config.json").read_text())), re.S)[1]
    classifier = inference.load(model)
    known = re.search(r', ("\w+")\)\]', snippet)[1]
    texts = [json.loads(known), *TEXTS]
    right = [prediction.label for prediction in classifier.predict(texts)]
    assert len(set(right)) == 2

    def printed(code, folder):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr[-1500:]
        return done.stdout.splitlines()

    empty = tmp_path / "empty"
    empty.mkdir()
    assert printed(snippet, empty) == right[:1]  # as it is printed, from anywhere
    # In the model's folder, of every text: imports and model once, then the lines from the words on.
    head, line, tail = here.partition("words = [word")
    each = [f"{line}{tail}".replace(known, json.dumps(text)) for text in texts]
    assert printed(head + "\n".join(each), model) == right


def test_a_model_that_looks_words_up_has_no_snippet_of_its_own():
    changed = CONFIG | {"words": CONFIG["words"] | {"lemmas": True}}
    text = tfidf_card(changed, "ada/words")
    assert "```python" not in text and f"{address.install_command('topics')}\n" in text
    assert 'grokaem predict ada/words "awful"\n' in text


def test_your_part_of_the_card(server, model, tmp_path, capsys):
    own = tmp_path / "own.md"
    own.write_text("---\nlicense: mit\ntags: [opinions]\n---\nMade for **opinions**.\n")
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "words", "--card", str(own)]) == 0
    text = server.files("ada/words")["README.md"].decode()
    data = check_card(text)
    assert data["license"] == "mit" and data["tags"][-1] == "opinions" and "tf-idf" in data["tags"]
    assert "\n\nMade for **opinions**.\n\n## Results\n" in text
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "words", "--card", "none.md"]) == 2
    assert "no such file" in capsys.readouterr().err
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "words"]) == 0
    assert "opinions**" not in server.files("ada/words")["README.md"].decode()


def test_dry_run_sends_nothing(server, model, capsys):
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "ada/words", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "words.safetensors" in told and "vocabulary.json" in told and "Words of" in told
    assert not list(model.parent.glob("model/README.md"))
    assert command_line.run(lambda _: inference.load("ada/words") and 0, []) == 1


def test_another_folder_is_told(tmp_path, capsys):
    assert command_line.run(publish_tfidf.main, [str(tmp_path / "none"), "--repo-id", "ada/words"]) == 2
    assert "is no TF-IDF model" in capsys.readouterr().err


def test_the_card_says_what_always_the_most_frequent_label_scores():
    assert "most frequent" not in tfidf_card(CONFIG), "an older folder lacks it"
    better = CONFIG | {"test": {"recommended": 0.91, "all": 0.92, "most_frequent": 0.55}}
    told = tfidf_card(better)
    assert "| always the most frequent label | 0.5500 |" in told and "right no more often" not in told
    worse = CONFIG | {"test": {"recommended": 0.55, "all": 0.6, "most_frequent": 0.55}}
    assert "right no more often than if it always answered" in tfidf_card(worse)


def test_a_saved_model_knows_what_always_the_most_frequent_label_scores(model):
    config = json.loads((model / "config.json").read_text())
    support = [row["support"] for row in config["labels"]]
    assert config["test"]["most_frequent"] in {count / sum(support) for count in support}


def test_without_a_place_to_download_to_again_nothing_is_sent(server, model, monkeypatch, capsys):
    def refused(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refused)
    before = len(server.log)
    assert command_line.run(publish_tfidf.main, [str(model), "--repo-id", "ada/unsent"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert {line.split()[0] for line in server.requests()[before:]} <= {"GET"}
