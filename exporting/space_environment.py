"""A fresh environment of a Space's requirements, as near to the platform's as this machine has it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HELD = "torch"  # a build for CPUs comes from another index than the one for GPUs: the one that is here is taken
DONE = "complete"  # a file in an environment whose installation came to its end


@dataclass(frozen=True)
class Wanted:
    """What is to be installed.

    Attributes:
        python (Path): the interpreter.
        lines (tuple of str): requirements.
        differences (tuple of str): where it is not what the Space would get, a sentence each.
    """

    python: Path
    lines: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def key(self) -> str:
        """Short hash of the requirements and of the interpreter."""
        told = "\n".join([*self.lines, str(self.python), _version_of(self.python) or ""])
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def wanted(requirements: str, python_version: str, sdk_version: str, held: str | None = None) -> Wanted:
    """What the platform would install, held to the torch build that is installed here.

    Args:
        requirements (str): the Space's ``requirements.txt``.
        python_version (str): of the front matter, such as ``"3.12"``.
        sdk_version (str): of the front matter; the platform adds Gradio with its extras and ``spaces``.
        held (str, optional): version of torch. (Default: the one that is installed; none where there is none)
    """
    held = _installed(HELD) if held is None else held
    lines, differences = [], []
    for line in requirements.splitlines():
        if line.startswith("--extra-index-url"):
            differences.append(f"{line} is left out: pip looks where it is set to look here.")
            continue
        if held and re.match(rf"{HELD}\b(?!-)", line) and line != f"{HELD}=={held}":
            differences.append(f"{line} became {HELD}=={held}, the build that is installed here.")
            line = f"{HELD}=={held}"
        lines.append(line)
    lines += [f"gradio[oauth,mcp]=={sdk_version}", "spaces"]  # the platform's own
    python, why = _python(python_version, f"{HELD}=={held}" if held else None)
    if why:
        differences.append(why)
    return Wanted(python, tuple(lines), tuple(differences))


def _python(version_wanted: str, torch: str | None) -> tuple[Path, str | None]:
    """The front matter's Python where it is installed and torch is to be had for it; else this one, and why."""
    here = Path(sys.executable)
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version_wanted:
        return here, None
    name = f"python{version_wanted}"
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{version_wanted}.*/bin/{name}"))  # as pyenv lays them
    found = [Path(path) for path in (shutil.which(name), *beside) if path and _version_of(Path(path))]
    other = f"with Python {sys.version.split()[0]}, not the front matter's {version_wanted}"
    if not found:
        return here, f"{other}, which is not installed."
    if torch and not _to_be_had(torch, version_wanted):
        return here, f"{other}: pip finds no {torch} for that."
    return found[0], None


def _version_of(python: Path) -> str | None:
    """What the interpreter calls itself; None where it does not start, as a shim for a version that is not chosen."""
    done = subprocess.run([python, "--version"], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def _to_be_had(requirement: str, python_version: str) -> bool:
    with tempfile.TemporaryDirectory() as nowhere:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--target", nowhere]
        command += ["--python-version", python_version, "--only-binary", ":all:", requirement]
        return subprocess.run(command, capture_output=True).returncode == 0


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def environment(asked: Wanted, folder: Path, say: Callable[[str], None] = print) -> Path:
    """The interpreter of an environment that holds what is asked for, made where it is not there yet.

    Args:
        asked (Wanted): what it is to hold.
        folder (Path): environments are kept here by their keys; others than the one asked for are removed.
        say (callable, optional): told what takes minutes. (Default: ``print``)

    Raises:
        RuntimeError: pip could not install it; with its last lines.
    """
    home = folder / asked.key
    python = home / "bin" / "python"
    if (home / DONE).exists():
        return python
    for old in folder.glob("*"):
        shutil.rmtree(old)  # gigabytes, for requirements that nobody has any more
    say(f"installing {len(asked.lines)} requirements into a fresh environment, a few minutes")
    subprocess.run([asked.python, "-m", "venv", home], check=True)
    (home / "requirements.txt").write_text("\n".join(asked.lines) + "\n", encoding="utf-8")
    done = _install(python, home / "requirements.txt")
    if done.returncode:
        told = "; ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise RuntimeError(f"the Space's requirements cannot be installed: {told}")
    # compiled by the run that follows, of what it imports: read-only for that, so here
    subprocess.run([python, "-m", "compileall", "-q", "-j", "0", home / "lib"], capture_output=True)
    (home / DONE).touch()
    return python


def found_links() -> list[str]:
    """Arguments by which uv takes what pip takes on this machine, such as wheels of PyTorch's CPU build."""
    return ["--find-links", place] if (place := os.environ.get("PIP_FIND_LINKS")) else []


def _install(python: Path, requirements: Path) -> subprocess.CompletedProcess[str]:
    """Installs with uv, which takes a fifth of the time, where it is there and can; else with pip."""
    pip = [python, "-m", "pip", "install", "--progress-bar", "off", "--no-compile", "-r", requirements]
    if importlib.util.find_spec("uv"):
        uv = [sys.executable, "-m", "uv", "--quiet", "pip", "install", "--python", python, *found_links()]
        uv += ["-r", requirements]
        done = subprocess.run(uv, capture_output=True, text=True)
        if done.returncode == 0:
            return done
    return subprocess.run(pip, capture_output=True, text=True)
