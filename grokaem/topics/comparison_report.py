"""The comparison as one HTML file that needs no network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.atomic import write_text
from grokaem.figure import REPORT_STYLE, Figure, to_html
from grokaem.plain_text import terminal
from grokaem.topics import figures
from grokaem.topics.coherence import C_V_WARNING
from grokaem.topics.model import TopicModel

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.scoring import Result

COLUMNS = (
    ("model", "model", ""),
    ("n_topics", "topics", "d"),
    ("c_npmi", "NPMI", ".3f"),
    ("u_mass", "u_mass", ".2f"),
    ("c_uci", "c_uci", ".2f"),
    ("c_v", "c_v*", ".3f"),
    ("diversity", "diversity", ".2f"),
    ("stability", "stability", ".2f"),
    ("nmi", "NMI", ".3f"),
    ("seconds", "seconds", ".1f"),
    ("peak_mib", "peak MiB", ".0f"),
)


def cells(result: Result) -> list[str]:
    """One row of the table as text; a dash for what could not be told."""
    row = []
    for key, _, form in COLUMNS:
        value = result.get(key)
        row.append("–" if value is None else format(value, form))
    return row


def reasons_of_dashes(labels: list[str] | None, seeds: int) -> list[str]:
    """Why a whole column of the table has dashes, and what fills it."""
    reasons = []
    if labels is None:
        reasons.append("NMI compares with known classes: --labels names their column")
    if seeds < 2:
        reasons.append("stability compares runs: --seeds 2 makes two of each model")
    return reasons


def print_table(name: str, documents: list[str], results: list[Result], notes: list[str]) -> None:
    """The comparison for a terminal: a row a model, what the reader must know, then each model's topics."""
    rows = [[title for _, title, _ in COLUMNS], *(cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    print(f"{name}: {len(documents):,} documents")
    for row in rows:
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([first, *rest]))
    for note in notes:
        print(terminal(note))
    for result in results:
        print(f"\n{result['model']}")
        for note in result["notes"]:
            print(f"  ({terminal(note)})")
        for number, topic in enumerate(result["topics"], 1):
            print(f"  {number:>3}  {' '.join(word for word, _ in topic)}")


def write_report(
    path: Path,
    title: str,
    results: list[Result],
    models: list[TopicModel],
    documents: list[str],
    places: np.ndarray,
    labels: list[str] | None,
    curves: dict[str, dict[int, float | None]],
    notes: list[str],
) -> None:
    """Writes the report.

    Args:
        path (Path): the file; its folder exists.
        title (str): the corpus.
        results (list of dict): one a model, from ``grokaem.topics.scoring.evaluate``.
        models (list of TopicModel): the fitted models, in the same order.
        documents (list of str): the corpus.
        places (ndarray): shape (n_documents, 2), from ``grokaem.topics.document_map.document_map``.
        labels (list of str or None): known classes.
        curves (dict): model -> number of topics -> NPMI.
        notes (list of str): what the reader must know.
    """
    parts = [f"<h1>Topics of {html.escape(title)}</h1>"]
    parts.append(f"<p>{len(documents):,} documents.</p>")
    head = "".join(f"<th>{name}</th>" for _, name, _ in COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(result)) + "</tr>"
        for result in results
    )
    parts.append(f"<table><tr>{head}</tr>{body}</table>")
    parts.append(f"<p class=note>* {html.escape(C_V_WARNING)}.</p>")
    parts += [f"<p class=note>{html.escape(note)}</p>" for note in notes]
    drawn = _Drawn()
    parts.append("<h2>Coherence</h2>" + drawn(figures.coherence_bars(results)))
    if any(len(scores) > 1 for scores in curves.values()):
        parts.append("<h2>Coherence against the number of topics</h2>" + drawn(figures.npmi_curves(curves)))
    for result, model in zip(results, models, strict=True):
        parts.append(f"<h2>{html.escape(model.model)}</h2>")
        parts += [f"<p class=note>{html.escape(note)}</p>" for note in result["notes"]]
        parts.append(drawn(figures.word_bars(model)))
        parts.append("<h3>Documents</h3>" + drawn(figures.documents_on_map(model, places, documents)))
        if labels is not None:
            parts.append("<h3>Topics in each class</h3>" + drawn(figures.topics_by_class(model, labels)))
        parts.append("<h3>Topics in documents</h3>" + drawn(figures.topic_document_heat(model)))
        parts.append("<h3>Topics that go together</h3>" + drawn(figures.topic_correlation(model)))
    page = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>Topics of {html.escape(title)}</title>"
        f"<style>{REPORT_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
    write_text(path, page)


class _Drawn:
    """Turns figures to HTML; the first carries plotly's script for all."""

    def __init__(self) -> None:
        self.first = True

    def __call__(self, figure: Figure) -> str:
        script, self.first = self.first, False
        return to_html(figure, with_script=script)
