"""The topic tab's downloads: topics, and each document's mixture of them, as CSV files."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from demos.topic_summary import Summary, excerpt, topic_names
from grokaem.plain_text import spreadsheet


def write_tables(summary: Summary, documents: list[str], folder: Path) -> tuple[str, str]:
    """Writes ``topics.csv`` and ``document_topics.csv`` into a new folder inside ``folder``.

    Args:
        summary (dict): from ``demos.topic_summary.summarize``.
        documents (list of str): the corpus.
        folder (Path): where the page's files lie.

    Returns:
        tuple: the two paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="topics-", dir=folder))
    topics: list[list[str | int]] = [["topic", "share", "rank", "word", "weight"]]
    for number, topic in enumerate(summary["topics"], start=1):
        for rank, (word, weight) in enumerate(topic["words"], start=1):
            topics.append([number, f"{topic['share']:.6f}", rank, spreadsheet(word), f"{weight:.6g}"])
    names = topic_names(summary)
    mixtures: list[list[str | int]] = [["document", "text", "main topic", *(f"topic {name}" for name in names)]]
    for number, (document, mixture) in enumerate(zip(documents, summary["mixtures"], strict=True), start=1):
        shares = [f"{share:.6f}" for share in mixture]
        mixtures.append([number, spreadsheet(excerpt(document)), int(mixture.argmax()) + 1, *shares])
    paths = target / "topics.csv", target / "document_topics.csv"
    for path, rows in zip(paths, (topics, mixtures), strict=True):
        # With a byte order mark, without which Excel takes Cyrillic for Latin.
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(rows)
    return str(paths[0]), str(paths[1])

