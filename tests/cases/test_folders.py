"""Folders: only what a record of ours lists is replaced, one process a folder, kills lose and leave nothing."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grokaem import ownership
from grokaem.atomic import MARKER, new_file, new_folder, rename_into_place, tidy
from grokaem.identity import DataIdentity, weights
from grokaem.output_folder import check_replaceable, claimed, destination
from tests.conftest import ROOT, run_script
from training.run_folder import RunFolder

CONFIG = {"base_model": "a", "dataset": "b", "seed": 0}


def tree(folder):
    """Every path below, with the content of files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def make_run(folder, text="weights", export=False):
    with new_folder(folder) as new:
        (new / "model.safetensors").write_text(text)
        (new / "config.json").write_text("{}")
        report = {"task": "text", "base_model": {}, "data": {}, "config": CONFIG}
        (new / "run.json").write_text(json.dumps(report))
        ownership.record(new, "run", weights=weights(new), settings=CONFIG, id="1")
    if export:
        make_export(folder / "export", folder)
    return folder


def make_export(folder, run):
    with new_folder(folder) as new:
        parity = {
            "method": "int8",
            "original": {"weight_bytes": 7},
            "export": {},
            "gate": {"max_drop": 0.005},
            "run": {"weights": weights(run)},
        }
        (new / "parity.json").write_text(json.dumps(parity))
        (new / "README.md").write_text("card")
        settings = {"precision": "auto", "max_drop": 0.005, "calibration_samples": 300, "onnx": False}
        ownership.record(new, "export", weights=weights(run), settings=settings)
    return folder


def refused(call, *told):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in told), error.value


@pytest.mark.case("L1")
@pytest.mark.parametrize(
    "spoil, named",
    [
        (lambda run: (run / "notes.txt").write_text("mine"), "notes.txt"),
        (lambda run: (run / "config.json").write_text('{"mine": 1}'), "config.json"),
        (lambda run: (run / "sub" / "deep").mkdir(parents=True), "sub"),
        (lambda run: (run / "model.safetensors").unlink() or (run / "model.safetensors").symlink_to("/etc"), "model"),
        (lambda run: (run / "data").symlink_to(run.parent), "data"),
        (lambda run: (run / "export" / "README.md").write_text("my own card"), "export/README.md"),
        (lambda run: (run / "export" / "extra.csv").write_text("1"), "export/extra.csv"),
        (lambda run: (run / "export" / ownership.RECORD).unlink(), "export"),
        (lambda run: make_export(run / "other", make_run(run.parent / "run2", "others")), "other"),
        (lambda run: os.mkfifo(run / "pipe"), "pipe"),
    ],
)
def test_a_foreign_file_refuses_to_overwrite_and_is_named(tmp_path, spoil, named):
    run = make_run(tmp_path / "run", export=True)
    RunFolder(run).check(CONFIG, resume=False, overwrite=True)
    spoil(run)
    names = sorted(path.as_posix() for path in tmp_path.rglob("*"))
    refused(lambda: RunFolder(run).check(CONFIG, resume=False, overwrite=True), named)
    assert sorted(path.as_posix() for path in tmp_path.rglob("*")) == names


@pytest.mark.case("L1")
def test_somebodys_folder_is_no_run(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"1")
    (tmp_path / "runs").mkdir()
    make_run(tmp_path / "runs" / "one")
    for folder, name in (("photos", "a.jpg"), ("runs", "one")):
        refused(lambda folder=folder: check_replaceable(tmp_path / folder, "run", "move"), name)
    export = make_export(tmp_path / "export", tmp_path / "runs" / "one")
    refused(lambda: check_replaceable(export, "run", "move"), "export")


@pytest.mark.case("L1")
def test_an_export_that_does_not_go_with_its_run_names_the_ways(tmp_path):
    run = make_run(tmp_path / "run", export=True)
    (run / ownership.RECORD).unlink()
    (run / "export" / ownership.RECORD).unlink()
    folder = RunFolder(run)
    anew = f"make it anew (python exporting/export.py {run} --overwrite), or move it away."
    refused(lambda: folder.check(CONFIG, False, True), f"the export {run / 'export'} has no record", anew)
    (run / "export" / "notes.txt").write_text("mine")
    refused(lambda: folder.check(CONFIG, False, True), "(export/notes.txt): move it away")
    (run / "export" / "notes.txt").unlink()
    check_replaceable(run / "export", "export", "what the named command does first")
    ownership.remove(run / "export")
    make_export(run / "export", run)  # ... and then
    assert folder.check(CONFIG, False, True) is False
    make_export(run / "small", make_run(tmp_path / "run2", "others"))
    told = f"--overwrite --output-dir {run / 'small'})"
    refused(lambda: folder.check(CONFIG, False, True), "was made of other weights", told)
    (run / "small").rename(tmp_path / "small")
    assert folder.check(CONFIG, False, True) is False


@pytest.mark.case("L1")
def test_a_run_without_a_record_is_recognised_by_its_report(tmp_path):
    run = make_run(tmp_path / "run")
    (run / ownership.RECORD).unlink()
    check_replaceable(run, "run", "move")
    (run / "train.log").write_text("mine")
    refused(lambda: check_replaceable(run, "run", "move"), "train.log")
    (run / "train.log").unlink()
    (run / "run.json").write_text("not JSON")
    refused(lambda: check_replaceable(run, "run", "move"), "model.safetensors")


@pytest.mark.case("L1")
def test_what_arrives_during_the_work_is_kept(tmp_path, capsys):
    run = make_run(tmp_path / "run", "old")
    new = make_run(tmp_path / "new", "new")
    (run / "notes.txt").write_text("written while it trained")
    rename_into_place(new, run)
    assert (run / "model.safetensors").read_text() == "new" and not (run / "notes.txt").exists()
    kept = tmp_path / "run.kept-1"
    assert (kept / "notes.txt").read_text() == "written while it trained" and str(kept) in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.kept-1"]


@pytest.mark.case("L1")
@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError])
def test_what_stops_a_replacement_half_way_puts_the_old_folder_back(tmp_path, monkeypatch, stopped_by):
    run = make_run(tmp_path / "run", "old")
    new = make_run(tmp_path / "new", "new")
    (run / "notes.txt").write_text("mine")
    before, rename = tree(tmp_path), os.rename

    def stopped(source, target):
        if source == new:
            raise stopped_by
        rename(source, target)

    monkeypatch.setattr(os, "rename", stopped)
    with pytest.raises(stopped_by):
        rename_into_place(new, run)
    assert tree(tmp_path) == before


@pytest.mark.case("L1")
def test_what_cannot_be_taken_away_is_left_where_the_next_run_finds_it(tmp_path, monkeypatch, capsys):
    run = make_run(tmp_path / "run", "old")
    new = make_run(tmp_path / "new", "new")
    (run / "notes.txt").write_text("mine")
    with monkeypatch.context() as broken:
        broken.setattr(ownership, "remove", lambda _: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        rename_into_place(new, run)
    assert (run / "model.safetensors").read_text() == "new"
    assert "an older run, cannot be taken away yet (Permission denied)" in capsys.readouterr().err
    tidy(tmp_path)
    assert (tmp_path / "run.kept-1" / "notes.txt").read_text() == "mine"


def test_in_a_folder_of_ours_the_older_one_goes_whole(tmp_path, capsys):
    for number in range(3):
        with new_folder(tmp_path / "best", replace=True, within_ours=True) as new:
            (new / "weights").write_text(str(number))
    assert tree(tmp_path / "best") == {"weights": b"2"} and not capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


@pytest.mark.case("L1")
def test_on_a_file_system_without_locks_what_is_under_way_is_not_tidied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with new_folder(tmp_path / "a", "words") as first:
        (first / "text").write_text("1")
        with new_folder(tmp_path / "b", "words") as second:
            (second / "text").write_text("2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a" / "text").read_text() == "1"


def test_a_file_that_we_rewrite_stays_ours_and_an_edited_one_does_not(tmp_path):
    run = make_run(tmp_path / "run")
    ownership.write_text(run / "run.json", (run / "run.json").read_text() + " ")
    ownership.write_text(run / "export_failed.json", "{}")
    assert not ownership.contents(run).foreign
    ownership.discard(run / "export_failed.json")
    assert not (run / "export_failed.json").exists() and not ownership.contents(run).foreign
    (run / "run.json").write_text("{}")
    refused(lambda: ownership.write_text(run / "run.json", "x"), "run.json")
    assert (run / "run.json").read_text() == "{}"


@pytest.mark.case("L7")
def test_where_a_folder_may_go(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "work" / "here"
    home.mkdir()
    here.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    (tmp_path / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    run = make_run(tmp_path / "run")
    wrong = [".", "..", "../..", "/", "~", str(tmp_path), str(tmp_path / "file"), str(tmp_path / "file" / "run"),
             str(tmp_path / "dangling"), str(tmp_path / "loop"), str(run / "second"), "x" * 300, "/proc/a"]  # fmt: skip
    before = tree(tmp_path)
    for path in wrong:
        with pytest.raises(ValueError, match="--output-dir") as error, claimed(destination(path)):
            raise AssertionError(path)
        assert str(error.value).endswith("."), error.value
    assert tree(tmp_path) == before
    assert destination(tmp_path / "link") == tmp_path / "real"
    assert destination(run / "export", inside=run) == run / "export"
    assert destination("~/new") == home / "new" and destination("runs/new") == Path("runs/new")
    with claimed(Path("runs/new")):
        assert (here / "runs").is_dir()
    assert not (here / "runs").exists(), "nothing was written, nothing is left"


HOLD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from grokaem.output_folder import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.case("L8")
def test_one_process_a_folder(tmp_path):
    target = tmp_path / "run"
    command = [sys.executable, "-c", HOLD.format(root=str(ROOT)), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        refused(lambda: claimed(target).__enter__(), str(holder.pid), "run")
        holder.send_signal(signal.SIGKILL)
    assert (tmp_path / ".run.lock").exists()
    with claimed(target):
        pass
    assert not list(tmp_path.iterdir())
    (tmp_path / ".run.lock").write_text("my own")
    refused(lambda: claimed(target).__enter__(), ".run.lock")
    assert (tmp_path / ".run.lock").read_text() == "my own"


KILL = """
import os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from grokaem import atomic, ownership
{imports}
folder, at = Path(sys.argv[1]), int(sys.argv[2])
calls = 0
def counted(call):
    def inner(*args, **options):
        global calls
        calls += 1
        if calls > at:
            os.kill(os.getpid(), 9)
        return call(*args, **options)
    return inner
for module, name in ((os, "rename"), (os, "replace"), (os, "unlink"), (os, "rmdir"), (os, "mkdir"), (os, "open")):
    setattr(module, name, counted(getattr(module, name)))
{work}
print("done")
"""


def killed_at(at, folder, work, imports=""):
    """Does the work in a process that is killed before its at-th change of a file; whether it got to the end."""
    script = KILL.format(root=str(ROOT), work=work, imports=imports)
    done = subprocess.run([sys.executable, "-c", script, str(folder), str(at)], capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout == "done\n"


REPLACE = """
with atomic.new_folder(folder / "model", "words", replace=True) as new:
    (new / "a").write_text("new")
    (new / "b").write_text("new")
atomic.write_text(folder / "report.json", "new")
"""


@pytest.mark.case("L1")
def test_a_kill_at_any_step_loses_nothing_and_the_next_run_tidies(tmp_path):
    names = {".model.abcdefgh.grokaem": "theirs.txt", ".model.old": "x", ".model.partial": "y"}
    done, at = False, 0
    while not done:
        folder = tmp_path / str(at)
        with new_folder(folder / "model", "words") as old:
            (old / "a").write_text("old")
        (folder / "report.json").write_text("old")
        for name, file in names.items():
            (folder / name).mkdir()
            (folder / name / file).write_text("of the user")
        done = killed_at(at, folder, REPLACE)
        tidy(folder)
        left = {path.name for path in folder.iterdir()}
        assert left == {"model", "report.json", *names}, (at, left)
        content = {name: text for name, text in tree(folder / "model").items() if name != ownership.RECORD}
        assert content in ({"a": b"old"}, {"a": b"new", "b": b"new"}), at
        assert not ownership.contents(folder / "model").foreign, at
        assert (folder / "report.json").read_text() in ("old", "new")
        at += 1
    assert at > 15 and (folder / "report.json").read_text() == "new"


def test_what_lives_is_not_tidied(tmp_path):
    with new_file(tmp_path / "a") as first:
        first.write_text("1")
        tidy(tmp_path)
        with new_file(tmp_path / "b") as second:
            second.write_text("2")
        assert (first.parent / MARKER).is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.case("R2")
def test_resume_on_a_finished_run(tmp_path):
    folder = RunFolder(make_run(tmp_path / "run"))
    assert folder.check(CONFIG, resume=True, overwrite=False) is True
    assert folder.check(CONFIG | {"export": True}, resume=True, overwrite=False) is True
    refused(lambda: folder.check(CONFIG | {"seed": 1}, resume=True, overwrite=False), "--seed 0")
    refused(lambda: folder.check(CONFIG, resume=False, overwrite=False), "--overwrite")
    (folder.path / ownership.RECORD).unlink()  # as commit 8fe415f left it
    assert folder.check(CONFIG | {"epochs": None}, resume=True, overwrite=False) is True
    refused(lambda: folder.check(CONFIG | {"dataset": "c"}, resume=True, overwrite=False), "--dataset b")
    for text in ("", "[]", '{"config": 1}'):
        (folder.path / "run.json").write_text(text)
        refused(lambda: folder.check(CONFIG, resume=True, overwrite=False), "run.json", "--output-dir")


@pytest.mark.case("R2")
def test_a_finished_run_tells_again_which_rows_it_went_without(tmp_path, capsys):
    from grokaem import corpora
    from grokaem.set_aside import SetAside
    from training.config import parse
    from training.run_start import tell_finished

    data = tmp_path / "reviews.csv"
    rows = [f"film number {number} was {label},{label}" for number in range(60) for label in ("good", "bad")]
    data.write_text("\n".join(["text,label", *rows, "a film without a label,"]))
    run, aside = make_run(tmp_path / "run"), SetAside("item")
    report = {"data": {"revision": corpora.load(str(data)).revision}, "metrics": {"accuracy": 1.0}, "seconds": 1}
    report["config"] = parse(["--dataset", str(data)]).to_json()
    (run / "run.json").write_text(json.dumps(report))
    assert tell_finished(parse(["--dataset", str(data)]), run, None, aside) == run
    assert aside.report() == 1 and "1 item set aside:\n  row 122: " in capsys.readouterr().err


def test_an_interrupted_overwrite_goes_on(tmp_path):
    folder = RunFolder(make_run(tmp_path / "run"))
    longer = CONFIG | {"seed": 1}
    folder.open(longer, resume=False, data=DataIdentity(("sha256:1",)))
    assert folder.check(longer, resume=True, overwrite=False) is False
    assert folder.check(CONFIG, resume=True, overwrite=False) is True, "the finished one is asked for"
    refused(lambda: folder.open(longer, resume=True, data=DataIdentity(("sha256:2",))), "data changed")
    assert folder.open(longer, resume=True, data=DataIdentity(("sha256:1",))) is None


def test_a_folder_of_the_users_called_as_the_partial_one(tmp_path):
    mine = tmp_path / ".run.partial"
    mine.mkdir()
    (mine / "config.json").write_text("{}")
    for flags in ((False, True), (True, False), (False, False)):
        refused(lambda flags=flags: RunFolder(tmp_path / "run").check(CONFIG, *flags), ".run.partial")
    assert (mine / "config.json").read_text() == "{}"


FINISH = f"""
class Preprocessor:
    def save_pretrained(self, done):
        (done / "model.safetensors").write_text("new")
run_folder.save_model = lambda *_: None
run = run_folder.RunFolder(folder / "run")
run.finish(None, Preprocessor(), {{"base_model": {{}}, "task": "text", "data": {{}}, "config": {CONFIG}}})
"""


@pytest.mark.case("L1")
def test_a_run_killed_as_it_appears_is_finished_or_goes_on(tmp_path):
    done, at, states = False, 0, set()
    while not done:
        folder = RunFolder(make_run(tmp_path / str(at) / "run", "old"))
        folder.open(CONFIG, resume=False)
        done = killed_at(at, folder.path.parent, FINISH, "from training import run_folder")
        with claimed(folder.path):
            finished = folder.check(CONFIG, resume=True, overwrite=False)
        assert (folder.path / "run.json").is_file() and not ownership.contents(folder.path).foreign
        left = {path.name for path in folder.path.parent.iterdir()}
        assert left == ({"run"} if finished else {"run", ".run.partial"}), (at, left)
        assert (folder.path / "model.safetensors").read_text() == ("new" if finished else "old")
        states.add((done, finished))
        at += 2
    assert states == {(False, False), (False, True), (True, True)}


@pytest.mark.case("L3")
def test_an_export_belongs_to_one_run_and_one_wish(tmp_path):
    from exporting.existing_export import existing_export

    one, two = make_run(tmp_path / "one"), make_run(tmp_path / "two", "others")
    export = make_export(tmp_path / "X", one)
    assert existing_export(one, export) == export
    assert existing_export(one) is None
    refused(lambda: existing_export(two, export), "another run", "--overwrite")
    for asked, told in (
        ({"onnx": True}, "--also onnx"),
        ({"max_drop": 0.001}, "--max-drop 0.005"),
        ({"calibration_samples": 50}, "--calibration-samples 300"),
        ({"precision": "fp32"}, "--precision fp32"),
    ):
        refused(lambda asked=asked: existing_export(one, export, **asked), told, "--overwrite")
    assert existing_export(one, export, max_drop=0.01) == export
    # Commit 8fe415f bounded no change of a score, and told the largest.
    parity = json.loads((export / "parity.json").read_text())
    refused(lambda: existing_export(one, export, max_score_change=0.1), "without a bound", "--overwrite")
    for largest, fits in ((0.05, True), (0.2, False)):
        (export / "parity.json").write_text(json.dumps(parity | {"max_score_difference": largest}))
        if fits:
            assert existing_export(one, export, max_score_change=0.1) == export
        else:
            refused(lambda: existing_export(one, export, max_score_change=0.1), "without a bound", "--overwrite")
    for text in ("", "[]", '{"method": "int8"}'):
        (export / "parity.json").write_text(text)
        refused(lambda: existing_export(one, export), "parity.json", "--overwrite")


@pytest.mark.case("L21")
def test_names_that_differ_stay_different():
    from grokaem.short_name import short
    from training.config import parse

    names = ["reviews.2024.csv", "reviews.2025.csv", "отзывы.csv", "жалобы.csv", "my reviews.csv", "my-reviews.csv",
             "x" * 200 + ".csv", "x" * 201 + ".csv", "a/v1.0", "a/v1.1", "...", "评论.jsonl"]  # fmt: skip
    found = [short(name) for name in names]
    assert len(set(found)) == len(names) and all(found)
    assert all(len(name) <= 40 and name.strip("-.") == name and "--" not in name for name in found)
    assert str(parse([]).output_dir) == "runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0", "the Makefile names it"
    assert str(parse(["--task", "audio"]).output_dir) == "runs/wide-resnet-10-2-drums-fold0-seed0"


@pytest.mark.case("L21")
def test_the_same_name_in_two_folders_is_not_overwritten(tmp_path, monkeypatch):
    from training.config import parse
    from training.inputs import check_sources

    monkeypatch.chdir(tmp_path)
    config = parse(["--dataset", "b/reviews.csv", "--overwrite"])
    run = make_run(config.output_dir)
    report = json.loads((run / "run.json").read_text())
    report["config"] = {"dataset": "a/reviews.csv", "base_model": config.base_model}
    (run / "run.json").write_text(json.dumps(report))
    refused(lambda: check_sources(config, config.output_dir), "a/reviews.csv", "--output-dir")
    report["config"]["dataset"] = str(tmp_path / "b" / "reviews.csv")
    (run / "run.json").write_text(json.dumps(report))
    check_sources(config, config.output_dir)
    (run / "run.json").write_text("[]")
    check_sources(config, config.output_dir)
    refused(lambda: check_replaceable(config.output_dir, "run", "move"), "run.json")
    model = parse(["--base-model", str(run), "--output-dir", str(run), "--overwrite"])
    refused(lambda: check_sources(model, model.output_dir), "--base-model")


@pytest.mark.case("L1")
def test_a_file_of_the_users_called_as_an_unfinished_output(tmp_path):
    from grokaem.inference.bulk_identity import BulkIdentity
    from grokaem.inference.bulk_output import BulkOutput, Done

    identity = BulkIdentity("sha256:1", None, "2")
    mine = tmp_path / "o.csv.partial"
    mine.write_text("mine")
    for overwrite in (False, True):
        refused(lambda overwrite=overwrite: BulkOutput(tmp_path / "o.csv", identity, overwrite), "o.csv.partial")
    assert mine.read_text() == "mine"
    mine.unlink()
    output = BulkOutput(tmp_path / "o.csv", identity)
    output._file.write(b"killed before the first record")
    output.close()
    again = BulkOutput(tmp_path / "o.csv", identity)
    again.append(b"row", Done(rows=1))
    again.finish()
    assert (tmp_path / "o.csv").read_bytes() == b"row" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.case("L1")
@pytest.mark.parametrize("script, flag", [("grokaem topics", "--json"), ("grokaem select-features", "--html")])
def test_a_result_does_not_replace_what_is_read(tmp_path, script, flag):
    data = tmp_path / "reviews.csv"
    data.write_text("text,label\n" + "good film,pos\nbad film,neg\n" * 20)
    (tmp_path / "again.csv").symlink_to(data)
    before = data.read_bytes()
    done = run_script(script, data, flag, tmp_path / "again.csv", cwd=tmp_path)
    assert done.returncode == 2 and "again.csv is read by this command" in done.stderr, done.stderr
    assert data.read_bytes() == before


@pytest.mark.case("L1")
@pytest.mark.case("R2")
@pytest.mark.case("L3")
def test_the_commands_on_a_finished_run(text_run, tiny_bert, news_csv, tmp_path):
    """The real commands: going on, and every refusal before any work."""
    run = tmp_path / "run"
    shutil.copytree(text_run, run)
    flags = ["--dataset", news_csv, "--base-model", tiny_bert, "--epochs", 6, "--learning-rate", "3e-3",
             "--output-dir", "run"]  # fmt: skip

    def command(script, *words):
        return run_script(script, *words, cwd=tmp_path)

    before = tree(tmp_path)
    done = command("training/finetune.py", *flags, "--resume", "--export")
    assert done.returncode == 0 and "run is finished" in done.stdout, done.stderr
    shutil.copytree(run / "export", tmp_path / "X")
    other = tmp_path / "other"
    shutil.copytree(text_run, other)
    changed = bytearray((other / "model.safetensors").read_bytes())
    changed[-1] ^= 1
    (other / "model.safetensors").write_bytes(changed)
    shutil.rmtree(other / "export")
    ownership.record(other, "run", weights=weights(other))  # as another training would have
    for words, told in (
        (["training/finetune.py", *flags, "--resume", "--seed", 1], "--seed 0"),
        (["exporting/export.py", "other", "--output-dir", "X", "--dry-run"], "export of another run"),
        (["exporting/export.py", "run", "--output-dir", "X", "--dry-run", "--also", "onnx"], "--also onnx"),
        (["exporting/export.py", "other", "--output-dir", "run/second"], "lies inside the run"),
    ):
        done = command(*words)
        assert done.returncode == 2 and told in done.stderr, (words, done.stderr)
    done = command("exporting/export.py", "run", "--output-dir", "X", "--dry-run")
    assert done.returncode == 0 and "export that exists" in done.stdout and ".grokaem" not in done.stdout, done.stderr
    shutil.rmtree(tmp_path / "X")
    shutil.rmtree(other)
    assert tree(tmp_path) == before
    (run / "export" / "README.md").write_text("my own card")
    for words, told in (
        (["training/finetune.py", *flags, "--overwrite"], "export/README.md"),
        (["exporting/export.py", "run", "--overwrite"], "README.md"),
        (["exporting/export.py", "run", "--output-dir", ".", "--overwrite"], "the folder you are in"),
    ):
        done = command(*words)
        assert done.returncode == 2 and told in done.stderr, (words, done.stderr)
    assert tree(tmp_path) == before | {"run/export/README.md": b"my own card"}
