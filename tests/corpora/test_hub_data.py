"""Data sets of the Hub, with the real `datasets` library against a loopback Hub."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grokaem.corpora.parts import assign_parts
from tests.hub_server import HubServer

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
from grokaem.command_line import run
def main(argv):
    from grokaem import corpora
    corpus = corpora.load(argv[0], **json.loads(argv[1]))
    files = [str(x) for x in corpus.train.inputs + corpus.validation.inputs + corpus.test.inputs]
    print(json.dumps({**corpus.describe(), "inputs": files, "test": [str(x) for x in corpus.test.inputs]}))
sys.exit(run(main))
"""


def rows(start, stop, label=("neg", "pos")):
    return "text,label\n" + "".join(f"this is text {i},{label[i % 2]}\n" for i in range(start, stop))


def sound(number):
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.full(100, number / 200), 8000, format="WAV")
    return {"bytes": buffer.getvalue(), "path": f"{number}.wav"}


def parquet_of_sounds(further=()):
    """100 sounds in a Parquet file as the Hub holds them, its features described as `datasets` does.

    Args:
        further (iterable of tuple): sounds after those, each with its class number.
    """
    import pyarrow
    import pyarrow.parquet

    further = list(further)
    sounds = [sound(i) for i in range(100)] + [item for item, _ in further]
    labels = [i // 50 for i in range(100)] + [label for _, label in further]
    features = {
        "audio": {"_type": "Audio"},
        "label": {"names": ["low", "high"], "_type": "ClassLabel"},
        "who": {"dtype": "string", "_type": "Value"},
    }
    table = pyarrow.table({"audio": sounds, "label": labels, "who": ["x"] * len(sounds)})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with HubServer(folder / "server") as server:
        server.folder, owner = folder, server.user
        csv = {"train.csv": rows(0, 200), "validation.csv": rows(200, 240), "test.csv": rows(240, 300)}
        server.commits = {
            "three": server.put(f"{owner}/three", {k: v.encode() for k, v in csv.items()}, kind="datasets"),
            "one": server.put(f"{owner}/one", {"data.csv": rows(0, 300).encode()}, kind="datasets"),
            "secret": server.put(f"{owner}/secret", {"data.csv": rows(0, 300).encode()}, kind="datasets", private=True),
            "sounds": server.put(
                f"{owner}/sounds", {"data/train-00000-of-00001.parquet": parquet_of_sounds()}, kind="datasets"
            ),
            "script": server.put(
                f"{owner}/script", {"script.py": f"open({str(folder / 'ran')!r}, 'w')".encode()}, kind="datasets"
            ),
        }
        yield server


def load(hub, name, *, home="home", environment=None, **options):
    variables = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(hub.folder / home)}
    for dropped in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_DATASETS_CACHE", "HF_HUB_CACHE"):
        variables.pop(dropped, None)
    variables |= {"GROKAEM_CACHE": str(hub.folder / "cache"), **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, json.dumps(options)],
        env=variables, cwd=ROOT, capture_output=True, text=True,
    )
    answer = json.loads(done.stdout) if done.returncode == 0 else None
    return answer, done


def test_own_parts_are_used_and_then_no_network_is_needed(hub):
    corpus, done = load(hub, f"{hub.user}/three")
    assert corpus, done.stderr
    assert corpus["sizes"] == {"train": 200, "validation": 40, "test": 60}
    assert corpus["revision"] == hub.commits["three"] and corpus["label_names"] == ["neg", "pos"]
    again, done = load(hub, f"{hub.user}/three", environment={"HF_HUB_OFFLINE": "1"})
    assert again == corpus, done.stderr


@pytest.mark.case("R2")
def test_a_private_data_set_is_read_with_the_token_given(hub):
    hub.put(f"{hub.user}/private", {"data.csv": rows(0, 300).encode()}, kind="datasets", private=True)
    corpus, done = load(hub, f"{hub.user}/private", home="no_token")
    assert corpus is None and "log in if it is private" in done.stderr
    corpus, done = load(hub, f"{hub.user}/private", home="a_token", token=hub.token)
    assert corpus, done.stderr
    assert hub.token not in done.stdout + done.stderr


@pytest.mark.case("R2")
def test_a_tilde_that_the_shell_left_is_the_users_home(tmp_path, monkeypatch):
    from grokaem import corpora

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_text(rows(0, 100))
    assert len(corpora.load("~/mine.csv").train)
    assert corpora.read_documents("~/mine.csv").texts


def test_a_data_set_in_one_part_is_split_by_hash(hub):
    corpus, done = load(hub, f"{hub.user}/one")
    assert corpus, done.stderr
    assert sum(corpus["sizes"].values()) == 300 and min(corpus["sizes"].values()) > 10
    assert any("chosen by hash" in note for note in corpus["notes"])


@pytest.mark.case("R2")
def test_a_private_data_set_is_read_with_the_token_that_is_given(hub):
    corpus, done = load(hub, f"{hub.user}/secret", home="own", token=hub.token)
    assert corpus, done.stderr
    assert sum(corpus["sizes"].values()) == 300 and hub.token not in done.stdout + done.stderr
    _, done = load(hub, f"{hub.user}/secret", home="other")
    assert done.returncode == 2 and "log in if it is private" in done.stderr.splitlines()[-1]


def test_sounds_become_files(hub):
    corpus, done = load(hub, f"{hub.user}/sounds")
    assert corpus, done.stderr
    assert corpus["task"] == "audio" and corpus["label_names"] == ["low", "high"]
    assert len(corpus["inputs"]) == 100
    import soundfile

    assert {soundfile.info(path).frames for path in corpus["inputs"]} == {100}


def test_equal_sounds_with_different_labels_are_dropped_as_such_texts_are(hub):
    further = [
        (sound(7), 1),  # row 8 is the same with label 0: nobody knows which is right
        (sound(9) | {"path": "another name.WAV"}, 0),  # row 10 once more
        ({"bytes": None, "path": "/nowhere/lost.wav"}, 0),
    ]
    hub.put(f"{hub.user}/doubtful", {"data/train-00000-of-00001.parquet": parquet_of_sounds(further)}, kind="datasets")
    corpus, done = load(hub, f"{hub.user}/doubtful")
    assert corpus, done.stderr
    assert len(corpus["inputs"]) == 99
    import soundfile

    heard = {round(float(soundfile.read(path)[0][0]) * 200) for path in corpus["inputs"]}
    assert heard == set(range(100)) - {7}
    notes = "; ".join(corpus["notes"])
    assert "dropped 1 sound of" in notes and "came with different labels (first: rows 8 and 101)" in notes
    assert "dropped 1 repeated row of" in notes and "(first: row 102)" in notes
    assert "row 103: its sound is a file that cannot be read, /nowhere/lost.wav" in notes


def test_code_that_comes_with_a_data_set_is_not_run(hub):
    corpus, done = load(hub, f"{hub.user}/script")
    assert corpus is None and done.returncode == 2 and not (hub.folder / "ran").exists()
    assert "cannot be read" in done.stderr.splitlines()[-1]


def test_unknown_names_and_columns(hub):
    _, done = load(hub, f"{hub.user}/nothing")
    assert done.returncode == 2 and "check the name" in done.stderr.splitlines()[-1]
    _, done = load(hub, f"{hub.user}/three", label_column="stars")
    assert done.returncode == 2 and "has no column 'stars'" in done.stderr.splitlines()[-1]
    _, done = load(hub, f"{hub.user}/three", task="audio")
    assert done.returncode == 2 and "no column of sounds" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("environment", [{"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}])
def test_an_unreachable_hub_is_one_sentence(hub, environment):
    _, done = load(hub, "somebody/something", home="empty", environment=environment)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "cannot reach the Hub for the data set somebody/something" in done.stderr.splitlines()[-1]


def test_which_part_becomes_which():
    digests = [f"{i:064x}" for i in range(30)]

    def parts(*origin):
        assigned, notes = assign_parts("x/y", [origin[i % len(origin)] for i in range(30)], digests)
        return {o: {assigned[i] for i in range(30) if origin[i % len(origin)] == o} for o in origin}, notes

    three, notes = parts("train", "validation", "test")
    assert three == {"train": {"train"}, "validation": {"validation"}, "test": {"test"}} and notes == []
    two, notes = parts("train", "test")
    assert two == {"train": {"train", "validation"}, "test": {"test"}} and "no validation part" in notes[0]
    two, notes = parts("train", "dev")
    assert two == {"train": {"train", "validation"}, "dev": {"test"}} and "its validation part is the test" in notes[0]
    one, notes = parts("train")
    assert one == {"train": {"train", "validation", "test"}} and "chosen by hash" in notes[0]
    one, notes = parts("test")
    assert one == {"test": {"train", "validation", "test"}}
