"""How every chart looks, on the page and in the reports: one palette and one frame, readable on light and dark grounds.

A figure is a JSON document that a page's own copy of Plotly draws: nothing is imported and no figure is shared. Arrays
travel as base64 typed arrays, so that a spectrogram of 30 seconds costs tens of kilobytes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np

# Marks need a contrast of 3 on white and on the dark pages' #1e293b and #0a0f1e, which leaves the middle of the
# lightness scale alone. These are Okabe and Ito's colours, which most colour-blind eyes tell apart, moved there.
INK = "#0d9488"
SECOND_INK = "#d55e00"
SERIES = (INK, SECOND_INK, "#0b7fc4", "#c4719f", "#a77f00", "#7a869a")
# Colours of one lightness differ less to some eyes: a series has a dash and a symbol of its own too.
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
# No one colour has a contrast of 4.5, which text needs, on both grounds: the style sheet of the page that a figure is
# in gives it the colour of the page's text. This one is for a figure that is taken out of its page.
TEXT = "#808080"
GRID = "rgba(128,128,128,0.22)"
POINTER = "#7a869a"  # the line that follows the pointer

# Spelled out because Plotly's own names stop short of them; both read the same in print and to most colour-blind eyes.
SEQUENTIAL = (
    "#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fcfdbf",
)  # magma  # fmt: skip
DIVERGING = (
    "#134e4a", "#0d9488", "#99e0d8", "#f8fafc", "#fcd79b", "#d97706", "#7c2d12",
)  # zero in the middle  # fmt: skip

# Of a page that holds charts and is not Gradio's: the reports.
REPORT_STYLE = """
:root { color-scheme: light dark; --text: #1e293b; --subdued: #475569; --ground: #ffffff; --line: #cbd5e1 }
@media (prefers-color-scheme: dark) {
  :root { --text: #f1f5f9; --subdued: #94a3b8; --ground: #0a0f1e; --line: #475569 }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem;
  color: var(--text); background: var(--ground) }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .3rem .7rem; text-align: right }
th { border-bottom: 2px solid #888 } td { border-bottom: 1px solid var(--line) }
td:first-child, th:first-child { text-align: left } .note { color: var(--subdued) } details { margin: 1rem 0 }
.js-plotly-plot .main-svg text { fill: var(--text) !important }
.js-plotly-plot .main-svg .hoverlayer text { fill: #ffffff !important }
"""

_TYPES = {"float32": "f4", "int8": "i1", "int16": "i2", "int32": "i4"}  # numpy's names -> Plotly's


class Figure(TypedDict):
    """What Plotly draws."""

    data: list[dict]
    layout: dict
    config: dict


def figure(traces: list[dict], layout: dict) -> Figure:
    """Traces and a layout, in the manner of these pages."""
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 66, "r": 16, "t": 38, "b": 46},
        "font": {"family": "IBM Plex Sans, system-ui, sans-serif", "color": TEXT},
        "hoverlabel": {"bgcolor": "#1e293b", "bordercolor": "#94a3b8", "font": {"color": "#ffffff"}},
        "dragmode": False,
        "showlegend": False,
        **layout,
    }
    return {"data": traces, "layout": layout, "config": {"displayModeBar": False, "responsive": True}}


class Axis(NamedTuple):
    """One axis.

    Attributes:
        title (str): what it shows, with its unit.
        log (bool): logarithmic.
        bounds (tuple of float or None): lowest and highest value drawn, on a linear axis; None for all.
    """

    title: str
    log: bool = False
    bounds: tuple[float, float] | None = None

    def layout(self, values: Sequence[np.ndarray]) -> dict[str, object]:
        """As Plotly wants it, for an axis that has these values on it."""
        laid_out: dict[str, object] = {**axis(self.title), "type": "log" if self.log else "linear"}
        if self.log:
            laid_out |= _decades(min(np.nanmin(v) for v in values), max(np.nanmax(v) for v in values))
        if self.bounds is not None:
            laid_out["range"] = list(self.bounds)
        return laid_out


def axis(title: str) -> dict[str, object]:
    """What all axes share."""
    return {
        "title": {"text": title, "font": {"size": 12}, "standoff": 8},
        "tickfont": {"size": 12},
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,  # a finger that scrolls the page must not zoom a chart
    }


def heading(text: str, left: float, bottom: float) -> dict[str, object]:
    """A title over one of several charts in a figure, at a place in shares of its width and height."""
    place = {"x": left, "y": bottom, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {"text": f"<b>{escape(text)}</b>", **place, "showarrow": False, "font": {"size": 13}}


def colour_scale(colours: Sequence[str]) -> list[list]:
    """Colours at equal steps, as Plotly wants them."""
    return [[step / (len(colours) - 1), colour] for step, colour in enumerate(colours)]


def colour_bar(title: str) -> dict[str, object]:
    """The legend of a picture's colours."""
    return {
        "title": {"text": title, "side": "right", "font": {"size": 11}},
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 11},
    }


def series_style(number: int) -> dict[str, str]:
    """Colour, dash and symbol of a series: no two of the first 36 share colour and dash, or colour and symbol."""
    turn = number // len(SERIES)
    return {
        "color": SERIES[number % len(SERIES)],
        "dash": DASHES[(number + turn) % len(DASHES)],
        "symbol": SYMBOLS[(number + turn) % len(SYMBOLS)],
    }


def typed_array(values: np.ndarray) -> dict[str, str]:
    """An array as Plotly reads it.

    Args:
        values (ndarray): one or two dimensions; float32, int8, int16 or int32.

    Returns:
        dict: ``dtype``, ``bdata`` (base64 of the bytes, little-endian) and, in two dimensions, ``shape``.

    Raises:
        ValueError: for another type.
    """
    if values.dtype.name not in _TYPES:
        raise ValueError(
            f"an array of {values.dtype} cannot be drawn; give it as one of {', '.join(_TYPES)}."
        )
    array = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    spec = {"dtype": _TYPES[values.dtype.name], "bdata": base64.b64encode(array.tobytes()).decode()}
    if values.ndim == 2:
        spec["shape"] = f"{values.shape[0]}, {values.shape[1]}"
    return spec


def floats(values: object) -> dict[str, str]:
    """Numbers as Plotly reads them, in single precision; None is a gap."""
    return typed_array(np.asarray(values, dtype=np.float32))


def escape(text: str) -> str:
    """Plotly reads a few HTML tags in its texts; a word of a document is only ever a word."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_html(drawn: Figure, with_script: bool) -> str:
    """A figure as a part of an HTML page.

    Args:
        drawn (Figure): from one of ``grokaem.charts``.
        with_script (bool): bring Plotly along, as the first figure of a page must.

    Returns:
        str: a ``div`` that needs no network.
    """
    from plotly.io import to_html as render

    plain = {"data": drawn["data"], "layout": drawn["layout"]}
    return render(plain, config=drawn["config"], full_html=False, include_plotlyjs=with_script, validate=False)


def _decades(lowest: float, highest: float) -> dict[str, list]:
    """Ticks of a logarithmic axis: 1, 2 and 5 in each decade, or each decade alone where there are many."""
    steps = (1, 2, 5) if np.log10(highest / lowest) < 3.5 else (1,)
    decades = range(int(np.floor(np.log10(lowest))), int(np.ceil(np.log10(highest))) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    names = {1e9: "G", 1e6: "M", 1e3: "k", 1: ""}
    unit = {tick: next((u for u in names if tick >= u), 1) for tick in ticks}
    return {"tickvals": ticks, "ticktext": [f"{tick / unit[tick]:g}{names[unit[tick]]}" for tick in ticks]}
