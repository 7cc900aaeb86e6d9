"""Broken connections, killed servers, full disks, rivals: the old revision or the new one, never a mixture."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from grokaem import hub
from tests.hub.conftest import contents, remote, write_export
from tests.hub.test_download import FILES, fetched
from tests.hub_server import DEFAULT_TOKEN, HubServer

ROOT = Path(__file__).resolve().parents[2]
REMEDY = re.compile(r"run again|unset|wait|check")


@pytest.mark.parametrize("action", ["cut", "drop"])
@pytest.mark.parametrize("kind", ["once", "for ever"])
def test_connection_cut_at_every_request_of_an_upload(server, folder, action, kind, count_case):
    """``cut`` breaks while the request is sent, ``drop`` after the work was done but before the answer."""
    for number in itertools.count(1):
        repo_id = f"ada/model{number}"
        write_export(folder, seed=0)
        server.put(repo_id, contents(folder))
        old = remote(server, repo_id)
        write_export(folder, seed=number + 10)
        (folder / "openvino_model.bin").write_bytes(os.urandom(5000))  # nothing of it is on the server yet
        new = contents(folder)
        fault = server.fail("", action, nth=number, times=1 if kind == "once" else None)
        try:
            done = hub.publish(folder, repo_id, tag="v1")
        except hub.HubError as error:
            assert kind == "for ever", error
            assert REMEDY.search(str(error)) and "\n" not in str(error)
            done = None
        server.heal()
        if not fault.fired:  # the upload has no request of this number any more
            break
        assert done is None or kind == "once"
        assert remote(server, repo_id) in (old, new)
        if done:
            assert remote(server, repo_id) == new
        before = len(server.log)
        again = hub.publish(folder, repo_id, tag="v1")
        assert remote(server, repo_id) == new
        assert len(server.repo(repo_id)["commits"]) == 3  # created, old, new: no revision twice
        assert server.repo(repo_id)["tags"] == {"v1": again.commit}
        if done:
            assert again.commit == done.commit and not server.requests()[before:][0].startswith("PUT")
        count_case(f"{action} {kind} at request {number}")
    assert number > 14


def test_new_repository_cut_at_every_request(server, folder, count_case):
    for number in itertools.count(1):
        repo_id = f"ada/new{number}"
        (folder / "openvino_model.bin").write_bytes(os.urandom(5000))  # nothing of it is on the server yet
        fault = server.fail("", "drop", nth=number, times=None)
        try:
            hub.publish(folder, repo_id, tag="v1")
        except hub.HubError as error:
            assert fault.fired and REMEDY.search(str(error))
        server.heal()
        if not fault.fired:
            break
        if f"models/{repo_id}" in server.state["repos"]:
            assert remote(server, repo_id) in ({}, contents(folder))
        hub.publish(folder, repo_id, tag="v1")
        assert remote(server, repo_id) == contents(folder)
        assert len(server.repo(repo_id)["commits"]) == 2
        count_case(f"new repository, dead from request {number}")
    assert number > 16


def test_pull_request_whose_answer_is_lost_is_not_made_twice(server, folder, count_case):
    server.put("ada/model", {"old.txt": b"old"})
    server.fail("/commit/", "drop")
    assert hub.publish(folder, "ada/model", pull_request=True).pull_request == "refs/pr/1"
    assert list(server.repo("ada/model")["prs"]) == ["refs/pr/1"]
    count_case("answer about a pull request lost")


def test_what_has_arrived_is_not_sent_again(server, folder):
    server.fail("/commit/", "cut", times=None)
    with pytest.raises(hub.HubUnavailable, match="kept"):
        hub.publish(folder, "ada/model")
    server.heal()
    before = len(server.log)
    hub.publish(folder, "ada/model")
    assert not [line for line in server.requests()[before:] if line.startswith("PUT")]


def test_connection_cut_at_every_request_of_a_download(server, tmp_path, count_case):
    old = server.put("ada/model", FILES)
    before = len(server.log)
    hub.download("ada/model", cache_dir=tmp_path / "reference")
    total = len(server.log) - before
    new_files = FILES | {"config.json": b"[1]", "model.safetensors": b"new" * 4000}
    for number in range(1, total + 1):
        for action in ("cut", "drop", "short"):
            cache = tmp_path / f"{action}{number}"
            hub.download("ada/model", old, cache_dir=cache)
            server.put("ada/model", new_files)
            server.fail("", action, nth=number, times=None)
            try:
                assert fetched(hub.download("ada/model", cache_dir=cache)) == new_files
            except hub.HubError as error:
                assert REMEDY.search(str(error)), error
            server.heal()
            assert fetched(hub.download("ada/model", old, cache_dir=cache)) == FILES
            assert fetched(hub.download("ada/model", cache_dir=cache)) == new_files
            count_case(f"download: {action} from request {number}")


class Process:
    """The server in its own process, to be killed and started again on the same port and folder."""

    def __init__(self, root: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.root, self.token, self.endpoint = root, DEFAULT_TOKEN, f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "tests" / "hub_server"), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--root", str(self.root)], stdout=subprocess.PIPE, text=True
        )
        assert "HF_ENDPOINT=" in self.process.stdout.readline()

    def set_faults(self, *faults: dict) -> None:
        request = urllib.request.Request(f"{self.endpoint}/_test/faults", json.dumps(faults).encode())
        urllib.request.urlopen(request).read()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def files(self, repo_id: str) -> dict[str, bytes]:
        stored = HubServer(self.root)
        stored._http.server_close()
        return remote(stored, repo_id) if f"models/{repo_id}" in stored.state["repos"] else {}


@pytest.fixture
def process(tmp_path, environment):
    running = environment(Process(tmp_path / "server"))
    yield running
    running.stop()


@pytest.mark.parametrize(
    "pattern", ["/preupload/", "/objects/batch", "^PUT /lfs/", "/lfs/verify", "/commit/", "/tag/"]
)
def test_server_killed_in_the_middle_and_started_again(process, folder, pattern, count_case):
    hub.publish(folder, "ada/model")
    old = process.files("ada/model")
    write_export(folder, seed=2)
    process.set_faults({"pattern": pattern, "action": "exit"})
    with pytest.raises(hub.HubUnavailable, match="cannot be reached"):
        hub.publish(folder, "ada/model", tag="v1")
    assert process.process.wait(10) == 137
    assert process.files("ada/model") in (old, contents(folder))
    process.start()
    done = hub.publish(folder, "ada/model", tag="v1")
    assert process.files("ada/model") == contents(folder)
    assert hub.verify_published("ada/model", done.commit, folder)
    count_case(f"killed at {pattern}")


def test_server_that_comes_back_while_the_upload_waits(process, folder, monkeypatch, count_case):
    """Nobody needs to run anything again when the server is away for a moment only."""
    import huggingface_hub.utils._http


    for module in (huggingface_hub.utils._http, hub.client):
        monkeypatch.setattr(module.time, "sleep", lambda seconds: time.sleep(0.4))
    process.set_faults({"pattern": "^PUT /lfs/", "action": "exit"})

    def restart():
        process.process.wait(20)
        process.start()

    watcher = threading.Thread(target=restart)
    watcher.start()
    hub.publish(folder, "ada/model")
    watcher.join()
    assert process.files("ada/model") == contents(folder)
    count_case("server away for a moment")


FULL_DISK = """
import resource, sys
from grokaem import hub
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # a file cannot grow beyond this, as on a full disk
try:
    hub.download("ada/model", cache_dir=sys.argv[1])
except hub.HubError as error:
    print(error)
"""


def test_full_disk(server, tmp_path, count_case):
    server.put("ada/model", FILES)
    cache = tmp_path / "small"
    command = [sys.executable, "-c", FULL_DISK, str(cache)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert "the disk is full" in result.stdout and "HF_HOME" in result.stdout, result
    assert not list(cache.rglob("*.incomplete")) and not list(cache.rglob("refs/*"))
    assert fetched(hub.download("ada/model", cache_dir=cache)) == FILES
    count_case("full disk")


def test_two_publishers_at_once_one_wins_and_the_other_is_told(server, tmp_path, monkeypatch, count_case):
    server.put("ada/model", {"old.txt": b"old"})
    folders = [write_export(tmp_path / name, seed) for name, seed in (("first", 1), ("second", 2))]
    import grokaem.hub.upload as upload_module

    both_have_looked = threading.Barrier(2)
    looked = upload_module._open

    def look_and_wait(*arguments):
        head = looked(*arguments)
        both_have_looked.wait(20)
        return head

    monkeypatch.setattr(upload_module, "_open", look_and_wait)
    outcomes: list = [None, None]

    def run(index):
        try:
            outcomes[index] = hub.publish(folders[index], "ada/model")
        except Exception as error:
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = [index for index in (0, 1) if isinstance(outcomes[index], hub.HubConflict)]
    assert len(lost) == 1, outcomes
    loser, winner = lost[0], 1 - lost[0]
    assert "run again to publish on top" in str(outcomes[loser])
    assert remote(server, "ada/model") == contents(folders[winner]) | {"old.txt": b"old"}
    monkeypatch.undo()
    os.environ.update(HF_ENDPOINT=server.endpoint, HF_TOKEN=server.token)
    try:
        hub.publish(folders[loser], "ada/model")
    finally:
        del os.environ["HF_ENDPOINT"], os.environ["HF_TOKEN"]
    assert remote(server, "ada/model") == contents(folders[loser]) | {"old.txt": b"old"}
    count_case("two publishers")
