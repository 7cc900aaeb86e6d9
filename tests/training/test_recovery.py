"""Out of memory: recognised, answered by the checklist, survived without losing a step."""

import errno
import os
import subprocess
import sys

import pytest
import torch

from grokaem.memory.checklist import Situation
from grokaem.memory.settings import MemorySettings
from tests.conftest import OFFLINE, ROOT
from training.recovery import choose_next_lever, is_out_of_memory, levers_left, weights_are_intact

CPU = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 268435456 bytes. Error code 12 (Cannot allocate memory)"
)


class OutOfMemoryError(RuntimeError):
    """As torch.OutOfMemoryError, which only CUDA raises."""


def caused_by(cause):
    try:
        try:
            raise cause
        except BaseException as error:
            raise ValueError("while collating") from error
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        torch.OutOfMemoryError("Allocation on device"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError(CPU),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("bad allocation"),
        RuntimeError("could not create a primitive"),
        RuntimeError("could not create a memory object"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: not enough memory: you tried to "
                     "allocate 402653184 bytes."),
        RuntimeError("dnnl_out_of_memory"),
        RuntimeError("Unable to allocate 2.00 GiB of memory"),
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        caused_by(MemoryError()),
    ],
    ids=repr,
)
def test_out_of_memory_is_recognised(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        None,
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("out of memory is only quoted here"),
        OSError(errno.ENOSPC, "No space left on device"),
        caused_by(KeyError("labels")),
        RuntimeError("could not create a primitive descriptor for a matmul primitive"),
        RuntimeError("bad allotment"),
    ],
    ids=repr,
)
def test_other_errors_are_not(error):
    assert not is_out_of_memory(error)


def test_recovery_passes_over_a_step_that_the_model_does_not_take():
    settings = MemorySettings(4)

    def components(levers):
        if levers.gradient_checkpointing:
            raise ValueError("--gradient-checkpointing: Albert has no repeated blocks; leave it off.")
        if levers.optimizer == "adamw8bit":
            raise NotImplementedError
        return {"activations": 100.0 * levers.micro_batch_size, "runtime": 5.0}

    found = choose_next_lever(settings, Situation(), "forward", components)
    assert found.lever.key == "micro_batch" and found.settings.micro_batch_size == 2
    assert choose_next_lever(MemorySettings(1, attention_dropout_off=True, precision="bf16"), Situation(), "forward",
                  components) is None  # fmt: skip


def test_levers_follow_the_checklist_and_keep_the_effective_batch_until_none_is_left():
    settings, taken = MemorySettings(24), []
    while choices := list(levers_left(settings, Situation())):
        step, settings = choices[0]
        taken.append(step.key)
        assert settings.effective_batch_size == 24
        assert settings.lora_rank == 0 and settings.freeze == "none", "what is trained stays"
    assert taken == [
        "micro_batch", "micro_batch", "checkpointing", "adam8bit", "attention_dropout", "precision",
        "micro_batch", "micro_batch", "embeddings_8bit",
    ]  # fmt: skip
    assert settings.micro_batch_size == 1 and settings.gradient_accumulation_steps == 24


def test_a_step_that_saves_little_is_passed_over_while_another_saves_more():
    def components(settings):
        return {
            "optimizer_state": 800 if settings.optimizer == "adamw" else 200,
            "activations": 50,
            "runtime": 20,
        }

    found = choose_next_lever(MemorySettings(32), Situation(), "optimizer", components)
    assert found.lever.key == "adam8bit" and "800 of 850 MiB" in found.diagnosis
    assert choose_next_lever(MemorySettings(32), Situation(), "forward").lever.key == "micro_batch"
    everything = MemorySettings(1, 32, True, "adamw8bit", False, "bf16", True)
    assert choose_next_lever(everything, Situation(), "forward") is None


def test_optimizer_in_backward_is_answered_without_accumulation():
    settings = MemorySettings(32, optimizer_in_backward=True)
    assert [step.key for step, _ in levers_left(settings, Situation())][0] == "checkpointing"
    for _, changed in levers_left(settings, Situation()):
        assert changed.gradient_accumulation_steps == 1


def test_weights_are_intact_unless_the_optimizer_had_begun():
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight], fused=True)
    assert not weights_are_intact(None, 0, "start", False)
    for done in range(3):
        weight.grad = torch.ones(3)
        optimizer.step()
        assert weights_are_intact(optimizer, done + 1, "optimizer", False)
        assert not weights_are_intact(optimizer, done, "optimizer", False)
    assert weights_are_intact(optimizer, 2, "forward", False) and weights_are_intact(optimizer, 2, "backward", False)
    assert weights_are_intact(optimizer, 2, "forward", True) and not weights_are_intact(optimizer, 2, "backward", True)


@pytest.fixture
def calm(train, calm_bert, even_csv):
    """A short run whose every loss is kept."""

    def run(*flags, name="run"):
        common = ["--batch-size", 16, "--max-steps", 9, "--precision", "fp32", "--learning-rate", "1e-3"]
        return train(*common, "--logging-steps", 1, *flags, name=name, model=calm_bert, data=even_csv)

    return run


WHOLE = {}


@pytest.fixture
def uninterrupted(calm):
    """Losses and rates of the run that nothing disturbed; made once."""
    if not WHOLE:
        run = calm(name="whole")
        history = run.training.progress.history
        WHOLE["losses"] = [loss for _, loss in run.report["loss_curve"]]
        WHOLE["rates"] = [entry["learning_rate"] for entry in history if "learning_rate" in entry]
        WHOLE["loss"] = run.report["metrics"]["loss"]
    return WHOLE


def fail_once_after_step(seven, where, monkeypatch):
    """Lets memory run out in the step after step ``seven``, once, in one of the places where it can."""
    import accelerate

    from training.recipe import Training

    fails = {"armed": False, "done": False}

    def wrap(owner, name, *, raises=False, after=False):
        genuine = getattr(owner, name)

        def method(self, *args, **kwargs):
            if isinstance(self, Training) and self.progress.step == seven:
                fails["armed"] = not fails["done"]
            now = raises and fails["armed"] and not fails["done"]
            if now and not after:
                fails["done"] = True
                raise RuntimeError(CPU)
            result = genuine(self, *args, **kwargs)
            if now:
                fails["done"] = True
                raise MemoryError
            return result

        monkeypatch.setattr(owner, name, method)

    if where == "forward":
        wrap(Training, "take_pass", raises=True)
    elif where == "backward":
        wrap(Training, "take_pass")
        wrap(accelerate.Accelerator, "backward", raises=True, after=True)
    elif where in ("optimizer", "half-updated"):
        wrap(Training, "take_step")
        wrap(torch.optim.AdamW, "step", raises=True, after=where == "half-updated")
    else:
        wrap(Training, "save", raises=True)
    return fails


@pytest.fixture
def in_order(monkeypatch):
    """No predictions while answering: the checklist's order alone decides."""
    from training.memory_choice import Planner

    def none(*_):
        raise MemoryError

    monkeypatch.setattr(Planner, "components", none)


@pytest.mark.parametrize(
    "where",
    [
        "forward",
        pytest.param("backward", marks=pytest.mark.slow),
        pytest.param("optimizer", marks=pytest.mark.slow),
        "half-updated",
        pytest.param("checkpoint", marks=pytest.mark.slow),
    ],
)
def test_training_goes_on_as_if_nothing_had_happened(where, calm, uninterrupted, monkeypatch, in_order):
    # Six steps are one epoch: the eighth is in the middle of the second.
    fails = fail_once_after_step(7, where, monkeypatch)
    done = calm(*(["--save-seconds", 0] if where == "checkpoint" else []))
    assert fails["done"]
    assert "out of memory at step 8" in done.told
    assert "--batch-size 8 --gradient-accumulation-steps 2" in done.told
    assert ("going on from the beginning" if where == "half-updated" else "going on from step 7") in done.told
    assert done.report["checklist"][-1]["step"] == "micro_batch"
    config = done.report["config"]
    assert (config["batch_size"], config["effective_batch_size"]) == (8, 16)
    assert done.report["steps"] == 9
    curve = done.report["loss_curve"]
    assert [step for step, _ in curve] == list(range(1, 10))
    assert [loss for _, loss in curve] == pytest.approx(uninterrupted["losses"], rel=1e-4)
    rates = [entry["learning_rate"] for entry in done.training.progress.history if "learning_rate" in entry]
    assert rates == pytest.approx(uninterrupted["rates"])
    assert done.report["metrics"]["loss"] == pytest.approx(uninterrupted["loss"], rel=1e-4)


@pytest.mark.slow
def test_lever_after_lever_of_the_checklist_down_to_8_bit_moments(calm, monkeypatch, in_order):
    from training.recipe import Training

    genuine = Training.take_pass

    def take_pass(self, *args):
        settings = self.settings
        greedy = (
            settings.micro_batch_size > 4
            or not settings.gradient_checkpointing
            or settings.optimizer == "adamw"
        )
        if self.progress.step == 4 and greedy:
            raise RuntimeError(CPU)
        return genuine(self, *args)

    monkeypatch.setattr(Training, "take_pass", take_pass)
    done = calm()
    taken = [
        entry["step"] for entry in done.report["checklist"] if "out of memory at step 5" in entry["reason"]
    ]
    assert taken == ["micro_batch", "micro_batch", "checkpointing", "adam8bit"]
    assert done.report["steps"] == 9
    assert done.report["config"]["optimizer"] == "adamw8bit"


@pytest.mark.slow
def test_a_resumed_run_keeps_the_settings_it_had_come_to(calm, uninterrupted, monkeypatch, in_order):
    from training.recipe import Training

    with monkeypatch.context() as patched:
        fail_once_after_step(3, "forward", patched)
        genuine = Training.take_pass

        def take_pass(self, *args):
            if self.progress.step == 8:
                raise KeyboardInterrupt
            return genuine(self, *args)

        patched.setattr(Training, "take_pass", take_pass)
        with pytest.raises(KeyboardInterrupt):
            calm("--save-seconds", 0)
    done = calm("--save-seconds", 0, "--resume")
    assert "going on from checkpoint-8" in done.told
    assert done.report["config"]["batch_size"] == 8
    assert "out of memory at step 4" in done.report["checklist"][-1]["reason"]
    losses = [loss for _, loss in done.report["loss_curve"]]
    assert losses == pytest.approx(uninterrupted["losses"], rel=1e-4)


def test_evaluation_gets_by_with_smaller_batches(calm, monkeypatch):
    from training.recipe import Training

    genuine = Training.answer

    def answer(self, batch):
        if self.phase == "evaluation" and len(batch["labels"]) > 8:
            raise MemoryError
        return genuine(self, batch)

    monkeypatch.setattr(Training, "answer", answer)
    done = calm()
    assert "out of memory in evaluation: going on with 8 examples" in done.told
    assert done.report["config"]["batch_size"] == 16, "training is left as it was"


def test_when_nothing_is_left_one_sentence_says_what_to_change(calm, monkeypatch):
    from training.recipe import Training

    def take_pass(self, *args):
        raise RuntimeError(CPU)

    monkeypatch.setattr(Training, "take_pass", take_pass)
    monkeypatch.setattr("training.recovery.choose_next_lever", lambda *_: None)
    with pytest.raises(RuntimeError, match="--lora-rank 8"):
        calm()


def test_moments_become_8_bit_without_starting_over():
    from grokaem.memory.adamw8bit import SlicedAdamW8bit
    from tests.conftest import state_bytes

    torch.manual_seed(0)
    weight, table = torch.nn.Parameter(torch.randn(64, 128)), torch.nn.Parameter(torch.randn(64, 128))
    plain = torch.optim.AdamW([weight, table], lr=1e-2)
    for _ in range(5):
        for parameter in (weight, table):
            parameter.grad = torch.randn_like(parameter)
        plain.step()
    small = SlicedAdamW8bit([weight, table], lr=1e-2, exact=[table])
    small.load_state_dict(plain.state_dict())
    assert state_bytes(small)["uint8"] == 2 * weight.numel()
    assert small.state[weight]["step"] == 5
    torch.testing.assert_close(small.state[table]["state1"], plain.state[table]["exp_avg"])
    before = weight.detach().clone()
    copy = torch.nn.Parameter(before.clone())
    reference = torch.optim.AdamW([copy], lr=1e-2)
    reference.load_state_dict({
        "state": {0: plain.state_dict()["state"][0]},
        "param_groups": [{**plain.state_dict()["param_groups"][0], "params": [0]}],
    })  # fmt: skip
    copy.grad = weight.grad = torch.randn_like(weight)
    reference.step()
    small.step()
    moved, meant = weight.detach() - before, copy.detach() - before
    assert (moved - meant).norm() < 0.1 * meant.norm()


LIMITED = """
import resource, sys
sys.path.insert(0, {root!r})
from grokaem.command_line import quiet_libraries
quiet_libraries()
import torch
from grokaem.process_memory import return_freed_memory_at_once
from training import finetune, recipe
torch.set_num_threads(1)
return_freed_memory_at_once()
genuine = recipe.fit

def limited(*args):
    held = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (held + {mib} * 2**20, resource.RLIM_INFINITY))
    return genuine(*args)

recipe.fit = limited
sys.exit(finetune.main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_real_limit_of_the_address_space_is_survived(tiny_bert, news, tmp_path):
    import csv
    import json

    data = tmp_path / "long.csv"  # 256 texts of 128 tokens take about 250 MiB at once
    with open(data, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("text", "label"), *((" ".join([text] * 5), label) for text, label in news)]
        )
    script = tmp_path / "limited.py"
    script.write_text(LIMITED.format(root=str(ROOT), mib=160))
    command = [
        sys.executable, script, "--dataset", data, "--base-model", tiny_bert, "--batch-size", 256,
        "--precision", "fp32", "--max-steps", 3, "--output-dir", tmp_path / "run",
    ]  # fmt: skip
    environment = {**os.environ, **OFFLINE, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "out of memory at step 1" in done.stdout, done.stdout[-2000:]
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    assert report["steps"] == 3
    assert report["config"]["effective_batch_size"] == 256 > report["config"]["batch_size"]
