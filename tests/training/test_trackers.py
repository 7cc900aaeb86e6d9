"""--report-to: what a tracker is given, and what is said of one that is not installed."""

import json
from importlib.util import find_spec

import pytest

from tests.conftest import OFFLINE, ROOT, run_script
from training.finetune import main

# As much of trackio as accelerate calls; everything is written down.
TRACKIO = """
import json, os
def note(*what):
    with open(os.environ["NOTED"], "a") as file:
        file.write(json.dumps(what) + "\\n")
class Run:
    def log(self, values, step=None):
        note("log", step, values)
    def finish(self):
        note("finish")
class Config(dict):
    def update(self, values, **_):
        note("config", values)
config = Config()
def init(**given):
    note("init", given)
    return Run()
"""
FLAGS = ["--max-steps", 4, "--logging-steps", 2, "--no-preflight", "--precision", "fp32", "--batch-size", 8]


@pytest.fixture
def inputs(case_models, case_inputs):
    return ["--dataset", case_inputs / "reviews.csv", "--base-model", case_models / "bert_without_pooler"]


@pytest.mark.parametrize("name", [name for name in ("tensorboard", "trackio", "wandb") if find_spec(name) is None])
def test_a_tracker_that_is_not_installed_is_said_before_the_work(name, tmp_path):
    with pytest.raises(ValueError, match=f"--report-to {name}: {name} is not installed: pip install {name}$"):
        main(["--report-to", name, "--output-dir", str(tmp_path / "run")])
    assert not list(tmp_path.iterdir())


def test_a_tracker_gets_settings_losses_and_scores(inputs, tmp_path):
    site = tmp_path / "site"
    (site / "trackio").mkdir(parents=True)
    (site / "trackio" / "__init__.py").write_text(TRACKIO)
    (site / "trackio-1.0.dist-info").mkdir()
    (site / "trackio-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trackio\nVersion: 1.0\n")
    noted = tmp_path / "noted.jsonl"
    done = run_script(
        "training/finetune.py", *inputs, *FLAGS, "--report-to", "trackio", "--output-dir", "my-run", cwd=tmp_path,
        env={**OFFLINE, "PYTHONPATH": f"{ROOT}:{site}", "NOTED": str(noted)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "figures go to trackio, project grokaem, run my-run" in done.stdout
    (first, project), (_, settings), *logs, last = map(json.loads, noted.read_text().splitlines())
    assert first == "init" and project == {"project": "grokaem", "name": "my-run"}
    assert settings["batch_size"] == 8 and settings["seed"] == 0
    report = json.loads((tmp_path / "my-run" / "run.json").read_text())
    told = [[step, values["loss"]] for _, step, values in logs if "loss" in values]
    assert told == report["loss_curve"] and [step for step, _ in told] == [2, 4]
    scores = [values["eval_accuracy"] for _, step, values in logs if "eval_accuracy" in values and step == 4]
    assert scores == [report["validation"]["accuracy"]]
    assert last == ["finish"]


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="tensorboard is not installed: pip install tensorboard")
def test_tensorboard_reads_the_losses(inputs, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    words = [*inputs, *FLAGS, "--report-to", "tensorboard", "--output-dir", tmp_path / "run"]
    done = run_script("training/finetune.py", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    found = EventAccumulator(str(tmp_path / "tensorboard" / "run"))
    found.Reload()
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    curve = [[event.step, pytest.approx(event.value, rel=1e-6)] for event in found.Scalars("loss")]
    assert report["loss_curve"] == curve
