"""Who may import whom: read from the sources, so that a forbidden import fails before it runs."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "corpora",
    "audio",
    "text",
    "embedding",
    "slides",
    "hub",
    "topics",
    "memory",
    "training",
    "exporting",
    "inference",
    "demos",
)
ALLOWED = {
    "corpora": set(),
    "audio": set(),
    "text": set(),
    "embedding": {"hub"},
    "slides": set(),
    "hub": set(),
    "inference": {"hub", "audio", "text"},
    "topics": {"text", "embedding"},
    "memory": {"audio"},
    "training": {"memory", "corpora", "audio", "text", "hub", "exporting"},
    "exporting": {"inference", "hub", "audio", "text", "corpora"},
    "demos": {"topics", "text", "audio", "memory", "inference", "embedding", "slides", "corpora"},
}
# A command's entry may also read data and run models.
ENTRIES = {
    "topics/compare.py",
    "text/select_features.py",
    "audio/extract.py",
    "memory/plan.py",
    "inference/predict.py",
}


def imports(path):
    """(top-level module name, line) of every import of a file, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0], node.lineno


def violations(room, path, root=ROOT):
    allowed = ALLOWED[room] | {room}
    if path.relative_to(root).as_posix() in ENTRIES:
        allowed = allowed | {"corpora", "inference"}
    for name, line in imports(path):
        where = f"{path.relative_to(root)}:{line} imports {name}"
        if name in ROOMS and name not in allowed:
            yield where
        if name == "gradio" and room != "demos":
            yield where
        if room == "inference" and name in ("torch", "transformers", "optimum"):
            yield where
        if room == "hub" and name == "torch":
            yield where
        if name == "torchaudio" and path.relative_to(root).as_posix() != "audio/torchaudio_loader.py":
            yield where
        if name == "tests":
            yield where


@pytest.mark.parametrize("room", ROOMS)
def test_room_imports_only_what_it_may(room):
    found = [told for path in sorted((ROOT / room).rglob("*.py")) for told in violations(room, path)]
    assert not found, "\n".join(found)


def test_the_rule_sees_a_forbidden_import(tmp_path):
    room = tmp_path / "inference"
    room.mkdir()
    (room / "x.py").write_text("def f():\n    import torch\n    from training import loop\n")
    told = list(violations("inference", room / "x.py", tmp_path))
    assert [t.split(" imports ")[1] for t in told] == ["torch", "training"]


def test_no_file_shadows_a_library():
    names = {path.name for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert not names & {"datasets.py", "evaluate.py", "openvino.py", "onnx.py"}
