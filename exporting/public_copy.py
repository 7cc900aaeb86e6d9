"""What of a run and its export becomes public: names instead of paths, and no text of the user's own data."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ownership import RECORD

PACKAGED = re.compile(r"[\w.-]+==\S+.*")  # the revision of data that a package carries
# Keys whose values are a place on this disk, or a Hub id.
PLACES = {"_name_or_path", "name_or_path", "base_model_name_or_path", "dataset", "base_model", "also_train_on", "name",
          "tokenizer_file", "vocab_file", "merges_file", "spm_file", "cache_dir"}  # fmt: skip
REPORTS = ("run.json", "parity.json", "config.json", "tokenizer_config.json", "adapter_config.json",
           "preprocessor_config.json", "special_tokens_map.json", "generation_config.json")  # fmt: skip


def shows_examples(data: dict[str, Any], asked: bool | None = None) -> bool:
    """Whether the data's texts may be shown: those of a package are public, one's own and a Hub's only if asked."""
    if asked is not None:
        return asked
    return all(PACKAGED.fullmatch(part) for part in data["revision"].split("; "))


def without_folders(value: str) -> str:
    """The last part of a path; a Hub id stays."""
    is_path = value.startswith(("/", "~", "./", "../")) or value.count("/") > 1 or "\\" in value
    return re.split(r"[/\\]", value.rstrip("/\\"))[-1] if is_path or Path(value).exists() else value


def names_only(content: Any, key: str = "") -> Any:
    """A report with names where it had paths of this machine, everywhere in it."""
    if isinstance(content, dict):
        return {name: names_only(item, name) for name, item in content.items()}
    if isinstance(content, list):
        return [names_only(item, key) for item in content]
    if isinstance(content, str):
        return without_folders(content) if key in PLACES else _shortened(content)
    return content


def _shortened(text: str) -> str:
    for place in {str(Path.home()), os.getcwd(), tempfile.gettempdir()} - {"/"}:
        text = re.sub(re.escape(place) + r"(?:/[^\s'\",;:()]*)?", lambda m: m[0].rstrip("/").rsplit("/", 1)[-1], text)
    return text


def copy_files(source: Path, target: Path, examples: bool | None = None) -> None:
    """The files of a folder, as they may be published, in another one; what is there already stays."""
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        wanted = target / file.name
        if not file.is_file() or file.name in ("export_failed.json", RECORD) or wanted.exists():
            continue
        if file.name not in REPORTS:
            _link(file, wanted)
            continue
        before = json.loads(file.read_text(encoding="utf-8"))
        after = names_only(before)
        if file.name == "run.json" and not shows_examples(before["data"], examples):
            after["examples"] = []
        if after == before:
            _link(file, wanted)
        else:
            wanted.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # weights are heavy: no second copy where the disk allows
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def staged(run: Path) -> Iterator[Path]:
    """A folder beside the run to put together in what is published; what a killed command left is removed.

    The folder is locked as long as this process lives, so that two may publish at the same time.
    """
    run = run.resolve()
    beside = run.parent
    if not os.access(beside, os.W_OK):
        beside = Path(tempfile.gettempdir())
    for left in beside.glob(f".{glob.escape(run.name)}.staged.*"):
        with _lock(left) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)
    # Locked under another name: nobody takes it for a left one in between.
    new = Path(tempfile.mkdtemp(dir=beside, prefix=f".{run.name}.staging."))
    with _lock(new):
        folder = new.with_name(new.name.replace(".staging.", ".staged."))
        new.rename(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Whether the folder could be locked; the lock ends with the process that holds it."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(opened)
