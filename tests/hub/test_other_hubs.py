"""Hubs that are not quite the Hub: no hashes of small files, commits of 64 digits, a password in the address."""

import io
import logging

import pytest

from grokaem import hub
from tests.hub.conftest import contents, remote, write_export
from tests.hub_server import HubServer

pytestmark = pytest.mark.case("R8")


@pytest.fixture(params=[(False, False), (True, True), (False, True)], ids=["no blobs", "long commits", "both"])
def other(request, tmp_path, environment):
    blob_ids, long_commits = request.param
    with HubServer(
        tmp_path / "server", multipart_from=4000, part_bytes=1500, blob_ids=blob_ids, long_commits=long_commits
    ) as running:
        yield environment(running)


def test_publishing_downloading_and_doing_both_again(other, folder, tmp_path):
    done = hub.publish(folder, "ada/model", tag="v1")
    assert remote(other, "ada/model") == contents(folder)
    assert len(done.commit) == (64 if other.long_commits else 40)
    copy = hub.download("ada/model", cache_dir=tmp_path / "a")
    assert contents(folder).items() <= contents(copy).items()
    assert hub.verify_published("ada/model", done.commit, folder, cache_dir=tmp_path / "b").is_dir()
    sent = len(other.requests("POST .*/commit/"))
    again = hub.publish(folder, "ada/model")
    assert not again.changed and again.commit == done.commit and len(other.requests("POST .*/commit/")) == sent
    write_export(folder, seed=2)
    assert hub.publish(folder, "ada/model").changed
    assert remote(other, "ada/model") == contents(folder)


def test_a_commit_in_the_cache_needs_no_network(other, folder, tmp_path, monkeypatch):
    done = hub.publish(folder, "ada/model")
    first = hub.download("ada/model", done.commit, cache_dir=tmp_path / "a")
    other.stop()
    assert hub.download("ada/model", done.commit, cache_dir=tmp_path / "a") == first
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.download("ada/model", done.commit, cache_dir=tmp_path / "a") == first


def test_wrong_bytes_are_found_here_too(other, folder, tmp_path):
    hub.publish(folder, "ada/model")
    other.fail(r"GET .*/resolve/.*/config\.json", "corrupt", times=None)
    with pytest.raises(hub.IntegrityError, match=r"config\.json"):
        hub.download("ada/model", cache_dir=tmp_path / "a")


def test_what_somebody_else_published_in_between_is_not_overwritten_unseen(other, folder):
    done = hub.publish(folder, "ada/model")
    other.put("ada/model", {"config.json": b"theirs"})
    write_export(folder, seed=3)
    with pytest.raises(hub.HubConflict):
        hub.publish(folder, "ada/model", parent_commit=done.commit)
    assert remote(other, "ada/model")["config.json"] == b"theirs"


@pytest.mark.parametrize("oid", ["blob", "content"])
def test_git_names_by_sha256_count_as_right(tmp_path, oid):
    import hashlib

    from grokaem.hub.files import content_is

    (tmp_path / "f").write_bytes(b"some words")
    name = hashlib.sha256(b"blob 10\0some words" if oid == "blob" else b"some words").hexdigest()
    assert content_is(tmp_path / "f", name) and not content_is(tmp_path / "f", "0" * 64)


@pytest.mark.case("P2")
class TestAPasswordInTheAddress:
    PASSWORD = "correct-horse"

    @pytest.fixture
    def guarded(self, server, monkeypatch):
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint.replace("://", f"://ada:{self.PASSWORD}@"))
        return server

    def test_is_in_no_message_of_ours(self, guarded, folder, monkeypatch):
        guarded.stop()
        for call in (
            lambda: hub.whoami(),
            lambda: hub.download("ada/none"),
            lambda: hub.publish(folder, "ada/model"),
            lambda: hub.check_write_access("ada/model"),
            lambda: hub.create_space("ada/app"),
            lambda: hub.look_up_private("ada/model"),
        ):
            with pytest.raises(hub.HubError) as raised:
                call()
            assert self.PASSWORD not in str(raised.value) and "127.0.0.1" in str(raised.value)
        assert self.PASSWORD not in hub.publish(folder, "ada/model", dry_run=True).describe()
        monkeypatch.delenv("HF_TOKEN")
        with pytest.raises(hub.HubAccessError) as raised:
            hub.whoami()
        assert self.PASSWORD not in str(raised.value)

    def test_is_in_no_notice_of_the_client(self, guarded, monkeypatch):
        from grokaem.hub.client import connect

        connect(None)
        told = io.StringIO()
        for handler in logging.getLogger("huggingface_hub").handlers:
            monkeypatch.setattr(handler, "stream", told)
        logging.getLogger("huggingface_hub.utils._http").warning(
            "thrown while requesting GET http://ada:%s@127.0.0.1/api/x with hf_%s", self.PASSWORD, "x" * 30
        )
        told = told.getvalue()
        assert self.PASSWORD not in told and "x" * 30 not in told and "127.0.0.1/api/x" in told


@pytest.mark.case("P2")
def test_what_holds_secrets_never_goes(server, folder):
    for name in (".env", ".env.local", "deploy.env", ".netrc", "server.pem", "id_rsa", ".git/config", "token",
                 ".huggingface/token", "notes.txt~", ".config.json.swp", "README.md.bak", ".ssh/config",
                 "credentials.json", ".cache/x", ".kaggle/kaggle.json", "SECRETS.toml"):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text("password=correct-horse")
    plan = hub.publish(folder, "ada/model", dry_run=True)
    assert "never published: .env\n" in plan.describe() and "never published: server.pem" in plan.describe()
    done = hub.publish(folder, "ada/model")
    assert set(done.left_out) == set(plan.left_out) and len(done.left_out) == 17
    found = remote(server, "ada/model")
    assert len(found) == 5 and not any(b"correct-horse" in content for content in found.values())


@pytest.mark.case("P2")
@pytest.mark.parametrize(
    "secret",
    ["hf_" + "a1B2" * 8, "ghp_" + "a1B2" * 9, "AKIA" + "ABCD1234" * 2, "-----BEGIN RSA PRIVATE KEY-----",
     "sk-proj-" + "a1B2" * 10],
)  # fmt: skip
@pytest.mark.parametrize("where", ["small", "large", "across", "utf-16"])
def test_a_secret_in_a_text_of_any_size_stops_it(server, folder, secret, where):
    padding = {"small": 0, "large": 3 << 20, "across": (1 << 20) - 5, "utf-16": 10}[where]
    content = ("." * padding + " " + secret + " ").encode("utf-16" if where == "utf-16" else "utf-8")
    (folder / "notes.md").write_bytes(content)
    with pytest.raises(ValueError, match=r"notes\.md contains") as raised:
        hub.publish(folder, "ada/model")
    assert secret not in str(raised.value) and not server.requests("POST /api/repos/create")


def test_a_tag_that_names_another_revision_stops_before_anything_is_sent(server, folder):
    hub.publish(folder, "ada/model", tag="v1")
    before = remote(server, "ada/model")
    write_export(folder, seed=2)
    with pytest.raises(hub.HubError, match="v1 of ada/model names"):
        hub.publish(folder, "ada/model", tag="v1")
    assert remote(server, "ada/model") == before


def test_private_is_refused_before_the_work(server, folder):
    server.put("ada/open", {"a.txt": b"a"})
    with pytest.raises(hub.HubAccessError, match="is public"):
        hub.check_write_access("ada/open", private=True)
    with pytest.raises(hub.HubAccessError, match="is public"):
        hub.check_write_access("ada/open", private=True, pull_request=True)
    assert hub.check_write_access("ada/open") == "ada"
    server.add_token("hf_" + "b" * 30, "bob")
    with pytest.raises(hub.HubAccessError):
        hub.check_write_access("ada/open", "hf_" + "b" * 30)
    assert hub.check_write_access("ada/open", "hf_" + "b" * 30, pull_request=True) == "ada"


def test_whether_a_repository_is_private(server):
    server.put("ada/open", {"a": b"a"})
    server.put("ada/closed", {"a": b"a"}, private=True)
    server.put("ada/gated", {"a": b"a"}, gated=True)
    found = {name: hub.look_up_private(f"ada/{name}", server.token) for name in ("open", "closed", "gated", "none")}
    assert found == {"open": False, "closed": True, "gated": True, "none": None}
    assert hub.look_up_private("ada/closed") is None
