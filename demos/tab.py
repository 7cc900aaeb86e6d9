"""What a tab of the page is, and a line for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grokaem.registry import Registry

if TYPE_CHECKING:
    import gradio as gr

    from demos.served_model import ServedModel


@dataclass(frozen=True)
class Page:
    """What the tabs share.

    Attributes:
        text: the fine-tuned classifier of texts, if there is one.
        audio: that of sounds.
        corpora: the built-in corpora that need no download.
    """

    text: ServedModel
    audio: ServedModel
    corpora: list[str]


class Row(NamedTuple):
    """A line of docs/app.md: a tab or a part of it, what a visitor gives, what he gets."""

    title: str
    takes: str
    shows: str


@dataclass(frozen=True)
class Tab:
    """A tab of the page.

    Attributes:
        key: short name.
        title: what stands on it.
        create: lays it out, and hands it what it computes with.
        about: its lines in docs/app.md.
        draw: computes the example that it opens with, in the language of ``wording.language()``: the name of a part
            -> what its component shows. (Default: none is shown)
    """

    key: str
    title: str
    create: Callable[[Page], gr.Blocks]
    about: tuple[Row, ...]
    draw: Callable[[], dict[str, object]] = dict


TABS = Registry(
    "tab",
    Tab,
    [
        "demos.topic_modelling:TAB",
        "demos.text_classification:TAB",
        "demos.audio_features:TAB",
        "demos.memory_planner:TAB",
    ],
)
