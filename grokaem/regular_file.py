"""Whether a path is a file with content, said in a sentence where it is not."""

from __future__ import annotations

from pathlib import Path


def check_file(path: Path) -> None:
    """Makes sure that a path is a regular file.

    Raises:
        FileNotFoundError: there is nothing, or a link to nothing.
        ValueError: it is a folder, a pipe or a device.
    """
    if path.is_file():
        return
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give a file.")
    if path.exists():
        raise ValueError(f"{path} is a pipe or a device, which cannot be read twice: save its content as a file.")
    if path.is_symlink():
        raise FileNotFoundError(f"{path} is a link to nothing: fix or remove it.")
    raise FileNotFoundError(f"there is no file {path}: check the name.")
