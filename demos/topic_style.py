"""How the topic tab looks beyond the page's style: swatches of the topics, names on the map."""

from __future__ import annotations

from demos.topic_input import MAX_TOPICS
from grokaem.figure import series_style

_GLYPHS = {"circle": "●", "square": "■", "diamond": "◆", "cross": "✚", "triangle-up": "▲", "x": "✖"}


def _swatch(number: int) -> str:
    """The mark of a topic's points before its name, in the list whose first entry is every topic."""
    style = series_style(number)
    return (
        f"#topic-number .wrap label:nth-child({number + 2}) span::before "
        f'{{ content: "{_GLYPHS[style["symbol"]]}" / ""; color: {style["color"]}; margin-right: 6px; }}'
    )


CSS = """
#document-map .annotation text { paint-order: stroke; stroke: var(--block-background-fill); stroke-width: 5px;
  stroke-linejoin: round; }
#document-map .plot-container { cursor: pointer; }
#topic-number .wrap { max-height: 232px; overflow-y: auto; }
#topics-trouble p { margin: 0; padding: 8px 12px; border-left: 3px solid #dc2626; }
#topics-headline p { font-size: 1.12rem; line-height: 1.5; margin: 0; }
@media (max-width: 500px) { #topics-headline p { font-size: 1rem; } }
""" + "\n".join(_swatch(number) for number in range(MAX_TOPICS))
