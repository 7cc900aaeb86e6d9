"""A visitor in headless Chromium: opens every tab, runs it, and looks whether a result is drawn.

python tests/app/browser.py --screenshots docs/images
python tests/app/browser.py --screenshots docs/images/opening --as-opened
python tests/app/browser.py --screenshots /tmp/dark --dark --every-chart --width 400
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.app.running_app import ROOT, running_app

SCREENS = ((390, 844), (820, 1180), (1366, 900))  # a phone, a tablet, a laptop
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",
]


def find_chromium() -> str | None:
    """The browser's path, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Visit:
    """A page and what went wrong on it: errors of its console, its scripts and its requests."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.problems: list[str] = []
        host = urlsplit(address).netloc
        page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._check_host(request.url, host))
        page.on("response", lambda answer: self._check_status(answer))

    def _check_host(self, url: str, host: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc != host:
            self.problems.append(f"asked another host: {url}")

    def _check_status(self, answer: Any) -> None:
        if answer.status >= 400:
            self.problems.append(f"{answer.status} for {answer.url}")


@contextmanager
def running_browser() -> Iterator[Any]:
    """Chromium with an empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Any, address: str, *, width: int = 1280, height: int = 900, dark: bool = False, scale: float = 1.5
) -> Iterator[Visit]:
    """The page at the address, loaded, in a window of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        device_scale_factor=scale,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    visitor = Visit(page, address)
    page.goto(address)
    page.get_by_role("tab", name="Topics", exact=True).wait_for()
    yield visitor
    context.close()


def open_tab(page: Any, name: str) -> None:
    """Chooses a tab, also from the menu that narrow screens hide the last ones in."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if tab.is_visible():
        tab.click()
    else:
        page.get_by_role("button", name="More tabs").click()
        page.locator(".overflow-dropdown button", has_text=name).click()


def drawn(page: Any, element: str, marks: str) -> int:
    """Waits until a chart holds marks; how many."""
    page.locator(f"#{element} .js-plotly-plot").wait_for()
    found = page.locator(f"#{element} {marks}")
    found.first.wait_for(state="attached")
    return found.count()


def run_topics(page: Any, models: tuple[str, ...] = ("NMF", "LDA"), source: str = "Dictionary") -> dict[str, Any]:
    """Finds topics in a corpus; what the page then shows."""
    open_tab(page, "Topics")
    page.locator("#topics-source").get_by_role("radio", name=source, exact=True).check()
    for box in page.locator("#topic-models").get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("name") in models)
    shown_before = page.locator("#topic-model input").first.get_attribute("value")
    page.locator("#find-topics").click()
    other = "before => document.querySelector('#topic-model input')?.value !== before"
    page.wait_for_function(other, arg=shown_before)
    page.wait_for_timeout(500)
    shown = {"models": drawn(page, "topic-coherence", ".barlayer .point")}
    shown["bars"] = drawn(page, "topic-shares", ".barlayer .point")
    page.locator("#topic-words .barlayer .point").first.wait_for()
    shown["points"] = drawn(page, "document-map", ".scatterlayer .point")
    shown["mixture"] = drawn(page, "document-topics", ".barlayer .point")
    shown["comparison"] = _folded(page, "measures", "topic-comparison")
    return shown | {"table": _folded(page, "all-topics", "topic-table")}


def _folded(page: Any, accordion: str, element: str) -> str:
    """The words of what an accordion holds, which is opened for it."""
    if not page.locator(f"#{element}").is_visible():
        page.locator(f"#{accordion} button").first.click()
    page.locator(f"#{element}").wait_for()
    return page.locator(f"#{element}").inner_text()


def run_text(page: Any, text: str | None = None, labels: str | None = None) -> str:
    """Classifies a text, or the one that stands there; the scores as shown."""
    open_tab(page, "Text")
    if text is not None:
        page.locator("#text-to-classify textarea").fill(text)
    if labels is not None:
        page.locator("#label-names textarea, #label-names input").first.fill(labels)
    answers = [page.locator(f"#{name} textarea, #{name} input").first.input_value().strip()
               for name in ("text-to-classify", "label-names")]  # fmt: skip
    page.locator("#classify-text").click()
    page.wait_for_function(
        "answers => document.querySelector('#text-result [data-answers]')?.dataset.answers === answers",
        arg=json.dumps(answers, ensure_ascii=False),
    )
    return page.locator("#text-scores").inner_text()


def run_words(page: Any, table: Path, sentence: str) -> dict[str, Any]:
    """Compares scorers on an uploaded table, then asks which words decided; what the page shows."""
    open_tab(page, "Text")
    page.get_by_role("button", name="How few words are enough?").click()
    page.locator("#feature-source").get_by_role("radio", name="My file").click()
    page.locator("#feature-file input[type=file]").set_input_files(table)
    page.locator("#feature-file").get_by_text(table.stem).first.wait_for()
    page.locator("#compare-features").click()
    page.locator("#words-by-class").get_by_text("superb").first.wait_for()
    shown: dict[str, Any] = {"curves": drawn(page, "feature-curves", ".scatterlayer .js-line")}
    page.locator("#sentence textarea, #sentence input").first.fill(sentence)
    page.locator("#explain-sentence").click()
    page.locator("#sentence-words", has_text=sentence.split()[0]).wait_for()
    shown["bars"] = drawn(page, "words-that-decided", ".barlayer .point")
    return shown | {"recommended": page.locator("#feature-recommendation").inner_text()}


def run_audio(page: Any) -> dict[str, int]:
    """Shows the features of the first example; how many curves and pictures the linked plot holds."""
    open_tab(page, "Audio")
    page.locator("#sound-drums").click()
    page.locator("#audio-note", has_text="4.00 s").wait_for()
    page.locator("#sound-vowels").click()
    page.locator("#audio-note", has_text="3.52 s").wait_for()
    return {
        "curves": drawn(page, "linked-plots", ".scatterlayer .js-line"),
        "pictures": drawn(page, "linked-plots", ".heatmaplayer image"),
    }


def run_memory(page: Any) -> dict[str, Any]:
    """Makes the batch of the memory tab larger; the bars and the sentence before and after."""
    open_tab(page, "Memory")
    shown: dict[str, Any] = {"before": drawn(page, "memory-bars", ".barlayer .point")}
    shown["sentence"] = page.locator("#memory-sentence").inner_text()
    page.locator("#memory-batch input[type=range]").press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('#memory-sentence').innerText !== before", arg=shown["sentence"]
    )
    shown["after"] = page.locator("#memory-sentence").inner_text()
    shown["limit"] = page.locator("#memory-bars .shapelayer path").count()
    return shown | {"command": page.locator("#memory-command").inner_text()}


def open_panel(page: Any, name: str) -> None:
    """Opens a panel of the audio tab by the beginning of its title."""
    page.get_by_role("button", name=name).click()


def run_panels(page: Any) -> dict[str, int]:
    """Opens and runs every panel of the audio tab, whose clip is chosen; how many marks each chart holds."""
    curve, picture = ".scatterlayer .js-line", ".heatmaplayer image"
    marks = {}

    def look(*names: str, kind: str = curve) -> None:
        marks.update({name: drawn(page, name, kind) for name in names})

    open_panel(page, "Filter banks")
    look("mel-filters", "gammatone-filters")
    open_panel(page, "Why the cosine transform")
    page.locator("#correlate").click()
    look("mel-correlation", "mfcc-correlation", kind=picture)
    open_panel(page, "Why the cube root")
    page.locator("#gain input[type=range]").press("ArrowRight")
    look("gain-mfcc", "gain-gfcc")
    open_panel(page, "Spectral envelope")
    page.locator("#envelope-place input[type=range]").press("ArrowRight")
    look("envelope")
    open_panel(page, "In noise")
    page.locator("#add-noise").click()
    look("survival")
    look("noisy-plots", kind=picture)
    open_panel(page, "Listening corner")
    page.locator("#make-sweep").click()
    look("hearing-plot")
    open_panel(page, "Width against depth")
    look("wrn-parameters", "wrn-multiply-adds", "wrn-memory")
    return marks


def labelled_table(folder: Path) -> Path:
    """A table of opinions in which one word decides."""
    table = folder / "opinions.csv"
    lines = [f"{('superb', 'awful')[i % 2]} film{i % 17},{('good', 'bad')[i % 2]}" for i in range(200)]
    table.write_text("text,label\n" + "\n".join(lines))
    return table


# Each text, bar, line and point of every chart with its colour; the grounds that a chart brings along; and the colour
# of what lies under it, which is the first of its ancestors that has one.
COLOURS = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => {
  const clear = colour => colour === 'none' || /^rgba\\(.*, 0\\)$/.test(colour);
  let under = chart.parentElement;
  while (clear(getComputedStyle(under).backgroundColor)) under = under.parentElement;
  const name = chart.closest('[id].block, [id].form, [id]').id;
  const found = (kind, element, colour) => ({chart: name, kind, colour, words: element.textContent,
                                              ground: getComputedStyle(under).backgroundColor});
  const all = selector => [...chart.querySelectorAll(selector)].filter(each => !each.closest('.hoverlayer'));
  const paint = (each, property) => {  // with the opacity that is said apart
    const style = getComputedStyle(each);
    const colour = style[property];
    if (clear(colour)) return colour;
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return `rgba(${red}, ${green}, ${blue}, ${alpha * style[property + 'Opacity'] * style.opacity})`;
  };
  const body = each => clear(paint(each, 'fill')) ? paint(each, 'stroke') : paint(each, 'fill');
  return [
    ...all('.main-svg text').filter(each => each.textContent.trim()).map(
      each => found('text', each, paint(each, 'fill'))),
    ...all('.scatterlayer .js-line').map(each => found('mark', each, paint(each, 'stroke'))),
    ...all('.barlayer .point path, .scatterlayer path.point').map(each => found('mark', each, body(each))),
    ...all('.main-svg').map(each => found('ground', each, getComputedStyle(each).backgroundColor)),
    ...all('.bglayer rect, rect.bg').map(each => found('ground', each, paint(each, 'fill'))),
  ].filter(each => each.kind !== 'ground' || !clear(each.colour));
})"""


def chart_colours(page: Any, *, dark: bool) -> list[dict[str, str]]:
    """What every chart of the page is painted with, once the page is light or dark as Gradio makes it.

    Returns:
        list of dict: ``chart`` (its element), ``kind`` (text, mark, or a ground of its own), ``colour``, ``ground``
        (what the chart lies on) and ``words``, if it is a text.
    """
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
    return page.evaluate(COLOURS)


def take_screenshots(address: str, folder: Path, *, width: int, dark: bool, every_chart: bool) -> list[str]:
    """Writes topics.png, text.png and audio.png, and with every chart words.png and panels.png; the problems met."""
    folder.mkdir(parents=True, exist_ok=True)
    acts: dict[str, Callable[[Any], object]] = {"topics": run_topics, "text": run_text, "audio": run_audio,
                                            "memory": run_memory}  # fmt: skip
    if every_chart:
        acts["panels"] = run_panels
        acts["words"] = lambda page: run_words(page, labelled_table(folder), "A superb film3, awful film4")
    with running_browser() as browser, visit(browser, address, width=width, dark=dark) as visitor:
        page = visitor.page
        for name, act in acts.items():
            act(page)
            page.wait_for_timeout(1500)  # animations end, toasts go
            page.mouse.move(0, 0)
            page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")
        return visitor.problems


def take_openings(address: str, folder: Path) -> list[str]:
    """Writes every tab as it opens, on a phone, a tablet and a laptop, light and dark, as WebP; the problems met."""
    import io

    from PIL import Image

    from demos.tab import TABS

    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    with running_browser() as browser:
        for (width, height), dark in itertools.product(SCREENS, (False, True)):
            with visit(browser, address, width=width, height=height, dark=dark, scale=1) as visitor:
                for key, tab in TABS.items():
                    open_tab(visitor.page, tab.title)
                    visitor.page.wait_for_timeout(1500)  # charts are drawn, animations end
                    visitor.page.mouse.move(0, 0)
                    picture = Image.open(io.BytesIO(visitor.page.screenshot(animations="disabled")))
                    name = f"{key}-{width}-{'dark' if dark else 'light'}.webp"
                    picture.convert("RGB").save(folder / name, quality=60, method=6)
                problems += visitor.problems
    return problems


def main() -> int:
    """Starts the app, visits it, writes the pictures."""
    parser = argparse.ArgumentParser(description="Takes a screenshot of each tab.")
    parser.add_argument("--screenshots", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--width", type=int, default=1180)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--every-chart", action="store_true", help="the panels of the tabs too")
    parser.add_argument("--as-opened", action="store_true", help="every tab before a press: 3 widths, light and dark")
    parser.add_argument("--address", help="of an app that runs already")
    options = parser.parse_args()
    served = running_app(GROKAEM_RUNS=str(ROOT / "runs"))  # the pictures show the checkout's own model
    with nullcontext(options.address) if options.address else served as address:
        if options.as_opened:
            problems = take_openings(address, options.screenshots)
        else:
            problems = take_screenshots(
                address, options.screenshots, width=options.width, dark=options.dark, every_chart=options.every_chart
            )
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
