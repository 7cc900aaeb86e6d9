"""How the pages look: one theme, one style sheet; readable in the light, in the dark, on a phone."""

from __future__ import annotations

import importlib.util

import gradio as gr
from starlette.middleware import Middleware

from demos import result_style, topic_style
from demos.page_head import PageHead
from demos.request_limits import RequestLimits
from demos.wording import I18N

# The text of a chart follows the theme through a variable of the page: a figure itself cannot know whether the
# visitor's page is dark. Where a finger is the pointer, charts let it scroll the page instead of enlarging them.
CSS = """
.gradio-container { width: 100%; max-width: min(1180px, 100vw) !important; margin: 0 auto !important; }
.gradio-container .column, .gradio-container .row > * { max-width: 100%; }
#masthead { padding: 10px 2px 2px; }
#masthead header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 18px; }
#masthead h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.02em; }
#masthead p { margin: 0; flex: 1 1 40ch; max-width: 92ch; color: var(--body-text-color-subdued); font-size: 1.02rem; }
#masthead nav { display: flex; gap: 16px; font-size: 0.95rem; }
#masthead a { color: var(--link-text-color); text-decoration: underline; text-underline-offset: 3px; }
.block.lesson { border-left: 3px solid var(--primary-500); border-radius: 0;
  padding: 2px 0 2px 14px; margin: 4px 0; }
.lesson p { margin: 0; max-width: 92ch; line-height: 1.55; }
.table-wrap, .table-wrap * { font-family: var(--font) !important; }
.note p { margin: 2px 0; color: var(--body-text-color-subdued); }
.caption p { margin: -4px 2px 6px; font-size: 0.9rem; color: var(--body-text-color-subdued); }
.js-plotly-plot .main-svg text { fill: var(--body-text-color) !important; }
.js-plotly-plot .main-svg .hoverlayer text { fill: #ffffff !important; }
.js-plotly-plot .modebar-container { display: none; }
@media (pointer: coarse) { .js-plotly-plot .nsewdrag { pointer-events: none !important; } }
.component-wrapper time, .component-wrapper .playback span { color: var(--body-text-color-subdued) !important; }
.cm-line span { color: var(--body-text-color) !important; }
.block.warning { border-left: 3px solid #d97706; border-radius: 0; padding: 2px 0 2px 14px; }
.warning p { margin: 0; max-width: 92ch; }
@media (max-width: 500px) {
  .gradio-container .main.app { padding: 12px !important; }
  .tab-container button { padding: 0 7px !important; font-size: 0.84rem !important; }
  #masthead h1 { font-size: 1.5rem; }
  #masthead p, .lesson p { font-size: 0.95rem; }
}
"""


def theme() -> gr.themes.Base:
    """The theme: fonts that the app serves itself, so that a page asks no other host for anything."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    ).set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        link_text_color="*primary_700",
        link_text_color_active="*primary_700",
        link_text_color_visited="*primary_700",
        link_text_color_hover="*primary_800",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_label_text_weight="600",
        block_title_text_weight="600",
    )


# What every page is launched with: uploads beyond the size are refused before they are stored, and the events are
# tools of the Model Context Protocol too where its package is installed, as it is on Spaces.
LAUNCH = {
    "theme": theme(),
    "css": CSS + result_style.CSS + topic_style.CSS,
    "i18n": I18N,
    "app_kwargs": {"middleware": [Middleware(RequestLimits), Middleware(PageHead)]},
    "ssr_mode": False,  # the head that PageHead changes is the one that Python serves
    "state_session_capacity": 100,  # visitors whose last results are kept, of a few megabytes each, for an hour
    "max_file_size": "20mb",
    "show_error": True,  # what Gradio itself refuses, such as a word for a number, is said too
    "footer_links": ["api", "settings"],
    "mcp_server": importlib.util.find_spec("mcp") is not None,
}
