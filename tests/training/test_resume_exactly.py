"""A run that was stopped and goes on ends bit for bit as the one that nothing disturbed, wherever it was stopped."""

import hashlib
import json

import pytest

from training.finetune import main
from training.recipe import Training

# 41 texts in passes of 4 are 11 passes, in steps of two of them six steps, the last of a single text.
TEXT = ["--batch-size", 4, "--gradient-accumulation-steps", 2, "--epochs", 3, "--learning-rate", "3e-3"]
TEXT += ["--logging-steps", 4, "--precision", "fp32"]


@pytest.fixture(scope="module")
def short_csv(case_inputs, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "short.csv"
    path.write_text("".join((case_inputs / "reviews.csv").read_text().splitlines(keepends=True)[:65]))
    return path


@pytest.fixture
def run(tmp_path, case_models, short_csv):
    """Runs finetune.py's main; gives a hash of the weights, and what run.json says of the training."""

    def start(name, *flags, data=None):
        words = ["--dataset", data or short_csv, "--output-dir", tmp_path / name, *flags]
        if "audio" not in flags:  # a base without a pooler: what is new must be found again too
            words += ["--base-model", case_models / "bert_without_pooler"]
        assert main([str(word) for word in words]) == 0
        report = json.loads((tmp_path / name / "run.json").read_text())
        weights = [hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / name).glob("*.safetensors")]
        told = {key: report[key] for key in ("metrics", "validation", "loss_curve", "steps", "confusion")}
        return weights, told

    return start


def stop_at(monkeypatch, method, step):
    """Ctrl-C at the first call of a method of the training once so many steps are done."""
    genuine = getattr(Training, method)
    stopped = {"done": False}

    def interrupted(self, *args, **kwargs):
        if self.progress.step == step and not stopped["done"]:
            stopped["done"] = True
            raise KeyboardInterrupt
        return genuine(self, *args, **kwargs)

    monkeypatch.setattr(Training, method, interrupted)
    return stopped


WHOLE = {}


def compare(run, monkeypatch, method, step, *flags, **inputs):
    key = str((flags, inputs))
    if key not in WHOLE:
        WHOLE[key] = run("whole", *flags, **inputs)
    with monkeypatch.context() as patched:
        stopped = stop_at(patched, method, step)
        with pytest.raises(KeyboardInterrupt):
            run("stopped", *flags, "--save-seconds", 0, **inputs)
        assert stopped["done"]
    assert run("stopped", *flags, "--save-seconds", 0, "--resume", **inputs) == WHOLE[key]


@pytest.mark.case("L4")
@pytest.mark.parametrize(
    ("method", "step"),
    [
        pytest.param("take_step", 6, id="after the first evaluation"),
        pytest.param("take_step", 9, id="in mid-epoch"),
        pytest.param("evaluate", 12, id="before the second", marks=pytest.mark.slow),
    ],
)
def test_text_in_batches_of_like_length(run, monkeypatch, method, step):
    compare(run, monkeypatch, method, step, *TEXT)


@pytest.mark.case("L4")
@pytest.mark.slow
@pytest.mark.parametrize("step", [6, 8, 12])
@pytest.mark.parametrize(
    "flags",
    [
        ["--no-group-by-length"],
        ["--optimizer", "adamw8bit"],
        ["--optimizer", "adamw8bit", "--embeddings-by-row"],
        ["--optimizer", "adafactor"],
        ["--optimizer", "sgd"],
        ["--optimizer-in-backward", "--gradient-accumulation-steps", "1"],
        ["--lora-rank", "4"],
        ["--lora-rank", "4", "--load-in-8bit"],
        ["--freeze", "1", "--gradient-checkpointing"],
        ["--precision", "bf16"],
        ["--precision", "bf16-pure"],
        ["--train-on-validation"],
        ["--epochs", "2.5"],
        ["--dataloader-workers", "1"],
    ],
    ids=" ".join,
)
def test_with_every_lever(run, monkeypatch, flags, step):
    compare(run, monkeypatch, "take_step", step, *TEXT, *flags)


SOUND = ["--task", "audio", "--epochs", 3, "--batch-size", 8, "--logging-steps", 3, "--depth", 10]
SOUND += ["--widen-factor", 1, "--precision", "fp32"]


@pytest.mark.case("L4")
@pytest.mark.parametrize(
    ("method", "step"),
    [
        pytest.param("take_step", 4, id="after the first evaluation"),
        pytest.param("take_step", 6, id="in mid-epoch", marks=pytest.mark.slow),
        pytest.param("take_step", 7, id="before an epoch's last step", marks=pytest.mark.slow),
        pytest.param("evaluate", 8, id="before the second evaluation", marks=pytest.mark.slow),
    ],
)
def test_sounds_with_averaged_weights(run, monkeypatch, case_inputs, method, step):
    compare(run, monkeypatch, method, step, *SOUND, data=case_inputs / "sounds")


@pytest.mark.case("L4")
def test_an_evaluation_that_was_pending_is_made_up_for(run, monkeypatch):
    """A checkpoint between an epoch's last step and its evaluation: after a lack of memory, in older runs."""
    WHOLE.setdefault("pending", run("whole", *TEXT))
    genuine = Training.evaluate

    def interrupted(self, *args, **kwargs):
        if self.progress.step == 6:
            self.save()
            raise KeyboardInterrupt
        return genuine(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run("stopped", *TEXT)
    assert run("stopped", *TEXT, "--resume") == WHOLE["pending"]
