"""A module of ours as the program of a process of its own, from an installed library and a bare checkout alike."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]  # the folder that grokaem lies in


def module_command(module: str, *arguments: object) -> list[str]:
    """The words that start a module with this Python; files of the folder it runs in shadow no library.

    Args:
        module (str): such as ``grokaem.embedding.convert``.
        *arguments: of the module; they are turned into strings.
    """
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def environment(folder: Path = LIBRARY) -> dict[str, str]:
    """This process's variables, with which a child finds the modules of a folder wherever it runs.

    Args:
        folder (Path, optional): that the modules lie in. (Default: where this library lies)
    """
    if folder == Path(sysconfig.get_path("purelib")):  # every Python of this environment looks there
        return dict(os.environ)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
