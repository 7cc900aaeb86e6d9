"""The loopback Hub against the client itself, without the subpackage: it must be a Hub, not our idea of one."""

import hashlib

import pytest

from tests.hub_server import HubServer


@pytest.fixture
def api(server):
    from huggingface_hub import HfApi

    return HfApi(endpoint=server.endpoint, token=server.token)


def test_life_of_a_repository(server, api, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    url = api.create_repo("thing", private=True)
    assert url.repo_id == "ada/thing"
    assert api.create_repo("ada/thing", exist_ok=True).repo_id == "ada/thing"
    big = bytes(range(256)) * 40
    first = api.upload_file(path_or_fileobj=big, path_in_repo="a/b.bin", repo_id="ada/thing")
    second = api.upload_file(path_or_fileobj=b"text", path_in_repo="c.txt", repo_id="ada/thing")
    info = api.model_info("ada/thing", files_metadata=True)
    assert info.sha == second.oid and info.private
    files = {file.rfilename: file for file in info.siblings}
    assert files["a/b.bin"].lfs.sha256 == hashlib.sha256(big).hexdigest() and files["c.txt"].lfs is None
    assert [item.path for item in api.list_repo_tree("ada/thing")] == [".gitattributes", "a", "c.txt"]
    tree = {item.path for item in api.list_repo_tree("ada/thing", recursive=True)}
    assert tree == {".gitattributes", "a", "a/b.bin", "c.txt"}
    assert [item.path for item in api.get_paths_info("ada/thing", ["a", "c.txt", "none"])] == ["a", "c.txt"]
    assert [commit.commit_id for commit in api.list_repo_commits("ada/thing")][:2] == [second.oid, first.oid]
    api.create_tag("ada/thing", tag="v1", revision=first.oid)
    assert not api.file_exists("ada/thing", "c.txt", revision="v1") and api.file_exists("ada/thing", "c.txt")
    api.delete_file("c.txt", "ada/thing")
    assert not api.file_exists("ada/thing", "c.txt")
    assert api.revision_exists("ada/thing", "v1") and not api.revision_exists("ada/thing", "v2")
    path = api.hf_hub_download("ada/thing", "a/b.bin", cache_dir=tmp_path / "cache")
    assert open(path, "rb").read() == big
    api.update_repo_settings("ada/thing", private=False)
    assert not api.model_info("ada/thing", token=False).private
    api.delete_repo("ada/thing")
    assert not api.repo_exists("ada/thing")


def test_ranges(server):
    import httpx

    server.put("ada/thing", {"a.bin": bytes(range(100))})
    url = f"{server.endpoint}/ada/thing/resolve/main/a.bin"

    def get(span):
        return httpx.get(url, headers={"Range": span}, follow_redirects=True)

    part = get("bytes=10-19")
    assert part.status_code == 206 and part.content == bytes(range(10, 20))
    assert part.headers["Content-Range"] == "bytes 10-19/100"
    assert get("bytes=90-").content == bytes(range(90, 100))
    assert get("bytes=100-").status_code == 416


def test_large_folder_upload_of_the_client(server, api, tmp_path):
    from huggingface_hub import constants

    for number in range(300):  # more than one preupload call
        (tmp_path / f"{number}.txt").write_text(str(number))
    constants_before = constants.HF_HUB_DISABLE_XET
    api.create_repo("ada/many", repo_type="dataset")
    api.upload_folder(repo_id="ada/many", folder_path=tmp_path, repo_type="dataset", allow_patterns="*.txt")
    assert len(server.requests("/preupload/")) == 2
    assert server.files("ada/many", kind="datasets")["299.txt"] == b"299"
    assert constants.HF_HUB_DISABLE_XET == constants_before


def test_state_survives_a_restart_on_the_same_port(server, api):
    commit = server.put("ada/thing", {"a.txt": b"a"}, private=True)
    server.stop()
    with HubServer(server.root, server.port) as again:
        assert again.endpoint == server.endpoint
        assert api.model_info("ada/thing").sha == commit


def test_errors_have_the_classes_of_the_client(server, api):
    from huggingface_hub import errors

    server.put("ada/thing", {"a.txt": b"a"})
    with pytest.raises(errors.RepositoryNotFoundError):
        api.model_info("ada/none")
    with pytest.raises(errors.RevisionNotFoundError):
        api.model_info("ada/thing", revision="none")
    with pytest.raises(errors.EntryNotFoundError):
        api.hf_hub_download("ada/thing", "none")
    server.repo("ada/thing")["gated"] = True
    with pytest.raises(errors.GatedRepoError):
        api.hf_hub_download("ada/thing", "a.txt", token=server.add_token("hf_" + "e" * 30, "eve"))
    with pytest.raises(ValueError, match="Invalid metadata"):
        api.upload_file(
            path_or_fileobj=b"---\nlicense: [\n---\n", path_in_repo="README.md", repo_id="ada/thing"
        )
    with pytest.raises(errors.HfHubHTTPError, match="A commit has happened since"):
        api.upload_file(path_or_fileobj=b"b", path_in_repo="b", repo_id="ada/thing", parent_commit="0" * 40)
