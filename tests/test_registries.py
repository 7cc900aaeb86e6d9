"""Registries: what is wrong with a line is said, and a toy added from outside stands wherever the others do."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demos.tab import TABS
from docs.tables import TABLES, with_tables
from grokaem import corpora
from grokaem.audio import extract
from grokaem.audio.feature_list import FEATURES
from grokaem.corpora.built_in import BUILT_IN
from grokaem.memory import plan
from grokaem.memory.checklist import CHECKLIST
from grokaem.memory.settings import MemorySettings
from grokaem.registry import Registry
from grokaem.topics import MODELS, TopicModel, compare, fit
from tests import toys
from tests.toys import added
from training import config

ROOT = Path(__file__).resolve().parents[1]
REGISTRIES = [
    "grokaem.topics.models:MODELS",
    "grokaem.audio.feature_list:FEATURES",
    "grokaem.corpora.built_in:BUILT_IN",
    "grokaem.memory.checklist:CHECKLIST",
]
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
    assert with_tables(page, text) == text, "run python -m docs.tables"


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


def test_a_toy_audio_feature_stands_in_the_command_and_the_table(tmp_path, capsys):
    clip, output = tmp_path / "tone.wav", tmp_path / "level.npz"
    soundfile.write(clip, np.full(16000, 0.5), 16000)
    command = [str(clip), "--features", "level", "--output", str(output)]
    with added(FEATURES, toys.AUDIO_FEATURE):
        with pytest.raises(SystemExit):
            extract.main(["--help"])
        assert ",level}" in capsys.readouterr().out.replace("\n", "").replace(" ", "")
        assert extract.main(command) == 0
        assert "| `level` | mean square of a window | the tests |" in table("audio features")
        with pytest.raises(ValueError, match=r"the feature level has no filters: leave --filters out\.$"):
            extract.main([*command, "--filters", "8", "--overwrite"])
    with np.load(output) as arrays:
        (level,) = arrays.values()
    assert level.shape == (1, 101) and level[0, 50] == pytest.approx(0.25, rel=1e-3)
    with pytest.raises(SystemExit):
        extract.main(command)


def test_a_toy_corpus_stands_in_the_commands_the_library_and_the_table(tmp_path, capsys):
    command = ["rhymes", "--models", "nmf", "--topics", "2", "--json", str(tmp_path / "topics.json")]
    with added(BUILT_IN, toys.CORPUS):
        assert "rhymes" in corpora.names("text") and "rhymes" in corpora.available_offline()
        for parser in (compare.parser(), config.parser()):
            assert ", rhymes" in " ".join(parser.format_help().split())
        assert compare.main(command) == 0 and "rhymes: 24 documents" in capsys.readouterr().out
        assert corpora.load("rhymes").label_names == ["cat", "dog"]
        with pytest.raises(ValueError, match="rhymes has no class 'cow'"):
            corpora.load("rhymes", classes=["cow", "dog"])
        with pytest.raises(ValueError, match="leave out --fold, which is for drums"):
            corpora.load("rhymes", fold=1)
        assert "| `rhymes` | text | a cat and a dog | 8 / 8 / 8 | 2 | CC0 |" in table("data sets")
        assert "rhymes" not in table("packages of the data sets")  # nothing is fetched for it
        with pytest.raises(ValueError, match="is no data set: give definitions, .* voices, rhymes, a file"):
            corpora.load("no such name")
    assert "rhymes" not in corpora.names()


def test_a_toy_lever_stands_in_the_flags_of_training_and_in_the_table():
    assert "drop_layers" not in config.parse([]).to_json()
    with added(CHECKLIST, toys.LEVER):
        told = config.parser().format_help()
        assert "--drop-layers N" in told and "leave out the highest layers" in told
        asked = config.parse(["--drop-layers", "1"])
        assert asked.memory.value("drop_layers") == 1 and asked.to_json()["drop_layers"] == 1
        assert asked.memory.flags()[-2:] == ["--drop-layers", "1"]
        assert MemorySettings.from_dict(asked.memory.as_dict()) == asked.memory != MemorySettings()
        assert "| Fewer layers | `--drop-layers` | fewer weights | the highest layers | accuracy |" in table("levers")
    with pytest.raises(SystemExit):
        config.parse(["--drop-layers", "1"])


def test_a_toy_lever_stands_in_the_plan_and_the_planner_sees_what_it_saves(tmp_path, capsys):
    from transformers import BertConfig

    small = {"hidden_size": 128, "num_attention_heads": 4, "intermediate_size": 512, "vocab_size": 4000}
    for layers in (2, 3):
        BertConfig(num_hidden_layers=layers, **small).save_pretrained(tmp_path / str(layers))

    def answer(layers, *flags):
        words = ["--base-model", str(tmp_path / str(layers)), "--sequence-length", "32", "--batch-size", "8", *flags]
        assert plan.main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    shallow, deep = answer(2, "--no-table"), answer(3, "--no-table")
    with added(CHECKLIST, toys.LEVER):
        (row,) = [row for row in answer(3)["levers"] if row["lever"] == "Fewer layers"]
        taken = answer(3, "--drop-layers", "1", "--no-table", "--budget", "10GB", "--precision", "fp32")
    # One layer of three left out is the model of two.
    assert row["peak_mib"] == taken["peak_mib"] == shallow["peak_mib"] < deep["peak_mib"]
    assert "--drop-layers 1" in taken["command"]
    assert "Fewer layers: the task needs no more" in taken["chosen"]["reasons"]


@pytest.fixture(scope="module")
def page():
    """The components of the whole page with every toy in its registry: label -> properties of those that have it."""
    from app import create_app

    with contextlib.ExitStack() as stack:
        stack.enter_context(added(MODELS, toys.TOPIC_MODEL))
        stack.enter_context(added(FEATURES, toys.AUDIO_FEATURE))
        stack.enter_context(added(BUILT_IN, toys.CORPUS))
        stack.enter_context(added(TABS, toys.TAB))
        config = create_app().config
    found = {}
    for part in config["components"]:
        label = part["props"].get("label")
        found.setdefault(_english(label), []).append(part["props"])
    return found


def _english(shown):
    """What the page says, also where the browser translates it."""
    return getattr(shown, "key", shown)


def test_the_page_offers_a_toy_topic_model(page):
    (offered,) = page["Topic models"]
    assert ["Length", "Length"] in map(list, offered["choices"]) and offered["value"] == ["NMF", "LDA"]
    assert "NMF, LDA, LSA, Length count words" in _english(offered["info"])


def test_the_page_draws_a_toy_audio_feature(page):
    from demos.audio_features import Measured, show
    from demos.audio_panels.clip import describe
    from demos.audio_panels.features import extract as extract_drawn

    assert "7 views on one time axis" in page  # six without the toy
    waveform = np.sin(np.arange(16000) / 20).astype(np.float32)
    with added(FEATURES, toys.AUDIO_FEATURE):
        features = extract_drawn(waveform)
        measured = Measured(waveform, features, describe(waveform, features), None, 0.0)
        figure = json.loads(show(measured).views.plot)
    assert [each["text"] for each in figure["layout"]["annotations"]][-1] == "<b>Level</b>"


def test_the_page_offers_a_toy_corpus_for_topics_and_for_words(page):
    for choices in (["Rhymes", "rhymes"], ["Rhymes", "Rhymes"]):
        assert choices in [[_english(name), key] for part in page["Documents"] for name, key in part["choices"]]


def test_a_toy_tab_stands_on_the_page_and_in_the_table(page):
    assert "Hello" in page and "Say hello" in page
    with added(TABS, toys.TAB):
        assert "| Hello | a greeting | nothing |" in table("tabs")
