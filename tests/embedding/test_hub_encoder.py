"""An encoder of the Hub: verified like everything that is downloaded, and cached by its commit."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from grokaem import hub
from grokaem.embedding import encoder_source
from tests.hub_server import HubServer

pytestmark = pytest.mark.case("P10")
FILES = {"config.json": b"{}", "modules.json": b"[]", "1_Pooling/config.json": b"{}", "model.safetensors": b"w" * 99,
         "pytorch_model.bin": b"pickle", "README.md": b"-"}  # fmt: skip


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "grokaem"))
    with HubServer(tmp_path / "server") as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def test_resolved_by_commit(server):
    commit = server.put("ada/encoder", FILES)
    first = encoder_source.resolve_encoder("ada/encoder")
    folder = hub.download("ada/encoder", commit, allow_patterns="*.json")
    assert first.location == str(folder) and folder.name == commit
    assert (folder / "1_Pooling" / "config.json").is_file() and not (folder / "pytorch_model.bin").exists()
    assert encoder_source.resolve_encoder("ada/encoder") == first
    server.put("ada/encoder", {"model.safetensors": b"v" * 99})
    assert encoder_source.resolve_encoder("ada/encoder").digest != first.digest


def test_the_same_offline(server, monkeypatch):
    server.put("ada/encoder", FILES)
    first = encoder_source.resolve_encoder("ada/encoder")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert encoder_source.resolve_encoder("ada/encoder") == first


def test_wrong_bytes_are_refused(server):
    server.put("ada/encoder", FILES)
    server.fail("GET /cdn/", "corrupt", times=None)
    with pytest.raises(hub.IntegrityError, match="model.safetensors"):
        encoder_source.resolve_encoder("ada/encoder")


def test_pickles_alone_are_no_encoder(server):
    server.put("ada/old", {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    with pytest.raises(ValueError, match="pickled ones are not loaded"):
        encoder_source.resolve_encoder("ada/old")


def test_a_folder_of_ours_that_is_not_here_is_not_asked_for(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=rf"there is no folder runs/encoder here \(looked in {tmp_path}\)"):
        encoder_source.resolve_encoder("runs/encoder")
    assert not server.log
    with pytest.raises(hub.HubNotFound, match="there is no folder ada/nothing here either"):
        encoder_source.resolve_encoder("ada/nothing")


ENCODE = """
import json, sys
from grokaem.command_line import run
def main(argv):
    from grokaem.embedding import Embedder
    from grokaem.topics.bertopic_model import embed
    embedder = Embedder(argv[0], "fp32", revision=argv[1] or None)
    vectors = embedder.encode(["the river rose", "a bank gave a loan"])
    settings = {"encoder": argv[0], "precision": "fp32", "sequence_length": 128, "encoder_revision": argv[1]}
    as_a_model_does = embed(["the river rose"], settings) if argv[1] else vectors[:1]
    print(json.dumps([embedder.source.revision, vectors.tolist(), as_a_model_does.tolist()]))
    return 0
sys.exit(run(main))
"""


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-c", ENCODE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def told(process):
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error[-2000:]
    return json.loads(out), "converting" in error


@pytest.mark.case("P10")
@pytest.mark.case("R3")
def test_the_conversion_of_one_commit_is_not_used_for_another(server, tiny_bert, tmp_path):
    files = {path.name: path.read_bytes() for path in tiny_bert.iterdir()}
    first = server.put("ada/encoder", files)
    (revision, old, _), converted = told(start("ada/encoder", ""))
    assert revision == first and converted
    moved = {name: tensor.flip(0).contiguous() for name, tensor in load_file(tiny_bert / "model.safetensors").items()}
    save_file(moved, tmp_path / "moved.safetensors", {"format": "pt"})
    second = server.put("ada/encoder", {"model.safetensors": (tmp_path / "moved.safetensors").read_bytes()})
    both = [start("ada/encoder", ""), start("ada/encoder", first)]  # at the same time
    (newest, new, _), converted = told(both[0])
    assert newest == second and converted and not np.allclose(new, old, atol=1e-2)
    (recorded, same, as_a_model_does), converted = told(both[1])
    assert recorded == first and not converted and same == old
    np.testing.assert_allclose(as_a_model_does, old[:1], atol=1e-6)
    (again, kept, _), converted = told(start("ada/encoder", second))
    assert again == second and not converted and kept == new
