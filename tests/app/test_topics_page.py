"""The topic tab as a visitor sees it, in headless Chromium."""

from __future__ import annotations

import importlib.util
import re
import zipfile

import pytest

from tests.app import browser

pytestmark = [
    pytest.mark.skipif(browser.find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="there is no playwright"),
]
NAMES = "[...document.querySelectorAll('#document-map .annotation')].filter(each => each.style.visibility !== 'hidden')"
NUMBER = "#document-number input[type=number]"


@pytest.fixture(scope="module")
def chromium():
    with browser.running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def visitor(chromium, address):
    with browser.visit(chromium, address) as visit:
        browser.drawn(visit.page, "document-map", ".scatterlayer .point")
        yield visit


def cell(page, table, place):
    return page.locator(f"#{table} [data-testid^='cell-']").nth(place)


def point(page, place):
    """The middle of a point of the map, in the window."""
    page.locator("#document-map").scroll_into_view_if_needed()
    box = page.locator("#document-map .scatterlayer .point").nth(place).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def opened_document(page):
    return page.locator(NUMBER).input_value(), page.locator("#document-text textarea").input_value()


def wait_for_another(page, before):
    page.wait_for_function(
        "before => document.querySelector('#document-text textarea').value !== before", arg=before
    )


def test_the_tab_opens_drawn(visitor):
    page = visitor.page
    assert page.locator("#document-map .scatterlayer .point").count() == 978
    assert "found 8 topics in 978 documents" in page.locator("#topics-headline").inner_text()
    assert page.locator("#topic-number").get_by_role("radio").count() == 9
    number, text = opened_document(page)
    assert int(number) >= 1 and len(text) > 40
    assert visitor.problems == []


def test_names_lie_on_the_clusters_and_not_on_each_other(visitor):
    boxes = visitor.page.evaluate(f"{NAMES}.map(each => each.getBoundingClientRect().toJSON())")
    assert len(boxes) >= 5
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            apart = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert apart or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]


def test_a_click_on_a_point_opens_its_document_and_the_keyboard_does_too(visitor):
    page = visitor.page
    _, before = opened_document(page)
    page.mouse.click(*point(page, 500))
    wait_for_another(page, before)
    number, text = opened_document(page)
    page.locator(NUMBER).fill("3")
    wait_for_another(page, text)
    page.locator(NUMBER).fill(number)
    page.wait_for_function("text => document.querySelector('#document-text textarea').value === text", arg=text)
    assert visitor.problems == []


def faint(page):
    return page.evaluate(
        "[...document.querySelectorAll('#document-map .scatterlayer .point')].filter("
        "each => +getComputedStyle(each).opacity < 0.5).length"
    )


def test_a_topic_and_a_search_make_their_points_stand_out(visitor):
    page = visitor.page
    page.locator("#topic-number").get_by_role("radio").nth(3).check()
    page.wait_for_function("document.querySelector('#topic-words .xtitle')?.textContent.endsWith('topic 3')")
    page.wait_for_timeout(500)
    assert 700 < faint(page) < 978
    page.locator("#topic-number").get_by_role("radio").first.check()
    page.locator("#map-search input, #map-search textarea").first.fill("guitar")
    page.get_by_text("documents hold these words").wait_for()
    page.wait_for_timeout(500)
    count = int(re.search(r"\d+", page.locator("#map-status").inner_text())[0])
    assert 0 < count < 30 and faint(page) == 978 - count
    page.locator("#map-search input, #map-search textarea").first.fill("")
    page.get_by_text("Documents about the same things").wait_for()
    assert visitor.problems == []


def test_a_row_of_a_table_opens_its_topic_and_its_document(visitor):
    page = visitor.page
    page.locator("#all-topics button").first.click()
    cell(page, "topic-table", 4).click()
    page.wait_for_function("document.querySelector('#topic-number input:checked')?.value === '1'")
    _, before = opened_document(page)
    page.locator("#typical-documents").get_by_text("Documents that have most of it").first.wait_for()
    number = cell(page, "typical-documents", 3).inner_text().strip()
    cell(page, "typical-documents", 3).click()
    wait_for_another(page, before)
    assert opened_document(page)[0] == number
    assert visitor.problems == []


def test_an_own_file_is_previewed_and_its_column_is_chosen(visitor, tmp_path):
    page = visitor.page
    page.locator("#topics-source").get_by_role("radio", name="My file", exact=True).check()
    page.locator("#find-topics").click()
    page.locator("#topics-trouble [role=alert]").get_by_text("Choose a file first").wait_for()
    assert page.locator("#topics-old").is_visible(), "the result before is not marked as old"
    assert page.locator("#document-map .scatterlayer .point").count() == 978
    subjects = ("the striker won the match", "rain and wind on the coast", "the bank lends money")
    rows = [f"{number},{subjects[number % 3]} {number},x" for number in range(30)]
    (tmp_path / "own.csv").write_text("id,story,kind\n" + "\n".join(rows))
    page.locator("#topics-file input[type=file]").set_input_files(tmp_path / "own.csv")
    page.locator("#file-preview").get_by_text("the striker won the match 0").first.wait_for()
    page.locator("#text-column input").click()
    page.get_by_role("option", name="story").click()
    page.locator("#find-topics").click()
    page.get_by_text("in 30 documents").wait_for()
    assert page.locator("#topics-trouble").inner_text() == "" and not page.locator("#topics-old").is_visible()
    assert browser.drawn(page, "document-map", ".scatterlayer .point") == 30
    page.get_by_text("Documents about the same things").wait_for()  # UMAP's map has come
    with page.expect_download() as download:
        page.locator("#topics-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"models.csv", "NMF/topics.csv", "LDA/document_topics.csv"} <= set(archive.namelist())
    assert visitor.problems == []


def test_a_finger_opens_a_document_too_and_a_phone_shows_fewer_names(chromium, address):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    browser.drawn(page, "document-map", ".scatterlayer .point")
    page.wait_for_timeout(1000)
    assert 3 <= page.evaluate(f"{NAMES}.length") < 8
    _, before = opened_document(page)
    page.touchscreen.tap(*point(page, 500))
    wait_for_another(page, before)
    context.close()


def test_a_russian_visitor_reads_no_english(chromium, address):
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/?lang=ru")
    page.get_by_text("Самая большая тема").wait_for()
    page.locator("#find-topics").click()
    page.wait_for_function("!document.querySelector('#topic-model input').value.startsWith('example')")
    for accordion in ("measures", "all-topics"):
        page.locator(f"#{accordion} button").first.click()
    shown = page.locator("[role=tabpanel]").first.inner_text()
    own = page.locator("#typical-documents, #document-text, #topic-table").all_inner_texts()
    for part in own:
        shown = shown.replace(part, "")
    left = [line for line in shown.splitlines() if len(re.findall(r"[A-Za-z]{3,}", line)) > 1]
    topics = re.compile(r"\d+ · |^\*?\*?NMF|UMAP|NPMI|LDA|CSV|TSV|grokaem topics")
    assert not [line for line in left if not topics.search(line)]
    page.close()
