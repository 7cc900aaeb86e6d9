"""Uploading: what is there already, large content in one part or several, and the commit."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.hub_server.connection import Call, Refused, Reply, route

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer


@route("POST", r"/api/validate-yaml")
def validate_yaml(server: HubServer, call: Call) -> Reply:
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


def open_for_commit(server: HubServer, call: Call, kind: str, repo_id: str) -> dict:
    # Whoever may read a repository and holds a write token may propose a pull request.
    if "create_pr" in call.query and call.role == "write":
        return server.open_repo(call, repo_id, kind)
    return server.open_repo(call, repo_id, kind, write=True)


@route("POST", r"/api/REPO/preupload/(?P<revision>[^/]+)")
def preupload(server: HubServer, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
    repo = open_for_commit(server, call, kind, repo_id)
    sha = server.sha_of(repo, revision)
    files = []
    for wish in call.json["files"]:
        entry = repo["commits"][sha]["tree"].get(wish["path"])
        answer = {"path": wish["path"], "shouldIgnore": False,
                  "uploadMode": "lfs" if server.is_lfs(wish["path"], wish["size"]) else "regular"}  # fmt: skip
        if entry:
            answer["oid"] = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        files.append(answer)
    return Reply({"files": files, "commitOid": sha})


@route("POST", r"/WEB\.git/info/lfs/objects/batch")
def lfs_batch(server: HubServer, call: Call, kind: str | None, repo_id: str) -> Reply:
    server.open_repo(call, repo_id, kind)
    if call.role == "read" or call.user is None:
        raise Refused(403, "You don't have the rights to write to this repository")
    objects, transfer = [], "basic"
    for wish in call.json["objects"]:
        oid, size = wish["oid"], wish["size"]
        answer: dict[str, Any] = {"oid": oid, "size": size}
        stored = server.root / "lfs" / oid
        if not (stored.exists() and stored.stat().st_size == size):
            href = f"{server.endpoint}/lfs/{oid}"
            upload: dict[str, Any] = {"href": href}
            if size >= server.multipart_from and "multipart" in call.json["transfers"]:
                transfer = "multipart"
                parts = range(1, -(-size // server.part_bytes) + 1)
                upload = {"href": f"{href}/complete", "header": {"chunk_size": str(server.part_bytes)}
                          | {str(n): f"{href}/part/{n}" for n in parts}}  # fmt: skip
            answer["actions"] = {"upload": upload, "verify": {"href": f"{server.endpoint}/lfs/verify"}}
        objects.append(answer)
    return Reply({"transfer": transfer, "objects": objects})


@route("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})")
def lfs_put(server: HubServer, call: Call, oid: str) -> Reply:
    return accept_lfs(server, oid, call.body)


@route("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})/part/(?P<number>\d+)")
def lfs_part(server: HubServer, call: Call, oid: str, number: str) -> Reply:
    (server.root / "parts" / f"{oid}.{number}").write_bytes(call.body)
    return Reply(b"", headers={"ETag": f'"{hashlib.md5(call.body).hexdigest()}"'})


@route("POST", r"/lfs/(?P<oid>[0-9a-f]{64})/complete")
def lfs_complete(server: HubServer, call: Call, oid: str) -> Reply:
    parts = [server.root / "parts" / f"{oid}.{part['partNumber']}" for part in call.json["parts"]]
    if not all(part.exists() for part in parts):
        raise Refused(400, "A part of the upload is missing")
    return accept_lfs(server, oid, b"".join(part.read_bytes() for part in parts))


def accept_lfs(server: HubServer, oid: str, content: bytes) -> Reply:
    if hashlib.sha256(content).hexdigest() != oid:
        raise Refused(400, "The content does not have the announced sha256")
    temporary = server.root / "lfs" / f"{oid}.{secrets.token_hex(4)}"
    temporary.write_bytes(content)
    temporary.replace(server.root / "lfs" / oid)
    return Reply(b"", headers={"ETag": f'"{oid}"'})


@route("POST", r"/lfs/verify")
def lfs_verify(server: HubServer, call: Call) -> Reply:
    stored = server.root / "lfs" / call.json["oid"]
    if not (stored.exists() and stored.stat().st_size == call.json["size"]):
        raise Refused(404, "Object not found")
    return Reply({})


@route("POST", r"/api/REPO/commit/(?P<revision>[^/]+)")
def commit(server: HubServer, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
    repo, as_pr = open_for_commit(server, call, kind, repo_id), "create_pr" in call.query
    sha, branch = server.sha_of(repo, revision), unquote(revision)
    tree, header = dict(repo["commits"][sha]["tree"]), {}
    for line in call.body.splitlines():
        item = json.loads(line)
        key, value = item["key"], item["value"]
        path = value.get("path", "")
        if key == "header":
            header = value
        elif key == "file":
            tree[path] = server.store(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            stored = server.root / "lfs" / value["oid"]
            if stored.exists():
                tree[path] = server.lfs_entry(value["oid"], stored.stat().st_size)
            elif xet_hash := server.xet_hashes().get(value["oid"]):
                tree[path] = server.lfs_entry(value["oid"], value["size"]) | {"xet": xet_hash}
            else:
                raise Refused(400, f"LFS object {value['oid']} of {path} was not uploaded")
        elif key == "deletedFile":
            if tree.pop(path, None) is None:
                raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
        elif key == "deletedFolder":
            tree = {
                name: entry for name, entry in tree.items() if not name.startswith(path.rstrip("/") + "/")
            }
    if header.get("parentCommit") not in (None, sha):
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    if branch not in repo["branches"] and branch not in repo["prs"]:
        raise Refused(400, "A commit needs a branch")
    web = f"{server.endpoint}/{'' if kind == 'models' else kind + '/'}{repo_id}"
    answer = {"success": True, "hookOutput": ""}
    if as_pr:
        number = len(repo["prs"]) + 1
        branch = f"refs/pr/{number}"
        repo["prs"][branch] = sha
        answer["pullRequestUrl"] = f"{web}/discussions/{number}"
    new = server.add_commit(repo, tree, header.get("summary", ""), branch, header.get("description", ""))
    return Reply(answer | {"commitOid": new, "commitUrl": f"{web}/commit/{new}"})


@route("GET", r"/api/REPO/xet-(?P<access>read|write)-token/(?P<revision>[^/]+)")
def xet_token(server: HubServer, call: Call, kind: str, repo_id: str, access: str, revision: str) -> Reply:
    """Where Xet stores content: hf_xet 1.8.0 accepts a local folder for its servers."""
    if not server.xet:
        raise Refused(404, "Sorry, there is no Xet here")
    if access == "write":
        open_for_commit(server, call, kind, repo_id)
    address, expires = f"local://{server.root.resolve()}/xet", int(time.time()) + 3600
    headers = {"X-Xet-Cas-Url": address, "X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(expires)}
    return Reply({"casUrl": address, "accessToken": "xet", "exp": expires}, headers=headers)
