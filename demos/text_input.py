"""What the text tab works on: a text, and the names of labels, within the page's limits."""

from __future__ import annotations

from grokaem.plain_text import is_blank, terminal
from grokaem.topics.documents import encodable

MAX_CHARACTERS = 2000
MAX_LABELS = 20
MAX_LABEL_CHARACTERS = 60


def parse_labels(labels: str) -> list[str]:
    """The label names of a comma-separated line, without repetitions; control characters in them are written out.

    Args:
        labels (str): names, separated by commas or line ends.

    Returns:
        list of str: 2 to 20 names, or none where the line is blank.

    Raises:
        ValueError: one name only, too many, or one too long.
    """
    names = [terminal(name.strip()) for name in str(labels or "").replace("\n", ",").split(",")]
    names = list(dict.fromkeys(name for name in names if name))
    if len(names) == 1:
        raise ValueError(
            f"One label leaves nothing to choose; give at least two, such as {names[0]:.40}, other."
        )
    if len(names) > MAX_LABELS:
        raise ValueError(f"{len(names)} labels are too many for this page; give at most {MAX_LABELS}.")
    for name in names:
        if len(name) > MAX_LABEL_CHARACTERS:
            raise ValueError(
                f"The label {name[:20]}… is longer than {MAX_LABEL_CHARACTERS} characters; shorten it."
            )
    return names


def check_text(text: str) -> str:
    """The text without the blanks around it and without lone surrogates, which cannot be sent.

    Raises:
        ValueError: nothing in it, or more than the page takes.
    """
    text = encodable(str(text or "")).strip()
    if is_blank(text):
        raise ValueError("There is no text to classify; type a sentence.")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"The text has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}.")
    return text
