"""Accounts and repositories: who is this, create, look, tag, delete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.hub_server.connection import Call, Refused, Reply, route

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer


@route("GET", r"/api/whoami-v2")
def whoami(server: HubServer, call: Call) -> Reply:
    if call.user is None:
        raise Refused(401, "Invalid credentials in Authorization header")
    orgs = [{"type": "org", "name": org, "roleInOrg": members[call.user]}
            for org, members in server.state["orgs"].items() if call.user in members]  # fmt: skip
    auth = {"type": "access_token", "accessToken": {"displayName": "t", "role": call.role}}
    user = {"type": "user", "id": call.user, "name": call.user, "fullname": call.user}
    return Reply(user | {"orgs": orgs, "auth": auth})


@route("POST", r"/api/repos/create")
def create(server: HubServer, call: Call) -> Reply:
    wish = call.json
    kind = wish.get("type", "model") + "s"
    namespace = wish.get("organization") or call.user or ""
    if not server.may(call, namespace, True):
        raise Refused(
            403 if call.user else 401,
            f"You don't have the rights to create a {kind[:-1]} under {namespace}",
        )
    repo_id = f"{namespace}/{wish['name']}"
    answer = {"url": f"{server.endpoint}/{'' if kind == 'models' else kind + '/'}{repo_id}", "name": repo_id,
              "id": repo_id}  # fmt: skip
    if f"{kind}/{repo_id}" in server.state["repos"]:
        message = f"You already created this {kind[:-1]} repo"
        raise Refused(409, message, body=answer | {"error": message})
    private = wish.get("private") or wish.get("visibility") == "private"
    extra = (
        {"sdk": wish.get("sdk"), "hardware": wish.get("hardware") or "cpu-basic"} if kind == "spaces" else {}
    )
    repo = server.create_repo(kind, repo_id, bool(private), **extra)
    for name in ("secrets", "variables"):
        for item in wish.get(name) or []:
            server.set_pair(repo, name, item)
    return Reply(answer)


@route("DELETE", r"/api/repos/delete")
def delete(server: HubServer, call: Call) -> Reply:
    wish = call.json
    repo = server.open_repo(
        call,
        f"{wish.get('organization') or call.user}/{wish['name']}",
        wish.get("type", "model") + "s",
        True,
    )
    del server.state["repos"][f"{repo['kind']}/{repo['id']}"]
    server.save()
    return Reply({})


@route("GET|HEAD", r"/api/REPO(?:/revision/(?P<revision>[^/]+))?")
def info(server: HubServer, call: Call, kind: str, repo_id: str, revision: str | None) -> Reply:
    repo = server.open_repo(call, repo_id, kind)
    sha = server.sha_of(repo, revision or "main")
    siblings = []
    for path, entry in repo["commits"][sha]["tree"].items():
        sibling = {"rfilename": path}
        if "blobs" in call.query:
            sibling |= {"size": entry["size"]} | ({"blobId": entry["oid"]} if server.blob_ids else {})
            if "lfs" in entry:
                sibling["lfs"] = {"sha256": entry["lfs"]["oid"], "size": entry["size"],
                                  "pointerSize": entry["lfs"]["pointerSize"]}  # fmt: skip
        siblings.append(sibling)
    return Reply({"_id": repo["id"], "id": repo["id"], "modelId": repo["id"], "author": repo["id"].split("/")[0],
                  "sha": sha, "private": repo["private"], "gated": "manual" if repo["gated"] else False,
                  "disabled": False, "tags": [], "downloads": 0, "likes": 0, "siblings": siblings,
                  "cardData": {}})  # fmt: skip


@route("GET", r"/api/REPO/auth-check(?P<write>/write)?")
def auth_check(server: HubServer, call: Call, kind: str, repo_id: str, write: str | None) -> Reply:
    server.guard_gate(call, server.open_repo(call, repo_id, kind, write=bool(write)))
    return Reply({})


@route("PUT", r"/api/REPO/settings")
def settings(server: HubServer, call: Call, kind: str, repo_id: str) -> Reply:
    repo, wish = server.open_repo(call, repo_id, kind, True), call.json
    repo["private"] = wish.get("private", wish.get("visibility", "public") == "private")
    repo["gated"] = bool(wish.get("gated", repo["gated"]))
    server.save()
    return Reply({"private": repo["private"]})


@route("GET", r"/api/REPO/refs")
def refs(server: HubServer, call: Call, kind: str, repo_id: str) -> Reply:
    repo = server.open_repo(call, repo_id, kind)

    def listed(prefix: str, places: dict) -> list[dict]:
        return [{"name": name, "ref": prefix + name, "targetCommit": sha} for name, sha in places.items()]

    return Reply({"branches": listed("refs/heads/", repo["branches"]), "tags": listed("refs/tags/", repo["tags"]),
                  "converts": [], "pullRequests": listed("", repo["prs"])})  # fmt: skip


@route("POST|DELETE", r"/api/REPO/tag/(?P<name>[^/]+)")
def tag(server: HubServer, call: Call, kind: str, repo_id: str, name: str) -> Reply:
    repo = server.open_repo(call, repo_id, kind, True)
    if call.method == "DELETE":
        if repo["tags"].pop(unquote(name), None) is None:
            raise Refused(404, "Tag not found", "RevisionNotFound")
    elif call.json["tag"] in repo["tags"]:
        raise Refused(409, f"Tag {call.json['tag']} already exists")
    else:
        repo["tags"][call.json["tag"]] = server.sha_of(repo, name)
    server.save()
    return Reply({})


@route("GET", r"/api/REPO/commits/(?P<revision>[^/]+)")
def commits(server: HubServer, call: Call, kind: str, repo_id: str, revision: str) -> Reply:
    repo, history = server.open_repo(call, repo_id, kind), []
    sha = server.sha_of(repo, revision)
    while sha:
        commit = repo["commits"][sha]
        date = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(commit["time"] / 1e9))
        history.append({"id": sha, "title": commit["title"], "message": commit["description"], "date": date,
                        "authors": [{"user": repo["id"].split("/")[0]}]})  # fmt: skip
        sha = commit["parent"]
    return Reply(history)
