"""Runs that end early: by SIGTERM, or because their loss is no number any more."""

import json
import os
import signal

import pytest

from training.finetune import main
from training.interrupted import how_to_resume, nothing_to_resume
from training.recipe import Training
from training.run_folder import RunFolder


def test_sigterm_leaves_a_run_that_goes_on(case_models, case_inputs, tmp_path, monkeypatch, capsys):
    flags = ["--dataset", case_inputs / "reviews.csv", "--base-model", case_models / "bert_without_pooler"]
    flags += ["--max-steps", 5, "--save-seconds", 0, "--output-dir", tmp_path / "run"]
    words, before = [str(flag) for flag in flags], signal.getsignal(signal.SIGTERM)
    genuine = Training.take_pass

    def take_pass(self, *args):
        if self.progress.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return genuine(self, *args)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "take_pass", take_pass)
        assert main(words) == 128 + signal.SIGTERM
    assert "--resume goes on from the last checkpoint" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before
    assert not (tmp_path / "run").exists()
    assert main([*words, "--resume"]) == 0
    assert "going on from checkpoint-3" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 5


@pytest.mark.parametrize("shown", [1, 1000], ids=["where losses are shown", "at the first evaluation"])
def test_a_loss_that_is_no_number_ends_the_run(train, case_models, case_inputs, shown):
    flags = ["--no-preflight", "--learning-rate", "1e38", "--epochs", 1, "--precision", "fp32"]
    flags += ["--logging-steps", shown]
    with pytest.raises(RuntimeError, match="the loss is no number.*--learning-rate"):
        train(*flags, model=case_models / "bert_without_pooler", data=case_inputs / "reviews.csv")


def test_resume_without_a_run_says_so_first_and_names_those_beside(case_inputs, tmp_path, monkeypatch, capsys):
    settings = {"base_model": "org/a", "dataset": "reviews.csv", "seed": 3}
    RunFolder(tmp_path / "other").open(settings, False)
    (tmp_path / ".mine.partial").mkdir()  # of another program
    words = ["--dataset", str(case_inputs / "reviews.csv"), "--output-dir", str(tmp_path / "run"), "--resume"]

    def inputs(*_):
        told = capsys.readouterr().out.splitlines()
        assert told[0] == f"there is nothing to resume at {tmp_path / 'run'}: training begins anew"
        assert told[1].startswith(f"unfinished: {tmp_path / 'other'} (--base-model org/a --dataset reviews.csv --s")
        assert "with --resume" in told[1] and len(told) == 2
        raise KeyboardInterrupt

    monkeypatch.setattr("training.inputs.load_inputs", inputs)
    with pytest.raises(KeyboardInterrupt):
        main(words)
    assert "stopped before the first checkpoint: the same command begins anew" in capsys.readouterr().err


def test_what_a_stop_left_is_what_is_said(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.open({}, False)
    assert not nothing_to_resume(folder)
    (folder.checkpoints / "checkpoint-1").mkdir()  # cut short
    assert how_to_resume(folder.path).endswith("the same command with --resume begins anew")
    (folder.checkpoints / "checkpoint-1" / "complete").touch()
    assert how_to_resume(folder.path).endswith("goes on from the last checkpoint")
