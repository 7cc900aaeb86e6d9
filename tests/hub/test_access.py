import pytest

from grokaem import hub

BOB = "hf_" + "b" * 34


def test_whoami(server, monkeypatch):
    assert hub.whoami() == "ada"
    server.add_token(BOB, "bob")
    assert hub.whoami(BOB) == "bob"
    monkeypatch.setenv("HF_TOKEN", "hf_" + "z" * 34)
    with pytest.raises(hub.HubAccessError, match="does not accept the token"):
        hub.whoami()


def test_no_token_says_how_to_get_one(server, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(hub.HubAccessError, match=r"set HF_TOKEN or run `hf auth login`"):
        hub.check_write_access("ada/model")
    assert server.log == []


def test_a_namespace_of_ones_own_is_writable_and_nothing_is_created(server):
    assert hub.check_write_access(None) == "ada"
    assert hub.check_write_access("ada/new-model") == "ada"
    assert hub.check_write_access("new-model") == "ada"
    assert server.state["repos"] == {}


def test_a_read_token_is_refused_before_the_work(server):
    with pytest.raises(hub.HubAccessError, match="may only read: make one with the role write"):
        hub.check_write_access("bob/model", server.add_token(BOB, "bob", "read"))
    assert all(line.startswith("GET") for line in server.requests())


@pytest.mark.parametrize(
    ("role", "allowed"), [("admin", True), ("write", True), ("contributor", True), ("read", False)]
)
def test_organizations(server, role, allowed):
    server.add_token(BOB, "bob", orgs={"acme": role})
    if allowed:
        assert hub.check_write_access("acme/model", BOB) == "acme"
    else:
        with pytest.raises(hub.HubAccessError, match="ask one of its admins"):
            hub.check_write_access("acme/model", BOB)


def test_somebody_elses_namespace(server):
    with pytest.raises(hub.HubAccessError, match="no member of bob: publish to ada/"):
        hub.check_write_access("bob/model")


def test_a_fine_grained_token_without_the_scope(server):
    server.add_token(BOB, "bob", "fineGrained")
    with pytest.raises(hub.HubAccessError, match="fine-grained"):
        hub.check_write_access("bob/model", BOB)


def test_an_existing_repository_that_refuses(server):
    server.put("ada/model", {"a": b"a"})
    assert hub.check_write_access("ada/model") == "ada"
    server.fail("/auth-check/write", status=403, times=None)
    with pytest.raises(hub.HubAccessError, match="role write"):
        hub.check_write_access("ada/model")


def test_unreachable_and_offline(server, monkeypatch):
    server.stop()
    with pytest.raises(hub.HubUnavailable, match="check the network and HF_ENDPOINT"):
        hub.check_write_access("ada/model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(hub.HubUnavailable, match="HF_HUB_OFFLINE"):
        hub.check_write_access("ada/model")


def test_where_the_token_comes_from(server, tmp_path, monkeypatch):
    assert hub.find_token() == server.token
    (tmp_path / "token.txt").write_text("hf_from_file\n")
    assert hub.find_token(token_file=tmp_path / "token.txt") == "hf_from_file"
    assert hub.find_token("hf_given", token_file=tmp_path / "token.txt") == "hf_given"
    monkeypatch.delenv("HF_TOKEN")
    assert hub.find_token() is None
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "token").write_text("hf_logged_in\n")
    assert hub.find_token() == "hf_logged_in"
    with pytest.raises(FileNotFoundError, match="write the token into it"):
        hub.find_token(token_file=tmp_path / "none")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ValueError, match="is empty"):
        hub.find_token(token_file=tmp_path / "empty")
    (tmp_path / "empty").write_bytes(b"\xff\xfeh\0f\0")
    with pytest.raises(ValueError, match="is no text: write the token into it"):
        hub.find_token(token_file=tmp_path / "empty")
    (tmp_path / "home" / "token").write_bytes(b"\xff\0")
    assert hub.find_token() is None
    (tmp_path / "token.txt").write_text("\ufeffhf_from_windows\n", encoding="utf-8")
    assert hub.find_token(token_file=tmp_path / "token.txt") == "hf_from_windows"


def test_scrub():
    text = hub.scrub("Bearer hf_abcdefghijklmnopqrstuv and secret-value!", "secret-value")
    assert text == "Bearer hf_*** and hf_***!"
    assert hub.scrub("hf_hub_download and hf_xet stay") == "hf_hub_download and hf_xet stay"
