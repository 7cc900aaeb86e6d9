"""What a Space needs of this repository: the files its page reaches, the requirements they import, its card."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENTRY = "app.py"
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\.?")
NOT_DATA = (".py", ".md", "requirements.txt")


@dataclass(frozen=True)
class Hardware:
    """A kind of Space.

    Attributes:
        flavor (str): the Hub's name for it.
        python (str): version of Python it has.
        pins (dict): distribution -> requirement that replaces the repository's.
    """

    flavor: str
    python: str = "3.12"
    pins: dict[str, str] = field(default_factory=dict)


HARDWARE = {
    # torchaudio loads beside the torch of its own version only.
    "cpu-basic": Hardware("cpu-basic", pins={"torch": "torch==2.11.0"}),
    # ZeroGPU runs a few versions of torch only; this is the newest of them that the repository allows.
    "zero-gpu": Hardware("zero-a10g", pins={"torch": "torch==2.11.0"}),
}


def needed_files(root: Path = ROOT) -> tuple[list[str], set[str]]:
    """The files that the page needs, found by following its imports, and what it imports from elsewhere.

    Imports inside functions count, and so do modules that are named in a string to be imported later. Data
    that lies beside a needed file goes with it, if it belongs to the repository: git follows it, or, where there is
    no history (a downloaded archive), one of the needed files names it.

    Args:
        root (Path, optional): the repository. (Default: this one)

    Returns:
        tuple: paths relative to ``root``, sorted; names of modules from elsewhere.
    """
    waiting, found, elsewhere = [root / ENTRY], set(), set()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for module in _named_modules(path):
            inside = list(_files_of(module, root))
            waiting += inside
            if not inside:
                elsewhere.add(module.split(".")[0])
    folders = {path.parent for path in found} - {root}
    tracked = _tracked(root)
    named = set().union(*map(_named_files, found)) if tracked is None else set()
    beside = [path for folder in folders for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    data = {
        path
        for path in beside
        if not path.name.endswith(NOT_DATA)
        and (path.name in named if tracked is None else path in tracked)
    }
    return sorted(path.relative_to(root).as_posix() for path in found | data), elsewhere


def _named_modules(path: Path) -> Iterator[str]:
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif _is_find_spec(node):
            yield node.args[0].value  # a package that is looked for, for the data it carries
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            if MODULE.fullmatch(node.value):
                yield node.value.rstrip(".")


def _is_find_spec(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", None)) == "find_spec"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def _files_of(module: str, root: Path) -> Iterator[Path]:
    """A module's file and the ``__init__.py`` of the packages around it; none where it is not of ``root``."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:count])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file


def _tracked(root: Path) -> set[Path] | None:
    """The files that git follows; None where it does not follow the page itself, as in a downloaded archive."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    tracked = {root / name for name in listed.split("\0") if name}
    return tracked if root / ENTRY in tracked else None


def _named_files(path: Path) -> set[str]:
    """The last parts of all texts in a module: among them the names of files that it reads."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {
        node.value.rsplit("/", 1)[-1]
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def requirements(
    modules: Iterable[str], hardware: Hardware, root: Path = ROOT, index_url: str | None = None
) -> str:
    """The lines of ``requirements.txt`` whose packages are imported, as the hardware wants them.

    Args:
        modules (iterable of str): top-level modules that are imported.
        hardware (Hardware): its pins replace the repository's lines.
        root (Path, optional): the repository. (Default: this one)
        index_url (str, optional): another package index to look in, such as one with CPU builds of torch.

    Returns:
        str: the content of the Space's ``requirements.txt``.
    """
    from importlib.metadata import packages_distributions

    wanted = set(modules)
    provided: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for name in distributions:
            provided.setdefault(_normal(name), set()).add(module)
    lines = [f"--extra-index-url {index_url}"] if index_url else []
    for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9][\w.-]*", line)
        if not name:
            continue
        normal = _normal(name[0])
        if wanted & provided.get(normal, {normal.replace("-", "_")}):
            lines.append(hardware.pins.get(normal, line.split("#")[0].strip()))
    return "\n".join(lines) + "\n"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def space_card(space_id: str, hardware: Hardware, models: Iterable[str] = (), root: Path = ROOT) -> str:
    """The Space's README.md: the repository's front matter for this hardware, and its first paragraph.

    Args:
        space_id (str): "user/name".
        hardware (Hardware): what it is to run on.
        models (iterable of str, optional): the models it serves.
        root (Path, optional): the repository. (Default: this one)

    Raises:
        ValueError: the app's version of gradio in ``requirements.txt`` is not the front matter's.
    """
    import yaml

    from grokaem import hub

    readme = (root / "README.md").read_text(encoding="utf-8")
    data = hub.front_matter(readme)
    pinned = re.search(r"^gradio==(\S+)", (root / "requirements.txt").read_text(encoding="utf-8"), re.M)
    if not pinned or pinned[1] != data.get("sdk_version"):
        raise ValueError(
            f"README.md asks for gradio {data.get('sdk_version')} and requirements.txt for "
            f"{pinned[1] if pinned else 'none'}: make sdk_version and the pin equal"
        )
    models = list(models)
    data.update(python_version=hardware.python, suggested_hardware=hardware.flavor, app_file=ENTRY)
    if models:
        data["models"] = models
    body = readme.split("\n---", 1)[1]
    paragraphs = [part.strip() for part in body.split("\n\n") if part.strip()]
    heading = next((part for part in paragraphs if part.startswith("# ")), f"# {space_id}")
    first = next(part for part in paragraphs if part[0].isalpha())
    served = [f"It serves [{name}](https://huggingface.co/{name})." for name in models]
    top = yaml.safe_dump(data, sort_keys=False, allow_unicode=True).strip()
    return "\n\n".join([f"---\n{top}\n---", heading, first, *served]) + "\n"
