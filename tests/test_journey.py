"""The whole journey against the loopback Hub: fine-tune with --push, then predict by repository name."""

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, run_script
from tests.hub_server import HubServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with HubServer(tmp_path_factory.mktemp("hub")) as running:
        yield running


def environment(server, home, **more):
    return {
        "HF_ENDPOINT": server.endpoint,
        "HF_TOKEN": server.token,
        "HF_HOME": str(home / "hf"),
        "GROKAEM_CACHE": os.environ.get("GROKAEM_CACHE", os.path.expanduser("~/.cache/grokaem")),
        **more,
    }


@pytest.fixture(scope="module")
def pushed(server, tiny_bert, news_csv, tmp_path_factory):
    home = tmp_path_factory.mktemp("laptop")
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--max-steps",
        8,
        "--push",
        "--push-original",
        cwd=home,
        env=environment(server, home),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return home, done


def published(server, name):
    import urllib.request

    url = f"{server.endpoint}/{server.user}/tiny-bert-news-openvino-int8/resolve/main/{name}"
    return urllib.request.urlopen(url).read()


def test_default_repository_and_its_sibling(server, pushed):
    home, done = pushed
    assert f"{server.user}/tiny-bert-news-openvino-int8" in done.stdout
    card = published(server, "README.md").decode()
    assert f"{server.user}/tiny-bert-news-openvino-int8" in card
    assert re.search(rf"{server.user}/tiny-bert-news(?!-)", card), "the original's repository"
    assert "every file downloaded and compared" in done.stdout


def test_token_is_nowhere(server, pushed):
    home, done = pushed
    assert server.token not in done.stdout + done.stderr
    for file in (home / "runs").rglob("*"):
        if file.is_file():
            assert server.token.encode() not in file.read_bytes(), file


def test_predict_by_name_from_an_empty_cache_then_offline(server, pushed, news, tmp_path):
    home, _ = pushed
    repo = f"{server.user}/tiny-bert-news-openvino-int8"
    texts = [text for text, _ in news[:5]]
    fresh = environment(server, tmp_path)
    remote = run_script("grokaem predict", repo, *texts, cwd=tmp_path, env=fresh)
    assert remote.returncode == 0, remote.stderr
    local = run_script(
        "grokaem predict", home / "runs/tiny-bert-news-seed0/export", *texts, cwd=tmp_path
    )
    rows = [[json.loads(line) for line in out.stdout.splitlines()] for out in (remote, local)]
    assert [r["label"] for r in rows[0]] == [r["label"] for r in rows[1]]
    assert [r["scores"] for r in rows[0]] == [r["scores"] for r in rows[1]]
    offline = run_script(
        "grokaem predict",
        repo,
        *texts,
        cwd=tmp_path,
        env={**fresh, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"},
    )
    assert offline.returncode == 0, offline.stderr
    assert [json.loads(line)["label"] for line in offline.stdout.splitlines()] == [
        r["label"] for r in rows[0]
    ]


def test_hub_serves_the_bytes_of_the_export_folder(server, pushed):
    home, _ = pushed
    export = home / "runs/tiny-bert-news-seed0/export"
    # The published card names its repository, the local one its folder; the record is not published.
    for file in (file for file in export.iterdir() if file.name not in ("README.md", ".grokaem.json")):
        body = published(server, file.name)
        assert hashlib.sha256(body).digest() == hashlib.sha256(file.read_bytes()).digest(), file.name


def test_openvino_snippet_of_the_card_runs(server, pushed, tmp_path):
    home, _ = pushed
    card = (home / "runs/tiny-bert-news-seed0/export/README.md").read_text()
    snippets = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(snippets) == 2
    for snippet in snippets:
        assert len(snippet.strip().splitlines()) <= 7
        done = subprocess.run(
            [sys.executable, "-c", snippet],
            capture_output=True,
            text=True,
            cwd=home / "runs/tiny-bert-news-seed0/export",
            env={**os.environ, **environment(server, tmp_path)},
        )
        assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "token, words", [(None, "token"), ("hf_wrongwrongwrongwrongwrongwrongwrong", "token")]
)
def test_push_without_a_usable_token_fails_before_training(
    server, token, words, tiny_bert, news_csv, tmp_path
):
    env = environment(server, tmp_path)
    env["HF_TOKEN"] = token or ""
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--push",
        cwd=tmp_path,
        env=env,
    )
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "runs").exists() and "training on" not in done.stdout


def test_push_to_a_foreign_name_fails_before_training(server, tiny_bert, news_csv, tmp_path):
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--push",
        "--repo-id",
        "somebody-else/model",
        cwd=tmp_path,
        env=environment(server, tmp_path),
    )
    assert done.returncode == 2 and "somebody-else" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.case("R2")
def test_a_repository_without_an_owner_is_the_users(server, tmp_path, monkeypatch):
    from exporting.publication import Publication

    for name, value in environment(server, tmp_path).items():
        monkeypatch.setenv(name, value)
    assert Publication("name").target("model-data", "int8", server.token) == f"{server.user}/name"
    for method in ("int8", "int8-weight", "fp32"):
        default = Publication().target("model-data", method, server.token)
        assert default == f"{server.user}/model-data-openvino-{method}"


def test_base_model_from_the_hub(server, tiny_bert, news_csv, tmp_path, monkeypatch):
    from grokaem import hub

    for name, value in environment(server, tmp_path).items():
        monkeypatch.setenv(name, value)
    hub.publish(tiny_bert, f"{server.user}/tiny-base", message="a base model")
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        f"{server.user}/tiny-base",
        "--max-steps",
        2,
        "--output-dir",
        "run",
        cwd=tmp_path,
        env=environment(server, tmp_path),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    base = json.loads((tmp_path / "run" / "run.json").read_text())["base_model"]
    assert base["name"] == f"{server.user}/tiny-base" and re.fullmatch(r"[0-9a-f]{40}", base["revision"])
    assert ROOT not in (tmp_path / "run").parents


@pytest.mark.slow
def test_an_8_bit_adapter_is_merged_exported_pushed_and_predicts(
    server, text_run, news_csv, news, tmp_path
):
    """Upon an encoder that has learned: a random one's answers lie so near each other that rounding turns them."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    from exporting.merge_adapter import merge
    from exporting.run_source import read_run

    done = run_script(
        "training/finetune.py", "--dataset", news_csv, "--base-model", text_run, "--load-in-8bit",
        "--lora-rank", 8, "--learning-rate", "1e-3", "--epochs", 2, "--export", "--push",
        "--repo-id", f"{server.user}/eight-bits", "--output-dir", "run",
        cwd=tmp_path, env=environment(server, tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "merging the adapter into its base" in done.stdout
    run = read_run(tmp_path / "run")
    files = {path.name for path in run.path.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "config.json", "run.json"} <= files
    assert "model.safetensors" not in files
    assert run.report["base_model"]["name"] == str(text_run)
    adapter = load_file(run.path / "adapter_model.safetensors")
    assert all(weight.abs().max() > 0 for name, weight in adapter.items() if "lora_B" in name), "it has moved"
    assert {"lora", "int8_lora"} <= {entry["step"] for entry in run.report["checklist"]}
    parity = json.loads((run.path / "export" / "parity.json").read_text())
    assert parity["gate"]["passed"] and parity["original"]["bytes"] > 2_000_000, "the merged model is the original"

    texts = [text for text, _ in news[:12]]
    tokenizer, model = AutoTokenizer.from_pretrained(run.path), merge(run).eval()
    with torch.inference_mode():
        batch = tokenizer(texts, truncation=True, padding=True, return_tensors="pt")
        meant = torch.softmax(model(**batch).logits, dim=1)
    names = model.config.id2label
    fresh = environment(server, tmp_path / "elsewhere")
    remote = run_script("grokaem predict", f"{server.user}/eight-bits", *texts, cwd=tmp_path, env=fresh)
    assert remote.returncode == 0, remote.stderr
    rows = [json.loads(line) for line in remote.stdout.splitlines()]
    for row, scores in zip(rows, meant, strict=True):
        for number, name in names.items():
            assert row["scores"][name] == pytest.approx(float(scores[number]), abs=0.03)
    assert meant[:, 0].max() - meant[:, 0].min() > 0.1, "it has learned to tell the texts apart"
