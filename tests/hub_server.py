"""A loopback Hub: the part of the Hugging Face Hub that publishing and downloading need, on one machine.

    python tests/hub_server.py --port 8765 --root /tmp/hub       # prints HF_ENDPOINT and HF_TOKEN to use

In a test: ``with HubServer(tmp_path) as hub: ... hub.endpoint, hub.token, hub.user``. It speaks what
huggingface_hub 1.21.0 speaks: revisions with a history, LFS uploads in one part or several, ranges, pull
requests, tags, Spaces. Everything is kept under the root, so a server that was killed may be started again
on it. `HubServer.fail` makes the n-th request that matches a pattern go wrong in a chosen way.

The standard library's server is used, not an ASGI one: a fault must be able to cut the very socket.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

LFS_SUFFIXES = {".bin", ".safetensors", ".onnx", ".parquet", ".wav", ".pt", ".zip", ".png", ".npz"}
LFS_FROM_BYTES = 10_000_000  # the Hub stores every file above 10 MB as LFS
DEFAULT_TOKEN = "hf_" + "loopbackOnlyWriteToken".ljust(34, "x")
WRITE_ROLES = {"write", "admin", "contributor"}


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


def git_oid(content: bytes) -> str:
    """The name git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class HubServer:
    """The server, its state and its faults.

    Args:
        root (path): folder of everything it keeps; made when absent.
        port (int): 0 takes a free one.
        user, token (str): the default account, with a write token.
        multipart_from, part_bytes (int): LFS files of at least so many bytes go up in parts of this size.
        page (int): items of a tree page.
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
    ):
        self.root, self.user, self.token = Path(root), user, token
        self.multipart_from, self.part_bytes, self.page, self.xet = multipart_from, part_bytes, page, xet
        self.space_stages = ["BUILDING", "APP_STARTING", "RUNNING"]
        self.faults: list[Fault] = []
        self.log: list[dict] = []
        self.lock = threading.RLock()
        for folder in ("lfs", "blobs", "parts"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.state: dict[str, Any] = {"repos": {}, "tokens": {}, "orgs": {}}
        if (self.root / "state.json").exists():
            self.state = json.loads((self.root / "state.json").read_text())
        self.add_token(token, user)
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler_class(self))
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
    def add_token(self, token: str, user: str, role: str = "write", orgs: dict[str, str] | None = None) -> str:
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
        tree = self.repo(repo_id, kind)["commits"][self._sha(self.repo(repo_id, kind), revision)]["tree"]
        return {path: self._content(entry) for path, entry in tree.items()}

    def put(self, repo_id: str, files: dict[str, bytes], *, kind: str = "models", **settings) -> str:
        """Commits files without the client (creating the repository); returns the commit."""
        with self.lock:
            repo = self.state["repos"].get(f"{kind}/{repo_id}") or self._create(kind, repo_id, **settings)
            tree = dict(repo["commits"][repo["branches"]["main"]]["tree"])
            for path, content in files.items():
                is_lfs = self._is_lfs(path, len(content))
                tree[path] = self._store_lfs(content) if is_lfs else self._store(content)
            return self._commit(repo, tree, "put", "main")

    def requests(self, pattern: str = "") -> list[str]:
        """The log's "METHOD path?query" that match."""
        return [line for entry in self.log if re.search(pattern, line := f"{entry['method']} {entry['path']}")]

    # -- storage -------------------------------------------------------------------------------------------
    def save(self) -> None:
        temporary = self.root / f"state.{secrets.token_hex(4)}"
        temporary.write_text(json.dumps(self.state))
        temporary.replace(self.root / "state.json")

    def _store(self, content: bytes) -> dict:
        oid = git_oid(content)
        (self.root / "blobs" / oid).write_bytes(content)
        return {"oid": oid, "size": len(content)}

    def _store_lfs(self, content: bytes) -> dict:
        sha = hashlib.sha256(content).hexdigest()
        (self.root / "lfs" / sha).write_bytes(content)
        return self._lfs_entry(sha, len(content))

    @staticmethod
    def _lfs_entry(sha: str, size: int) -> dict:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {size}\n".encode()
        return {"oid": git_oid(pointer), "size": size,
                "lfs": {"oid": sha, "size": size, "pointerSize": len(pointer)}}  # fmt: skip

    def _content(self, entry: dict) -> bytes:
        where = self.root / "lfs" / entry["lfs"]["oid"] if "lfs" in entry else self.root / "blobs" / entry["oid"]
        return where.read_bytes()

    @staticmethod
    def _is_lfs(path: str, size: int) -> bool:
        return size > 0 and (Path(path).suffix in LFS_SUFFIXES or size > LFS_FROM_BYTES)

    def _create(self, kind: str, repo_id: str, private: bool = False, gated: bool = False, **extra) -> dict:
        repo = {"kind": kind, "id": repo_id, "private": private, "gated": gated, "granted": [], "commits": {},
                "branches": {}, "tags": {}, "prs": {}, **extra}  # fmt: skip
        if kind == "spaces":
            repo |= {"secrets": {}, "variables": {}, "polls": 0}
            repo.setdefault("hardware", "cpu-basic")
        attributes = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in sorted(LFS_SUFFIXES))
        self.state["repos"][f"{kind}/{repo_id}"] = repo
        self._commit(repo, {".gitattributes": self._store(attributes.encode())}, "initial commit", "main")
        return repo

    def _commit(self, repo: dict, tree: dict, title: str, branch: str, description: str = "") -> str:
        parent = repo["branches"].get(branch) or repo["prs"].get(branch)
        commit = {"parent": parent, "title": title, "description": description, "tree": tree, "time": time.time_ns()}
        sha = hashlib.sha1(json.dumps([commit, repo["id"]]).encode()).hexdigest()
        repo["commits"][sha] = commit
        repo["prs" if branch.startswith("refs/pr/") else "branches"][branch] = sha
        repo["polls"] = 0
        self.save()
        return sha

    def _sha(self, repo: dict, revision: str) -> str:
        revision = unquote(revision)
        for place in (repo["branches"], repo["tags"], repo["prs"]):
            if revision in place:
                return place[revision]
        if revision in repo["commits"]:
            return revision
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    # -- who may do what -----------------------------------------------------------------------------------
    def _may(self, call: Call, namespace: str, write: bool) -> bool:
        if call.user is None or (write and call.role == "read"):
            return False
        role = "admin" if namespace == call.user else self.state["orgs"].get(namespace, {}).get(call.user)
        return role is not None and (not write or role in WRITE_ROLES)

    def _open(self, call: Call, repo_id: str, kind: str | None = None, write: bool = False) -> dict:
        repo = self.state["repos"].get(f"{kind or 'models'}/{unquote(repo_id)}")
        namespace = repo_id.split("/")[0]
        if repo is None or (repo["private"] and not self._may(call, namespace, False)):
            raise Refused(404 if call.user else 401, "Repository not found", "RepoNotFound")
        if write and not self._may(call, namespace, True):
            raise Refused(403 if call.user else 401, "You don't have the rights to write to this repository")
        return repo

    # -- accounts and repositories -------------------------------------------------------------------------
    @route("GET", r"/api/whoami-v2")
    def whoami(self, call: Call) -> Reply:
        if call.user is None:
            raise Refused(401, "Invalid credentials in Authorization header")
        orgs = [{"type": "org", "name": org, "roleInOrg": members[call.user]}
                for org, members in self.state["orgs"].items() if call.user in members]  # fmt: skip
        return Reply({"type": "user", "id": call.user, "name": call.user, "fullname": call.user, "orgs": orgs,
                      "auth": {"type": "access_token", "accessToken": {"displayName": "t", "role": call.role}}})  # fmt: skip

    @route("POST", r"/api/repos/create")
    def create(self, call: Call) -> Reply:
        wish = call.json
        kind = wish.get("type", "model") + "s"
        namespace = wish.get("organization") or call.user or ""
        if not self._may(call, namespace, True):
            raise Refused(403 if call.user else 401, f"You don't have the rights to create a {kind[:-1]} under {namespace}")
        repo_id = f"{namespace}/{wish['name']}"
        answer = {"url": f"{self.endpoint}/{'' if kind == 'models' else kind + '/'}{repo_id}", "name": repo_id,
                  "id": repo_id}  # fmt: skip
        if f"{kind}/{repo_id}" in self.state["repos"]:
            message = f"You already created this {kind[:-1]} repo"
            raise Refused(409, message, body=answer | {"error": message})
        private = wish.get("private") or wish.get("visibility") == "private"
        extra = {"sdk": wish.get("sdk"), "hardware": wish.get("hardware") or "cpu-basic"} if kind == "spaces" else {}
        repo = self._create(kind, repo_id, bool(private), **extra)
        for name in ("secrets", "variables"):
            for item in wish.get(name) or []:
                self._set_pair(repo, name, item)
        return Reply(answer)

    @route("DELETE", r"/api/repos/delete")
    def delete(self, call: Call) -> Reply:
        wish = call.json
        repo = self._open(call, f"{wish.get('organization') or call.user}/{wish['name']}", wish.get("type", "model") + "s", True)
        del self.state["repos"][f"{repo['kind']}/{repo['id']}"]
        self.save()
        return Reply({})

    @route("GET|HEAD", r"/api/REPO(?:/revision/(?P<revision>[^/]+))?")
    def info(self, call: Call, kind: str, repo_id: str, revision: str | None) -> Reply:
        repo = self._open(call, repo_id, kind)
        sha = self._sha(repo, revision or "main")
        siblings = []
        for path, entry in repo["commits"][sha]["tree"].items():
            sibling = {"rfilename": path}
            if "blobs" in call.query:
                sibling |= {"size": entry["size"], "blobId": entry["oid"]}
                if "lfs" in entry:
                    sibling["lfs"] = {"sha256": entry["lfs"]["oid"], "size": entry["size"],
                                      "pointerSize": entry["lfs"]["pointerSize"]}  # fmt: skip
            siblings.append(sibling)
        return Reply({"_id": repo["id"], "id": repo["id"], "modelId": repo["id"], "author": repo["id"].split("/")[0],
                      "sha": sha, "private": repo["private"], "gated": "manual" if repo["gated"] else False,
                      "disabled": False, "tags": [], "downloads": 0, "likes": 0, "siblings": siblings,
                      "cardData": {}})  # fmt: skip

    @route("GET", r"/api/REPO/auth-check(?P<write>/write)?")
    def auth_check(self, call: Call, kind: str, repo_id: str, write: str | None) -> Reply:
        self._guard_gate(call, self._open(call, repo_id, kind, write=bool(write)))
        return Reply({})

    @route("PUT", r"/api/REPO/settings")
    def settings(self, call: Call, kind: str, repo_id: str) -> Reply:
        repo, wish = self._open(call, repo_id, kind, True), call.json
        repo["private"] = wish.get("private", wish.get("visibility", "public") == "private")
        repo["gated"] = bool(wish.get("gated", repo["gated"]))
        self.save()
        return Reply({"private": repo["private"]})

    @route("GET", r"/api/REPO/refs")
    def refs(self, call: Call, kind: str, repo_id: str) -> Reply:
        repo = self._open(call, repo_id, kind)

        def listed(prefix: str, places: dict) -> list[dict]:
            return [{"name": name, "ref": prefix + name, "targetCommit": sha} for name, sha in places.items()]

        return Reply({"branches": listed("refs/heads/", repo["branches"]), "tags": listed("refs/tags/", repo["tags"]),
                      "converts": [], "pullRequests": listed("", repo["prs"])})  # fmt: skip

    @route("POST|DELETE", r"/api/REPO/tag/(?P<name>[^/]+)")
    def tag(self, call: Call, kind: str, repo_id: str, name: str) -> Reply:
        repo = self._open(call, repo_id, kind, True)
        if call.method == "DELETE":
            if repo["tags"].pop(unquote(name), None) is None:
                raise Refused(404, "Tag not found", "RevisionNotFound")
        elif call.json["tag"] in repo["tags"]:
            raise Refused(409, f"Tag {call.json['tag']} already exists")
        else:
            repo["tags"][call.json["tag"]] = self._sha(repo, name)
        self.save()
        return Reply({})

    @route("GET", r"/api/REPO/commits/(?P<revision>[^/]+)")
    def commits(self, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
        repo, history = self._open(call, repo_id, kind), []
        sha = self._sha(repo, revision)
        while sha:
            commit = repo["commits"][sha]
            date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(commit["time"] / 1e9))
            history.append({"id": sha, "title": commit["title"], "message": commit["description"], "date": date,
                            "authors": [{"user": repo["id"].split("/")[0]}]})  # fmt: skip
            sha = commit["parent"]
        return Reply(history)

    # -- reading -------------------------------------------------------------------------------------------
    @staticmethod
    def _item(path: str, entry: dict) -> dict:
        return {"type": "file", "path": path, **{key: entry[key] for key in ("oid", "size", "lfs") if key in entry}}

    @route("GET", r"/api/REPO/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?")
    def tree(self, call: Call, kind: str, repo_id: str, revision: str, folder: str | None) -> Reply:
        repo = self._open(call, repo_id, kind)
        tree = repo["commits"][self._sha(repo, revision)]["tree"]
        prefix = f"{unquote(folder)}/" if folder else ""
        items: dict[str, dict] = {}
        for path in sorted(tree):
            inside = path.removeprefix(prefix)
            if not path.startswith(prefix):
                continue
            parents = [prefix + "/".join(inside.split("/")[:n]) for n in range(1, inside.count("/") + 1)]
            recursive = call.query.get("recursive", [""])[0].lower() in ("true", "1")
            for parent in parents if recursive else parents[:1]:
                items.setdefault(parent, {"type": "directory", "path": parent, "oid": git_oid(parent.encode()), "size": 0})
            if recursive or not parents:
                items[path] = self._item(path, tree[path])
        if folder and not items:
            raise Refused(404, f"{unquote(folder)} does not exist on {revision}", "EntryNotFound")
        first = int(call.query.get("cursor", ["0"])[0])
        headers = {}
        if first + self.page < len(items):
            rest = "&".join(f"{key}={quote(value[0])}" for key, value in call.query.items() if key != "cursor")
            headers["Link"] = f'<{self.endpoint}{call.path}?{rest}&cursor={first + self.page}>; rel="next"'
        return Reply(list(items.values())[first : first + self.page], headers=headers)

    @route("POST", r"/api/REPO/paths-info/(?P<revision>[^/]+)")
    def paths_info(self, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
        repo = self._open(call, repo_id, kind)
        tree, items = repo["commits"][self._sha(repo, revision)]["tree"], []
        for path in parse_qs(call.body.decode()).get("paths", []):
            if path in tree:
                items.append(self._item(path, tree[path]))
            elif any(name.startswith(path.rstrip("/") + "/") for name in tree):
                items.append({"type": "directory", "path": path, "oid": git_oid(path.encode()), "size": 0})
        return Reply(items)

    def _guard_gate(self, call: Call, repo: dict) -> None:
        allowed = call.user in repo["granted"] or self._may(call, repo["id"].split("/")[0], False)
        if repo["gated"] and not allowed:
            raise Refused(403 if call.user else 401, f"Access to model {repo['id']} is restricted", "GatedRepo")

    @route("GET|HEAD", r"/WEB/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
    def resolve(self, call: Call, kind: str | None, repo_id: str, revision: str, path: str) -> Reply:
        repo = self._open(call, repo_id, kind)
        self._guard_gate(call, repo)
        sha = self._sha(repo, revision)
        headers = {"X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        entry = repo["commits"][sha]["tree"].get(unquote(path))
        if entry is None:
            refused = Refused(404, "Entry not found", "EntryNotFound")
            refused.reply.headers |= headers
            raise refused
        if "lfs" not in entry:
            return self._ranged(call, self._content(entry), headers | {"ETag": f'"{entry["oid"]}"'})
        oid = entry["lfs"]["oid"]
        # LFS content lives on another host, to which the client must not send its token.
        headers |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(entry["size"]),
                    "Location": f"http://localhost:{self.port}/cdn/{oid}"}  # fmt: skip
        return Reply(b"", 302, headers)

    @route("GET|HEAD", r"/cdn/(?P<oid>[0-9a-f]{64})")
    def cdn(self, call: Call, oid: str) -> Reply:
        return self._ranged(call, (self.root / "lfs" / oid).read_bytes(), {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})

    @staticmethod
    def _ranged(call: Call, content: bytes, headers: dict[str, str]) -> Reply:
        headers["Content-Type"] = "application/octet-stream"
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("Range") or "")
        if not match:
            return Reply(content, 200, headers)
        first, last = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
        if first > last:
            return Reply(b"", 416, headers | {"Content-Range": f"bytes */{len(content)}"})
        return Reply(content[first : last + 1], 206, headers | {"Content-Range": f"bytes {first}-{last}/{len(content)}"})

    # -- writing -------------------------------------------------------------------------------------------
    @route("POST", r"/api/validate-yaml")
    def validate_yaml(self, call: Call) -> Reply:
        import yaml

        match = re.match(r"\s*---\r?\n(.*?)\r?\n---\s*(\n|$)", call.json["content"], re.DOTALL)
        errors, warnings = [], []
        try:
            data = yaml.safe_load(match[1]) if match else None
            if data is None:
                warnings.append({"message": "empty or missing yaml metadata in repo card"})
            elif not isinstance(data, dict):
                errors.append({"message": "Metadata must be a mapping"})
            elif not isinstance(data.get("license", ""), (str, list)):
                errors.append({"message": '"license" must be a string'})
            elif call.json.get("repoType") == "space" and "sdk" not in data:
                errors.append({"message": '"sdk" is required'})
        except yaml.YAMLError as error:
            errors.append({"message": f"Invalid YAML: {error}"})
        return Reply({"errors": errors, "warnings": warnings}, 400 if errors else 200)

    def _open_for_commit(self, call: Call, kind: str, repo_id: str) -> dict:
        # Whoever may read a repository and holds a write token may propose a pull request.
        if "create_pr" in call.query and call.role == "write":
            return self._open(call, repo_id, kind)
        return self._open(call, repo_id, kind, write=True)

    @route("POST", r"/api/REPO/preupload/(?P<revision>[^/]+)")
    def preupload(self, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
        repo = self._open_for_commit(call, kind, repo_id)
        sha = self._sha(repo, revision)
        files = []
        for wish in call.json["files"]:
            entry = repo["commits"][sha]["tree"].get(wish["path"])
            answer = {"path": wish["path"], "shouldIgnore": False,
                      "uploadMode": "lfs" if self._is_lfs(wish["path"], wish["size"]) else "regular"}  # fmt: skip
            if entry:
                answer["oid"] = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
            files.append(answer)
        return Reply({"files": files, "commitOid": sha})

    @route("POST", r"/WEB\.git/info/lfs/objects/batch")
    def lfs_batch(self, call: Call, kind: str | None, repo_id: str) -> Reply:
        self._open(call, repo_id, kind)
        if call.role == "read" or call.user is None:
            raise Refused(403, "You don't have the rights to write to this repository")
        objects, transfer = [], "basic"
        for wish in call.json["objects"]:
            oid, size = wish["oid"], wish["size"]
            answer: dict[str, Any] = {"oid": oid, "size": size}
            stored = self.root / "lfs" / oid
            if not (stored.exists() and stored.stat().st_size == size):
                href = f"{self.endpoint}/lfs/{oid}"
                upload: dict[str, Any] = {"href": href}
                if size >= self.multipart_from and "multipart" in call.json["transfers"]:
                    transfer = "multipart"
                    parts = range(1, -(-size // self.part_bytes) + 1)
                    upload = {"href": f"{href}/complete", "header": {"chunk_size": str(self.part_bytes)}
                              | {str(n): f"{href}/part/{n}" for n in parts}}  # fmt: skip
                answer["actions"] = {"upload": upload, "verify": {"href": f"{self.endpoint}/lfs/verify"}}
            objects.append(answer)
        return Reply({"transfer": transfer, "objects": objects})

    @route("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})")
    def lfs_put(self, call: Call, oid: str) -> Reply:
        return self._accept_lfs(oid, call.body)

    @route("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})/part/(?P<number>\d+)")
    def lfs_part(self, call: Call, oid: str, number: str) -> Reply:
        (self.root / "parts" / f"{oid}.{number}").write_bytes(call.body)
        return Reply(b"", headers={"ETag": f'"{hashlib.md5(call.body).hexdigest()}"'})

    @route("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/complete")
    def lfs_complete(self, call: Call, oid: str) -> Reply:
        parts = [self.root / "parts" / f"{oid}.{part['partNumber']}" for part in call.json["parts"]]
        if not all(part.exists() for part in parts):
            raise Refused(400, "A part of the upload is missing")
        return self._accept_lfs(oid, b"".join(part.read_bytes() for part in parts))

    def _accept_lfs(self, oid: str, content: bytes) -> Reply:
        if hashlib.sha256(content).hexdigest() != oid:
            raise Refused(400, "The content does not have the announced sha256")
        temporary = self.root / "lfs" / f"{oid}.{secrets.token_hex(4)}"
        temporary.write_bytes(content)
        temporary.replace(self.root / "lfs" / oid)
        return Reply(b"", headers={"ETag": f'"{oid}"'})

    @route("POST", r"/lfs/verify")
    def lfs_verify(self, call: Call) -> Reply:
        stored = self.root / "lfs" / call.json["oid"]
        if not (stored.exists() and stored.stat().st_size == call.json["size"]):
            raise Refused(404, "Object not found")
        return Reply({})

    @route("POST", r"/api/REPO/commit/(?P<revision>[^/]+)")
    def commit(self, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
        repo, as_pr = self._open_for_commit(call, kind, repo_id), "create_pr" in call.query
        sha, branch = self._sha(repo, revision), unquote(revision)
        tree, header = dict(repo["commits"][sha]["tree"]), {}
        for line in call.body.splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            path = value.get("path", "")
            if key == "header":
                header = value
            elif key == "file":
                tree[path] = self._store(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                stored = self.root / "lfs" / value["oid"]
                if not stored.exists():
                    raise Refused(400, f"LFS object {value['oid']} of {path} was not uploaded")
                tree[path] = self._lfs_entry(value["oid"], stored.stat().st_size)
            elif key == "deletedFile":
                if tree.pop(path, None) is None:
                    raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
            elif key == "deletedFolder":
                tree = {name: entry for name, entry in tree.items() if not name.startswith(path.rstrip("/") + "/")}
        if header.get("parentCommit") not in (None, sha):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        if branch not in repo["branches"] and branch not in repo["prs"]:
            raise Refused(400, "A commit needs a branch")
        web = f"{self.endpoint}/{'' if kind == 'models' else kind + '/'}{repo_id}"
        answer = {"success": True, "hookOutput": ""}
        if as_pr:
            number = len(repo["prs"]) + 1
            branch = f"refs/pr/{number}"
            repo["prs"][branch] = sha
            answer["pullRequestUrl"] = f"{web}/discussions/{number}"
        new = self._commit(repo, tree, header.get("summary", ""), branch, header.get("description", ""))
        return Reply(answer | {"commitOid": new, "commitUrl": f"{web}/commit/{new}"})

    # -- Spaces --------------------------------------------------------------------------------------------
    def _set_pair(self, repo: dict, name: str, item: dict) -> None:
        value = item["value"]
        if name == "secrets":  # write-only, and never on the disk
            value = hashlib.sha256(value.encode()).hexdigest()
        repo[name][item["key"]] = {"key": item["key"], "value": value, "description": item.get("description")}
        repo["polls"] = 0
        self.save()

    @route("GET|POST|DELETE", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/(?P<name>secrets|variables)")
    def pairs(self, call: Call, repo_id: str, name: str) -> Reply:
        repo = self._open(call, repo_id, "spaces", True)
        if call.method == "POST":
            self._set_pair(repo, name, call.json)
        elif call.method == "DELETE":
            repo[name].pop(call.json["key"], None)
            self.save()
        hidden = {"value"} if name == "secrets" else set()
        return Reply({key: {k: v for k, v in item.items() if k not in hidden} for key, item in repo[name].items()})

    @route("GET|POST", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/(?P<verb>runtime|hardware|sleeptime|restart|pause)")
    def runtime(self, call: Call, repo_id: str, verb: str) -> Reply:
        repo = self._open(call, repo_id, "spaces", write=verb != "runtime")
        if verb == "hardware":
            repo["hardware"] = call.json["flavor"]
        if verb == "runtime":
            stage = self.space_stages[min(repo["polls"], len(self.space_stages) - 1)]
            repo["polls"] += 1
        else:
            repo["polls"], stage = 0, "PAUSED" if verb == "pause" else "BUILDING"
        self.save()
        answer = {"stage": stage, "hardware": {"current": repo["hardware"], "requested": repo["hardware"]}, "gcTimeout": 172800}
        return Reply(answer | ({"errorMessage": "the build failed"} if "ERROR" in stage else {}))

    @route("GET", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/logs/(?P<part>build|run)")
    def space_logs(self, call: Call, repo_id: str, part: str) -> Reply:
        self._open(call, repo_id, "spaces")
        lines = ["--> RUN pip install -r requirements.txt", "ERROR: No matching distribution found for no-such-package"]
        events = "".join(f"data: {json.dumps({'data': line, 'timestamp': '2026-01-01T00:00:00Z'})}\n\n" for line in lines)
        return Reply(events.encode(), headers={"Content-Type": "text/event-stream"})

    # -- for a test that runs the server in another process ------------------------------------------------
    @route("GET|POST", r"/_test/(?P<what>faults|log)")
    def test_control(self, call: Call, what: str) -> Reply:
        if call.method == "POST":
            self.faults = [Fault(**item) for item in json.loads(call.body)]
        return Reply(self.log if what == "log" else [asdict(fault) for fault in self.faults])

    # -- answering -----------------------------------------------------------------------------------------
    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        """One request in, one answer out; requests are served one after the other."""
        parts = urlsplit(target)
        bearer = (headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        known = self.state["tokens"].get(hashlib.sha256(bearer.encode()).hexdigest())
        account = known or {"user": None, "role": None}
        call = Call(method, parts.path, parse_qs(parts.query), headers, body, account["user"], account["role"])
        with self.lock:
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

    def fault_for(self, request: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if re.search(fault.pattern, request):
                    fault.seen += 1
                    if fault.seen >= fault.nth and (fault.times is None or fault.fired < fault.times):
                        fault.fired += 1
                        return fault
        return None


def break_connection(connection: socket.socket) -> None:
    """Ends a connection so that the other side sees a reset, not a polite end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was faster
    connection.close()


def _handler_class(server: HubServer) -> type[BaseHTTPRequestHandler]:
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
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content))} | reply.headers
            for name, value in headers.items():
                self.send_header(name, value.replace("\n", " "))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if fault and fault.action == "short" else content)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--root", type=Path, required=True, help="folder of everything the server keeps")
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    parser.add_argument("--user", default="ada")
    arguments = parser.parse_args()
    server = HubServer(arguments.root, arguments.port, user=arguments.user, token=arguments.token).start()
    print(f"HF_ENDPOINT={server.endpoint} HF_TOKEN={server.token}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
