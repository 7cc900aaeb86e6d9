"""The experiment as one HTML file that needs no network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import NamedTuple

import numpy as np

from grokaem.atomic import write_text
from grokaem.curves import curves
from grokaem.figure import REPORT_STYLE, Axis, Figure, to_html
from grokaem.text.selection_experiment import SelectionExperiment


class CurveWords(NamedTuple):
    """What stands on the curves: the axes' titles, and the name of the recommended point."""

    features: str = "features kept"
    measure: str = ""
    recommended: str = "recommended"


_ENGLISH = CurveWords()


def accuracy_curves(
    experiment: SelectionExperiment, measure: str = "accuracy", words: CurveWords = _ENGLISH
) -> Figure:
    """Accuracy, or macro F1, against the number of features, a line a scorer, with the spread over folds.

    Args:
        experiment (SelectionExperiment): what was found.
        measure (str, optional): ``accuracy`` or ``macro_f1``. (Default: ``accuracy``)
        words (CurveWords, optional): its words in another language. (Default: English)

    Returns:
        Figure
    """
    places, values, spread = {}, {}, {}
    for scorer in dict.fromkeys(row.scorer for row in experiment.rows):
        rows = sorted((row for row in experiment.rows if row.scorer == scorer), key=lambda row: row.features)
        places[scorer] = np.array([row.features for row in rows])
        values[scorer] = np.array([getattr(row, measure) for row in rows])
        spread[scorer] = np.array([getattr(row, f"{measure}_std") for row in rows])
    chosen = experiment.recommended
    return curves(
        places,
        values,
        Axis(words.features, log=True),
        Axis(words.measure or measure.replace("_", " ")),
        spread=spread,
        mark=(chosen.features, getattr(chosen, measure)),
        mark_name=words.recommended,
        markers=True,
        height=380,
    )


def write_report(path: Path, experiment: SelectionExperiment) -> None:
    """Writes the report; the folder of ``path`` exists."""
    chosen = experiment.recommended
    head = "scorer,features,accuracy,+-,macro F1,+-,matrix KiB,model KiB,seconds,stability".split(",")
    rows = "".join(
        f"<tr><td>{row.scorer}</td><td>{row.features:,.0f}</td><td>{row.accuracy:.4f}</td>"
        f"<td>{row.accuracy_std:.4f}</td><td>{row.macro_f1:.4f}</td><td>{row.macro_f1_std:.4f}</td>"
        f"<td>{row.matrix_bytes / 1024:,.0f}</td><td>{row.model_bytes / 1024:,.0f}</td><td>{row.seconds:.2f}</td>"
        f"<td>{'–' if row.stability is None else f'{row.stability:.2f}'}</td></tr>"
        for row in experiment.rows
    )
    top = "".join(
        f"<tr><td>{html.escape(name)}</td><td style='text-align:left'>"
        f"{html.escape(', '.join(f'{word} ({weight:.2f})' for word, weight in words))}</td></tr>"
        for name, words in experiment.top.items()
    )
    notes = "".join(f"<p class=note>{html.escape(note)}</p>" for note in experiment.notes)
    page = f"""<!doctype html><html lang=en><meta charset=utf-8>
<title>Features of {html.escape(experiment.dataset)}</title><style>{REPORT_STYLE}</style>
<h1>How few words tell {html.escape(experiment.dataset)} apart</h1>
<p>{experiment.n_documents:,} documents, {experiment.n_features:,} features, {experiment.n_folds} folds. Recommended:
<b>{chosen.scorer}, {chosen.features:,.0f} features</b>, the fewest within one standard error of the best. On the
test part, seen once: {experiment.test["recommended"]:.4f} with them, {experiment.test["all"]:.4f} with all,
{experiment.test["most_frequent"]:.4f} by always answering the most frequent label.</p>
{to_html(accuracy_curves(experiment), with_script=True)}
<h2>Words of each class</h2><table>{top}</table>
<h2>All rows</h2><table><tr>{"".join(f"<th>{name}</th>" for name in head)}</tr>{rows}</table>{notes}</html>"""
    write_text(path, page)
