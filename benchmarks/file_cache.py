"""What keeping one more file costs in a cache that has many, beside looking at all of them each time.

python -m benchmarks.file_cache --json file_cache.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from grokaem.atomic import new_file
from grokaem.cache import FileCache
from grokaem.command_line import run
from grokaem.processor import processor_name

SIZE = 1536  # bytes of a file: a vector of 384 numbers
LIMIT = 4 * 2**30


def main(argv: list[str]) -> None:
    """Prints milliseconds a file by the number of files that are there already."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="+", default=[0, 1000, 20_000], metavar="N")
    parser.add_argument("--files", type=int, default=20, help="how many are timed (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    rows = [_compare(entries, options.files) for entries in options.entries]
    print(f"| files there | looked at all, ms | counted, ms |\n|---|---|---|\n{chr(10).join(map(_line, rows))}")
    print(processor_name())
    if options.json:
        options.json.write_text(json.dumps({"processor": processor_name(), "rows": rows}, indent=2) + "\n")


def _line(row: dict[str, float]) -> str:
    return f"| {row['entries']:,} | {row['looked_at_all_ms']:.2f} | {row['counted_ms']:.2f} |"


def _compare(entries: int, files: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        flat, cache = Path(folder) / "flat", FileCache(Path(folder) / "cache", ".bin", LIMIT)
        flat.mkdir()
        for number in range(entries):
            (flat / f"{_key(number)}.bin").write_bytes(bytes(SIZE))
            path = cache.path(_key(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(SIZE))
        _keep_counted(cache, "first")  # counts what is there, once
        looked = _milliseconds(lambda number: _keep_and_look(flat, _key(-1 - number)), files)
        counted = _milliseconds(lambda number: _keep_counted(cache, _key(-1 - number)), files)
    return {"entries": entries, "looked_at_all_ms": looked, "counted_ms": counted}


def _milliseconds(keep: Callable[[int], None], files: int) -> float:
    taken = []
    for number in range(files):
        start = time.perf_counter()
        keep(number)
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def _key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def _keep_counted(cache: FileCache, key: str) -> None:
    with cache.new_file(key) as path:
        path.write_bytes(bytes(SIZE))


def _keep_and_look(folder: Path, key: str) -> None:
    """As it was before the count: one folder, and after each file the age and size of all."""
    with new_file(folder / f"{key}.bin") as path:
        path.write_bytes(bytes(SIZE))
    found = [(path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*.bin")]
    assert sum(size for _, size, _ in sorted(found)) <= LIMIT


if __name__ == "__main__":
    sys.exit(run(main))
