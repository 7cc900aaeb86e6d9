"""The real app in a process of its own, asked over HTTP: what an input does to it, for hostile_inputs.py."""

from __future__ import annotations

import html
import json
import math
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from benchmarks.hostile_families import Value

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 60  # seconds of one request
SESSION = "hostile"
REMEDY = re.compile(
    r"\b(give|choose|ask|convert|save|trim|type|use|name|add|check|free|split|remove|record|press|install|make|keep|"
    r"shorten|leave|encode|write|read|put|set|try|unpack|delete|double|say|train|export|limit is|"
    r"uploaded|resample|minimum value|maximum value|at least|at most|one of|from \d|expected|choices?|usage|rename)\b",
    re.IGNORECASE,
)  # fmt: skip


@dataclass
class Ending:
    """How one action ended.

    Attributes:
        seconds: it took.
        mib: peak memory beyond what the process held before.
        how: ``done``, ``refused``, or what is wrong with it.
        said: the end of what it said.
    """

    seconds: float
    mib: float
    how: str
    said: str = ""


def judged(message: str) -> str:
    """What is wrong with an error's message, or ``refused``."""
    if "Traceback" in message or re.search(r"(^|[\s(:])[A-Z]\w+(Error|Exception): ", message):
        return "traceback"
    return "refused" if REMEDY.search(message) else "no remedy"


class Page:
    """Starts app.py and asks its events.

    Args:
        folder (Path): for the log and the uploads.
        model (Path): the text classifier to serve.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        self.log = folder / "app.log"
        temporary = str(folder / "gradio")
        self.settings = os.environ | {
            "MODEL_ID": str(model),
            "GRADIO_TEMP_DIR": temporary,
            "PYTHONUNBUFFERED": "1",
        }

    def __enter__(self) -> Page:
        for _ in range(3):  # on a busy machine Gradio gives up on its own address after a few seconds
            with self.log.open("w") as log:
                command = [sys.executable, str(ROOT / "app.py")]
                self.process = subprocess.Popen(
                    command, cwd=self.log.parent, env=self.settings, stdout=log, stderr=log
                )
            while self.process.poll() is None:
                found = re.search(r"http://\S+:\d+", self.log.read_text())
                try:
                    if found:
                        urllib.request.urlopen(f"{found[0]}/gradio_api/info", timeout=LONGEST)
                        self.address = f"{found[0]}/gradio_api"
                        time.sleep(5)  # its own check is over by then
                        if self.process.poll() is None:
                            return self
                except OSError:
                    pass
                time.sleep(0.2)
        raise RuntimeError(f"app.py did not start:\n{self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def actions(self, form: str, value: Value) -> dict[str, Callable[[], Ending]]:
        """What the tabs do with a value of that form."""
        good = self.log.with_name("good.csv")
        times = value if isinstance(value, int) else 0
        number = _number(str(value)) if form == "number" else None
        lines = "\n".join(f"river town council {n}" for n in range(12))
        events: dict[str, list[tuple[str, str, Sequence[object]]]] = {
            "table": [
                ("page: topics", "fit_topics", ["file", "", value, ["NMF", "LDA"], 3]),
                ("page: words", "compare_features", ["My file", value, "en", ["lower case"], 1, ["chi2"]]),
            ],
            "sound": [
                ("page: audio", "audio_features", [value]),
                ("page: noise", "audio_in_noise", [value, "pink", 5]),
            ],
            "text": [
                ("page: text", "classify_text", [value, ""]),
                ("page: labels", "classify_text", ["a river and a town", f"{value}, other"]),
                ("page: lines", "fit_topics", ["lines", f"{lines}\n{value}", None, ["NMF"], 3]),
                ("page: sentence", "explain_sentence", [value]),
            ],
            "number": [
                ("page: topics (number)", "fit_topics", ["lines", lines, None, ["NMF"], number]),
                ("page: words (number)", "compare_features", ["My file", good, "en", [], number, ["chi2"]]),
                ("page: widening", "wide_resnet_cost", [16, number, number, number]),
            ],
            "repetition": [
                ("page: topics", "fit_topics", ["lines", lines, None, ["NMF"] * times, 3]),
                ("page: words", "compare_features", ["My file", good, "en", [], 1, ["chi2"] * times]),
                ("page: labels", "classify_text", ["a river", ",".join(["river, town"] * times)]),
            ]
            if form == "repetition"
            else [],
            "path": [
                ("page: topics", "fit_topics", ["file", "", _file(value), ["NMF"], 3]),
                ("page: audio", "audio_features", [_file(value)]),
            ],
        }  # fmt: skip
        return {surface: lambda e=event, d=data: self.ask(e, d) for surface, event, data in events[form]}

    def ask(self, event: str, data: Sequence[object]) -> Ending:
        """One event: its seconds, the memory that it added to the server's, how it ended."""
        before, start = math.inf, time.perf_counter()  # a refused upload adds nothing
        try:
            data = [self._upload(value) if isinstance(value, Path) else value for value in data]
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
            before, start = self._mib("VmRSS"), time.perf_counter()
            how, said = self._stream(event, data)
        except urllib.error.HTTPError as error:
            how = "refused" if error.code < 500 else f"status {error.code}"
            said = error.read().decode(errors="replace")
        except OSError as error:
            how, said = "stopped", str(error)
        if self.process.poll() is not None:
            raise RuntimeError(f"the app has ended at {event}: {self.log.read_text()[-2000:]}")
        if how == "error" and "Symlink loop" in said:
            how = "refused"  # a path sent past the page's own upload: an attack is owed no remedy
        if how == "error":
            # Gradio quotes Python's own words after its sentence on a value of the wrong kind.
            said = said.split("Original error:")[0]
            how = "failed" if "could not be computed" in said else judged(said)
        return Ending(time.perf_counter() - start, max(0.0, self._mib("VmHWM") - before), how, said[-300:])

    def _stream(self, event: str, data: Sequence[object]) -> tuple[str, str]:
        body = json.dumps({"data": data, "session_hash": SESSION}).encode()  # a lone surrogate as \ud800
        asked = self._open(f"call/{event}", body, "application/json")
        place = f"{self.address}/call/{event}/{json.load(asked)['event_id']}"
        with urllib.request.urlopen(place, timeout=LONGEST) as response:
            text = response.read().decode()
        name, said = (
            re.findall(r"event: (\w+)\ndata: (.*)", text)[-1] if "event: " in text else ("broken off", text)
        )
        if name == "complete":
            return "done", ""
        if name != "error":
            return "broken off", text
        message = json.loads(said)
        return "error", html.unescape(str(message.get("error") if isinstance(message, dict) else message))

    def _upload(self, path: Path) -> dict[str, object]:
        border = uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + path.read_bytes() + f"\r\n--{border}--\r\n".encode()
        (name,) = json.load(self._open("upload", body, f"multipart/form-data; boundary={border}"))
        return _file(name)

    def _open(self, place: str, body: bytes, kind: str) -> HTTPResponse:
        asked = urllib.request.Request(f"{self.address}/{place}", body, {"Content-Type": kind})
        return urllib.request.urlopen(asked, timeout=LONGEST)

    def _mib(self, name: str) -> float:
        return (
            int(Path(f"/proc/{self.process.pid}/status").read_text().split(f"{name}:")[1].split()[0]) / 1024
        )


def _file(path: object) -> dict[str, object]:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def _number(text: str) -> object:
    """The digits as JSON can say them: a number where they are one."""
    try:
        return json.loads(text) if text.strip() not in ("true", "") else text
    except ValueError:
        return text
