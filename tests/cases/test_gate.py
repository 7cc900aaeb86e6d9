"""Exports that cases.md names: weights that were not the ones scored, a tokenizer without token types."""

import json
import shutil

import numpy as np
import pytest

from grokaem import ownership
from tests.conftest import run_script


@pytest.fixture
def run_copy(text_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(text_run, folder, ignore=shutil.ignore_patterns("export"))
    return folder


def _change(folder, name, change):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    found = [key for key in weights if key.endswith(name)]
    assert len(found) == 1
    weights[found[0]] = change(weights[found[0]])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.case("L5")
def test_weights_that_were_not_all_saved_are_not_exported(run_copy):
    rng = np.random.default_rng(0)
    _change(run_copy, "pooler.dense.weight", lambda w: rng.normal(0, 0.02, w.shape).astype(np.float32))
    done = run_script("exporting/export.py", run_copy, "--precision", "int8-weight", cwd=run_copy)
    assert done.returncode == 2 and "are not those that training recorded" in done.stderr, "their hash is another"
    (run_copy / ".grokaem.json").unlink()  # a run of before hashes were kept
    done = run_script("exporting/export.py", run_copy, "--precision", "int8-weight", cwd=run_copy)
    told = json.loads((run_copy / "run.json").read_text())["metrics"]["accuracy"]
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"run.json says {told:.4f}" in done.stderr and "have accuracy 0." in done.stderr
    assert "train again." in done.stderr and "trying" not in done.stdout, "before the long work"
    assert not (run_copy / "export").exists() and not list(run_copy.glob(".*"))


@pytest.mark.case("L6")
def test_bert_beside_a_tokenizer_without_token_types(case_models, case_inputs, tmp_path):
    import openvino

    from exporting.export import export_run
    from exporting.run_source import read_run
    from exporting.text_source import TextSource
    from grokaem import inference

    words = ["--dataset", case_inputs / "reviews.csv", "--base-model", case_models / "bert_xlmr_tokenizer"]
    done = run_script("training/finetune.py", *words, "--epochs", 1, "--output-dir", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-1500:]
    folder = export_run(tmp_path / "run", precision="int8", calibration_samples=20)
    assert json.loads((folder / "parity.json").read_text())["method"] == "int8"
    graph = openvino.Core().read_model(folder / "openvino_model.xml")
    assert {port.get_any_name() for port in graph.inputs} == {"input_ids", "attention_mask"}
    texts = ["a warm and honest film", "two dull hours"] * 10
    original = TextSource(read_run(tmp_path / "run")).original_logits(texts)
    assert np.abs(inference.load(folder).logits(texts) - original).max() < 0.1
    (tmp_path / "fp32").mkdir()
    source = TextSource(read_run(tmp_path / "run"))
    source.convert(tmp_path / "fp32")
    source.write_rest(tmp_path / "fp32")
    assert np.abs(inference.load(tmp_path / "fp32").logits(texts) - original).max() < 1e-4


@pytest.mark.case("L6")
def test_an_attempt_that_raises_is_recorded_and_auto_goes_on(run_copy, monkeypatch):
    from exporting.export import export_run
    from exporting.text_source import TextSource

    whole = TextSource.quantized

    def broken(self, folder, method, *rest):
        if method != "int8-weight":
            raise RuntimeError("Exception from src/core: | Eltwise | shapes")
        return whole(self, folder, method, *rest)

    monkeypatch.setattr(TextSource, "quantized", broken)
    ownership.write_text(run_copy / "export_failed.json", "{}")
    folder = export_run(run_copy)
    attempts = json.loads((folder / "parity.json").read_text())["attempts"]
    assert [(a["method"], "error" in a) for a in attempts] == [
        ("int8", True),
        ("int8-mixed", True),
        ("int8-weight", False),
        ("int8-weight", False),
    ]
    assert "Eltwise" in (folder / "README.md").read_text(encoding="utf-8")
    assert not (run_copy / "export_failed.json").exists(), "an export that passed leaves no record of a failure"


def test_nothing_appears_that_was_not_proven_on_the_test_part(run_copy, monkeypatch):
    """An export that is right on validation and wrong on the test part: skipping the proof would let it appear."""
    from exporting import gate
    from exporting.export import export_run
    from exporting.run_source import read_run

    whole, corpus = gate._logits, read_run(run_copy).corpus()

    def wrong_on_test(folder, inputs):
        logits = whole(folder, inputs)
        return -logits if inputs == corpus.test.inputs else logits

    monkeypatch.setattr(gate, "_logits", wrong_on_test)
    with pytest.raises(RuntimeError, match="fp32 on test: "):
        export_run(run_copy, precision="fp32")
    assert not (run_copy / "export").exists() and [path.name for path in run_copy.glob(".*")] == [".grokaem.json"]
    kept = json.loads((run_copy / "export_failed.json").read_text())
    assert [(a["part"], a["passed"]) for a in kept["attempts"]] == [("validation", True), ("test", False)]


def test_verdict_is_what_the_export_answers_on_the_test_part(text_run):
    from exporting.run_source import read_run
    from grokaem import inference

    part, parity = read_run(text_run).corpus().test, json.loads((text_run / "export" / "parity.json").read_text())
    right = inference.load(text_run).logits(part.inputs).argmax(axis=1) == np.asarray(part.labels)
    assert parity["export"]["accuracy"] == pytest.approx(right.mean()) and parity["n"] == len(right)
    first = parity["export"]["instruction_sets"][0]
    assert first["accuracy"] == parity["export"]["accuracy"] and first["max_logit_difference"] == 0


def test_other_instructions_are_answered_by_another_process(text_run):
    """Where the cap changes nothing the test says so: 8-bit products are then the same on either side."""
    from exporting import instruction_sets
    from grokaem import inference

    texts = [f"profit rose {number} per cent in the quarter" for number in range(40)]
    here = inference.load(text_run).logits(texts)
    same = instruction_sets.logits_under("", text_run / "export", texts)
    assert np.abs(same - here).max() < 1e-4
    cap = instruction_sets.WITHOUT_VNNI.get(instruction_sets.name())
    if cap is None:
        pytest.skip(f"{instruction_sets.name()} has no VNNI that could be switched off")
    capped = instruction_sets.logits_under(cap, text_run / "export", texts)
    assert (capped.argmax(axis=1) != here.argmax(axis=1)).sum() <= 2
