"""The README's own commands: the main ones are run, a few steps each; all others must at least be understood."""

import json
import re
import shlex

import pytest

from grokaem.__main__ import COMMANDS as GROKAEM_COMMANDS
from tests.app.running_app import running_app
from tests.conftest import ROOT, run_script

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [block.strip().splitlines() for block in re.findall(r"```bash\n(.*?)```", README, re.S)]
COMMANDS = [shlex.split(line.split(" # ")[0]) for block in BLOCKS for line in block]
PLAIN = [words for words in COMMANDS if words[0] in ("python", "grokaem")]


def finetunes():
    return [[word for word in words] for words in COMMANDS if "training/finetune.py" in words]


@pytest.mark.parametrize("words", finetunes(), ids=" ".join)
def test_every_finetune_line_is_understood(words):
    from training.config import parse

    parse(words[words.index("training/finetune.py") + 1 :])


def test_every_script_and_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    for words in COMMANDS:
        for word in words:
            if word.endswith(".py"):
                assert (ROOT / word).is_file(), word
        if words[0] == "grokaem":
            assert words[1] in GROKAEM_COMMANDS
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.M), words


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_front_matter_agrees_with_the_requirements():
    import yaml

    matter = yaml.safe_load(README.split("---")[1])
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(), re.M)[1]
    assert matter["sdk"] == "gradio" and matter["sdk_version"] == pinned
    assert (ROOT / matter["app_file"]).is_file() and len(matter["short_description"]) <= 60


@pytest.mark.slow
def test_the_main_commands_in_their_order(tmp_path):
    """Fine-tune, export, predict, serve: from a folder of the user's, the first with two steps only."""
    done = {}
    for words in PLAIN[:3]:
        more = ["--max-steps", "2"] if "training/finetune.py" in words else []
        command = words[1:] if words[0] == "python" else [" ".join(words[:2]), *words[2:]]
        done[words[1]] = run_script(*command, *more, cwd=tmp_path)
        assert done[words[1]].returncode == 0, done[words[1]].stderr[-2000:]
    answer = json.loads(done["predict"].stdout)
    assert answer["label"] in ("fresh", "rotten") and answer["input"] == PLAIN[2][-1]
    assert PLAIN[3] == ["python", "app.py"]
    with running_app(MODEL_ID=str(tmp_path / PLAIN[2][2])) as address:
        import urllib.request

        assert urllib.request.urlopen(address).status == 200
