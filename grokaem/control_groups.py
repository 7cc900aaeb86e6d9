"""The control groups that limit this process: Linux's cgroup v2, v1 and both at once, under any root folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def folders(controller: str, root: Path = ROOT) -> Iterator[tuple[int, Path]]:
    """The folders of the group this process is in and of every group around it, innermost first.

    A container may see its own group as the top (``/``), or the host's name of it under a mount that begins at the
    group: the part of the path that exists is followed.

    Args:
        controller (str): ``"cpu"`` or ``"memory"``.
        root (Path, optional): where ``proc`` and ``sys`` are. (Default: ``/``)

    Yields:
        tuple: version, 1 or 2, and the folder with the group's settings.
    """
    mounted = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines() or ["0::/"]:
        number, _, rest = line.partition(":")
        names, _, group = rest.partition(":")
        if number.strip() == "0" and not names:
            for top in (mounted, mounted / "unified"):
                yield from ((2, folder) for folder in _upwards(top, group))
        elif controller in names.split(","):
            tops = {mounted / names, mounted / controller}
            for top in sorted(top for top in tops if top.is_dir()):
                yield from ((1, folder) for folder in _upwards(top, group))


def _upwards(top: Path, group: str) -> Iterator[Path]:
    parts = [part for part in group.strip().split("/") if part not in ("", ".", "..")]
    for start in range(len(parts) + 1):
        if top.joinpath(*parts[start:]).is_dir():
            for end in range(len(parts), start - 1, -1):
                yield top.joinpath(*parts[start:end])
            return


def number(path: Path, place: int = 0) -> int | None:
    """A whole number in a settings file; None where there is none, as in ``max``.

    Args:
        path (Path): the file.
        place (int, optional): which of its words. (Default: the first)
    """
    try:
        return int(_text(path).split()[place])
    except (IndexError, ValueError):
        return None


def entry(path: Path, name: str) -> int:
    """The number behind a name in a file of lines ``name number``; 0 where there is none."""
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
