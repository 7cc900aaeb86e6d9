"""A classifier that was trained elsewhere: from its folder or the Hub, with labelled data, to a proven export."""

import json
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from exporting import export
from grokaem import command_line, hub
from tests.hub_server import HubServer


@pytest.fixture
def somebody_s(text_run, tmp_path):
    """The run's model as others publish one: without run.json, labels the other way round and in capitals."""
    folder = tmp_path / "elsewhere" / "their-classifier"
    shutil.copytree(text_run, folder, ignore=shutil.ignore_patterns("export", "run.json"))
    config = json.loads((folder / "config.json").read_text())
    names = [config["id2label"][str(number)] for number in range(2)]
    config["id2label"] = {"0": names[1].upper(), "1": names[0].upper()}
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    for name in [name for name in weights if name.startswith("classifier.")]:
        weights[name] = weights[name].flip(0).contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Theirs\n")
    (folder / "training_args.bin").write_bytes(b"a pickle")
    return folder


def command(*options) -> int:
    return command_line.run(export.main, [str(option) for option in options])


def test_from_the_hub_with_labels_in_another_order(somebody_s, text_run, news_csv, tmp_path, monkeypatch, news):
    from grokaem import inference

    (somebody_s / "training_args.bin").unlink()
    with HubServer(tmp_path / "server") as server:
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", server.token)
        monkeypatch.chdir(tmp_path)
        repo = f"{server.user}/their-classifier"
        published = hub.publish(somebody_s, repo)
        assert command(repo, "--dataset", news_csv, "--precision", "int8-weight") == 0
    run = tmp_path / "runs" / "their-classifier-news"
    report = json.loads((run / "run.json").read_text())
    assert report["base_model"] == {"name": repo, "revision": published.commit, "license": "mit"}
    trained = json.loads((text_run / "run.json").read_text())
    assert report["data"]["label_names"] == trained["data"]["label_names"][::-1]
    assert report["metrics"]["accuracy"] == pytest.approx(trained["metrics"]["accuracy"], abs=0.02)
    assert report["metrics"]["loss"] == pytest.approx(trained["metrics"]["loss"], abs=0.02)
    assert np.array(report["confusion"]).sum() == trained["data"]["sizes"]["test"]
    parity = json.loads((run / "export" / "parity.json").read_text())
    assert parity["method"] == "int8-weight" and parity["calibration"]["samples"] == 0
    data = hub.check_card((run / "export" / "README.md").read_text())
    assert (data["base_model"], data["license"]) == (repo, "mit")
    texts = [text for text, _ in news[:40]]
    found, wanted = (
        [answer.label for answer in inference.load(folder).predict(texts)] for folder in (run, text_run)
    )
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= 38


def test_a_folder_is_taken_once_and_pickles_stay_behind(somebody_s, news_csv, tmp_path, monkeypatch, capsys):
    from exporting.foreign_classifier import import_classifier

    monkeypatch.chdir(tmp_path)
    folder = import_classifier(str(somebody_s), str(news_csv))
    assert not (folder / "training_args.bin").exists() and (folder / "model.safetensors").exists()
    assert import_classifier(str(somebody_s), str(news_csv)) == folder
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["their-classifier-news"]
    (folder / "run.json").write_text('{"name": "my own"}')
    assert command(somebody_s, "--dataset", news_csv) == 2
    assert "move it away" in capsys.readouterr().err
    assert json.loads((folder / "run.json").read_text()) == {"name": "my own"}


def test_two_that_adopt_at_once_end_in_one_folder(tmp_path):
    from exporting.foreign_classifier import _settle

    report = {"base_model": {"name": "x"}, "data": {}, "config": {}, "adopted": True}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(report))
        assert _settle(tmp_path / name, tmp_path / "run") == tmp_path / "run"
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == report


@pytest.mark.parametrize(
    "change, words",
    [
        ({"architectures": ["BertModel"]}, "is no classifier"),
        ({"id2label": {"0": "yes", "1": "no"}}, "data with the model's labels"),
        ({"id2label": {"0": "ACQ", "1": "EARN", "2": "other"}}, "data with the model's labels"),
        (None, "--dataset"),
        ("pickled", "pickled ones are not loaded"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    somebody_s, news_csv, change, words, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    config = json.loads((somebody_s / "config.json").read_text())
    if change == "pickled":
        (somebody_s / "model.safetensors").rename(somebody_s / "pytorch_model.bin")
    elif change:
        (somebody_s / "config.json").write_text(json.dumps(config | change))
    options = ["--dataset", news_csv] if change else []
    assert command(somebody_s, *options) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1
    assert not list(tmp_path.glob("runs/*")), "nothing half-made"


def test_labels_without_names_are_taken_in_the_data_s_order(capsys):
    from exporting.foreign_classifier import _matched_labels

    config = {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}
    assert _matched_labels(config, ["no", "yes"], "m", "d") == ["no", "yes"]
    assert "taken to be, in this order, no, yes" in capsys.readouterr().out


def test_weights_of_others_are_not_published_as_ours(somebody_s, news_csv, tmp_path, monkeypatch):
    from exporting.foreign_classifier import import_classifier
    from exporting.publication import Publication
    from exporting.publish import publish_run
    from exporting.run_source import read_run

    monkeypatch.chdir(tmp_path)
    folder = import_classifier(str(somebody_s), str(news_csv))
    with pytest.raises(ValueError, match="leave out --push-original"):
        publish_run(read_run(folder), Publication("ada/model", original=True), "ada/model")
