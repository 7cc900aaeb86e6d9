"""The data of a run, at the revisions that it recorded, whatever has become of their repositories since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grokaem.corpora.catalog import load
from grokaem.corpora.corpus import Corpus
from grokaem.identity import DataIdentity


def load_recorded(
    settings: Mapping[str, Any], recorded: DataIdentity | None = None, token: str | None = None
) -> Corpus:
    """Loads what a run's settings name; a data set of the Hub at the commit that the run recorded.

    Whether the data are still the same is for the caller to ask, by :meth:`DataIdentity.difference`.

    Args:
        settings (mapping): ``config`` of ``run.json``: ``task``, ``dataset``, its columns, fold and further data.
        recorded (DataIdentity, optional): the data that the run began with. (Default: none, the newest are loaded)
        token (str, optional): for a private data set of the Hub. (Default: ``HF_TOKEN`` or the login)

    Raises:
        FileNotFoundError: a file or folder of the user's that is gone; the Hub is not asked for its name.
        ValueError: data that cannot be used, or a commit that its repository no longer has.
    """
    also = settings.get("also_train_on")
    if recorded is not None:
        _check_there(settings["dataset"], recorded.revisions[0])
        if also:
            _check_there(also, recorded.revisions[-1])
    return load(
        settings["dataset"],
        task=settings.get("task"),
        text_column=settings.get("text_column"),
        label_column=settings.get("label_column"),
        fold=settings.get("fold", 0),
        revision=recorded.commit if recorded else None,
        also_train_on=also,
        also_revision=recorded.last_commit if recorded else None,
        train_on_validation=settings.get("train_on_validation", False),
        token=token,
    )


def _check_there(name: str, revision: str) -> None:
    """Refuses to look for a file or folder of the user's elsewhere."""
    if revision.startswith("sha256:") and not Path(name).expanduser().exists():
        raise FileNotFoundError(
            f"the data of the run are no longer at {name} (looked in {Path.cwd()}): put them back, or run the command "
            "where they are."
        )
