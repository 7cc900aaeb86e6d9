"""A loopback Hub: the part of the Hugging Face Hub that publishing and downloading need, on one machine.

    python tests/hub_server --port 8765 --root /tmp/hub       # prints HF_ENDPOINT and HF_TOKEN to use

In a test: ``with HubServer(tmp_path) as hub: ... hub.endpoint, hub.token, hub.user``. It speaks what
huggingface_hub 1.21.0 speaks: revisions with a history, LFS uploads in one part or several, Xet, ranges, pull
requests, tags, Spaces. Everything is kept under the root, so a server that was killed may be started again
on it. `HubServer.fail` makes the n-th request that matches a pattern go wrong in a chosen way.

The standard library's server is used, not an ASGI one: a fault must be able to cut the very socket.
"""

from tests.hub_server import reading, repositories, spaces, uploading  # noqa: F401  (they register their routes)
from tests.hub_server.connection import Fault
from tests.hub_server.server import DEFAULT_TOKEN, HubServer

__all__ = ["DEFAULT_TOKEN", "Fault", "HubServer"]
