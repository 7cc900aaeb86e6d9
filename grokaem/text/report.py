"""The bench as one HTML file that needs no network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.atomic import write_text
from grokaem.text.study import Study

if TYPE_CHECKING:
    from plotly import graph_objects as go

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .7rem; text-align: right }
th { border-bottom: 2px solid #888 } td { border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } .note { color: #555 }
"""


def curves(study: Study, measure: str = "accuracy") -> go.Figure:
    """Accuracy, or macro F1, against the number of features, a line a scorer, with the spread over folds.

    Args:
        study (Study): what was found.
        measure (str, optional): ``accuracy`` or ``macro_f1``. (Default: ``accuracy``)

    Returns:
        plotly.graph_objects.Figure
    """
    from plotly import graph_objects as go

    figure = go.Figure()
    for scorer in dict.fromkeys(row.scorer for row in study.rows):
        rows = sorted((row for row in study.rows if row.scorer == scorer), key=lambda row: row.features)
        spread = {"type": "data", "array": [getattr(row, f"{measure}_std") for row in rows], "thickness": 1}
        figure.add_scatter(
            x=[row.features for row in rows], y=[getattr(row, measure) for row in rows], error_y=spread, name=scorer
        )
    chosen = study.recommended
    figure.add_scatter(
        x=[chosen.features], y=[getattr(chosen, measure)], name="recommended", mode="markers",
        marker={"size": 14, "symbol": "circle-open", "line": {"width": 3}},
    )  # fmt: skip
    figure.update_xaxes(type="log", title="features kept")
    figure.update_yaxes(title=measure.replace("_", " "))
    figure.update_layout(margin={"l": 50, "r": 10, "t": 20, "b": 40}, legend={"orientation": "h", "y": 1.12})
    return figure


def write_report(path: Path, study: Study) -> None:
    """Writes the report; the folder of ``path`` exists."""
    chosen = study.recommended
    head = "scorer,features,accuracy,+-,macro F1,+-,matrix KiB,model KiB,seconds,stability".split(",")
    rows = "".join(
        f"<tr><td>{row.scorer}</td><td>{row.features:,.0f}</td><td>{row.accuracy:.4f}</td>"
        f"<td>{row.accuracy_std:.4f}</td><td>{row.macro_f1:.4f}</td><td>{row.macro_f1_std:.4f}</td>"
        f"<td>{row.matrix_bytes / 1024:,.0f}</td><td>{row.model_bytes / 1024:,.0f}</td><td>{row.seconds:.2f}</td>"
        f"<td>{'–' if row.stability is None else f'{row.stability:.2f}'}</td></tr>"
        for row in study.rows
    )
    top = "".join(
        f"<tr><td>{html.escape(name)}</td><td style='text-align:left'>"
        f"{html.escape(', '.join(f'{word} ({weight:.2f})' for word, weight in words))}</td></tr>"
        for name, words in study.top.items()
    )
    notes = "".join(f"<p class=note>{html.escape(note)}</p>" for note in study.notes)
    page = f"""<!doctype html><html lang=en><meta charset=utf-8>
<title>Features of {html.escape(study.dataset)}</title><style>{STYLE}</style>
<h1>How few words tell {html.escape(study.dataset)} apart</h1>
<p>{study.n_documents:,} documents, {study.n_features:,} features, {study.n_folds} folds. Recommended:
<b>{chosen.scorer}, {chosen.features:,.0f} features</b>, the fewest within one standard error of the best. On the
test part, seen once: {study.test["recommended"]:.4f} with them, {study.test["all"]:.4f} with all,
{study.test["most_frequent"]:.4f} by always answering the most frequent label.</p>
{curves(study).to_html(full_html=False, include_plotlyjs=True)}
<h2>Words of each class</h2><table>{top}</table>
<h2>All rows</h2><table><tr>{"".join(f"<th>{name}</th>" for name in head)}</tr>{rows}</table>{notes}</html>"""
    write_text(path, page)
