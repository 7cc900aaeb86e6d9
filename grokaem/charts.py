"""The charts of the page and of the reports: bars, points on a plane, numbers as colours. ``curves`` has the lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from grokaem.figure import (
    DIVERGING,
    INK,
    Figure,
    axis,
    colour_bar,
    colour_scale,
    escape,
    figure,
    floats,
    heading,
    series_style,
)

FAINT = 0.15  # opacity of points that step back
MANY_POINTS = 3000  # beyond, the graphics card draws them: one element of the page a point would be slow


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    title: str,
    spread: Sequence[float] | None = None,
    value_format: str = ".3f",
    axis_format: str = "",
    colour: str | Sequence[str] = INK,
) -> Figure:
    """Horizontal bars, the first on top, each with its value at its end.

    Args:
        names (list of str): one a bar; a name that repeats gets its own bar all the same.
        values (list of float): lengths, in the unit that ``title`` names; a negative one points to the left.
        title (str): what the horizontal axis shows, with its unit.
        spread (list of float, optional): a deviation a bar, told beside its value. (Default: none)
        value_format (str, optional): d3 format of the values. (Default: three decimals)
        axis_format (str, optional): d3 format of the axis. (Default: as Plotly chooses)
        colour (str or list of str, optional): of the bars, or of each. (Default: the pages' ink)

    Returns:
        Figure
    """
    shown = f"%{{x:{value_format}}}"
    if spread is not None:
        shown += f" ± %{{customdata[1]:{value_format}}}"
    trace = {
        **_bar_trace(values, range(len(names)), colour),
        "customdata": [[escape(name), far] for name, far in zip(names, spread or [0.0] * len(names), strict=True)],
        "texttemplate": shown,
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": f"%{{customdata[0]}}: {shown}<extra></extra>",
    }
    reach = 1.35 if spread is None else 1.6  # for the value at the end of the longest bar
    layout = {
        "xaxis": {
            **axis(title),
            "range": [reach * min([*values, 0.0]), reach * max([*values, 1e-9])],
            "nticks": 5,
            "tickangle": 0,
            "tickformat": axis_format,
        },
        "yaxis": _names_axis(names),
        "bargap": 0.28,
        "height": max(220, 104 + 30 * len(names)),
    }
    return figure([trace], layout)


class Bars(NamedTuple):
    """One chart of a grid."""

    title: str
    names: list[str]
    values: list[float]


def bar_grid(charts: Sequence[Bars], *, columns: int = 4) -> Figure:
    """Small charts of bars side by side, a title over each.

    Args:
        charts (list of Bars): from the left, then from the top.
        columns (int, optional): at most so many in a row. (Default: 4)

    Returns:
        Figure
    """
    columns = min(columns, len(charts))
    rows = -(-len(charts) // columns)
    row_pixels, name_pixels, top_pixels, bottom_pixels = 210, 0.09, 40, 10
    traces, layout, titles = [], {}, []
    for number, chart in enumerate(charts):
        row, column = divmod(number, columns)
        key = "" if number == 0 else str(number + 1)
        left, right = (column + columns * name_pixels) / columns, (column + 0.97) / columns
        top = 1 - row / rows
        bottom = 1 - (row + 1) / rows + 40 / (row_pixels * rows)
        traces.append(
            {
                **_bar_trace(chart.values, range(len(chart.names)), series_style(number)["color"]),
                "customdata": [escape(name) for name in chart.names],
                "hovertemplate": "%{customdata}: %{x:.3g}<extra></extra>",
                "xaxis": f"x{key}",
                "yaxis": f"y{key}",
            }
        )
        layout[f"xaxis{key}"] = {**axis(""), "domain": [left, right], "anchor": f"y{key}", "nticks": 4}
        layout[f"yaxis{key}"] = {
            **_names_axis(chart.names), "domain": [bottom, top], "anchor": f"x{key}", "automargin": False,
        }  # fmt: skip
        titles.append(heading(chart.title, left, top))
    layout["annotations"] = titles
    layout["margin"] = {"l": 10, "r": 10, "t": top_pixels, "b": bottom_pixels}
    layout["height"] = top_pixels + bottom_pixels + row_pixels * rows
    return figure(traces, layout)


class Points(NamedTuple):
    """A group of points on a plane.

    Attributes:
        name (str): of the group.
        places (ndarray): shape (n, 2).
        texts (list of str): one a point, shown under the pointer.
        numbers (list of int or None): what the page calls each point; its script finds them as ``customdata``.
        faint (ndarray of bool or None): which points step back behind the others; None for none.
    """

    name: str
    places: np.ndarray
    texts: Sequence[str]
    numbers: Sequence[int] | None = None
    faint: np.ndarray | None = None


class Label(NamedTuple):
    """Words at a place on the plane."""

    text: str
    place: tuple[float, float]


def points(
    groups: Sequence[Points], *, labels: Sequence[Label] = (), legend: bool = True, height: int = 520
) -> Figure:
    """Points on a plane without axes, a colour and a symbol a group.

    Args:
        groups (list of Points): colour and symbol follow a group's place in the list; one may be empty.
        labels (list of Label, optional): written over the points. (Default: none)
        legend (bool, optional): list the groups below. (Default: ``True``)
        height (int, optional): pixels, without the legend. (Default: 520)

    Returns:
        Figure
    """
    count = sum(len(group.texts) for group in groups)
    hidden = {"visible": False, "fixedrange": True}
    layout = {
        "xaxis": hidden,
        "yaxis": hidden,
        "margin": {"l": 8, "r": 8, "t": 38 if legend else 8, "b": 8},
        "height": height + (11 * len(groups) if legend else 0),
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 0, "yanchor": "top", "font": {"size": 11}},
        "hovermode": "closest",
        "annotations": [
            {
                "text": f"<b>{escape(label.text)}</b>",
                "x": float(label.place[0]),
                "y": float(label.place[1]),
                "showarrow": False,
                "font": {"size": 13},
            }
            for label in labels
        ],
    }
    return figure([_scatter(number, group, count) for number, group in enumerate(groups)], layout)


def _scatter(number: int, group: Points, count: int) -> dict:
    style = series_style(number)
    size = 7 if count < 500 else 5
    marker: dict[str, object] = {"size": size, "color": style["color"], "symbol": style["symbol"]}
    if group.faint is not None:
        marker |= {
            "opacity": [FAINT if faint else 1.0 for faint in group.faint],
            "size": [size if faint else size + 2 for faint in group.faint],
        }
    trace = {
        "type": "scattergl" if count > MANY_POINTS else "scatter",
        "mode": "markers",
        "name": escape(group.name),
        "x": floats(group.places[:, 0]),
        "y": floats(group.places[:, 1]),
        "text": [_wrap(text) for text in group.texts],
        "marker": marker,
        "hovertemplate": "<b>%{fullData.name}</b><br>%{text}<extra></extra>",
    }
    return trace if group.numbers is None else trace | {"customdata": [int(each) for each in group.numbers]}


class Names(NamedTuple):
    """What the rows or the columns of a matrix are: a title, and a name for each unless its number is enough."""

    title: str
    names: Sequence[str] | None = None
    shown: bool = True  # beside the matrix; under the pointer they always are


def matrix(
    values: np.ndarray,
    rows: Names,
    columns: Names,
    *,
    value_title: str,
    bounds: tuple[float, float],
    colours: Sequence[str] = DIVERGING,
    height: int = 360,
) -> Figure:
    """Numbers as colours, row 0 at the top.

    Args:
        values (ndarray of shape (n_rows, n_columns)): numbers.
        rows (Names): of the rows.
        columns (Names): of the columns.
        value_title (str): what the colours show.
        bounds (tuple of float): the values of the first and of the last colour.
        colours (list of str, optional): from the lowest value to the highest. (Default: two hues, zero between them)
        height (int, optional): pixels. (Default: 360)

    Returns:
        Figure
    """
    trace = {
        "type": "heatmap",
        "z": floats(values),
        "zmin": bounds[0],
        "zmax": bounds[1],
        "colorscale": colour_scale(colours),
        "colorbar": colour_bar(value_title),
        "hovertemplate": "%{x}, %{y}: %{z:.2f}<extra></extra>",
    }
    layout: dict = {"height": height}
    for key, side in (("x", columns), ("y", rows)):
        layout[f"{key}axis"] = {**axis(side.title), "showgrid": False, "automargin": True}
        if side.names is not None:
            trace[key] = [escape(name) for name in side.names]
            layout[f"{key}axis"] |= {"type": "category", "showticklabels": side.shown}
    layout["yaxis"]["autorange"] = "reversed"
    if rows.names is None and columns.names is None:  # a square looks like one
        layout["xaxis"]["constrain"] = layout["yaxis"]["constrain"] = "domain"
        layout["yaxis"]["scaleanchor"] = "x"
    return figure([trace], layout)


def _bar_trace(values: Sequence[float], rows: Sequence[int], colour: str | Sequence[str]) -> dict:
    colours = colour if isinstance(colour, str) else list(colour)
    x = [float(value) for value in values]
    return {"type": "bar", "orientation": "h", "x": x, "y": list(rows), "marker": {"color": colours}}


def _names_axis(names: Sequence[str]) -> dict[str, object]:
    return {
        **axis(""),
        "tickvals": list(range(len(names))),
        "ticktext": [escape(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
        "automargin": True,
    }


def _wrap(text: str, characters: int = 60) -> str:
    return "<br>".join(escape(line) for line in textwrap.wrap(text, characters))
