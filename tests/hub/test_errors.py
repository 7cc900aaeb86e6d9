"""Every way a server can refuse: our class, one sentence with the remedy, and a rerun that finishes."""

import json

import pytest

from grokaem import hub
from tests.hub.conftest import contents, remote, write_export
from tests.hub.test_download import FILES, fetched

NOT_FOUND = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
GATED = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}
HAPPENED = json.dumps({"error": "A commit has happened since. Please refresh and try again."})
BAD_YAML = json.dumps({"errors": [{"message": '"license" must be one of the list'}], "warnings": []})
LFS_ERROR = {
    "objects": [{"oid": "0" * 64, "size": 5000, "error": {"code": 507, "message": "storage quota exceeded"}}]
}

DOWNLOAD_ROWS = [
    ("401 RepoNotFound", "/revision/", 401, NOT_FOUND, hub.HubNotFound, "check the name"),
    ("404 RepoNotFound", "/revision/", 404, NOT_FOUND, hub.HubNotFound, "HF_TOKEN"),
    ("403 GatedRepo", "/revision/", 403, GATED, hub.HubAccessError, "ask for access"),
    ("403 GatedRepo of a file", "/resolve/", 403, GATED, hub.HubAccessError, "ask for access"),
    (
        "404 RevisionNotFound",
        "/revision/",
        404,
        {"X-Error-Code": "RevisionNotFound"},
        hub.HubNotFound,
        "branches",
    ),
    (
        "404 EntryNotFound",
        "/resolve/",
        404,
        {"X-Error-Code": "EntryNotFound"},
        hub.HubNotFound,
        "check its name",
    ),
    ("bare 401", "/revision/", 401, {}, hub.HubAccessError, "settings/tokens"),
    ("GET 503 for ever", "^GET /cdn/", 503, {}, hub.HubUnavailable, "run again later"),
    ("HEAD 500 for ever", "^HEAD ", 500, {}, hub.HubUnavailable, "run again later"),
    (
        "429 for ever",
        "/revision/",
        429,
        {"RateLimit": '"api";r=0;t=7'},
        hub.HubUnavailable,
        "wait some minutes",
    ),
    ("429 for an hour", "/revision/", 429, {"Retry-After": "3600"}, hub.HubUnavailable, "wait some minutes"),
    ("418", "/revision/", 418, {}, hub.HubError, "418"),
]
PUBLISH_ROWS = [
    ("404 RepoNotFound", "/revision/", 404, NOT_FOUND, "", hub.HubNotFound, "check the name"),
    ("create 403", "/repos/create", 403, {}, "", hub.HubAccessError, "role write"),
    ("create 503 for ever", "/repos/create", 503, {}, "", hub.HubUnavailable, "run again later"),
    ("validate-yaml 400", "/validate-yaml", 400, {}, BAD_YAML, hub.MetadataError, "must be one of the list"),
    ("preupload 403", "/preupload/", 403, {}, "", hub.HubAccessError, "role write"),
    ("preupload 503 for ever", "/preupload/", 503, {}, "", hub.HubUnavailable, "run again later"),
    (
        "LFS batch refusal",
        "/objects/batch",
        200,
        {},
        json.dumps(LFS_ERROR),
        hub.HubError,
        "storage quota exceeded",
    ),
    ("LFS PUT 500 for ever", "^PUT /lfs/", 500, {}, "", hub.HubUnavailable, "run again later"),
    ("LFS PUT 403", "^PUT /lfs/", 403, {}, "", hub.HubAccessError, "role write"),
    ("LFS complete 503 for ever", "/complete", 503, {}, "", hub.HubUnavailable, "run again later"),
    ("LFS verify 404", "/lfs/verify", 404, {}, "", hub.HubError, "404"),
    ("commit 400", "/commit/", 400, {}, '{"error": "bad operation"}', hub.HubError, "bad operation"),
    ("commit 401", "/commit/", 401, {}, "", hub.HubAccessError, "HF_TOKEN"),
    ("commit 412", "/commit/", 412, {}, HAPPENED, hub.HubConflict, "run again to publish on top"),
    ("commit 409", "/commit/", 409, {}, HAPPENED, hub.HubConflict, "nothing was overwritten"),
    ("commit 503 for ever", "/commit/", 503, {}, "", hub.HubUnavailable, "run again later"),
    (
        "commit 429 for ever",
        "/commit/",
        429,
        {"RateLimit": '"api";r=0;t=3'},
        "",
        hub.HubUnavailable,
        "wait some",
    ),
    ("commit answer is no JSON", "/commit/", 200, {}, "<html>", hub.HubError, "run again"),
]


def one_sentence(error, server) -> bool:
    text = str(error)
    return "\n" not in text and server.token not in text and len(text) < 500


@pytest.mark.parametrize("row", DOWNLOAD_ROWS, ids=lambda row: row[0])
def test_download(server, row, sleeps, count_case):
    name, pattern, status, headers, error, words = row
    server.put("ada/model", FILES)
    server.fail(pattern, status=status, headers=headers, times=None)
    with pytest.raises(error, match=words) as caught:
        hub.download("ada/model")
    assert one_sentence(caught.value, server)
    assert max(sleeps, default=0) <= 60  # an hour's wait is reported, not slept through
    server.heal()
    assert fetched(hub.download("ada/model")) == FILES
    count_case(f"download: {name}")


@pytest.mark.parametrize(
    ("row", "existing"),
    [
        pytest.param(row, existing, id=f"{row[0]}, {'update' if existing else 'new'}")
        for row in PUBLISH_ROWS
        for existing in (False, True)
        if not (existing and row[0].startswith("create"))  # an existing repository is not created
    ],
)
def test_publish(server, folder, row, existing, count_case):
    name, pattern, status, headers, body, error, words = row
    if existing:
        hub.publish(folder, "ada/model")
        write_export(folder, seed=2)
    before = remote(server, "ada/model") if existing else {}
    server.fail(pattern, status=status, headers=headers, body=body or "{}", times=None)
    with pytest.raises(error, match=words) as caught:
        hub.publish(folder, "ada/model")
    assert one_sentence(caught.value, server)
    if "models/ada/model" in server.state["repos"]:
        assert remote(server, "ada/model") == before
    server.heal()
    hub.publish(folder, "ada/model")
    assert remote(server, "ada/model") == contents(folder)
    count_case(f"publish: {name}")


@pytest.mark.parametrize(
    "pattern", ["/revision/", "/repos/create", "/preupload/", "^PUT /lfs/", "/commit/", "/refs"]
)
@pytest.mark.parametrize("status", [429, 503])
def test_one_refusal_is_waited_for(server, folder, sleeps, pattern, status, count_case):
    headers = {"RateLimit": '"api";r=0;t=7'} if status == 429 else {}
    fault = server.fail(pattern, status=status, headers=headers)
    hub.publish(folder, "ada/model", tag="v1")
    assert fault.fired == 1
    assert remote(server, "ada/model") == contents(folder)
    assert len(server.repo("ada/model")["commits"]) == 2
    assert (8.0 if status == 429 else 1.0) in sleeps  # as long as the server asked, and one second more
    count_case(f"one {status} at {pattern}")


def test_gated_repository_of_somebody_else(server, monkeypatch):
    server.put("ada/gated", FILES, gated=True)
    monkeypatch.setenv("HF_TOKEN", server.add_token("hf_" + "d" * 34, "dora"))
    with pytest.raises(hub.HubAccessError, match=f"ask for access at {server.endpoint}/ada/gated"):
        hub.download("ada/gated")
    server.repo("ada/gated")["granted"].append("dora")
    assert fetched(hub.download("ada/gated")) == FILES


EXPORT = {"openvino_model.xml": b"<net/>", "openvino_model.bin": b"", "tokenizer.json": b"{}"}


@pytest.mark.parametrize(
    "files, words",
    [
        ({"README.md": b"# nothing else"}, "ada/odd at COMMIT holds no openvino_model.xml"),
        ({"pytorch_model.bin": b"x", "config.json": b"{}"}, "ada/odd at COMMIT holds no openvino_model.xml"),
        ({"export/config.json": b"{}"}, "ada/odd at COMMIT holds no openvino_model.xml"),
        ({"openvino_model.xml/config.json": b"{}"}, "ada/odd at COMMIT holds no openvino_model.xml"),
        (EXPORT, "ada/odd at COMMIT lacks config.json"),
        (EXPORT | {"config.json/README.md": b"a folder"}, "ada/odd at COMMIT lacks config.json"),
    ],
)
def test_a_repository_that_is_no_export_is_called_by_its_name(server, files, words):
    from grokaem import inference

    commit = server.put("ada/odd", files)
    with pytest.raises(FileNotFoundError) as caught:
        inference.load("ada/odd")
    assert str(caught.value).startswith(words.replace("COMMIT", commit)) and "\n" not in str(caught.value)


def test_unknown_things_by_their_real_answers(server, folder):
    server.put("ada/model", FILES)
    with pytest.raises(hub.HubNotFound, match="branches, tags or commits"):
        hub.download("ada/model", "no-such-branch")
    with pytest.raises(hub.HubNotFound, match="does not exist"):
        hub.download("ada/no-such-model")
    with pytest.raises(hub.HubAccessError):
        hub.publish(folder, "somebody/else")


def test_the_token_is_in_nothing_that_is_written_or_said(server, folder, tmp_path, caplog, capfd):
    caplog.set_level("DEBUG")
    messages = []
    for pattern in ("/preupload/", "^PUT /lfs/", "/commit/", "/revision/"):
        server.fail(
            pattern, status=500, times=None, body=json.dumps({"error": f"token {server.token} is odd"})
        )
        for call in (lambda: hub.publish(folder, "ada/model"), lambda: hub.download("ada/model")):
            try:
                call()
            except Exception as error:
                messages.append(str(error))
        server.heal()
    hub.publish(folder, "ada/model")
    hub.download("ada/model")
    assert messages
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert server.token.encode() not in path.read_bytes(), path
    said = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("grokaem")]
    for text in (*messages, *ours, said.out, said.err):
        assert server.token not in text
