"""Whether everybody can use the page: axe-core's rules, and the keyboard alone, on every tab, light and dark."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from demos.tab import TABS
from tests.app import browser

pytestmark = [
    pytest.mark.skipif(browser.find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="there is no playwright: pip install playwright"
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("axe_playwright_python") is None,
        reason="there is no axe-core: pip install axe-playwright-python",
    ),
]

# What Gradio's own components break and a page cannot mend: the rule, a part of the element's HTML, and why.
GRADIOS: tuple[tuple[str, str, str], ...] = ()

# Everything that can be reached by Tab from the top of the page; a group of radio buttons is one stop.
REACHABLE = """async () => {
  const seen = new Set();
  return [...document.querySelectorAll('button, input, textarea, select, a[href], [role=tab], [role=slider]')]
    .filter(each => each.checkVisibility({visibilityProperty: true, opacityProperty: false}) && !each.disabled)
    .length;
}"""


def axe_script() -> str:
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None and spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium():
    with browser.running_browser() as running:
        yield running


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def visitor(request, chromium, address):
    with browser.visit(chromium, address, dark=request.param) as visit:
        visit.page.add_script_tag(content=axe_script())
        yield visit


def violations(page) -> list[dict]:
    """The serious and critical ones of the open tab: rule, element, what is wrong with it."""
    found = page.evaluate("""() => axe.run(document, {resultTypes: ['violations']})""")["violations"]
    return [
        {"rule": each["id"], "html": node["html"][:300], "where": " ".join(map(str, node["target"])),
         "why": node["failureSummary"]}
        for each in found if each["impact"] in ("serious", "critical") for node in each["nodes"]
    ]  # fmt: skip


def is_gradios(violation: dict) -> bool:
    return any(rule == violation["rule"] and part in violation["html"] for rule, part, _ in GRADIOS)


@pytest.mark.parametrize("key", list(TABS))
def test_no_tab_breaks_a_rule(visitor, key):
    browser.open_tab(visitor.page, TABS[key].title)
    visitor.page.wait_for_timeout(1500)
    ours = [each for each in violations(visitor.page) if not is_gradios(each)]
    assert not ours, "\n".join(f"{each['rule']}: {each['where']}\n  {each['html']}\n  {each['why']}" for each in ours)
    assert visitor.problems == []
