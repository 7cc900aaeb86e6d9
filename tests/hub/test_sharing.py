"""One Hub, many hands: threads that share the client, processes that publish to one repository."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from grokaem import hub
from tests.conftest import ROOT
from tests.hub.conftest import contents, remote, write_export

THREADS = 8


def questions(folder, cache):
    """Name -> a call whose answer never changes; distinct inputs have distinct answers."""

    def files(name, **how):
        return lambda: sorted(contents(hub.download(name, cache_dir=cache, **how)).items())

    def refusal(call):
        def ask():
            with pytest.raises((hub.HubError, ValueError)) as raised:
                call()
            return type(raised.value).__name__, str(raised.value)

        return ask

    return [
        *(files(f"ada/model{n}") for n in range(4)),
        *(files(f"ada/model{n}", allow_patterns="*.json") for n in range(4)),
        hub.whoami,
        lambda: hub.check_write_access("ada/model1"),
        lambda: hub.look_up_private("ada/closed", os.environ["HF_TOKEN"]),
        lambda: hub.look_up_private("ada/closed"),
        lambda: hub.publish(folder, "ada/model1", dry_run=True).describe(),
        lambda: hub.publish(folder, "ada/model2").changed,
        lambda: hub.publish(folder, "ada/new", dry_run=True).describe(),
        refusal(lambda: hub.download("ada/none", cache_dir=cache)),
        refusal(lambda: hub.check_write_access("bob/model")),
        refusal(lambda: hub.whoami("hf_" + "unknown" * 5)),
    ]


@pytest.mark.parametrize("calls", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_threads_get_what_one_thread_gets(server, folder, tmp_path, calls):
    for n in range(4):
        write_export(folder, seed=n)
        hub.publish(folder, f"ada/model{n}")
    server.put("ada/closed", {"a": b"a"}, private=True)
    write_export(folder, seed=2)
    expected = [ask() for ask in questions(folder, tmp_path / "alone")]
    # The snapshots of the shared cache are fetched by all threads at once, and each holds what it was asked for only.
    shared = questions(folder, tmp_path / "shared")
    for n in range(8):
        expected[n] = {name: content for name, content in expected[n] if n < 4 or name.endswith(".json")}
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda i: (i % len(shared), shared[i % len(shared)]()), range(calls)))
    assert len(answers) == calls
    for which, answer in answers:
        if which < 8:
            answer = {name: content for name, content in answer if name in expected[which]}
        assert answer == expected[which]
    assert remote(server, "ada/model2") == contents(folder)


def test_a_broken_file_in_a_shared_cache_is_mended_once_for_all_threads(server, folder, tmp_path):
    hub.publish(folder, "ada/model")
    cache = tmp_path / "shared"
    snapshot = hub.download("ada/model", cache_dir=cache)
    right = contents(snapshot)
    for _ in range(5):
        for name in ("openvino_model.bin", "config.json"):
            blob = (snapshot / name).resolve()
            blob.write_bytes(blob.read_bytes()[::-1])
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(lambda _: contents(hub.download("ada/model", cache_dir=cache)), range(THREADS)))
        assert all(answer == right for answer in found)


PUBLISH = """
import sys
sys.path[0] = {root!r}
from grokaem import hub
try:
    print(hub.publish(sys.argv[1], "ada/model").commit)
except hub.HubConflict as error:
    print("conflict", error)
"""


@pytest.mark.parametrize("same", [True, False])
def test_two_processes_publish_to_one_repository(server, tmp_path, same):
    folders = [write_export(tmp_path / name, seed=seed) for seed, name in enumerate("ab")]
    if same:
        folders = [folders[0]] * 2
    server.put("ada/model", {"old.txt": b"old"})
    program = PUBLISH.format(root=str(ROOT))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for folder in folders
    ]
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    found = remote(server, "ada/model")
    assert found.pop("old.txt") == b"old"
    assert found in [contents(folder) for folder in folders]
    if not same:
        winners = [folder for folder, (out, _) in zip(folders, told, strict=True) if "conflict" not in out]
        assert found in [contents(folder) for folder in winners]
