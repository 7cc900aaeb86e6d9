"""No private name of transformers or accelerate is used: such a name may go with the next patch release."""

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDERS = ("training", "exporting", "grokaem", "demos", "benchmarks", "app.py")
LIBRARIES = ("transformers", "accelerate")


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def own_names(tree: ast.AST) -> set[str]:
    """What a file defines itself: functions, classes, variables, and attributes it sets on ``self`` or ``cls``."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                found.add(node.attr)
    return found


# A private function or class, or an attribute that is set: also one of several, or one that merely stands before a
# comma. A reader of the syntax takes twenty seconds for the libraries' thousands of files and finds a few names less.
DEFINED = re.compile(
    r"\b(?:def|class)\s+(_(?!_)\w*)|\.(_(?!_)\w*)(?=\s*(?:=[^=]|:[^=\n]*=[^=]|[-+*/|&^%@]+=|,))", re.MULTILINE
)


@cache
def private_names_of_the_libraries() -> frozenset[str]:
    """Every private name that they define or set, on whatever object."""
    found = set()
    for library in LIBRARIES:
        spec = find_spec(library)
        assert spec and spec.origin
        for path in Path(spec.origin).parent.rglob("*.py"):
            if not path.name.startswith("test_"):
                found.update(a or b for a, b in DEFINED.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)


def test_names_are_read_off_as_a_reader_of_the_syntax_would():
    source = "class _A:\n    def _f(self):\n        self._a = self._b, x._c = 1, 2\n        self._d: int = 3\n"
    source += "        self._e += 1\n        if self._read == self._asked: self.g()\n        self.__mangled = 1\n"
    assert {a or b for a, b in DEFINED.findall(source)} == {"_A", "_f", "_a", "_b", "_c", "_d", "_e"}


def uses(source: str, own: frozenset[str]) -> list[str]:
    """The private names of the libraries that a file uses: imported, read of an object, or overridden."""
    tree, found = ast.parse(source), []
    theirs = private_names_of_the_libraries()
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            imported.update({(a.asname or a.name).split(".")[0]: a.name for a in node.names})
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imported.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        else:
            continue
        found += [
            f"import {name}" for name in names
            if name.split(".")[0] in LIBRARIES and any(private(part) for part in name.split("."))
        ]  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            inherited = ast.unparse(node.value) == "super()"
            if node.attr in theirs and (inherited or node.attr not in own):
                found.append(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            bases = {imported.get(ast.unparse(base).split(".")[0], "").split(".")[0] for base in node.bases}
            if bases & set(LIBRARIES):
                found += [
                    f"{node.name}.{item.name}" for item in node.body
                    if isinstance(item, ast.FunctionDef) and item.name in theirs
                ]  # fmt: skip
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr"):
            named = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            if isinstance(named, str) and private(named) and named in theirs:
                found.append(ast.unparse(node))
    return found


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    paths = [path for folder in FOLDERS for path in ((ROOT / folder).rglob("*.py") if folder[-3:] != ".py" else ())]
    paths.append(ROOT / "app.py")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_no_private_name_is_used(sources):
    own = frozenset().union(*(own_names(ast.parse(source)) for source in sources.values()))
    found = {name: used for name, source in sources.items() if (used := uses(source, own))}
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "from transformers.trainer_pt_utils import _something\n",
        "import accelerate._x\n",
        "def f(model):\n    model._set_gradient_checkpointing(enable=True)\n",
        "def f(model):\n    return getattr(model, '_require_grads_hook', None)\n",
        "from transformers import Trainer\nclass Mine(Trainer):\n    def _save(self):\n        super()._save()\n",
        "import transformers\nclass Mine(transformers.Trainer):\n    def _run_epoch(self):\n        pass\n",
        "def f(trainer):\n    trainer._tr_loss.item()\n",
    ],
)
def test_a_use_is_found(source):
    assert uses(source, frozenset(own_names(ast.parse(source))))


def test_our_own_private_names_and_those_of_others_are_let_pass():
    source = "import torch\nclass A:\n    def _save(self):\n        torch.cpu._is_amx_tile_supported()\n"
    source += "    def f(self):\n        self._save()\n"
    assert not uses(source, frozenset(own_names(ast.parse(source))))
