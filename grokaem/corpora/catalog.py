"""From a name or a path to a corpus."""

from __future__ import annotations

from pathlib import Path

from grokaem import kinds
from grokaem.corpora.built_in import BUILT_IN
from grokaem.corpora.corpus import Corpus, Documents
from grokaem.corpora.limits import COMMAND, Limits
from grokaem.corpora.reader import Asked, reader_of


def names(task: str | None = None) -> list[str]:
    """The built-in data sets.

    Args:
        task (str, optional): only those of this kind. (Default: all)

    Returns:
        list of str: names that :func:`load` takes.
    """
    return [key for key, entry in BUILT_IN.items() if entry.load and task in (None, entry.task)]


def readable() -> list[str]:
    """The corpora that :func:`read_documents` reads by their names, in the order of the list."""
    return [key for key, entry in BUILT_IN.items() if entry.offered]


def available_offline(only_free: bool = False) -> list[str]:
    """The corpora that :func:`read_documents` reads without a download: those that come along or were fetched before.

    Args:
        only_free (bool, optional): only those whose licence lets anybody show them. (Default: ``False``)

    Returns:
        list of str: ``definitions``, which travels with the library, first.
    """
    return [key for key in readable() if BUILT_IN[key].at_hand and (BUILT_IN[key].free or not only_free)]


def load(
    name_or_path: str,
    *,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    fold: int = 0,
    revision: str | None = None,
    classes: list[str] | None = None,
    also_train_on: str | None = None,
    also_revision: str | None = None,
    train_on_validation: bool = False,
    only_training: bool = False,
    limits: Limits = COMMAND,
    token: str | None = None,
) -> Corpus:
    """Loads a labelled data set, split into train, validation and test.

    Args:
        name_or_path (str): a built-in name (:func:`names`); a CSV, TSV, JSONL or Parquet file; a folder of
            class-named folders of sound or text files; or the name of a data set on the Hub. A built-in name comes
            before a file of that name; write ``./drums`` for the file.
        task (str, optional): key of a kind, such as ``"text"``; another kind of data is then an error.
            (Default: what the data is)
        text_column (str, optional): of a table or Hub data set. (Default: recognised, and announced)
        label_column (str, optional): of a table or Hub data set. (Default: recognised, and announced)
        fold (int, optional): which drum kits are tested, 0 to 4; only for ``drums``. (Default: 0)
        revision (str, optional): of a Hub data set. (Default: the newest)
        classes (list of str, optional): keep only these classes. (Default: all)
        also_train_on (str, optional): further data of the same classes, named as ``name_or_path`` is, all of it
            for the training part; see :meth:`Corpus.with_training_data`. A table's columns are named as those of
            ``name_or_path``. (Default: none)
        also_revision (str, optional): of ``also_train_on``, as ``revision``. (Default: the newest)
        train_on_validation (bool, optional): the training part holds the validation part too, for a last run
            after everything is chosen. (Default: ``False``)
        only_training (bool, optional): a file or folder of yours is a training part and nothing else, however
            small it is: what ``also_train_on`` reads. (Default: ``False``)
        limits (Limits, optional): how much of a file is read; ``grokaem.corpora.PAGE`` for a shared machine.
            (Default: ``grokaem.corpora.COMMAND``)
        token (str, optional): for a private data set of the Hub. (Default: ``HF_TOKEN`` or the login)

    Returns:
        Corpus: deterministic; ``notes`` says what was dropped or recognised, ``set_aside`` what could not be used.

    Raises:
        FileNotFoundError: a path at which there is nothing.
        ValueError: data that cannot be used, in one sentence with the remedy.
        RuntimeError: a package that cannot be fetched, with the remedy.
    """
    name = str(name_or_path)
    if task is not None:
        kinds.find(task)
    entry = BUILT_IN.get(name)
    if fold and (entry is None or entry.folds == 1):
        folded = ", ".join(key for key, each in BUILT_IN.items() if each.folds > 1)
        raise ValueError(f"{name} has no folds: leave out --fold, which is for {folded}.")
    if entry is not None and task not in (None, entry.task):
        raise ValueError(f"{name} is for the task {entry.task}: choose one of {', '.join(names(task))}.")
    if entry is not None and entry.load:
        corpus = entry.load(classes, fold)
    elif (path := _path(name)) is not None:
        corpus = _own(path, task, Asked(text_column, label_column, classes, only_training, limits))
    else:
        from grokaem.corpora import hub_data

        if not hub_data.NAME.match(name):
            raise ValueError(
                f"{name!r} is no data set: give {', '.join(names())}, a file, a folder or owner/name."
            )
        corpus = hub_data.load(
            name,
            task=task,
            text_column=text_column,
            label_column=label_column,
            revision=revision,
            classes=classes,
            token=token,
        )
    if task not in (None, corpus.task):
        raise ValueError(
            f"{name} is {corpus.task} and the task is {task}: choose other data or --task {corpus.task}."
        )
    if also_train_on:
        other = load(
            also_train_on,
            task=corpus.task,
            text_column=text_column,
            label_column=label_column,
            revision=also_revision,
            only_training=True,
            limits=limits,
            token=token,
        )
        corpus = corpus.with_training_data(other)
    return corpus.with_validation_in_training() if train_on_validation else corpus


def check_columns(
    name_or_path: str, text_column: str | None = None, label_column: str | None = None, task: str | None = None
) -> None:
    """Finds, before any work and by the header of a table alone, columns that are named and are not there.

    A data set of the Hub is not asked.

    Args:
        name_or_path (str): as :func:`load` takes it.
        text_column (str, optional): as the user says.
        label_column (str, optional): as the user says.
        task (str, optional): key of the kind. (Default: texts)

    Raises:
        FileNotFoundError: a path at which there is nothing.
        ValueError: no such column, or data that has none.
    """
    path = None if name_or_path in BUILT_IN else _path(name_or_path)
    if path is None and name_or_path not in BUILT_IN:
        return
    if path is not None:
        _check_there(path)
        if not path.is_dir():
            from grokaem.corpora.columns import choose_columns
            from grokaem.corpora.tables import read_table

            reader = reader_of(kinds.find(task or kinds.default().key))
            if reader.reads_tables:  # the others say so when they are asked to
                names = reader.kind.columns
                choose_columns(path.name, read_table(path).columns, text_column, label_column, names)
            return
    for flag, column in (("--text-column", text_column), ("--label-column", label_column)):
        if column is not None:
            raise ValueError(f"{name_or_path} has no columns: leave out {flag}.")


def read_documents(
    name_or_path: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    limits: Limits = COMMAND,
) -> Documents:
    """Reads texts for topic modelling.

    Args:
        name_or_path (str): a built-in text data set, a ``.txt`` file with one document a
            line, a CSV, TSV, JSONL or Parquet file, a folder of class folders of ``.txt`` files, or a labelled
            data set of the Hub.
        text_column (str, optional): of a table. (Default: recognised, and announced)
        label_column (str, optional): of a table. (Default: a column called label, if there is one)
        limits (Limits, optional): how much of a file is read. (Default: ``grokaem.corpora.COMMAND``)

    Returns:
        Documents: labels where the source has them.

    Raises:
        FileNotFoundError: a path at which there is nothing.
        ValueError: data that cannot be used, in one sentence with the remedy.
    """
    from grokaem.corpora import documents

    name = str(name_or_path)
    entry = BUILT_IN.get(name)
    if entry is not None and entry.documents:
        return entry.documents()
    path = None if entry is not None else _path(name)
    if path is not None and path.is_dir() and not reader_of(kinds.default()).holds(path):
        raise ValueError(f"{name} is a folder: give a text file with one document a line, or a table.")
    if path is not None and not path.is_dir():
        return documents.from_file(path, text_column, label_column, limits)
    corpus = load(name, task="text", text_column=text_column, label_column=label_column, limits=limits)
    return documents.from_corpus(corpus)


def _own(path: Path, task: str | None, asked: Asked) -> Corpus:
    _check_there(path)
    if not path.is_dir():
        return reader_of(kinds.find(task or kinds.default().key)).table(path, asked)
    readers = {kind.key: reader_of(kind) for kind in kinds.KINDS.values()}
    held = next((key for key, reader in readers.items() if reader.holds(path)), None)
    if task is not None and held is not None and not readers[task].holds(path):
        raise ValueError(f"{path} is {held} and the task is {task}: choose other data or --task {held}.")
    if task is None and held is None:
        held = next(key for key, reader in reversed(readers.items()) if reader.reads_folders)  # to say what is missing
    return readers[task or held or kinds.default().key].folder(path, asked)


def _check_there(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(
            f"there is no file or folder {path}: check the name (built-in data sets are {', '.join(names())})."
        )


def _path(name: str) -> Path | None:
    """The file or folder that is meant; None for the name of a data set on the Hub."""
    from grokaem.corpora.tables import SUFFIXES

    try:
        path = Path(name).expanduser()
        exists = path.exists()
    except (RuntimeError, OSError, ValueError):  # ~nobody, a name longer than any, a NUL in it
        path, exists = Path(name), False
    if not exists:
        from grokaem.hub.local import check_not_ours

        check_not_ours(name, kind="file or folder")
    looks_like_one = (
        name.startswith((".", "/", "~"))
        or name.count("/") > 1
        or path.suffix.lower() in (*SUFFIXES, ".txt")
    )
    return path if exists or looks_like_one else None
