"""Classifiers that run an exported folder or a Hub repository on a CPU; no torch, no transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.inference.classifier import Classifier
    from grokaem.inference.export_folder import ExportFolder


def load(folder_or_repo: str | Path, revision: str | None = None) -> Classifier:
    """Loads an export of any kind, as its ``config.json`` says.

    Args:
        folder_or_repo (str or Path): export folder, run folder, or Hub id.
        revision (str, optional): branch, tag or commit of a Hub repository.
    """
    from grokaem.inference.export_folder import locate

    return open_export(locate(folder_or_repo, revision))


def open_export(export: ExportFolder) -> Classifier:
    """The classifier of an export that was found."""
    if export.counts_words:
        from grokaem.inference.word_classifier import WordClassifier

        return WordClassifier(export)
    return export.kind.resolved("classifier")(export)
