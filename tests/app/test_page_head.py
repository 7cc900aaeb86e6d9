"""The head of the page's document, and links into the page."""

from __future__ import annotations

import importlib.util

import pytest

from demos.page_head import DESCRIPTION, rewritten
from tests.app import browser

GRADIOS = b"""<head>
 <meta charset="utf-8" />
 <meta property="og:title" content="Gradio" />
 <meta
   property="og:image"
   content="https://elsewhere.example/header.jpg"
 />
 <meta name="twitter:card" content="summary_large_image" />
</head><body>\xd0\x9f</body>"""


def test_the_head_is_ours_and_the_rest_as_it_was():
    document = rewritten(GRADIOS).decode()
    assert "elsewhere.example" not in document and 'content="Gradio"' not in document
    assert document.count(DESCRIPTION) == 2 and '<meta charset="utf-8" />' in document
    assert document.index("window.askedFor") < document.index("charset") and document.endswith("</head><body>П</body>")


needs_browser = [
    pytest.mark.skipif(browser.find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="there is no playwright"),
]


class TestInTheBrowser:
    pytestmark = needs_browser

    @pytest.mark.parametrize(
        ("query", "locale", "opened", "spoken"),
        [
            ("?tab=audio&lang=ru", "en-US", "Звук", "ru"),
            ("?tab=text", "en-US", "Text", "en"),
            ("", "ru-RU", "Темы", "ru"),
            ("?tab=nothing&lang=xx", "en-US", "Topics", "en"),
        ],
    )
    def test_a_link_opens_its_tab_in_its_language(self, address, query, locale, opened, spoken):
        with browser.running_browser() as chromium:
            page = chromium.new_context(locale=locale).new_page()
            page.goto(address + "/" + query)
            page.locator("button[role=tab][aria-selected=true]", has_text=opened).wait_for()
            assert page.evaluate("document.documentElement.lang") == spoken
            before = page.url
            page.get_by_role("tab").nth(1).click()
            page.wait_for_function("new URLSearchParams(location.search).get('tab') === 'text'")
            other = "en" if spoken == "ru" else "ru"
            page.locator(f"a[hreflang={other}]").click()
            page.get_by_role("tab", name={"en": "Text", "ru": "Текст"}[other], exact=True).wait_for()
            page.locator("button[role=tab][aria-selected=true]").nth(0).wait_for()
            assert f"lang={other}" in page.url and "tab=text" in page.url and before != page.url
