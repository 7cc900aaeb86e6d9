"""Commands that write a file the user names: what is there already stays, unless it is to be replaced."""

import json
import os

import numpy as np
import pytest

from tests.conftest import run_script

COMMANDS = [
    ("grokaem audio-features", "clip.wav", "--output", "mine.csv"),
    ("grokaem topics", "texts.csv", "--json", "mine.csv"),
    ("grokaem topics", "texts.csv", "--html", "mine.csv"),
    ("grokaem select-features", "texts.csv", "--json", "mine.csv"),
    ("grokaem select-features", "texts.csv", "--html", "mine.csv"),
]


@pytest.mark.parametrize("script, given, flag, name", COMMANDS)
def test_an_existing_file_is_not_replaced_unasked(tmp_path, script, given, flag, name):
    """No input exists, so that the sentence also proves that the output is looked at first."""
    mine = tmp_path / name
    mine.write_text("my table")
    done = run_script(script, given, flag, name, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr == f"error: {name} exists already: --overwrite replaces it, {flag} chooses another.\n"
    assert mine.read_text() == "my table" and os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("script, given, flag, name", COMMANDS)
@pytest.mark.parametrize(
    "kind, words", [("dangling", "leads nowhere"), ("pipe", "no regular file"), ("folder", "is a folder")]
)
def test_what_is_no_file_is_refused_even_with_overwrite(tmp_path, script, given, flag, name, kind, words):
    path = tmp_path / name
    {"dangling": lambda: path.symlink_to("nowhere"), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    done = run_script(script, given, flag, name, "--overwrite", cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert os.listdir(tmp_path) == [name]


def test_overwrite_replaces_a_file_and_follows_a_link(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "clip.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 4000), 16000)
    (tmp_path / "kept.npz").write_bytes(b"old")
    (tmp_path / "link.npz").symlink_to("kept.npz")
    words = ["grokaem audio-features", "clip.wav", "--features", "mfcc", "--output", "link.npz"]
    done = run_script(*words, cwd=tmp_path)
    assert done.returncode == 2 and (tmp_path / "kept.npz").read_bytes() == b"old", done.stderr
    done = run_script(*words, "--overwrite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "link.npz").is_symlink()
    assert np.load(tmp_path / "kept.npz")["clip.wav"].shape[0] == 13


def test_overwrite_replaces_both_reports(tmp_path):
    (tmp_path / "texts.csv").write_text("text,label\n" + "good film,pos\nbad plot,neg\n" * 20)
    words = ["grokaem topics", "texts.csv", "--models", "nmf", "--topics", 2, "--text-column", "text"]
    names = {"--json": tmp_path / "a.json", "--html": tmp_path / "a.html"}
    for path in names.values():
        path.write_text("old")
    given = [part for flag, path in names.items() for part in (flag, path.name)]
    assert run_script(*words, *given, cwd=tmp_path).returncode == 2
    assert {path.read_text() for path in names.values()} == {"old"}
    done = run_script(*words, *given, "--overwrite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(names["--json"].read_text())["results"] and "<html" in names["--html"].read_text()
    done = run_script(*words, "--json", "b.json", "--html", "./b.json", cwd=tmp_path)
    assert done.returncode == 2 and "give each its own" in done.stderr and not (tmp_path / "b.json").exists()


def test_bulk_prediction_follows_a_link(tmp_path):
    from grokaem.inference.bulk_output import check_output

    (tmp_path / "kept.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("kept.csv")
    with pytest.raises(ValueError, match="exists already"):
        check_output(tmp_path / "link.csv")
    assert check_output(tmp_path / "link.csv", overwrite=True) == (tmp_path / "kept.csv").resolve()
    (tmp_path / "lost.csv").symlink_to("nowhere.csv")
    with pytest.raises(ValueError, match="leads nowhere"):
        check_output(tmp_path / "lost.csv", overwrite=True)
