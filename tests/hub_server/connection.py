"""Requests, answers and faults on a real socket: what can go wrong on the way to a server and back."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer


@dataclass
class Fault:
    """What goes wrong: from the ``nth`` request matching ``pattern`` on, ``times`` times (None: for ever).

    ``action``: "status" answers ``status`` with ``headers`` and ``body`` without doing anything; "cut" reads
    half of the request and breaks the connection; "drop" does the work, then breaks it without an answer;
    "short" sends half of the body; "corrupt" sends wrong bytes of the right size; "exit" kills the process.
    """

    pattern: str
    action: str = "status"
    nth: int = 1
    times: int | None = 1
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": "injected fault"}'
    seen: int = 0
    fired: int = 0


@dataclass
class Reply:
    """An answer: JSON-able, bytes or nothing, with its status and headers."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """A request, taken apart."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Any
    body: bytes
    user: str | None
    role: str | None

    @property
    def json(self) -> dict:
        return json.loads(self.body or b"{}")


class Refused(Exception):
    """Ends a handler with an error answer, in the Hub's own shape."""

    def __init__(self, status: int, message: str, code: str | None = None, body: dict | None = None):
        headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        self.reply = Reply(body or {"error": message}, status, headers)


ROUTES: list[tuple[str, re.Pattern, Callable]] = []


def route(methods: str, pattern: str) -> Callable:
    """Registers a method of `HubServer` for HTTP methods ("GET|HEAD") and a pattern of the path."""
    pattern = pattern.replace("REPO", r"(?P<kind>models|datasets|spaces)/(?P<repo_id>[^/]+/[^/]+)")
    pattern = pattern.replace("WEB", r"(?:(?P<kind>datasets|spaces)/)?(?P<repo_id>[^/]+/[^/]+?)")

    def register(method: Callable) -> Callable:
        ROUTES.append((methods, re.compile(pattern), method))
        return method

    return register


def break_connection(connection: socket.socket) -> None:
    """Ends a connection so that the other side sees a reset, not a polite end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was faster
    connection.close()


def handler_class(server: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            server.connections.add(self.connection)

        def finish(self) -> None:
            server.connections.discard(self.connection)
            try:
                super().finish()
            except (OSError, ValueError):
                pass  # the connection was broken on purpose

        def log_message(self, *arguments) -> None:
            pass  # the log is `server.log`

        def read_body(self, share: float = 1.0) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                chunks = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    chunks.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(chunks)
            return self.rfile.read(int(int(self.headers.get("Content-Length") or 0) * share))

        def serve(self) -> None:
            request = f"{self.command} {self.path}"
            fault = None if self.path.startswith("/_test/") else server.fault_for(request)
            entry = {"method": self.command, "path": self.path, "status": None, "fault": fault and fault.action,
                     "authorized": "Authorization" in self.headers, "range": self.headers.get("Range")}  # fmt: skip
            if not self.path.startswith("/_test/"):
                server.log.append(entry)
            if fault and fault.action == "exit":
                os._exit(137)
            body = self.read_body(0.5 if fault and fault.action == "cut" else 1.0)
            if fault and fault.action == "cut":
                return self.cut()
            if fault and fault.action == "status":
                reply = Reply(fault.body.encode(), fault.status, fault.headers)
            else:
                reply = server.answer(self.command, self.path, self.headers, body)
            if fault and fault.action == "drop":
                return self.cut()
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            if fault and fault.action == "corrupt" and content:
                content = bytes([content[0] ^ 0xFF]) + content[1:]
            entry["status"] = reply.status
            self.send_response_only(reply.status)
            headers = {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
            } | reply.headers
            for name, value in headers.items():
                self.send_header(name, value.replace("\n", " "))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(
                    content[: len(content) // 2] if fault and fault.action == "short" else content
                )
            self.wfile.flush()
            if fault and fault.action == "short":
                self.close_connection = True

        def cut(self) -> None:
            self.close_connection = True
            break_connection(self.connection)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (OSError, ValueError):
                self.close_connection = True

    return Handler
