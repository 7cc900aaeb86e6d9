"""Bars of parts that add up, one under the other with a name above each, and a limit across them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grokaem.figure import SECOND_INK, Figure, axis, escape, figure, floats, series_style

ROW_PIXELS = 46


class Stack(NamedTuple):
    """One bar: its name, the length of each part, and what stands at its end."""

    name: str
    values: Sequence[float]
    told: str


class Limit(NamedTuple):
    """A line across the bars: where, and what it is called."""

    value: float
    name: str


def stacked_bars(
    stacks: Sequence[Stack], parts: Sequence[str], *, title: str, limit: Limit | None = None, value_format: str = ".2f"
) -> Figure:
    """Horizontal bars of parts, the first on top; names stand above their bars, so that a narrow screen has room.

    Args:
        stacks (list of Stack): the bars, each with a value a part.
        parts (list of str): what the parts are, from the left; each has a colour of its own.
        title (str): what the axis shows, with its unit.
        limit (Limit, optional): a line across. (Default: none)
        value_format (str, optional): d3 format of a part under the pointer. (Default: two decimals)

    Returns:
        Figure

    Raises:
        ValueError: a bar has not as many values as there are parts.
    """
    if any(len(stack.values) != len(parts) for stack in stacks):
        raise ValueError(f"every bar needs {len(parts)} values, one for each part.")
    totals = [sum(stack.values) for stack in stacks]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": escape(part),
            "x": floats([stack.values[number] for stack in stacks]),
            "y": list(range(len(stacks))),
            "width": 0.5,
            "offset": -0.08,
            "marker": {"color": series_style(number)["color"]},
            "customdata": [escape(stack.name) for stack in stacks],
            "hovertemplate": f"%{{customdata}}<br>%{{fullData.name}}: %{{x:{value_format}}}<extra></extra>",
        }
        for number, part in enumerate(parts)
    ]
    reach = max([*totals, limit.value if limit else 0.0, 1e-9])
    names = [_note(f"{escape(stack.name)}", 0, row - 0.1, yanchor="bottom") for row, stack in enumerate(stacks)]
    ends = [
        _note(escape(stack.told), total, row + 0.17, yanchor="middle", xshift=4)
        for row, (stack, total) in enumerate(zip(stacks, totals, strict=True))
    ]
    layout = {
        "barmode": "stack",
        "annotations": names + ends,
        "xaxis": {**axis(title), "range": [0, 1.32 * reach], "nticks": 6, "tickangle": 0},
        "yaxis": {
            **axis(""),
            "range": [len(stacks) - 0.45, -1.15 if limit else -0.65],
            "showgrid": False,
            "showticklabels": False,
        },
        "height": 170 + ROW_PIXELS * len(stacks),
        "margin": {"l": 8, "r": 8, "t": 64, "b": 46},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12},
                   "traceorder": "normal", "yref": "paper"},
    }  # fmt: skip
    if limit:
        line = {"color": SECOND_INK, "width": 2, "dash": "dash"}
        place = {"type": "line", "x0": limit.value, "x1": limit.value, "yref": "paper", "y0": 0, "y1": 1}
        layout["shapes"] = [{**place, "line": line, "layer": "above"}]
        right = limit.value > reach / 2
        layout["annotations"] = [*layout["annotations"], {
            **_note(escape(limit.name), limit.value, -1.1, yanchor="top", xshift=-4 if right else 4),
            "xanchor": "right" if right else "left",
        }]  # fmt: skip
    return figure(traces, layout)


def _note(text: str, x: float, y: float, **more: object) -> dict[str, object]:
    return {"text": text, "x": float(x), "y": y, "xanchor": "left", "showarrow": False, "font": {"size": 12},
            "align": "left", **more}  # fmt: skip
