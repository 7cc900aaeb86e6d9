import pytest

from grokaem import hub

SECRET = "correct-horse-battery-staple"


def test_create_is_repeatable_and_sets_the_hardware(server):
    for _ in range(2):
        assert hub.create_space("ada/app", hardware="zero-a10g") == f"{server.endpoint}/spaces/ada/app"
    assert server.repo("ada/app", "spaces")["hardware"] == "zero-a10g"
    assert len(server.requests("/hardware")) == 1


def test_a_secret_is_in_no_file_and_no_message(server, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    hub.create_space("ada/app", private=True)
    server.fail("/secrets", status=500, times=None, body=f'{{"error": "cannot store {SECRET}"}}')
    with pytest.raises(hub.HubError) as caught:
        hub.set_secrets("ada/app", {"HF_TOKEN": SECRET})
    server.heal()
    server.fail("/secrets", status=400, body=f'{{"error": "cannot store {SECRET}"}}')
    with pytest.raises(hub.HubError) as refused:
        hub.set_secrets("ada/app", {"HF_TOKEN": SECRET})
    hub.set_secrets("ada/app", {"HF_TOKEN": SECRET})
    hub.set_variables("ada/app", {"MODEL_ID": "ada/model"})
    repo = server.repo("ada/app", "spaces")
    assert list(repo["secrets"]) == ["HF_TOKEN"] and repo["variables"]["MODEL_ID"]["value"] == "ada/model"
    said = capfd.readouterr()
    for text in (str(caught.value), str(refused.value), caplog.text, said.out, said.err):
        assert SECRET not in text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_wait_running_shows_the_stages(server):
    hub.create_space("ada/app")
    stages = []
    assert hub.wait_running("ada/app", poll=0.01, progress=stages.append) == "RUNNING"
    assert stages == ["BUILDING", "APP_STARTING", "RUNNING"]


@pytest.mark.parametrize("stage", ["BUILD_ERROR", "RUNTIME_ERROR", "CONFIG_ERROR", "PAUSED"])
def test_a_failed_build_shows_its_error(server, stage):
    hub.create_space("ada/app")
    server.space_stages = ["BUILDING", stage]
    with pytest.raises(hub.HubError, match=f"{stage}.*no-such-package.*publish again") as caught:
        hub.wait_running("ada/app", poll=0.01)
    assert "\n" not in str(caught.value)


def test_a_space_that_does_not_run_in_time(server):
    hub.create_space("ada/app")
    server.space_stages = ["BUILDING"]
    with pytest.raises(hub.HubUnavailable, match="still BUILDING after 0 s"):
        hub.wait_running("ada/app", poll=0.02, timeout=0.1)


def test_somebody_elses_space(server):
    server.add_token("hf_" + "b" * 34, "bob")
    hub.create_space("bob/app", token="hf_" + "b" * 34)
    with pytest.raises(hub.HubAccessError, match="role write"):
        hub.set_variables("bob/app", {"A": "b"})
