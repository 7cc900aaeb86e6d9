import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from exporting.foreign_classifier import _find
from grokaem import hub, inference
from grokaem.hub.base_model import resolve
from tests.conftest import OFFLINE, ROOT, run_script
from tests.hub_server import HubServer


def test_one_json_object_a_line(text_run):
    done = run_script(
        "grokaem predict", text_run / "export", "A joy.", "Dull & long — «скука».", cwd=text_run.parent
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["input"] for row in rows] == ["A joy.", "Dull & long — «скука»."]
    for row in rows:
        assert set(row) == {"input", "label", "scores", "milliseconds"}
        assert row["label"] == max(row["scores"], key=row["scores"].get)
        assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_lines_from_standard_input(text_run):
    done = run_script("grokaem predict", text_run, "-", cwd=text_run.parent, stdin="one\n\ntwo\n")
    assert [json.loads(line)["input"] for line in done.stdout.splitlines()] == ["one", "two"]


def test_runs_where_torch_and_transformers_cannot_be_imported(text_run):
    program = textwrap.dedent(f"""
        import runpy, sys
        for name in ("torch", "transformers", "optimum", "nncf", "sklearn", "scipy", "pandas", "gradio", "datasets"):
            sys.modules[name] = None
        sys.argv = ["grokaem", "predict", {str(text_run / "export")!r}, "A joy."]
        runpy.run_module("grokaem", run_name="__main__")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] in ("acq", "earn")


def test_many_texts_score_as_each_alone(text_run, news):
    texts = [text for text, _ in news[:60]] + ["", "x" * 5000]
    classifier = inference.load(text_run / "export")
    together = classifier.predict(texts)
    alone = [classifier.predict([text])[0] for text in texts]
    for a, b in zip(together, alone, strict=True):
        assert list(a.scores.values()) == pytest.approx(list(b.scores.values()), abs=0.02)


def test_scores_follow_the_original_weights(text_run, news):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    texts = [text for text, _ in news[:60]]
    model = AutoModelForSequenceClassification.from_pretrained(text_run).eval()
    tokens = AutoTokenizer.from_pretrained(text_run)(
        texts, padding=True, truncation=True, return_tensors="pt"
    )
    with torch.inference_mode():
        original = model(**tokens).logits.softmax(-1).numpy()
    export = np.array([list(p.scores.values()) for p in inference.load(text_run).predict(texts)])
    assert np.abs(original - export).max() < 0.1
    assert (original.argmax(1) == export.argmax(1)).mean() > 0.9


@pytest.mark.parametrize(
    "given, words",
    [
        ("./nowhere", "there is no folder"),
        ("runs/nowhere", f"there is no folder runs/nowhere here (looked in {ROOT})"),
        ("exports/nowhere", f"there is no folder exports/nowhere here (looked in {ROOT})"),
        ("README.md", "is a file"),
        (".", "holds no openvino_model.xml"),
    ],
)
def test_wrong_model_is_one_sentence(given, words):
    done = run_script("grokaem predict", given, "text", cwd=ROOT)
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_run_folder_without_export_names_the_command(text_run, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="exporting/export.py"):
        inference.load(tmp_path)


def test_a_single_string_is_refused(text_run):
    with pytest.raises(ValueError, match="list of texts"):
        inference.load(text_run).predict("a text")


@pytest.mark.parametrize("reached", [True, False], ids=["without the repository", "that cannot be reached"])
def test_a_hub_that_cannot_help_is_told_with_the_missing_folder(reached, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("grokaem.hub.client.WAITS", (0.0, 0.0, 0.0))
    for name in OFFLINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    with HubServer(tmp_path / "server") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint if reached else "http://127.0.0.1:9")
        kind = hub.HubNotFound if reached else hub.HubUnavailable
        for ask in (inference.load, lambda name: _find(name, None), resolve):
            with pytest.raises(kind) as caught:
                ask("mine/model")
            assert str(caught.value).endswith(f"; there is no folder mine/model here either (looked in {tmp_path}).")
            with pytest.raises(FileNotFoundError, match="there is no folder runs/model here"):
                ask("runs/model")
