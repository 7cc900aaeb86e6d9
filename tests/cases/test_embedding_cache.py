"""The encoder's caches: full, read-only, broken. The vectors come first; the cache goes as far as it goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from grokaem.atomic import temporary_folder
from grokaem.cache import cache_folder
from grokaem.embedding import Embedder
from grokaem.embedding import converted as conversion
from tests.conftest import ROOT

TEXTS = [f"the river rose by {number} metres" for number in range(40)]


@pytest.fixture(scope="module")
def converted_already(tmp_path_factory):
    """A copy of the default encoder's converted folder, from the real cache."""
    folder = tmp_path_factory.mktemp("converted") / "minilm"
    return shutil.copytree(Embedder().folder, folder)


@pytest.fixture
def conversions(converted_already, monkeypatch, tmp_path):
    """An empty cache, and a conversion that takes no time: the targets that it was asked to write."""
    targets = []

    def run(source, precision, target):
        targets.append(target)
        shutil.copytree(converted_already, target, dirs_exist_ok=True)

    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(conversion, "_run", run)
    monkeypatch.setattr(conversion, "_temporary", {})
    return targets


@pytest.mark.case("L20")
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04", None])
def test_a_broken_file_of_vectors_is_computed_again(conversions, content):
    embedder = Embedder()
    vectors = embedder.encode(TEXTS)
    (path,) = (cache_folder("embedding") / "vectors").rglob("*.npy")
    if content is None:  # a header that promises 150 TB
        array = np.lib.format.magic(1, 0) + (118).to_bytes(2, "little")
        content = array + b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000, 384), }".ljust(117) + b"\n"
    path.write_bytes(content)
    np.testing.assert_array_equal(embedder.encode(TEXTS), vectors)
    assert np.load(path).shape == vectors.shape  # and kept again


@pytest.mark.case("L20")
def test_vectors_that_the_disk_cannot_take_are_returned_and_that_is_said():
    script = (
        "import os, resource; from grokaem.embedding import Embedder; e = Embedder();"
        "os.environ['GROKAEM_CACHE'] = 'small';"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); texts = [f'a river of {n}' for n in range(30)];"
        "v = e.encode(texts); print(v.shape, round(float((v ** 2).sum())), os.listdir('small/embedding/vectors'))"
    )
    folder = os.environ.get("GROKAEM_CACHE", "")
    done = _python(script, GROKAEM_CACHE=folder)
    assert done.stdout.split("\n")[0] == "(30, 384) 30 []", done.stderr
    assert "cannot be kept" in done.stderr and "Traceback" not in done.stderr


def _python(script, **environment):
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [sys.executable, "-c", script], cwd=home, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        )  # fmt: skip


@pytest.mark.case("L20")
def test_a_cache_that_cannot_be_written_to_costs_a_conversion_a_process(conversions, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file where the folder should be: root is refused too")
    embedder = Embedder()
    assert embedder.encode(TEXTS).shape == (40, 384)
    assert Embedder().folder == embedder.folder and len(conversions) == 1
    assert capsys.readouterr().err.count("cannot be kept") == 2  # the encoder, the vectors


@pytest.mark.case("L20")
def test_vectors_of_a_read_only_cache_are_read(conversions, monkeypatch):
    embedder = Embedder()
    vectors = embedder.encode(TEXTS)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(Embedder, "_encode", lambda *_: pytest.fail("the model ran again"))
    np.testing.assert_array_equal(embedder.encode(TEXTS), vectors)


@pytest.mark.case("L20")
@pytest.mark.parametrize("name", conversion.FILES)
@pytest.mark.parametrize("content", [b"", None])
def test_a_broken_converted_encoder_is_converted_again(conversions, name, content):
    path = Embedder().folder / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert Embedder().encode(["a river"]).shape == (1, 384)
    assert len(conversions) == 2
    assert [folder.name for folder in path.parents[1].iterdir()] == [path.parent.name], "the broken one is gone"


@pytest.mark.case("L20")
def test_a_file_cut_short_is_noticed_by_its_size(conversions):
    folder = Embedder().folder
    settings = json.loads((folder / "embedding.json").read_text())
    settings["bytes"] = {"model.bin": (folder / "model.bin").stat().st_size}
    (folder / "embedding.json").write_text(json.dumps(settings))
    Embedder()
    assert len(conversions) == 1
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:1000])
    Embedder()
    assert len(conversions) == 2


@pytest.mark.case("L20")
def test_what_a_killed_conversion_left_is_removed(conversions, tmp_path):
    folder = cache_folder("embedding") / "models"
    from grokaem.embedding.encoder_source import resolve_encoder

    name = f"{resolve_encoder().digest}-int8-{conversion.VERSION}"
    old, young = folder / f".{name}.old", folder / f".{name}.young"
    for left in (old, young):
        left.mkdir(parents=True)
    with temporary_folder(folder, name) as slow:  # a conversion that takes longer than a leftover may lie about
        for left in (old, slow):
            os.utime(left, (0, 0))
        Embedder()
        assert slow.exists()
    assert not old.exists() and young.exists()  # the young one may be another process's


def test_a_text_that_begins_with_a_page_of_blanks_is_read(conversions):
    plain, after_blanks = Embedder().encode(["the river rose", " \n" * 5000 + "the river rose"])
    np.testing.assert_allclose(after_blanks, plain, atol=1e-3)


def test_an_encoder_of_ones_own_is_called_by_its_folder_where_reports_name_it(conversions, tmp_path):
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    assert Embedder(str(folder)).name == "encoder (int8)"
    assert Embedder().name == "sentence-transformers/all-MiniLM-L6-v2 (int8)"


def test_two_threads_convert_once(conversions):
    threads = [threading.Thread(target=Embedder) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(conversions) == 1


@pytest.mark.case("L20")
def test_the_pages_sounds_need_no_cache(monkeypatch, tmp_path):
    from demos.example_sounds import SOUNDS, write_sounds

    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "cache"))
    paths = write_sounds()
    assert [path.stem for path in paths] == list(SOUNDS)
    paths[0].write_bytes(b"")
    assert write_sounds(paths[0].parent)[0].stat().st_size > 1000


def test_a_user_without_a_home_has_a_cache_all_the_same(monkeypatch):
    monkeypatch.delenv("GROKAEM_CACHE", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache_folder("corpora").name == "corpora"
