"""An encoder of the Hub: verified like everything that is downloaded, and cached by its commit."""

import pytest

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
