"""What a Space needs of this repository: the files of its page, the requirements marked as the Space's, its card."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENTRY = "app.py"
FOLDERS = ("demos", "grokaem")
MARK = "(Space)"  # begins the reason of a line of requirements.txt that the page needs


@dataclass(frozen=True)
class Hardware:
    """A kind of Space.

    Attributes:
        flavor (str): the Hub's name for it.
        python (str): version of Python it has.
        gpu (bool): whether it has use for a build of torch with CUDA.
        pins (dict): distribution -> requirement that replaces the repository's.
    """

    flavor: str
    python: str = "3.12"
    gpu: bool = False
    pins: dict[str, str] = field(default_factory=dict)


HARDWARE = {
    # torchaudio loads beside the torch of its own version only.
    "cpu-basic": Hardware("cpu-basic", pins={"torch": "torch==2.11.0"}),
    # ZeroGPU runs a few versions of torch only; this is the newest of them that the repository allows.
    "zero-gpu": Hardware("zero-a10g", gpu=True, pins={"torch": "torch==2.11.0"}),
}


def page_files(root: Path = ROOT) -> list[str]:
    """The files of the page: app.py, its tabs, and the library whole, for much of it is reached by name.

    Only what belongs to the repository: what git follows, or, where there is no history (a downloaded archive), the
    modules and the data that one of them names, by the file or by its folder.

    Args:
        root (Path, optional): the repository. (Default: this one)

    Returns:
        list of str: paths relative to ``root``, sorted.
    """
    places = [root / ENTRY, *(path for name in FOLDERS for path in (root / name).rglob("*"))]
    files = {path for path in places if path.is_file() and not path.is_symlink()}
    tracked = _tracked(root)
    if tracked is None:
        modules = {path for path in files if path.suffix == ".py"}
        named = set().union(*map(_named_files, modules))
        homes = {path.parent for path in modules}
        # a folder of data alone is named as a whole: its files are found by their endings
        tracked = modules | {
            path
            for path in files
            if path.name in named or (path.parent not in homes and path.parent.name in named)
        }
    return sorted(path.relative_to(root).as_posix() for path in files & tracked)


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


def requirements(hardware: Hardware, root: Path = ROOT, index_url: str | None = None) -> str:
    """The lines of ``requirements.txt`` that say the Space needs them, as the hardware wants them.

    Args:
        hardware (Hardware): its pins replace the repository's lines.
        root (Path, optional): the repository. (Default: this one)
        index_url (str, optional): another package index to look in, such as one with CPU builds of torch.

    Returns:
        str: the content of the Space's ``requirements.txt``.
    """
    lines = [f"--extra-index-url {index_url}"] if index_url else []
    for line in (root / "requirements.txt").read_text(encoding="utf-8").splitlines():
        requirement, _, why = (part.strip() for part in line.partition("#"))
        if requirement and why.startswith(MARK):
            found = re.match(r"[A-Za-z0-9][\w.-]*", requirement)
            assert found is not None
            name = _normal(found[0])
            lines.append(hardware.pins.get(name, requirement))
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
            f"{pinned[1] if pinned else 'none'}: make sdk_version and the pin equal."
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
