"""The same subpackage when the endpoint serves Xet, which the client then uses for every large file."""

import pytest

from grokaem import hub
from tests.hub.conftest import contents, remote, write_export


def test_publish_and_download_through_xet(xet_server, folder, tmp_path):
    done = hub.publish(folder, "ada/model", tag="v1")
    assert xet_server.requests("xet-write-token") and not xet_server.requests("^PUT /lfs/|/objects/batch")
    snapshot = hub.verify_published("ada/model", done.commit, folder)
    assert contents(snapshot).items() >= contents(folder).items()
    assert xet_server.requests("xet-read-token") and not xet_server.requests("/cdn/")
    assert remote(xet_server, "ada/model") == contents(folder)


def test_nothing_changed_sends_nothing(xet_server, folder):
    hub.publish(folder, "ada/model")
    before = len(xet_server.log)
    assert not hub.publish(folder, "ada/model").changed
    assert [line.split()[0] for line in xet_server.requests()[before:]] == ["GET"]


def test_published_through_xet_and_downloaded_without_and_the_other_way_round(
    xet_server, folder, tmp_path, monkeypatch
):
    from huggingface_hub import constants

    with_xet = hub.publish(folder, "ada/with")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    hub.verify_published("ada/with", with_xet.commit, folder)
    assert xet_server.requests("^GET /cdn/")
    write_export(folder, seed=2)
    without = hub.publish(folder, "ada/without")
    assert xet_server.requests("^PUT /lfs/")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    hub.verify_published("ada/without", without.commit, folder)


@pytest.mark.parametrize("action", ["cut", "drop"])
@pytest.mark.parametrize("pattern", ["/preupload/", "/commit/"])
def test_a_cut_connection(xet_server, folder, pattern, action, count_case):
    xet_server.fail(pattern, action, times=None)
    if (pattern, action) == ("/commit/", "drop"):
        hub.publish(folder, "ada/model")  # only the answer was lost: the commit is found
    else:
        with pytest.raises(hub.HubUnavailable, match="run again"):
            hub.publish(folder, "ada/model")
    xet_server.heal()
    done = hub.publish(folder, "ada/model")
    assert len(xet_server.repo("ada/model")["commits"]) == 2
    assert remote(xet_server, "ada/model") == contents(folder)
    assert hub.verify_published("ada/model", done.commit, folder)
    count_case(f"Xet: {action} at {pattern}")


def test_a_refused_upload_token(xet_server, folder, count_case):
    xet_server.fail("/xet-write-token/", status=403, times=None)
    with pytest.raises(hub.HubError) as caught:
        hub.publish(folder, "ada/model")
    assert "\n" not in str(caught.value) and xet_server.token not in str(caught.value)
    xet_server.heal()
    hub.publish(folder, "ada/model")
    assert remote(xet_server, "ada/model") == contents(folder)
    count_case("Xet: token refused")


def test_wrong_bytes_are_noticed_whatever_brought_them(xet_server, folder, tmp_path):
    done = hub.publish(folder, "ada/model")
    entry = xet_server.repo("ada/model")["commits"][done.commit]["tree"]["openvino_model.bin"]
    other = write_export(tmp_path / "other", seed=9)
    hub.publish(other, "ada/other")
    entry["xet"] = xet_server.repo("ada/other")["commits"][xet_server.repo("ada/other")["branches"]["main"]][
        "tree"
    ]["openvino_model.bin"]["xet"]
    with pytest.raises(hub.IntegrityError, match="openvino_model.bin.*run again"):
        hub.download("ada/model", done.commit)
