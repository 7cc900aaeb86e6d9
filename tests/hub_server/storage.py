"""Repositories as the server keeps them: revisions with a history, file contents by their hash."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.hub_server.connection import Refused

LFS_SUFFIXES = {".bin", ".safetensors", ".onnx", ".parquet", ".wav", ".pt", ".zip", ".png", ".npz"}
LFS_FROM_BYTES = 10_000_000  # the Hub stores every file above 10 MB as LFS


def git_oid(content: bytes) -> str:
    """The name git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def xet_hex(raw: bytes) -> str:
    """A hash as Xet writes it: four little-endian words of 64 bits."""
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", raw))


class Storage:
    """What is in the root: state.json, ``lfs/`` by sha256, ``blobs/`` by git name, ``xet/`` as hf_xet keeps it."""

    endpoint: str
    long_commits: bool

    def __init__(self, root: Path):
        self.root = root
        self.lock = threading.RLock()
        for folder in ("lfs", "blobs", "parts", "xet"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.state: dict[str, Any] = {"repos": {}, "tokens": {}, "orgs": {}}
        if (self.root / "state.json").exists():
            self.state = json.loads((self.root / "state.json").read_text())

    def save(self) -> None:
        temporary = self.root / f"state.{secrets.token_hex(4)}"
        temporary.write_text(json.dumps(self.state))
        temporary.replace(self.root / "state.json")

    def store(self, content: bytes) -> dict:
        oid = git_oid(content)
        (self.root / "blobs" / oid).write_bytes(content)
        return {"oid": oid, "size": len(content)}

    def store_lfs(self, content: bytes) -> dict:
        sha = hashlib.sha256(content).hexdigest()
        (self.root / "lfs" / sha).write_bytes(content)
        return self.lfs_entry(sha, len(content))

    @staticmethod
    def lfs_entry(sha: str, size: int) -> dict:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {size}\n".encode()
        return {"oid": git_oid(pointer), "size": size,
                "lfs": {"oid": sha, "size": size, "pointerSize": len(pointer)}}  # fmt: skip

    def content_of(self, entry: dict) -> bytes:
        if "lfs" not in entry:
            return (self.root / "blobs" / entry["oid"]).read_bytes()
        large = self.root / "lfs" / entry["lfs"]["oid"]
        if not large.exists() and "xet" in entry:
            self.fetch_from_xet(entry["xet"], entry["size"], large)
        return large.read_bytes()

    def xet_hashes(self) -> dict[str, str]:
        """sha256 -> Xet hash of every file in the CAS folder, read from the shards that uploads leave there.

        A shard has a header of 48 bytes, then for each file records of 48 bytes: its hash, flags and number n
        of segments; n segments; n verifications (flag 31) and a record that starts with the sha256 (flag 30).
        """
        found = {}
        for shard in (self.root / "xet").glob("xet/xorbs/shards/*.mdb"):
            data, at = shard.read_bytes(), 48
            while data[at : at + 32] != b"\xff" * 32:
                flags, count = struct.unpack_from("<II", data, at + 32)
                last = at + 48 * (1 + count * (2 if flags >> 31 else 1))
                if flags >> 30 & 1:
                    found[xet_hex(data[last : last + 32])] = xet_hex(data[at : at + 32])
                    last += 48
                at = last
        return found

    def fetch_from_xet(self, xet_hash: str, size: int, target: Path) -> None:
        """Puts a file that came through Xet together, for a client that asks for it without Xet."""
        from hf_xet import XetFileInfo, XetSession

        url = f"{self.endpoint}/api/models/-/-/xet-read-token/main"
        with XetSession().new_file_download_group(token_refresh_url=url, token_refresh_headers={}) as group:
            group.start_download_file(XetFileInfo(xet_hash, size), str(target))

    @staticmethod
    def is_lfs(path: str, size: int) -> bool:
        return size > 0 and (Path(path).suffix in LFS_SUFFIXES or size > LFS_FROM_BYTES)

    def create_repo(
        self, kind: str, repo_id: str, private: bool = False, gated: bool = False, **extra
    ) -> dict:
        repo = {"kind": kind, "id": repo_id, "private": private, "gated": gated, "granted": [], "commits": {},
                "branches": {}, "tags": {}, "prs": {}, **extra}  # fmt: skip
        if kind == "spaces":
            repo |= {"secrets": {}, "variables": {}, "polls": 0}
            repo.setdefault("hardware", "cpu-basic")
        attributes = "".join(
            f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in sorted(LFS_SUFFIXES)
        )
        self.state["repos"][f"{kind}/{repo_id}"] = repo
        self.add_commit(repo, {".gitattributes": self.store(attributes.encode())}, "initial commit", "main")
        return repo

    def add_commit(self, repo: dict, tree: dict, title: str, branch: str, description: str = "") -> str:
        parent = repo["branches"].get(branch) or repo["prs"].get(branch)
        commit = {
            "parent": parent,
            "title": title,
            "description": description,
            "tree": tree,
            "time": time.time_ns(),
        }
        digest = hashlib.sha256 if self.long_commits else hashlib.sha1
        sha = digest(json.dumps([commit, repo["id"]]).encode()).hexdigest()
        repo["commits"][sha] = commit
        repo["prs" if branch.startswith("refs/pr/") else "branches"][branch] = sha
        repo["polls"] = 0
        self.save()
        return sha

    def sha_of(self, repo: dict, revision: str) -> str:
        revision = unquote(revision)
        for place in (repo["branches"], repo["tags"], repo["prs"]):
            if revision in place:
                return place[revision]
        if revision in repo["commits"]:
            return revision
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def set_pair(self, repo: dict, name: str, item: dict) -> None:
        value = item["value"]
        if name == "secrets":  # write-only, and never on the disk
            value = hashlib.sha256(value.encode()).hexdigest()
        repo[name][item["key"]] = {"key": item["key"], "value": value, "description": item.get("description")}
        repo["polls"] = 0
        self.save()
