"""What can be classified: every kind of input as an object, and the table of them.

Code asks a kind's attributes, never its key. This file imports nothing of ours: classifier, workload and reader are
names that are resolved when they are first asked for. ``training/tasks.py`` and ``exporting/sources.py`` hold tables
with the same keys, for the library may not import them; docs/extending.md says how a kind is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

Entry = TypeVar("Entry")
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz: below is no sound to classify, above no recorder


@dataclass(frozen=True)
class Limit:
    """What a setting in an export's ``config.json`` may be.

    Attributes:
        number (type): ``int``, or ``float`` for any number; a float is never 0.
        least, most (int): its bounds, both allowed.
        optional (bool): it may be missing. (Default: ``False``)
        within (tuple of str): another setting that it may not exceed, where that is there, and what the model then has
            that many of. (Default: none)
    """

    number: type[int] | type[float]
    least: int
    most: int
    optional: bool = False
    within: tuple[str, str] | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        key (str): as ``--task`` and the records have it.
        thing (str): what one input is called.
        title (str): what several are called.
        columns (tuple of str): names by which the column of inputs is known in a table, the likeliest first.
        limits (dict): of the settings in an export's ``config.json``, by their names.
        classifier (str): ``module:name`` of what runs an export, a :class:`grokaem.inference.classifier.Classifier`.
        workload (str): ``module:name`` of what the planner asks, a :class:`grokaem.memory.workload.Workload`.
        reader (str): ``module:name`` of what reads labelled data, a :class:`grokaem.corpora.reader.Reader`.
            (Default: tables, each cell as it stands)
        files (tuple of str): what an export needs beside graph and settings. (Default: nothing)
        shown (bool): an input can be printed, in a model card for instance. (Default: ``False``)
        variable (str): the environment variable that names the model the page serves. (Default: the page serves none)
    """

    key: str
    thing: str
    title: str
    columns: tuple[str, ...]
    limits: Mapping[str, Limit]
    classifier: str
    workload: str
    reader: str = "grokaem.corpora.reader:TableReader"
    files: tuple[str, ...] = ()
    shown: bool = field(default=False, kw_only=True)
    variable: str = field(default="", kw_only=True)

    def resolved(self, attribute: str) -> Any:  # what it names may be of any room, which this file cannot know
        """What ``classifier``, ``workload`` or ``reader`` names; imported now.

        Args:
            attribute (str): one of the three.
        """
        return resolve(getattr(self, attribute))


TEXT = Kind(
    "text",
    "text",
    "texts",
    ("text", "sentence", "content", "document", "review", "comment", "message", "body", "tweet"),
    {
        "max_length": Limit(int, 1, 1_000_000, within=("max_position_embeddings", "positions")),
        "pad_token_id": Limit(int, 0, 1 << 31, optional=True),
    },
    "grokaem.inference.text_classifier:TextClassifier",
    "grokaem.memory.text_workload:TextWorkload",
    "grokaem.corpora.text_reader:TextReader",
    ("tokenizer.json",),
    shown=True,
    variable="MODEL_ID",
)
AUDIO = Kind(
    "audio",
    "sound",
    "sounds",
    ("audio", "sound", "clip", "file", "path", "text"),
    {"sample_rate": Limit(int, LOWEST_RATE, HIGHEST_RATE), "max_seconds": Limit(float, 0, 86_400)},
    "grokaem.inference.audio_classifier:AudioClassifier",
    "grokaem.memory.audio_workload:AudioWorkload",
    "grokaem.corpora.sound_reader:SoundReader",
    variable="AUDIO_MODEL_ID",
)
KINDS = {
    "text": TEXT,
    "audio": AUDIO,
}


def find(key: str) -> Kind:
    """The kind of a key.

    Raises:
        ValueError: there is none.
    """
    return entry_of(KINDS, key)


def default() -> Kind:
    """The kind that is meant where none is named: the first of the table."""
    return next(iter(KINDS.values()))


def served() -> list[Kind]:
    """The kinds of which the page serves a model."""
    return [kind for kind in KINDS.values() if kind.variable]


def entry_of(table: Mapping[str, Entry], key: str) -> Entry:
    """What a table by kinds, this one or an application's, has for a key.

    Raises:
        ValueError: nothing.
    """
    if key not in table:
        raise ValueError(f"there is no task {key!r}: choose {' or '.join(table)}.")
    return table[key]


def resolve(name: str) -> Any:  # see Kind.resolved
    """What ``module:name`` names; imported now."""
    module, _, member = name.partition(":")
    return getattr(import_module(module), member)
