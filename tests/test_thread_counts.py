"""Quotas on fake trees of a machine with 64 processors, and in a real control group where one can be made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grokaem import thread_counts
from grokaem.thread_counts import limit, limit_libraries, openvino_settings, quota, threads

ROOT = Path(__file__).resolve().parents[1]
V2 = {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/cgroup.controllers": "cpu memory\n"}
V1 = {"proc/self/cgroup": "7:memory:/x\n4:cpu,cpuacct:/a/b\n1:name=systemd:/\n"}
HYBRID = {"proc/self/cgroup": "4:cpu,cpuacct:/a/b\n1:name=systemd:/\n0::/a/b\n"}
TWO = "sys/fs/cgroup/a/b/cpu.max"
ONE = "sys/fs/cgroup/cpu,cpuacct/a/b/"


def tree(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.mark.parametrize(
    ("files", "share", "count"),
    [
        ({}, None, 64),
        (V2 | {TWO: "max 100000\n"}, None, 64),
        (V2 | {TWO: "50000 100000\n"}, 0.5, 1),
        (V2 | {TWO: "200000 100000\n"}, 2, 2),
        (V2 | {TWO: "250000 100000\n"}, 2.5, 3),
        (V2 | {TWO: "30000 10000\n"}, 3, 3),
        (V2 | {TWO: "400000\n"}, 4, 4),
        (V2 | {TWO: "12800000 100000\n"}, 128, 64),
        # The narrowest of the groups around it holds, whichever it is.
        (V2 | {TWO: "max 100000\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5, 2),
        (V2 | {TWO: "800000 100000\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n"}, 1.5, 2),
        (V2 | {TWO: "100000 100000\n", "sys/fs/cgroup/a/cpu.max": "800000 100000\n"}, 1, 1),
        # A container with a namespace of its own is at "/", and sees its own group's files at the top.
        (V2 | {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "350000 100000\n"}, 3.5, 4),
        # Without one it has the host's path, and the mount begins at its group, or at one around it.
        (V2 | {"proc/self/cgroup": "0::/docker/c0ffee\n", "sys/fs/cgroup/cpu.max": "200000 100000"}, 2, 2),
        (V2 | {"proc/self/cgroup": "0::/docker/c0ffee/a/b\n", TWO: "200000 100000"}, 2, 2),
        (V2 | {"proc/self/cgroup": "0::/../../a/b\n", TWO: "200000 100000"}, 2, 2),
        (V1 | {ONE + "cpu.cfs_quota_us": "-1\n", ONE + "cpu.cfs_period_us": "100000\n"}, None, 64),
        (V1 | {ONE + "cpu.cfs_quota_us": "50000\n", ONE + "cpu.cfs_period_us": "100000\n"}, 0.5, 1),
        (V1 | {ONE + "cpu.cfs_quota_us": "50000\n", ONE + "cpu.cfs_period_us": "20000\n"}, 2.5, 3),
        (V1 | {ONE + "cpu.cfs_quota_us": "600000\n"}, 6, 6),
        (V1 | {"sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us": "300000\n"}, 3, 3),
        (V1 | {ONE + "cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "200000"}, 2, 2),
        (V1 | {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n"}, 2, 2),
        (HYBRID | {ONE + "cpu.cfs_quota_us": "200000\n", "sys/fs/cgroup/unified/a/b/cgroup.procs": ""}, 2, 2),
        (HYBRID | {ONE + "cpu.cfs_quota_us": "-1", "sys/fs/cgroup/unified/a/b/cpu.max": "100000 100000"}, 1, 1),
        (V1 | {"sys/fs/cgroup/memory/x/cpu.cfs_quota_us": "50000\n"}, None, 64),  # another controller's folder
        # What is broken limits nothing.
        (V2 | {TWO: ""}, None, 64),
        (V2 | {TWO: "lots of time\n"}, None, 64),
        (V2 | {TWO: "-5 100000\n"}, None, 64),
        (V2 | {TWO: "0 100000\n"}, None, 64),
        (V2 | {TWO: "100000 0\n"}, 1, 1),
        (V2 | {TWO: b"\xff\xfe\x00"}, None, 64),
        ({"proc/self/cgroup": "nonsense\n\n:::\n0\n", TWO: "50000 100000"}, None, 64),
        (V2 | {TWO + "/a folder": ""}, None, 64),
    ],
)
def test_fake_trees(tmp_path, files, share, count):
    root = tree(tmp_path, files)
    assert quota(root) == share
    assert threads(root, 64, {}) == count
    assert limit(root, 64, {}) == (count if count < 64 else None)


def test_affinity_is_the_narrower_one(tmp_path):
    root = tree(tmp_path, V2 | {TWO: "400000 100000"})
    assert threads(root, 3, {}) == 3
    assert limit(root, 3, {}) is None  # the libraries see affinity by themselves


@pytest.mark.parametrize(
    ("value", "count"), [("6", 6), ("6,2", 6), (" 6 ", 6), ("", 1), ("0", 1), ("-2", 1), ("six", 1), ("\u00b2", 1)]
)
def test_the_users_own_number_wins(tmp_path, value, count):
    root = tree(tmp_path, V2 | {TWO: "50000 100000"})
    assert threads(root, 64, {"OMP_NUM_THREADS": value}) == count


def test_libraries_are_held_to_it_but_not_against_the_user(tmp_path):
    root = tree(tmp_path, V2 | {TWO: "50000 100000"})
    environment = {"RAYON_NUM_THREADS": "3"}
    assert limit_libraries(environment, root) == 1
    assert environment == {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "3", "NUMBA_NUM_THREADS": "1"}
    environment = {}
    assert limit_libraries(environment, tree(tmp_path / "free", {})) is None
    assert environment == {}


def test_openvino_takes_the_settings():
    import numpy as np
    from openvino import Model, opset13

    from grokaem.openvino_core import core

    numbers = opset13.parameter([1, 8], np.float32)
    graph = Model([opset13.result(opset13.relu(numbers))], [numbers])
    for hint in ("LATENCY", "THROUGHPUT"):
        compiled = core().compile_model(graph, "CPU", {"PERFORMANCE_HINT": hint, **openvino_settings(1)})
        told = [compiled.get_property(name) for name in ("INFERENCE_NUM_THREADS", "NUM_STREAMS")]
        assert told == [1, 1]
        assert compiled.get_property("ENABLE_CPU_PINNING") is False


@pytest.fixture
def half_a_processor():
    """A function that runs Python in a control group with half a processor's time."""
    top = Path("/sys/fs/cgroup")
    v2 = (top / "cgroup.controllers").is_file()
    group = top / f"grokaem-test-{os.getpid()}" if v2 else top / "cpu" / f"grokaem-test-{os.getpid()}"
    try:
        group.mkdir()
        if v2:
            (group / "cpu.max").write_text("50000 100000")
        else:
            (group / "cpu.cfs_quota_us").write_text("50000")
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"no control group can be made here: {error}")

    def run(code):
        join = f"open({str(group / 'cgroup.procs')!r}, 'w').write(str(__import__('os').getpid())); "
        environment = {k: v for k, v in os.environ.items() if k not in thread_counts.VARIABLES}
        return subprocess.run(
            [sys.executable, "-c", join + code], cwd=ROOT, env=environment,
            capture_output=True, text=True, check=True, timeout=120,
        ).stdout.split()  # fmt: skip

    yield run
    group.rmdir()


def test_a_real_group(half_a_processor):
    code = (
        "from grokaem.command_line import run; import os; from grokaem import thread_counts; run(lambda _: print("
        "thread_counts.quota(), thread_counts.threads(), os.environ.get('RAYON_NUM_THREADS')), [])"
    )
    count = "1"
    alone = None if thread_counts.processors() > 1 else "None"  # on one processor nothing has to be held back
    assert half_a_processor(code) == ["0.5", count, alone or count]
