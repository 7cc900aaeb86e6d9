"""Classes of very different size: their weights in the loss, the metric that chooses, when a training stops."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
import torch

from exporting.export import export_run
from tests.conftest import run_script
from training.class_weights import ClassWeights
from training.config import FinetuneConfig, parse
from training.loss import SummedLoss

LABELS = [0] * 90 + [1] * 9 + [2]
NAMES = ["common", "rare", "once"]


def weights_of(asked, names=NAMES):
    """Of the labels above, in the order of their names."""
    found = ClassWeights.read(asked).for_training(LABELS, names)
    return None if found is None else [found[name] for name in names]


def test_auto_is_scikit_learn_s_balanced():
    from sklearn.utils.class_weight import compute_class_weight

    wanted = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    found = weights_of("auto", NAMES)
    assert found == pytest.approx(wanted)
    assert sum(found[label] for label in LABELS) == pytest.approx(len(LABELS)), (
        "the mean over the examples is 1"
    )
    assert weights_of("none", NAMES) is None
    assert weights_of("auto", [*NAMES, "never"])[:3] == pytest.approx(wanted), (
        "there is nothing to learn of it"
    )


def test_weights_of_a_file_keep_their_proportion(tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"once": 8, "common": 1, "rare": 2.0}))
    found = weights_of(str(file), NAMES)
    assert found[1] / found[0] == pytest.approx(2) and found[2] / found[0] == pytest.approx(8)
    assert sum(found[label] for label in LABELS) == pytest.approx(len(LABELS))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[1, 2]", "holds no weights by label"),
        ("{}", "holds no weights by label"),
        ('{"common": 1, "rare": 0, "once": 1}', "the weight of 'rare' is 0: give a number above 0."),
        ('{"common": 1, "rare": true, "once": 1}', "is True"),
        ('{"common": 1, "rare": NaN, "once": 1}', "is nan"),
        ('{"common": 1, "rare": 1e999, "once": 1}', "is inf"),
        ('{"common": 1, "rare": "2", "once": 1}', "is '2'"),
        ('{"common": 1, "rare": 2}', "no weight for 'once': weight exactly the labels of the data"),
        ('{"common": 1, "rare": 2, "once": 1, "x": 1}', "a weight for 'x', which no example has"),
    ],
)
def test_a_file_that_weights_something_else_is_refused(tmp_path, content, said):
    file = tmp_path / "weights.json"
    file.write_text(content)
    with pytest.raises(ValueError, match="--class-weights") as refusal:
        weights_of(str(file), NAMES)
    assert said in str(refusal.value) and str(refusal.value).endswith(".")


def test_a_weight_is_worth_as_many_copies(tmp_path):
    """The gradient of the weighted loss is that of a data set in which each example stands as often as it counts."""
    file = tmp_path / "weights.json"
    file.write_text('{"a": 1, "b": 3}')
    labels = torch.tensor([0, 0, 0, 1])
    corpus = type(
        "Corpus", (), {"label_names": ["a", "b"], "train": type("Part", (), {"labels": labels.tolist()})}
    )
    weighted = torch.randn(4, 2, generator=torch.manual_seed(0), requires_grad=True)
    (SummedLoss(ClassWeights.read(str(file)), corpus, torch.device("cpu"))(weighted, labels) / 4).backward()
    copied = weighted.detach().clone().requires_grad_()
    rows = torch.tensor([0, 1, 2, 3, 3, 3])
    torch.nn.functional.cross_entropy(copied[rows], labels[rows]).backward()
    torch.testing.assert_close(weighted.grad, copied.grad)


def test_settings_that_make_no_sense_are_refused_before_any_work(tmp_path):
    with pytest.raises(ValueError, match="there is no such file: give none, auto"):
        parse(["--class-weights", "balanced"])
    with pytest.raises(ValueError, match="--patience 0: give at least 1"):
        parse(["--patience", "0"])
    with pytest.raises(ValueError, match="--patience needs a validation part"):
        parse(["--patience", "1", "--train-on-validation"])
    with pytest.raises(SystemExit):
        parse(["--metric", "f1"])


def test_what_a_file_holds_is_what_a_run_is_known_by(tmp_path):
    here, there = tmp_path / "a.json", tmp_path / "b.json"
    for file in (here, there):
        file.write_text('{"neg": 1, "pos": 2}')
    one, two = (FinetuneConfig(class_weights=str(file)).to_json() for file in (here, there))
    assert one == two and one["class_weights"] == {"neg": 1, "pos": 2}
    there.write_text('{"neg": 1, "pos": 3}')
    assert FinetuneConfig(class_weights=str(there)).to_json() != one


def test_a_file_of_weights_may_go_while_a_run_trains(tmp_path):
    file = tmp_path / "weights.json"
    file.write_text('{"neg": 1, "pos": 2}')
    config = FinetuneConfig(class_weights=str(file))
    file.unlink()
    assert config.to_json()["class_weights"] == {"neg": 1, "pos": 2}
    assert config.weights.for_training([0, 1], ["neg", "pos"])["pos"] == pytest.approx(4 / 3)


@pytest.fixture(scope="module")
def lopsided(news, tmp_path_factory):
    """Few of one class, in the parts that a column names."""
    rows, seen = [], Counter()
    for text, label in news:
        seen[label] += 1
        part = ("train", "train", "validation", "test")[seen[label] % 4]
        if label == "earn" or part == "test" or seen[label] % 24 == 2 or seen[label] % 16 == 5:
            rows.append((text, label, part))
    path = tmp_path_factory.mktemp("data") / "lopsided.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label", "split"), *rows])
    return path


def test_a_rare_class_is_found_where_it_counts(train, lopsided):
    flags = ["--epochs", 6, "--learning-rate", "3e-3", "--batch-size", 8]
    plain = train(*flags, data=lopsided, name="plain").report
    minded = train(*flags, "--class-weights", "auto", "--metric", "macro_f1", data=lopsided, name="minded")
    report = minded.report
    names = report["data"]["label_names"]
    recall = [{row["label"]: row["recall"] for row in one["labels"]}["acq"] for one in (plain, report)]
    assert recall[1] > recall[0], "the rare class is found more often"
    assert report["class_weights"].keys() == set(names) and plain["class_weights"] is None
    assert report["class_weights"]["acq"] > 1 > report["class_weights"]["earn"]
    counts = report["data"]["classes"]
    total = sum(counts[name]["train"] * report["class_weights"][name] for name in names)
    assert total == pytest.approx(report["data"]["sizes"]["train"])
    assert report["config"]["metric"] == "macro_f1" and report["config"]["class_weights"] == "auto"
    assert report["never_predicted"] == [], "both are given"
    assert "macro F1" in minded.told and "it chose the epoch" in minded.told
    for row, true in zip(report["labels"], report["confusion"], strict=True):
        assert row["support"] == sum(true), "rows of the confusion are the true classes"
    export_run(minded.folder, precision="fp32")
    parity = json.loads((minded.folder / "export" / "parity.json").read_text())
    assert parity["gate"]["metric"] == "macro_f1" and parity["gate"]["passed"]
    assert parity["original"]["macro_f1"] == pytest.approx(report["metrics"]["macro_f1"], abs=0.05)
    card = (minded.folder / "export" / "README.md").read_text()
    assert "the epoch was chosen by macro F1" in card and "counts by its class: " in card


def test_a_class_that_is_never_given_is_named(train, lopsided):
    done = train("--epochs", 1, "--learning-rate", "1e-6", "--head-learning-rate", "3e-3", data=lopsided)
    if not done.report["never_predicted"]:
        pytest.fail(f"a step or two should only learn the common class: {done.report['confusion']}")
    assert done.report["never_predicted"] == ["acq"]
    assert "no example of the test part was given acq, which it holds: --class-weights auto" in done.told


def test_patience_ends_a_training_that_no_longer_gets_better(train, even_csv):
    """A rate so small that nothing changes: a patience of 2 ends with the third epoch."""
    done = train("--epochs", 6, "--learning-rate", "1e-12", "--no-preflight", "--patience", 2, data=even_csv)
    assert done.report["epochs_run"] == 3 and done.report["validation"]["epoch"] == 1
    again = train(
        "--epochs",
        3,
        "--learning-rate",
        "1e-12",
        "--no-preflight",
        "--patience",
        3,
        data=even_csv,
        name="again",
    )
    assert again.report["epochs_run"] == 3, "three epochs are taken whole"


def test_classes_of_which_a_part_has_few_are_named(tiny_bert, lopsided, tmp_path):
    done = run_script(
        "training/finetune.py", "--dataset", lopsided, "--base-model", tiny_bert, "--max-steps", 1,
        "--output-dir", "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        "1 of 2 classes are too rare to choose by, with fewer than 10 examples in the validation part: acq"
        in done.stdout
    )
