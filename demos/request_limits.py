"""What one request may bring, what all of them may leave on the disk, and Gradio's own refusals as sentences.

Gradio bounds each file of an upload. Here the whole body of a request is bounded, before it is read to its end, and
the folder of uploads and results: the oldest go first when it is full, and Gradio removes what is an hour old.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.context import LocalContext
from gradio.utils import get_upload_folder
from starlette.requests import Request

from demos.wording import say

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD_BYTES = 24_000_000  # of a request that uploads: a file of 20 MB and what frames it
BODY_BYTES = 8_000_000  # of any other: a million characters, each of which JSON may write as six
DISK_BYTES = 1_000_000_000  # of uploads and results together
DISK_FILES = 10_000
LOOK_EVERY = 60.0  # seconds between two looks at the folder, or
LOOK_AFTER = 100_000_000  # bytes that came since


class TemporaryFiles:
    """The folder of uploads and results, within its limits.

    Args:
        folder (Path): Gradio's.
        most_bytes (int): of all files in it.
        most_files (int): how many.
    """

    def __init__(self, folder: Path, most_bytes: int = DISK_BYTES, most_files: int = DISK_FILES) -> None:
        self._folder, self._most_bytes, self._most_files = folder, most_bytes, most_files
        self._kept = {path for _, _, path in self._files()}  # the page's own examples
        self._looking = threading.Lock()
        self._looked, self._came = time.monotonic(), 0

    def count(self, received: int) -> None:
        """Tells of bytes that were received; now and then the oldest files go, in a thread."""
        self._came += received
        if self._came < LOOK_AFTER and time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked, self._came = time.monotonic(), 0
        threading.Thread(target=self.drop_oldest, daemon=True).start()

    def drop_oldest(self) -> None:
        """Removes the oldest files that are not the page's own until the rest is within the limits."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            files = sorted(each for each in self._files() if each[2] not in self._kept)
            left, total = len(files), sum(size for _, size, _ in files)
            for _, size, path in files:
                if total <= self._most_bytes and left <= self._most_files:
                    break
                with suppress(OSError):
                    os.remove(path)
                    os.rmdir(os.path.dirname(path))  # Gradio makes one a file
                left, total = left - 1, total - size
        finally:
            self._looking.release()

    def _files(self) -> Iterator[tuple[int, int, str]]:
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)
                with suppress(OSError):
                    status = os.stat(path)
                    yield status.st_mtime_ns, status.st_size, path


class RequestLimits:
    """Middleware that refuses too large requests and says in a sentence what Gradio refuses with a code.

    Args:
        app (ASGIApp): Gradio's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files = TemporaryFiles(Path(get_upload_folder()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request within the limits."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        most = UPLOAD_BYTES if path.endswith(("/upload", "/component_server")) else BODY_BYTES
        received, refused, begun = 0, False, False

        async def bounded() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                refused = True
                return {"type": "http.disconnect"}
            return message

        async def answer(message: Message) -> None:
            nonlocal begun
            if refused:
                return
            begun = True
            await send(message)

        request = Request(scope)
        if _announced(request) > most:
            await _refuse(send, 413, _too_large(request, most))
            return
        try:
            await self._app(scope, bounded, _in_words(request, path, answer))
        except Exception:
            if not refused:
                raise
        if refused and not begun:
            await _refuse(send, 413, _too_large(request, most))
        self._files.count(received)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _in_words(request: Request, path: str, send: Send) -> Send:
    """Gradio's "queue is full", which its page shows in English words of its own, as a sentence of ours.

    Programs get the code that Gradio's clients know.
    """
    if not path.endswith("/queue/join") or "sec-fetch-mode" not in request.headers:
        return send
    full = False

    async def translated(message: Message) -> None:
        nonlocal full
        if message["type"] == "http.response.start" and message["status"] == 503:
            full = True
            with_words = _spoken(request, "Busy: other visitors wait here already. Try again in a minute.")
            await _refuse(send, 429, with_words)
        elif not full:
            await send(message)

    return translated


def _too_large(request: Request, most: int) -> str:
    megabytes = most // 1_000_000
    return _spoken(request, "This is more than the {count} MB that the page takes at once: give less.", count=megabytes)


def _spoken(request: Request, english: str, **values: object) -> str:
    """A sentence in the language of the request, which is outside any event."""
    token = LocalContext.request.set(request)  # pyright: ignore[reportArgumentType]  # has what is read of it
    try:
        return say(english, **values)
    finally:
        LocalContext.request.reset(token)


async def _refuse(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
