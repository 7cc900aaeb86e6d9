import json
import os
import signal
import subprocess
import sys
import time

import pytest

from exporting.run_source import read_run
from tests.conftest import OFFLINE, ROOT, run_script
from training.run_folder import COMPLETE


def test_run_folder_is_whole(text_run):
    report = json.loads((text_run / "run.json").read_text())
    assert {
        "task",
        "base_model",
        "data",
        "config",
        "checklist",
        "metrics",
        "memory",
        "seconds",
        "versions",
        "seed",
    } <= set(report)
    assert set(report["metrics"]) == {"accuracy", "macro_f1", "loss"}
    assert set(report["memory"]) == {
        "predicted_peak_mib",
        "measured_peak_mib",
        "budget_mib",
        "before_mib",
    }
    sizes = report["data"]["sizes"]
    assert sum(sum(row) for row in report["confusion"]) == sizes["test"]
    right = sum(report["confusion"][i][i] for i in range(2))
    assert report["metrics"]["accuracy"] == pytest.approx(right / sizes["test"])
    assert report["steps"] == 6 * -(-sizes["train"] // 32)
    assert not list(text_run.parent.glob(".*partial")), "the partial folder is gone"


def test_weights_on_disk_give_the_metrics_reported(text_run, news_csv):
    import numpy as np
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from grokaem import corpora
    from training.metrics import classification_metrics

    test = corpora.load(str(news_csv), task="text").test
    model = AutoModelForSequenceClassification.from_pretrained(text_run).eval()
    tokenizer = AutoTokenizer.from_pretrained(text_run)
    with torch.inference_mode():
        logits = model(**tokenizer(test.inputs, padding=True, truncation=True, return_tensors="pt")).logits
    metrics = classification_metrics(logits.numpy(), np.asarray(test.labels))
    report = json.loads((text_run / "run.json").read_text())
    # the run may have scored in bf16: a borderline text or two may fall on the other side
    assert metrics["accuracy"] == pytest.approx(report["metrics"]["accuracy"], abs=2.1 / len(test.inputs))
    assert metrics["loss"] == pytest.approx(report["metrics"]["loss"], abs=0.01)


def test_examples_are_texts_of_their_label(text_run, news):
    known = dict(news)
    for example in json.loads((text_run / "run.json").read_text())["examples"]:
        assert known[example["text"]] == example["label"]


def test_last_run_trains_on_the_validation_part_too(text_run, news_csv, tiny_bert, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("text,label\n" + "".join(f"{word} of the shares,{word}\n" for word in ("acq", "earn") * 5))
    options = ["--dataset", news_csv, "--base-model", tiny_bert, "--epochs", 2, "--train-on-validation"]
    options += ["--also-train-on", more, "--output-dir", "both"]
    done = run_script("training/finetune.py", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    apart, both = (json.loads((run / "run.json").read_text()) for run in (text_run, tmp_path / "both"))
    sizes = apart["data"]["sizes"]
    count = sizes["train"] + sizes["validation"] + 2  # the copies of the two texts are left out
    assert both["data"]["sizes"] == {**sizes, "train": count}
    assert f"{count} to train, {sizes['validation']} of them the validation part" in done.stdout
    assert both["steps"] == 2 * -(-count // 32)
    assert both["validation"] is None, "nothing was measured on examples that were not trained on"
    assert sum(map(sum, both["confusion"])) == sizes["test"]
    corpus = read_run(tmp_path / "both").corpus()
    assert corpus.describe() == both["data"], "an export finds the same data again"


def test_a_finished_run_is_not_overwritten_unasked(text_run, news_csv, tiny_bert):
    before = (text_run / "run.json").read_bytes()
    done = run_script(
        "training/finetune.py",
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--output-dir",
        text_run,
        cwd=text_run.parent,
    )
    assert done.returncode == 2 and "--overwrite" in done.stderr
    assert (text_run / "run.json").read_bytes() == before


def test_killed_run_resumes_to_the_same_end(news_csv, tiny_bert, tmp_path):
    common = [
        "--dataset",
        news_csv,
        "--base-model",
        tiny_bert,
        "--batch-size",
        4,
        "--max-steps",
        60,
        "--learning-rate",
        "1e-3",
        "--save-seconds",
        "0.3",
    ]
    whole = run_script("training/finetune.py", *common, "--output-dir", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr[-2000:]
    command = [sys.executable, ROOT / "training/finetune.py", *common, "--output-dir", "killed"]
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=tmp_path,
        env={**os.environ, **OFFLINE},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoints = tmp_path / ".killed.partial" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob(f"checkpoint-*/{COMPLETE}")):
        assert process.poll() is None and time.monotonic() < deadline, "no checkpoint before the end"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed").exists(), "a killed run leaves no run folder"
    again = run_script("training/finetune.py", *common, "--output-dir", "killed", cwd=tmp_path)
    assert again.returncode == 2 and "--resume" in again.stderr
    resumed = run_script("training/finetune.py", *common, "--output-dir", "killed", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr[-2000:]
    assert "going on from checkpoint-" in resumed.stdout
    first, second = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "killed"))
    assert first["steps"] == second["steps"] == 60
    assert second["metrics"]["loss"] == pytest.approx(first["metrics"]["loss"], abs=0.02)
    assert second["metrics"]["accuracy"] == pytest.approx(first["metrics"]["accuracy"], abs=0.03)


def test_checkpoint_cut_short_is_not_resumed_from(tmp_path):
    from training.run_folder import RunFolder

    folder = RunFolder(tmp_path / "run")
    assert folder.open({"seed": 0}, resume=False) is None
    for step in (10, 20):  # of the second everything is written but the files that follow
        (folder.checkpoints / f"checkpoint-{step}").mkdir()
        (folder.checkpoints / f"checkpoint-{step}" / "progress.json").write_text("{}")
    (folder.checkpoints / "checkpoint-10" / COMPLETE).touch()
    (folder.checkpoints / "checkpoint-30").mkdir()
    assert folder.open({"seed": 0}, resume=True).name == "checkpoint-10"
    with pytest.raises(ValueError, match="--seed 0"):
        folder.check({"seed": 1}, resume=True, overwrite=False)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
@pytest.mark.parametrize("averaged, last, kept", [(False, False, 0.8), (True, False, 0.78), (True, True, 0.74)])
def test_which_weights_are_kept(tmp_path, tiny_bert, averaged, last, kept, metric):
    import torch
    from transformers import AutoModelForSequenceClassification

    from training.best import BestWeights
    from training.weights import load_weights

    model = AutoModelForSequenceClassification.from_pretrained(tiny_bert, num_labels=2)
    keeper = BestWeights(tmp_path / "best", metric, averaged, last)
    weights = {}
    for accuracy in (0.8, 0.78, 0.74):
        weights[accuracy] = {name: value.clone() for name, value in model.state_dict().items()}
        metrics = {"accuracy": 0.5, "macro_f1": 0.5, "loss": 1 - accuracy, metric: accuracy}
        better = keeper.keep_if_better(model, metrics, error=0.04, step=1, epoch=1.0)
        assert better == (accuracy == 0.8 or last or averaged and accuracy == 0.78)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["best"], "those it replaced are gone"
    load_weights(model, keeper.folder)
    assert all(torch.equal(value, weights[kept][name]) for name, value in model.state_dict().items())
    assert keeper.metrics()[metric] == kept and keeper.metrics()["highest"] == 0.8


def test_how_sure_a_metric_is():
    """Against the spread over samples drawn with replacement."""
    import numpy as np
    from sklearn.metrics import accuracy_score, f1_score

    from training.best import standard_error

    rng = np.random.default_rng(5)
    labels = rng.choice(3, 400, p=[0.7, 0.2, 0.1])
    given = np.where(rng.random(400) < 0.8, labels, rng.choice(3, 400))
    logits = np.eye(3)[given]
    drawn = [rng.integers(0, 400, 400) for _ in range(400)]
    for metric, score in (("accuracy", accuracy_score), ("macro_f1", lambda *pair: f1_score(*pair, average="macro"))):
        spread = np.std([score(labels[rows], given[rows]) for rows in drawn])
        assert standard_error(metric, logits, labels) == pytest.approx(spread, rel=0.25), metric


@pytest.mark.parametrize(("accuracy", "worth"), [(0.8, ""), (0.2, "; the model is no better than that")])
def test_the_last_lines_say_what_no_model_at_all_scores(accuracy, worth, tmp_path):
    from training.run_report import last_lines

    report = {
        "metrics": {"accuracy": accuracy, "macro_f1": 0.5, "loss": 0.5},
        "seconds": 1.23,
        "confusion": [[10, 10], [0, 80]],
        "data": {"label_names": ["a\x1b", "b"], "classes": {"a\x1b": {"train": 70}, "b": {"train": 30}}},
    }
    said, scores = last_lines(tmp_path, report)
    assert said == (
        f"accuracy {accuracy:.4f} on the test part, where always answering a\\x1b, the most frequent label of the "
        f"training part, has 0.2000{worth}"
    )
    assert json.loads(scores) == {"run_folder": str(tmp_path), **report["metrics"], "seconds": 1.2}
    del report["data"]["classes"]  # an older report
    assert last_lines(tmp_path, report) == [scores]


def test_a_column_that_is_not_there_is_said_before_the_finished_run(text_run, news_csv):
    from training.config import parse
    from training.finetune import finetune

    def told(*flags):
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            finetune(parse(["--output-dir", str(text_run), *map(str, flags)]))
        return str(caught.value)

    assert "news.csv has no column 'stars': give --label-column one of" in told(
        "--dataset", news_csv, "--label-column", "stars"
    )
    assert "news.csv has no column 'words': give --text-column one of" in told(
        "--dataset", news_csv, "--text-column", "words", "--resume"
    )
    assert "there is no file or folder" in told("--dataset", news_csv.parent / "gone.csv")
    assert "rotten_tomatoes has no columns: leave out --text-column" in told("--text-column", "text")
    assert "holds a finished run" in told("--dataset", news_csv, "--label-column", "label")


@pytest.mark.parametrize("name", ["runs/x", "exports/x/y", "runs/x.csv"])
def test_a_folder_of_ours_that_is_not_here_is_no_data_set_of_the_hub(name, tmp_path):
    done = run_script("training/finetune.py", "--dataset", name, cwd=tmp_path, env={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert done.returncode == 2, done.stderr
    wanted = f"there is no file or folder {name} here (looked in {tmp_path}): give its whole path"
    assert wanted in done.stderr.splitlines()[-1] and "Hub" not in done.stderr
