"""What the topic tab works on: the visitor's documents and settings, within the page's limits."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.corpora.built_in import BUILT_IN
from grokaem.plain_text import is_blank, lines_of
from grokaem.topics.documents import encodable
from grokaem.topics.models import MODELS

if TYPE_CHECKING:
    from grokaem.corpora import Documents
    from grokaem.topics.method import Method

CHOSEN = ("nmf", "lda")  # the models that the page begins with, and names first
OWN = {"lines": "My lines", "file": "My file"}
MIN_DOCUMENTS = 10
MAX_DOCUMENTS = 2000
MAX_CHARACTERS = 1_000_000  # of all documents together
MAX_TOPICS = 30
FILE_TYPES = [".txt", ".csv", ".tsv", ".jsonl", ".parquet"]
LIMITS = (
    f"Limits: {MIN_DOCUMENTS} to {MAX_DOCUMENTS:,} documents of {MAX_CHARACTERS:,} characters together, files up to "
    f"20 MB, 2 to {MAX_TOPICS} topics, English and Russian stop words. A larger built-in corpus is sampled. "
    "Without a limit: `grokaem topics`."
)
LINES = """The council approved the new tram line along the river after a long debate
Commuters complain that the morning trains are late again this week
A second bridge would take the lorries out of the old town, the mayor said
The bus company orders forty electric buses for the city routes
Cyclists ask for a protected lane on the road to the station
Rain is expected in the north, with strong winds along the coast on Friday
Forecasters warn of frost tonight and a cold, clear weekend
The storm brought down trees and left the valley without power
After weeks of drought the first rain fell on the dry fields
Temperatures climb to thirty degrees as the heat returns to the south
The home side scored twice in the last ten minutes to win the match
Their goalkeeper saved a penalty and the final went to extra time
The coach praised the young striker after her third goal of the season
A late try settled the match in front of a full stadium
The champions lost at home for the first time this season"""


def title_of(corpus: str) -> str:
    """What a visitor calls a built-in corpus."""
    return BUILT_IN[corpus].title if corpus in BUILT_IN else corpus


def models_by_title() -> dict[str, Method]:
    """The topic models that the page offers, by the names a visitor reads, in the page's order."""
    keys = [*CHOSEN, *(key for key in MODELS if key not in CHOSEN)]
    return {MODELS[key].title: MODELS[key] for key in keys}


def collect_documents(
    source: str, lines: str, file: str | None, read_documents: Callable[[str], Documents], corpora: list[str]
) -> tuple[list[str], list[str] | None, list[str]]:
    """The documents that the visitor chose, within the limits of the page.

    Args:
        source (str): one of ``corpora``, ``lines`` or ``file``.
        lines (str): documents, one a line; read where ``source`` is ``lines``.
        file (str or None): path of an uploaded file; read where ``source`` is ``file``.
        read_documents (callable): a name or a path -> an object with ``texts``, ``labels`` and ``notes``.
        corpora (list of str): the built-in corpora that the page offers.

    Returns:
        tuple: documents that are not empty; the class of each, or None; remarks for the visitor.

    Raises:
        ValueError: no documents, too few, too many, or too long; with the remedy.
    """
    labels, notes = None, []
    if source == "lines":
        if len(lines or "") > MAX_CHARACTERS:
            raise ValueError(
                f"The pasted text has {len(lines):,} characters; the limit is {MAX_CHARACTERS:,}."
            )
        texts = lines_of(lines or "")
    elif source == "file" or source in corpora:
        if source == "file":
            _check_file(file)
        read = read_documents(file if source == "file" and file else source)
        texts, labels, notes = read.texts, read.labels, list(read.notes)
    else:
        choices = ", ".join([*corpora, *OWN])
        raise ValueError(f"The source of the documents is one of {choices}, not {source!r:.40}.")
    rows = [row for row, text in enumerate(texts) if text and not is_blank(text)]
    if source in corpora:
        rows, sampled = _sample(texts, rows)
        notes += sampled
    documents = [encodable(texts[row].strip()) for row in rows]
    _check_size(documents)
    return documents, labels and [labels[row] for row in rows], notes


def check_settings(models: list[str], n_topics: float) -> None:
    """Raises ValueError for models or a number of topics that the page does not offer."""
    offered = models_by_title()
    if not models:
        raise ValueError(f"Choose at least one topic model: {', '.join(offered)}.")
    for model in models:
        if model not in offered:
            raise ValueError(f"The topic model is one of {', '.join(offered)}, not {model!r:.40}.")
    if len(set(models)) < len(models):
        raise ValueError("A topic model is chosen twice; choose each once.")
    if not isinstance(n_topics, int | float) or not 2 <= n_topics <= MAX_TOPICS or n_topics != int(n_topics):
        raise ValueError(
            f"The number of topics is a whole number from 2 to {MAX_TOPICS}, not {n_topics!r:.40}."
        )


def _check_file(file: str | None) -> None:
    if not file:
        raise ValueError(f"Choose a file first ({', '.join(FILE_TYPES)}).")
    if Path(file).suffix.lower() not in FILE_TYPES:
        raise ValueError(
            f"{Path(file).name} is not a file of documents; give one of {', '.join(FILE_TYPES)}."
        )


def _sample(texts: list[str], rows: list[int]) -> tuple[list[int], list[str]]:
    """As many documents of a built-in corpus as the limits allow, drawn with seed 0."""
    order = list(rows)
    random.Random(0).shuffle(order)
    chosen, characters = [], 0
    for row in order[:MAX_DOCUMENTS]:
        characters += len(texts[row])
        if characters > MAX_CHARACTERS:
            break
        chosen.append(row)
    if len(chosen) == len(rows):
        return rows, []
    return sorted(chosen), [f"a random sample of {len(chosen):,} of {len(rows):,} documents"]


def _check_size(documents: list[str]) -> None:
    if len(documents) < MIN_DOCUMENTS:
        are = "is 1" if len(documents) == 1 else f"are {len(documents)}"
        raise ValueError(f"Topics need at least {MIN_DOCUMENTS} documents, one a line; here {are}.")
    if len(documents) > MAX_DOCUMENTS:
        raise ValueError(
            f"{len(documents):,} documents are too many for this page; give at most {MAX_DOCUMENTS:,}."
        )
    characters = sum(map(len, documents))
    if characters > MAX_CHARACTERS:
        raise ValueError(
            f"The documents have {characters:,} characters together; the limit is {MAX_CHARACTERS:,}."
        )
