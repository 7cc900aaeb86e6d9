"""Runs go on with what they began with, whatever has become of it since: data and base models, by their identity."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from safetensors.torch import load_file, save_file

from grokaem import ownership
from grokaem.identity import weights
from tests.conftest import run_script, started

FLAGS = ["--max-steps", 40, "--batch-size", 8, "--precision", "fp32", "--learning-rate", "3e-3", "--save-seconds", 0]


def table(rows):
    return ("text,label\n" + "".join(f'"{text.replace(chr(34), "")}",{label}\n' for text, label in rows)).encode()


def model_files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def flip(path, byte=-1):
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(content)


def stopped_after_a_checkpoint(cwd, *words):
    """Runs the real script until its first checkpoint is whole, and stops it as a batch system does."""
    process = subprocess.Popen(
        [*started("training/finetune.py"), *map(str, words)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    name = words[words.index("--output-dir") + 1]
    while process.poll() is None and not list(cwd.glob(f".{name}.partial/checkpoints/checkpoint-*/complete")):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 128 + signal.SIGTERM, told[-2000:]


@pytest.mark.case("R3")
def test_a_run_goes_on_and_is_exported_at_the_commits_that_it_began_with(server, news, tiny_bert, tmp_path):
    def command(script, *words, code=0, **more):
        done = run_script(script, *words, cwd=tmp_path, env=dict(os.environ) | more)
        assert done.returncode == code, done.stdout[-1000:] + done.stderr[-2000:]
        return done

    data, base = f"{server.user}/news", f"{server.user}/tiny"
    began = {"data": server.put(data, {"data.csv": table(news)}, kind="datasets"),
             "base_model": server.put(base, model_files(tiny_bert))}  # fmt: skip
    flags = ["--dataset", data, "--base-model", base, *FLAGS]
    command("training/finetune.py", *flags, "--output-dir", "whole")
    stopped_after_a_checkpoint(tmp_path, *flags, "--output-dir", "run")
    # Both move on: other texts of other labels, and other weights.
    other = [(text[::-1], {"acq": "earn", "earn": "acq"}[label]) for text, label in news]
    moved = {name: (tensor + 0.5).contiguous() for name, tensor in load_file(tiny_bert / "model.safetensors").items()}
    save_file(moved, tmp_path / "moved.safetensors", {"format": "pt"})
    server.put(data, {"data.csv": table(other)}, kind="datasets")
    server.put(base, {"model.safetensors": (tmp_path / "moved.safetensors").read_bytes()})
    done = command("training/finetune.py", *flags, "--output-dir", "run", "--resume")
    assert "going on from checkpoint-" in done.stdout
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    assert {key: report[key]["revision"] for key in began} == began
    assert weights(tmp_path / "run") == weights(tmp_path / "whole"), "as if nothing had moved"
    command("training/finetune.py", *flags, "--output-dir", "newer")
    newer = json.loads((tmp_path / "newer" / "run.json").read_text())
    assert newer["data"]["revision"] != began["data"] and weights(tmp_path / "newer") != weights(tmp_path / "run")
    command("exporting/export.py", "run", "--precision", "fp32")
    parity = json.loads((tmp_path / "run" / "export" / "parity.json").read_text())
    assert parity["original"]["accuracy"] == pytest.approx(report["metrics"]["accuracy"], abs=1e-6)
    # Without a network `datasets` gives the newest that its cache has, which is another.
    told = command("exporting/export.py", "run", "--output-dir", "again", code=1, HF_HUB_OFFLINE="1").stderr
    assert f"is wanted at commit {began['data'][:12]}" in told.splitlines()[-1] and "Traceback" not in told
    command("exporting/export.py", "newer", "--precision", "fp32", HF_HUB_OFFLINE="1")


@pytest.mark.case("R3")
def test_an_adapter_is_merged_into_the_base_that_it_was_trained_on(server, news_csv, tiny_bert, tmp_path):
    def command(script, *words):
        return run_script(script, *words, cwd=tmp_path, env=dict(os.environ))

    base, lora = f"{server.user}/tiny", ["--lora-rank", 4, "--dataset", news_csv, *FLAGS]
    commit = server.put(base, model_files(tiny_bert))
    done = command("training/finetune.py", *lora, "--base-model", base, "--output-dir", "hub")
    assert done.returncode == 0, done.stderr[-2000:]
    moved = {name: (tensor + 0.5).contiguous() for name, tensor in load_file(tiny_bert / "model.safetensors").items()}
    save_file(moved, tmp_path / "moved.safetensors", {"format": "pt"})
    server.put(base, {"model.safetensors": (tmp_path / "moved.safetensors").read_bytes()})
    done = command("exporting/export.py", "hub", "--precision", "fp32")
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((tmp_path / "hub" / "run.json").read_text())["base_model"]["revision"] == commit

    mine = shutil.copytree(tiny_bert, tmp_path / "mine")
    done = command("training/finetune.py", *lora, "--base-model", "mine", "--output-dir", "own")
    assert done.returncode == 0, done.stderr[-2000:]
    flip(mine / "model.safetensors", 4 * -1000)
    done = command("exporting/export.py", "own", "--precision", "fp32")
    assert done.returncode == 2 and "is not the one that the run began with" in done.stderr.splitlines()[-1]
    done = command("training/finetune.py", *lora, "--base-model", "mine", "--output-dir", "own", "--resume")
    assert done.returncode == 0, "the finished run itself is what it was"
    shutil.rmtree(mine)
    done = command("exporting/export.py", "own", "--precision", "fp32")
    assert done.returncode == 2 and "there is no such folder" in done.stderr.splitlines()[-1]


@pytest.fixture
def run(text_run, news_csv, tmp_path):
    """A copy of the finished run, in whose folder its data lie."""
    shutil.copyfile(news_csv, tmp_path / "news.csv")
    folder = shutil.copytree(text_run, tmp_path / "run")
    rewritten(folder, lambda report: report["config"].update(dataset="news.csv"))
    return folder


def rewritten(folder, change):
    """Changes ``run.json`` as our own commands do, which keep the record right."""
    report = json.loads((folder / "run.json").read_text())
    change(report)
    ownership.write_text(folder / "run.json", json.dumps(report))


def export(run, *words):
    return run_script("exporting/export.py", "run", "--precision", "fp32", *words, cwd=run.parent)


def test_an_export_takes_no_notice_of_words_and_all_of_a_byte(run):
    rewritten(run, lambda report: report["data"].update(notes=["said otherwise"], name="another", license="MIT"))
    (done := export(run, "--output-dir", "other words")).check_returncode()
    assert (run.parent / "other words" / "parity.json").is_file(), done.stderr
    data = run.parent / "news.csv"
    content = data.read_bytes()
    data.write_bytes(content.replace(b"the", b"thy", 1))
    os.utime(data, (1, 1))
    done = export(run, "--output-dir", "other bytes")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and "news.csv is not the one run was trained on (revision then sha256:" in last
    data.unlink()
    done = export(run, "--output-dir", "gone")
    assert done.returncode == 2 and "no longer at news.csv" in done.stderr.splitlines()[-1]
    assert not (run.parent / "other bytes").exists() and not (run.parent / "gone").exists()


def test_the_same_data_in_another_place_are_the_same(run, tiny_bert):
    moved = run.parent / "elsewhere" / "renamed.csv"
    moved.parent.mkdir()
    (run.parent / "news.csv").rename(moved)
    flags = ["--base-model", tiny_bert, "--epochs", 6, "--learning-rate", "3e-3", "--output-dir", "run", "--resume"]

    def resume(data):
        return run_script("training/finetune.py", *flags, "--dataset", data, cwd=run.parent)

    done = resume("elsewhere/renamed.csv")
    assert done.returncode == 0 and "is finished" in done.stdout, done.stderr[-2000:]
    (done := export(run, "--output-dir", "again")).check_returncode()  # and is found there
    other = run.parent / "other.csv"
    other.write_bytes(moved.read_bytes().replace(b"the", b"thy", 1))
    done = resume("other.csv")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and "was trained on other data than other.csv holds now (revision" in last


def test_one_bit_of_the_weights_is_told_before_an_export_and_before_publishing(run):
    flip(run / "model.safetensors", 4 * -1000)
    for words in (["--output-dir", "again"], ["--dry-run"], ["--overwrite"]):
        done = export(run, *words)
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 2 and "are not those that training recorded (changed: model.safetensors)" in last
    flip(run / "model.safetensors", 4 * -1000)
    assert export(run, "--output-dir", "again").returncode == 0


def test_a_run_without_a_record_is_exported_as_it_was(run):
    (run / ownership.RECORD).unlink()
    shutil.rmtree(run / "export")

    def older(report):
        del report["data"]["split_rule"], report["base_model"]["sha256"]
        return report

    (run / "run.json").write_text(json.dumps(older(json.loads((run / "run.json").read_text()))))
    assert export(run).returncode == 0


def test_a_classifier_from_elsewhere_is_told_by_weights_and_data_alone(text_run, news_csv, tmp_path, monkeypatch):
    from exporting.foreign_classifier import import_classifier

    monkeypatch.chdir(tmp_path)
    theirs = shutil.copytree(text_run, tmp_path / "theirs", ignore=shutil.ignore_patterns("export", "run.json", ".*"))
    data = shutil.copyfile(news_csv, tmp_path / "news.csv")
    folder = import_classifier("theirs", "news.csv")
    rewritten(folder, lambda report: report["data"].update(notes=["said otherwise"]))
    (tmp_path / "moved").mkdir()
    shutil.move(data, tmp_path / "moved" / "news.csv")
    assert import_classifier(str(theirs), "moved/news.csv") == folder
    assert json.loads((folder / "run.json").read_text())["config"]["dataset"] == "moved/news.csv"
    with open(tmp_path / "moved" / "news.csv", "a", newline="") as file:
        csv.writer(file).writerow(["one more", "acq"])
    with pytest.raises(ValueError, match="holds another run .of other data, revision then"):
        import_classifier(str(theirs), "moved/news.csv")
    shutil.copyfile(news_csv, tmp_path / "moved" / "news.csv")
    flip(theirs / "model.safetensors", 4 * -1000)
    with pytest.raises(ValueError, match="holds another run .of other weights"):
        import_classifier("theirs", "moved/news.csv")


def test_an_unfinished_run_of_an_earlier_version_goes_on_with_the_revision_that_it_kept(tmp_path):
    from grokaem.identity import DataIdentity
    from training.run_folder import RunFolder

    folder = RunFolder(tmp_path / "run")
    folder.open({"seed": 0}, resume=False)
    record = json.loads((folder.partial / ownership.RECORD).read_text())
    del record["base_model"]
    (folder.partial / ownership.RECORD).write_text(json.dumps(record | {"data": "a" * 40}))
    began = folder.began_with()
    assert began.data and began.data.commit == "a" * 40 and began.base_model is None
    now = DataIdentity(("a" * 40,), "text", "sha256-tenths", ("acq", "earn"), {"acq": {"train": 1}})
    assert folder.open({"seed": 0}, True, now) is None
    with pytest.raises(ValueError, match="the data changed since .*revision then a"):
        folder.open({"seed": 0}, True, DataIdentity(("b" * 40,)))


@pytest.mark.parametrize("mine", [True, False])
def test_a_place_is_no_setting_where_what_lay_there_is_known(tmp_path, mine):
    from grokaem.identity import DataIdentity
    from training.same_run import Beginnings, changed_settings

    (tmp_path / "here.csv").touch()
    before: dict[str, object] = {"dataset": "gone.csv", "seed": 0}
    now = before | {"dataset": str(tmp_path / "here.csv")}
    if not mine:
        now["dataset"] = "owner/name"
    known = Beginnings(DataIdentity(("sha256:1",)))
    assert changed_settings(before, now, known) == ([] if mine else ["dataset"])
    assert changed_settings(before, now, Beginnings()) == ["dataset"]
    assert "seed" in changed_settings(before, now | {"seed": 1}, known)


def test_a_flag_that_came_after_a_run_is_no_other_setting():
    from training.config import FinetuneConfig
    from training.same_run import Beginnings, changed_settings

    now = FinetuneConfig().to_json()
    later = ("class_weights", "metric", "patience")
    before = {key: value for key, value in now.items() if key not in later}
    assert changed_settings(before, now, Beginnings()) == []
    for key, value in zip(later, ("auto", "macro_f1", 2), strict=True):
        assert changed_settings(before, now | {key: value}, Beginnings()) == [key], "but giving it is one"
