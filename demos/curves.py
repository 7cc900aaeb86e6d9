"""Curves over one axis, linear or logarithmic, as a Plotly figure written out."""

from __future__ import annotations

import numpy as np
from gradio.components.plot import PlotData

from demos.charts import axis, escape, figure, typed_array
from demos.style import INK, SECOND_INK

# Okabe and Ito's colours, in the order in which neighbours differ most, after the page's own ink.
SERIES = [INK, "#d55e00", "#0072b2", "#cc79a7", "#e69f00", "#7c3aed", "#56b4e9", "#64748b"]


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
            "name": escape(name),
            "x": typed_array(np.asarray(x, dtype=np.float32)),
            "y": typed_array(np.asarray(values, dtype=np.float32)),
            "line": {"color": SERIES[number % len(SERIES)], "width": 2 if len(series) < 9 else 1},
            "marker": {"size": 6},
            "hovertemplate": "%{fullData.name}<br>%{x:,.4~g}: %{y:,.4~g}<extra></extra>",
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
                "x": float(np.log10(place)) if x_log else place, "y": 1, "yref": "paper", "text": escape(label),
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
