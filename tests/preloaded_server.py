"""The process from which :mod:`tests.preloaded` forks: it has imported what a command imports, and done nothing else.

``python preloaded_server.py NUMBERS MODELS`` takes two listening sockets, by their descriptors, and ends with its
standard input. Behind the first numpy, torch, scikit-learn and pandas are imported; behind the second also
transformers, peft and datasets, which read the environment (``HF_HOME``, ``HF_ENDPOINT``, ``HF_HUB_OFFLINE``) as they
are imported. Nothing of this repository is imported, nor OpenVINO, whose import starts a thread: only a process with
one thread can be forked safely. The imports wait for the first request.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import NoReturn

NUMBERS = ("numpy", "torch", "torch._dynamo", "scipy.stats", "sklearn.metrics", "pandas", "pyarrow.parquet")
MODELS = (
    "transformers",
    "accelerate",
    "datasets",
    "peft",
    "bitsandbytes",
    "transformers.trainer",
    "transformers.models.auto.modeling_auto",
    "transformers.models.bert.modeling_bert",
)
# What the commands set before they import these packages, and what scikit-learn sets as it is imported. Arrow's
# allocator would start a thread.
BEFORE_IMPORT = {
    "OPENBLAS_NUM_THREADS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "KMP_DUPLICATE_LIB_OK": "True",
    "KMP_INIT_AT_FORK": "FALSE",
}
NO_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


def wait_for_one_of(*listeners: socket.socket) -> None:
    """Returns when one of the sockets is called; ends this process when whoever started it has closed its input."""
    while True:
        readable, _, _ = select.select([sys.stdin, *listeners], [], [])
        if sys.stdin in readable:
            os._exit(0)
        if readable:
            return


def fork() -> int:
    """Forks, which only a process with one thread may do."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"{threads} threads: one of the packages imported here starts one, leave it out.")
    return os.fork()


def load(packages: tuple[str, ...]) -> None:
    """Imports the packages."""
    for name in packages:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or each child's first collection would copy every page


def serve(listener: socket.socket, packages: tuple[str, ...]) -> dict:
    """Takes requests; returns in the child that is to become the command, with what it is to run."""
    wait_for_one_of(listener)
    load(packages)
    while True:
        wait_for_one_of(listener)
        connection, _ = listener.accept()
        if fork():
            connection.close()
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            continue
        # This child waits for the command and answers; its own child becomes the command.
        listener.close()
        header, streams, _, _ = socket.recv_fds(connection, 8, 3)
        request = json.loads(read(connection, int.from_bytes(header, "big")))
        command = fork()
        if command == 0:
            connection.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        connection.sendall(command.to_bytes(8, "big"))
        _, status = os.waitpid(command, 0)
        connection.sendall(status.to_bytes(8, "big"))
        os._exit(0)


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes."""
    received = b""
    while len(received) < size:
        received += connection.recv(size - len(received))
    return received


def become(request: dict) -> None:
    """Runs the command as Python itself would have: its arguments, folder, environment and first import path."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.modules["numpy"].random.seed()  # or every child would have the same; `random` sees to it itself
    first, *rest = request["words"]
    if first == "-m":
        module, *rest = rest
        sys.path.insert(0, os.getcwd())
        sys.argv = ["-m", *rest]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(first).parent))
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def leave(error: BaseException | None) -> NoReturn:
    """Ends the process as Python would have, but for taking all the modules apart, which takes two seconds."""
    code = error.code if isinstance(error, SystemExit) else int(error is not None)
    if not isinstance(error, SystemExit | None):
        traceback.print_exception(error)
    elif not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 0xFF)


def main(numbers: socket.socket, models: socket.socket) -> None:
    """Serves; in a child that becomes a command, runs it to its end."""
    del sys.path[0]  # this file's folder
    for name, value in {**BEFORE_IMPORT, **NO_THREAD}.items():
        os.environ.setdefault(name, value)
    wait_for_one_of(numbers, models)
    load(NUMBERS)
    if fork():
        models.close()
        request = serve(numbers, ())
    else:
        numbers.close()
        request = serve(models, MODELS)
    try:
        become(request)
    except BaseException as error:
        leave(error)
    leave(None)


if __name__ == "__main__":
    main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
