"""Killed after every single step, a run that goes on ends bit for bit as the one that was left alone."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import OFFLINE, ROOT

EVERY = [*(f"step {step}" for step in range(1, 12)), "end 4", "end 8", "end 12"]


@pytest.fixture
def runs(case_models, case_inputs, tmp_path):
    """Runs tests/training/forked_runs.py: 12 steps over 3 epochs."""
    few = tmp_path / "few.csv"  # 41 to train
    few.write_text("".join((case_inputs / "reviews.csv").read_text().splitlines(keepends=True)[:65]))
    text = ["--dataset", few, "--base-model", case_models / "bert_without_pooler", "--learning-rate", "3e-3"]
    flags = {
        "text": [*text, "--batch-size", 12],
        "accumulation": [*text, "--batch-size", 4, "--gradient-accumulation-steps", 3],
        "sound": ["--dataset", case_inputs / "sounds", "--task", "audio", "--batch-size", 8, "--widen-factor", 1],
    }

    def start(kills):
        words = {case: [*map(str, [*flags[case], "--epochs", 3, "--logging-steps", 3])] for case in kills}
        cases = {case: {"flags": words[case], "kills": moments} for case, moments in kills.items()}
        done = subprocess.run(
            [sys.executable, ROOT / "tests/training/forked_runs.py", tmp_path, json.dumps(cases)],
            env={**os.environ, **OFFLINE, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=580,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return start


@pytest.mark.case("L4")
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param({"text": ["end 8"], "accumulation": ["step 5"], "sound": ["step 6"]}, id="once each"),
        *(
            pytest.param({case: EVERY}, id=f"{case}, every step", marks=pytest.mark.slow)
            for case in ("text", "accumulation", "sound")
        ),
    ],
)
def test_goes_on_as_if_it_had_not_been_killed(runs, kills):
    for case, found in runs(kills).items():
        whole = found.pop("whole")
        assert whole["steps"] == 12 and len(whole["order"]) == 12
        assert len(whole["loss_curve"]) == 4 and whole["loss_curve"][0][1] != whole["loss_curve"][-1][1]
        assert list(found) == kills[case]
        different = {kill: [key for key in whole if result[key] != whole[key]] for kill, result in found.items()}
        assert not any(different.values()), (case, different)
