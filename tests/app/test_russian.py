"""The page in Russian: nothing that a visitor reads is left in English, after a press and after an error too."""

from __future__ import annotations

import importlib.util
import re

import pytest

from demos.tab import TABS
from demos.wording import RUSSIAN
from tests.app import browser

pytestmark = [
    pytest.mark.skipif(browser.find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="there is no playwright"),
]

# What is code, a name, or somebody's own words: in these elements; the class is given to what quotes documents.
QUOTED = (
    "code, pre, textarea, input, .cm-editor, script, style, [aria-hidden=true], footer, #masthead, td, .annotation,"
    " .ytick, .legend, #topic-number, #topics-headline strong, #text-result, #sentence-result, #typical-documents,"
    " #topic-table, #file-preview"
)
# Names that are written the same in every language.
NAMES = re.compile(
    r"NMF|LDA|LSA|BERTopic|BERT\+LDA|TF-IDF|UMAP|PCA|NPMI|OpenVINO|WordNet|Rotten Tomatoes|Reuters R8"
    r"|20 Newsgroups|Lee corpus"
    r"|Hugging Face|Hub|Gradio|MiniLM[\w-]*|Python|INT8|int8[\w-]*|[\w-]+\.(?:csv|json|ya?ml|md|py|zip|wav)"
    r"|\b(?:bert|roberta|xlm|distil|all|wide|resnet|wrn)[\w./-]*|\b\w+[_/]\w+\b",
    re.IGNORECASE,
)
TWO_WORDS = re.compile(r"[A-Za-z][A-Za-z'’-]+[ ,]+[A-Za-z][A-Za-z'’-]+")
IDLE = "() => !document.querySelector('.generating, .progress-text, .eta-bar')"
VISIBLE = """quoted => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || parent.closest(quoted)) continue;
    if (parent.checkVisibility({opacityProperty: true, visibilityProperty: true})) found.push(node.textContent.trim());
  }
  return found;
}"""


def untranslated(page) -> list[str]:
    """The visible texts that hold two Latin words in a row which are no names."""
    return [text for text in page.evaluate(VISIBLE, QUOTED) if TWO_WORDS.search(NAMES.sub("", text))]


def settled(page) -> list[str]:
    """What is left untranslated once the page has had its time: its Russian example comes a moment after the page."""
    for _ in range(40):
        if not (left := untranslated(page)):
            break
        page.wait_for_timeout(500)
    return left


@pytest.fixture(scope="module")
def chromium():
    with browser.running_browser() as running:
        yield running


@pytest.mark.parametrize("key", list(TABS))
def test_a_tab_is_russian_as_it_opens_after_a_press_and_after_an_error(chromium, address, key):
    context = chromium.new_context(locale="ru-RU", viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/?tab={key}")
    page.locator("button[role=tab][aria-selected=true]", has_text=RUSSIAN[TABS[key].title]).wait_for()
    assert settled(page) == []
    for button in page.locator("button.primary:visible").all():
        button.click()
        page.wait_for_timeout(500)
        page.wait_for_function(IDLE, timeout=240_000)
        assert settled(page) == []
    for box in page.locator("textarea:visible:enabled, input[type=text]:visible:enabled").all():
        box.fill("")
    for button in page.locator("button.primary:visible").all():
        button.click()
        page.wait_for_timeout(1500)
        assert settled(page) == []
    context.close()
