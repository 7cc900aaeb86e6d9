"""Files by key: within a limit, the least recently used go first, and none costs a look at the others."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from grokaem.cache import BLOCK, LEFT, TALLY, FileCache

LIMIT = 40 * BLOCK


def key_of(number):
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def keep(cache, number, size):
    with cache.new_file(key_of(number)) as path:
        path.write_bytes(bytes([number % 251]) * size)


def on_disk(folder):
    """The blocks of each file that is kept, by its key."""
    return {path.stem: -(-path.stat().st_size // BLOCK) for path in folder.rglob("*.bin")}


@pytest.fixture
def cache(tmp_path):
    return FileCache(tmp_path / "cache", ".bin", LIMIT)


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_use_stays_within_the_limit_and_loses_the_least_recently_used(cache, seed):
    drawn = random.Random(seed)
    used: dict[str, int] = {}  # key -> the moment of its last use
    for moment in range(150):
        key = key_of(number := drawn.randrange(60))
        if key in used and drawn.random() < 0.6:
            os.utime(cache.path(key), ns=(moment, moment))
            used[key] = moment
            continue
        keep(cache, number, drawn.randrange(1, 6 * BLOCK))
        kept = on_disk(cache.folder)
        others = {other: when for other, when in used.items() if other != key}
        gone = [when for other, when in others.items() if other not in kept]
        used = {other: when for other, when in others.items() if other in kept}
        assert not gone or max(gone) < min(used.values(), default=moment)
        assert sum(kept.values()) <= min(LIMIT // BLOCK, (cache.folder / TALLY).stat().st_size)
        assert not gone or sum(kept.values()) > LEFT * LIMIT // BLOCK - 6, "more went than had to"
        assert key in kept
        os.utime(cache.path(key), ns=(moment, moment))
        used[key] = moment
    assert len(used) > 5


def test_a_file_is_what_was_written_and_may_be_written_again(cache):
    for size in (0, 1, BLOCK, 3 * BLOCK + 1):
        keep(cache, 7, size)
        assert cache.path(key_of(7)).read_bytes() == bytes([7]) * size
    assert [path.name for path in cache.folder.iterdir() if path.is_dir()] == [key_of(7)[:2]]


def test_what_failed_is_neither_kept_nor_counted(cache):
    keep(cache, 1, 10)
    with pytest.raises(RuntimeError), cache.new_file(key_of(2)) as path:
        path.write_bytes(b"half")
        raise RuntimeError
    assert on_disk(cache.folder) == {key_of(1): 1} and (cache.folder / TALLY).stat().st_size == 1


def test_a_file_above_the_limit_does_not_stay(cache):
    keep(cache, 1, LIMIT + 1)
    assert on_disk(cache.folder) == {}


@pytest.mark.parametrize("many", [10, 3000])
def test_writing_one_looks_at_no_other(tmp_path, monkeypatch, many):
    cache = FileCache(tmp_path / "cache", ".bin", 10_000 * BLOCK)
    for number in range(many):
        path = cache.path(key_of(number))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"kept")
    keep(cache, -1, 10)  # the first one counts what is there
    assert (cache.folder / TALLY).stat().st_size == many + 1
    seen = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [seen.append(name) or name for name in listdir(folder)])
    monkeypatch.setattr(os, "scandir", lambda folder: pytest.fail(f"{folder} was looked through"))
    keep(cache, -2, 10)
    assert len(seen) <= 258  # the names beside the shards: those of the shards and of the tally


def test_files_of_an_earlier_version_count_and_go(cache):
    cache.folder.mkdir()
    for number in range(30):
        (cache.folder / f"{key_of(number)}.bin").write_bytes(bytes(2 * BLOCK))
        os.utime(cache.folder / f"{key_of(number)}.bin", ns=(number, number))
    keep(cache, 99, BLOCK)
    kept = on_disk(cache.folder)
    assert key_of(99) in kept and key_of(29) in kept and key_of(0) not in kept
    assert sum(kept.values()) <= LIMIT // BLOCK


@pytest.mark.parametrize("tally", [b"", b"x" * 100_000, None], ids=["empty", "too high", "gone"])
def test_a_wrong_count_is_put_right(cache, tally):
    for number in range(10):
        keep(cache, number, BLOCK)
    (cache.folder / TALLY).unlink()
    if tally is not None:
        (cache.folder / TALLY).write_bytes(tally)
    for number in range(100, 100 + 2 * LIMIT // BLOCK):
        keep(cache, number, BLOCK)
    assert 0 < sum(on_disk(cache.folder).values()) <= LIMIT // BLOCK + 10


def test_threads_keep_whole_files_within_the_limit(cache):
    def work(first):
        for number in range(first, first + 60):
            keep(cache, number, 3 * BLOCK)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 240, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keep(cache, 1000, BLOCK)
    assert sum(on_disk(cache.folder).values()) <= LIMIT // BLOCK
    assert all(path.stat().st_size in (BLOCK, 3 * BLOCK) for path in cache.folder.rglob("*.bin"))


WRITER = """
import sys
from pathlib import Path
from grokaem.cache import FileCache
from tests.test_file_cache import LIMIT, keep
cache = FileCache(Path(sys.argv[1]), ".bin", LIMIT)
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    number += 2
    keep(cache, number, 3 * 4096)
"""


def test_two_processes_that_are_killed_leave_whole_files_and_a_count_that_is_not_too_low(cache, tmp_path):
    drawn = random.Random(0)
    for _ in range(4):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(cache.folder), str(first)], stdout=subprocess.PIPE)
            for first in (0, 1)
        ]
        for writer in writers:
            writer.stdout.readline()
        time.sleep(drawn.uniform(0.02, 0.2))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            writer.stdout.close()
        assert all(path.stat().st_size == 3 * BLOCK for path in cache.folder.glob("??/*.bin"))
        keep(cache, 5000, BLOCK)  # the next writer
        cache.path(key_of(5000)).unlink()
        kept = sum(on_disk(cache.folder).values())
        assert 0 < kept <= (cache.folder / TALLY).stat().st_size
        assert kept <= LIMIT // BLOCK
        assert not [path for path in cache.folder.iterdir() if path.name.startswith(".")], "what the killed ones left"


def test_a_disk_that_is_full_keeps_nothing_and_says_so(cache, monkeypatch):
    keep(cache, 1, 10)

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OSError, match="No space left"):
        keep(cache, 2, 10)
    monkeypatch.undo()
    assert on_disk(cache.folder) == {key_of(1): 1}
