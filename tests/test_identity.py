"""What makes data, a model's folder and weights the same, and what another."""

import json
import os
import shutil
from dataclasses import replace

import pytest

from grokaem import corpora
from grokaem.corpora import Corpus, Part
from grokaem.identity import DataIdentity, model_content, weights

COMMIT = "0123456789" * 4
CORPUS = Corpus(
    "news",
    "text",
    ["acq", "earn"],
    Part(["a", "b", "c"], [0, 1, 1], ["a", "b", "c"]),
    Part(["d"], [1], ["d"]),
    Part(["e"], [0], ["e"]),
    revision=COMMIT,
)


def test_words_names_and_licences_are_no_part_of_it():
    other = replace(CORPUS, name="gazette", notes=["said otherwise"], license="MIT", language="en")
    assert other.identity == CORPUS.identity and other.identity.difference(CORPUS.identity) is None


@pytest.mark.parametrize(
    "change, told",
    [
        ({"revision": COMMIT[::-1]}, f"revision then {COMMIT}, now {COMMIT[::-1]}"),
        ({"label_names": ["earn", "acq"]}, "labels then acq, earn, now earn, acq"),
        ({"split_rule": "by-the-moon"}, "split then sha256-tenths, now by-the-moon"),
        ({"task": "audio"}, "task then text, now audio"),
        ({"test": Part(["e", "f"], [0, 0], ["e", "f"])},
         "sizes then acq 1 train 0 validation 1 test, now acq 1 train 0 validation 2 test"),  # fmt: skip
    ],
)
def test_everything_else_is(change, told):
    now = replace(CORPUS, **change).identity
    assert now != CORPUS.identity
    difference = CORPUS.identity.difference(now)
    assert difference and told in difference


def test_of_many_labels_the_first_that_differ_are_told():
    names = [f"label {number}" for number in range(50)]
    many = DataIdentity((COMMIT,), labels=tuple(names), sizes={name: {"train": 1} for name in names})
    fewer = replace(many, labels=tuple(names[:-1]))
    assert many.difference(fewer) == "labels then label 49, now none of these"
    larger = replace(many, sizes={**(many.sizes or {}), "label 7": {"train": 2}})
    assert many.difference(larger) == "sizes then label 7 1 train, now label 7 2 train"


def test_to_json_and_back_alone_and_among_what_a_run_says_of_its_data():
    identity = CORPUS.with_validation_in_training().identity
    assert identity != CORPUS.identity
    assert DataIdentity.from_json(json.loads(json.dumps(identity.to_json()))) == identity
    described = json.loads(json.dumps(CORPUS.describe(), sort_keys=True))  # sorted: no order of labels but their own
    assert DataIdentity.from_json(described) == CORPUS.identity


def test_what_an_earlier_version_did_not_record_is_taken_to_be_the_same():
    before = {key: value for key, value in CORPUS.describe().items() if key != "split_rule"}
    assert DataIdentity.from_json(before).difference(CORPUS.identity) is None
    only = DataIdentity.from_json(COMMIT)  # of an unfinished run
    assert only.difference(CORPUS.identity) is None and only.commit == COMMIT
    assert DataIdentity.from_json("sha256:1").difference(CORPUS.identity) == f"revision then sha256:1, now {COMMIT}"


def test_the_commits_of_a_data_set_and_of_what_was_added_to_it():
    package, file = "films==1.0 sha256:12", "sha256:34"
    both = DataIdentity((COMMIT, package, file))
    assert both.commit == COMMIT and both.last_commit is None
    assert DataIdentity((package, COMMIT[:40])).last_commit == COMMIT and DataIdentity((package,)).commit is None
    other = replace(CORPUS, revision=file)
    assert CORPUS.with_training_data(other).identity.revisions == (COMMIT, file)


def test_a_file_is_the_same_under_another_name_in_another_folder_and_a_byte_makes_it_another(tmp_path):
    rows = [f"film number {number} was {label},{label}" for number in range(60) for label in ("good", "bad")]
    first, second = tmp_path / "reviews.csv", tmp_path / "elsewhere" / "renamed.csv"
    second.parent.mkdir()
    first.write_text("\n".join(["text,label", *rows]))
    shutil.copyfile(first, second)
    os.utime(second, (1, 1))
    one, two = corpora.load(str(first)), corpora.load(str(second))
    assert one.name != two.name and one.identity == two.identity
    second.write_text(second.read_text().replace("number 7 was good", "number 7 was  ood"))
    assert "revision" in (one.identity.difference(corpora.load(str(second)).identity) or "")
    folders = [tmp_path / "texts", tmp_path / "elsewhere" / "moved"]
    for folder in folders:
        for number, row in enumerate(rows):
            text, label = row.split(",")
            (folder / label).mkdir(parents=True, exist_ok=True)
            (folder / label / f"{number}.txt").write_text(text)
    one, two = (corpora.load(str(folder), task="text") for folder in folders)
    assert one.identity == two.identity


def test_a_models_folder_is_its_content(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (folder / name).write_text(name)
    content, trained = model_content(folder), weights(folder)
    for name in ("run.json", "export_failed.json", ".grokaem.json", "README.md"):
        (folder / name).write_text("what our commands write into a run later")
    os.utime(folder / "config.json", (1, 1))
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert model_content(folder) == model_content(copy) == content and weights(copy) == trained
    (copy / "vocab.txt").write_text("vocab.tyt")
    assert model_content(copy) != content and weights(copy) == trained
    (copy / "vocab.txt").write_text("vocab.txt")
    changed = bytearray((copy / "model.safetensors").read_bytes())
    changed[3] ^= 1
    (copy / "model.safetensors").write_bytes(changed)
    assert model_content(copy) != content and weights(copy) != trained
