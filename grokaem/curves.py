"""Curves over one axis, linear or logarithmic."""

from __future__ import annotations

import numpy as np

from grokaem.figure import SECOND_INK, Axis, Figure, escape, figure, floats, series_style

NAMED_SERIES = 8  # more would need a legend longer than the chart


def curves(
    x: np.ndarray | dict[str, np.ndarray],
    series: dict[str, np.ndarray],
    x_axis: Axis,
    y_axis: Axis,
    *,
    spread: dict[str, np.ndarray] | None = None,
    mark: tuple[float, float] | None = None,
    mark_name: str = "",
    at: dict[float, str] | None = None,
    markers: bool = False,
    height: int = 300,
) -> Figure:
    """Several curves over one axis, named in a legend where there is more than one.

    Args:
        x (ndarray of shape (n,), or dict of them): the places on the horizontal axis; of each series, if they differ.
        series (dict): name -> ndarray of shape (n,), NaN where a curve has a gap.
        x_axis (Axis): the horizontal axis.
        y_axis (Axis): the vertical axis.
        spread (dict, optional): name -> deviation at each place, drawn as a line through it. (Default: none)
        mark (tuple of float, optional): a point to stand out. (Default: none)
        mark_name (str, optional): what the legend calls it. (Default: it is not named)
        at (dict, optional): values of the horizontal axis -> a label with a dotted line. (Default: none)
        markers (bool, optional): a symbol at each value. (Default: False)
        height (int, optional): pixels. (Default: 300)

    Returns:
        Figure
    """
    places = x if isinstance(x, dict) else dict.fromkeys(series, x)
    named = len(series) <= NAMED_SERIES
    traces = [
        _curve_trace(name, places[name], values, number, markers=markers, plain=not named)
        for number, (name, values) in enumerate(series.items())
    ]
    if spread is not None:
        for trace, name in zip(traces, series, strict=True):
            trace["error_y"] = {"type": "data", "array": floats(spread[name]), "thickness": 1}
    if mark is not None:
        traces.append(_mark_trace(mark, mark_name))
    layout = {
        "xaxis": x_axis.layout(list(places.values())),
        "yaxis": {**y_axis.layout(list(series.values())), "automargin": True},
        **_legend_below(len(series) if named else 0, height),
    }
    if at:
        layout["shapes"] = [_dotted_line(place) for place in at]
        layout["annotations"] = [_line_label(place, label, x_axis.log) for place, label in at.items()]
    return figure(traces, layout)


def _curve_trace(name: str, x: np.ndarray, y: np.ndarray, number: int, *, markers: bool, plain: bool) -> dict:
    style = series_style(number)
    return {
        "type": "scatter",
        "mode": "lines+markers" if markers else "lines",
        "name": escape(name),
        "x": floats(x),
        "y": floats(y),
        "line": {"color": style["color"], "width": 1 if plain else 2, "dash": "solid" if plain else style["dash"]},
        "marker": {"size": 7, "symbol": style["symbol"]},
        "hovertemplate": "%{fullData.name}<br>%{x:,.4~g}: %{y:,.4~g}<extra></extra>",
    }


def _mark_trace(place: tuple[float, float], name: str) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape(name),
        "x": [float(place[0])],
        "y": [float(place[1])],
        "marker": {"size": 14, "color": "rgba(0,0,0,0)", "line": {"width": 3, "color": SECOND_INK}},
        "showlegend": bool(name),
        "hovertemplate": "%{x:,.4~g}: %{y:,.4~g}<extra></extra>",
    }


def _legend_below(entries: int, height: int) -> dict[str, object]:
    """Room under the axis for a legend, which on narrow screens has more lines; none for a single entry."""
    pixels = 0 if entries < 2 else 40 if entries < 4 else 110
    legend = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 12}}
    margin = {"l": 66, "r": 16, "t": 38, "b": 46 + pixels}
    return {"showlegend": entries > 1, "legend": legend, "margin": margin, "height": height + pixels}


def _dotted_line(place: float) -> dict[str, object]:
    line = {"color": SECOND_INK, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _line_label(place: float, label: str, log: bool) -> dict[str, object]:
    # a logarithmic axis takes the logarithm for an annotation, though not for a shape
    x = float(np.log10(place)) if log else place
    where = {"x": x, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return {**where, "text": escape(label), "showarrow": False, "font": {"size": 11}}
