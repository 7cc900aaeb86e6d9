"""How long the page takes to start, beside importing gradio alone, alternating, in the same run.

    python -m benchmarks.page_start                       # 5 rounds; the medians and whether they keep the bar
    python -m benchmarks.page_start --rounds 3 --json start.json
    python -m benchmarks.page_start --fresh               # each start with an empty home and cache, as a Space's first

All times in seconds from the process's start: until gradio is imported; until app.py answers a request; until its
heading can be seen in a Chromium that runs already. The bar: 1.5 s and 2.5 s more than importing gradio.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exporting.space_visit import FLAGS, find_chromium
from grokaem.command_line import check_writable, run, user_path
from grokaem.processor import processor_name

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
BAR = {"answers": 1.5, "heading": 2.5}  # more than importing gradio
HEAVY = ("libtorch", "sklearn", "openvino", "scipy", "numba")  # told by the libraries that the process has mapped
LONGEST_S = 300.0


class Start(NamedTuple):
    """One start of the page; seconds, and which heavy libraries it had loaded by then."""

    answers: float
    heading: float
    loaded: list[str]


def main(argv: list[str]) -> int:
    """Runs the rounds; 1 where a median misses the bar or torch was imported."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description="Times the start of the page.")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="an empty home and cache for each start")
    parser.add_argument("--json", type=user_path, help="write every measurement here")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing --json")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        raise ValueError("--rounds: give 1 or more.")
    if find_chromium() is None:
        raise ValueError("there is no Chromium to look with: run `apt-get install chromium`.")
    if options.json:
        options.json = check_writable(options.json, overwrite=options.overwrite)
    found = measure(options.rounds, options.fresh)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(not found["kept"])


def measure(rounds: int, fresh: bool) -> dict[str, Any]:
    """Alternates the two, one round of each uncounted, and takes medians."""
    from playwright.sync_api import sync_playwright

    gradio, starts = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for number in range(-1, rounds):  # the first reads the files from the disk
            imported, start = import_gradio(), start_page(browser, fresh)
            if number >= 0:
                gradio.append(imported)
                starts.append(start)
        browser.close()
    return report(gradio, starts, fresh)


def report(gradio: list[float], starts: list[Start], fresh: bool) -> dict[str, Any]:
    """Medians, the bar, and whether it is kept: both times within it and torch not imported."""
    base = statistics.median(gradio)
    medians = {name: statistics.median(getattr(start, name) for start in starts) for name in BAR}
    loaded = sorted({name for start in starts for name in start.loaded})
    kept = "libtorch" not in loaded and all(medians[name] <= base + more for name, more in BAR.items())
    return {
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "fresh": fresh,
        "gradio": {"median": base, "all": gradio},
        **{name: {"median": medians[name], "all": [getattr(s, name) for s in starts]} for name in BAR},
        "bar": {name: base + more for name, more in BAR.items()},
        "loaded": loaded,
        "kept": kept,
    }


def import_gradio() -> float:
    """Seconds from the process's start until gradio is imported."""
    started = time.monotonic()
    command = [sys.executable, "-c", "import gradio; print('done', flush=True); import os; os._exit(0)"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.monotonic() - started


def start_page(browser: Browser, fresh: bool) -> Start:
    """Starts app.py, asks until it answers, opens it in a new tab of the browser, and ends it."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        own = {"HOME": home, "GROKAEM_CACHE": str(Path(home) / "cache")} if fresh else {}
        settings = {**os.environ, **own, "HF_HUB_OFFLINE": "1", "GRADIO_SERVER_PORT": str(port)}
        context = browser.new_context()
        page = context.new_page()
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _until_answered(process, port, started)
            answered = time.monotonic() - started
            page.goto(f"http://127.0.0.1:{port}", wait_until="commit")
            page.locator("#masthead h1").wait_for(timeout=LONGEST_S * 1000)
            seen = time.monotonic() - started
            mapped = Path(f"/proc/{process.pid}/maps").read_text()
        finally:
            process.terminate()
            process.wait()
            context.close()
    return Start(answered, seen, [name for name in HEAVY if name in mapped])


def _until_answered(process: subprocess.Popen, port: int, started: float) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONGEST_S) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() - started > LONGEST_S:
            raise RuntimeError("app.py did not start: run it by hand to see why")
        time.sleep(0.02)


def table(found: dict[str, Any]) -> str:
    """The medians in lines."""
    lines = [f"import gradio        {found['gradio']['median']:6.2f} s"]
    for name, told in (("answers", "app.py answers"), ("heading", "its heading is seen")):
        median, bar = found[name]["median"], found["bar"][name]
        lines.append(f"{told:20} {median:6.2f} s   {'within' if median <= bar else 'OVER'} {bar:.2f} s")
    loaded = ", ".join(found["loaded"]) or "none"
    lines.append(f"heavy libraries loaded by then: {loaded}")
    lines.append(f"{found['processor']}, {found['processors']} processors, load {found['load_average']:.1f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run(main))
