"""Listing and fetching files: pages, ranges, redirects to where large content lives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from tests.hub_server.connection import Call, Refused, Reply, route
from tests.hub_server.storage import git_oid

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer


def item(path: str, entry: dict) -> dict:
    return {
        "type": "file",
        "path": path,
        **{key: entry[key] for key in ("oid", "size", "lfs") if key in entry},
    }


@route("GET", r"/api/REPO/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?")
def tree(server: HubServer, call: Call, kind: str, repo_id: str, revision: str, folder: str | None) -> Reply:
    repo = server.open_repo(call, repo_id, kind)
    tree = repo["commits"][server.sha_of(repo, revision)]["tree"]
    prefix = f"{unquote(folder)}/" if folder else ""
    items: dict[str, dict] = {}
    for path in sorted(tree):
        inside = path.removeprefix(prefix)
        if not path.startswith(prefix):
            continue
        parents = [prefix + "/".join(inside.split("/")[:n]) for n in range(1, inside.count("/") + 1)]
        recursive = call.query.get("recursive", [""])[0].lower() in ("true", "1")
        for parent in parents if recursive else parents[:1]:
            items.setdefault(
                parent, {"type": "directory", "path": parent, "oid": git_oid(parent.encode()), "size": 0}
            )
        if recursive or not parents:
            items[path] = item(path, tree[path])
    if folder and not items:
        raise Refused(404, f"{unquote(folder)} does not exist on {revision}", "EntryNotFound")
    first = int(call.query.get("cursor", ["0"])[0])
    headers = {}
    if first + server.page < len(items):
        rest = "&".join(f"{key}={quote(value[0])}" for key, value in call.query.items() if key != "cursor")
        headers["Link"] = f'<{server.endpoint}{call.path}?{rest}&cursor={first + server.page}>; rel="next"'
    return Reply(list(items.values())[first : first + server.page], headers=headers)


@route("POST", r"/api/REPO/paths-info/(?P<revision>[^/]+)")
def paths_info(server: HubServer, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
    repo = server.open_repo(call, repo_id, kind)
    tree, items = repo["commits"][server.sha_of(repo, revision)]["tree"], []
    for path in parse_qs(call.body.decode()).get("paths", []):
        if path in tree:
            items.append(item(path, tree[path]))
        elif any(name.startswith(path.rstrip("/") + "/") for name in tree):
            items.append({"type": "directory", "path": path, "oid": git_oid(path.encode()), "size": 0})
    return Reply(items)


@route("GET|HEAD", r"/WEB/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def resolve(server: HubServer, call: Call, kind: str | None, repo_id: str, revision: str, path: str) -> Reply:
    repo = server.open_repo(call, repo_id, kind)
    server.guard_gate(call, repo)
    sha = server.sha_of(repo, revision)
    headers = {"X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
    entry = repo["commits"][sha]["tree"].get(unquote(path))
    if entry is None:
        refused = Refused(404, "Entry not found", "EntryNotFound")
        refused.reply.headers |= headers
        raise refused
    if "lfs" not in entry:
        return ranged(call, server.content_of(entry), headers | {"ETag": f'"{entry["oid"]}"'})
    oid = entry["lfs"]["oid"]
    # LFS content lives on another host, to which the client must not send its token.
    headers |= {
        "X-Linked-Etag": f'"{oid}"',
        "X-Linked-Size": str(entry["size"]),
        "Location": f"http://localhost:{server.port}/cdn/{oid}/{entry.get('xet', '-')}/{entry['size']}",
    }
    if server.xet and "xet" in entry:
        token = f"{server.endpoint}/api/{repo['kind']}/{repo['id']}/xet-read-token/{sha}"
        headers |= {"X-Xet-Hash": entry["xet"], "Link": f'<{token}>; rel="xet-auth"'}
    return Reply(b"", 302, headers)


@route("GET|HEAD", r"/cdn/(?P<oid>[0-9a-f]{64})/(?P<xet>[^/]+)/(?P<size>\d+)")
def cdn(server: HubServer, call: Call, oid: str, xet: str, size: str) -> Reply:
    """Content by its sha256, as the Hub's storage serves it: to everybody who got the address."""
    entry = {"lfs": {"oid": oid}, "size": int(size)} | ({} if xet == "-" else {"xet": xet})
    return ranged(call, server.content_of(entry), {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


def ranged(call: Call, content: bytes, headers: dict[str, str]) -> Reply:
    headers["Content-Type"] = "application/octet-stream"
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", call.headers.get("Range") or "")
    if not match:
        return Reply(content, 200, headers)
    first, last = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
    if first > last:
        return Reply(b"", 416, headers | {"Content-Range": f"bytes */{len(content)}"})
    return Reply(
        content[first : last + 1],
        206,
        headers | {"Content-Range": f"bytes {first}-{last}/{len(content)}"},
    )
