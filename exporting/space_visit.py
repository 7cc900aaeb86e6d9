"""A visitor in headless Chromium who opens every tab of the page and presses its buttons."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
BUTTON = "button.primary:visible"  # by the class that Gradio gives it: a new tab's come in by themselves
FOLDED = "button.label-wrap:not(.open):visible"
SAMPLE = "button.gallery-item:visible, .gallery-item button:visible, tr.tr-body:visible"  # of a row of examples
ERROR = ".toast-body.error:visible, .wrap .error:visible"
BUSY = ".wrap.generating:visible, .wrap.full:not(.hide):visible, .progress-text:visible, .pending:visible"
ANSWER_S = 300.0  # a fit by meaning on a busy machine
QUIET_S = 1.5


def find_chromium() -> str | None:
    """The browser's path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def press_everything(address: str, short: bool = False, say: Callable[[str], None] = print) -> list[str]:
    """Opens every tab and presses every primary button, folded parts' too.

    Args:
        address (str): of the page.
        short (bool, optional): one button a tab. (Default: ``False``)
        say (callable, optional): told each press. (Default: ``print``)

    Returns:
        list of str: what went wrong, a sentence each; empty where all is well.
    """
    problems: list[str] = []
    with _page(address, problems) as page:
        tabs = page.get_by_role("tab").all_inner_texts()
        names = list(dict.fromkeys(name.strip() for name in tabs if name.strip()))
        for name in names:
            page.get_by_role("tab", name=name, exact=True).first.click()
            page.wait_for_timeout(500)
            pressed = _press_tab(page, name, short, problems, say)
            if not pressed:
                say(f"{name}: no button")
    if not names:
        problems.append("the page has no tab.")
    return problems


@contextmanager
def _page(address: str, problems: list[str]) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.set_default_timeout(60_000)

        def told(message: Any) -> None:
            if message.type == "error":
                problems.append(f"the browser's console says: {message.text}")

        page.on("console", told)
        page.on("pageerror", lambda error: problems.append(f"a script of the page failed: {error}"))
        page.goto(address)
        page.get_by_role("tab").first.wait_for()
        yield page
        browser.close()


def _press_tab(page: Page, name: str, short: bool, problems: list[str], say: Callable[[str], None]) -> int:
    """Presses the buttons of the open tab; how many."""
    if not short:
        for _ in range(20):  # a fold may hold another
            folded = page.locator(FOLDED)
            if not folded.count():
                break
            folded.first.click()
            page.wait_for_timeout(300)
    sample = page.locator(SAMPLE)
    if sample.count():  # where something must be chosen first
        sample.first.click()
        _wait(page)
    count = min(page.locator(BUTTON).count(), 1 if short else 1000)
    for number in range(count):
        button = page.locator(BUTTON).nth(number)
        called = " ".join(button.inner_text().split())
        started = time.monotonic()
        button.click()
        answered = _wait(page)
        seconds = time.monotonic() - started
        texts = [" ".join(each.split()) for each in page.locator(ERROR).all_inner_texts() if each.strip()]
        errors = list(dict.fromkeys(texts))
        said = "; ".join(errors) if errors else "answered" if answered else f"no answer in {ANSWER_S:.0f} s"
        say(f"{name}: {called}: {said} ({seconds:.1f} s)")
        if errors or not answered:
            problems.append(f"{name}: {called}: {said}")
        for close in page.locator(".toast-close").all():
            close.click()
    return count


def _wait(page: Page) -> bool:
    """Waits until nothing on the page is being computed; whether that came in time."""
    page.wait_for_timeout(400)  # until the press has reached the queue
    ended = time.monotonic() + ANSWER_S
    quiet_since = time.monotonic()
    while time.monotonic() < ended:
        if page.locator(ERROR).count():
            return True
        if page.locator(BUSY).count():
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > QUIET_S:
            return True
        page.wait_for_timeout(200)
    return False
