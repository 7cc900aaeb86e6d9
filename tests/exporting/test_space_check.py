"""What tries a Space before it is published: its environment, its second user, its visitor."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporting import space_check, space_environment, space_visit
from exporting.space_environment import DONE, Wanted, environment, wanted
from exporting.space_files import HARDWARE, requirements
from grokaem import command_line

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
needs_browser = pytest.mark.skipif(
    space_visit.find_chromium() is None or importlib.util.find_spec("playwright") is None,
    reason="there is no Chromium, or no playwright",
)


def test_what_is_installed_is_what_is_published_but_for_torch():
    published = requirements(HARDWARE["cpu-basic"], index_url="https://example.org/cpu")
    asked = wanted(published, HERE, "6.31.0", held="2.13.0+cpu")
    lines = published.splitlines()
    assert "torch==2.13.0+cpu" in asked.lines and "torchaudio==2.11.0" in asked.lines
    ours = [line for line in asked.lines if line not in lines]
    assert ours == ["torch==2.13.0+cpu", "gradio[oauth,mcp]==6.31.0", "spaces"]
    left = [line for line in lines if line not in asked.lines]
    assert left == ["--extra-index-url https://example.org/cpu", "torch==2.11.0"]
    told = "\n".join(asked.differences)
    assert len(asked.differences) == 2 and all(line in told for line in left)  # each is said


def test_nothing_is_said_where_nothing_differs():
    asked = wanted("numpy==2.4.6\ntorch==2.11.0\n", HERE, "6.31.0", held="2.11.0")
    assert asked.differences == () and asked.lines[:2] == ("numpy==2.4.6", "torch==2.11.0")
    assert asked.python == Path(sys.executable)


def test_another_python_is_said():
    asked = wanted("numpy==2.4.6\n", "3.99", "6.31.0", held="")
    assert asked.python == Path(sys.executable)
    (told,) = asked.differences
    assert "3.99, which is not installed" in told and sys.version.split()[0] in told


def test_a_python_that_starts_and_has_torch_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program = tmp_path / "python3.99"
    program.write_text("#!/bin/sh\nexit 127\n")  # a shim for a version that is not chosen
    program.chmod(0o755)
    assert wanted("", "3.99", "6", held="").python == Path(sys.executable)
    program.write_text("#!/bin/sh\necho Python 3.99.1\n")
    assert wanted("", "3.99", "6", held="") == Wanted(program, ("gradio[oauth,mcp]==6", "spaces"), ())
    monkeypatch.setattr(space_environment, "_to_be_had", lambda requirement, version: False)
    asked = wanted("", "3.99", "6", held="2.13.0+cpu")
    assert asked.python == Path(sys.executable) and "no torch==2.13.0+cpu" in asked.differences[0]


@pytest.fixture
def tiny(monkeypatch, tmp_path) -> Wanted:
    """An environment of nothing: it needs no index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return Wanted(Path(sys.executable), (), ())


def test_an_environment_is_kept_by_its_requirements_and_the_last_one_alone(tiny, tmp_path):
    said: list[str] = []
    python = environment(tiny, tmp_path, said.append)
    assert subprocess.run([python, "-c", "import torch"], capture_output=True).returncode  # fresh: nothing of ours
    assert environment(tiny, tmp_path, said.append) == python and len(said) == 1
    (tmp_path / tiny.key / DONE).unlink()  # ended before its time
    assert environment(tiny, tmp_path, said.append) == python and len(said) == 2
    other = Wanted(tiny.python, ("# another",), ())
    assert other.key != tiny.key
    environment(other, tmp_path, said.append)
    assert [path.name for path in tmp_path.iterdir()] == [other.key]


def test_requirements_that_cannot_be_installed_are_named(tiny, tmp_path):
    with pytest.raises(RuntimeError, match="no-such-thing"):
        environment(Wanted(tiny.python, ("no-such-thing==1",), ()), tmp_path, print)


PAGE = """
import gradio as gr, os, sys

def write(path):
    try:
        open(path, "w")
    except OSError as error:
        return type(error).__name__
    return "written"

def good(): return f"{os.getuid()} {os.environ['HOME']} {write('x')} {write(os.environ['HOME'] + '/x')}"
def bad(): raise gr.Error("gensim is not installed")
def worse(): raise RuntimeError("lost")

with gr.Blocks() as demo:
    with gr.Tab("One"):
        said = gr.Textbox(label="said")
        gr.Button("Good", variant="primary").click(good, None, said)
        gr.Button("Not primary").click(worse, None, said)
    with gr.Tab("Two"):
        other = gr.Textbox(label="other")
        gr.Button("First", variant="primary").click(lambda: "1", None, other)
        with gr.Accordion("Folded", open=False):
            gr.Button("Bad", variant="primary").click(bad, None, other)
demo.launch()
"""


@pytest.fixture
def staged(tmp_path_factory):
    """A page in small, as ``stage`` would put it together, where everybody may read."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "code").mkdir()
        (folder / "code" / "app.py").write_text(PAGE)
        space_check._protect(folder / "code")
        yield folder


def visit(folder, *options):
    words = [sys.executable, "-m", "exporting.space_check", "--visit", str(folder), sys.executable, *options]
    return subprocess.run([*space_check._cut_off(), *words], capture_output=True, text=True)


@needs_browser
def test_a_stranger_presses_every_button_also_a_folded_one_s(staged):
    done = visit(staged)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "One: Good: answered" in done.stdout and "Two: First: answered" in done.stdout
    assert "Not primary" not in done.stdout and "lost" not in done.stderr
    assert "error: Two: Bad: " in done.stderr and "gensim is not installed" in done.stderr


@needs_browser
def test_the_short_form_presses_one_a_tab(staged):
    done = visit(staged, "--short")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Two: First: answered" in done.stdout and "Bad" not in done.stdout + done.stderr
    assert "space-check: all well" in done.stdout


def test_the_page_is_another_user_s_who_may_write_at_home_alone(staged):
    program = PAGE.split("def bad")[0].replace("import gradio as gr, ", "import ")
    home = staged / "home"
    home.mkdir()
    user = space_check._other_user(home)
    if not user:
        pytest.skip("only root may become somebody else")
    words = [*user, sys.executable, "-c", program + "print(good())"]
    done = subprocess.run(
        words, cwd=staged / "code", env={"HOME": str(home), "PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["65534", str(home), "PermissionError", "written"], done.stderr


def test_the_network_is_cut_off():
    words = space_check._cut_off()
    if not words:
        pytest.skip("this machine does not allow a network of one's own")
    program = (
        "from exporting import space_check as check; check._raise_loopback(); print(check._is_cut_off())\n"
        "import socket; server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()); print('up')\n"
    )
    done = subprocess.run([*words, sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "up"], done.stderr


def test_no_browser_is_said_before_the_work(monkeypatch, capfd):
    monkeypatch.setattr(space_check, "find_chromium", lambda: None)
    assert command_line.run(space_check.main, []) == 2
    assert "apt-get install chromium" in capfd.readouterr().err
