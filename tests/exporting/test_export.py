import json
import os
import shutil

import numpy as np
import pytest

from tests.conftest import run_script


def test_export_folder_is_whole(text_run):
    export = text_run / "export"
    assert {file.name for file in export.iterdir()} == {
        ".grokaem.json",
        "openvino_model.xml",
        "openvino_model.bin",
        "openvino_tokenizer.xml",
        "openvino_tokenizer.bin",
        "config.json",
        "parity.json",
        "README.md",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    parity = json.loads((export / "parity.json").read_text())
    assert {"original", "export", "flips", "n", "max_score_difference", "gate", "attempts"} <= set(parity)
    assert set(parity["original"]) == {"accuracy", "macro_f1", "bytes", "weight_bytes"}
    assert parity["export"]["weight_bytes"] == (export / "openvino_model.bin").stat().st_size
    assert parity["gate"]["passed"] and parity["attempts"][-1]["part"] == "test"
    for attempt in [parity["export"], *parity["attempts"]]:
        speed = {f"{kind}_b{size}" for kind in ("latency_ms", "items_per_second") for size in (1, 32)}
        wanted = {"bytes", "weight_bytes", "items_per_second", "peak_mib", *speed}
        assert wanted <= set(attempt) and all(attempt[key] > 0 for key in wanted)
    for attempt in parity["attempts"]:
        low, high = attempt["export_accuracy_interval_95"]
        assert 0 <= low <= attempt["export_accuracy"] <= high <= 1
        assert attempt["drop_interval_95"][0] <= attempt["original_accuracy"] - attempt["export_accuracy"]
        assert {"flips", "n", "max_score_difference", "export_macro_f1"} <= set(attempt)
    # Torch alone is more than that: the measuring process is free of it.
    assert parity["export"]["peak_mib"] < 250
    assert not hasattr(os, "getloadavg") or parity["runtime"]["load"] >= 0
    assert parity["n"] == json.loads((text_run / "run.json").read_text())["data"]["sizes"]["test"]
    assert [path.name for path in text_run.glob(".*")] == [".grokaem.json"], "no temporary folder stays"


def test_weights_are_stored_in_8_bits(text_run):
    import openvino

    graph = openvino.Core().read_model(text_run / "export" / "openvino_model.xml")
    sizes = {}
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Constant":
            kind = node.get_element_type().get_type_name()
            sizes[kind] = sizes.get(kind, 0) + np.prod(node.shape, dtype=int)
    assert sizes["i8"] + sizes.get("u8", 0) > 0.95 * sum(sizes.values())
    assert any(node.get_type_name() == "FakeQuantize" for node in graph.get_ordered_ops()), "activations too"


def test_tokenizer_graph_gives_the_tokenizer_s_ids(text_run, news):
    import openvino
    import openvino_tokenizers  # noqa: F401
    from transformers import AutoTokenizer

    texts = [text for text, _ in news[:100]] + ["Ünïcode — «тест» 你好 🙂", "a" * 300, " two  spaces ", ""]
    graph = openvino.Core().compile_model(text_run / "export" / "openvino_tokenizer.xml", "CPU")
    tokenizer = AutoTokenizer.from_pretrained(text_run)
    ids = graph(texts)["input_ids"]
    for row, text in zip(ids, texts, strict=True):
        wanted = tokenizer(text, truncation=True, max_length=128)["input_ids"]
        assert row[: len(wanted)].tolist() == wanted and not row[len(wanted) :].any()


def test_calibration_never_sees_validation_or_test(text_run, monkeypatch, tmp_path):
    from exporting import gate
    from exporting.parity import Bounds
    from exporting.run_source import read_run
    from exporting.text_source import TextSource

    run = read_run(text_run)
    corpus = run.corpus()
    seen = []

    class Spy(TextSource):
        def quantized(self, folder, method, calibration, *rest):
            seen.extend(calibration)
            return super().quantized(folder, method, calibration, *rest)

    (tmp_path / "fp32").mkdir()
    source = Spy(run)
    source.convert(tmp_path / "fp32")
    gate.choose(source, corpus, tmp_path, "int8", Bounds(1.0, 1.0), 20)
    assert len(seen) == 20 and set(seen) <= set(corpus.train.inputs)


def test_failed_gate_leaves_no_export_and_keeps_the_attempts(text_run, tmp_path, monkeypatch):
    """A quantization that inverts the answers: every attempt must fail, and nothing may appear."""
    import openvino
    from openvino import opset13

    from exporting import export
    from exporting.text_source import TextSource

    def inverted(self, folder, *_):
        graph = openvino.Core().read_model(folder / "openvino_model.xml")
        logits = graph.outputs[0].get_node().input_value(0)
        negative = opset13.negative(logits)
        return openvino.Model([opset13.result(negative)], graph.get_parameters(), "inverted")

    run = tmp_path / "run"
    shutil.copytree(text_run, run, ignore=shutil.ignore_patterns("export"))
    report = json.loads((run / "run.json").read_text())
    monkeypatch.setattr(TextSource, "quantized", inverted)
    assert report["metrics"]["accuracy"] > 0.8, "the tiny run learned nothing: no gate can be tested on it"
    with pytest.raises(RuntimeError, match="no attempt stays within the bounds: int8 on validation"):
        export.export_run(run, precision="int8")
    assert not (run / "export").exists() and [path.name for path in run.glob(".*")] == [".grokaem.json"]
    failed = json.loads((run / "export_failed.json").read_text())
    assert [a["method"] for a in failed["attempts"]] == ["int8", "int8-mixed"]
    assert not any(a["passed"] for a in failed["attempts"])


def test_layers_are_restored_until_the_loss_is_within_bounds(text_run, tmp_path):
    """NNCF's accuracy control: weights stay in 8 bits, and no more accuracy is lost than allowed."""
    import openvino

    from exporting.parity import Bounds
    from exporting.quantization import ValidationReference
    from exporting.run_source import read_run
    from exporting.text_source import TextSource
    from grokaem import inference

    source = TextSource(read_run(text_run))
    corpus = source.run.corpus()
    (tmp_path / "fp32").mkdir()
    (tmp_path / "mixed").mkdir()
    source.convert(tmp_path / "fp32")
    for name in ("fp32", "mixed"):
        source.write_rest(tmp_path / name)
    part = corpus.validation
    original = inference.load(tmp_path / "fp32").logits(part.inputs)
    reference = ValidationReference(part.inputs, part.labels, original, Bounds(0.0, 0.1))
    graph = source.quantized(tmp_path / "fp32", "int8-mixed", corpus.train.inputs[:30], reference)
    openvino.save_model(graph, tmp_path / "mixed" / "openvino_model.xml", compress_to_fp16=False)
    sizes = [(tmp_path / name / "openvino_model.bin").stat().st_size for name in ("fp32", "mixed")]
    assert sizes[1] < 0.3 * sizes[0]
    labels = np.asarray(corpus.validation.labels)
    scores = [inference.load(tmp_path / name).logits(corpus.validation.inputs) for name in ("fp32", "mixed")]
    right = [(logits.argmax(axis=1) == labels).mean() for logits in scores]
    assert right[1] >= right[0] - 1 / len(labels), "one label of rounding between batch and single"


@pytest.mark.parametrize(
    "options, words",
    [
        (["--max-drop", "2"], "--max-drop"),
        (["--calibration-samples", "0"], "--calibration-samples"),
        (["--dataset", "rotten_tomatoes"], "leave out --dataset"),
        ([], "--overwrite"),
    ],
)
def test_wrong_usage_is_one_sentence(text_run, options, words, capsys):
    from exporting import export
    from grokaem.command_line import run

    assert run(export.main, [str(text_run), *options]) == 2
    assert words in capsys.readouterr().err


def test_changed_data_is_noticed(text_run, tmp_path, news_csv):
    run = tmp_path / "run"
    shutil.copytree(text_run, run, ignore=shutil.ignore_patterns("export"))
    changed = tmp_path / news_csv.name
    changed.write_text(news_csv.read_text(encoding="utf-8") + "one more line,fresh\n", encoding="utf-8")
    report = json.loads((run / "run.json").read_text())
    report["config"]["dataset"] = str(changed)
    (run / "run.json").write_text(json.dumps(report))
    done = run_script("exporting/export.py", run, cwd=tmp_path)
    assert done.returncode == 2 and "train again" in done.stderr
    assert not (run / "export").exists()
