"""English and Russian: the catalogue, what a layout says, what Python says, and errors."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import gradio as gr
import pytest

from demos import wording
from demos.error_messages import one_sentence
from demos.wording import I18N, RUSSIAN, language, say, speaking, text, translated

DEMOS = Path(wording.__file__).parent
PLACE = re.compile(r"\{(\w+)\}")


@pytest.fixture
def catalogue(monkeypatch):
    """A catalogue of our own."""
    monkeypatch.setattr(wording, "RUSSIAN", {
        "{count} documents are too many for this page; give at most {most}.":
            "На этой странице нельзя взять документов: {count}; возьмите не больше {most}.",
        "Nothing.": "Ничего.",
    })  # fmt: skip
    wording._patterns.cache_clear()
    yield
    wording._patterns.cache_clear()


def test_a_sentence_is_said_in_the_language_spoken(catalogue):
    sentence = "{count} documents are too many for this page; give at most {most}."
    assert say(sentence, count=3000, most=2000) == "3,000 documents are too many for this page; give at most 2,000."
    with speaking("ru"):
        assert say(sentence, count=3000, most=2).endswith("нельзя взять документов: 3\xa0000; возьмите не больше 2.")
        assert say("Nothing.") == "Ничего." and say("Something new.") == "Something new."
    assert language() == "en"


def test_an_error_of_the_library_is_recognized_with_its_places_filled(catalogue):
    message = "3,000 documents are too many for this page; give at most 2,000."
    assert translated(message) == message
    with speaking("ru"):
        assert translated(message).startswith("На этой странице нельзя взять документов: 3,000;")
        assert translated("An unknown sentence.") == "An unknown sentence."

        @one_sentence
        def refuse() -> None:
            raise ValueError("Nothing.")

        with pytest.raises(gr.Error, match="Ничего"):
            refuse()


def test_a_layout_says_both_and_the_browser_chooses(catalogue):
    shown = text("{count} documents are too many for this page; give at most {most}.", count=9, most=8)
    assert I18N.translations["ru"][shown.key].endswith("не больше 8.") and shown.key in I18N.translations["en"]


@pytest.mark.parametrize(
    ("query", "accepted", "spoken"),
    [
        ({}, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ({}, "en-US,ru;q=0.9", "en"),
        ({"lang": "ru"}, "en-US", "ru"),
        ({"lang": "en"}, "ru", "en"),
        ({"lang": "xx"}, "ru;q=1", "ru"),
        ({}, "", "en"),
    ],
)
def test_the_language_is_the_pages_or_the_browsers(monkeypatch, query, accepted, spoken):
    class Asked:
        query_params = query
        headers = {"accept-language": accepted}

    token = wording.LocalContext.request.set(Asked())
    try:
        assert language() == spoken
    finally:
        wording.LocalContext.request.reset(token)


def test_the_catalogue_has_the_same_places_on_both_sides_and_no_dead_entry():
    lines = (DEMOS / "russian.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads("{" + line.rstrip(",") + "}") for line in lines[1:-1]], "one entry a line"
    assert list(RUSSIAN) == sorted(RUSSIAN)
    for english, russian in RUSSIAN.items():
        assert set(PLACE.findall(english)) == set(PLACE.findall(russian)), english
        assert re.search("[а-яё]", russian, re.IGNORECASE), f"{english!r} is not Russian yet"


def test_whatever_the_pages_code_says_has_a_russian_line():
    missing = []
    for path in DEMOS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("text", "say")):
                continue
            if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value not in RUSSIAN:
                missing.append(f"{path.name}:{node.lineno} {node.args[0].value!r}")
    assert not missing, "add them to demos/russian.json: " + "; ".join(missing)
