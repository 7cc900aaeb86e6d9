"""The folder for what is kept between runs, and files and folders that are complete or absent."""

import os
import shutil

import pytest

from grokaem.atomic import new_file, new_folder
from grokaem.cache import cache_folder


def test_every_room_keeps_below_one_root(tmp_path, monkeypatch):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    assert cache_folder("words") == tmp_path / "words"
    monkeypatch.setenv("GROKAEM_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("words") == tmp_path / "home" / ".cache" / "grokaem" / "words"


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), new_folder(tmp_path / "model") as folder:
        (folder / "half").write_text("written")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_failed_file_leaves_the_old_one(tmp_path):
    report = tmp_path / "deep" / "report.json"
    with new_file(report) as path:
        path.write_text("old")
    with pytest.raises(RuntimeError), new_file(report) as path:
        path.write_text("half")
        raise RuntimeError
    assert report.read_text() == "old" and list(report.parent.iterdir()) == [report]


def test_whose_folder_stays(tmp_path):
    target = tmp_path / "model"
    with new_folder(target) as mine, new_folder(target) as faster:
        (mine / "who").write_text("mine")
        (faster / "who").write_text("faster")
    assert (target / "who").read_text() == "faster", "the one that another process finished meanwhile"
    shutil.rmtree(target)
    for who in ("before", "mine"):
        with new_folder(target, "words", replace=True) as mine:
            (mine / "who").write_text(who)
    assert (target / "who").read_text() == "mine" and list(tmp_path.iterdir()) == [target]


def test_others_may_read_a_new_folder(tmp_path):
    before = os.umask(0o022)
    try:
        with new_folder(tmp_path / "model"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o755
