"""Publishing an export from the command line: what would go, what goes, and trying again."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from exporting import export
from grokaem import command_line, hub


@pytest.fixture
def run(text_run, tmp_path) -> Path:
    import shutil

    return Path(shutil.copytree(text_run, tmp_path / "runs" / "run"))


def command(*options) -> int:
    return command_line.run(export.main, [str(option) for option in options])


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def planned(text: str) -> dict[str, dict[str, int]]:
    """Repository -> path -> bytes, as a dry run prints them."""
    found: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        if match := re.match(r"would publish to \S*?//[^/]+/(\S+)", line):
            files = found.setdefault(match[1], {})
        elif match := re.match(r"\s+([\d,]+) bytes  (?:new|changed|unchanged)\s+(\S+)$", line):
            files[match[2]] = int(match[1].replace(",", ""))
    return found


@pytest.mark.parametrize("layout", [(), ("--layout", "one"), ("--layout", "two"), ("--push-original",)])
def test_what_is_announced_is_what_arrives(server, run, layout, capfd):
    before = digests(run)
    assert command(run, "--dry-run", *layout) == 0
    said = capfd.readouterr().out
    assert digests(run) == before and not server.requests("^(POST|PUT|DELETE)")
    assert not [path for path in run.parent.iterdir() if path != run]
    plan = planned(said)
    export_id = f"{server.user}/tiny-bert-news-openvino-int8"
    two = layout in (("--layout", "two"), ("--push-original",))
    assert set(plan) == {export_id, f"{server.user}/tiny-bert-news"} if two else {export_id}
    assert "base_model" in said or "pipeline_tag: text-classification" in said
    assert command(run, "--push", *layout) == 0
    assert "publishing the export that exists" in capfd.readouterr().out
    for repo_id, files in plan.items():
        found = server.files(repo_id)
        found.pop(".gitattributes", None)
        assert {path: len(content) for path, content in found.items()} == files
        hub.check_card(found["README.md"].decode())
    assert ("model.safetensors" in plan[export_id]) == (layout == ("--layout", "one"))


def test_one_repository_serves_both(server, run, news, tmp_path):
    from grokaem import inference

    assert command(run, "--push", "--layout", "one", "--repo-id", "ada/both") == 0
    texts = [text for text, _ in news[:20]]
    classifier = inference.load("ada/both")
    assert not (classifier.export.path / "model.safetensors").exists(), (
        "a CPU's user does not fetch the weights"
    )
    labels = [answer.label for answer in classifier.predict(texts)]
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = hub.download("ada/both", cache_dir=tmp_path / "whole")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt", truncation=True)
    original = [model.config.id2label[i] for i in model(**tokens).logits.argmax(1).tolist()]
    assert sum(a == b for a, b in zip(original, labels, strict=True)) >= 18
    assert "## The unquantized weights" in (folder / "README.md").read_text()
    assert "## The unquantized weights" not in (run / "export" / "README.md").read_text()


def test_publishing_again_after_a_failure_does_not_export_again(server, run, capfd):
    graph = (run / "export" / "openvino_model.bin").stat().st_mtime_ns
    server.fail("/commit/", status=403, times=None, body='{"error": "not now"}')
    assert command(run, "--push") == 1
    server.heal()
    assert command(run, "--push") == 0
    assert command(run, "--push") == 0
    assert "already up to date" in capfd.readouterr().out
    assert (run / "export" / "openvino_model.bin").stat().st_mtime_ns == graph


def test_an_export_made_with_other_settings_is_not_published_in_silence(server, run, capfd):
    assert command(run, "--push", "--precision", "fp32") == 2
    assert "--overwrite" in capfd.readouterr().err
    parity = json.loads((run / "export" / "parity.json").read_text())
    parity["gate"]["max_drop"] = 0.5
    (run / "export" / "parity.json").write_text(json.dumps(parity))
    assert command(run, "--push") == 2
    assert not server.requests("POST /api/repos/create")


def test_dry_run_without_token_and_network(run, monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert command(run, "--dry-run") == 0
    assert "your-name/tiny-bert-news-openvino-int8" in capfd.readouterr().out
