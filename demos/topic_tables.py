"""The topic tab's downloads: topics and each document's mixture of them as CSV files, all models as one zip."""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from demos.topic_summary import MEASURES, Fitted, Summary, excerpt, topic_names
from grokaem.plain_text import spreadsheet


class Files(NamedTuple):
    """Paths of what can be downloaded."""

    topics: str
    mixtures: str
    everything: str


def write_files(fitted: Fitted, model: str, folder: Path) -> Files:
    """Writes ``topics.csv``, ``document_topics.csv`` and ``topics.zip`` into a new folder inside ``folder``.

    Args:
        fitted (Fitted): all models; the zip holds both tables of each, and their measures.
        model (str): whose tables stand beside the zip.
        folder (Path): where the page's files lie.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="topics-", dir=folder))
    topics, mixtures = target / "topics.csv", target / "document_topics.csv"
    everything = target / "topics.zip"
    with zipfile.ZipFile(everything, "w", zipfile.ZIP_DEFLATED) as archive:
        measures = target / "models.csv"
        _write(measures, [["model", *MEASURES], *_measure_rows(fitted)])
        archive.write(measures, measures.name)
        for each in sorted(fitted.summaries, key=lambda title: title == model):  # the one that stays is written last
            _write(topics, _topic_rows(fitted.summaries[each]))
            _write(mixtures, _mixture_rows(fitted.summaries[each], fitted.documents))
            name = each.replace("/", "-")
            archive.write(topics, f"{name}/{topics.name}")
            archive.write(mixtures, f"{name}/{mixtures.name}")
    measures.unlink()
    return Files(str(topics), str(mixtures), str(everything))


def _measure_rows(fitted: Fitted) -> list[list[object]]:
    rows = []
    for model, summary in fitted.summaries.items():
        values = [summary["measures"].get(measure) for measure in MEASURES]
        rows.append([model, *("" if value is None else f"{value:.6g}" for value in values)])
    return rows


def _topic_rows(summary: Summary) -> list[list[object]]:
    rows: list[list[object]] = [["topic", "share", "rank", "word", "weight"]]
    for number, topic in enumerate(summary["topics"], start=1):
        for rank, (word, weight) in enumerate(topic["words"], start=1):
            rows.append([number, f"{topic['share']:.6f}", rank, spreadsheet(word), f"{weight:.6g}"])
    return rows


def _mixture_rows(summary: Summary, documents: Sequence[str]) -> list[list[object]]:
    names = topic_names(summary)
    rows: list[list[object]] = [["document", "text", "main topic", *(f"topic {name}" for name in names)]]
    for number, (document, mixture) in enumerate(zip(documents, summary["mixtures"], strict=True), start=1):
        shares = [f"{share:.4f}" for share in mixture.astype(float)]  # kept in half precision
        rows.append([number, spreadsheet(excerpt(document)), int(mixture.argmax()) + 1, *shares])
    return rows


def _write(path: Path, rows: list[list[object]]) -> None:
    # With a byte order mark, without which Excel takes Cyrillic for Latin.
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
