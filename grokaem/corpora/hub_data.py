"""A labelled data set of the Hub, by its name, read with the `datasets` library."""

from __future__ import annotations

import os
import re
from pathlib import Path

from grokaem import kinds
from grokaem.corpora.columns import choose_columns
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.labelled_rows import count_noun, sorted_labels
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.parts import VALIDATION_NAMES, own_parts
from grokaem.corpora.reader import TableReader, reader_of
from grokaem.identity import COMMIT

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
        task (str, optional): key of a kind. (Default: the kind that has a column of its own, as sounds have)
        text_column (str, optional): of every kind: the column of the input. (Default: recognised)
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
    reader, own, others = _reader(next(iter(parts.values())).features, task, text_column)
    text_column = reader.hub_column(name, columns, own, text_column)
    if others:
        parts = {part: data.remove_columns(others) for part, data in parts.items()}
        columns = [column for column in columns if column not in others]
    column, label, notes = choose_columns(name, columns, text_column, label_column, reader.kind.columns)
    parts = {part: reader.hub_prepared(data, column) for part, data in parts.items()}
    data = next(iter(parts.values()))
    label_names = list(getattr(data.features[label], "names", None) or []) or None
    pairs, origin = _pairs(name, parts, column, label, label_names, notes)
    rows, groups = reader.hub_rows(name, pairs, origin, column, label)
    rows.notes[:0] = notes
    groups = own_parts(name, rows, groups)
    return make_corpus(
        name,
        rows,
        groups,
        name=name,
        task=reader.kind.key,
        revision=commit or revision or "unknown",
        parts=rows.parts,
        label_names=label_names or sorted_labels(rows.labels),
        classes=classes,
        license=data.info.license or "see the data set's page on the Hub",
    )


def _reader(
    features: dict[str, object], task: str | None, text_column: str | None
) -> tuple[TableReader, list[str], list[str]]:
    """What reads a data set, the columns that hold its kind alone, and those that hold another alone."""
    readers = {kind.key: reader_of(kind) for kind in kinds.KINDS.values()}
    own = {key: reader.hub_columns(features) for key, reader in readers.items()}
    if task is None:
        held = (key for key, columns in own.items() if columns and text_column not in set(features) - set(columns))
        task = next(held, kinds.default().key)
    others = [column for key, columns in own.items() if key != task for column in columns]
    return readers[task], own[task], others


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
