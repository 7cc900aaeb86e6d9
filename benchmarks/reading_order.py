"""How the code of training/ is met when one follows a run: its files, and how often one goes back to one left before.

    python -m benchmarks.reading_order                                  # a tiny run of the checkout it lies in
    PYTHONPATH=OTHER python -P benchmarks/reading_order.py --json before.json   # of another checkout

The functions of training/ are noted in the order in which they are first called (a loop is read once). A change to a
file already left counts as a return. Counted twice: for all functions, and for those that hold the run's settings, as
an argument or in ``self.config``: the way of the config.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import FrameType
from typing import TypedDict

TEXTS = ("a warm and honest film", "two dull hours", "it never finds its feet", "the cast is a delight")


class Way(TypedDict):
    """Functions met, the files they lie in, changes that lead back to a file already left, and the files in order."""

    functions: int
    files: int
    returns: int
    way: list[str]


def main(argv: list[str] | None = None) -> int:
    """Runs, counts, prints and writes the counts."""
    parser = argparse.ArgumentParser(description="Follows a tiny run through training/ and counts returns.")
    parser.add_argument("--json", type=Path, help="where the counts go")
    options = parser.parse_args(argv)
    from training import finetune
    from training.config import FinetuneConfig

    folder = Path(finetune.__file__).parent
    calls: dict[tuple[str, str], bool] = {}  # function -> whether it held the config, in the order of the first calls

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(folder)) or not code.co_flags & CO_NEWLOCALS:
            return  # modules and bodies of classes run too, when they are imported
        key = (Path(code.co_filename).name, code.co_qualname)
        held = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]]
        config = any(isinstance(one, FinetuneConfig) or _own_config(one, FinetuneConfig) for one in held)
        calls[key] = calls.get(key, False) or config

    with tempfile.TemporaryDirectory() as home:
        data = Path(home) / "texts.csv"
        rows = [f"{text} {number},{number % 2}" for number in range(60) for text in TEXTS]
        data.write_text("text,label\n" + "\n".join(rows) + "\n")
        run = ["--dataset", str(data), "--max-steps", "3", "--batch-size", "4", "--save-seconds", "0"]
        sys.setprofile(note)
        try:
            finetune.main([*run, "--output-dir", str(Path(home) / "run")])
        finally:
            sys.setprofile(None)
    result = {
        "all functions": count(file for file, _ in calls),
        "the way of the config": count(file for (file, _), config in calls.items() if config),
    }
    for name, found in result.items():
        print(f"{name}: {found['functions']} functions in {found['files']} files, {found['returns']} returns")
        print("  " + " > ".join(found["way"]))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def _own_config(one: object, kind: type) -> bool:
    return isinstance(getattr(one, "__dict__", {}).get("config"), kind)


def count(files: Iterable[str]) -> Way:
    """The files in the order met, and how many of the changes lead back to one that was left.

    Args:
        files (iterable of str): the file of each function, in the order of the first calls.
    """
    way: list[str] = []
    functions = 0
    for file in files:
        functions += 1
        if not way or way[-1] != file:
            way.append(file)
    return {"functions": functions, "files": len(set(way)), "returns": len(way) - len(set(way)), "way": way}


if __name__ == "__main__":
    sys.exit(main())
