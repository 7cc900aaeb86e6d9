"""What the topic tab works on: the visitor's documents and settings, within the page's limits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demos.topic_file import check_type, text_column_of
from grokaem.corpora.built_in import BUILT_IN
from grokaem.plain_text import is_blank, lines_of
from grokaem.text.vectorize import WORDS_AND_NUMBERS
from grokaem.topics.documents import encodable
from grokaem.topics.models import MODELS

if TYPE_CHECKING:
    from grokaem.corpora import Documents
    from grokaem.topics.method import Method

CHOSEN = ("nmf", "lda")  # the models that the page begins with, and names first
OWN = ("lines", "file")  # sources of the visitor's own
N_TOPICS = 8
MIN_DOCUMENTS = 10
MAX_DOCUMENTS = 2000
MAX_CHARACTERS = 1_000_000  # of all documents together
MAX_TOPICS = 30
MAX_LEFT_OUT = 500  # words
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


@dataclass(frozen=True)
class Asked:
    """What a visitor asks of the topic tab.

    Attributes:
        source: "lines", "file" or a built-in corpus.
        lines: documents, one a line, for "lines".
        file: path of an uploaded file, for "file".
        column: of the texts, in a file that is a table; empty to have it recognised.
        models: titles of topic models.
        n_topics: how many topics; words that are no number are refused.
        left_out: words that take no part besides the stop words, as typed.
    """

    source: str
    lines: str = ""
    file: str | None = None
    column: str = ""
    models: tuple[str, ...] = ("NMF",)
    n_topics: float | str = N_TOPICS
    left_out: str = ""


def title_of(corpus: str) -> str:
    """What a visitor calls a built-in corpus."""
    return BUILT_IN[corpus].title if corpus in BUILT_IN else corpus


def models_by_title() -> dict[str, Method]:
    """The topic models that the page offers, by the names a visitor reads, in the page's order."""
    keys = [*CHOSEN, *(key for key in MODELS if key not in CHOSEN)]
    return {MODELS[key].title: MODELS[key] for key in keys}


def collect_documents(
    asked: Asked, read_documents: Callable[..., Documents], corpora: list[str]
) -> tuple[list[str], list[str] | None, list[str]]:
    """The documents that the visitor chose, within the limits of the page.

    Args:
        asked (Asked): source, lines, file and column.
        read_documents (callable): a name or a path, and ``text_column`` -> an object with ``texts``, ``labels`` and
            ``notes``.
        corpora (list of str): the built-in corpora that the page offers.

    Returns:
        tuple: documents that are not empty; the class of each, or None; remarks for the visitor.

    Raises:
        ValueError: no documents, too few, too many, or too long; with the remedy.
    """
    labels, notes = None, []
    source, lines = asked.source, asked.lines or ""
    if source == "lines":
        if len(lines) > MAX_CHARACTERS:
            raise ValueError(
                f"The pasted text has {len(lines):,} characters; the limit is {MAX_CHARACTERS:,}."
            )
        texts = lines_of(lines)
    elif source == "file":
        path = str(check_type(asked.file))
        read = read_documents(path, text_column=text_column_of(path, asked.column or None))
        texts, labels, notes = read.texts, read.labels, list(read.notes)
    elif source in corpora:
        read = read_documents(source)
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


def check_settings(asked: Asked) -> None:
    """Raises ValueError for models, a number of topics or words to leave out that the page does not take."""
    offered = models_by_title()
    if not asked.models:
        raise ValueError(f"Choose at least one topic model: {', '.join(offered)}.")
    for model in asked.models:
        if model not in offered:
            raise ValueError(f"The topic model is one of {', '.join(offered)}, not {model!r:.40}.")
    if len(set(asked.models)) < len(asked.models):
        raise ValueError("A topic model is chosen twice; choose each once.")
    n_topics = asked.n_topics
    if not isinstance(n_topics, int | float) or not 2 <= n_topics <= MAX_TOPICS or n_topics != int(n_topics):
        raise ValueError(
            f"The number of topics is a whole number from 2 to {MAX_TOPICS}, not {n_topics!r:.40}."
        )
    words = len(left_out_words(asked.left_out))
    if words > MAX_LEFT_OUT:
        raise ValueError(f"{words:,} words to leave out are too many; give at most {MAX_LEFT_OUT}.")


def left_out_words(typed: str) -> tuple[str, ...]:
    """The words of a text, in lower case, each once, in the order of the alphabet."""
    return tuple(sorted(set(re.findall(WORDS_AND_NUMBERS, (typed or "").lower()))))


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
