"""A waveform and pictures under each other on one time axis: zooming or pointing at one does it to all."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from gradio.components.plot import PlotData

from demos import charts
from demos.style import INK

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
        colours (list of str): from the lowest value to the highest.
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
    colours: list[str] = field(default_factory=lambda: charts.LOUDNESS)
    bounds: tuple[float, float] = (0.0, 1.0)


def linked_plot(waveform: np.ndarray, sample_rate: int, pictures: list[Picture]) -> PlotData:
    """The figure.

    Args:
        waveform (ndarray of shape (time,)): samples.
        sample_rate (int): Hz.
        pictures (list of Picture): the rows below it, from the top.

    Returns:
        PlotData: for ``gr.Plot``.
    """
    seconds = len(waveform) / sample_rate
    pixels = [_WAVEFORM_PIXELS, *[_PICTURE_PIXELS] * len(pictures)]
    inside = sum(pixels) + _GAP_PIXELS * len(pictures)
    traces = [_waveform_trace(waveform, sample_rate)]
    axes, titles, top = {}, [], inside
    for number, height in enumerate(pixels):
        domain = [max(0.0, (top - height) / inside), top / inside]
        top -= height + _GAP_PIXELS
        axis = {"domain": domain, "anchor": "x", "fixedrange": True}
        if number == 0:
            title = "Waveform"
            axis |= {**charts.axis("amplitude"), "zeroline": True, "zerolinecolor": charts.GRID, "nticks": 4}
        else:
            picture = pictures[number - 1]
            title = picture.title
            last = picture.first + (len(picture.values) - 1) * picture.step
            axis |= {
                **charts.axis(picture.row_title),
                "tickvals": list(picture.ticks),
                "ticktext": list(picture.ticks.values()),
                "range": [picture.first - picture.step / 2, last + picture.step / 2],
                "showgrid": False,
            }
            traces.append(_picture_trace(picture, seconds, number, domain))
        axes[_axis_name("yaxis", number)] = axis
        titles.append(
            {
                "text": f"<b>{title}</b>",
                "x": 0,
                "y": domain[1],
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 13},
            }  # fmt: skip
        )
    layout = {
        **axes,
        "xaxis": {
            **charts.axis("time (s)"),
            "range": [0, seconds],
            "minallowed": 0,
            "maxallowed": seconds,
            "fixedrange": False,
            "showgrid": False,
            "anchor": _axis_name("y", len(pictures)),
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikecolor": "#94a3b8",
            "spikedash": "solid",
        },
        "annotations": titles,
        "dragmode": "zoom",
        "margin": {"l": 66, "r": 16, "t": _TOP_PIXELS, "b": _BOTTOM_PIXELS},
        "height": inside + _TOP_PIXELS + _BOTTOM_PIXELS,
    }
    return charts.figure(traces, layout)


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
        "x": charts.typed_array(seconds.astype(np.float32)),
        "y": charts.typed_array(envelope.astype(np.float32)),
        "line": {"color": INK, "width": 1},
        "hovertemplate": "%{x:.2f} s: %{y:.3f}<extra></extra>",
    }


def _picture_trace(picture: Picture, seconds: float, number: int, domain: list[float]) -> dict:
    width = seconds / max(picture.values.shape[1], 1)
    colours = picture.colours
    return {
        "type": "heatmap",
        "yaxis": _axis_name("y", number),
        "z": charts.typed_array(picture.values),
        "x0": width / 2,
        "dx": width,
        "y0": picture.first,
        "dy": picture.step,
        "zmin": picture.bounds[0],
        "zmax": picture.bounds[1],
        "colorscale": charts.colour_scale(colours),
        "zsmooth": False,
        "colorbar": {
            "title": {"text": picture.value_title, "side": "right", "font": {"size": 11}},
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"size": 11},
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
