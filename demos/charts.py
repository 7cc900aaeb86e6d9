"""The few charts of the tabs, as Plotly figures written out: nothing is imported and no figure is shared.

A figure is a JSON document that the page's own copy of Plotly draws. Arrays travel as base64 typed arrays,
so that a spectrogram of 30 seconds costs tens of kilobytes.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
from gradio.components.plot import PlotData

from demos.style import INK, SECOND_INK

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

# Okabe and Ito's colours, in the order in which neighbours differ most, after the page's own ink.
SERIES = [INK, "#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#7c3aed", "#56b4e9", "#64748b"]
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
        values (list of float): lengths, in the unit that ``title`` names.
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
        "customdata": names,
        "marker": {"color": colour},
        "texttemplate": f"%{{x:{value_format}}}",
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": f"%{{customdata}}: %{{x:{value_format}}}<extra></extra>",
    }
    layout = {
        "xaxis": {
            **axis(title),
            "range": [0, 1.18 * max([*values, 1e-9])],
            "nticks": 6,
            "tickformat": axis_format,
        },
        "yaxis": {
            **axis(""),
            "tickvals": rows,
            "ticktext": [_escape(name) for name in names],
            "range": [len(names) - 0.4, -0.6],
            "showgrid": False,
            "automargin": True,
        },
        "bargap": 0.28,
        "height": max(220, 104 + 30 * len(names)),
    }
    return figure([trace], layout)


def curves(
    x: np.ndarray,
    series: dict[str, np.ndarray],
    *,
    x_title: str,
    y_title: str,
    x_log: bool = False,
    y_log: bool = False,
    y_range: tuple[float, float] | None = None,
    mark: tuple[float, float] | None = None,
    at: dict[float, str] | None = None,
    markers: bool = False,
    height: int = 300,
) -> PlotData:
    """Several curves over one axis, named in a legend where there is more than one.

    Args:
        x (ndarray of shape (n,)): the horizontal axis.
        series (dict): name -> ndarray of shape (n,), NaN where a curve has a gap.
        x_title (str): what the horizontal axis shows, with its unit.
        y_title (str): what the vertical axis shows, with its unit.
        x_log (bool, optional): a logarithmic horizontal axis. (Default: False)
        y_log (bool, optional): a logarithmic vertical axis. (Default: False)
        y_range (tuple of float, optional): lowest and highest value drawn, on a linear axis. (Default: all)
        mark (tuple of float, optional): a point to stand out. (Default: none)
        at (dict, optional): values of the horizontal axis -> a label with a dotted line. (Default: none)
        markers (bool, optional): a dot at each value. (Default: False)
        height (int, optional): pixels. (Default: 300)

    Returns:
        PlotData: for ``gr.Plot``.
    """
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers" if markers else "lines",
            "name": name,
            "x": typed_array(np.asarray(x, dtype=np.float32)),
            "y": typed_array(np.asarray(values, dtype=np.float32)),
            "line": {"color": SERIES[number % len(SERIES)], "width": 2 if len(series) < 9 else 1},
            "marker": {"size": 6},
            "hovertemplate": f"{_escape(name)}<br>%{{x:,.4~g}}: %{{y:,.4~g}}<extra></extra>",
        }
        for number, (name, values) in enumerate(series.items())
    ]
    if mark is not None:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [float(mark[0])],
                "y": [float(mark[1])],
                "marker": {"size": 14, "color": "rgba(0,0,0,0)", "line": {"width": 3, "color": SECOND_INK}},
                "showlegend": False,
                "hovertemplate": "%{x:,.4~g}: %{y:,.4~g}<extra></extra>",
            }
        )
    legend = 1 < len(series) < 9
    below = (
        0 if not legend else 40 if len(series) < 4 else 110
    )  # pixels: on narrow screens a legend has more lines
    layout = {
        "xaxis": {**axis(x_title), "type": "log" if x_log else "linear"},
        "yaxis": {**axis(y_title), "type": "log" if y_log else "linear", "automargin": True},
        "showlegend": legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "font": {"size": 12},
        },
        "margin": {"l": 66, "r": 16, "t": 38, "b": 46 + below},
        "height": height + below,
    }
    for logarithmic, key, values in ((x_log, "xaxis", [x]), (y_log, "yaxis", series.values())):
        if logarithmic:
            layout[key] |= _decades(min(np.nanmin(v) for v in values), max(np.nanmax(v) for v in values))
    if y_range is not None:
        layout["yaxis"]["range"] = list(y_range)
    if at:
        layout["shapes"] = [
            {
                "type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper",
                "line": {"color": SECOND_INK, "width": 1, "dash": "dot"},
            }
            for place in at
        ]  # fmt: skip
        layout["annotations"] = [
            {
                # a logarithmic axis takes the logarithm for an annotation, though not for a shape
                "x": float(np.log10(place)) if x_log else place, "y": 1, "yref": "paper", "text": _escape(label),
                "showarrow": False, "xanchor": "left", "yanchor": "top", "font": {"size": 11},
            }
            for place, label in at.items()
        ]  # fmt: skip
    return figure(traces, layout)


def _decades(lowest: float, highest: float) -> dict[str, list]:
    """Ticks of a logarithmic axis: 1, 2 and 5 in each decade, or each decade alone where there are many."""
    steps = (1, 2, 5) if np.log10(highest / lowest) < 3.5 else (1,)
    decades = range(int(np.floor(np.log10(lowest))), int(np.ceil(np.log10(highest))) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    names = {1e9: "G", 1e6: "M", 1e3: "k", 1: ""}
    unit = {tick: next((u for u in names if tick >= u), 1) for tick in ticks}
    return {"tickvals": ticks, "ticktext": [f"{tick / unit[tick]:g}{names[unit[tick]]}" for tick in ticks]}


def matrix(values: np.ndarray, *, axis_title: str, value_title: str, height: int = 360) -> PlotData:
    """A square of numbers from -1 to 1, row 0 at the top.

    Args:
        values (ndarray of shape (n, n)): float32.
        axis_title (str): what a row and a column stand for.
        value_title (str): what the colours show.
        height (int, optional): pixels. (Default: 360)

    Returns:
        PlotData: for ``gr.Plot``.
    """
    trace = {
        "type": "heatmap",
        "z": typed_array(values),
        "zmin": -1,
        "zmax": 1,
        "colorscale": colour_scale(DEVIATION),
        "colorbar": {
            "title": {"text": value_title, "side": "right", "font": {"size": 11}},
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"size": 11},
        },
        "hovertemplate": "%{x} with %{y}: %{z:.2f}<extra></extra>",
    }
    layout = {
        "xaxis": {**axis(axis_title), "showgrid": False, "constrain": "domain"},
        "yaxis": {**axis(axis_title), "showgrid": False, "autorange": "reversed", "scaleanchor": "x"},
        "height": height,
    }
    layout["yaxis"]["constrain"] = "domain"
    return figure([trace], layout)


def colour_scale(colours: list[str]) -> list[list]:
    """Colours at equal steps, as Plotly wants them."""
    return [[step / (len(colours) - 1), colour] for step, colour in enumerate(colours)]


def axis(title: str) -> dict[str, Any]:
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


def _escape(text: str) -> str:
    """Plotly reads a few HTML tags in its texts; a word of a document is only ever a word."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
