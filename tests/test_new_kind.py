"""A kind that is added from outside: one file in each room, one line in each of three tables, nothing else."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT

TOY = ROOT / "tests" / "toy_kind"
ROOMS = {
    "number_classifier.py": "grokaem/inference",
    "number_workload.py": "grokaem/memory",
    "number_task.py": "training",
    "number_source.py": "exporting",
}
# The table of each file, and the line that is added to it.
LINES = {
    "grokaem/kinds.py": (
        "KINDS = {\n",
        '    "numbers": Kind("numbers", "row of numbers", "rows of numbers", ("numbers",), '
        '{"n_inputs": Limit(int, 1, 99)}, "grokaem.inference.number_classifier:NumberClassifier", '
        '"grokaem.memory.number_workload:NumberWorkload"),\n',
    ),
    "training/tasks.py": ("TASKS = {\n", '    "numbers": "training.number_task:NumberTask",\n'),
    "exporting/sources.py": ("SOURCES = {\n", '    "numbers": "exporting.number_source:NumberSource",\n'),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the project with the new kind."""
    copy = tmp_path_factory.mktemp("house")
    for name in ("grokaem", "training", "exporting"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, room in ROOMS.items():
        shutil.copyfile(TOY / name, copy / room / name)
    for name, (table, line) in LINES.items():
        content = (copy / name).read_text()
        start = content.index(table)
        end = content.index("\n}\n", start) + 1
        (copy / name).write_text(content[:end] + line + content[end:])
    return copy


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    """Rows of four numbers: the label is whether their sum is above 0."""
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    values = np.random.default_rng(0).normal(size=(300, 4)).round(3)
    with path.open("w", newline="") as file:
        csv.writer(file).writerow(["numbers", "label"])
        csv.writer(file).writerows((" ".join(map(str, row)), "above" if row.sum() > 0 else "below") for row in values)
    return path


def command(house: Path, *words: object, cwd: Path) -> subprocess.CompletedProcess:
    """Runs a command of the copy, and of nothing else."""
    script, *rest = map(str, words)
    started = [script] if script == "-m" else [str(house / script)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(house), "HOME": str(cwd), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *started, *rest], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def run(house, rows, tmp_path_factory) -> Path:
    """A finished and exported run of the new kind."""
    home = tmp_path_factory.mktemp("home")
    words = ("--task", "numbers", "--dataset", rows, "--scale", "2", "--output-dir", "run", "--export")
    done = command(house, "training/finetune.py", *words, cwd=home)
    assert done.returncode == 0, done.stderr[-3000:]
    return home / "run"


@pytest.mark.slow
def test_it_is_trained_and_exported_by_the_commands(run):
    report = json.loads((run / "run.json").read_text())
    assert report["task"] == "numbers" and report["config"]["scale"] == 2.0 and report["config"]["n_inputs"] == 4
    assert report["metrics"]["accuracy"] > 0.8 and report["memory"]["predicted_peak_mib"]
    parity = json.loads((run / "export" / "parity.json").read_text())
    assert parity["gate"]["passed"] and parity["export"]["latency_ms_b1"] > 0
    card = (run / "export" / "README.md").read_text()
    assert "pipeline_tag: tabular-classification" in card and "It takes 4 numbers" in card


@pytest.mark.slow
def test_its_export_predicts_on_the_command_line_and_by_file(house, run, tmp_path):
    done = command(house, "-m", "grokaem", "predict", run, "9 9 9 9", "-9 -9 -9 -9", "1 2", cwd=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == ["above", "below", None] and done.returncode == 1
    assert answers[2]["reason"] == "it has 2 numbers; give 4"
    (tmp_path / "in.csv").write_text("id,numbers\n1,9 9 9 9\n2,-9 -9 -9 -9\n")
    done = command(
        house, "-m", "grokaem", "predict", run, "--input", "in.csv", "--output", "out.jsonl", cwd=tmp_path
    )
    assert done.returncode == 0 and "numbers is column 'numbers'" in done.stderr
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer["label"] for answer in answers] == ["above", "below"]


@pytest.mark.slow
def test_its_flags_stand_in_the_help_and_are_refused_for_others(house, tmp_path):
    told = command(house, "training/finetune.py", "--help", cwd=tmp_path).stdout
    assert "for rows of numbers only:" in told and "--scale" in told and "{text,audio,numbers}" in told
    assert "of rows of numbers linear" in " ".join(told.split())
    done = command(house, "training/finetune.py", "--scale", "2", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == (
        "error: --scale is for rows of numbers and has no effect on texts: leave it out, or add --task numbers.\n"
    )
    done = command(house, "training/finetune.py", "--task", "numbers", "--sequence-length", "64", cwd=tmp_path)
    assert done.returncode == 2 and "--sequence-length is for texts" in done.stderr


@pytest.mark.slow
def test_a_folder_is_no_data_of_it(house, tmp_path):
    (tmp_path / "data" / "a").mkdir(parents=True)
    done = command(house, "training/finetune.py", "--task", "numbers", "--dataset", "data", cwd=tmp_path)
    assert done.returncode == 2 and "give rows of numbers as a table with the columns numbers and label" in done.stderr
