"""What a user or a file says is text: in a terminal, in Markdown, in a spreadsheet."""

import html
import re

import pytest

from grokaem.command_line import one_line
from grokaem.plain_text import markdown, spreadsheet, terminal
from grokaem.set_aside import SetAside

HOSTILE = ["bad\x1b[31m", "a\nb", "\x9b31m", "\u202egnp.exe", "half \ud800 pair", "\x00", "\r", "\u2028"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_one_printable_line(text):
    shown = terminal(text)
    shown.encode("utf-8")
    assert shown.isprintable() and shown != text
    assert one_line(ValueError(f"the label {text} is odd")).isprintable()


@pytest.mark.parametrize("text", ["plain", "слово", "emoji 🙂", "née", "\\x1b"])
def test_what_is_printable_stays(text):
    assert terminal(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("C|C++", "`x`", "<b>good</b>", "![x](https://elsewhere.example/y.png)", "[a](b)", "*a* _b_ ~~c~~"),
        *("$x$", "a@b.c", "&amp;", "a\\|b"),
    ],
)
def test_markdown_shows_the_characters(text):
    marked = markdown(text)
    # What a renderer shows: backslashes taken away before punctuation, entities read.
    assert html.unescape(re.sub(r"\\([\\`*_\[\]#~!])", r"\1", marked)) == text
    assert not re.search(r"(?<!\\)[`*_\[\]~!]|[<>|$@]", marked)
    assert "://" not in marked


@pytest.mark.parametrize("cell", ["=1+1", " =HYPERLINK(1)", "+1", "-1", "@x", "＝1", "\tx", "\n=1", "|cmd"])
def test_a_formula_is_defused(cell):
    assert spreadsheet(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", " ", "word", "a=b", "well-known", "3-2"])
def test_other_cells_stay(cell):
    assert spreadsheet(cell) == cell


def test_what_is_set_aside_is_named_and_counted(capsys):
    aside = SetAside("file")
    assert aside.report() == 0 and capsys.readouterr().err == ""
    for number in range(25):
        aside.add(f"a\x1b[31m{number}.wav", "it is no sound.")
    assert aside.report() == 1
    told = capsys.readouterr().err
    assert told.startswith("25 files set aside:") and "and 5 more" in told and "\x1b" not in told
