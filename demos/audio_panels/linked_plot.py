"""A waveform and pictures under each other on one time axis: zooming or pointing at one does it to all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demos.wording import say
from grokaem.figure import (
    GRID,
    INK,
    POINTER,
    SEQUENTIAL,
    Figure,
    axis,
    colour_bar,
    colour_scale,
    figure,
    heading,
    typed_array,
)

_WAVEFORM_PIXELS, _PICTURE_PIXELS, _GAP_PIXELS = 110, 150, 34
_TOP_PIXELS, _BOTTOM_PIXELS = 56, 46  # the component's own label lies over the first 30


@dataclass(frozen=True)
class Picture:
    """One row of the plot.

    Attributes:
        title (str): stands above it.
        values (ndarray of shape (n_rows, n_frames)): float32 or int8; row 0 is drawn at the bottom.
        row_title (str): what the labels of the rows show.
        value_title (str): what the colours show, with its unit.
        first (float): position of row 0 on the vertical axis.
        step (float): distance of two rows there.
        ticks (dict): position -> the label that stands there.
        unit (str): of the positions, for the label under the pointer.
        colours (sequence of str): from the lowest value to the highest.
        bounds (tuple of float): the values of the first and of the last colour.
    """

    title: str
    values: np.ndarray
    row_title: str
    value_title: str
    first: float
    step: float
    ticks: dict[float, str]
    unit: str
    colours: Sequence[str] = SEQUENTIAL
    bounds: tuple[float, float] = (0.0, 1.0)


def linked_plot(waveform: np.ndarray, sample_rate: int, pictures: list[Picture]) -> Figure:
    """The figure.

    Args:
        waveform (ndarray of shape (time,)): samples.
        sample_rate (int): Hz.
        pictures (list of Picture): the rows below it, from the top.

    Returns:
        Figure
    """
    seconds = len(waveform) / sample_rate
    pixels = [_WAVEFORM_PIXELS, *[_PICTURE_PIXELS] * len(pictures)]
    inside = sum(pixels) + _GAP_PIXELS * len(pictures)
    tops = [inside - sum(pixels[:number]) - _GAP_PIXELS * number for number in range(len(pixels))]
    domains = [[max(0.0, (top - height) / inside), top / inside] for top, height in zip(tops, pixels, strict=True)]
    amplitude = {**axis(say("amplitude")), "zeroline": True, "zerolinecolor": GRID, "nticks": 4}
    axes = [amplitude, *map(_rows_axis, pictures)]
    traces = [_waveform_trace(waveform, sample_rate)]
    for number, picture in enumerate(pictures, 1):
        traces.append(_picture_trace(picture, seconds, number, domains[number]))
    layout = {
        **{
            _axis_name("yaxis", number): {**each, "domain": domain, "anchor": "x"}
            for number, (each, domain) in enumerate(zip(axes, domains, strict=True))
        },
        "xaxis": _time_axis(seconds, _axis_name("y", len(pictures))),
        "annotations": [
            heading(title, 0, domain[1])
            for title, domain in zip([say("Waveform"), *(each.title for each in pictures)], domains, strict=True)
        ],
        "dragmode": "zoom",
        "margin": {"l": 66, "r": 16, "t": _TOP_PIXELS, "b": _BOTTOM_PIXELS},
        "height": inside + _TOP_PIXELS + _BOTTOM_PIXELS,
    }
    return figure(traces, layout)


def _rows_axis(picture: Picture) -> dict[str, object]:
    last = picture.first + (len(picture.values) - 1) * picture.step
    return {
        **axis(picture.row_title),
        "tickvals": list(picture.ticks),
        "ticktext": list(picture.ticks.values()),
        "range": [picture.first - picture.step / 2, last + picture.step / 2],
        "showgrid": False,
    }


def _time_axis(seconds: float, anchor: str) -> dict[str, object]:
    """The one axis of all rows, below the last; a line across them follows the pointer."""
    return {
        **axis(say("time (s)")),
        "range": [0, seconds],
        "minallowed": 0,
        "maxallowed": seconds,
        "fixedrange": False,
        "showgrid": False,
        "anchor": anchor,
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "cursor",
        "spikethickness": 1,
        "spikecolor": POINTER,
        "spikedash": "solid",
    }


def _waveform_trace(waveform: np.ndarray, sample_rate: int) -> dict:
    """The samples over time: of each stretch of the picture its lowest and its highest."""
    stretch = max(1, len(waveform) // 1200)
    n = len(waveform) // stretch
    parts = waveform[: n * stretch].reshape(n, stretch)
    envelope = np.stack([parts.min(axis=1), parts.max(axis=1)], axis=1).ravel()
    seconds = np.repeat((np.arange(n) + 0.5) * stretch / sample_rate, 2)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": typed_array(seconds.astype(np.float32)),
        "y": typed_array(envelope.astype(np.float32)),
        "line": {"color": INK, "width": 1},
        "hovertemplate": "%{x:.2f} s: %{y:.3f}<extra></extra>",
    }


def _picture_trace(picture: Picture, seconds: float, number: int, domain: list[float]) -> dict:
    width = seconds / max(picture.values.shape[1], 1)
    return {
        "type": "heatmap",
        "yaxis": _axis_name("y", number),
        "z": typed_array(picture.values),
        "x0": width / 2,
        "dx": width,
        "y0": picture.first,
        "dy": picture.step,
        "zmin": picture.bounds[0],
        "zmax": picture.bounds[1],
        "colorscale": colour_scale(picture.colours),
        "zsmooth": False,
        "colorbar": {
            **colour_bar(picture.value_title),
            "nticks": 5,
            "len": domain[1] - domain[0],
            "y": sum(domain) / 2,
        },
        "hovertemplate": (
            f"%{{x:.2f}} s, %{{y:.0f}} {picture.unit}: %{{z:.1f}} {picture.value_title}<extra></extra>"
        ),
    }


def _axis_name(kind: str, number: int) -> str:
    """Plotly's name of an axis: yaxis, yaxis2, yaxis3, ..."""
    return kind if number == 0 else f"{kind}{number + 1}"
