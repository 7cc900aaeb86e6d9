"""What lies in a folder and was not written there by our commands is not published, by any of them."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from exporting import export
from exporting.publication import Publication
from exporting.publish import publish_run
from exporting.run_source import read_run
from grokaem import command_line, ownership
from tests.conftest import run_script
from training import finetune

SECRET = b"geheim"


@pytest.fixture
def run(text_run, tmp_path) -> Path:
    return Path(shutil.copytree(text_run, tmp_path / "runs" / "run"))


@pytest.fixture
def push(run, server, news_csv, tiny_bert, capsys):
    """Publishes the run by one of the commands; gives exit code, what was said, and what everybody can read."""

    def pushed(by, *options):
        settings = ["--dataset", news_csv, "--base-model", tiny_bert, "--epochs", 6, "--learning-rate", "3e-3",
                    "--output-dir", run, "--resume"]  # fmt: skip
        main, arguments = (finetune.main, settings) if by == "finetune" else (export.main, [run])
        words = [*arguments, "--push", "--repo-id", "ada/m", *options]
        code = command_line.run(main, [str(word) for word in words])
        sent = {}
        for repo_id in ("ada/m", "ada/m-original"):
            with contextlib.suppress(LookupError):  # there is none
                sent |= server.files(repo_id)
        return code, capsys.readouterr(), sent

    return pushed


def lines(told) -> list[str]:
    """What was said on standard error, without the bars of the Hub's client."""
    return [line for line in told.err.splitlines() if line.startswith(("error", "not published"))]


def unrecorded(folder: Path) -> Path:
    """As commit 8fe415f left it."""
    (folder / ownership.RECORD).unlink()
    return folder


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("by", ["finetune", "export"])
def test_a_further_file_in_an_export_refuses_its_publication(run, push, by, old):
    (run / "export" / "notes.txt").write_bytes(SECRET)
    if old:
        unrecorded(run / "export")
    code, told, sent = push(by)
    assert code == 2 and "notes.txt" in told.err and "move it away" in told.err and not sent
    assert len(lines(told)) == 1
    (run / "export" / "notes.txt").unlink()
    code, told, sent = push(by)
    assert code == 0 and "openvino_model.bin" in sent and not lines(told)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("by, layout", [("export", "one"), ("export", "two"), ("finetune", "two")])
def test_a_user_s_files_in_a_run_stay_at_home_and_are_named(run, push, by, layout, old):
    strays = ["labels.jsonl", "export.log", ".hidden", "customers/all.csv", ".cache/huggingface/x.json",
              "checkpoint-7/model.safetensors", "export.old/parity.json"]  # fmt: skip
    for name in strays:
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(SECRET)
    (run / "link.json").symlink_to(run / "labels.jsonl")
    (run / "export_failed.json").write_bytes(b"{}")  # ours, and about this disk
    if old:
        unrecorded(run)
    code, told, sent = push(by, *(["--push-original"] if by == "finetune" else ["--layout", layout]))
    assert code == 0 and "model.safetensors" in sent, told.err
    assert not [name for name, content in sent.items() if SECRET in content]
    assert not {*strays, "link.json", "export_failed.json", ownership.RECORD} & set(sent)
    for name in [*strays, "link.json"]:
        assert name.split("/")[0] in told.err
    assert "export_failed" not in told.err and len(lines(told)) == 1
    assert (run / "labels.jsonl").read_bytes() == SECRET


SPOIL = {
    "edited": lambda run: (run / "tokenizer_config.json").write_text('{"a": "geheim"}'),
    "link": lambda run: _linked(run / "model.safetensors"),
    "gone": lambda run: (run / "tokenizer_config.json").unlink(),
    "pipe": lambda run: _piped(run / "tokenizer_config.json"),
}


def _linked(file: Path) -> None:
    file.rename(file.with_name("kept"))
    file.symlink_to("kept")


def _piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("layout", ["one", "two"])
@pytest.mark.parametrize("how", SPOIL)
def test_a_changed_file_refuses_before_anything_is_sent(run, push, server, how, layout):
    SPOIL[how](run)
    code, told, sent = push("export", "--layout", layout)
    assert code == 2 and not sent and not server.requests("POST")
    named = "model.safetensors" if how == "link" else "tokenizer_config.json"
    assert named in told.err and "train again" in told.err and "staged" not in told.err


def test_a_link_in_an_old_run_is_named_as_the_user_s(run, push):
    unrecorded(run)
    _linked(run / "model.safetensors")
    code, told, sent = push("export", "--push-original")
    assert code == 2 and f"{run / 'model.safetensors'} is a link" in told.err and not sent


def test_a_report_that_was_changed_is_not_told_on_the_card(run, push):
    report = json.loads((run / "run.json").read_text())
    report["metrics"]["accuracy"] = 0.1
    (run / "run.json").write_text(json.dumps(report))
    code, told, sent = push("export")
    assert code == 2 and "run.json" in told.err and not sent
    unrecorded(run)  # an older run's record tells nothing: the export does
    code, told, sent = push("export")
    assert code == 2 and "records an accuracy of 0.1" in told.err and "--overwrite" in told.err and not sent
    parity = json.loads((run / "export" / "parity.json").read_text())
    parity["run"].pop("accuracy", None)  # as an export has it that is older than that
    ownership.write_text(run / "export" / "parity.json", json.dumps(parity))
    code, told, sent = push("export")
    assert code == 2 and "records an accuracy of 0.1" in told.err and not sent


def test_an_export_of_another_run_is_not_published(run, server, tmp_path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    unrecorded(other)
    (other / "model.safetensors").write_bytes((run / "model.safetensors").read_bytes()[:-4] + b"abcd")
    with pytest.raises(ValueError, match="another run"):
        publish_run(read_run(other), Publication("ada/m"), "ada/m", run / "export")
    assert not server.requests("POST")


def test_folders_in_which_something_is_ours_are_sent_with_it(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "chat.jinja").write_text("ours")
    (tmp_path / "run.json").write_text("{}")
    ownership.record(tmp_path, "run")
    (tmp_path / "templates" / "mine.txt").write_text("geheim")
    from exporting.own_files import own_files

    found = own_files(tmp_path, "run")
    assert sorted(found.ours) == ["run.json", "templates/chat.jinja"] and found.left == ["templates/mine.txt"]


@pytest.mark.parametrize("where", ["run", "export"])
def test_labels_numbered_otherwise_than_the_data_s_are_refused(run, push, where):
    folder = unrecorded(run if where == "run" else run / "export")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = dict(zip("01", reversed(config["id2label"].values()), strict=True))
    config["label2id"] = {name: int(number) for number, name in config["id2label"].items()}
    (folder / "config.json").write_text(json.dumps(config))
    if where == "run":
        with pytest.raises(ValueError, match="numbers the labels"):
            export.export_run(run, overwrite=True)
    code, told, sent = push("export", "--push-original")
    assert code == 2 and "numbers the labels" in told.err and not sent


@pytest.mark.parametrize(
    "name, content, told",
    [("run.json", [], "holds no report"), ("run.json", "data", "'data'"),
     ("run.json", "metrics.loss", "'metrics.loss'"),
     ("run.json", "data.sizes.test", "'data.sizes.test'"), ("run.json", "seed", "'seed'"),
     ("export/parity.json", "gate", "'gate'"), ("export/parity.json", "export.macro_f1", "'export.macro_f1'"),
     ("export/parity.json", None, "holds no report")],
)  # fmt: skip
def test_a_report_that_is_not_whole_is_one_sentence(run, push, name, content, told):
    file = run / name
    unrecorded(file.parent)
    if isinstance(content, str):
        content, (*above, last) = json.loads(file.read_text()), content.split(".")
        inner = content
        for key in above:
            inner = inner[key]
        del inner[last]
    file.write_text(json.dumps(content))
    code, said, sent = push("export")
    assert code == 2 and told in said.err and str(file) in said.err and said.err.endswith(".\n") and not sent


@pytest.mark.parametrize("adapter", [False, True])
def test_places_at_training_are_names_wherever_it_is_published(adapter, server, tiny_bert, news_csv, tmp_path, capsys,
                                                               monkeypatch):  # fmt: skip
    home, elsewhere = tmp_path / "home of ada", tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(tiny_bert, home / "clients" / "encoder")
    (home / "acme-merger").mkdir()
    shutil.copy(news_csv, home / "acme-merger" / "reviews.csv")
    shutil.copy(news_csv, home / "acme-merger" / "more.csv")
    words = ["--dataset", "acme-merger/reviews.csv", "--base-model", "clients/encoder", "--output-dir", "run",
             "--also-train-on", "acme-merger/more.csv", "--max-steps", "2"]  # fmt: skip
    words += ["--lora-rank", "4"] if adapter else []
    done = run_script("training/finetune.py", *words, cwd=home)
    assert done.returncode == 0, done.stderr
    done = run_script("exporting/export.py", "run", "--precision", "fp32", cwd=home)
    assert done.returncode == 0, done.stderr
    report = json.loads((home / "run" / "run.json").read_text())
    assert report["config"]["dataset"] == "acme-merger/reviews.csv", "for --resume"
    report["data"]["notes"] += ["set aside /srv/acme/geheim.wav: broken, '/srv/acme b/x'", "see clips/geheim/kick.wav"]
    report["checklist"][0]["reason"] += " (C:\\srv\\acme\\x)"
    ownership.write_text(home / "run" / "run.json", json.dumps(report))
    monkeypatch.chdir(elsewhere)
    options = ["--push", "--repo-id", "ada/m", "--push-original", "--precision", "fp32"]
    assert command_line.run(export.main, [str(home / "run"), *options]) == 0, capsys.readouterr().err
    for repo_id in ("ada/m", "ada/m-original"):
        for name, content in server.files(repo_id).items():
            for place in (b"acme-merger", b"clients/", b"home of ada", b"geheim/", b"/srv"):
                assert place not in content, f"{place} in {name}"
    public = json.loads(server.files("ada/m-original")["run.json"])
    assert (public["base_model"]["name"], public["config"]["base_model"]) == ("encoder", "encoder")
    assert public["config"]["dataset"] == "reviews.csv" and public["config"]["also_train_on"] == "more.csv"
    assert public["data"]["notes"][-2:] == ["set aside geheim.wav: broken, 'x'", "see kick.wav"]
    assert "**encoder**" in server.files("ada/m")["README.md"].decode()
