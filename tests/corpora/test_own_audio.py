import hashlib
import shutil

import numpy as np
import pytest
import soundfile

import corpora


@pytest.fixture
def folder(tmp_path):
    """60 short sounds in two classes, some of them deeper down, and things that are no sounds."""
    root = tmp_path / "animals"
    random = np.random.default_rng(0)
    for i in range(60):
        place = root / ("cat" if i % 2 else "dog") / ("deeper/down" if i % 3 == 0 else "")
        place.mkdir(parents=True, exist_ok=True)
        suffix = ("wav", "flac", "ogg", "aiff")[i % 4]
        soundfile.write(place / f"clip {i}.{suffix}", random.uniform(-1, 1, 400) * 0.5, 8000)
    (root / "cat" / ".hidden.wav").write_bytes(b"no sound")
    (root / ".git").mkdir()
    (root / ".git" / "x.wav").write_bytes(b"no sound")
    return root


def files_of(corpus):
    return {
        path: corpus.label_names[label]
        for part in (corpus.train, corpus.validation, corpus.test)
        for path, label in zip(part.inputs, part.labels, strict=True)
    }


def test_class_folders(folder):
    corpus = corpora.load(str(folder))
    assert corpus.task == "audio" and corpus.name == "animals" and corpus.label_names == ["cat", "dog"]
    files = files_of(corpus)
    assert len(files) == 60 and corpus.notes == []
    assert all(path.relative_to(folder).parts[0] == label for path, label in files.items())
    for part, shares in ((corpus.test, {0, 1}), (corpus.validation, {2})):
        assert {int(hashlib.sha256(p.read_bytes()).hexdigest(), 16) % 10 for p in part.inputs} <= shares


def test_the_part_follows_the_content_not_the_name(folder, tmp_path):
    before = corpora.load(str(folder))
    contents = {path.read_bytes() for path in before.test.inputs}
    for number, path in enumerate(sorted(files_of(before))):
        path.rename(path.with_name(f"renamed {number}{path.suffix}"))
    after = corpora.load(str(folder))
    assert {path.read_bytes() for path in after.test.inputs} == contents
    assert before.revision != after.revision


def test_other_files_copies_and_conflicts_are_announced(folder):
    (folder / "notes.txt").write_text("x")
    soundfile.write(folder / "loose.wav", np.zeros(9), 8000)
    one = next(iter((folder / "dog").glob("*.wav")))
    shutil.copy(one, folder / "dog" / "a copy.wav")
    other = next(iter((folder / "cat").glob("*.flac")))
    shutil.copy(other, folder / "dog" / "conflict.flac")
    corpus = corpora.load(str(folder))
    assert len(files_of(corpus)) == 59 and other not in files_of(corpus)
    said = " | ".join(corpus.notes)
    assert "left out 2 files" in said and "dropped 1 file" in said and "dropped 1 sound" in said
    assert "conflict.flac" in said and "(first: loose.wav)" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("cut.flac", b"fLaC\0\0", "not a readable sound file"), ("text.wav", b"hello", "not a readable sound file"),
     ("nothing.mp3", b"", "not a readable sound file")],
)  # fmt: skip
def test_an_unreadable_sound_is_set_aside_and_named(folder, name, content, said):
    (folder / "cat" / name).write_bytes(content)
    corpus = corpora.load(str(folder))
    ((where, reason),) = corpus.set_aside
    assert where == f"cat/{name}" and said in reason and "convert it to WAV or remove it" in reason
    assert str(folder.parent) not in reason and len(files_of(corpus)) == 60


def test_a_sound_without_samples_is_set_aside(folder):
    soundfile.write(folder / "dog" / "silent.wav", np.zeros(0), 8000)
    ((where, reason),) = corpora.load(str(folder)).set_aside
    assert where == "dog/silent.wav" and "has no sound in it" in reason and "remove it" in reason


def test_folders_without_what_is_needed(folder, tmp_path):
    with pytest.raises(ValueError, match="only one class, 'cat'"):
        shutil.rmtree(folder / "dog")
        corpora.load(str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="make one folder a class"):
        corpora.load(str(tmp_path / "empty"))
    with pytest.raises(ValueError, match="is audio and the task is text"):
        corpora.load(str(two_classes(tmp_path)), task="text")
    with pytest.raises(ValueError, match="is a folder"):
        corpora.read_documents(str(folder))


def two_classes(tmp_path, count=80):
    root = tmp_path / "two"
    for i in range(count):
        place = root / f"class{i % 2}"
        place.mkdir(parents=True, exist_ok=True)
        soundfile.write(place / f"{i}.wav", np.full(50, i / 100), 8000)
    return root


def test_part_folders_at_the_top_are_parts(tmp_path):
    root = two_classes(tmp_path)
    for part in ("train", "test"):
        for label in ("class0", "class1"):
            (root / part / label).mkdir(parents=True)
    for number, path in enumerate(sorted(root.glob("class*/*.wav"))):
        path.rename(root / ("test" if number % 4 == 0 else "train") / path.parent.name / path.name)
    for label in ("class0", "class1"):
        (root / label).rmdir()
    corpus = corpora.load(str(root))
    assert corpus.label_names == ["class0", "class1"]
    assert {path.parts[-3] for path in corpus.test.inputs} == {"test"} and len(corpus.test) == 20
    assert {path.parts[-3] for path in corpus.train.inputs + corpus.validation.inputs} == {"train"}
    assert any("no validation part" in note for note in corpus.notes)
