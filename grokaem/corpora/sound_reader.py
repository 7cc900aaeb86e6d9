"""How labelled sounds are read: folders of sound files, columns of sounds of the Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem import kinds
from grokaem.atomic import new_file
from grokaem.cache import cache_folder
from grokaem.corpora.class_folders import visible_files
from grokaem.corpora.label_names import unify_labels
from grokaem.corpora.labelled_rows import Distinct, LabelledRows, as_label, check_most
from grokaem.corpora.lost_classes import lost_classes
from grokaem.corpora.reader import Asked, TableReader
from grokaem.corpora.sounds import check_sound, groups_of_sounds, is_sound_file, samples_digest
from grokaem.corpora.splitting import digest
from grokaem.plain_text import as_reason

if TYPE_CHECKING:
    from grokaem.corpora.corpus import Corpus


class SoundReader(TableReader):
    """Reads sound files; those with the same samples stay in one part."""

    reads_tables = False
    reads_folders = True

    def holds(self, folder: Path) -> bool:
        """Whether there is a sound file below the folder."""
        return any(map(is_sound_file, visible_files(folder)))

    def table(self, path: Path, asked: Asked) -> Corpus:
        """Refuses a table: sounds are read from a folder with one folder a class."""
        key = kinds.default().key
        raise ValueError(f"{path} is {key} and the task is {self.kind.key}: choose other data or --task {key}.")

    def folder(self, path: Path, asked: Asked) -> Corpus:
        """Reads and splits a folder of class folders of sound files."""
        from grokaem.corpora import own_audio

        return own_audio.load(path, self, asked)

    def form(self, item: Path) -> str:
        """The samples of a sound."""
        return samples_digest(item)

    def groups(self, inputs: Sequence[Path]) -> list[str]:
        """The digest of each file, or of the first that sounds the same."""
        return groups_of_sounds(inputs)

    def hub_columns(self, features: Mapping[str, object]) -> list[str]:
        """The columns of sounds."""
        return [column for column, feature in features.items() if type(feature).__name__ == "Audio"]

    def hub_column(self, name: str, columns: list[str], own: list[str], asked: str | None) -> str:
        """The column asked for, or the first of sounds."""
        if not own:
            raise ValueError(f"{name} has no column of sounds: its columns are {', '.join(columns)}.")
        return asked or own[0]

    def hub_prepared(self, data: Any, column: str) -> Any:  # see TableReader
        """A part whose sounds come as the bytes of their files."""
        from datasets import Audio

        return data.cast_column(column, Audio(decode=False))

    def hub_rows(
        self, name: str, pairs: list[tuple], origin: list[str], column: str, label: str
    ) -> tuple[LabelledRows, list[str]]:
        """The sounds as files, and their groups; see :meth:`TableReader.hub_rows`."""
        rows = _sounds(name, pairs, origin, label)
        return rows, self.groups(rows.inputs)


def _sounds(name: str, pairs: list[tuple], origin: list[str], label: str) -> LabelledRows:
    """Writes the sounds as files, named by their content, since every reader here takes files.

    Equal ones are treated as :func:`grokaem.corpora.labelled_rows.labelled_texts` treats equal texts.
    """
    folder = cache_folder("corpora") / "hub_sounds" / name.replace("/", "--").replace(":", "--")
    rows, distinct, files = LabelledRows(parts=[]), Distinct(), {}
    for number, ((sound, class_name), part) in enumerate(zip(pairs, origin, strict=True), start=1):
        try:
            content = sound["bytes"] if sound["bytes"] is not None else _read(Path(sound["path"]))
            sha256 = digest(content)
            if sha256 not in files:
                files[sha256] = _written(folder, sha256, content, sound["path"], number)
            named = as_label(class_name, label)
        except (ValueError, TypeError) as error:
            rows.set_aside.append((f"row {number}", as_reason(error)))
            continue
        rows.given[named] += 1
        distinct.add(part, sha256, number, named)
    for part, sha256, number, named in distinct.kept():
        rows.inputs.append(files[sha256])
        rows.labels.append(named)
        rows.names.append(f"row {number}")
        rows.parts.append(part)  # pyright: ignore[reportOptionalMemberAccess]  # the list made above
    check_most(name, rows.set_aside, len(distinct))
    rows.notes += distinct.notes(name, "sound")
    rows.lost = lost_classes(rows.labels, distinct.together())
    unify_labels(name, rows.labels, rows.notes)
    return rows


def _read(path: Path) -> bytes:
    """What a data set holds by the name of a file only.

    Raises:
        ValueError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"its sound is a file that cannot be read, {path} ({error.strerror}): put it there or leave the row out."
        ) from None


def _written(folder: Path, sha256: str, content: bytes, given: str | None, number: int) -> Path:
    """The file of a sound, which is written unless it is there."""
    path = folder / (sha256[:32] + (Path(given or "sound.wav").suffix or ".wav"))
    if not path.exists() or path.stat().st_size != len(content):
        with new_file(path) as partial:
            partial.write_bytes(content)
    check_sound(path, f"row {number}")
    return path
