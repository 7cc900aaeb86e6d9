"""The server itself: its state and faults, what a test arranges, and who may do what."""

from __future__ import annotations

import binascii
import hashlib
import json
import re
import socket
import threading
import traceback
from contextlib import nullcontext
from dataclasses import asdict
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_server.connection import (
    ROUTES,
    Call,
    Fault,
    Refused,
    Reply,
    break_connection,
    handler_class,
    route,
)
from tests.hub_server.storage import Storage

DEFAULT_TOKEN = "hf_" + "loopbackOnlyWriteToken".ljust(34, "x")
WRITE_ROLES = {"write", "admin", "contributor"}


class HubServer(Storage):
    """The server, its state and its faults.

    Args:
        root (path): folder of everything it keeps; made when absent.
        port (int): 0 takes a free one.
        user, token (str): the default account, with a write token.
        multipart_from, part_bytes (int): LFS files of at least so many bytes go up in parts of this size.
        page (int): items of a tree page.
        blob_ids (bool): name the hashes of small files in the answer about a repository, as the Hub does and
            some others do not; the tree names them in any case.
        long_commits (bool): commits of 64 digits, as Hubs on other storage have.
        xet (bool): answer xet-write-token requests with a CAS in a local folder; off answers 404.
    """

    def __init__(
        self,
        root: str | Path,
        port: int = 0,
        *,
        user: str = "ada",
        token: str = DEFAULT_TOKEN,
        multipart_from: int = 1 << 20,
        part_bytes: int = 1 << 19,
        page: int = 50,
        xet: bool = False,
        blob_ids: bool = True,
        long_commits: bool = False,
    ):
        super().__init__(Path(root))
        self.user, self.token = user, token
        self.multipart_from, self.part_bytes, self.page, self.xet = multipart_from, part_bytes, page, xet
        self.blob_ids, self.long_commits = blob_ids, long_commits
        self.space_stages = ["BUILDING", "APP_STARTING", "RUNNING"]
        self.faults: list[Fault] = []
        self.fault_lock = threading.Lock()
        self.log: list[dict] = []
        self.add_token(token, user)
        self._http = ThreadingHTTPServer(("127.0.0.1", port), handler_class(self))
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.connections: set[socket.socket] = set()

    # -- running -------------------------------------------------------------------------------------------
    def start(self) -> HubServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stops listening and breaks what is open, as a killed process would."""
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self.connections):
            break_connection(connection)

    __enter__ = start

    def __exit__(self, *exception) -> None:
        self.stop()

    # -- what a test arranges ------------------------------------------------------------------------------
    def add_token(
        self, token: str, user: str, role: str = "write", orgs: dict[str, str] | None = None
    ) -> str:
        """An account's token; ``role`` is read, write or fineGrained, ``orgs`` maps organization to role."""
        # Only digests are written down: a search for the token in everything a test wrote must find nothing.
        self.state["tokens"][hashlib.sha256(token.encode()).hexdigest()] = {"user": user, "role": role}
        for org, org_role in (orgs or {}).items():
            self.state["orgs"].setdefault(org, {})[user] = org_role
        self.save()
        return token

    def fail(self, pattern: str, action: str = "status", **settings) -> Fault:
        """Makes requests fail whose "METHOD path?query" matches the regular expression; see `Fault`."""
        fault = Fault(pattern, action, **settings)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        self.faults.clear()

    def repo(self, repo_id: str, kind: str = "models") -> dict:
        return self.state["repos"][f"{kind}/{repo_id}"]

    def files(self, repo_id: str, revision: str = "main", kind: str = "models") -> dict[str, bytes]:
        """Path to content of a revision; raises where a content is missing or wrong."""
        tree = self.repo(repo_id, kind)["commits"][self.sha_of(self.repo(repo_id, kind), revision)]["tree"]
        return {path: self.content_of(entry) for path, entry in tree.items()}

    def put(self, repo_id: str, files: dict[str, bytes], *, kind: str = "models", **settings) -> str:
        """Commits files without the client (creating the repository); returns the commit."""
        with self.lock:
            repo = self.state["repos"].get(f"{kind}/{repo_id}") or self.create_repo(kind, repo_id, **settings)
            tree = dict(repo["commits"][repo["branches"]["main"]]["tree"])
            for path, content in files.items():
                is_lfs = self.is_lfs(path, len(content))
                tree[path] = self.store_lfs(content) if is_lfs else self.store(content)
            return self.add_commit(repo, tree, "put", "main")

    def requests(self, pattern: str = "") -> list[str]:
        """The log's "METHOD path?query" that match."""
        return [
            line for entry in self.log if re.search(pattern, line := f"{entry['method']} {entry['path']}")
        ]

    # -- who may do what -----------------------------------------------------------------------------------
    def may(self, call: Call, namespace: str, write: bool) -> bool:
        if call.user is None or (write and call.role == "read"):
            return False
        role = "admin" if namespace == call.user else self.state["orgs"].get(namespace, {}).get(call.user)
        return role is not None and (not write or role in WRITE_ROLES)

    def open_repo(self, call: Call, repo_id: str, kind: str | None = None, write: bool = False) -> dict:
        repo = self.state["repos"].get(f"{kind or 'models'}/{unquote(repo_id)}")
        namespace = repo_id.split("/")[0]
        if repo is None or (repo["private"] and not self.may(call, namespace, False)):
            raise Refused(404 if call.user else 401, "Repository not found", "RepoNotFound")
        if write and not self.may(call, namespace, True):
            raise Refused(403 if call.user else 401, "You don't have the rights to write to this repository")
        return repo

    def guard_gate(self, call: Call, repo: dict) -> None:
        allowed = call.user in repo["granted"] or self.may(call, repo["id"].split("/")[0], False)
        if repo["gated"] and not allowed:
            raise Refused(
                403 if call.user else 401, f"Access to model {repo['id']} is restricted", "GatedRepo"
            )

    # -- answering -----------------------------------------------------------------------------------------
    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        """One request in, one answer out; requests are served one after the other."""
        parts = urlsplit(target)
        bearer = (headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        known = self.state["tokens"].get(hashlib.sha256(bearer.encode()).hexdigest())
        account = known or {"user": None, "role": None}
        call = Call(
            method, parts.path, parse_qs(parts.query), headers, body, account["user"], account["role"]
        )
        # Putting a Xet file together asks this server for a token while another request holds the lock.
        with nullcontext() if "/xet-read-token/" in parts.path else self.lock:
            try:
                if bearer and not known:
                    raise Refused(401, "Invalid credentials in Authorization header")
                for methods, pattern, handler in ROUTES:
                    match = pattern.fullmatch(parts.path)
                    if match and method in methods.split("|"):
                        return handler(self, call, **match.groupdict())
                raise Refused(404, f"Sorry, there is nothing at {method} {parts.path}")
            except Refused as refused:
                return refused.reply
            except (KeyError, ValueError, binascii.Error) as error:
                return Reply({"error": f"Bad request: {type(error).__name__} {error}"}, 400)
            except Exception:  # a mistake of this server: shown, not taken for a broken connection
                traceback.print_exc()
                return Reply({"error": "the loopback Hub has a mistake"}, 501)

    def fault_for(self, request: str) -> Fault | None:
        with self.fault_lock:
            for fault in self.faults:
                if re.search(fault.pattern, request):
                    fault.seen += 1
                    if fault.seen >= fault.nth and (fault.times is None or fault.fired < fault.times):
                        fault.fired += 1
                        return fault
        return None


@route("GET|POST", r"/_test/(?P<what>faults|log)")
def control(server: HubServer, call: Call, what: str) -> Reply:
    """For a test that runs the server in another process."""
    if call.method == "POST":
        server.faults = [Fault(**item) for item in json.loads(call.body)]
    return Reply(server.log if what == "log" else [asdict(fault) for fault in server.faults])
