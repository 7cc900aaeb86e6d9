"""What is asked of a publication is checked before the work that it follows."""

import json

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from exporting import export
from exporting.eval_results import write_eval_results
from exporting.publication import Publication
from grokaem import command_line, ownership
from grokaem.hub.client import connect
from grokaem.hub.files import publishable
from training import finetune
from training.config import parse

COMMIT = "a" * 40


@pytest.mark.parametrize(
    "asked, words",
    [({"tag": "v1", "pull_request": True}, "--pull-request"), ({"tag": "v 1"}, "cannot be a tag"),
     ({"tag": "a..b"}, "cannot be a tag"), ({"tag": "v1.lock"}, "cannot be a tag"), ({"tag": "v1\n"}, "cannot be"),
     ({"tag": ""}, "cannot be a tag"), ({"tag": "main"}, "branch"), ({"tag": COMMIT}, "commit"),
     ({"message": " "}, "--message"), ({"message": "hf_" + "a1B2" * 9}, "token"), ({"repo_id": "a/b/c"}, "user/name"),
     ({"repo_id": "a--b"}, "user/name")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(asked, words):
    with pytest.raises(ValueError, match=words):
        Publication(**asked)


@pytest.mark.parametrize("flags", [("--tag", "v1"), ("--message", "x"), ("--pull-request",), ("--repo-id", "x")])
def test_a_flag_that_says_how_to_publish_needs_one_that_says_to(flags, tmp_path, capsys):
    assert command_line.run(export.main, [str(tmp_path), *flags]) == 2
    assert flags[0] in (said := capsys.readouterr().err) and "--push" in said
    with pytest.raises(ValueError, match="--push"):
        parse(list(flags))


@pytest.mark.parametrize("wrong", ["token", "owner", "tag", "taken", "public", "original", "both"])
def test_a_wrong_publication_stops_before_training(server, wrong, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    server.put("ada/there", {"x": b"1"})
    server.put("ada/there-original", {"x": b"1"})
    server.put("ada/secret", {"x": b"1"}, private=True)
    server.put("ada/secret-original", {"x": b"1"})
    connect(server.token).create_tag("ada/there", tag="v1")
    if wrong == "token":
        monkeypatch.setenv("HF_TOKEN", "hf_" + "w" * 34)
    flags = {
        "token": (),
        "owner": ("--repo-id", "somebody/model"),
        "tag": ("--tag", "v 1"),
        "taken": ("--repo-id", "there", "--tag", "v1"),
        "public": ("--repo-id", "there", "--hub-private"),
        "original": ("--repo-id", "secret", "--hub-private", "--push-original"),
        "both": ("--tag", "v2", "--pull-request"),
    }[wrong]

    def work(*arguments):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(finetune, "finetune", work)
    assert command_line.run(finetune.main, ["--push", *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and len(said.splitlines()) == 1 and not list(tmp_path.glob("runs"))
    assert not server.requests("POST .*(create|commit|preupload)")


def test_a_good_publication_lets_the_work_begin(server, monkeypatch, tmp_path):
    for flags in (("--tag", "v1"), ("--pull-request", "--repo-id", "there"), ("--message", "x", "--hub-private")):
        config = parse(["--push", *flags])
        config.publication.check(server.token, config.short_name)
        assert not {"tag", "message", "pull_request"} & set(config.to_json())
    server.put("eve/theirs", {"x": b"1"})
    Publication("eve/theirs", pull_request=True).check(server.token)
    with pytest.raises(ValueError, match="eve"):
        Publication("eve/theirs").check(server.token)


@pytest.mark.case("R2")
def test_name_and_sibling_follow_the_method(server):
    for method in ("int8", "int8-mixed", "int8-weight", "fp32"):
        asked = Publication(original=True)
        target = asked.target("a-b", method, server.token)
        assert target == f"ada/a-b-openvino-{method}" and asked.original_of(target) == "ada/a-b"
    assert Publication("name").target("a-b", "int8", server.token) == "ada/name"
    assert Publication("x", original=True).original_of("ada/x") == "ada/x-original"
    assert Publication(original=True, one_repository=True).original_of("ada/x") is None


def test_results_are_written_as_the_hub_s_client_reads_them(tmp_path):
    data = {"name": "eve/films", "revision": COMMIT, "sizes": {"test": 50}}
    file = write_eval_results(tmp_path, data, 0.83333)
    assert file.relative_to(tmp_path).as_posix() == ".eval_results/films.yaml"
    (entry,) = parse_eval_result_entries(yaml.safe_load(file.read_text()))
    assert (entry.dataset_id, entry.dataset_revision, entry.value) == ("eve/films", COMMIT, 0.8333)
    assert (entry.task_id, entry.notes) == ("default", "accuracy on the test part, 50 examples")
    assert ".eval_results/films.yaml" in publishable(tmp_path)


@pytest.mark.parametrize("name, revision", [("films", "films==1.0"), ("eve/films", "sha256:" + "a" * 64),
                                            ("films.csv", COMMIT)])  # fmt: skip
def test_data_without_a_hub_id_gets_no_results_file(tmp_path, name, revision):
    assert write_eval_results(tmp_path, {"name": name, "revision": revision}, 0.5) is None
    assert not list(tmp_path.iterdir())


def test_a_run_is_tagged_with_its_message_and_results(server, text_run, tmp_path, capfd):
    import shutil

    run = shutil.copytree(text_run, tmp_path / "runs" / "run")
    report = json.loads((run / "run.json").read_text())
    report["data"] |= {"name": "eve/films", "revision": COMMIT}
    ownership.write_text(run / "run.json", json.dumps(report))
    words = [str(run), "--push", "--repo-id", "films", "--push-original", "--tag", "v1", "--message", "the first"]
    assert command_line.run(export.main, words) == 0
    for repo_id in ("ada/films", "ada/films-original"):
        assert ".eval_results/films.yaml" in server.files(repo_id, "v1")
    assert "published: " in capfd.readouterr().out
    changed = [*words[:-4], "--pull-request", "--message", "a second"]
    report["seed"] = 7
    ownership.write_text(run / "run.json", json.dumps(report))
    assert command_line.run(export.main, changed) == 0
    assert "proposed: " in (said := capfd.readouterr().out) and "/discussions/" in said
    assert server.files("ada/films") == server.files("ada/films", "v1")


def test_a_tag_of_another_revision_is_wrong_usage_also_when_it_is_found_while_sending(server, tmp_path):
    server.put("ada/there", {"x": b"1"})
    connect(server.token).create_tag("ada/there", tag="v1")
    (tmp_path / "x").write_bytes(b"2")
    with pytest.raises(ValueError, match="choose another tag"):  # exit code 2
        Publication("ada/there", tag="v1").send(tmp_path, "ada/there", "x", server.token)
    assert server.files("ada/there")["x"] == b"1"


def test_the_export_s_tag_is_looked_at_before_the_original_is_sent(server, text_run, tmp_path, capfd):
    import shutil

    run = shutil.copytree(text_run, tmp_path / "runs" / "run")
    server.put("ada/films", {"x": b"1"})
    connect(server.token).create_tag("ada/films", tag="v1")
    before = len(server.log)
    words = [str(run), "--push", "--repo-id", "films", "--push-original", "--tag", "v1"]
    assert command_line.run(export.main, words) == 2
    assert "the tag v1 of ada/films names" in capfd.readouterr().err
    assert {line.split()[0] for line in server.requests()[before:]} == {"GET"}, "nothing was sent or made"
