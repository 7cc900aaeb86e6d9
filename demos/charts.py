"""The few charts of the tabs, as Plotly figures written out: nothing is imported and no figure is shared.

A figure is a JSON document that the page's own copy of Plotly draws. Arrays travel as base64 typed arrays, so that
a spectrogram of 30 seconds costs tens of kilobytes.
"""

from __future__ import annotations

import base64
import json
import textwrap

import numpy as np
from gradio.components.plot import PlotData

from demos.style import INK

# Spelled out because Plotly's own names stop short of them; both read the same in print and to most colour-blind eyes.
LOUDNESS = [
    "#000004",
    "#1c1044",
    "#4f127b",
    "#812581",
    "#b5367a",
    "#e55064",
    "#fb8761",
    "#fec287",
    "#fcfdbf",
]  # magma
DEVIATION = [
    "#134e4a",
    "#0d9488",
    "#99e0d8",
    "#f8fafc",
    "#fcd79b",
    "#d97706",
    "#7c2d12",
]  # zero in the middle

GRID = "rgba(128,128,128,0.22)"
_TYPES = {"float32": "f4", "int8": "i1", "int16": "i2", "int32": "i4"}  # numpy's names -> Plotly's


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


def bars(
    names: list[str],
    values: list[float],
    *,
    title: str,
    value_format: str = ".3f",
    axis_format: str = "",
    colour: str = INK,
) -> PlotData:
    """Horizontal bars, the first on top, each with its value at its end.

    Args:
        names (list of str): one a bar; a name that repeats gets its own bar all the same.
        values (list of float): lengths, in the unit that ``title`` names; a negative one points to the left.
        title (str): what the horizontal axis shows, with its unit.
        value_format (str, optional): d3 format of the values. (Default: three decimals)
        axis_format (str, optional): d3 format of the axis. (Default: as Plotly chooses)
        colour (str, optional): of the bars. (Default: the pages' ink)

    Returns:
        PlotData: for ``gr.Plot``.
    """
    rows = list(range(len(names)))
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [float(value) for value in values],
        "y": rows,
        "customdata": [escape(name) for name in names],
        "marker": {"color": colour},
        "texttemplate": f"%{{x:{value_format}}}",
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": f"%{{customdata}}: %{{x:{value_format}}}<extra></extra>",
    }
    layout = {
        "xaxis": {
            **axis(title),
            "range": [1.25 * min([*values, 0.0]), 1.25 * max([*values, 1e-9])],
            "nticks": 5,
            "tickangle": 0,
            "tickformat": axis_format,
        },
        "yaxis": {
            **axis(""),
            "tickvals": rows,
            "ticktext": [escape(name) for name in names],
            "range": [len(names) - 0.4, -0.6],
            "showgrid": False,
            "automargin": True,
        },
        "bargap": 0.28,
        "height": max(220, 104 + 30 * len(names)),
    }
    return figure([trace], layout)


def points(groups: list[tuple[str, np.ndarray, list[str]]], *, height: int = 520) -> PlotData:
    """Points on a plane without axes, a colour a group.

    Args:
        groups (list of tuple): name, places (ndarray of shape (n, 2)), and a text a point, shown on hover.
        height (int, optional): pixels. (Default: 520)

    Returns:
        PlotData: for ``gr.Plot``.
    """
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": escape(name),
            "x": typed_array(places[:, 0].astype(np.float32)),
            "y": typed_array(places[:, 1].astype(np.float32)),
            "text": [_wrap(text) for text in texts],
            "marker": {"size": 7, "opacity": 0.75, "color": _group_colour(number)},
            "hovertemplate": "<b>%{fullData.name}</b><br>%{text}<extra></extra>",
        }
        for number, (name, places, texts) in enumerate(groups)
    ]
    hidden = {"visible": False, "fixedrange": True}
    layout = {
        "xaxis": hidden,
        "yaxis": hidden,
        "margin": {"l": 8, "r": 8, "t": 38, "b": 8},
        "height": height + 11 * len(groups),
        "showlegend": True,
        "legend": {"orientation": "h", "y": 0, "yanchor": "top", "font": {"size": 11}},
        "hovermode": "closest",
    }
    return figure(traces, layout)


def colour_scale(colours: list[str]) -> list[list]:
    """Colours at equal steps, as Plotly wants them."""
    return [[step / (len(colours) - 1), colour] for step, colour in enumerate(colours)]


def axis(title: str) -> dict[str, object]:
    """What all axes share."""
    return {
        "title": {"text": title, "font": {"size": 12}, "standoff": 8},
        "tickfont": {"size": 12},
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,  # a finger that scrolls the page must not zoom a chart
    }


def figure(traces: list[dict], layout: dict) -> PlotData:
    """Traces and a layout, in the manner of these pages."""
    layout = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 66, "r": 16, "t": 38, "b": 46},
        "font": {"family": "IBM Plex Sans, system-ui, sans-serif", "color": "#808080"},
        "hoverlabel": {"bgcolor": "#1e293b", "font": {"color": "#ffffff"}},
        "dragmode": False,
        "showlegend": False,
        **layout,
    }
    figure = {"data": traces, "layout": layout, "config": {"displayModeBar": False, "responsive": True}}
    return PlotData(type="plotly", plot=json.dumps(figure))


def _group_colour(number: int) -> str:
    """Hues a golden angle apart, so that neighbours in number differ most."""
    return f"hsl({int(172 + number * 137.5) % 360}, 60%, {45 + 12 * (number // 12 % 2)}%)"


def _wrap(text: str, characters: int = 60) -> str:
    return "<br>".join(escape(line) for line in textwrap.wrap(text, characters))


def escape(text: str) -> str:
    """Plotly reads a few HTML tags in its texts; a word of a document is only ever a word."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
