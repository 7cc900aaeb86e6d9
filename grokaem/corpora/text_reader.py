"""How labelled texts are read: tables, folders of text files, columns of the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.corpora.class_folders import visible_files
from grokaem.corpora.reader import Asked, TableReader
from grokaem.corpora.sounds import is_sound_file
from grokaem.corpora.splitting import group_near_duplicates, normal_form

if TYPE_CHECKING:
    from grokaem.corpora.corpus import Corpus


class TextReader(TableReader):
    """Reads texts; those that differ by case, spaces or punctuation alone stay in one part."""

    reads_folders = True

    def holds(self, folder: Path) -> bool:
        """Whether the folder's files are texts and none of them is a sound."""
        from grokaem.corpora.own_text import is_text_file

        files = visible_files(folder)
        texts = any(is_text_file(path) and path.parent != folder for path in files)
        return texts and not any(map(is_sound_file, files))

    def folder(self, path: Path, asked: Asked) -> Corpus:
        """Reads and splits a folder of class folders of text files."""
        from grokaem.corpora import own_text

        return own_text.load_folder(path, self, asked)

    def form(self, item: str) -> str:
        """Letters and digits of a text."""
        return normal_form(item)

    def groups(self, inputs: Sequence[str]) -> list[str]:
        """The digest of each text, or of the first that is like it."""
        return group_near_duplicates(inputs)
