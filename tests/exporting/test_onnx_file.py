import json

import numpy as np
import pytest

from tests.conftest import run_script


def test_onnx_beside_the_graph_gives_the_original_s_scores(text_run, news, tmp_path):
    """Read by ONNX Runtime's competitor here; compared with torch, text by text."""
    import openvino
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    done = run_script(
        "exporting/export.py", text_run, "--output-dir", "export", "--precision", "fp16", "--also", "onnx", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-1500:]
    parity = json.loads((tmp_path / "export" / "parity.json").read_text())
    assert parity["onnx"]["flips"] == 0 and parity["onnx"]["max_score_difference"] < 1e-4
    assert parity["onnx"]["bytes"] == (tmp_path / "export" / "model.onnx").stat().st_size
    assert parity["export"]["bytes"] < parity["onnx"]["bytes"], "the export's size does not count it"
    assert "`model.onnx`" in (tmp_path / "export" / "README.md").read_text()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    graph = openvino.Core().compile_model(tmp_path / "export" / "model.onnx", "CPU", exact)
    tokenizer = AutoTokenizer.from_pretrained(text_run)
    model = AutoModelForSequenceClassification.from_pretrained(text_run).eval()
    texts = [text for text, _ in news[:9]]
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
    given = {name: tokens[name].numpy() for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        assert np.abs(graph(given)[0] - model(**tokens).logits.numpy()).max() < 1e-4


def test_what_cannot_be_written_is_said_before_any_work(monkeypatch):
    from exporting import onnx_file

    with pytest.raises(ValueError, match="for texts"):
        onnx_file.check_onnx("audio")
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install onnx"):
        onnx_file.check_onnx("text")
