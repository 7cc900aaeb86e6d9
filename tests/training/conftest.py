"""Training in this process, so that tests can look inside and need not pay for the imports each time."""

import json
from types import SimpleNamespace

import pytest


@pytest.fixture
def train(tiny_bert, news_csv, tmp_path, capsys, monkeypatch):
    """Runs finetune.py's main on the news with a tiny encoder; gives run.json, the folder, what was printed."""
    from training import finetune, loop

    kept = {}
    release = loop.release

    def look(trainer):
        from memory.optimizers import state_bytes

        optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
        kept["state"] = state_bytes(optimizer)
        kept["trainer"] = trainer
        release(trainer)

    monkeypatch.setattr(loop, "release", look)

    def run(*flags, name="run", model=tiny_bert, data=news_csv):
        folder = tmp_path / name
        words = ["--dataset", data, "--base-model", model, "--output-dir", folder, *flags]
        assert finetune.main([str(word) for word in words]) == 0
        told = capsys.readouterr().out
        report = json.loads((folder / "run.json").read_text())
        return SimpleNamespace(report=report, folder=folder, told=told, **kept)

    return run


@pytest.fixture(scope="session")
def calm_bert(tiny_bert, tmp_path_factory):
    """The tiny encoder without dropout: what it computes does not depend on how a batch is cut up."""
    import shutil

    folder = tmp_path_factory.mktemp("models") / "calm-bert"
    shutil.copytree(tiny_bert, folder)
    config = json.loads((folder / "config.json").read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def even_csv(news, tmp_path_factory):
    """So many of the news that the training part is a multiple of 8 and no batch of it is short."""
    import csv

    import corpora

    path = tmp_path_factory.mktemp("data") / "news.csv"
    for count in range(120, 300):
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *news[:count]])
        if len(corpora.load(str(path), task="text").train.inputs) == 96:
            return path
    raise AssertionError("no such number of news")
