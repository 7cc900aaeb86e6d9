"""The server in a process of its own; it prints the settings that point a client to it."""

import argparse
import sys
import threading
from pathlib import Path

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.hub_server import DEFAULT_TOKEN, HubServer


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python tests/hub_server", description="A Hugging Face Hub on loopback"
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--root", type=Path, required=True, help="folder of everything the server keeps")
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    parser.add_argument("--user", default="ada")
    parser.add_argument(
        "--xet", action="store_true", help="serve Xet uploads, through a folder below the root"
    )
    parser.add_argument("--no-blob-ids", action="store_true", help="do not name the hashes of small files")
    parser.add_argument("--long-commits", action="store_true", help="commits of 64 digits")
    chosen = parser.parse_args()
    server = HubServer(
        chosen.root,
        chosen.port,
        user=chosen.user,
        token=chosen.token,
        xet=chosen.xet,
        blob_ids=not chosen.no_blob_ids,
        long_commits=chosen.long_commits,
    ).start()
    print(f"HF_ENDPOINT={server.endpoint} HF_TOKEN={server.token}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
