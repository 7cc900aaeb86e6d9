"""What a machine or a container can still give, on fake trees."""

import pytest

from grokaem.process_memory import available_bytes
from tests.test_thread_counts import tree

G = 2**30
V2 = {"proc/self/cgroup": "0::/a/b\n", "proc/meminfo": "MemTotal: 67108864 kB\nMemAvailable: 52428800 kB\n"}
V1 = V2 | {"proc/self/cgroup": "4:memory:/a/b\n0::/\n"}
UNLIMITED_V1 = "9223372036854771712\n"


def v2(path, limit, used, **stat):
    lines = "".join(f"{name} {value}\n" for name, value in stat.items())
    folder = f"sys/fs/cgroup/{path}"
    return {folder + "memory.max": str(limit), folder + "memory.current": str(used), folder + "memory.stat": lines}


def v1(path, limit, used, **stat):
    lines = "".join(f"{name} {value}\n" for name, value in stat.items())
    folder = f"sys/fs/cgroup/memory/{path}memory."
    return {folder + "limit_in_bytes": str(limit), folder + "usage_in_bytes": str(used), folder + "stat": lines}


@pytest.mark.parametrize(
    ("files", "gigabytes"),
    [
        (V2, 50),
        (V2 | v2("a/b/", "max", 3 * G), 50),
        (V2 | v2("a/b/", 4 * G, 3 * G), 1),
        # Three files' worth of page cache would be given back.
        (V2 | v2("a/b/", 4 * G, 3 * G, anon=G, inactive_file=2 * G), 3),
        (V2 | v2("a/b/", 4 * G, 4 * G, active_file=G, inactive_file=G, slab_reclaimable=G), 3),
        (V2 | v2("a/b/", "max", 3 * G) | v2("a/", 8 * G, 6 * G, inactive_file=G), 3),
        (V2 | v2("a/b/", 16 * G, G) | v2("a/", 8 * G, 6 * G), 2),
        (V2 | {"proc/self/cgroup": "0::/\n"} | v2("", 2 * G, G), 1),
        (V2 | v2("a/b/", 80 * G, G), 50),
        (V2 | v2("a/b/", G, 2 * G), 0),
        (V2 | v2("a/b/", G, G, inactive_file=5 * G), 1),  # figures of two moments
        (V2 | v2("a/b/", "plenty", "some"), 50),
        (V1 | v1("a/b/", UNLIMITED_V1, 3 * G), 50),
        (V1 | v1("a/b/", 4 * G, 3 * G, total_inactive_file=2 * G, inactive_file=7), 3),
        (V1 | v1("a/b/", UNLIMITED_V1, 3 * G) | v1("a/", 4 * G, 3 * G, total_inactive_file=G), 2),
        (V1 | v1("", 4 * G, 3 * G), 1),
    ],
)
def test_page_cache_is_not_taken(tmp_path, files, gigabytes):
    assert available_bytes(tree(tmp_path, files)) == gigabytes * G


def test_this_machine_has_memory():
    assert available_bytes() > 0
