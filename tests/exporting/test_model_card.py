"""The whole card, word by word: what it says comes from the two reports and from nowhere else."""

import copy
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporting.model_card import write_card, write_original_card
from exporting.speed import unmeasured
from grokaem import hub, inference

REPORT = {
    "task": "text",
    "base_model": {"name": "someone/small-encoder", "revision": "0" * 40, "license": "mit"},
    "data": {
        "name": "reviews",
        "revision": "some-reviews==1.0 (sha256 abc)",
        "sizes": {"train": 800, "validation": 100, "test": 200},
        "label_names": ["bad", "good", "mixed"],
        "language": "en",
        "license": "unknown",
    },
    "config": {
        "epochs": 2.0,
        "batch_size": 16,
        "learning_rate": 5e-5,
        "precision": "bf16",
        "sequence_length": 64,
        "sample_rate": 16000,
        "max_seconds": 0.5,
    },
    "metrics": {"accuracy": 0.91, "macro_f1": 0.9012345, "loss": 0.25},
    "confusion": [[60, 4, 0], [2, 70, 9], [0, 3, 52]],
    "examples": [
        {"label": "bad", "text": 'Not "one"\nline | of it.'},
        {"label": "good", "text": "A joy."},
    ],
    "memory": {"predicted_peak_mib": 1200.4, "measured_peak_mib": 1180.6, "budget_mib": 2000},
    "seconds": 61.4,
    "epochs_run": 1.25,
    "hardware": {"cpu": "A processor", "cores": 2, "gpu": None},
    "versions": {"python": "3.11.7", "torch": "2.13.0"},
    "seed": 7,
}
SPEED = {
    "bytes": 27_000_000,
    "weight_bytes": 26_000_000,
    "latency_ms_b1": 2.345,
    "latency_ms_b32": 40.06,
    "items_per_second": 456.7,
    "peak_mib": 219.8,
}


def attempt(method, part, original, export, flips, n, **changes):
    accuracies = {"original_accuracy": original, "export_accuracy": export}
    return {"method": method, "part": part, "flips": flips, "n": n, **accuracies, **SPEED, **changes}


PARITY = {
    "method": "int8-mixed",
    "original": {"accuracy": 0.905, "bytes": 101_000_000, "weight_bytes": 100_000_000},
    "export": {
        "accuracy": 0.905,
        "macro_f1": 0.89876,
        "accuracy_interval_95": [0.865, 0.945],
        "labels": [
            {"label": "bad", "precision": 0.95, "recall": 0.9, "support": 64},
            {"label": "good", "precision": 0.9, "recall": 0.88, "support": 81},
            {"label": "mixed", "precision": 0.875, "recall": 0.9455, "support": 55},
        ],
        "instruction_sets": [
            {"name": "AVX512_CORE_VNNI", "accuracy": 0.905, "flips": 3, "max_logit_difference": 0.0},
            {"name": "AVX512_CORE", "error": "no such processor"},
        ],
        **SPEED,
    },
    "drop_interval_95": [-0.001, 0.0104],
    "flips": 3,
    "n": 200,
    "max_score_difference": 0.12345,
    "score_change": 0.0456,
    "runtime": {
        "cpu": "A processor (R)",
        "threads": 2,
        "versions": {"openvino": "2026.4.1", "openvino-tokenizers": "2026.4.1.0", "huggingface_hub": "1.21.0"},
    },
    "calibration": {"part": "train", "samples": 300},
    "gate": {"max_drop": 0.005, "passed": True},
    "attempts": [
        attempt("int8", "validation", 0.92, 0.88, 9, 100, passed=False),
        attempt("int8-mixed", "validation", 0.92, 0.92, 1, 100, passed=True),
        attempt("int8-mixed", "test", 0.91, 0.905, 3, 200, passed=True),
    ],
}
CARD = Path(__file__).with_name("expected_card.txt").read_text(encoding="utf-8")


@pytest.fixture
def export(tmp_path):
    (tmp_path / "parity.json").write_text(json.dumps(PARITY))
    return tmp_path


def report(**changes):
    changed = copy.deepcopy(REPORT)
    for key, value in changes.items():
        changed[key].update(value) if isinstance(value, dict) else changed.update({key: value})
    return changed


def test_the_whole_card(export):
    card = write_card(REPORT, export, "ada/reviews-openvino-int8").read_text(encoding="utf-8")
    assert card == CARD
    assert not list(export.glob("*.tmp"))


def test_the_card_of_a_run_that_minds_rare_classes(tmp_path):
    parity = copy.deepcopy(PARITY)
    parity["gate"]["metric"] = "macro_f1"
    parity["original"]["macro_f1"] = 0.9
    parity["attempts"][-1].update(original_macro_f1=0.9, export_macro_f1=0.89876)
    (tmp_path / "parity.json").write_text(json.dumps(parity))
    run = {**report(config={"metric": "macro_f1"}), "class_weights": {"bad": 0.5, "mixed": 12.3456},
           "never_predicted": ["mixed", "<b>good</b>"]}  # fmt: skip
    card = write_card(run, tmp_path).read_text(encoding="utf-8")
    for sentence in (
        "| original, in fp32 | 0.9050 | 0.9000 | |",
        "The loss of macro F1 is +0.0012 (95 % interval",
        "chosen on validation by macro F1:",
        "| int8-mixed | test | 0.9000 | 0.8988 |",
        "- the epoch was chosen by macro F1 on the validation part\n",
        "- the loss of an example counts by its class: bad 0.5, mixed 12.3\n",
        "No example of the test part was given mixed or &#60;b&#62;good&#60;/b&#62;, which it holds.",
    ):
        assert sentence in card, sentence


@pytest.mark.parametrize(("load", "told"), [(0.5, False), (0.51, True), (7.123, True)])
def test_the_load_of_the_machine_stands_beside_the_speeds_where_it_was_high(export, load, told):
    parity = copy.deepcopy(PARITY)  # 2 threads
    parity["runtime"]["load"] = load
    (export / "parity.json").write_text(json.dumps(parity))
    card = write_card(REPORT, export).read_text(encoding="utf-8")
    (line,) = [line for line in card.splitlines() if line.startswith("Speeds and memory on")]
    assert (f"a load of {load:.2f} over the last minute" in line) == told
    assert told or line in CARD


def test_speeds_that_were_not_measured_are_said_to_be(export):
    from exporting.report_checks import CARD_KEYS_EXPORT, check_complete
    from exporting.report_types import ParityReport

    parity = copy.deepcopy(PARITY)
    for figures in (parity["export"], *parity["attempts"]):
        figures |= unmeasured("No space left on device")
    check_complete(parity, ParityReport, CARD_KEYS_EXPORT, export / "parity.json", "export again")
    (export / "parity.json").write_text(json.dumps(parity))
    card = write_card(REPORT, export, "ada/reviews").read_text(encoding="utf-8")
    hub.check_card(card)
    assert "| 1 input, ms | | not measured |" in card and "| memory of the process, MiB | | not measured |" in card
    assert "Speeds and memory could not be measured (No space left on device)." in card
    assert "Speeds and memory on A processor" not in card
    assert card.count("| not measured | not measured | yes |") == 2


@pytest.mark.parametrize("wrong", ["12", [1.0]])
def test_a_speed_that_is_no_number_is_none_of_ours(export, wrong):
    from exporting.report_checks import CARD_KEYS_EXPORT, check_complete
    from exporting.report_types import ParityReport

    parity = copy.deepcopy(PARITY)
    parity["export"]["latency_ms_b1"] = wrong
    with pytest.raises(ValueError, match="lacks 'export.latency_ms_b1'"):
        check_complete(parity, ParityReport, CARD_KEYS_EXPORT, export / "parity.json", "export again")


def test_an_export_of_before_gets_a_card(export):
    old = copy.deepcopy(PARITY)
    del old["runtime"], old["score_change"], old["export"]["labels"], old["export"]["instruction_sets"]
    (export / "parity.json").write_text(json.dumps(old))
    before = report()
    del before["epochs_run"]
    card = write_card(before, export, "ada/reviews").read_text(encoding="utf-8")
    hub.check_card(card)
    assert "Of the original, label by label" in card and "| good | 0.9091 | 0.8642 | 0.8861 | 81 |" in card
    assert "- 2 epochs, batch" in card and "instruction set" not in card and "99 %" not in card
    del before["confusion"][2]  # of other labels: no figures rather than wrong ones
    (export / "parity.json").write_text(json.dumps(old))
    assert "label by label" not in write_card(before, export).read_text(encoding="utf-8")


def test_the_first_snippet_prints_the_label_as_soon_as_there_is_a_folder(text_run, news, tmp_path):
    folder = Path(shutil.copytree(text_run / "export", tmp_path / "fresh"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(.*?)```", card, re.S)[1]
    classifier = inference.load(folder)
    texts = [text for text, _ in news[:12]]
    labels = [prediction.label for prediction in classifier.predict(texts)]
    assert len(set(labels)) == 2, "both labels must occur, or a constant would pass"
    for label in set(labels):
        text = texts[labels.index(label)]
        assert '["A text."]' in snippet
        code = snippet.replace('["A text."]', json.dumps([text]))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr[-1500:]
        assert done.stdout.strip() == label
    parity = json.loads((folder / "parity.json").read_text())
    assert sum(row["support"] for row in parity["export"]["labels"]) == parity["n"]
    right = sum(row["recall"] * row["support"] for row in parity["export"]["labels"])
    assert right / parity["n"] == pytest.approx(parity["export"]["accuracy"])
    assert "Of the export, label by label" in card


def test_the_original_s_card_tells_how_it_is_used(export):
    card = write_original_card(REPORT, export, "ada/reviews", "ada/small").read_text(encoding="utf-8")
    assert "pip install transformers torch==2.13.0\n" in card
    assert 'pipeline("text-classification", "ada/reviews")(' in card
    (export / "adapter_config.json").write_text("{}")
    card = write_original_card(REPORT, export, "ada/reviews", "ada/small").read_text(encoding="utf-8")
    assert 'PeftModel.from_pretrained(base, "ada/reviews")' in card and "import pipeline" not in card


def test_metadata_keeps_the_rules_of_the_hub(export):
    assert hub.check_card(CARD)["license"] == "mit"
    original = write_original_card(REPORT, export, "ada/reviews", "ada/reviews-openvino-int8")
    data = hub.check_card(original.read_text(encoding="utf-8"))
    assert (data["base_model"], data["base_model_relation"]) == ("someone/small-encoder", "finetune")
    assert data["library_name"] == "transformers"
    found = data["model-index"][0]["results"][0]["metrics"]
    assert {metric["type"]: metric["value"] for metric in found} == {"accuracy": 0.91, "f1": 0.9012}


def test_export_and_original_name_each_other(export):
    card = write_card(REPORT, export, "ada/small", "ada/large").read_text(encoding="utf-8")
    data = hub.check_card(card)
    assert (data["base_model"], data["base_model_relation"]) == ("ada/large", "quantized")
    assert "https://huggingface.co/ada/large" in card
    other = write_original_card(REPORT, export, "ada/large", "ada/small").read_text(encoding="utf-8")
    assert "https://huggingface.co/ada/small" in other


@pytest.mark.parametrize(
    "name, revision",
    [("wide_resnet", "none"), ("my-model", "local folder"), ("/home/me/model", "local folder")],
)
def test_a_base_model_that_is_not_on_the_hub_is_no_link(export, name, revision):
    card = write_card(report(base_model={"name": name, "revision": revision, "license": None}), export)
    data = hub.check_card(card.read_text(encoding="utf-8"))
    assert "base_model" not in data and "base_model_relation" not in data and "license" not in data


def test_card_of_a_sound_classifier(export):
    audio = report(
        task="audio",
        examples=[],
        base_model={"name": "wide_resnet", "license": "apache-2.0"},
        memory={"predicted_peak_mib": None, "measured_peak_mib": None, "budget_mib": None},
        hardware={"gpu": "A GPU"},
    )
    card = write_card(audio, export, "ada/drums").read_text(encoding="utf-8")
    data = hub.check_card(card)
    assert data["pipeline_tag"] == "audio-classification" and "language" not in data
    for words in (
        "Classifies sounds as **bad**",
        "Mono samples at 16000 Hz, float32, cut or padded with zeros to 8000 samples.",
        "clip = numpy.zeros((8000,), ",
        "Clips are cut after 0.5 s.",
        "61 s on A GPU; peak memory: not measured\n",
    ):
        assert words in card
    assert "## Labels" not in card and "tokenizer([" not in card


def test_card_of_a_model_that_was_trained_elsewhere(export):
    adopted = report(adopted=True)
    for key in ("memory", "seconds", "hardware", "seed"):  # nothing of them is known
        del adopted[key]
    for key in ("epochs", "batch_size", "learning_rate", "precision"):
        del adopted["config"][key]
    card = write_card(adopted, export, "ada/small").read_text(encoding="utf-8")
    data = hub.check_card(card)
    assert (data["base_model"], data["base_model_relation"]) == ("someone/small-encoder", "quantized")
    assert "A quantized form of **someone/small-encoder**" in card and "Fine-tuned" not in card
    assert "trained by others on data not seen here" in card and "800 to calibrate on" in card


def test_a_last_run_tells_what_it_was_trained_on(export):
    last = report(data={"license": "CC0; foxdot: CC-BY-SA-4.0"}, config={"train_on_validation": True})
    card = write_card(last, export, "ada/drums").read_text(encoding="utf-8")
    assert "800 to train, 100 of them the validation part, 200 to test\n" in card
    assert "- licence of the data: CC0; foxdot&#58; CC-BY-SA-4.0\n" in card


def test_a_data_set_of_the_hub_is_linked(export):
    card = write_card(report(data={"name": "ada/films", "revision": "a" * 40}), export)
    data = hub.check_card(card.read_text(encoding="utf-8"))
    assert data["datasets"] == ["ada/films"]
    assert data["model-index"][0]["results"][0]["dataset"]["type"] == "ada/films"
    assert "datasets" not in hub.check_card(CARD)


@pytest.mark.parametrize("language", ["unknown", None, ""])
def test_an_unknown_language_is_left_out(export, language):
    card = write_card(report(data={"language": language}), export).read_text(encoding="utf-8")
    assert "language" not in hub.check_card(card)


def test_names_with_yaml_s_own_signs_stay_names(export):
    awkward = report(data={"name": "a: #b 'c' - \"d\"", "label_names": ["no", "1", "good: very"]})
    data = hub.check_card(write_card(awkward, export).read_text(encoding="utf-8"))
    assert data["model-index"][0]["results"][0]["dataset"]["name"] == "a: #b 'c' - \"d\""


def test_a_model_that_does_not_beat_the_most_frequent_label_says_so(export):
    words = "right no more often than if it always answered"
    assert words not in CARD
    poor = report(confusion=[[0, 0, 0], [0, 181, 0], [0, 19, 0]])  # 0.905, which is what the export scores
    card = write_card(poor, export).read_text(encoding="utf-8")
    assert words in card and "| always the most frequent label | 0.9050 | | |" in card


def test_the_most_frequent_label_is_that_of_the_training_part(export):
    counts = {"bad": 500, "good": 200, "mixed": 100}
    known = report(
        confusion=[[40, 0, 0], [0, 100, 0], [0, 0, 60]],
        data={"classes": {name: {"train": n, "validation": 9, "test": 9} for name, n in counts.items()}},
    )
    card = write_card(known, export).read_text(encoding="utf-8")
    assert "| always the most frequent label | 0.2000 | | |" in card, "not the 0.5 of what nobody knew before the test"
