"""Classifiers that run an exported folder or a Hub repository on a CPU; no torch, no transformers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.inference.audio_classifier import AudioClassifier
    from grokaem.inference.text_classifier import TextClassifier
    from grokaem.inference.word_classifier import WordClassifier


def load(folder_or_repo: str | Path, revision: str | None = None) -> TextClassifier | AudioClassifier | WordClassifier:
    """Loads an export, of text or of audio, as its ``config.json`` says.

    Args:
        folder_or_repo (str or Path): export folder, run folder, or Hub id.
        revision (str, optional): branch, tag or commit of a Hub repository.
    """
    from grokaem.inference.audio_classifier import AudioClassifier
    from grokaem.inference.export_folder import locate
    from grokaem.inference.text_classifier import TextClassifier

    export = locate(folder_or_repo, revision)
    if export.counts_words:
        from grokaem.inference.word_classifier import WordClassifier

        return WordClassifier(export)
    return (TextClassifier if export.task == "text" else AudioClassifier)(export)
