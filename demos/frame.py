"""What a tab is laid out in: the page where there is one, a page of its own where it is launched alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
from gradio.context import Context


@contextmanager
def frame(title: str) -> Iterator[gr.Blocks]:
    """Opens the place for a tab's components.

    Blocks inside Blocks would do too, but each of them builds the routes of a server twice, which nobody asks:
    half of the page's start.

    Args:
        title (str): of the page, where the tab is launched alone.

    Yields:
        Blocks: the page that the components are in, for its ``load`` and to be launched.
    """
    page = Context.root_block
    if page is None:
        with gr.Blocks(title=title, analytics_enabled=False) as page:
            yield page
    else:
        with gr.Column():
            yield page
