"""The same output twice: by two processes at once, and by the same command again."""

import json
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from grokaem.output_folder import claimed
from tests.conftest import OFFLINE, ROOT, run_script
from tests.inference.exports import text_export

# A command that stops in its work until it is told to go on, as a long one would be found.
HOLD = """
import sys
sys.path[0] = {root!r}
sys.argv = sys.argv[1:]
from grokaem.inference import predict
from grokaem import command_line
load = predict._load
def held(options):
    print("working", flush=True)
    sys.stdin.readline()
    return load(options)
predict._load = held
sys.exit(command_line.run(predict.main))
"""
CLAIM = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from grokaem.output_folder import claimed
with claimed(Path(sys.argv[1])):
    print("working", flush=True)
    sys.stdin.readline()
"""
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, a table, a text of lines and a sound."""
    folder = tmp_path_factory.mktemp("home")
    text_export(folder / "model")
    words = "film warm honest dull plot noise river town council vote drum snare bread oven flour yeast".split()
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words[:8] if i % 2 else words[8:], 12)) + f" {i}" for i in range(120)]
    (folder / "a.csv").write_text("text,label\n" + "".join(f"{t},{i % 2}\n" for i, t in enumerate(texts)))
    (folder / "a.txt").write_text("\n".join(texts))
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((rng.standard_normal(16000) * 3000).astype("<i2").tobytes())
    return folder


STUDY = ("--scorers", "chi2", "--k", "5,all", "--folds", "2")
COMMANDS = [
    ("grokaem predict", ("model", "--input", "a.csv", "--output", "OUT.jsonl")),
    ("grokaem audio-features", ("a.wav", "--features", "mfcc", "--output", "OUT.npz")),
    ("grokaem topics", ("a.txt", "--models", "nmf", "--topics", "2", "--json", "OUT.json")),
    ("grokaem topics", ("a.txt", "--models", "nmf", "--topics", "2", "--html", "OUT.html")),
    ("grokaem select-features", ("a.csv", *STUDY, "--html", "OUT.html")),
    ("grokaem select-features", ("a.csv", *STUDY, "--save", "OUT")),
]
NAMES = [f"{script.split()[1]} {words[-2]}" for script, words in COMMANDS]


def nothing_left(place):
    return not [path for path in place.iterdir() if path.name.startswith(".") or "partial" in path.name]


@pytest.mark.case("L8")
def test_two_predictions_into_one_file(place):
    words = ["model", "--input", "a.csv", "--output", "both.csv"]
    command = [sys.executable, "-c", HOLD.format(root=str(ROOT)), "predict.py", *words]
    with subprocess.Popen(command, cwd=place, env=os.environ | OFFLINE, **PIPES) as first:
        assert first.stdout.readline() == "working\n"
        for more in ([], ["--overwrite"]):
            second = run_script("grokaem predict", *words, *more, cwd=place)
            assert second.returncode == 2
            assert f"both.csv is being written by process {first.pid}: wait until it is done" in second.stderr
        first.communicate("\n", timeout=300)
    assert first.returncode == 0
    assert len((place / "both.csv").read_text().splitlines()) == 121
    assert nothing_left(place)


@pytest.mark.case("L8")
@pytest.mark.parametrize("script, words", COMMANDS[1:], ids=NAMES[1:])
def test_an_output_that_another_process_writes(place, script, words):
    words = [word.replace("OUT", "held") for word in words]
    command = [sys.executable, "-c", CLAIM.format(root=str(ROOT)), words[-1]]
    with subprocess.Popen(command, cwd=place, **PIPES) as first:
        assert first.stdout.readline() == "working\n"
        second = run_script(script, *words, cwd=place)
        first.communicate("\n", timeout=60)
    assert second.returncode == 2, second.stderr
    told = rf"error: {words[-2]} \S*{words[-1]} is being written by process {first.pid}: .*another {words[-2]}\.\n"
    assert re.fullmatch(told, second.stderr)
    assert not (place / words[-1]).exists() and nothing_left(place)


@pytest.mark.slow  # each runs to its end and again
@pytest.mark.parametrize("script, words", COMMANDS, ids=NAMES)
def test_the_same_command_twice(place, script, words):
    words = [word.replace("OUT", f"twice-{Path(script).stem}") for word in words]
    once = run_script(script, *words, cwd=place, cold=True)
    assert once.returncode == 0, once.stderr
    before = content(place / words[-1])
    again = run_script(script, *words, cwd=place, cold=True)
    assert again.returncode == 2 and "exists" in again.stderr, again.stderr
    assert content(place / words[-1]) == before
    if words[-2] != "--save":
        again = run_script(script, *words, "--overwrite", cwd=place, cold=True)
        assert again.returncode == 0, again.stderr
        assert content(place / words[-1]) == before
    assert nothing_left(place)


@pytest.mark.slow
def test_a_plan_asked_for_twice(place):
    words = ("--budget", "2GB", "--no-table", "--json")
    once, again = (run_script("grokaem plan", *words, cwd=place, cold=True) for _ in range(2))
    assert once.returncode == again.returncode == 0, again.stderr
    assert json.loads(once.stdout)["fits"] is True and once.stdout == again.stdout
    assert nothing_left(place)


@pytest.mark.slow
def test_an_export_made_twice(text_run, tmp_path):
    words = (text_run, "--precision", "fp16", "--output-dir", "export")
    once = run_script("exporting/export.py", *words, cwd=tmp_path, cold=True)
    assert once.returncode == 0, once.stderr
    folder = tmp_path / "export"
    before = {file.name: (file.read_bytes(), file.stat().st_ino) for file in folder.iterdir()}
    again = run_script("exporting/export.py", *words, cwd=tmp_path, cold=True)
    assert again.returncode == 2 and "export exists already: --overwrite replaces it" in again.stderr
    assert {file.name: (file.read_bytes(), file.stat().st_ino) for file in folder.iterdir()} == before
    again = run_script("exporting/export.py", *words, "--overwrite", cwd=tmp_path, cold=True)
    assert again.returncode == 0, again.stderr
    assert {file.name for file in folder.iterdir()} == set(before)
    for name in ("openvino_model.bin", "openvino_tokenizer.bin", "config.json", "tokenizer.json"):
        assert (folder / name).read_bytes() == before[name][0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export"]


def content(path):
    """What a result says, without the seconds it took."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    if path.suffix == ".npz":
        return {name: array.tolist() for name, array in np.load(path).items()}
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return without_seconds(json.loads(text))
    return len(text) if path.suffix == ".html" else text


def without_seconds(found):
    if isinstance(found, dict):
        measured = ("seconds", "peak_mib")
        return {key: without_seconds(value) for key, value in found.items() if not any(m in key for m in measured)}
    return [without_seconds(value) for value in found] if isinstance(found, list) else found


@pytest.mark.parametrize("output, told", [
    ("loop.json", r"error: --json loop\.json cannot be used \(.*\): give another file\."),
    ("~nobody-of-this-name/a.json", r"~nobody-of-this-name/a\.json cannot be found \(.*\): write the path out\."),
])  # fmt: skip
def test_an_output_that_leads_nowhere(place, output, told):
    (place / "loop.json").unlink(missing_ok=True)
    (place / "loop.json").symlink_to("loop.json")
    done = run_script("grokaem topics", "a.txt", "--models", "nmf", f"--json={output}", cwd=place)
    assert done.returncode == 2 and re.search(told, done.stderr), done.stderr


def test_the_file_of_two_options(place):
    done = run_script("grokaem topics", "a.txt", "--json", "one.x", "--html", "./one.x", cwd=place)
    assert done.returncode == 2 and "is the file of --json too: give each its own." in done.stderr


@pytest.mark.parametrize("script, words", [
    ("grokaem topics", ("a.txt", "--json")),
    ("grokaem select-features", ("a.csv", "--html")),
])  # fmt: skip
def test_a_pipe_or_device_is_not_replaced(place, script, words):
    os.mkfifo(place / "pipe") if not (place / "pipe").exists() else None
    done = run_script(script, *words, "pipe", cwd=place)
    assert done.returncode == 2 and "pipe is no regular file and cannot be replaced" in done.stderr
    assert (place / "pipe").is_fifo()


@pytest.mark.slow
def test_home_is_found_in_outputs(place, tmp_path):
    words = ("a.txt", "--models", "nmf", "--topics", "2", "--json=~/a.json")
    done = run_script("grokaem topics", *words, cwd=place, env={**OFFLINE, "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.json").is_file() and not (place / "~").exists()


def test_locks_of_killed_processes_are_tidied_and_others_are_not(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    lock = json.dumps({"grokaem": "lock", "pid": dead.pid})
    (tmp_path / ".one.json.lock").write_text(lock)
    (tmp_path / ".two.lock").write_text("my own")
    (tmp_path / ".three.lock").write_text("")
    (tmp_path / ".four.lock").symlink_to(tmp_path / "target")
    (tmp_path / "target").write_text(lock)
    with claimed(tmp_path / "living"), claimed(tmp_path / "other"):
        assert (tmp_path / ".living.lock").exists()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".four.lock", ".three.lock", ".two.lock", "target"]
