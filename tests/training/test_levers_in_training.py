"""Every lever of the checklist is a flag of finetune.py that training really applies, and run.json tells."""

import argparse
import json
import shlex

import pytest
import torch

from grokaem.memory.checklist import levers
from tests.conftest import run_script
from training.config import parse, parser


def test_every_lever_of_the_checklist_is_a_flag():
    known = {option for action in parser()._actions for option in action.option_strings}
    for item in levers():
        for word in shlex.split(item.flag):
            assert not word.startswith("--") or word in known, f"{item.key}: {word}"


def test_memory_flags_are_those_of_the_planner():
    from grokaem.memory.settings import add_settings_arguments

    alone = argparse.ArgumentParser()
    add_settings_arguments(alone)
    known = {option for action in parser()._actions for option in action.option_strings}
    assert {option for action in alone._actions for option in action.option_strings} <= known
    assert (
        parse(["--batch-size", "4", "--gradient-accumulation-steps", "8"]).memory.effective_batch_size == 32
    )
    assert parse([]).memory.micro_batch_size == 32
    assert parse(["--task", "audio"]).memory.micro_batch_size == 16


FEW_BITS = ["--precision", "bf16-pure", "--optimizer", "adamw8bit", "--no-embeddings-32bit"]


@pytest.mark.parametrize(
    ("flags", "steps_taken", "state"),
    [
        (["--optimizer", "adamw8bit", "--freeze", "embeddings", "--gradient-checkpointing"],
         {"adam8bit", "freeze", "checkpointing"}, {"float32"}),  # only the tables are large enough for bytes
        ([*FEW_BITS, "--attention-dropout-off", "--batch-size", 8, "--gradient-accumulation-steps", 4],
         {"adam8bit", "embeddings_8bit", "attention_dropout", "accumulation"}, {"uint8", "float32"}),
        (["--optimizer", "adafactor", "--precision", "tf32", "--no-group-by-length", "--no-preflight"],
         set(), {"float32"}),
        (["--optimizer", "sgd", "--precision", "fp32", "--dataloader-workers", 1, "--no-pin-memory"],
         set(), set()),
        (["--optimizer-in-backward", "--precision", "bf16"], {"in_backward"}, {"float32"}),
        (["--lora-rank", 4, "--load-in-8bit", "--gradient-checkpointing", "--precision", "bf16"],
         {"lora", "int8_lora", "checkpointing"}, {"float32"}),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)  # fmt: skip
def test_levers_train_and_are_recorded(flags, steps_taken, state, train):
    done = train(*flags, "--max-steps", 3)
    report = done.report
    assert report["steps"] == 3 and set(done.state) == state
    recorded = {entry["step"]: entry for entry in report["checklist"]}
    assert steps_taken <= set(recorded)
    assert all(recorded[key]["reason"] == "asked for" for key in steps_taken)
    assert ("bucketing" in recorded) == ("--no-group-by-length" not in flags)
    assert ("preflight" in recorded) == ("--no-preflight" not in flags) == ("preflight:" in done.told)
    assert report["config"]["effective_batch_size"] == 32
    memory = report["memory"]
    assert memory["predicted_peak_mib"] > 0 and memory["measured_peak_mib"] > 0
    assert memory["budget_mib"] is None
    trained = done.training.task.model
    kinds = {parameter.dtype for parameter in trained.parameters()}
    expected = {"--load-in-8bit": {torch.int8, torch.float32}}.get(
        next((f for f in flags if f == "--load-in-8bit"), ""),
        {torch.bfloat16} if "bf16-pure" in flags else {torch.float32},
    )
    assert kinds == expected


def test_a_budget_is_solved_announced_kept_and_recorded(train):
    done = train("--memory-budget", "55MiB", "--precision", "fp32", "--max-steps", 2, "--batch-size", 64)
    memory, config = done.report["memory"], done.report["config"]
    assert memory["budget_mib"] == 55
    assert memory["predicted_peak_mib"] <= 55
    assert memory["measured_peak_mib"] <= 55
    assert "budget 55 MiB" in done.told
    assert config["batch_size"] * config["gradient_accumulation_steps"] == 64
    chosen = [entry for entry in done.report["checklist"] if "within the budget" in entry["reason"]]
    assert chosen and all(entry["step"] for entry in chosen)


def test_an_impossible_budget_is_refused_before_anything_is_written(train, tmp_path):
    with pytest.raises(ValueError, match="--memory-budget 1MB: nothing on the checklist fits"):
        train("--memory-budget", "1MB", "--precision", "fp32")
    assert not list(tmp_path.glob("**/*run*"))


@pytest.mark.slow
def test_the_command_that_the_planner_prints_trains(tiny_bert, news_csv, tmp_path):
    asked = run_script(
        "grokaem plan", "--base-model", tiny_bert, "--sequence-length", 64, "--budget", "55MiB",
        "--precision", "fp32", "--no-table", "--json", cwd=tmp_path,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    words = shlex.split(told["command"])
    assert words[:2] == ["python", "training/finetune.py"]
    done = run_script(
        *words[1:], "--dataset", news_csv, "--max-steps", 2, "--output-dir", "run", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    chosen = told["chosen"]
    assert config["batch_size"] == chosen["micro_batch_size"]
    for name in (
        "gradient_accumulation_steps",
        "gradient_checkpointing",
        "optimizer",
        "precision",
        "lora_rank",
    ):
        assert config[name] == chosen[name], name


def test_wide_resnet_under_checkpointing_counts_each_batch_once(train, tmp_path):
    from safetensors.torch import load_file

    done = train(
        "--task", "audio", "--gradient-checkpointing", "--max-steps", 3, "--batch-size", 4, "--precision", "fp32",
        "--optimizer", "adamw8bit", "--max-seconds", 0.3, model="wide_resnet", data="drums",
    )  # fmt: skip
    weights = load_file(done.folder / "model.safetensors")
    counts = {int(value) for name, value in weights.items() if name.endswith("num_batches_tracked")}
    assert counts == {3}
    assert "checkpointing" in {entry["step"] for entry in done.report["checklist"]}


@pytest.mark.parametrize(
    "flags",
    [
        [*FEW_BITS, "--gradient-checkpointing", "--gradient-accumulation-steps", 2, "--batch-size", 8],
        pytest.param(["--lora-rank", 4, "--load-in-8bit", "--batch-size", 16], marks=pytest.mark.slow),
        pytest.param(["--optimizer-in-backward", "--batch-size", 16], marks=pytest.mark.slow),
    ],
    ids=lambda flags: " ".join(map(str, flags)),
)
def test_a_resumed_run_ends_as_an_uninterrupted_one(flags, train, monkeypatch, even_csv):
    from training.recipe import Training

    flags = [*map(str, flags), "--max-steps", 9, "--save-seconds", 0, "--logging-steps", 1]
    whole = train(*flags, name="whole", data=even_csv)
    genuine = Training.take_pass

    def take_pass(self, *args):
        if self.progress.step == 8:
            raise KeyboardInterrupt
        return genuine(self, *args)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Training, "take_pass", take_pass)
        train(*flags, data=even_csv)
    resumed = train(*flags, "--resume", data=even_csv)
    assert "going on from checkpoint-8" in resumed.told
    assert resumed.report["loss_curve"] == whole.report["loss_curve"]
    assert resumed.report["metrics"] == whole.report["metrics"]
    assert resumed.report["checklist"] == whole.report["checklist"]
