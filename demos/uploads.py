"""Files that a program hands to a public function: only what was uploaded to this page is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gradio.utils import get_upload_folder


def uploaded(file: Any) -> str | None:
    """The path of an uploaded file, as a program names it.

    Args:
        file (dict, str or None): Gradio's description of a file (``handle_file`` of its client makes one), a path in
            the folder of uploads, or the address at which the page gives an uploaded file back, as a client of MCP has.

    Returns:
        str or None: the path; None where no file was given.

    Raises:
        ValueError: a file that was not uploaded here.
    """
    if not file:
        return None
    path = file.get("path") if isinstance(file, dict) else getattr(file, "path", file)
    if not path and isinstance(file, dict):
        path = file.get("url")
    if isinstance(path, str) and "/gradio_api/file=" in path:
        path = unquote(path.split("/gradio_api/file=", 1)[1])
    if isinstance(path, str) and path:
        folder = os.path.realpath(get_upload_folder())
        if Path(os.path.realpath(path)).is_relative_to(folder) and os.path.isfile(path):
            return path
    raise ValueError("The file was not uploaded here; give one that the client uploads, as handle_file does.")
