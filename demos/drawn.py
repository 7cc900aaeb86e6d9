"""What each tab shows before anybody has pressed a button: an example that its own functions made.

make examples       # draws them anew, in both languages, and writes them into demos/drawn/
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components.plot import PlotData

from demos.wording import LANGUAGES, Language, language, speaking

if TYPE_CHECKING:
    from gradio.components import Component

FOLDER = Path(__file__).parent / "drawn"


def drawn(tab: str, spoken: Language = "en") -> dict[str, Any]:
    """A tab's finished example: the name of a part -> what its component shows; empty where none was drawn.

    Args:
        tab (str): key of the tab.
        spoken (str, optional): the language. (Default: English, which the page begins with)
    """
    return dict(_read(tab, spoken))


@functools.cache
def _read(tab: str, spoken: Language) -> dict[str, Any]:
    path = FOLDER / f"{tab}.{spoken}.json"
    if not path.is_file():
        return {}
    return {name: _as_shown(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}


def translate(demo: gr.Blocks, tab: str, parts: Mapping[str, Component]) -> None:
    """Shows a Russian visitor the Russian example, once the page is there; the others have theirs already.

    Args:
        demo (Blocks): the tab.
        tab (str): its key.
        parts (mapping): the name of a part of the example -> the component that shows it.
    """

    def change() -> Any:
        example = {} if language() == "en" else drawn(tab, language())
        shown = [example.get(name, gr.skip()) for name in parts]
        return shown if len(shown) > 1 else shown[0]  # of a single component Gradio takes a list for its value

    # no queue: it only hands out what a file holds
    demo.load(change, None, list(parts.values()), queue=False, show_progress="hidden", api_visibility="private")


def example_of(tab: str, spoken: Language) -> str:
    """The example drawn now, as its file holds it."""
    from demos.tab import TABS

    with speaking(spoken):
        shown = TABS[tab].draw()
    lines = [f"{json.dumps(name)}: {_compact(_as_kept(value))}" for name, value in sorted(shown.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"  # a part a line, so that a change is seen


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _as_kept(value: object) -> object:
    """A chart as its figure, in which a change can be read; everything else as it is."""
    return {"plotly": json.loads(value.plot)} if isinstance(value, PlotData) else value


def _as_shown(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"plotly"}:
        return PlotData(type="plotly", plot=json.dumps(value["plotly"]))
    return value


def main() -> None:
    """Draws every tab's example in every language."""
    from demos.tab import TABS
    from grokaem.atomic import write_text

    for key in TABS:
        for spoken in LANGUAGES:
            path = FOLDER / f"{key}.{spoken}.json"
            write_text(path, example_of(key, spoken))
            print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
