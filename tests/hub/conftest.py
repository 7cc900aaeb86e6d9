import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub_server import HubServer

FAULT_CASES: list[str] = []


@pytest.fixture
def sleeps(monkeypatch):
    """Every wait of the client and of the subpackage, recorded instead of slept through."""
    import huggingface_hub.file_download
    import huggingface_hub.utils._http

    import grokaem.hub.client

    waited: list[float] = []

    def sleep(seconds):
        waited.append(seconds)
        time.sleep(0.001)

    for module in (huggingface_hub.utils._http, huggingface_hub.file_download, grokaem.hub.client):
        clock = {name: getattr(time, name) for name in dir(time)} | {"sleep": sleep}
        monkeypatch.setattr(module, "time", SimpleNamespace(**clock))
    return waited


@pytest.fixture
def environment(tmp_path, monkeypatch, sleeps):
    """A user with nothing but an empty home; returns the function that points them to a server."""
    import huggingface_hub.utils as utils

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "grokaem"))
    utils.disable_progress_bars()

    def use(server):
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", server.token)
        return server

    yield use
    utils.close_session()
    utils.enable_progress_bars()


@pytest.fixture
def server(tmp_path, environment):
    with HubServer(tmp_path / "server", multipart_from=4000, part_bytes=1500) as running:
        yield environment(running)


@pytest.fixture
def folder(tmp_path):
    """An export folder in small: a card, a regular file, a one-part and a several-part LFS file."""
    return write_export(tmp_path / "export", seed=1)


def write_export(folder: Path, seed: int) -> Path:
    (folder / "tokenizer").mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(f"---\nlicense: mit\ntags: [test]\n---\n# Model {seed}\n")
    (folder / "config.json").write_text(f'{{"labels": ["fresh", "rotten"], "seed": {seed}}}')
    (folder / "openvino_model.xml").write_text(f"<net seed='{seed}'/>")
    (folder / "openvino_model.bin").write_bytes(bytes((i * 7 + seed) % 256 for i in range(5000)))
    (folder / "tokenizer" / "weights.safetensors").write_bytes(
        bytes((i * 3 + seed) % 256 for i in range(900))
    )
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def remote(server: HubServer, repo_id: str, revision: str = "main", kind: str = "models") -> dict[str, bytes]:
    files = server.files(repo_id, revision, kind)
    files.pop(".gitattributes", None)
    return files


@pytest.fixture
def count_case():
    return FAULT_CASES.append


def pytest_terminal_summary(terminalreporter):
    if FAULT_CASES:
        terminalreporter.write_line(f"publishing and downloading under faults: {len(FAULT_CASES)} cases")


@pytest.fixture
def xet_server(tmp_path, environment):
    with HubServer(tmp_path / "server", xet=True) as running:
        yield environment(running)
