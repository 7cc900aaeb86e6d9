"""A visitor's label and file in a real browser: their markup is shown, and nothing of it leaves for another host."""

from __future__ import annotations

import pytest

from tests.app.browser import find_chromium, running_browser, visit

IMAGE = "<img src=https://elsewhere.example/x>"


@pytest.mark.case("P6")
@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is None, reason="chromium is not installed")
def test_in_the_browser_no_text_asks_another_host(address, tmp_path):
    file = tmp_path / "own.csv"
    rows = [f'"{IMAGE} ![x](https://elsewhere.example/y) river town {n} council","{IMAGE}"' for n in range(12)]
    rows += [f'"bread butter oven {n}","good"' for n in range(12)]
    file.write_text("\n".join([f'text,"{IMAGE}"', *rows]))
    with running_browser() as browser, visit(browser, address) as visited:
        page = visited.page
        page.get_by_role("tab", name="Text", exact=True).click()
        page.locator("#label-names textarea, #label-names input").first.fill(f"{IMAGE}, sport")
        page.locator("#classify-text").click()
        page.locator("#text-scores").get_by_text(IMAGE).first.wait_for()
        page.locator("#label-names textarea, #label-names input").first.fill(IMAGE)
        page.locator("#classify-text").click()  # one label: refused, and the sentence quotes it
        page.locator("#text-trouble").get_by_text(IMAGE).first.wait_for()
        page.get_by_role("tab", name="Topics", exact=True).click()
        page.get_by_label("My file").check()
        page.locator("#topics-file input[type=file]").set_input_files(str(file))
        page.locator("#topics-file [download]").first.wait_for()
        page.locator("#find-topics").click()
        page.get_by_text("in 24 documents").wait_for(timeout=60_000)
        page.wait_for_timeout(1000)
        assert not [problem for problem in visited.problems if "elsewhere" in problem], visited.problems
        assert str(tmp_path) not in page.content() and "gradio/" not in page.locator(".note").all_inner_texts()
