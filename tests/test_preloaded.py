"""A command run from the preloaded process finds what it would have found by itself, or is not run there."""

import json
import os
import subprocess
import sys
import threading

import pytest

from tests import preloaded, preloaded_server
from tests.conftest import OFFLINE, environment_of_commands, preloaded_address

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="every command has a Python of its own there")
PROBE = """
import json, os, signal, sys
names = ("grokaem", "training", "exporting", "openvino", "numba")
print(json.dumps({
    "folder": os.getcwd(), "arguments": sys.argv, "path": sys.path, "environment": dict(os.environ),
    "name": __name__, "file": globals().get("__file__"), "input": sys.stdin.read(),
    "threads": len(os.listdir("/proc/self/task")), "main": sys.modules["__main__"].__dict__ is globals(),
    "signals": [str(signal.getsignal(number)) for number in range(1, 32)],
    "ours": [name for name in sys.modules if name.split(".")[0] in names],
}, sort_keys=True))
print("to the other stream", file=sys.stderr)
end = sys.argv[1]
if end == "killed":
    sys.stdout.flush()
    os.kill(os.getpid(), 9)
if end == "raises":
    raise LookupError("at the end")
if end != "returns":
    sys.exit(int(end) if end.isdigit() else end)
"""


@pytest.fixture
def probe(tmp_path):
    path = tmp_path / "scripts" / "probe.py"
    path.parent.mkdir()
    path.write_text(PROBE)
    return path


@pytest.mark.parametrize(
    "models, words, end",
    [
        (True, "module", "returns"),
        (False, "script", "returns"),
        (False, "module", "3"),
        *((True, "script", end) for end in ("3", "a sentence", "raises", "killed")),
    ],
)
def test_a_command_finds_what_it_would_have_found_by_itself(models, words, end, probe, tmp_path):
    cwd = tmp_path if words == "script" else probe.parent
    command = [str(probe), end, "--x=é"] if words == "script" else ["-m", "probe", end]
    environment = environment_of_commands({**OFFLINE, "GROKAEM_CACHE": str(tmp_path)})
    done = preloaded.run(preloaded_address, command, cwd, environment, models)
    alone = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done is not None and done.returncode == alone.returncode
    assert json.loads(done.stdout) == json.loads(alone.stdout)
    assert done.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert json.loads(done.stdout)["ours"] == [] and json.loads(done.stdout)["threads"] == 1


def test_what_the_hub_s_packages_read_at_import_is_the_command_s_own(tmp_path):
    script = tmp_path / "probe.py"
    script.write_text("import huggingface_hub.constants as c; print(c.HF_HOME, c.ENDPOINT, c.HF_HUB_OFFLINE)")
    more = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = preloaded.run(
        preloaded_address, [str(script)], tmp_path, environment_of_commands(more), models=True
    )
    assert done is not None and done.returncode == 0, done
    assert done.stdout.split() == [str(tmp_path / "home"), "http://127.0.0.1:9", "False"]


@pytest.mark.parametrize(
    "more, wanted",
    [
        ({}, "models"),
        ({"GROKAEM_CACHE": "x", "PYTEST_CURRENT_TEST": "x"}, "models"),
        (preloaded_server.BEFORE_IMPORT, "models"),
        ({"NUMBA_NUM_THREADS": "1", "TORCHINDUCTOR_CACHE_DIR": "x"}, "models"),  # set by what tests import
        ({"HF_HOME": "x"}, "numbers"),
        ({"OMP_NUM_THREADS": "3"}, None),
        ({"OPENBLAS_NUM_THREADS": "4"}, None),
        ({"TRANSFORMERS_VERBOSITY": "info"}, None),
        ({"HOME": "x", "HF_HOME": "x"}, None),
    ],
)
def test_other_settings_than_those_imported_under_are_noticed(more, wanted):
    server = {"HOME": "/home/ada", **OFFLINE}
    assert preloaded.group({**server, **more}, server, models=True) == wanted
    assert preloaded.group({**server, **more}, server, models=False) == (wanted and "numbers")
    fewer = {name: value for name, value in server.items() if name != "HOME"}
    assert preloaded.group(fewer, server, models=True) is None


def test_only_a_process_with_one_thread_is_forked(monkeypatch):
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match="threads: one of the packages imported here starts one"):
            preloaded_server.fork()
    finally:
        stop.set()
        thread.join()
