"""The library from outside: its public names, its commands, where it can be had, and what is installed with it."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import grokaem
from grokaem.__main__ import COMMANDS, main
from grokaem.address import REPOSITORY, install_command
from grokaem.command_line import run
from grokaem.hub.packaged_model import REQUIREMENT
from tests.conftest import ROOT, run_script, started

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
PINS = [
    Requirement(line.split("#")[0])
    for name in ("requirements.txt",)
    for line in (ROOT / name).read_text().splitlines()
    if re.match(r"\w", line)
]


def test_importing_the_library_imports_none_of_its_subpackages():
    program = (
        "import sys; before = set(sys.modules); import grokaem; "
        "print(*(name for name in set(sys.modules) - before if name.split('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["grokaem"]


@pytest.mark.parametrize("name", grokaem.__all__)
def test_every_public_name_is_there(name):
    assert callable(getattr(grokaem, name)) and name in dir(grokaem)


def test_a_name_that_is_not_there_and_a_subpackage():
    with pytest.raises(AttributeError, match="no attribute 'loda'"):
        grokaem.loda  # noqa: B018
    from grokaem import hub

    assert hub.publish is grokaem.publish


def test_the_names_for_type_checkers_are_those_that_are_found():
    import ast

    tree = ast.parse((ROOT / "grokaem" / "__init__.py").read_text())
    (seen,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {alias.asname or alias.name: (node.module, alias.name) for node in seen.body for alias in node.names}
    assert told == grokaem._PLACES and sorted(told) == grokaem.__all__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_its_own_name_and_options(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0 and capsys.readouterr().out.startswith(f"usage: grokaem {name}")


def test_the_commands_are_listed_without_importing_their_subpackages():
    program = "import sys; sys.argv = ['grokaem', '--help']; import runpy\n" \
              "try: runpy.run_module('grokaem', run_name='__main__')\n" \
              "except SystemExit as end: print('code', end.code)\n" \
              "print([name for name in sys.modules if name == 'numpy' or name.count('.') > 1 and " \
              "name.startswith('grokaem.')])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    *told, code, imported = done.stdout.splitlines()
    assert code == "code 0" and imported == "[]"
    assert all(any(line.split()[:1] == [name] for line in told) for name in COMMANDS)


def test_the_command_and_the_module_are_the_same(tmp_path):
    assert PROJECT["scripts"] == {"grokaem": "grokaem.__main__:console"}
    done = run_script("grokaem --version", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == f"grokaem {grokaem.__version__}\n"


@pytest.mark.parametrize("words", [["nothing"], ["--nothing"], []])
def test_no_such_command(words, capsys):
    assert run(main, words) == 2
    told = capsys.readouterr()
    assert not told.out and all(name in told.err for name in COMMANDS)


def test_a_package_that_is_not_installed_is_named_with_its_extra():
    program = (
        "import sys; sys.modules['sklearn'] = None; sys.argv[1:] = ['select-features', 'x.csv']; "
        "from grokaem.__main__ import console; console()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "grokaem select-features needs the package sklearn" in done.stderr
    assert install_command("topics") in done.stderr


def test_a_bare_checkout_trains_and_exports_from_any_folder(tmp_path):
    """The two scripts find the library beside them, whatever the folder and whether it is installed or not."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for script in ("training/finetune.py", "exporting/export.py"):
        done = subprocess.run(
            [*started(script), "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0 and "usage:" in done.stdout, done.stderr


def test_nothing_else_bends_the_path():
    found = subprocess.run(
        ["git", "grep", "-lF", "sys." + "path", "--", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name for name in found if not name.startswith("tests/")} == {"training/finetune.py", "exporting/export.py"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_pin_lies_in_its_range():
    ranges = {}
    for line in RANGES:
        requirement = Requirement(line)
        if not requirement.extras:
            assert ranges.setdefault(normal(requirement.name), requirement.specifier) == requirement.specifier, line
    pins = {normal(pin.name): pin.specifier for pin in PINS}
    assert set(ranges) <= set(pins), "what the library needs is pinned"
    for name, allowed in ranges.items():
        versions = [spec.version for spec in pins[name]]
        if [spec.operator for spec in pins[name]] == ["=="]:
            assert Version(versions[0]) in allowed, name
        else:
            assert pins[name] == allowed, name
        assert {spec.operator for spec in allowed} & {">=", "=="}, name
    assert REQUIREMENT in RANGES, "the package whose files are compared with pinned sha256"
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(">=3.11")


def test_the_address_stands_in_one_place():
    """Texts that show it agree with the constant; code has it from there."""
    found = subprocess.run(
        ["git", "grep", "-hoE", r"git\+https://[^\" `]+", "--", "*.md", "*.py", "*.txt"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {line for line in found if "{" not in line and "[" not in line} == {f"git+{REPOSITORY}"}
    code = subprocess.run(
        ["git", "grep", "-lF", REPOSITORY, "--", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert code == ["grokaem/address.py"]
    assert install_command() in (ROOT / "README.md").read_text()
    assert install_command("topics").count("grokaem[topics] @ git+") == 1
