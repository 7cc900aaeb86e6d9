import hashlib
import os
import shutil

import numpy as np
import pytest
import soundfile

from grokaem import corpora


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


@pytest.mark.case("F9")
def test_what_looks_like_a_sound_and_is_none_is_named(folder):
    (folder / "cat" / "dangling.wav").symlink_to("nowhere.wav")
    (folder / "cat" / "round.wav").symlink_to("round.wav")
    os.mkfifo(folder / "dog" / "pipe.wav")
    (folder / "bird").mkdir()
    (folder / "fish").mkdir()
    (folder / "fish" / "one.m4a").write_bytes(b"a sound of a kind that is not read")
    corpus = corpora.load(str(folder))
    said = dict(corpus.set_aside)
    assert set(said) == {"cat/dangling.wav", "cat/round.wav", "dog/pipe.wav", "class 'bird'", "class 'fish'"}
    assert "a link to nothing: fix or remove it" in said["cat/dangling.wav"]
    assert "a pipe or a device" in said["dog/pipe.wav"] and "holds no sound file" in said["class 'bird'"]
    assert len(files_of(corpus)) == 60 and str(folder) not in str(corpus.set_aside)


@pytest.mark.case("F9")
def test_a_folder_that_cannot_be_listed_is_named(folder, monkeypatch):
    whole = os.scandir

    def without_right(path):
        if str(path).endswith("deeper"):
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(os, "scandir", without_right)
    corpus = corpora.load(str(folder))
    assert [name for name, _ in corpus.set_aside] == ["cat/deeper", "dog/deeper"]
    assert all("cannot be listed (Permission denied)" in reason for _, reason in corpus.set_aside)


@pytest.mark.case("F16")
def test_one_folder_around_the_class_folders_is_gone_into(tmp_path):
    inner = two_classes(tmp_path).rename(tmp_path / "wrap")
    (tmp_path / "outer").mkdir()
    inner.rename(tmp_path / "outer" / "wrap")
    (tmp_path / "outer" / "__MACOSX").mkdir()
    corpus = corpora.load(str(tmp_path / "outer"))
    assert corpus.label_names == ["class0", "class1"] and len(files_of(corpus)) == 80 and not corpus.set_aside
    assert any("outer holds one folder: wrap is read" in note for note in corpus.notes)


@pytest.mark.case("F16")
def test_classes_that_are_called_train_and_test_are_told_apart_from_parts(tmp_path):
    root = two_classes(tmp_path)
    (root / "class0").rename(root / "train")
    (root / "class1").rename(root / "test")
    with pytest.raises(ValueError, match="test and train of .* are taken for its parts .*: put class folders"):
        corpora.load(str(root))


@pytest.mark.case("F16")
def test_a_class_folder_whose_name_is_not_utf8_is_spelled_out(tmp_path):
    root = two_classes(tmp_path)
    os.rename(root / "class0", os.fsencode(root / "caf") + b"\xe9")
    corpus = corpora.load(str(root))
    assert corpus.label_names == ["caf\\xe9", "class1"] and len(files_of(corpus)) == 80
    "".join([*corpus.label_names, *corpus.notes, corpus.revision]).encode("utf-8")
