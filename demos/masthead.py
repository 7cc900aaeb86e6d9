"""The top of the page: its name, what it is for, and where to go from here."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from demos.wording import text
from grokaem.address import REPOSITORY

if TYPE_CHECKING:
    from demos.tab import Page

_REPOSITORY_ON_THE_HUB = re.compile(r"[\w.-]+/[\w.-]+")
MASTHEAD = (
    "<header><h1>grokaem</h1>"
    "<p>Fine-tune in little memory, quantize, publish, use on a CPU, and look inside. Everything here is computed "
    "while you wait.</p>"
    '<nav><a href="{repository}" target="_blank" rel="noopener">Code</a>{cards} '
    '<a href="?lang=ru" hreflang="ru" lang="ru">Русский</a></nav></header>'
)


def create(page: Page) -> None:
    """Lays it out, in the block that is open.

    Args:
        page (Page): whose models' cards are linked, where they are on the Hub.
    """
    served = [name for name in (page.text.name(), page.audio.name()) if name]
    on_hub = [name for name in served if _REPOSITORY_ON_THE_HUB.fullmatch(name) and not Path(name).exists()]
    cards = "".join(
        f' <a href="https://huggingface.co/{html.escape(name)}" target="_blank" rel="noopener">{html.escape(name)}</a>'
        for name in on_hub
    )
    gr.HTML(text(MASTHEAD, repository=REPOSITORY, cards=cards), elem_id="masthead")
