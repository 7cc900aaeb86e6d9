"""What is published of a model of one's own data: no texts of it, names instead of paths, characters as they are."""

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from exporting import export, public_copy
from exporting.model_card import write_card, write_original_card
from exporting.public_copy import replace_paths, shows_examples, staging_folder
from grokaem import command_line, hub
from tests.conftest import ROOT
from tests.exporting.test_model_card import PARITY, report


def push(run, *options):
    return command_line.run(export.main, [str(run), "--push", *map(str, options)])


@pytest.mark.case("P1")
@pytest.mark.parametrize("layout", ["one", "two"])
def test_no_text_and_no_path_of_the_user_s_becomes_public(server, text_run, news, tmp_path, layout, capfd):
    run = Path(shutil.copytree(text_run, tmp_path / "runs" / "run"))
    local = (run / "run.json").read_bytes()
    told = json.loads(local)
    assert len(told["examples"]) > 1 and "/" in told["config"]["dataset"]
    assert push(run, "--layout", layout) == 0
    private = {str(text_run.parent), told["config"]["dataset"], told["config"]["base_model"], str(tmp_path), "/tmp/",
               str(Path.home()) + "/", os.getcwd()}  # fmt: skip
    published = [f"{server.user}/tiny-bert-news-openvino-int8", f"{server.user}/tiny-bert-news"]
    for repo_id in published if layout == "two" else published[:1]:
        found = server.files(repo_id)
        assert "README.md" in found
        for path, content in found.items():
            for place in private:
                assert place.encode() not in content, f"{place} in {path} of {repo_id}"
            if path in ("README.md", "run.json", "parity.json", "config.json"):
                assert not [text for text, _ in news if text[:40] in content.decode()], path
        if "run.json" in found:
            public = json.loads(found["run.json"])
            assert public["examples"] == [] and public["config"]["dataset"] == "news.csv"
            assert public["metrics"] == told["metrics"]
    assert (run / "run.json").read_bytes() == local


@pytest.mark.case("P1")
@pytest.mark.parametrize(
    "revision, shown",
    [("films==1.0 (sha256 ab)", True), ("sha256:ab", False), ("a" * 40, False), ("films==1.0; sha256:ab", False),
     ("unknown", False)],
)  # fmt: skip
def test_only_texts_of_a_package_are_shown_unasked(revision, shown):
    assert shows_examples({"revision": revision}) is shown
    assert shows_examples({"revision": revision}, asked=True)


@pytest.mark.case("P1")
def test_names_instead_of_paths_everywhere():
    home = str(Path.home())
    given = {"config": {"dataset": f"{home}/secret/x.csv", "base_model": "../models/bert", "also_train_on": None},
             "data": {"notes": [f"column 'a' of {home}/secret/x.csv: chosen", f"{os.getcwd()}/y"], "name": "ada/films"},
             "base_model": {"name": "~/m/bert"}, "id2label": {"0": "a/b/c"}, "n": [1, None]}  # fmt: skip
    assert replace_paths(given) == {
        "config": {"dataset": "x.csv", "base_model": "bert", "also_train_on": None},
        "data": {"notes": ["column 'a' of x.csv: chosen", "y"], "name": "ada/films"},
        "base_model": {"name": "bert"},
        "id2label": {"0": "a/b/c"},
        "n": [1, None],
    }


HOSTILE = ["C|C++", "`x`", "<b>good</b>\nvery", "bad\x1b[31m", "![x](https://elsewhere.example/y.png)",
           "a --- b: #c", "<img src=https://elsewhere.example/x>", "\u202eleft",
           "- [x](javascript:1)", "$x$ ~~no~~", "no"]  # fmt: skip


@pytest.mark.case("P3")
@pytest.mark.parametrize("original", [False, True])
def test_labels_and_names_are_shown_as_their_characters(tmp_path, original):
    (tmp_path / "parity.json").write_text(json.dumps(PARITY))
    count = len(HOSTILE)
    hostile = report(
        data={"name": HOSTILE[4], "label_names": HOSTILE},
        confusion=[[2] * count for _ in range(count)],
        examples=[
            {"label": label, "text": f"{other} is | a"}
            for label, other in zip(HOSTILE, HOSTILE[1:], strict=False)
        ],
    )
    hostile["data"]["revision"] = "films==1.0"
    write = (lambda: write_original_card(hostile, tmp_path, "ada/a", "ada/b")) if original else (
        lambda: write_card(hostile, tmp_path, "ada/a")
    )  # fmt: skip
    card = write().read_text(encoding="utf-8")
    hub.check_card(card)
    body = card.split("\n---\n", 1)[1]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", card)
    prose = re.sub(r"```.*?```", "", body, flags=re.S)
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(prose)
    kinds = {child.type for token in tokens for child in token.children or []} | {
        token.type for token in tokens
    }
    assert not kinds & {"image", "html_inline", "html_block", "s_open"}
    links = [
        child.attrs["href"] for token in tokens for child in token.children or [] if child.type == "link_open"
    ]
    assert all(link.startswith("https://huggingface.co/") for link in links)
    rows = [line for line in prose.split("## Labels")[1].split("## ")[0].splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(HOSTILE) - 1 and {line.count("|") for line in rows} == {3}


@pytest.mark.case("P3")
def test_a_data_set_with_no_latin_letter_in_its_name_gets_a_valid_card(tmp_path):
    (tmp_path / "parity.json").write_text(json.dumps(PARITY))
    card = write_card(report(data={"name": "отзывы"}), tmp_path, "ada/a").read_text(encoding="utf-8")
    assert hub.check_card(card)["model-index"][0]["results"][0]["dataset"]["name"] == "отзывы"


@pytest.mark.case("L19")
def test_what_a_killed_publication_left_is_tidied_and_a_living_one_is_not(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    program = (
        f"import sys; sys.path[0] = {str(ROOT)!r}\nfrom pathlib import Path\n"
        "from exporting.public_copy import staging_folder\n"
        "with staging_folder(Path(sys.argv[1])) as folder:\n    print(folder, flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(run)]
    one, two = (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    dead, living = Path(one.stdout.readline().strip()), Path(two.stdout.readline().strip())
    one.kill()
    one.wait()
    assert dead.is_dir() and living.is_dir()
    with staging_folder(run) as ours:
        assert ours.is_dir() and living.is_dir() and not dead.exists()
    two.communicate("", timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.case("L19")
@pytest.mark.parametrize("when", ["made", "opened"])
def test_a_folder_that_another_one_tidies_before_it_is_locked_is_made_again(tmp_path, monkeypatch, when):
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / ".run.staging.of-a-killed-one").mkdir()
    (tmp_path / ".run.staged").mkdir()  # somebody's
    lost, genuine_make, genuine_lock = [], tempfile.mkdtemp, fcntl.flock

    def tidied(folder):
        if not lost:
            lost.append(Path(folder))
            with public_copy.staging_folder(run):
                pass

    def make(**where):
        made = genuine_make(**where)
        if when == "made":
            tidied(made)
        return made

    def lock(opened, how):
        folder = os.readlink(f"/proc/self/fd/{opened}")
        if when == "opened" and ".staged." in folder:
            tidied(folder)
        return genuine_lock(opened, how)

    monkeypatch.setattr(public_copy.tempfile, "mkdtemp", make)
    monkeypatch.setattr(fcntl, "flock", lock)
    with public_copy.staging_folder(run) as folder:
        assert folder.is_dir() and not lost[0].exists() and folder != lost[0]
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".run.staged", folder.name, "run"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.staged", "run"]


def test_on_a_file_system_without_locks_a_publication_goes_on(tmp_path, monkeypatch):
    def refused(opened, how):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refused)
    (tmp_path / ".run.staged.perhaps-living").mkdir()
    with public_copy.staging_folder(tmp_path / "run") as folder:
        assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [".run.staged.perhaps-living"]
