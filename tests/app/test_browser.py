"""The app as a visitor sees it, in headless Chromium; any error of the browser's console fails."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.app import browser
from tests.contrast import MARK, TEXT, contrast

pytestmark = [
    pytest.mark.skipif(
        browser.find_chromium() is None, reason="there is no Chromium: apt-get install chromium"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="there is no playwright: pip install playwright",
    ),
]


@pytest.fixture(scope="module")
def chromium():
    with browser.running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def visitor(chromium, address):
    with browser.visit(chromium, address) as visit:
        yield visit


def test_topics_are_found_and_drawn(visitor):
    shown = browser.run_topics(visitor.page)
    assert shown["models"] == 2 and shown["bars"] == 8 and shown["mixture"] == 8
    assert shown["points"] == 978
    assert "NMF" in shown["comparison"] and "LDA" in shown["comparison"]
    assert "mineral" in shown["table"]
    assert visitor.problems == []


def test_the_map_tells_a_document_under_the_pointer(visitor):
    page = visitor.page
    page.locator("#document-map .scatterlayer .point").nth(120).hover(force=True)
    hover = page.locator("#document-map .hoverlayer .hovertext")
    hover.first.wait_for()
    assert re.search(r"\d+: \w", hover.first.text_content())
    assert visitor.problems == []


def test_another_topic_model_and_document_can_be_opened(visitor):
    page = visitor.page
    first = "document.querySelector('#{} .ytick text')?.textContent"
    for element, act in (
        ("topic-words", lambda: _choose_topic(page, 3)),
        ("topic-shares", lambda: page.locator("#topic-model").get_by_role("radio", name="LDA").click()),
        ("document-topics", lambda: page.locator("#document-number input[type=number]").fill("148")),
    ):
        before = page.locator(f"#{element} .ytick text").first.text_content()
        act()
        page.wait_for_function(f"before => {first.format(element)} !== before", arg=before)
    assert len(page.locator("#document-text textarea").input_value()) > 40
    assert visitor.problems == []


def test_tables_are_downloaded(visitor):
    for button, first in (("topics-csv", "topic,share,rank"), ("mixtures-csv", "document,text,main topic")):
        with visitor.page.expect_download() as download:
            visitor.page.locator(f"#{button}").click()
        text = Path(download.value.path()).read_text(encoding="utf-8-sig")
        assert text.startswith(first) and text.count("\n") in (81, 979)
    assert visitor.problems == []


def _choose_topic(page, place):
    page.locator("#topic-number").get_by_role("radio").nth(place).check()


def test_a_text_is_classified(visitor):
    shown = browser.run_text(visitor.page, "The goalkeeper saved a penalty.", "sports, cooking, tax law")
    assert shown.split("\n")[0] == "sports" and float(shown.split("\n")[1]) > 0.4
    page = visitor.page
    assert page.locator("#text-words mark").count() >= 1
    assert page.locator("#text-words").inner_text().startswith("The ")
    # another text: the result says that it is old, until its own text stands there again
    page.locator("#text-to-classify textarea").fill("The onions are soft.")
    page.locator("#text-result-old").wait_for(state="visible")
    page.locator("#text-to-classify textarea").fill("The goalkeeper saved a penalty.")
    page.locator("#text-result-old").wait_for(state="hidden")
    assert visitor.problems == []


def test_the_text_tab_opens_drawn_and_an_example_runs_on_its_click(chromium, address):
    with browser.visit(chromium, address) as visit:
        page = visit.page
        browser.open_tab(page, "Text")
        page.locator("#text-words mark").first.wait_for()
        assert "complaint" in page.locator("#text-scores").inner_text()
        page.wait_for_timeout(500)
        assert not page.locator("#text-result-old").is_visible()
        page.get_by_role("button", name="A planet").click()
        page.locator("#text-scores", has_text="science").wait_for()
        assert "telescope" in page.locator("#text-to-classify textarea").input_value()
        assert not page.locator("#text-result-old").is_visible()
        page.get_by_role("button", name="How few words are enough?").click()
        browser.drawn(page, "feature-curves", ".scatterlayer .js-line")
        assert "bird" in page.locator("#sentence-words mark").all_inner_texts()[1]
        assert visit.problems == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_marked_words_can_be_read_and_are_told_by_more_than_their_colour(visitor, dark):
    page = visitor.page
    browser.run_text(page, "The goalkeeper saved a penalty and cooked soup.", "sports, cooking, tax law")
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
    painted = page.evaluate(MARKS)
    page.evaluate("document.body.classList.remove('dark')")
    assert {each["line"] for each in painted} == {"solid", "dashed"}
    for each in painted:
        assert contrast(each["text"], each["ground"]) >= TEXT and contrast(each["border"], each["under"]) >= MARK


# Of each marked word its text's colour, its line, and the ground: the mark's own over the first opaque one below.
MARKS = """() => [...document.querySelectorAll('#text-result mark')].map(mark => {
  const numbers = colour => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  let under = mark.parentElement;
  while (numbers(getComputedStyle(under).backgroundColor)[3] === 0) under = under.parentElement;
  const below = numbers(getComputedStyle(under).backgroundColor), own = numbers(getComputedStyle(mark).backgroundColor);
  const mixed = [0, 1, 2].map(place => own[place] * own[3] + below[place] * (1 - own[3]));
  const style = getComputedStyle(mark);
  return {text: style.color, line: style.borderBottomStyle, border: style.borderBottomColor,
          ground: `rgb(${mixed.join(', ')})`, under: getComputedStyle(under).backgroundColor};
})"""


def test_words_of_an_uploaded_table_are_compared(visitor, tmp_path):
    shown = browser.run_words(visitor.page, browser.labelled_table(tmp_path), "A superb film3")
    assert shown["curves"] >= 3 and shown["bars"] >= 2 and "features by" in shown["recommended"]
    assert visitor.problems == []


def test_a_sound_is_drawn_six_ways_on_one_time_axis(visitor):
    page = visitor.page
    assert browser.run_audio(page) == {"curves": 1, "pictures": 5}
    # A drag over the middle of the spectrogram enlarges that time in every row.
    box = page.locator("#linked-plots .nsewdrag[data-subplot=xy2]").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.25 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], y, steps=5)
    page.mouse.up()
    axis = "document.querySelector('#linked-plots .js-plotly-plot')._fullLayout.xaxis"
    page.wait_for_function(f"{axis}.range[0] > 0")
    first, last = page.evaluate(f"{axis}.range")
    whole = page.evaluate(f"{axis}.maxallowed")
    assert first / whole == pytest.approx(0.25, abs=0.02) and last / whole == pytest.approx(0.5, abs=0.02)
    assert page.evaluate(f"{axis}._subplotsWith.length") == 6
    assert visitor.problems == []


def test_the_audio_tab_opens_drawn_and_reads_what_the_browser_records(chromium, address):
    context = chromium.new_context(permissions=["microphone"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/?tab=audio")
    assert browser.drawn(page, "linked-plots", ".heatmaplayer image") == 5, "before anybody has pressed"
    page.locator("#clip button[aria-label='Clear']").click()
    page.locator("#clip button[aria-label='Record audio']").click()
    page.locator("#clip .record-button").click()
    page.wait_for_timeout(2000)
    page.locator("#clip .stop-button").click()
    page.wait_for_function("!document.querySelector('#audio-note').textContent.startsWith('3.52 s')")
    assert float(page.locator("#audio-note").inner_text().split(" ")[0]) > 0.5
    assert page.locator("#audio-trouble").inner_text().strip() == ""
    context.close()


def test_every_audio_panel_draws(visitor):
    shown = browser.run_panels(visitor.page)
    assert shown["mel-filters"] == shown["gammatone-filters"] == 24
    assert shown["noisy-plots"] == shown["survival"] == 5
    assert all(shown.values())
    assert "Turn the volume down first" in visitor.page.locator("#volume-warning").inner_text()
    assert visitor.page.locator("#hearing-player audio, #hearing-player .waveform-container").count()
    assert visitor.problems == []


@pytest.fixture(scope="module")
def charts(visitor, tmp_path_factory):
    """The page with every chart drawn: what earlier tests have not, is drawn now."""
    page = visitor.page

    def words():
        browser.run_words(page, browser.labelled_table(tmp_path_factory.mktemp("words")), "A superb film3")

    for element, act in (
        ("document-topics", lambda: browser.run_topics(page)),
        ("words-that-decided", words),
        ("linked-plots", lambda: browser.run_audio(page)),
        ("wrn-memory", lambda: browser.run_panels(page)),
    ):
        if not page.locator(f"#{element} .js-plotly-plot").count():
            act()
    return page


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_chart_can_be_read_and_brings_no_ground_along(charts, dark):
    painted = browser.chart_colours(charts, dark=dark)
    browser.chart_colours(charts, dark=False)
    drawn = {each["chart"] for each in painted} - {"words-left-out"}  # drawn where a fine-tuned model is served
    assert len(drawn) == 21, "a chart that is not drawn, or not looked at"
    assert {contrast(each["ground"], "#ffffff") < 1.1 for each in painted} == {not dark}
    assert not [each for each in painted if each["kind"] == "ground"]
    least = {"text": TEXT, "mark": MARK}
    assert {each["kind"] for each in painted} == set(least)
    assert not [each for each in painted if contrast(each["colour"], each["ground"]) < least[each["kind"]]]


def test_markup_in_the_input_stays_text(visitor):
    markup = '<img src="x" onerror="document.title=1">'
    browser.run_text(visitor.page, markup, f"plain, {markup}")
    visitor.page.locator("#text-scores").get_by_text(markup).first.wait_for()
    assert visitor.page.title() == "grokaem"
    assert visitor.problems == []


def test_bad_input_shows_one_sentence(visitor):
    page = visitor.page
    browser.open_tab(page, "Text")
    page.locator("#text-to-classify textarea").fill(" ")
    page.locator("#classify-text").click()
    trouble = page.locator("#text-trouble [role=alert]")
    trouble.wait_for()
    assert trouble.inner_text() == "There is no text to classify; type a sentence."
    assert page.locator("#text-scores").is_visible(), "the result before stays"
    assert visitor.problems == []


def test_a_phone_in_the_dark_sees_the_same(chromium, address):
    with browser.visit(chromium, address, width=390, height=844, dark=True) as visit:
        assert browser.run_topics(visit.page)["bars"] == 8
        assert all(browser.run_audio(visit.page).values())
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert visit.page.evaluate(wider) <= 0, "the page is wider than the screen"
        assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert visit.problems == []


@pytest.mark.parametrize("width", [1280, 390])
def test_memory_follows_every_move(chromium, address, width):
    with browser.visit(chromium, f"{address}/?tab=memory&model=minilm&batch=16&budget=0.5", width=width) as visit:
        page = visit.page
        page.wait_for_function("document.querySelector('#memory-sentence')?.innerText.includes('0.50 GB')")
        assert page.locator("#memory-batch input[type=number]").input_value() == "16"
        shown = browser.run_memory(page)
        assert shown["before"] > 20 and shown["limit"] == 1 and "--base-model" in shown["command"]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert visit.problems == []
