"""The wheel in empty environments, one for each Python that is installed here: it classifies a text and a sound.

Slow, and it needs a package index; `make wheel` runs it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import soundfile

import grokaem
from grokaem import inference
from tests.conftest import OFFLINE, ROOT
from tests.inference.exports import sound_export, text_export

pytestmark = pytest.mark.slow
VERSIONS = [f"python3.{minor}" for minor in (11, 12, 13)]
HEAVY = {"torch", "transformers", "scikit-learn", "scipy", "pandas", "gradio", "datasets"}


def lowest() -> list[str]:
    """The library's packages, each at the low end of its range."""
    ranges = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [re.sub(r">=([\d.]+),.*", r"==\1", line) for line in ranges]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from what git tracks alone, so that nothing that lies about in the checkout gets in."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    subprocess.run(build, cwd=source, check=True)
    (made,) = (source / "dist").glob("grokaem-*.whl")
    return made


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    soundfile.write(home / "clip.wav", 0.3 * rng.standard_normal(22050), 22050)
    return text_export(home / "text"), sound_export(home / "sound"), home / "clip.wav"


def test_only_the_library_is_in_it(wheel):
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (about,) = (name for name in names if name.endswith("METADATA"))
        told = archive.read(about).decode()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"grokaem"}
    modules = {name for name in names if name.endswith(".py")}
    assert modules == {path.relative_to(ROOT).as_posix() for path in (ROOT / "grokaem").rglob("*.py")}
    assert any(name.endswith("LICENSE") for name in names) and "License-Expression: Apache-2.0" in told
    needed = [line for line in told.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert len(needed) == len(lowest()) and not [line for line in needed if line.split()[1].split(">")[0] in HEAVY]


@pytest.mark.parametrize("python, ends", [*((name, "newest") for name in VERSIONS), (sys.executable, "lowest")])
def test_an_empty_environment_classifies_a_text_and_a_sound(wheel, models, tmp_path, python, ends):
    if not shutil.which(python) or subprocess.run([python, "--version"], capture_output=True).returncode:  # or a shim
        pytest.skip(f"{python} is not installed")
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True)
    home = tmp_path / "env" / "bin"
    wanted = [str(wheel), *(lowest() if ends == "lowest" else [])]
    run([home / "python", "-m", "pip", "install", "--quiet", *wanted], tmp_path)
    listed = json.loads(run([home / "python", "-m", "pip", "list", "--format", "json"], tmp_path))
    assert not HEAVY & {package["name"].lower() for package in listed}
    text, sound, clip = models
    for start in ([home / "grokaem"], [home / "python", "-m", "grokaem"]):
        assert run([*start, "--version"], tmp_path) == f"grokaem {grokaem.__version__}\n"
    for model, given, expected in (
        (text, "a warm and honest film", inference.load(text).predict(["a warm and honest film"])[0]),
        (sound, clip, None),
    ):
        told = json.loads(run([home / "grokaem", "predict", model, given], tmp_path))
        assert told["label"] in told["scores"] and sum(told["scores"].values()) == pytest.approx(1, abs=1e-5)
        if expected:
            assert told["scores"] == pytest.approx(expected.scores, abs=0.02)
    program = f"import grokaem; print(grokaem.load({str(text)!r}).predict(['a'])[0].label)"
    assert run([home / "python", "-c", program], tmp_path).startswith("label ")
    done = subprocess.run([home / "grokaem", "select-features", "x.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "grokaem[topics]" in done.stderr and len(done.stderr.splitlines()) == 1


def run(command, folder) -> str:
    """Without PYTHONPATH: on it pip would find the checkout's grokaem.egg-info and hold the wheel for installed."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env={**environment, **OFFLINE}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
