"""An encoder's converted form: made once, in a process of its own, and kept as far as the disk goes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from grokaem.atomic import SUFFIX, new_folder
from grokaem.cache import cache_folder
from grokaem.child_process import environment, module_command
from grokaem.embedding.convert import CANNOT_WRITE, ConvertedSettings
from grokaem.embedding.encoder_source import EncoderSource
from grokaem.plain_text import as_reason

VERSION = 1  # raised when converted encoders differ from those of an earlier version
FILES = ("model.xml", "model.bin", "tokenizer.json", "embedding.json")
STALE = 3600  # seconds after which a half-made folder of commit 8fe415f, which locked none, is a leftover

_lock = threading.Lock()  # two threads that ask for one encoder convert it once
_temporary: dict[str, tempfile.TemporaryDirectory] = {}  # conversions that no cache could take, until the process ends


def converted_folder(source: EncoderSource, precision: str) -> tuple[Path, ConvertedSettings]:
    """The folder of an encoder in OpenVINO's form, converted now where the cache holds none or a broken one.

    A cache folder that is full or cannot be written to costs the conversion in every process, not the result.

    Args:
        source (Source): the encoder.
        precision (str): one of ``grokaem.embedding.convert.PRECISIONS``.

    Returns:
        tuple: the folder, whose name has encoder, precision and version; what its ``embedding.json`` holds.

    Raises:
        RuntimeError: the conversion failed; the message holds its reason.
    """
    folder = cache_folder("embedding") / "models" / f"{source.digest}-{precision}-{VERSION}"
    with _lock:
        if folder.name in _temporary:
            folder = Path(_temporary[folder.name].name) / folder.name
        settings = _read(folder)
        if settings is None:
            print(f"converting {source.name} to OpenVINO {precision}, once", file=sys.stderr)
            folder = _convert(source, precision, folder)
            settings = _read(folder)
    if settings is None:
        raise RuntimeError(f"{source.name} could not be converted: {folder} came out incomplete, free some disk space.")
    return folder, settings


def _convert(source: EncoderSource, precision: str, folder: Path) -> Path:
    """The folder that took the conversion: the cache's, else one that lives as long as this process."""
    try:
        _tidy(folder)
        with new_folder(folder, replace=folder.exists(), within_ours=True) as temporary:
            _run(source, precision, temporary)
        return folder
    except OSError as error:
        if _read(folder) is not None:  # another process was quicker
            return folder
        reason = error.strerror or as_reason(error)
        print(f"note: the converted encoder cannot be kept in {folder.parent} ({reason})", file=sys.stderr)
    place = tempfile.TemporaryDirectory(prefix="grokaem-", ignore_cleanup_errors=True)
    target = Path(place.name) / folder.name
    target.mkdir()
    try:
        _run(source, precision, target)
    except OSError as error:
        reason = as_reason(error)
        raise RuntimeError(f"{source.name} could not be converted: {reason}; free some disk space.") from error
    _temporary[folder.name] = place
    return target


def _run(source: EncoderSource, precision: str, target: Path) -> None:
    command = module_command("grokaem.embedding.convert", source.location, target, "--precision", precision)
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment())
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()] or ["no message"]
        reason = as_reason(lines[-1].removeprefix("error: "))
        if result.returncode == CANNOT_WRITE:
            raise OSError(reason)
        raise RuntimeError(f"{source.name} could not be converted: {reason}.")


def _read(folder: Path) -> ConvertedSettings | None:
    """What ``embedding.json`` says, or None for a folder that is absent, or not as the conversion left it."""
    try:
        settings = json.loads((folder / "embedding.json").read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in FILES}
        counted = all(isinstance(settings[key], int) for key in ("dimension", "max_length", "pad_id"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    expected = settings.get("bytes", {})  # conversions of earlier versions lack it
    whole = all(size > 0 and size == expected.get(name, size) for name, size in sizes.items())
    return settings if counted and whole else None


def _tidy(folder: Path) -> None:
    """Removes what conversions of this encoder by commit 8fe415f left; ours are :mod:`grokaem.atomic`'s."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        with suppress(OSError):
            if left.suffix != SUFFIX and time.time() - left.stat().st_mtime > STALE:
                rmtree(left, ignore_errors=True)
