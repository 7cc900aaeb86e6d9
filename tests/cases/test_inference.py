"""The everyday of inference: threads, bad inputs, broken models, the command's own habits."""

import json
import random
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from grokaem import inference
from grokaem.inference.prediction import shown_share
from tests.conftest import run_script
from tests.inference.exports import sound_export, text_export

WORDS = "warm honest film dull plot noise river town council vote drum snare".split()


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    return text_export(tmp_path_factory.mktemp("export") / "text")


@pytest.fixture(scope="module")
def sound_model(tmp_path_factory):
    return sound_export(tmp_path_factory.mktemp("export") / "sound")


def predict(*words, cwd, stdin=None):
    done = run_script("grokaem predict", *words, cwd=cwd, stdin=stdin)
    assert "Traceback" not in done.stderr
    return done, [json.loads(line) for line in done.stdout.split("\n") if line]


def together(call, inputs, workers=8):
    """What eight threads get that ask for the inputs in orders of their own, beside what one thread got."""
    alone = [call(given) for given in inputs]

    def ask(seed):
        order = random.Random(seed).sample(range(len(inputs)), len(inputs))
        return [(place, call(inputs[place])) for place in order]

    with ThreadPoolExecutor(workers) as pool:
        answers = [pair for pairs in pool.map(ask, range(workers)) for pair in pairs]
    return alone, answers


@pytest.mark.case("L2")
def test_threads_share_a_text_classifier(text_model):
    rng = random.Random(0)
    inputs = [[" ".join(rng.choices(WORDS, k=rng.randint(1, 30))) for _ in range(n)] for n in [1] * 30 + [3, 20, 70]]
    classifier = inference.load(text_model)  # compiled by whichever thread comes first
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(classifier.logits, [inputs[0]] * 8))
    assert all(np.array_equal(found, first[0]) for found in first)
    alone, answers = together(classifier.logits, inputs)
    assert len({found.tobytes() for found in alone}) == len(inputs)
    for place, found in answers:
        np.testing.assert_allclose(found, alone[place], atol=1e-5)


@pytest.mark.case("L2")
def test_threads_share_a_sound_classifier(sound_model):
    rng = np.random.default_rng(0)
    clips = [[(rng.random(16000) * rng.random()).astype(np.float32) for _ in range(n)] for n in [1] * 20 + [3, 20]]
    alone, answers = together(inference.load(sound_model).logits, clips)
    assert len({found.tobytes() for found in alone}) == len(clips), "an answer of another's could be told"
    for place, found in answers:
        np.testing.assert_allclose(found, alone[place], atol=1e-5)


def test_requests_come_back_from_an_error_and_from_a_reader_who_leaves(text_model):
    classifier = inference.load(text_model)
    texts = [f"text {number}" for number in range(5000)]
    graph = classifier._graph
    free = lambda: graph._throughput._free.qsize()  # noqa: E731
    next(classifier.stream(texts))
    before = free()
    assert before > 0

    def batches():
        yield np.array([0]), {name: np.ones((1, 4), np.int64) for name in graph.inputs}
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        graph.run_all(batches(), np.zeros((1, 3), np.float32))
    with pytest.raises(Exception):  # noqa: B017 - OpenVINO's own
        graph.run_all([(np.array([0]), {"nothing": np.ones((1, 4))})], np.zeros((1, 3), np.float32))
    assert free() == before
    assert len(classifier.predict(texts)) == 5000


@pytest.mark.case("L16")
def test_one_bad_sound_takes_no_other_with_it(sound_model, case_inputs, tmp_path):
    shutil.copytree(case_inputs / "sounds", tmp_path / "sounds")
    shutil.copy(case_inputs / "no_sound.wav", tmp_path)
    names = ["sounds/low/speaker0/0.wav", "no_sound.wav", "sounds/high/speaker0/1.wav"]
    (tmp_path / "list.csv").write_text("\n".join(["file", *names]))
    done, _ = predict(sound_model, "--input", tmp_path / "list.csv", "--output", "o.csv", cwd=tmp_path)
    assert done.returncode == 1
    import csv

    with open(tmp_path / "o.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["label"]) for row in rows] == [True, False, True]
    assert "no_sound.wav" in rows[1]["reason"] and not rows[0]["reason"]
    assert "1 row set aside" in done.stderr and "row 3: " in done.stderr
    done, lines = predict(sound_model, "-", cwd=tmp_path, stdin="\n".join([*names, "sounds", "nowhere.wav"]))
    assert done.returncode == 1 and "3 sounds set aside" in done.stderr
    assert [bool(line["label"]) for line in lines] == [True, False, True, False, False]
    assert lines[0]["label"] == rows[0]["label"] and lines[1]["reason"]


@pytest.mark.case("L18")
def test_reads_of_a_long_sound_what_it_hears(sound_model, tmp_path):
    import wave

    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.full(48000, 3000, "<i2").tobytes())
        for _ in range(100):
            file.writeframes(bytes(16000 * 2 * 108))  # three hours of silence after it
    program = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_DATA, (3 << 29, 3 << 29))
sys.argv = ["grokaem", "predict", {str(sound_model)!r}, "long.wav"]
runpy.run_module("grokaem", run_name="__main__")
"""
    import subprocess
    import sys

    from tests.conftest import ROOT

    program = program.replace('"long.wav"', repr(str(tmp_path / "long.wav")))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "the model read 1.5 of 10,803.0 seconds" in done.stderr
    start = inference.load(sound_model).predict([np.full(24000, 3000 / 32768, np.float32)])[0]
    assert json.loads(done.stdout)["scores"] == pytest.approx(start.scores, abs=1e-4)


@pytest.mark.case("R2")
@pytest.mark.parametrize("order", [["M", "--revision", "v1", "a text"], ["--revision=v1", "M", "a text"],
                                   ["M", "a text", "--revision", "v1"]])  # fmt: skip
def test_options_stand_anywhere(text_model, order, monkeypatch, capsys):
    from grokaem.inference import export_folder
    from grokaem.inference import predict as command

    asked = []
    real = export_folder.locate
    monkeypatch.setattr(export_folder, "locate", lambda name, rev: asked.append((name, rev)) or real(text_model))
    assert command.main(order) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["input"] == "a text" and asked == [("M", "v1")]


def test_home_is_found_in_paths(text_model, tmp_path, monkeypatch, capsys):
    from grokaem.inference import predict as command

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.csv").write_text("text\nwarm film\n")
    assert command.main([str(text_model), "--input=~/x.csv", "--output=~/o.csv"]) == 0
    assert (tmp_path / "o.csv").is_file()


@pytest.mark.case("L14")
def test_lines_of_standard_input_end_where_those_of_a_file_do(text_model, case_inputs, tmp_path):
    done, lines = predict(text_model, "-", cwd=tmp_path, stdin=(case_inputs / "lines.txt").read_text("utf-8"))
    assert done.returncode == 0 and len(lines) == 48
    output = tmp_path / "o.jsonl"
    done, _ = predict(text_model, "--input", case_inputs / "lines.txt", "--output", output, cwd=tmp_path)
    rows = [json.loads(line) for line in output.read_text("utf-8").split("\n") if line]
    assert [row["input"] for row in rows] == [line["input"] for line in lines]


def test_says_how_much_of_a_text_it_read_and_looks_at_no_more(text_model, tmp_path):
    text = " ".join(WORDS * 5)
    done, lines = predict(text_model, text, "warm", "river " * 20_000, cwd=tmp_path)
    assert [line["label"] is None for line in lines] == [False] * 3 and done.returncode == 0
    assert re.search(r"read 32 of \d\d tokens", done.stderr)
    assert "the first 32 tokens of 120,000 characters" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    # 31 words are at least 31 tokens, of which 30 are read between the marks of beginning and end.
    beginnings = [" " * 50_000 + text, " ".join(text.split()[:31]), "warm"]
    whole, *answers = inference.load(text_model).predict([text, *beginnings])
    assert answers[0].scores == pytest.approx(whole.scores)
    assert answers[1].scores == pytest.approx(whole.scores)
    assert whole.read and not answers[2].read


@pytest.mark.parametrize("text", ["", "   ", "\u2028"])
def test_no_text_gets_no_label(text_model, tmp_path, text):
    done, lines = predict(text_model, text, "warm film", cwd=tmp_path)
    assert done.returncode == 1 and lines[0]["label"] is None and lines[1]["label"]
    assert "no text to classify" in lines[0]["reason"] and "1 text set aside" in done.stderr


def test_the_name_of_a_file_given_as_a_text_is_said(text_model, tmp_path):
    (tmp_path / "reviews.csv").write_text("text\na\n")
    done, lines = predict(text_model, "reviews.csv", ".", cwd=tmp_path)
    assert done.returncode == 0 and len(lines) == 2
    assert "reviews.csv is a file" in done.stderr and ". is a folder" in done.stderr and "--input" in done.stderr


def _cut(name, size=100):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def _wrote(name, text):
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    "damage, named",
    [
        (_cut("openvino_model.bin"), "openvino_model.bin"),
        (_cut("openvino_model.xml"), "openvino_model.xml"),
        (_cut("tokenizer.json"), "tokenizer.json"),
        (_cut("config.json", 10), "config.json"),
        (_wrote("config.json", "[]"), "config.json"),
        (_wrote("config.json", '{"task": "text", "id2label": {"0": "a", "2": "b"}}'), "config.json"),
        (_wrote("config.json", '{"task": "text", "id2label": {"0": "a", "1": "b", "2": "c"}}'), "max_length"),
        (_wrote("config.json", '{"task": "text", "max_length": 9, "id2label": {"0": "a", "1": "b"}}'), "3 scores"),
        (lambda folder: (folder / "openvino_model.bin").unlink(), "openvino_model.bin"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
        (lambda folder: (folder / "config.json").unlink(), "config.json"),
    ],
)
def test_a_damaged_model_is_one_sentence_that_names_the_file(text_model, tmp_path, damage, named):
    folder = tmp_path / "export"
    shutil.copytree(text_model, folder)
    damage(folder)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        inference.load(folder)
    message = str(caught.value)
    assert named in message and "export" in message and "again" in message and "\n" not in message


@pytest.mark.parametrize("share, shown", [(0.9959, 0.9959), (1 - 1e-9, 0.999999), (1e-12, 1e-6), (1.0, 1.0)])
def test_no_share_is_rounded_to_certainty(share, shown):
    assert shown_share(share) == shown


def test_preparing_the_graph_is_not_the_first_texts_time(text_model, monkeypatch):
    from grokaem.inference import graph

    compiled = []
    real = graph.compile_for

    def slow(hint, model):
        import time

        time.sleep(0.5)
        compiled.append(hint)
        return real(hint, model)

    monkeypatch.setattr(graph, "compile_for", slow)
    classifier = inference.load(text_model)
    assert classifier.predict(["warm film"])[0].milliseconds < 400
    assert classifier.predict(["warm film"] * 20)[0].milliseconds * 20 < 400
    assert compiled == ["LATENCY", "THROUGHPUT"]


@pytest.mark.case("L22")
@pytest.mark.parametrize("model", ["bart", "albert", "bert_without_pooler", "roberta"])
def test_the_marks_of_a_model_are_letters_in_a_text(case_models, model):
    """In inference and in training alike; only what the model puts around a text is its own."""
    from transformers import AutoTokenizer

    from grokaem.tokenization import Tokenizer, treat_special_tokens_as_text

    theirs = AutoTokenizer.from_pretrained(case_models / model)
    special = set(theirs.all_special_ids) - {theirs.unk_token_id}
    treat_special_tokens_as_text(theirs)
    ours = Tokenizer(case_models / model / "tokenizer.json", 100)
    texts = [f"a warm {mark} film{mark}" for mark in ("</s>", "<s>", "<pad>", "[CLS]", "[SEP]", "<|endoftext|>")]
    plain = ours.encode(["a warm film"])[0].ids
    around = sum(number in special for number in plain)
    assert plain == theirs("a warm film")["input_ids"]
    for text, encoded in zip(texts, ours.encode(texts), strict=True):
        assert sum(number in special for number in encoded.ids) == around
        assert encoded.ids == theirs(text)["input_ids"]


@pytest.fixture(scope="module")
def bart_export(case_models, tmp_path_factory):
    """A BART that classifies, as Optimum converts it: it counts the </s> of each text of a batch."""
    import torch
    from optimum.intel import OVModelForSequenceClassification
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tmp_path_factory.mktemp("bart")
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(case_models / "bart", num_labels=2)
    model.save_pretrained(folder / "run")
    AutoTokenizer.from_pretrained(case_models / "bart").save_pretrained(folder / "run")
    OVModelForSequenceClassification.from_pretrained(
        folder / "run", export=True, compile=False, load_in_8bit=False
    ).save_pretrained(folder / "export")
    shutil.copy(folder / "run" / "tokenizer.json", folder / "export")
    path = folder / "export" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task": "text", "max_length": 64}))
    return folder / "export"


@pytest.mark.case("L22")
@pytest.mark.slow
def test_a_text_with_the_mark_of_its_end_goes_through_bart(bart_export, tmp_path):
    texts = [f"a warm and honest film {number}" for number in range(40)]
    texts[7] = "a warm </s> and </s></s> honest film"
    (tmp_path / "x.txt").write_text("\n".join(texts))
    done, _ = predict(bart_export, "--input", tmp_path / "x.txt", "--output", tmp_path / "o.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row["input"] for row in rows] == texts and all(row["label"] for row in rows)
