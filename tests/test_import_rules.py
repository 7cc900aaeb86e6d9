"""Who may import whom: read from the sources, so that a forbidden import fails before it runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "grokaem"
# The library's subpackages, and what each may import beside itself and the files directly in grokaem/.
SUBPACKAGES = {
    "audio": set(),
    "corpora": {"hub"},
    "embedding": {"hub"},
    "hub": set(),
    "inference": {"hub", "audio", "text"},
    "memory": {"hub", "audio"},
    "text": set(),
    "topics": {"text", "embedding"},
}
# What is built on the library, and which of the others each may import.
APPLICATIONS = {"training": {"exporting"}, "exporting": set(), "demos": set(), "app": {"demos"}}
# A subpackage's command may also read data and run models.
COMMANDS = {
    "grokaem.topics.compare",
    "grokaem.text.select_features",
    "grokaem.audio.extract",
    "grokaem.memory.plan",
    "grokaem.inference.predict",
}
ENTRY_POINTS = {"grokaem", "grokaem.__main__"}  # names what the subpackages hold, and gathers their commands
OUTSIDE = {"tests", "benchmarks"}
HEAVY = {"torch", "transformers", "optimum"}  # what `grokaem predict` does without
NOT_IMPORTED = {"inference": HEAVY, "hub": {"torch"}}


def imports(path: Path, executed: bool = False) -> Iterator[tuple[str, int]]:
    """(name, line) of all that a file imports, in functions too; with ``executed`` not what only type checkers see."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if executed and isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def name_of(path: Path, root: Path = ROOT) -> str:
    """The module that a file is."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Module -> file, of the library and of what is built on it."""
    found = [root / "app.py", *(path for top in ("grokaem", *APPLICATIONS) for path in (root / top).rglob("*.py"))]
    return {name_of(path, root): path for path in found if path.is_file()}


def module_in(name: str, modules: dict[str, Path]) -> str | None:
    """The module of ours that an imported name is, or lies in."""
    return name if name in modules else (parent if (parent := name.rpartition(".")[0]) in modules else None)


def may(importer: str, imported: str) -> bool:
    """Whether the rule allows one module of ours to import another."""
    top, _, rest = importer.partition(".")
    other, _, below = imported.partition(".")
    if top != "grokaem":
        return other in ({top, "grokaem"} | APPLICATIONS[top])
    if other != "grokaem":
        return False
    if importer in ENTRY_POINTS:
        return True
    if imported in ENTRY_POINTS:
        return False
    subpackage, target = rest.split(".")[0], below.split(".")[0]
    if target not in SUBPACKAGES:
        return True  # a file directly in grokaem/
    more = {"corpora", "inference"} if importer in COMMANDS else set()
    return subpackage in SUBPACKAGES and target in {subpackage} | SUBPACKAGES[subpackage] | more


def violations(modules: dict[str, Path]) -> Iterator[str]:
    """What breaks the rule: ``file:line imports name``."""
    for importer, path in modules.items():
        subpackage = importer.split(".")[1] if importer.startswith("grokaem.") else ""
        for name, line in imports(path):
            first, ours = name.split(".")[0], module_in(name, modules)
            forbidden = (
                (ours is not None and not may(importer, ours))
                or first in OUTSIDE
                or (first == "gradio" and importer.split(".")[0] not in ("demos", "app"))
                or first in NOT_IMPORTED.get(subpackage, ())
                or (first == "torchaudio" and importer != "grokaem.audio.torchaudio_loader")
            )
            if forbidden:
                yield f"{path.name}:{line}: {importer} imports {name}"


def circle(modules: dict[str, Path]) -> list[str]:
    """A circle of files that import one another, or an empty list."""
    graph = {
        module: {module_in(name, modules) for name, _ in imports(path, executed=True)} - {None}
        for module, path in modules.items()
    }
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph[module] - {module}):
            if found := walk(other, [*way, module]):
                return found
        done.add(module)
        return []

    return next(filter(None, (walk(module, []) for module in sorted(graph))), [])


def test_every_file_imports_only_what_it_may():
    found = list(violations(sources()))
    assert not found, "\n".join(found)


def test_no_file_imports_itself_by_way_of_others():
    assert not circle(sources())


def test_every_folder_of_the_library_has_its_rule():
    folders = {path.parent.name for path in LIBRARY.glob("*/*.py")}
    assert folders == set(SUBPACKAGES)


@pytest.mark.parametrize(
    ("file", "source", "message"),
    [
        ("grokaem/inference/x.py", "def f():\n    import torch\n", "imports torch"),
        ("grokaem/inference/x.py", "from training import recipe\n", "imports training.recipe"),
        ("grokaem/hub/x.py", "from grokaem import corpora\n", "imports grokaem.corpora"),
        ("grokaem/hub/x.py", "from grokaem.text.words import f\n", "imports grokaem.text.words.f"),
        ("grokaem/x.py", "import grokaem.hub\n", "imports grokaem.hub"),
        ("grokaem/text/x.py", "from grokaem.__main__ import main\n", "imports grokaem.__main__.main"),
        ("grokaem/text/x.py", "import gradio\n", "imports gradio"),
        ("exporting/x.py", "from training import recipe\n", "imports training.recipe"),
        ("demos/x.py", "from exporting import gate\n", "imports exporting.gate"),
        ("training/x.py", "from tests.conftest import ROOT\n", "imports tests.conftest.ROOT"),
    ],
)
def test_the_rule_sees_a_forbidden_import(tmp_path, file, source, message):
    library = ("__main__.py", "hub/__init__.py", "text/words.py", "corpora/__init__.py")
    for name in (*(f"grokaem/{file}" for file in library), "training/recipe.py", "exporting/gate.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(source)
    found = list(violations(sources(tmp_path)))
    assert len(found) == 1 and found[0].endswith(message)


def test_the_rule_sees_a_circle(tmp_path):
    for name, source in (("a", "from grokaem.b import f"), ("b", "def f():\n    from grokaem import c"),
                         ("c", "import grokaem.a"), ("d", "from grokaem import a")):  # fmt: skip
        (tmp_path / "grokaem").mkdir(exist_ok=True)
        (tmp_path / "grokaem" / f"{name}.py").write_text(source)
    assert circle(sources(tmp_path)) == ["grokaem.a", "grokaem.b", "grokaem.c", "grokaem.a"]
    (tmp_path / "grokaem" / "c.py").write_text("if TYPE_CHECKING:\n    import grokaem.a")
    assert not circle(sources(tmp_path))


def test_no_file_shadows_a_library():
    names = {path.name for path in sources().values()}
    assert not names & {"datasets.py", "evaluate.py", "openvino.py", "onnx.py"}
