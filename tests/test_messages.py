"""What the library raises is a sentence with a full stop; what is put into a list or a longer sentence has none."""

import ast

import pytest

from grokaem.plain_text import as_reason
from grokaem.set_aside import SetAside
from tests.conftest import ROOT

# Raised for one row or one file of many, as the reason beside its name: fragments.
REASONS = ("corpora/labelled_rows.py", "corpora/split_columns.py")


def _end(message):
    """The last letters of a message as it is written in the code; None where only the run knows them."""
    if isinstance(message, ast.JoinedStr):
        message = message.values[-1]
    return message.value if isinstance(message, ast.Constant) else None


def _messages(path):
    """(line, end) of every message that is written where it is raised, or where it is returned to be raised."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        call = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Return) else None
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], (ast.Constant, ast.JoinedStr)):
            name = ast.unparse(call.func)
            if name[0].isupper() and (isinstance(node, ast.Raise) or name.endswith("Error") or name.startswith("Hub")):
                yield node.lineno, name, _end(call.args[0])


def test_every_message_has_its_full_stop():
    bare, seen = [], 0
    for path in sorted((ROOT / "grokaem").rglob("*.py")):
        where = path.relative_to(ROOT / "grokaem").as_posix()
        for line, name, end in _messages(path):
            seen += 1
            if where not in REASONS and name not in ("AttributeError", "AssertionError"):
                if end is not None and not str(end).endswith((".", "?")):
                    bare.append(f"{where}:{line}: ...{end[-40:]}")
    assert seen > 200 and not bare, "\n".join(bare)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("there is no file a.csv: check the name.", "there is no file a.csv: check the name"),
        ("a text but no label", "a text but no label"),
        ("the labels are a, b, ...", "the labels are a, b, ..."),
        (ValueError("give a file."), "give a file"),
    ],
)
def test_a_reason_has_none(message, reason):
    assert as_reason(message) == reason
    aside = SetAside("file")
    aside.add("a.csv", message)
    assert aside.reasons == [("a.csv", reason)]


def test_a_wrong_file_in_python_and_in_a_list(tmp_path):
    import soundfile

    from grokaem import corpora

    with pytest.raises(FileNotFoundError, match=r"there is no file or folder .*\.$"):
        corpora.load(str(tmp_path / "gone.csv"))
    for name in ("kick", "snare"):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        for number in range(40):
            signal = [(number + 1) / 50] * 400 + [0.1 if name == "kick" else 0.2] * 400
            soundfile.write(tmp_path / "sounds" / name / f"{number}.wav", signal, 8000)
    (tmp_path / "sounds" / "kick" / "empty.wav").write_bytes(b"RIFF")
    corpus = corpora.load(str(tmp_path / "sounds"))
    assert [name for name, _ in corpus.set_aside] == ["kick/empty.wav"]
    assert corpus.set_aside[0][1].endswith("convert it to WAV or remove it")
