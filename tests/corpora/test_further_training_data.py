"""Data that is trained on beside a data set's own training part."""

import csv
from pathlib import Path

import pytest

from grokaem import corpora
from tests.corpora.test_built_in import parts_of

REVIEWS = [(f"the {'good' if i % 2 else 'bad'} film number {i}", "pos" if i % 2 else "neg") for i in range(200)]


def table(path: Path, rows: list[tuple[str, str]], header=("text", "label")) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture
def reviews(tmp_path):
    return table(tmp_path / "reviews.csv", REVIEWS)


def labelled(part, corpus):
    return {text: corpus.label_names[label] for text, label in zip(part.inputs, part.labels, strict=True)}


def test_only_the_training_part_grows(reviews, tmp_path):
    # of the further classes the order is another one: pos comes first, and comes alone in the first rows
    further = [(f"a {'dull' if i % 2 else 'lovely'} book, {i}", "neg" if i % 2 else "pos") for i in range(40)]
    alone = corpora.load(reviews)
    both = corpora.load(reviews, also_train_on=table(tmp_path / "books.csv", further))
    assert both.validation == alone.validation and both.test == alone.test
    assert labelled(both.train, both) == labelled(alone.train, alone) | dict(further)
    assert len(both.train) == len(alone.train) + 40 and both.revision.startswith(alone.revision + "; sha256:")
    assert any("40 of the 40 examples" in note for note in both.notes)


def test_what_is_tested_is_never_trained_on(reviews, tmp_path):
    alone = corpora.load(reviews)
    further = table(tmp_path / "further.csv", [*REVIEWS, ("a new one", "pos"), ("another", "neg")])
    both = corpora.load(reviews, also_train_on=further)
    assert both.train.inputs == [*alone.train.inputs, "a new one", "another"]
    assert any("2 of the 202 examples" in note for note in both.notes)


def test_sounds_are_compared_by_content(tmp_path):
    import numpy as np
    import soundfile

    noise = np.random.default_rng(0)
    for number in range(40):
        for folder in ("birds/crow", "birds/robin"):
            path = tmp_path / folder / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, noise.normal(0, 0.1, 800).astype(np.float32), 8000)
    alone = corpora.load(str(tmp_path / "birds"))
    for number, source in enumerate(alone.test.inputs):
        copy = tmp_path / "more" / source.parent.name / f"copy{number}.wav"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    for name in ("crow", "robin"):
        soundfile.write(tmp_path / "more" / name / "new.wav", noise.normal(0, 0.1, 800), 8000)
    both = corpora.load(str(tmp_path / "birds"), also_train_on=str(tmp_path / "more"))
    assert len(both.train) == len(alone.train) + 2


def test_the_validation_part_is_trained_on_when_asked_for(reviews):
    alone, last = corpora.load(reviews), corpora.load(reviews, train_on_validation=True)
    assert last.train == alone.train + alone.validation
    assert last.validation == alone.validation and last.test == alone.test
    assert any("choose nothing" in note for note in last.notes)


def test_classes_must_be_known(reviews, tmp_path):
    rows = [("so so", "mixed"), ("fine", "pos")] * 3
    with pytest.raises(ValueError, match="further has the class mixed, which reviews has not"):
        corpora.load(reviews, also_train_on=table(tmp_path / "further.csv", rows))


def test_sound_is_no_text(reviews):
    with pytest.raises(ValueError, match="foxdot is for the task audio"):
        corpora.load(reviews, also_train_on="foxdot")


@pytest.mark.slow
def test_foxdots_strokes():
    corpus = corpora.load("foxdot")
    assert corpus.label_names == corpora.load("drums").label_names
    parts = parts_of(corpus)
    counts = [sum(list(part.labels).count(label) for part in parts.values()) for label in range(7)]
    assert dict(zip(corpus.label_names, counts, strict=True)) == {
        "clap": 11, "cymbal": 9, "handperc": 43, "hihat": 32, "kick": 22, "snare": 38, "tom": 10,
    }  # fmt: skip
    words = {"snare": "snare", "kick": "kick", "hat": "hihat", "clap": "clap", "tom": "tom", "conga": "handperc"}
    for part in parts.values():
        for path, label in zip(part.inputs, part.labels, strict=True):
            for word, expected in words.items():
                assert word not in path.name.lower() or corpus.label_names[label] == expected, path
