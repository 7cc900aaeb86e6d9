"""A chart of the library as the page's own component takes it."""

from __future__ import annotations

import json

from gradio.components.plot import PlotData

from grokaem.figure import Figure


def plot(figure: Figure) -> PlotData:
    """The figure, for ``gr.Plot``."""
    return PlotData(type="plotly", plot=json.dumps(figure))
