import json
import logging
import os

import pytest

from grokaem import hub
from tests.hub.conftest import contents, write_export

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 40, "sub/vocab.txt": b"a\nb\n"}


def fetched(snapshot):
    found = contents(snapshot)
    found.pop(".gitattributes", None)
    return found


def test_files_arrive_with_their_content(server):
    commit = server.put("ada/model", FILES)
    snapshot = hub.download("ada/model")
    assert fetched(snapshot) == FILES and snapshot.name == commit


def test_the_token_is_not_sent_to_the_host_that_stores_large_files(server):
    server.put("ada/model", FILES, private=True)
    hub.download("ada/model")
    assert [entry["authorized"] for entry in server.log if entry["path"].startswith("/cdn/")] == [False]
    assert all(entry["authorized"] for entry in server.log if "/resolve/" in entry["path"])


def test_patterns(server):
    server.put("ada/model", FILES)
    assert fetched(hub.download("ada/model", allow_patterns="*.json")) == {"config.json": b"{}"}
    assert set(fetched(hub.download("ada/model", allow_patterns=["sub/*"]))) == {
        "config.json",
        "sub/vocab.txt",
    }
    assert fetched(hub.download("ada/model")) == FILES


def test_a_pinned_commit_in_the_cache_needs_no_request(server):
    commit = server.put("ada/model", FILES)
    hub.download("ada/model", commit)
    before = len(server.log)
    assert fetched(hub.download("ada/model", commit)) == FILES
    assert len(server.log) == before


def test_new_revision_is_found_and_the_old_one_stays(server):
    old = server.put("ada/model", FILES)
    hub.download("ada/model")
    server.put("ada/model", {"config.json": b'{"new": 1}'})
    before = len(server.log)
    assert fetched(hub.download("ada/model")) == FILES | {"config.json": b'{"new": 1}'}
    assert not [
        line for line in server.requests()[before:] if "/cdn/" in line
    ]  # unchanged: not fetched again
    assert fetched(hub.download("ada/model", old)) == FILES


def test_many_files_over_several_tree_pages(server):
    files = {f"data/{n:04}.txt": str(n).encode() for n in range(1100)}
    server.put("ada/many", files)
    snapshot = hub.download("ada/many", allow_patterns=["data/0000.txt", "data/1099.txt"])
    assert fetched(snapshot) == {name: files[name] for name in ("data/0000.txt", "data/1099.txt")}
    assert len(server.requests("/tree/")) == 23  # 1101 files and a folder, 50 a page


def test_offline_from_the_cache(server, monkeypatch):
    server.put("ada/model", FILES)
    hub.download("ada/model")
    before = len(server.log)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetched(hub.download("ada/model")) == FILES
    assert len(server.log) == before
    monkeypatch.delenv("HF_HUB_OFFLINE")
    server.stop()
    assert fetched(hub.download("ada/model")) == FILES


def test_offline_without_a_complete_copy_says_so(server, monkeypatch):
    server.put("ada/model", FILES)
    hub.download("ada/model", allow_patterns="*.json")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.download("ada/model", allow_patterns="*.json")
    with pytest.raises(hub.HubUnavailable, match="not complete in the cache .* unset it"):
        hub.download("ada/model")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    server.stop()
    with pytest.raises(hub.HubUnavailable, match="cannot be reached"):
        hub.download("ada/other")


def test_an_interrupted_new_revision_leaves_the_old_one_in_use_offline(server, monkeypatch):
    server.put("ada/model", FILES)
    hub.download("ada/model")
    server.put("ada/model", {"config.json": b"[]", "model.safetensors": b"new" * 5000})
    server.fail("/cdn/", status=503, times=None)
    with pytest.raises(hub.HubUnavailable):
        hub.download("ada/model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetched(hub.download("ada/model")) == FILES


def test_resume_asks_for_the_rest_only(server, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)
    server.put("ada/model", FILES)
    server.fail("^GET /cdn/", "short")
    assert fetched(hub.download("ada/model")) == FILES
    ranges = [entry["range"] for entry in server.log if entry["path"].startswith("/cdn/")]
    assert ranges == [None, "bytes=5120-"]


@pytest.mark.parametrize("pattern", ["^GET /cdn/", "^GET /ada/model/resolve/.*/config.json"])
def test_wrong_bytes_of_the_right_size_are_quarantined_and_fetched_again(
    server, pattern, tmp_path, count_case
):
    server.put("ada/model", FILES)
    server.fail(pattern, "corrupt")
    with pytest.raises(hub.IntegrityError, match="run again") as caught:
        hub.download("ada/model")
    assert "\n" not in str(caught.value)
    wrong = list((tmp_path / "grokaem" / "quarantine").rglob("*.*"))
    wrong = [path for path in wrong if path.is_file()]
    assert len(wrong) == 1 and wrong[0].read_bytes() not in FILES.values()
    cached = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert wrong[0].read_bytes() not in cached
    assert fetched(hub.download("ada/model")) == FILES
    count_case(f"wrong bytes {pattern}")


def test_a_copy_that_went_bad_on_the_disk_is_noticed(server, monkeypatch):
    server.put("ada/model", FILES)
    snapshot = hub.download("ada/model")
    (snapshot / "model.safetensors").resolve().write_bytes(bytes(len(FILES["model.safetensors"])))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(hub.HubUnavailable):
        hub.download("ada/model")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert fetched(hub.download("ada/model")) == FILES


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/etc/evil", "a\\..\\evil", "C:evil", ".git/hooks/x"]
)
def test_a_path_that_leads_out_is_refused_before_anything_is_written(server, name, tmp_path):
    server.put("ada/model", {name: b"evil", "config.json": b"{}"})
    with pytest.raises(hub.IntegrityError, match="outside of its folder"):
        hub.download("ada/model")
    assert not list(tmp_path.rglob("*evil*")) and not server.requests("/resolve/")


def test_what_could_run_code_is_left_out(server, caplog, monkeypatch):
    # Libraries that configure logging when imported switch off the loggers that are there already.
    monkeypatch.setattr(logging.getLogger("grokaem.hub"), "disabled", False)
    monkeypatch.setattr(logging.root.manager, "disable", logging.NOTSET)
    caplog.set_level(logging.WARNING)
    unsafe = {"pytorch_model.bin": b"PK", "a.pkl": b"\x80", "modeling.py": b"import os", "sub/x.pt": b"x"}
    graph = {"openvino_model.xml": b"<net/>", "openvino_model.bin": b"weights"}
    server.put("ada/model", FILES | unsafe | graph)
    assert fetched(hub.download("ada/model")) == FILES | graph
    assert "pytorch_model.bin" in caplog.text
    assert not server.requests("modeling.py")
    assert fetched(hub.download("ada/model", allow_unsafe=True)) == FILES | graph | unsafe


def test_a_link_out_of_the_cache_is_not_followed(server, tmp_path):
    commit = server.put("ada/model", FILES)
    snapshot = hub.download("ada/model", allow_patterns="sub/*")
    (tmp_path / "config.json").write_bytes(FILES["config.json"])
    (snapshot / "config.json").symlink_to(tmp_path / "config.json")
    hub.download("ada/model", commit)
    assert (snapshot / "config.json").resolve() != tmp_path / "config.json"
    assert (tmp_path / "config.json").exists()


def test_verify_published_notices_a_difference(server, folder):
    done = hub.publish(folder, "ada/model")
    assert hub.verify_published("ada/model", done.commit, folder).name == done.commit
    write_export(folder, seed=2)
    with pytest.raises(hub.IntegrityError, match="differs"):
        hub.verify_published("ada/model", done.commit, folder)
    (folder / "more.json").write_text("{}")
    with pytest.raises(hub.IntegrityError):
        hub.verify_published("ada/model", done.commit, folder)


def test_a_damaged_manifest_is_only_a_lost_memory(server, tmp_path):
    server.put("ada/model", FILES)
    hub.download("ada/model")
    for manifest in (tmp_path / "home").rglob("verified/*.json"):
        assert json.loads(manifest.read_text())["files"]
        manifest.write_text("{broken")
    assert fetched(hub.download("ada/model")) == FILES


def test_the_cache_is_the_clients_own(server, tmp_path, monkeypatch):
    server.put("ada/model", FILES)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    snapshot = hub.download("ada/model")
    from huggingface_hub import scan_cache_dir, snapshot_download

    again = snapshot_download(
        "ada/model", revision=snapshot.name, cache_dir=tmp_path / "elsewhere", local_files_only=True
    )
    assert os.path.samefile(again, snapshot)
    assert not scan_cache_dir(tmp_path / "elsewhere").warnings


def test_too_little_space_is_said_before_the_download(server, monkeypatch):
    import shutil

    server.put("ada/model", FILES)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(hub.HubError, match="HF_HOME"):
        hub.download("ada/model")
    assert not server.requests("/resolve/")
