"""The file that bulk prediction writes: it grows window by window, and survives the death of its process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grokaem.atomic import write_text
from grokaem.command_line import check_writable
from grokaem.inference.bulk_identity import BulkIdentity
from grokaem.set_aside import SHOWN

OUTPUTS = (".jsonl", ".csv")


@dataclass
class Done:
    """How far a file is.

    Attributes:
        rows (int): rows taken from the input.
        bytes (int): bytes of the output that hold them.
        empty (int): rows without a text, which get no label.
        cut (int): rows that were longer than the model reads.
        set_aside (int): rows that could not be classified.
        reasons (list of [row, reason]): the first of those, for the user.
        resumed_at (int): rows an earlier process had done.
    """

    rows: int = 0
    bytes: int = 0
    empty: int = 0
    cut: int = 0
    set_aside: int = 0
    reasons: list[list[str]] = field(default_factory=list)
    resumed_at: int = field(default=0, compare=False)


class BulkOutput:
    """A file that grows window by window and survives the death of its process.

    Who makes one holds the file's name (:func:`grokaem.output_folder.claimed_files`), so that no other process does.

    Args:
        path (Path): ``.jsonl`` or ``.csv``.
        identity (BulkIdentity): what the results depend on; an unfinished file of another identity is not continued.
        overwrite (bool, optional): begin anew over a finished or unfinished file. (Default: ``False``)

    Raises:
        ValueError: another ending, a finished file, or an unfinished one of another input or model.
        FileNotFoundError: there is no folder to write to.
        OSError: the disk is full, or does not let us write.
    """

    def __init__(self, path: Path, identity: BulkIdentity, overwrite: bool = False):
        path = check_output(path, overwrite)
        self.path, self.identity = path, identity
        self.partial = path.with_name(path.name + ".partial")
        self.record = path.with_name(path.name + ".partial.json")
        self._recorded()
        with self._said("cannot be written"):
            # Without a buffer, which closing would try to write once more to a full disk.
            self._file = self.partial.open("ab", buffering=0)
            try:
                self.done = Done() if overwrite else self._earlier()
                if not self.done.bytes:
                    self._begin()
                self._file.truncate(self.done.bytes)
            except BaseException:
                self._file.close()
                raise

    def _begin(self) -> None:
        """Records the beginning, so that the file is known for ours from its first byte on."""
        if self.partial.stat().st_size and self._recorded() is None:
            raise ValueError(_in_the_way(self.partial))
        write_text(self.record, json.dumps({"identity": self.identity.to_json(), **asdict(Done())}))

    def _earlier(self) -> Done:
        record = self._recorded()
        if record is None:
            return Done()
        if changed := self.identity.difference(record["identity"]):
            raise ValueError(
                f"{self.partial} was begun with another {changed}: --overwrite begins anew, --output chooses another."
            )
        if self.partial.stat().st_size < record["bytes"]:  # the disk lost what was not yet on it
            return Done()
        known = {key: record[key] for key in asdict(Done()) if key in record}
        return Done(**known | {"resumed_at": record["rows"]})

    def _recorded(self) -> dict[str, Any] | None:
        """The record, which proves the unfinished file ours; None without one (an empty one is what a crash left).

        Raises:
            ValueError: there is something else under its name, or under that of the unfinished file.
        """
        for path in (self.partial, self.record):
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise ValueError(_in_the_way(path))
        if not self.record.exists() or not self.record.stat().st_size:
            return None
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            record = None
        if not _is_record(record):
            raise ValueError(_in_the_way(self.record))
        return record

    def append(self, content: bytes, window: Done) -> None:
        """Writes a window and records it, in this order.

        Args:
            content (bytes): its lines.
            window (Done): what it holds.

        Raises:
            OSError: the disk is full; what was recorded before is whole, and the next process goes on after it.
        """
        with self._said("could not be written to its end"):
            left = memoryview(content)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
            self.done.rows += window.rows
            self.done.bytes += len(content)
            self.done.empty += window.empty
            self.done.cut += window.cut
            self.done.set_aside += window.set_aside
            self.done.reasons = [*self.done.reasons, *window.reasons][:SHOWN]
            write_text(self.record, json.dumps({"identity": self.identity.to_json(), **asdict(self.done)}))

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """A full disk as a sentence."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise OSError(
                f"{self.partial} {what} ({error.strerror or error}): make room or choose another --output, then run "
                "the same command again; it goes on where it stopped."
            ) from error

    def close(self) -> None:
        """Lets go of the unfinished file."""
        self._file.close()

    def finish(self) -> None:
        """Lets the finished file appear under its name."""
        os.replace(self.partial, self.path)
        self.record.unlink(missing_ok=True)
        self.close()


def _in_the_way(path: Path) -> str:
    return f"{path} is in the way and was not written by this command: move it away."


def _is_record(found: object) -> bool:
    """Whether it is what :class:`BulkOutput` records, of this version or an earlier one with fewer counts."""
    if not isinstance(found, dict) or not {"identity", "rows", "bytes"} <= set(found) <= {"identity", *asdict(Done())}:
        return False
    counts = [value for key, value in found.items() if key not in ("identity", "reasons")]
    reasons = found.get("reasons", [])
    return (
        isinstance(found["identity"], dict)
        and all(type(count) is int and count >= 0 for count in counts)
        and isinstance(reasons, list)
        and all(isinstance(pair, list) and list(map(type, pair)) == [str, str] for pair in reasons)
    )


def check_output(path: Path, overwrite: bool = False, source: Path | None = None) -> Path:
    """Refuses an output that cannot be written, before any model is loaded; see :class:`BulkOutput`.

    Args:
        path (Path): the output.
        overwrite (bool, optional): as the user says. (Default: ``False``)
        source (Path, optional): the input, which is never overwritten.

    Returns:
        Path: the same file; where it is a link, what that leads to.
    """
    if source is not None and path.exists() and path.samefile(source):
        raise ValueError(f"--output {path} is the input: choose another.")
    if path.suffix.lower() not in OUTPUTS:
        raise ValueError(f"--output {path} says no format: end it in {' or '.join(OUTPUTS)}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to: make it first.")
    return check_writable(path, overwrite=overwrite)
