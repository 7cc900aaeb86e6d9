"""Labels of any characters and two kills, from the user's table to the Hub and back from it."""

import csv
import json
import os
import re
import signal
import subprocess

import pytest
from markdown_it import MarkdownIt

from grokaem import hub
from tests.conftest import run_script, started
from tests.hub_server import HubServer

# A label and what a reader sees of it on the card: signs that turn or hide what stands beside them are spelled out.
LABELS = {
    "a|b": "a|b",
    "<b>x</b>": "<b>x</b>",
    "[x](javascript:1)": "[x](javascript:1)",
    "`x` and ``y": "`x` and ``y",
    "👩‍🚀 🙂": "👩‍🚀 🙂",
    "\u200fمرحبا": "\\u200fمرحبا",
    "![y](https://elsewhere.example/y.png) \\| *z*": "![y](https://elsewhere.example/y.png) \\| *z*",
    "=1+1 – ﬁn é": "=1+1 – ﬁn é",  # one that spreadsheets would compute, and letters that normalizing would change
}
WORDS = "river vote drum bread yeast dull warm stone".split()
TEXTS = [f"{word} {word} number 7" for word in WORDS]


@pytest.fixture
def labelled(tmp_path):
    """A folder with a table of 400 texts in which one word tells the label."""
    rows = [(f"{WORDS[i % 8]} {WORDS[i % 8]} number {i}", list(LABELS)[i % 8]) for i in range(400)]
    home = tmp_path / "home"
    home.mkdir()
    with open(home / "data.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return home


def shown_tables(card):
    """The tables of a card's Markdown, as rows of what a reader sees; nothing in it is HTML, an image or a script."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda address: True  # what a careless reader would follow
    tokens = parser.parse(card)
    inner = [child for token in tokens for child in token.children or []]
    assert not {token.type for token in [*tokens, *inner]} & {"image", "html_inline", "html_block"}
    links = [child.attrs["href"] for child in inner if child.type == "link_open"]
    assert all(link.startswith("https://huggingface.co/") for link in links), links
    found = []
    for token in tokens:
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and token.level > 3 and found:
            seen = (child.content for child in token.children or [] if child.type in ("text", "code_inline"))
            found[-1][-1].append("".join(seen))
    return found


def kill_at(server, pattern, words, home, environment):
    """Starts the command and kills it (-9) when a request of the pattern has come; the server takes none of those."""
    fault = server.fail(pattern, status=503, times=None)
    process = subprocess.Popen(
        [*started(words[0]), *words[1:]], cwd=home, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        for _ in range(6000):
            if fault.fired or process.poll() is not None:
                break
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        assert fault.fired and process.poll() is None, process.stdout.read()
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    server.heal()


@pytest.mark.slow
@pytest.mark.case("P3")
@pytest.mark.case("L19")
def test_labels_of_any_characters_and_kills_in_the_upload(labelled, tiny_bert, tmp_path):
    places = {name: tmp_path / name for name in ("temporary", "hub", "elsewhere")}
    for place in places.values():
        place.mkdir()
    words = ["--dataset", "data.csv", "--base-model", tiny_bert, "--epochs", 8, "--learning-rate", "3e-3"]
    words += ["--batch-size", 8, "--no-preflight", "--output-dir", "run"]
    done = run_script("training/finetune.py", *words, cwd=labelled)
    assert done.returncode == 0, done.stderr
    assert json.loads((labelled / "run" / "run.json").read_text())["metrics"]["accuracy"] == 1
    done = run_script("exporting/export.py", "run", "--precision", "int8-weight", cwd=labelled)
    assert done.returncode == 0, done.stderr
    before = sorted(str(path.relative_to(labelled)) for path in labelled.rglob("*"))

    with HubServer(places["hub"] / "server") as server:
        environment = {
            "HF_ENDPOINT": server.endpoint, "HF_TOKEN": server.token, "HF_HOME": str(places["hub"] / "home"),
            "TMPDIR": str(places["temporary"]),
        }  # fmt: skip
        repo_id = f"{server.user}/kept"
        push = ["exporting/export.py", "run", "--precision", "int8-weight", "--push", "--layout", "one"]
        push += ["--repo-id", repo_id]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
        for pattern in ("^PUT ", "^POST .*/commit/"):
            kill_at(server, pattern, push, labelled, clean | environment)
            assert set(server.files(repo_id)) <= {".gitattributes"}, "the old revision or the new one"
            assert [path.name for path in labelled.glob(".run.staged*")], "it was killed in the work"
        done = run_script(*push, cwd=labelled, env=environment)
        assert done.returncode == 0, done.stderr
        files = server.files(repo_id)
        assert list(server.state["repos"]) == [f"models/{repo_id}"]

        fresh = environment | {"HF_HOME": str(places["elsewhere"] / "home")}
        (places["elsewhere"] / "texts.txt").write_text("".join(f"{text}\n" for text in TEXTS))
        told = run_script("grokaem predict", repo_id, *TEXTS, cwd=places["elsewhere"], env=fresh)
        written = run_script(
            "grokaem predict", repo_id, "--input", "texts.txt", "--output", "out.csv",
            cwd=places["elsewhere"], env=fresh,
        )  # fmt: skip

    # The labels come back as they were written.
    assert told.returncode == 0, told.stderr
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == list(LABELS), "each text tells another label"
    assert all(set(answer["scores"]) == set(LABELS) for answer in answers)
    assert written.returncode == 0, written.stderr
    with open(places["elsewhere"] / "out.csv", newline="", encoding="utf-8") as file:
        assert [row["label"] for row in csv.DictReader(file)] == list(LABELS)
    assert set(json.loads(files["config.json"])["id2label"].values()) == set(LABELS)

    # The card shows them as their characters, and its tables are tables.
    card = files["README.md"].decode()
    hub.check_card(card)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200f]", card)
    tables = shown_tables(card.split("\n---\n", 1)[1])
    assert tables and all({len(row) for row in table} == {len(table[0])} for table in tables)
    assert set(LABELS.values()) <= {row[0] for table in tables for row in table}

    # Nothing is left beside the run, in it, or where temporary files are.
    assert {"model.safetensors", "openvino_model.bin", "run.json", "parity.json", "README.md"} <= set(files)
    assert sorted(str(path.relative_to(labelled)) for path in labelled.rglob("*")) == before
    assert not list(places["temporary"].iterdir())
