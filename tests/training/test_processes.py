"""Two processes that train together do what one does with twice the batch."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import OFFLINE, ROOT

pytestmark = pytest.mark.slow


def launched(command, folder):
    environment = {**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def runs(calm_bert, even_csv, tmp_path_factory):
    """One process with batches of 16, and two with batches of 8."""
    folder = tmp_path_factory.mktemp("together")
    script = ROOT / "training/finetune.py"
    common = [
        "--dataset", even_csv, "--base-model", calm_bert, "--precision", "fp32", "--epochs", 2,
        "--learning-rate", "1e-3", "--logging-steps", 1, "--save-seconds", 0,
    ]  # fmt: skip
    one = launched([sys.executable, script, *common, "--batch-size", 16, "--output-dir", "one"], folder)
    assert one.returncode == 0, one.stderr[-2000:]
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", 2, "--master-port", 29517]
    two = launched(
        [
            *start,
            script,
            *common,
            "--batch-size",
            4,
            "--gradient-accumulation-steps",
            2,
            "--output-dir",
            "two",
        ],
        folder,
    )
    assert two.returncode == 0, two.stderr[-2000:]
    return folder, one, two


def test_the_loss_curve_is_that_of_twice_the_batch(runs):
    one, two = (json.loads((runs[0] / name / "run.json").read_text()) for name in ("one", "two"))
    assert (one["config"]["processes"], two["config"]["processes"]) == (1, 2)
    assert one["config"]["effective_batch_size"] == two["config"]["effective_batch_size"] == 16
    assert one["steps"] == two["steps"] == 12
    first, second = ([loss for _, loss in run["loss_curve"]] for run in (one, two))
    assert len(first) == 12 and max(first) - min(first) > 0.01
    assert second == pytest.approx(first, rel=1e-3)
    assert two["metrics"]["loss"] == pytest.approx(one["metrics"]["loss"], rel=1e-3)
    assert two["confusion"] == one["confusion"]


def test_only_the_main_process_speaks_and_the_folder_is_whole(runs):
    folder, one, two = runs
    assert {path.name for path in (folder / "two").iterdir()} == {
        path.name for path in (folder / "one").iterdir()
    }
    assert not list(folder.glob(".*"))
    for line in ("training on cpu", "preflight:", '"run_folder"'):
        assert two.stdout.count(line) == one.stdout.count(line) == 1
