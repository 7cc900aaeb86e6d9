"""Runs a command in a process of its own that need not import torch and transformers again.

Of a test's seconds most were such imports. :mod:`tests.preloaded_server` has made them once in the session; each
command is a fork of it, with the arguments, folder, environment and streams that it would have had by itself. Where
an environment asked for is not the one that the packages were imported under, :func:`run` says that it cannot.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.preloaded_server import BEFORE_IMPORT

SERVER = Path(__file__).with_name("preloaded_server.py")
# Variables that no package imported by the server reads before the command runs; our own code is imported after.
READ_LATER = ("PYTEST_", "GROKAEM_", "TOKENIZERS_", "RAYON_", "NUMBA_", "TORCHINDUCTOR_CACHE_DIR", "COLUMNS", "LINES")
# Those that the packages behind ``models`` read as they are imported, and those behind ``numbers`` do not.
OF_THE_HUB = ("HF_", "TRANSFORMERS_OFFLINE")


class Preloaded:
    """The session's server process.

    Args:
        environment (dict): what the packages behind ``models`` are imported under.
    """

    def __init__(self, environment: dict[str, str]):
        self.environment = dict(environment)
        self.folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
        self.log = self.folder / "log"
        sockets = [socket.socket(socket.AF_UNIX) for _ in ("numbers", "models")]
        for listener, name in zip(sockets, ("numbers", "models"), strict=True):
            listener.bind(str(self.folder / name))
            listener.listen(64)
        numbers = [listener.fileno() for listener in sockets]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVER), *map(str, numbers)],
                env=self.environment, pass_fds=numbers, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        for listener in sockets:
            listener.close()

    def address(self) -> dict:
        """What another process of the session needs to know of it."""
        return {"folder": str(self.folder), "environment": self.environment}

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.folder)


def group(environment: dict[str, str], server_environment: dict[str, str], models: bool) -> str | None:
    """Which of the server's two sets of packages fits a command.

    Args:
        environment (dict): the command's.
        server_environment (dict): the one that the packages were imported under.
        models (bool): the command sets what concerns transformers before importing it, as the server did.

    Returns:
        str: ``models`` or ``numbers``; None where a package may have read something else than the command asks for.
    """
    imported_under = {**BEFORE_IMPORT, **server_environment}
    differ = [
        name
        for name in environment.keys() | server_environment.keys()
        if environment.get(name) != imported_under.get(name) and not name.startswith(READ_LATER)
    ]
    if not differ and models:
        return "models"
    return "numbers" if all(name.startswith(OF_THE_HUB) for name in differ) else None


def run(
    address: dict,
    words: list[str],
    cwd: Path,
    environment: dict[str, str],
    models: bool,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str] | None:
    """Runs ``python WORDS...``, which is a script with its arguments or ``-m`` with a module's.

    Args:
        address (dict): see :meth:`Preloaded.address`.
        words (list of str): the command line after ``python``.
        cwd (Path): the folder it runs in.
        environment (dict): the whole of its environment.
        models (bool): see :func:`group`.
        timeout (float, optional): seconds. (Default: 300)

    Returns:
        CompletedProcess: as ``subprocess.run`` gives; None where this environment needs a process of its own.

    Raises:
        subprocess.TimeoutExpired: it took longer and was killed.
        RuntimeError: the server has ended.
    """
    name = group(environment, address["environment"], models)
    if name is None:
        return None
    folder = Path(address["folder"])
    request = json.dumps({"words": words, "cwd": str(cwd), "env": environment}).encode()
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        open(os.devnull) as nothing,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.settimeout(timeout)
        connection.connect(str(folder / name))
        streams = [stream.fileno() for stream in (nothing, out, err)]
        socket.send_fds(connection, [len(request).to_bytes(8, "big")], streams)
        connection.sendall(request)
        answer = b""
        try:
            while len(answer) < 16:
                part = connection.recv(16 - len(answer))
                if not part:
                    raise RuntimeError(
                        f"the preloaded process has ended:\n{(folder / 'log').read_text()[-2000:]}"
                    )
                answer += part
        except TimeoutError:
            if len(answer) == 8:
                os.kill(int.from_bytes(answer, "big"), signal.SIGKILL)
            raise subprocess.TimeoutExpired(words, timeout) from None
        for stream in (out, err):
            stream.seek(0)
        status = os.waitstatus_to_exitcode(int.from_bytes(answer[8:], "big"))
        return subprocess.CompletedProcess(words, status, out.read(), err.read())
