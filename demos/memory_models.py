"""The models of the memory tab: those whose predictions are kept beside this file, and those that a visitor names.

make memory-tables      # records the kept ones anew (an hour)
"""

from __future__ import annotations

import functools
import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from grokaem.memory.kept_model import KeptModel

FOLDER = Path(__file__).parent / "memory_tables"
MOST_TRACED = 32  # models of visitors that are remembered, the last used
SECONDS = 170  # of tracing one; the room of heavy events ends it at 180
MEMORY = 4 * 2**30  # bytes of the process that traces
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")


class Chip(NamedTuple):
    """A model that the page offers.

    Attributes:
        key: what its file is called.
        title: on the page.
        name: as ``--base-model`` takes it.
        shape: its other flags.
        lengths: that are kept; none for all.
    """

    key: str
    title: str
    name: str
    shape: tuple[str, ...] = ()
    lengths: tuple[float, ...] = ()


CHIPS = {
    chip.key: chip
    for chip in (
        Chip("bert-base", "BERT-base", "bert-base-uncased"),
        Chip("bert-large", "BERT-large", "bert-large-uncased"),
        Chip("distilbert", "DistilBERT", "distilbert-base-uncased"),
        Chip("minilm", "MiniLM-L6", "minilm-l6"),
        Chip("xlm-roberta", "XLM-RoBERTa", "xlm-roberta-base"),
        Chip(
            "wide-resnet",
            "Wide ResNet 28-10 (sound)",
            "wide_resnet",
            ("--depth", "28", "--widen-factor", "10"),
            (1, 2, 4, 8),
        ),
    )
}
_BY_NAME = {chip.name: chip for chip in CHIPS.values()}
_traced: OrderedDict[str, KeptModel] = OrderedDict()
_lock = threading.Lock()


def offered() -> list[Chip]:
    """The chips whose predictions are kept."""
    return [chip for chip in CHIPS.values() if _file(chip).is_file()]


def find_model(name: str) -> KeptModel | None:
    """A model of which everything is at hand: a chip by its key or name, or one that was traced; else None."""
    chip = CHIPS.get(name) or _BY_NAME.get(name)
    if chip is not None and _file(chip).is_file():
        return _kept(chip.key)
    with _lock:
        if name in _traced:
            _traced.move_to_end(name)
        return _traced.get(name)


def trace_model(name: str, length: float | None, progress: Callable[[int, int], object]) -> KeptModel:
    """Records a model's steps in a process of its own, once, and remembers them.

    Args:
        name (str): a Hub id, or where the page is not published a local folder.
        length (float or None): seconds of a clip, if it is a model of sounds.
        progress (callable): told how many steps are recorded, and of how many; what it raises ends the process.

    Raises:
        ValueError: no such model, it cannot be followed, or it takes too long.
    """
    name = name.strip()
    if (known := find_model(name)) is not None and (length is None or length in known.record["lengths"]):
        return known
    published = os.environ.get("SYSTEM") == "spaces"
    if not _NAME.fullmatch(name) and (published or not name or not Path(name).is_dir()):
        raise ValueError("This is no name of a model; give a Hub id such as google-bert/bert-base-uncased.")
    model = KeptModel(json.loads(_run([name], progress)))
    with _lock:
        _traced[name] = model
        while len(_traced) > MOST_TRACED:
            _traced.popitem(last=False)
    return model


def _run(words: list[str], progress: Callable[[int, int], object]) -> bytes:
    """What the recording process prints."""
    pipe = subprocess.PIPE
    with subprocess.Popen(_command("--no-ones", *words), stdout=pipe, stderr=pipe, preexec_fn=_limit) as process:
        try:
            return _listen(process, progress)
        finally:
            process.kill()


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "grokaem.memory.keep_model", *words]


def _listen(process: subprocess.Popen[bytes], progress: Callable[[int, int], object]) -> bytes:
    assert process.stdout is not None and process.stderr is not None
    read = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    out, said = read
    done, of, end = 0, 1, time.monotonic() + SECONDS
    left = set(read)
    while left:
        if time.monotonic() > end:
            raise ValueError("This model takes too long to follow here; run grokaem plan on your own machine.")
        for stream in select.select(list(left), [], [], 0.5)[0]:
            piece = os.read(stream, 65536)
            read[stream] += piece
            if not piece:
                left.discard(stream)
        if steps := re.findall(rb"(\d+)/(\d+)\n", read[said]):
            done, of = map(int, steps[-1])
        progress(done, of)
    if process.wait() == 0:
        return read[out]
    lines = [line for line in read[said].decode("utf-8", "replace").splitlines() if line.startswith("error: ")]
    raise ValueError(_page_words(lines[-1] if lines else ""))


def _page_words(error: str) -> str:
    """The command's error in the words of this page."""
    if "did not give its config.json" in error or "no config.json" in error:
        return "The Hub gave no config.json of this name; check the name, and that the repository is public."
    if found := re.search(r"is an? (\S+), of which no classifier", error):
        return f"No classifier of texts or sounds can be made of a {found[1]}; choose an encoder such as BERT."
    return "The memory of this model cannot be predicted here; try grokaem plan on your own machine."


def _limit() -> None:
    """What a stranger's configuration may ask of this machine."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.nice(5)


def _file(chip: Chip) -> Path:
    return FOLDER / f"{chip.key}.json"


@functools.cache
def _kept(key: str) -> KeptModel:
    return KeptModel(json.loads(_file(CHIPS[key]).read_text(encoding="utf-8")))


def main() -> None:
    """Records the chips' models."""
    from grokaem.atomic import write_text

    for chip in CHIPS.values():
        lengths = ("--lengths", *(f"{length:g}" for length in chip.lengths)) if chip.lengths else ()
        command = _command(chip.name, *chip.shape, *lengths)
        FOLDER.mkdir(exist_ok=True)
        write_text(_file(chip), subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
        print(f"{_file(chip).name}: {_file(chip).stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    sys.exit(main())
