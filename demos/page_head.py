"""The head of the page's document: its language, and what other sites show where somebody links to it.

Gradio writes a head of its own, whose picture and address are Gradio's, and reads the browser's language before any
script of ours runs. Both are put right in the document itself, on its way to the browser.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from demos.wording import LANGUAGES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TITLE = "grokaem"
DESCRIPTION = "Fine-tune in little memory, quantize, publish, use on a CPU, and look inside."

# Before everything else: what the page's address asks for is what the browser is said to speak.
_LANGUAGE = """<script>{
  window.askedFor = new URLSearchParams(window.location.search);  // for deep_links.py: the address soon changes
  const asked = window.askedFor.get('lang');
  if (%(languages)s.includes(asked)) {
    Object.defineProperty(navigator, 'language', {get: () => asked});
    Object.defineProperty(navigator, 'languages', {get: () => [asked]});
  }
  document.documentElement.lang = navigator.language.startsWith('ru') ? 'ru' : 'en';
  document.addEventListener('click', event => {  // the other language, with the tab and the inputs as they are
    const link = event.target.closest?.('a[hreflang]');
    if (!link) return;
    event.preventDefault();
    const address = new URL(window.location);
    address.searchParams.set('lang', link.hreflang);
    window.location.assign(address);
  });
}</script>"""
_GRADIOS = re.compile(
    rb"""\s*<meta\s+(?:property|name)="(?:og|twitter):[a-z:]+"\s+content="[^"]*"\s*/>""", re.DOTALL
)  # fmt: skip


class PageHead:
    """Middleware that changes the head of the page's document, and nothing else that the app serves.

    Args:
        app (ASGIApp): Gradio's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request; the document of the page with our head."""
        if scope["type"] != "http" or scope["path"].rstrip("/") or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body") or start is None:
                return
            whole = rewritten(body) if _is_html(start) else body
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            length = (b"content-length", str(len(whole)).encode())
            await send({**start, "headers": [*kept, length]})
            await send({"type": "http.response.body", "body": whole})

        await self._app(scope, receive, collect)


def rewritten(document: bytes) -> bytes:
    """The document with our head.

    Args:
        document (bytes): as Gradio serves it, in UTF-8.
    """
    about = "".join(
        f'<meta {kind}="{name}" content="{html.escape(content)}" />'
        for kind, name, content in (
            ("name", "description", DESCRIPTION),
            ("property", "og:type", "website"),
            ("property", "og:title", TITLE),
            ("property", "og:description", DESCRIPTION),
            ("name", "twitter:card", "summary"),
        )
    )
    script = _LANGUAGE % {"languages": list(LANGUAGES)}
    return _GRADIOS.sub(b"", document).replace(b"<head>", f"<head>{script}{about}".encode(), 1)


def _is_html(start: Message) -> bool:
    return any(name.lower() == b"content-type" and b"text/html" in value for name, value in start["headers"])
