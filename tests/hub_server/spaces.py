"""Spaces: secrets, variables, hardware, and a build that takes its time or fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.hub_server.connection import Call, Reply, route

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer


@route("GET|POST|DELETE", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/(?P<name>secrets|variables)")
def pairs(server: HubServer, call: Call, repo_id: str, name: str) -> Reply:
    repo = server.open_repo(call, repo_id, "spaces", True)
    if call.method == "POST":
        server.set_pair(repo, name, call.json)
    elif call.method == "DELETE":
        repo[name].pop(call.json["key"], None)
        server.save()
    hidden = {"value"} if name == "secrets" else set()
    return Reply(
        {key: {k: v for k, v in item.items() if k not in hidden} for key, item in repo[name].items()}
    )


@route("GET|POST", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/(?P<verb>runtime|hardware|sleeptime|restart|pause)")
def runtime(server: HubServer, call: Call, repo_id: str, verb: str) -> Reply:
    repo = server.open_repo(call, repo_id, "spaces", write=verb != "runtime")
    if verb == "hardware":
        repo["hardware"] = call.json["flavor"]
    if verb == "runtime":
        stage = server.space_stages[min(repo["polls"], len(server.space_stages) - 1)]
        repo["polls"] += 1
    else:
        repo["polls"], stage = 0, "PAUSED" if verb == "pause" else "BUILDING"
    server.save()
    answer = {
        "stage": stage,
        "hardware": {"current": repo["hardware"], "requested": repo["hardware"]},
        "gcTimeout": 172800,
    }
    return Reply(answer | ({"errorMessage": "the build failed"} if "ERROR" in stage else {}))


@route("GET", r"/api/spaces/(?P<repo_id>[^/]+/[^/]+)/logs/(?P<part>build|run)")
def space_logs(server: HubServer, call: Call, repo_id: str, part: str) -> Reply:
    server.open_repo(call, repo_id, "spaces")
    lines = [
        "--> RUN pip install -r requirements.txt",
        "ERROR: No matching distribution found for no-such-package",
    ]
    events = "".join(
        f"data: {json.dumps({'data': line, 'timestamp': '2026-01-01T00:00:00Z'})}\n\n" for line in lines
    )
    return Reply(events.encode(), headers={"Content-Type": "text/event-stream"})
