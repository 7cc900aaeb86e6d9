"""A TF-IDF model goes to the Hub and comes back by name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import command_line
import inference
from exporting import words
from hub import check_card

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    lines = [f"{('superb', 'awful')[i % 2]} thing{i % 17},{('good', 'bad')[i % 2]}" for i in range(200)]
    (folder / "opinions.csv").write_text("text,label\n" + "\n".join(lines))
    command = [sys.executable, ROOT / "text/select_features.py", "opinions.csv", "--scorers", "chi2", "--k", "2,all",
               "--save", "model"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "model"


def test_published_verified_and_used_by_name(server, model, capsys):
    assert command_line.run(words.main, [str(model), "--repo-id", "ada/words"]) == 0
    assert "every file downloaded and compared; it predicts: " in capsys.readouterr().out
    told = inference.load("ada/words").predict(["a superb thing", "awful"])
    assert [prediction.label for prediction in told] == ["good", "bad"]
    assert command_line.run(words.main, [str(model), "--repo-id", "ada/words"]) == 0
    assert "already up to date" in capsys.readouterr().out


def test_the_card_is_valid_and_tells_the_figures(model):
    config = json.loads((model / "config.json").read_text())
    text = words.card(config, "ada/words")
    data = check_card(text)
    assert data["pipeline_tag"] == "text-classification"
    assert data["model-index"][0]["results"][0]["metrics"][0]["value"] == 1.0
    assert f"by 2 of {config['n_features']} words" in text and "superb" in text


def test_dry_run_sends_nothing(server, model, capsys):
    assert command_line.run(words.main, [str(model), "--repo-id", "ada/words", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "words.safetensors" in told and "vocabulary.json" in told and "Words of" in told
    assert not list(model.parent.glob("model/README.md"))
    assert command_line.run(lambda _: inference.load("ada/words") and 0, []) == 1


def test_another_folder_is_told(tmp_path, capsys):
    assert command_line.run(words.main, [str(tmp_path / "none"), "--repo-id", "ada/words"]) == 2
    assert "is no TF-IDF model" in capsys.readouterr().err
