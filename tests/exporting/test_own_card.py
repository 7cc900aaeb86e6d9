"""The user's part of a card: what is merged, what is refused before the work, and that what is measured stays whole."""

import json
import re
import shutil
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from exporting import export, tfidf_card
from exporting.model_card import write_card, write_original_card
from exporting.own_card import KEYS, LIMIT, NOT_TYPED, read_card
from exporting.own_prose import MEASURED, fit_prose
from grokaem import command_line, hub
from tests.exporting.test_model_card import PARITY, REPORT, report
from tests.exporting.test_publish_tfidf import CONFIG
from training import finetune
from training.config import parse

FULL = """---
description: A judge of *reviews*.
intended_use: Sorting mail.
license: other
license_name: my-license-1.0
license_link: LICENSE
language: [de, fr]
tags: [grokaem, mail, reviews]
datasets: ada/films
thumbnail: https://elsewhere.example/x.png
examples: no
---

# About me

It was made for **mail**.

## Who made it

Ada.
"""


@pytest.fixture
def write(tmp_path):
    def made(content, name="card.md"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parity.json").write_text(json.dumps(PARITY))
    return tmp_path


def measured_sections(card: str) -> list[str]:
    """What follows each of our headings, up to the next one."""
    parts = re.split(r"^(## .*)$", card.split("\n---\n", 1)[1], flags=re.M)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return [head + text.rstrip("\n") for head, text in pairs if head[3:] in MEASURED and head != "## Labels"]


@pytest.mark.parametrize("kind", ["export", "original", "words"])
def test_both_are_merged_and_the_measured_sections_stay_whole(write, folder, kind):
    own = read_card(write(FULL))

    def card(own):
        if kind == "words":
            return tfidf_card.tfidf_card(CONFIG, "ada/small", own)
        made = write_card if kind == "export" else write_original_card
        return made(REPORT, folder, "ada/small", "ada/large", own=own).read_text(encoding="utf-8")

    without, merged = card(None), card(own)
    before, after = hub.check_card(without), hub.check_card(merged)
    assert (after["license"], after["license_name"], after["license_link"]) == ("other", "my-license-1.0", "LICENSE")
    assert after["language"] == ["de", "fr"] and "(language: de, fr)" in merged
    assert after["tags"] == [*before["tags"], "mail", "reviews"]
    assert after["datasets"] == "ada/films" and after["thumbnail"].endswith("x.png")
    assert not {"description", "intended_use", "examples"} & set(after)
    for key in {*before} - {"license", "language", "tags"}:
        assert after[key] == before[key]
    shown = json.dumps(REPORT["examples"][0]["text"])
    assert measured_sections(merged) == [s.replace(shown, '"A text."') for s in measured_sections(without)]
    body = merged.split("\n---\n", 1)[1]
    order = ["Classifies texts as", "A judge of *reviews*.", "## Intended use\n\nSorting mail.", "## About me",
             "It was made for **mail**.", "### Who made it", "## Results"]  # fmt: skip
    assert sorted(order, key=body.index) == order
    assert body.count("\n# ") == 1


def test_the_headings_of_our_sections_are_known(folder):
    cards = [write_card(REPORT, folder, "ada/a"), write_card(report(adopted=True), folder, "ada/a")]
    texts = [tfidf_card.tfidf_card(CONFIG, "ada/a"), *(path.read_text(encoding="utf-8") for path in cards)]
    for text in texts:
        assert set(re.findall(r"^## (.*)$", text, re.M)) <= set(MEASURED)


@pytest.mark.parametrize("asked, shown", [("yes", True), ("no", False), (None, None)])
@pytest.mark.parametrize("revision, public", [("films==1.0 (sha256 ab)", True), ("sha256:ab", False)])
def test_examples_are_shown_as_the_card_says(write, folder, asked, shown, revision, public):
    own = read_card(write(f"---\nexamples: {asked}\n---\nx" if asked else "x"))
    card = write_card(report(data={"revision": revision}), folder, "ada/a", own=own).read_text(encoding="utf-8")
    assert ("A joy." in card) == ("## Labels" in card) == (public if shown is None else shown)


MATTER = {
    "license: [mit": "YAML",
    "- a\n- b": "key: value",
    "just words": "key: value",
    "license: mit\nlicense: gpl": "twice",
    "license: other": "license_name",
    "license_name: x": "license: other",
    "license: Apache 2.0": "license",
    "license: no": "license",
    "license:": "license",
    "language: no": "language",
    "language: English": "language",
    "tags: one": "tags",
    "tags: [1, 2]": "tags",
    "tags: {a: b}": "tags",
    "tags: []": "tags",
    "datasets: a/b/c": "datasets",
    "new_version: a/b/c": "new_version",
    "examples: maybe": "examples",
    "examples: 'yes'": "examples",
    "description: 3": "description",
    "inference: 3": "inference",
    "licence: mit": "did you mean `license`",
    "colour: red": "colour",
    "1: x": "no key",
    "[a]: x": "YAML",
    "a: &a [x]\nb: *a": "anchor",
    "<<: *a": "anchor",
    "license: !!python/object/apply:os.system [ls]": "tag",
    "license: !!int ''": "tag",
    "thumbnail: 2020-13-45": "quote it",
    "thumbnail: " + "9" * 5000: "quote it",
    "thumbnail: " + "[" * 3000: "nested",
    "thumbnail: \x01": "character",
    **{f"{key}: x": f"`{key}`" for key in NOT_TYPED},
}


@pytest.mark.parametrize("matter", MATTER)
def test_front_matter_that_is_wrong_is_refused_by_name(write, matter):
    with pytest.raises(ValueError) as told:
        read_card(write(f"---\n{matter}\n---\nprose\n"))
    said = str(told.value)
    assert MATTER[matter] in said and said.startswith("--card ") and said.endswith(".") and len(said.splitlines()) == 1


PROSE = {
    "```\ncode": "not closed",
    "~~~~\ncode\n~~~": "not closed",
    "words <!-- a comment": "-->",
    "<details><summary>x</summary>\n\nmore": "</details>",
    "<div align='center'": "</div>",
    "<script>x": "</script>",
    "## Results\n\nBest of all.": "Results",
    "limits\n------": "limits",
    "# **How to use it** #": "How to use it",
    "bell \x07": "control",
    "hf_" + "a1B2" * 9: "token",
    "---\nlicense: mit\n": "no end",
    " \n\n": "empty",
    "\ufeff": "empty",
    b"caf\xe9": "UTF-8",
    b"x" * (LIMIT + 1): "larger",
    "---\ndescription: '" + "x" * 70_000 + "'\n---\n": "larger",
}


@pytest.mark.parametrize("prose", PROSE, ids=range(len(PROSE)))
def test_prose_that_would_break_the_card_is_refused(write, prose):
    with pytest.raises(ValueError) as told:
        read_card(write(prose))
    assert PROSE[prose] in str(told.value) and str(told.value).endswith(".")


KEPT = [
    "plain",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```python\n# Results\n<div>\n<!--\n```",
    "`<details>` and `` `<!--` `` are words",
    "<details>\n<summary>x</summary>\n\nmore\n\n</details>",
    "List<int> and <https://elsewhere.example> and 1 < 2 > 0 <br> <img src=x>",
    "    # code\n\ntext\n\n---\n\n- a\n---\nb",
    "$x$ ![picture](x.png) [link](http://elsewhere.example)",
    "## Who\n\n### Results in words\n\n#hashtag",
    "> quote\n\n1. one\n   ```\n   x\n   ```",
]


@pytest.mark.parametrize("prose", KEPT)
def test_prose_is_the_user_s_as_he_wrote_it(write, folder, prose):
    assert fit_prose(prose) == prose
    for ending in ("\n", "\r\n"):
        own = read_card(write(prose.replace("\n", ending)))
        card = write_card(REPORT, folder, "ada/a", own=own).read_text(encoding="utf-8")
        assert f"\n\n{prose}\n\n## Results\n" in card
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(card.split("\n---\n", 1)[1])
        headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open" and t.level == 0]
        assert [h for h in headings if h in MEASURED] == [
            "Results", "What quantization costs", "How to use it", "Labels", "Training", "Limits"
        ]  # fmt: skip


@pytest.mark.parametrize(
    "prose, become",
    [("# A\n\n## B\n\n###### C ##", "## A\n\n### B\n\n###### C"), ("A\n===\n\nB\n---\nx", "## A\n\n\n### B\n\nx"),
     ("# A\n```\n# B\n```", "## A\n```\n# B\n```"), ("## A\n# B", "### A\n## B"), ("#", "##")],
)  # fmt: skip
def test_headings_of_the_first_level_give_way_to_the_title(prose, become):
    assert fit_prose(prose) == become


def test_hostile_yaml_is_refused(write):
    bomb = "a0: &a0 [x]\n" + "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12))
    for matter in (bomb, "? " * 20_000 + "x", "{" * 30_000, "[" * 30_000, "- " * 30_000, "a:\n" * 20_000):
        with pytest.raises(ValueError, match=r"^--card .*\.$"):
            read_card(write(f"---\n{matter}\n---\n"))


@pytest.mark.parametrize("command", ["export", "finetune"])
@pytest.mark.parametrize("wrong", ["missing", "folder", "matter", "device"])
def test_a_wrong_card_stops_the_command_before_the_work(write, tmp_path, monkeypatch, capsys, command, wrong):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    path = {"missing": "none.md", "folder": "folder", "device": "/dev/zero",
            "matter": write("---\npipeline_tag: x\n---\n")}[wrong]  # fmt: skip

    def work(*arguments, **options):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(finetune, "finetune", work)
    monkeypatch.setattr(export, "export_run", work)
    monkeypatch.setattr(hub, "find_token", work)
    if command == "export":
        code = command_line.run(export.main, [str(tmp_path), "--card", str(path)])
    else:
        code = command_line.run(finetune.main, ["--export", "--card", str(path)])
    said = capsys.readouterr().err
    assert code == 2 and said.startswith(f"error: --card {path}") and len(said.splitlines()) == 1


def test_a_card_that_would_be_written_nowhere_is_refused(write):
    with pytest.raises(ValueError, match="--export or --push"):
        parse(["--card", str(write("x"))])
    config = parse(["--export", "--card", str(write("x"))])
    assert "card" not in config.to_json()


def test_data_sets_typed_by_hand_are_refused_where_they_are_known(write, text_run, tmp_path, capsys, monkeypatch):
    path = write("---\ndatasets: ada/films\n---\n")
    monkeypatch.chdir(tmp_path)
    assert command_line.run(finetune.main, ["--export", "--dataset", "eve/films", "--card", str(path)]) == 2
    assert "`datasets`" in capsys.readouterr().err
    run = Path(shutil.copytree(text_run, tmp_path / "run"))
    told = json.loads((run / "run.json").read_text())
    told["data"] |= {"name": "eve/films", "revision": "a" * 40}
    (run / "run.json").write_text(json.dumps(told))
    assert command_line.run(export.main, [str(run), "--overwrite", "--card", str(path)]) == 2
    assert "`datasets`" in capsys.readouterr().err


def test_a_published_card_is_merged_replaced_and_left_out(server, text_run, news, tmp_path, write, capfd):
    run = Path(shutil.copytree(text_run, tmp_path / "runs" / "run"))
    local = (run / "export" / "README.md").read_bytes()
    ids = ("ada/mail", "ada/mail-original")
    words = [str(run), "--push", "--repo-id", "mail", "--push-original"]
    first = write("---\nlicense: gpl-3.0\ntags: [mail]\nexamples: yes\n---\n# Why\n\nFor mail.\n", "first.md")
    assert command_line.run(export.main, [*words, "--dry-run", "--card", str(first)]) == 0
    assert "For mail." in capfd.readouterr().out and not server.requests("POST .*commit")
    shown = json.loads((run / "run.json").read_text())["examples"][0]["text"][:30]
    assert shown in [text[:30] for text, _ in news]
    assert command_line.run(export.main, [*words, "--card", str(first)]) == 0
    for repo_id in ids:
        card = server.files(repo_id)["README.md"].decode()
        data = hub.check_card(card)
        assert data["license"] == "gpl-3.0" and "mail" in data["tags"] and "grokaem" in data["tags"]
        assert "\n\n## Why\n\nFor mail.\n\n## Results\n" in card and "## Labels" in card
    assert json.loads(server.files(ids[1])["run.json"])["examples"]
    second = write("---\nexamples: no\n---\nFor post.\n", "second.md")
    assert command_line.run(export.main, [*words, "--card", str(second)]) == 0
    for repo_id in ids:
        card = server.files(repo_id)["README.md"].decode()
        assert "For post." in card and "For mail." not in card and "license" not in hub.check_card(card)
        assert "## Labels" not in card
    assert json.loads(server.files(ids[1])["run.json"])["examples"] == []
    assert command_line.run(export.main, words) == 0
    for repo_id in ids:
        assert "For post." not in server.files(repo_id)["README.md"].decode()
    assert (run / "export" / "README.md").read_bytes() == local


def test_every_key_that_is_taken_is_documented():
    told = (Path(__file__).resolve().parents[2] / "docs" / "publishing.md").read_text(encoding="utf-8")
    assert not [key for key in (*KEYS, *NOT_TYPED) if f"`{key}`" not in told]


@pytest.mark.parametrize(
    "prose, told",
    [("See /srv/ada/notes.txt.", "/srv/ada/notes.txt"), ("In ~/data/x it is.", "~/d"),
     ("See https://a.example/b/c and/or d.", ""), (f"At {Path.home()}.", "/")],
)  # fmt: skip
def test_a_path_in_the_user_s_own_words_is_named(prose, told, capsys):
    from exporting.public_copy import warn_about_paths

    warn_about_paths(prose)
    said = capsys.readouterr().err
    assert told in said if told else not said
