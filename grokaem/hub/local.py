"""Names that may be a folder or a repository: what is said when neither is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from grokaem.hub.errors import HubNotFound, HubUnavailable
from grokaem.plain_text import as_reason

OURS = ("runs/", "exports/")  # folders that our commands make


def check_not_ours(name: str, flag: str = "", kind: str = "folder") -> None:
    """Refuses a folder of ours that is not here, before the Hub is asked for it.

    Args:
        name (str): what the user gave, and is no folder.
        flag (str, optional): that it was given by. (Default: none)
        kind (str, optional): what it could be. (Default: ``"folder"``)

    Raises:
        FileNotFoundError: it begins as the folders that our commands make.
    """
    if name.startswith(OURS):
        raise FileNotFoundError(
            f"{flag + ': ' if flag else ''}there is no {kind} {name} here (looked in {os.getcwd()}): give its whole "
            f"path, or run the command where {name.split('/')[0]} is."
        )


@contextmanager
def add_missing_folder(name: str) -> Iterator[None]:
    """Adds to the Hub's not having or not answering that no folder of this name is here.

    Args:
        name (str): the repository that is asked for.

    Raises:
        HubNotFound: the repository does not exist.
        HubUnavailable: the Hub cannot be reached.
    """
    try:
        yield
    except (HubNotFound, HubUnavailable) as error:
        said = as_reason(error)
        raise type(error)(f"{said}; there is no folder {name} here either (looked in {os.getcwd()}).") from None
