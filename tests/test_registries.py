"""Registries: what is wrong with a line is said, and a toy added from outside stands wherever the others do."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.tables import TABLES, with_tables
from grokaem.registry import Registry
from grokaem.topics import MODELS, TopicModel, compare, fit
from tests import toys
from tests.toys import added

ROOT = Path(__file__).resolve().parents[1]
REGISTRIES = ["grokaem.topics.models:MODELS"]
HEAVY = {"torch", "sklearn", "scipy", "numba", "pandas", "transformers", "gradio", "soundfile"}
STORIES = [f"{start} {end}" for start in ("rivers flow", "rockets fly", "bread rises") for end in "abcd"]


@dataclass(frozen=True)
class Shape:
    key: str


ROUND, ALSO_ROUND, SQUARE, WORD = Shape("round"), Shape("round"), Shape("square"), "round"


def shapes(*names):
    return Registry("shape", Shape, [f"{__name__}:{name}" for name in names])


def test_entries_stand_by_their_keys_in_the_order_of_the_lines():
    made = shapes("SQUARE", "ROUND")
    assert list(made.items()) == [("square", SQUARE), ("round", ROUND)] and made.find("round") is ROUND
    with pytest.raises(ValueError, match=r"^shape 'oval' is unknown: choose one of square, round\.$"):
        made.find("oval")
    with added(made, Shape("oval")):
        assert list(made) == ["square", "round", "oval"]
    assert list(made) == ["square", "round"]


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["ROUND", "ALSO_ROUND"], ValueError, "there is a shape round already"),
        (["WORD"], TypeError, "no Shape but a str"),
    ],
)
def test_a_line_that_cannot_stand_is_named(names, error, message):
    with pytest.raises(error, match=f"{names[-1]}.*{message}"):
        list(shapes(*names))


def test_what_is_added_is_checked_as_the_lines_are():
    made = shapes("ROUND")
    with pytest.raises(ValueError, match="there is a shape round already"):
        made.add(Shape("round"))
    with pytest.raises(TypeError, match="no Shape but a str"):
        made.add("oval")


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_registry_is_read_without_what_its_entries_work_with(registry):
    """So that --help answers at once."""
    module, _, name = registry.partition(":")
    code = (
        f"import sys, {module}; entries = list({module}.{name}.values()); assert entries; "
        f"sys.exit(', '.join(sys.modules.keys() & {HEAVY!r}) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", sorted({table.page for table in TABLES}))
def test_the_tables_of_docs_are_those_of_the_registries(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert with_tables(page, text) == text, "run python docs/tables.py"


def test_a_page_without_a_place_for_its_table_is_named():
    with pytest.raises(ValueError, match="docs/topics.md has no place for the table"):
        with_tables("topics.md", "# Topics\n")


def table(name):
    return next(table for table in TABLES if table.name == name).markdown()


def test_a_toy_topic_model_stands_in_the_command_the_table_and_what_is_saved(tmp_path, capsys):
    source, output = tmp_path / "stories.txt", tmp_path / "topics.json"
    source.write_text("\n".join(STORIES))
    with added(MODELS, toys.TOPIC_MODEL):
        assert ",length)" in compare.parser().format_help().replace("\n", "").replace(" ", "")
        assert compare.main([str(source), "--models", "length,nmf", "--topics", "2", "--json", str(output)]) == 0
        assert "\nlength" in capsys.readouterr().out
        assert "| `length` | documents by their length | the number of characters |" in table("topic models")
        fit("length", STORIES, 2).save(tmp_path / "model")
        mixtures = TopicModel.load(tmp_path / "model").transform(["even", "odd"])
        assert mixtures.tolist() == [[1, 0], [0, 1]]
    first, second = json.loads(output.read_text())["results"]
    assert (first["model"], second["model"]) == ("length", "nmf")
    with pytest.raises(ValueError, match=r"topic model 'length' is unknown: choose one of lda"):
        fit("length", STORIES, 2)


@pytest.fixture(scope="module")
def page():
    """The components of the whole page with every toy in its registry: label -> properties."""
    from app import create_app

    with contextlib.ExitStack() as stack:
        stack.enter_context(added(MODELS, toys.TOPIC_MODEL))
        config = create_app().config
    return {part["props"].get("label"): part["props"] for part in config["components"]}


def test_the_page_offers_a_toy_topic_model(page):
    offered = page["Topic models"]
    assert ["Length", "Length"] in map(list, offered["choices"]) and offered["value"] == ["NMF", "LDA"]
    assert "NMF, LDA, LSA, Length count words" in offered["info"]
