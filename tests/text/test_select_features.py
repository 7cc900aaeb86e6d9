"""The command on a file of one's own, run from another folder."""

import json
import re
import shlex
import subprocess

import numpy as np
import pytest

from tests.conftest import run_script, started


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(2)
    words = {"good": ["superb", "lovely", "moving"], "bad": ["dull", "tedious", "awful"]}
    lines = ["opinion,verdict"]
    for i in range(300):
        label = ("good", "bad")[i % 2]
        shared = [f"thing{n}" for n in rng.integers(0, 50, 8)]
        lines.append(f"{' '.join([*shared, rng.choice(words[label])])} {i},{label}")
    path = tmp_path_factory.mktemp("data") / "opinions.csv"
    path.write_text("\n".join(lines))
    return path


def call(folder, *options):
    command = [*started("grokaem select-features"), *map(str, options)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_table_json_and_report(table, tmp_path):
    done = call(tmp_path, table, "--text-column", "opinion", "--label-column", "verdict", "--scorers", "chi2,linear",
                "--k", "3,6,all", "--folds", "3", "--json", "out/r.json", "--html", "out/r.html")  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "out/r.json").read_text())
    assert [(row["scorer"], row["k"]) for row in told["results"]] == [
        (scorer, k) for scorer in ("chi2", "linear") for k in (3, 6, None)
    ]
    assert told["recommended"]["k"] == 6 and told["recommended"]["accuracy"] == 1.0
    assert {word for word, _ in told["top"]["good"][:3]} == {"superb", "lovely", "moving"}
    labels = {row["label"]: row["support"] for row in told["labels"]}
    share = told["test"].pop("most_frequent")
    assert told["test"] == {"all": 1.0, "recommended": 1.0}
    assert share in {count / sum(labels.values()) for count in labels.values()}
    assert f"{share:.4f} by always answering the most frequent label" in done.stdout
    small, all_of_them = told["results"][1], told["results"][2]
    assert small["matrix_bytes"] < all_of_them["matrix_bytes"] and small["model_bytes"] < all_of_them["model_bytes"]
    assert "recommended: chi2, k = 6" in done.stdout
    page = (tmp_path / "out/r.html").read_text()
    assert "Words of each class" in page and "superb" in page and "Plotly" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scorers", "chi3"], "--scorers chi3: choose from chi2"),
        (["--k", "0"], "--k 0: give numbers from 1 on"),
        (["--folds", "1"], "--folds 1: at least 2"),
        (["--seed", "-1"], "--seed -1: give a number from 0"),
        (["--ngrams", "2"], "--ngrams 2: give the shortest and longest"),
        (["--min-df=-1"], "--min-df -1: give a number of documents"),
        (["--parts-of-speech", "NOUN"], "pip install spacy=="),
        (["--stop-words", "none.txt"], "--stop-words none.txt: there is no such file"),
        (["--label-column", "stars"], "stars"),
    ],
)
def test_wrong_usage_is_one_sentence(table, tmp_path, options, message):
    if message.startswith("pip"):
        try:
            import spacy  # noqa: F401

            pytest.skip("spaCy is installed here")
        except ImportError:
            pass
    done = call(tmp_path, table, *options)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_saved_model_is_told_with_its_use_and_a_k_beyond_the_words_is_said(table, tmp_path):
    columns = ["--text-column", "opinion", "--label-column", "verdict"]
    done = call(tmp_path, table, *columns, "--scorers", "chi2", "--k", "3,4000,5000", "--save", "my words")
    assert done.returncode == 0, done.stderr
    n_features = re.search(r"documents, (\d+) features", done.stdout)[1]
    assert f"there are only {n_features} words: k = 4,000, 5,000 takes all of them" in done.stdout
    told = next(line for line in done.stdout.splitlines() if line.startswith("saved the recommended model: "))
    use = shlex.split(told.partition(": ")[2])
    assert use[:2] == ["grokaem", "predict"]
    answer = run_script("grokaem predict", *use[2:], cwd=tmp_path)
    assert json.loads(answer.stdout)["label"] in ("good", "bad"), answer.stderr
