import pytest

from grokaem import hub
from tests.hub.conftest import contents, remote, write_export


def test_first_publication_is_one_commit_with_every_file(server, folder):
    done = hub.publish(folder, "ada/model", message="First")
    assert done.changed and done.url == f"{server.endpoint}/ada/model"
    assert remote(server, "ada/model") == contents(folder)
    assert server.repo("ada/model")["branches"]["main"] == done.commit
    commit = server.repo("ada/model")["commits"][done.commit]
    assert commit["title"] == "First"
    assert len(server.repo("ada/model")["commits"]) == 2  # the one that creates the repository, and ours
    assert len(server.requests(r"^PUT /lfs/\w+/part/")) == 4  # 5000 bytes in parts of 1500
    assert len(server.requests(r"^PUT /lfs/\w+$")) == 1


def test_nothing_changed_sends_nothing(server, folder):
    first = hub.publish(folder, "ada/model")
    before = len(server.log)
    second = hub.publish(folder, "ada/model")
    assert not second.changed and second.commit == first.commit
    assert {file.state for file in second.files} == {"unchanged"}
    assert [line.split()[0] for line in server.requests()[before:]] == ["GET"]


def test_a_change_sends_only_what_changed(server, folder):
    hub.publish(folder, "ada/model")
    (folder / "config.json").write_text("{}")
    before = len(server.log)
    done = hub.publish(folder, "ada/model")
    assert {file.path: file.state for file in done.files}["config.json"] == "changed"
    assert not [line for line in server.requests()[before:] if line.startswith("PUT")]
    assert remote(server, "ada/model") == contents(folder)


def test_files_of_the_repository_that_the_folder_lacks_stay_and_are_named(server, folder):
    server.put("ada/model", {"notes.txt": b"mine"})
    done = hub.publish(folder, "ada/model")
    assert done.kept == ["notes.txt"]
    assert remote(server, "ada/model") == contents(folder) | {"notes.txt": b"mine"}


def test_dry_run_lists_exact_files_and_bytes_and_the_card_and_sends_nothing(server, folder):
    server.put("ada/model", {"config.json": (folder / "config.json").read_bytes()})
    before = len(server.log)
    plan = hub.publish(folder, "ada/model", dry_run=True)
    assert {file.path: file.bytes for file in plan.files} == {k: len(v) for k, v in contents(folder).items()}
    assert {file.path for file in plan.files if file.state == "unchanged"} == {"config.json"}
    text = plan.describe()
    assert "5,000 bytes  new        openvino_model.bin" in text and "# Model 1" in text
    assert all(line.startswith("GET") for line in server.requests()[before:])


def test_dry_run_needs_neither_network_nor_token(server, folder, monkeypatch):
    server.stop()
    monkeypatch.delenv("HF_TOKEN")
    plan = hub.publish(folder, "ada/model", dry_run=True)
    assert plan.dry_run and plan.changed and plan.commit is None
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.publish(folder, "ada/model", dry_run=True) == plan


def test_private_repository(server, folder, monkeypatch):
    hub.publish(folder, "ada/secret", private=True)
    assert server.repo("ada/secret")["private"]
    server.add_token("hf_" + "b" * 34, "bob")
    monkeypatch.setenv("HF_TOKEN", "hf_" + "b" * 34)
    with pytest.raises(hub.HubNotFound, match="private"):
        hub.download("ada/secret")


def test_private_is_not_published_into_a_public_repository(server, folder):
    server.put("ada/model", {"a.txt": b"a"})
    with pytest.raises(hub.HubAccessError, match="public"):
        hub.publish(folder, "ada/model", private=True)
    assert remote(server, "ada/model") == {"a.txt": b"a"}


@pytest.mark.parametrize(("repo_type", "kind"), [("dataset", "datasets"), ("space", "spaces")])
def test_other_repository_types(server, folder, repo_type, kind):
    if repo_type == "space":
        (folder / "README.md").write_text("---\ntitle: T\nsdk: gradio\napp_file: app.py\n---\n")
        (folder / "app.py").write_text("print('hello')\n")
    done = hub.publish(folder, "ada/thing", repo_type=repo_type)
    assert remote(server, "ada/thing", kind=kind) == contents(folder)
    assert done.url == f"{server.endpoint}/{kind}/ada/thing"
    assert contents_equal(hub.verify_published("ada/thing", done.commit, folder, repo_type=repo_type), folder)


def contents_equal(snapshot, folder):
    return all((snapshot / path).read_bytes() == content for path, content in contents(folder).items())


def test_pull_request_leaves_main_alone(server, folder, tmp_path):
    first = hub.publish(folder, "ada/model")
    write_export(folder, seed=2)
    proposal = hub.publish(folder, "ada/model", pull_request=True)
    assert proposal.pull_request == "refs/pr/1" and proposal.url.endswith("/discussions/1")
    assert server.repo("ada/model")["branches"]["main"] == first.commit
    assert remote(server, "ada/model", "refs/pr/1") == contents(folder)
    fetched = hub.download("ada/model", "refs/pr/1", cache_dir=tmp_path / "fresh")
    assert contents_equal(fetched, folder)


def test_a_stranger_may_propose_but_not_publish(server, folder, tmp_path, monkeypatch):
    first = hub.publish(folder, "ada/model")
    monkeypatch.setenv("HF_TOKEN", server.add_token("hf_" + "c" * 34, "carol"))
    write_export(folder, seed=3)
    with pytest.raises(hub.HubAccessError, match="role write"):
        hub.publish(folder, "ada/model")
    assert hub.publish(folder, "ada/model", pull_request=True).pull_request == "refs/pr/1"
    assert server.repo("ada/model")["branches"]["main"] == first.commit


def test_tag_names_the_revision_and_is_never_moved(server, folder, tmp_path):
    first = hub.publish(folder, "ada/model", tag="v1")
    assert hub.publish(folder, "ada/model", tag="v1").commit == first.commit  # again: fine
    write_export(folder, seed=2)
    with pytest.raises(hub.HubError, match="another tag"):
        hub.publish(folder, "ada/model", tag="v1")
    assert server.repo("ada/model")["tags"] == {"v1": first.commit}
    assert (hub.download("ada/model", "v1") / "README.md").read_text().endswith("# Model 1\n")


def test_parent_commit_guard(server, folder):
    first = hub.publish(folder, "ada/model")
    newer = server.put("ada/model", {"theirs.txt": b"theirs"})
    write_export(folder, seed=2)
    with pytest.raises(hub.HubConflict, match="nothing was overwritten"):
        hub.publish(folder, "ada/model", parent_commit=first.commit)
    assert server.repo("ada/model")["branches"]["main"] == newer
    hub.publish(folder, "ada/model", parent_commit=newer)
    assert remote(server, "ada/model") == contents(folder) | {"theirs.txt": b"theirs"}


@pytest.mark.parametrize("name", ["pytorch_model.bin", "extra.pkl", "model.pt", "modeling.py", "weights.bin"])
def test_what_could_run_code_is_not_published(server, folder, name):
    (folder / name).write_bytes(b"\x80\x04.")
    with pytest.raises(ValueError, match=name):
        hub.publish(folder, "ada/model")
    assert server.log == []


@pytest.mark.parametrize("secret", ["own", "shape"])
def test_a_file_with_a_token_is_not_published(server, folder, secret):
    token = server.token if secret == "own" else "hf_" + "Q7" * 17
    (folder / "config.json").write_text(f'{{"token": "{token}"}}')
    with pytest.raises(ValueError, match="config.json contains an access token") as caught:
        hub.publish(folder, "ada/model")
    assert token not in str(caught.value)
    assert server.log == []


def test_wrong_input_is_one_sentence(server, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments, error in [
        ((tmp_path / "nowhere", "ada/m"), FileNotFoundError),
        ((tmp_path / "empty", "ada/m"), FileNotFoundError),
        ((folder, "just-a-name"), ValueError),
        ((folder, "ada/../m"), ValueError),
        ((folder, "a b/c"), ValueError),
    ]:
        with pytest.raises(error) as caught:
            hub.publish(*arguments)
        assert "\n" not in str(caught.value) and ":" in str(caught.value)
    (folder / "README.md").write_text("---\nlanguage: no\n---\n")
    with pytest.raises(hub.MetadataError, match="language"):
        hub.publish(folder, "ada/m")
    assert server.log == []


def test_a_link_out_of_the_folder_is_refused(server, folder, tmp_path):
    (tmp_path / "private.txt").write_text("mine")
    (folder / "notes.txt").symlink_to(tmp_path / "private.txt")
    with pytest.raises(ValueError, match="leads out"):
        hub.publish(folder, "ada/model")


def test_lfs_only_setting_of_the_client_is_respected_and_restored(server, folder, monkeypatch):
    from huggingface_hub import constants

    hub.publish(folder, "ada/one")
    assert server.requests("xet-write-token") and constants.HF_HUB_DISABLE_XET is False
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    before = len(server.log)
    hub.publish(folder, "ada/two")
    assert not [line for line in server.requests()[before:] if "xet" in line]
    assert remote(server, "ada/one") == remote(server, "ada/two") == contents(folder)


def test_what_publishing_would_refuse_is_found_while_nothing_is_sent(server, folder):
    hub.check_publishable(folder, "ada/new", private=True, tag="v1")
    hub.publish(folder, "ada/model", tag="v1")
    before = len(server.log)
    hub.check_publishable(folder, "ada/model", tag="v1")  # the same content may have the tag that it has
    (folder / "config.json").write_text("{}")
    with pytest.raises(hub.HubTagTaken, match="v1 of ada/model"):
        hub.check_publishable(folder, "ada/model", tag="v1")
    hub.check_publishable(folder, "ada/model", tag="v2")
    with pytest.raises(hub.HubAccessError, match="is public"):
        hub.check_publishable(folder, "ada/model", private=True)
    (folder / "config.json").write_text(server.token)
    with pytest.raises(ValueError, match="config.json contains an access token"):
        hub.check_publishable(folder, "ada/model")
    assert {line.split()[0] for line in server.requests()[before:]} == {"GET"}
    server.stop()
    (folder / "config.json").write_text("{}")
    with pytest.raises(hub.HubUnavailable):
        hub.check_publishable(folder, "ada/model")
