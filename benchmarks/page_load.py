"""Fifty visitors of the page for ten minutes, each with texts and a clip of his own, so that no cache answers.

    python -m benchmarks.page_load --json page_load.json
    python -m benchmarks.page_load --minutes 1 --visitors 10

Every 15 to 45 seconds a visitor does something: 4 in 100 times topics or a comparison of words, else something light.
The page runs in a process of its own, as `python app.py` starts it, and its memory and time on the processor are told
apart from the visitors'. The exit code is 1 where the page does not keep what docs/app.md promises.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from grokaem.command_line import run
from grokaem.processor import processor_name

ROOT = Path(__file__).resolve().parents[1]
HEAVY_SHARE = 0.04
PAUSE = (15.0, 45.0)  # seconds between two actions of a visitor
LIMITS = {"light_p95_s": 2.0, "light_busy": 0.02, "heavy_busy": 0.30, "busy_within_s": 1.0, "memory_mib": 2500.0}
WORDS = (
    "river town council vote film warm honest dull plot noise drum snare kick bread oven flour yeast salt storm "
    "harbour train strike goal keeper match season doctor vaccine market bank loan price wheat"
).split()
Arguments = dict[str, Any]


@dataclass
class Answer:
    """One action: what, how long until its answer, and how it ended: done, busy, or an error's words."""

    name: str
    heavy: bool
    seconds: float
    ended: str


class Visitor:
    """Someone with a clip and words of his own.

    Args:
        number (int): his seed.
        client (AsyncClient): with the page's address.
        endpoints (set of str): the public ones of the page.
    """

    def __init__(self, number: int, client: httpx.AsyncClient, endpoints: set[str]) -> None:
        self._random = random.Random(number)
        self._client, self._number = client, number
        self._clip: Arguments = {}
        light = {
            "classify_text": (4, self._text), "audio_features": (3, lambda: {"clip": self._clip}),
            "plan_memory": (3, self._plan), "spectral_envelope": (1, self._place), "gain_effect": (1, self._gain),
            "filter_banks": (1, lambda: {"n_filters": self._random.randint(4, 64)}),
        }  # fmt: skip
        heavy = {"fit_topics": (1, self._topics), "compare_features": (1, self._words)}
        self._light = {name: each for name, each in light.items() if name in endpoints}
        self._heavy = {name: each for name, each in heavy.items() if name in endpoints}

    async def stay(self, seconds: float, answers: list[Answer]) -> None:
        """Opens the page, uploads his clip, and acts until the time is over."""
        end = time.monotonic() + seconds
        await asyncio.sleep(self._random.uniform(0, min(PAUSE[1], seconds)))
        (await self._client.get("/")).raise_for_status()
        self._clip = await self._upload(f"clip{self._number}.wav", _sound(self._number))
        while time.monotonic() < end:
            heavy = self._random.random() < HEAVY_SHARE
            choices = self._heavy if heavy else self._light
            weights = [weight for weight, _ in choices.values()]
            (name,) = self._random.choices(list(choices), weights)
            answers.append(await self._act(name, heavy, choices[name][1]))
            await asyncio.sleep(self._random.uniform(*PAUSE))

    async def _act(self, name: str, heavy: bool, arguments: Callable[[], Any]) -> Answer:
        given = arguments()
        if isinstance(given, Awaitable):
            given = await given
        start = time.monotonic()
        try:
            ended = await self._call(name, given)
        except Exception as error:
            ended = f"{type(error).__name__}: {error}"
        return Answer(name, heavy, time.monotonic() - start, ended)

    async def _call(self, name: str, given: Arguments) -> str:
        address = f"/gradio_api/call/v2/{name}"
        asked = await self._client.post(address, json=given)
        if asked.status_code in (429, 503):
            return "busy"
        asked.raise_for_status()
        event = ""
        async with self._client.stream("GET", f"{address}/{asked.json()['event_id']}") as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "complete":
                    return "done"
                elif line.startswith("data: ") and event == "error":
                    return "busy" if "Busy" in line else line.removeprefix("data: ")
        return "the stream ended without an answer"

    async def _upload(self, name: str, content: bytes) -> Arguments:
        sent = await self._client.post("/gradio_api/upload", files={"files": (name, content)})
        sent.raise_for_status()
        return {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}

    def _sentence(self) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(6, 14)))

    def _text(self) -> Arguments:
        return {"text": self._sentence(), "labels": "sports, cooking, politics"}

    def _plan(self) -> Arguments:
        return {"model": "minilm", "batch_size": self._random.choice((8, 16, 32)),
                "budget": f"{self._random.randint(1, 24)}GB"}  # fmt: skip

    def _place(self) -> Arguments:
        return {"clip": self._clip, "place": round(self._random.random(), 2)}

    def _gain(self) -> Arguments:
        return {"clip": self._clip, "gain_db": self._random.randint(-20, 20)}

    def _topics(self) -> Arguments:
        lines = "\n".join(self._sentence() for _ in range(300))
        return {"source": "lines", "lines": lines, "models": ["NMF", "LDA"], "n_topics": self._random.randint(4, 10)}

    async def _words(self) -> Arguments:
        rows = [f"{self._sentence()} {('superb', 'awful')[i % 2]},{('good', 'bad')[i % 2]}" for i in range(400)]
        table = await self._upload(f"table{self._number}.csv", ("text,label\n" + "\n".join(rows)).encode())
        return {"source": "My file", "file": table, "scorers": ["chi2", "anova"]}


def _sound(seed: int) -> bytes:
    """A WAV file of 4 seconds: a gliding tone in noise."""
    drawn = np.random.default_rng(seed)
    time_ = np.arange(4 * 16_000) / 16_000
    sound = 0.3 * np.sin(2 * np.pi * (200 + 40 * seed) * time_ * (1 + 0.1 * time_))
    sound += 0.05 * drawn.normal(size=len(time_))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes((sound.clip(-1, 1) * 32_767).astype(np.int16).tobytes())
    return file.getvalue()


async def visit(address: str, pid: int, visitors: int, seconds: float) -> tuple[list[Answer], list[float]]:
    """All visitors at once; their answers, and the page's memory (MiB) at the start, at half the time, at the end."""
    answers: list[Answer] = []
    memory: list[float] = []

    async def look() -> None:
        for part in range(3):
            if part:
                await asyncio.sleep(seconds / 2)
            memory.append(_resident_mib(pid))

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as client:
        told = (await client.get("/gradio_api/info")).json()["named_endpoints"]
        endpoints = {name.lstrip("/") for name in told}
        crowd = [Visitor(number, client, endpoints) for number in range(visitors)]
        for first in ("classify_text", "audio_features", "fit_topics"):  # loaded once: not what is measured
            crowd[0]._clip = await crowd[0]._upload("first.wav", _sound(0))
            arguments = {**crowd[0]._light, **crowd[0]._heavy}[first][1]()
            print(f"{first}: {await crowd[0]._call(first, arguments)}", file=sys.stderr)
        await asyncio.gather(look(), *(visitor.stay(seconds, answers) for visitor in crowd))
    return answers, memory


def summary(answers: list[Answer], memory: list[float], server_cpu: float, client_cpu: float) -> dict[str, Any]:
    """The figures, by name, with units in the names."""
    light = [answer for answer in answers if not answer.heavy]
    heavy = [answer for answer in answers if answer.heavy]
    done = sorted(answer.seconds for answer in light if answer.ended == "done")
    busy = [answer.seconds for answer in answers if answer.ended == "busy"]
    errors = Counter(f"{each.name}: {each.ended}" for each in answers if each.ended not in ("done", "busy"))
    by_name = {
        name: round(statistics.median(each.seconds for each in answers if each.name == name), 3)
        for name in sorted({answer.name for answer in answers})
    }
    return {
        "light": len(light), "heavy": len(heavy),
        "light_p50_s": _share_of(done, 0.5), "light_p95_s": _share_of(done, 0.95),
        "light_busy": _busy(light), "heavy_busy": _busy(heavy), "busy_within_s": max(busy, default=0.0),
        "heavy_p50_s": _share_of(sorted(each.seconds for each in heavy if each.ended == "done"), 0.5),
        "errors": dict(errors), "median_s": by_name, "memory_mib": [round(each) for each in memory],
        "server_cpu_s": round(server_cpu, 1), "visitors_cpu_s": round(client_cpu, 1),
    }  # fmt: skip


def _share_of(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else None


def _busy(answers: list[Answer]) -> float:
    return round(sum(answer.ended == "busy" for answer in answers) / max(1, len(answers)), 4)


def broken(figures: dict[str, Any]) -> list[str]:
    """What the page promises and did not keep."""
    found = [name for name in ("light_p95_s", "light_busy", "heavy_busy", "busy_within_s")
             if (figures[name] or 0) > LIMITS[name]]  # fmt: skip
    start, _, end = figures["memory_mib"]
    if max(figures["memory_mib"]) > LIMITS["memory_mib"] or end > 1.25 * start + 200:
        found.append("memory_mib")
    return found + (["errors"] if figures["errors"] else [])


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(argv: list[str]) -> int:
    """Starts the page, sends the visitors, prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False",
                       "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}  # fmt: skip
        command = [sys.executable, str(ROOT / "app.py")]
        page = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
        try:
            address = _address(page)
            before = _cpu_seconds(page.pid)
            answers, memory = asyncio.run(visit(address, page.pid, options.visitors, 60 * options.minutes))
            server_cpu = _cpu_seconds(page.pid) - before
        finally:
            page.terminate()
            page.wait()
    own = resource.getrusage(resource.RUSAGE_SELF)
    figures = summary(answers, memory, server_cpu, own.ru_utime + own.ru_stime)
    settings = {"visitors": options.visitors, "minutes": options.minutes, "processor": processor_name()}
    for name, value in {**settings, **figures}.items():
        print(f"{name}: {value}")
    if options.json:
        options.json.write_text(json.dumps({**settings, **figures}, indent=2) + "\n")
    for name in (missed := broken(figures)):
        print(f"beyond its limit: {name}", file=sys.stderr)
    return 1 if missed else 0


def _address(page: subprocess.Popen[str]) -> str:
    """Where the page is, once it says so; what it says later is read away."""
    assert page.stdout is not None
    for line in page.stdout:
        if found := re.search(r"https?://\S+:\d+", line):
            threading.Thread(target=page.stdout.read, daemon=True).start()
            return found[0]
    raise RuntimeError("the page did not start: run python app.py to see why.")


if __name__ == "__main__":
    sys.exit(run(main))
