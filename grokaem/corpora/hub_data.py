"""A labelled data set of the Hub, by its name, read with the `datasets` library."""

from __future__ import annotations

import os
import re
from pathlib import Path

from grokaem.atomic import new_file
from grokaem.cache import cache_folder
from grokaem.corpora.columns import choose_columns
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.label_names import unify_labels
from grokaem.corpora.labelled_rows import (
    Distinct,
    LabelledRows,
    as_label,
    check_most,
    count_noun,
    labelled_texts,
    sorted_labels,
)
from grokaem.corpora.lost_classes import lost_classes
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.parts import VALIDATION_NAMES, own_parts
from grokaem.corpora.sounds import check_sound, groups_of_sounds
from grokaem.corpora.splitting import digest, group_near_duplicates
from grokaem.identity import COMMIT
from grokaem.plain_text import as_reason

NAME = re.compile(r"^[A-Za-z0-9][\w.-]*(/[\w.-]+)?(:[\w.-]+)?$")


def load(
    name: str,
    *,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    revision: str | None = None,
    classes: list[str] | None = None,
    token: str | None = None,
) -> Corpus:
    """Downloads (or takes from its cache) a data set and splits it.

    The data set's own parts are used where it has them. Without a test part its validation part is the
    test; a part that is missing after that is chosen out of train by hash. Code that a data set brings is
    never run. Once downloaded it is read without a network.

    Args:
        name (str): ``owner/name``, or ``owner/name:configuration``.
        task (str, optional): ``"text"`` or ``"audio"``. (Default: audio where there is an audio column)
        text_column (str, optional): for audio too: the column of the input. (Default: recognised)
        label_column (str, optional): the column of the class. (Default: recognised)
        revision (str, optional): branch, tag or commit. (Default: the newest)
        classes (list of str, optional): keep only these. (Default: all)
        token (str, optional): for a private data set. (Default: ``HF_TOKEN`` or the login)

    Raises:
        ValueError: no such data set, or one that cannot be used.
        ConnectionError: the Hub cannot be reached and the data set is not in the cache, or at another commit.
    """
    parts = _download(name, revision, token)
    commit = _commit(next(iter(parts.values())))
    _check_commit(name, revision, commit)
    columns = list(next(iter(parts.values())).features)
    sounds = [c for c, feature in next(iter(parts.values())).features.items() if type(feature).__name__ == "Audio"]
    task = task or ("audio" if sounds and text_column not in set(columns) - set(sounds) else "text")
    if task == "audio":
        if not sounds:
            raise ValueError(f"{name} has no column of sounds: its columns are {', '.join(columns)}.")
        text_column = text_column or sounds[0]
    elif sounds:
        parts = {part: data.remove_columns(sounds) for part, data in parts.items()}
        columns = [column for column in columns if column not in sounds]
    column, label, notes = choose_columns(name, columns, text_column, label_column)
    if task == "audio":
        from datasets import Audio

        parts = {part: data.cast_column(column, Audio(decode=False)) for part, data in parts.items()}
    data = next(iter(parts.values()))
    label_names = list(getattr(data.features[label], "names", None) or []) or None
    pairs, origin = _pairs(name, parts, column, label, label_names, notes)
    if task == "text":
        numbered = enumerate(zip(pairs, origin, strict=True), start=1)
        rows = labelled_texts(name, ((i, *pair, part) for i, (pair, part) in numbered), label, column, str)
        groups = group_near_duplicates(rows.inputs)
    else:
        rows = _sounds(name, pairs, origin, label)
        groups = groups_of_sounds(rows.inputs)
    rows.notes[:0] = notes
    groups = own_parts(name, rows, groups)
    return make_corpus(
        name,
        rows,
        groups,
        name=name,
        task=task,
        revision=commit or revision or "unknown",
        parts=rows.parts,
        label_names=label_names or sorted_labels(rows.labels),
        classes=classes,
        license=data.info.license or "see the data set's page on the Hub",
    )


def _pairs(
    name: str, parts: dict, column: str, label: str, label_names: list[str] | None, notes: list[str]
) -> tuple[list[tuple], list[str]]:
    """Input and label of every labelled row, and the part of each; ``notes`` says what was dropped."""
    pairs, origin = [], []
    for part, data in parts.items():
        values = zip(data[column], data[label], strict=True)
        named = [(value, _label_name(index, label_names)) for value, index in values]
        kept = [(value, text) for value, text in named if not (label_names and text is None)]
        if len(kept) < len(named):
            notes.append(
                f"dropped {count_noun(len(named) - len(kept), 'unlabelled row')} of {name}, part {part}"
            )
        pairs += kept
        origin += [part] * len(kept)
    if not pairs:
        raise ValueError(f"{name} has no labelled row: choose another column with --label-column.")
    return pairs, origin


def _download(name: str, revision: str | None, token: str | None) -> dict:
    import datasets

    path, _, configuration = name.partition(":")
    try:
        loaded = datasets.load_dataset(path, configuration or None, revision=revision, token=token)
    except datasets.exceptions.DatasetNotFoundError as error:
        if "Revision" in str(error):
            raise ValueError(
                f"the data set {path} no longer has the revision {revision}, its owner has rewritten it: train again."
            ) from None
        raise ValueError(
            f"no data set {path} is built in, on this disk or readable on the Hub: check the name, "
            f"or log in if it is private ({_first_line(error)})."
        ) from None
    except (ConnectionError, OSError, RuntimeError) as error:
        # A RuntimeError too: after a refused connection huggingface_hub tries again on a client it has closed.
        if isinstance(error, RuntimeError) and "client has been closed" not in str(error):
            raise ValueError(
                f"the data set {path} cannot be read ({_first_line(error)}): give other data, or a file of it."
            ) from None
        raise ConnectionError(
            f"cannot reach the Hub for the data set {path}, and it is neither in the cache nor a file or folder here "
            f"(looked in {os.getcwd()}): check the network, give a file or a built-in data set ({_first_line(error)})."
        ) from None
    except ValueError as error:
        message = " ".join(str(error).split())
        if "Config name is missing" in message:
            names = message.split("available configs:")[-1].split("Example")[0].strip()
            raise ValueError(f"{path} has several configurations {names[:300]}: write {path}:NAME.") from None
        raise ValueError(
            f"the data set {path} cannot be read ({_first_line(error)}): give other data, or a file of it."
        ) from None
    # "unsupervised" (IMDb) and the like hold no labels to learn from.
    wanted = ("train", *VALIDATION_NAMES, "test")
    known = {part: data for part, data in loaded.items() if part in wanted}
    return known or dict(loaded)


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


def _label_name(value: object, label_names: list[str] | None) -> object:
    if label_names is None or not isinstance(value, int):
        return value
    return label_names[value] if 0 <= value < len(label_names) else None


def _check_commit(name: str, wanted: str | None, found: str | None) -> None:
    """Without a network `datasets` gives what its cache took last, whatever commit is asked for."""
    if wanted is not None and COMMIT.fullmatch(wanted) and found != wanted:
        raise ConnectionError(
            f"the data set {name} is wanted at commit {wanted[:12]}, and the Hub cannot be reached while the cache "
            f"gives {'commit ' + found[:12] if found else 'another'}: check the network, then run again."
        )


def _commit(data) -> str | None:
    """The commit the files came from; the cache keeps each commit in a folder of that name."""
    for file in data.cache_files:
        for part in reversed(Path(file["filename"]).parts[:-1]):
            if COMMIT.fullmatch(part):
                return part
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
