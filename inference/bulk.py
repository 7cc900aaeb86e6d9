"""A file of inputs to a file of labels: any number of rows in the same memory, and never a row twice.

Results go to ``<output>.partial``; after each window the number of rows done and the bytes written are recorded
beside it. A process that is killed leaves at most one unrecorded window, which the next one cuts off before
it goes on. The finished file appears under its name by one rename.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from inference.prediction import Prediction
from inference.rows import Rows

OUTPUTS = (".jsonl", ".csv")
WINDOW = 2048  # rows classified, written and recorded together


@dataclass
class Done:
    """How far a file is.

    Attributes:
        rows (int): rows taken from the input.
        bytes (int): bytes of the output that hold them.
        empty (int): rows without a text, which get no label.
        resumed_at (int): rows an earlier process had done.
    """

    rows: int = 0
    bytes: int = 0
    empty: int = 0
    resumed_at: int = field(default=0, compare=False)


class BulkOutput:
    """A file that grows window by window and survives the death of its process.

    Args:
        path (Path): ``.jsonl`` or ``.csv``.
        identity (dict): what the results depend on; an unfinished file of another identity is not continued.
        overwrite (bool, optional): begin anew over a finished or unfinished file. (Default: ``False``)

    Raises:
        ValueError: another ending, a finished file, or an unfinished one of another input or model.
        FileNotFoundError: there is no folder to write to.
    """

    def __init__(self, path: Path, identity: dict[str, Any], overwrite: bool = False):
        check_output(path, overwrite)
        self.path, self.identity = path, identity
        self.partial = path.with_name(path.name + ".partial")
        self.record = path.with_name(path.name + ".partial.json")
        self.done = Done() if overwrite else self._earlier()
        if not self.done.bytes:
            self.record.unlink(missing_ok=True)
            self.partial.write_bytes(b"")
        os.truncate(self.partial, self.done.bytes)

    def _earlier(self) -> Done:
        if not (self.partial.is_file() and self.record.is_file()):
            return Done()
        record = json.loads(self.record.read_text(encoding="utf-8"))
        if record["identity"] != self.identity:
            changed = ", ".join(
                key for key, value in self.identity.items() if record["identity"].get(key) != value
            )
            raise ValueError(
                f"{self.partial} was begun with another {changed}: --overwrite begins anew, --output chooses another"
            )
        if self.partial.stat().st_size < record["bytes"]:  # the disk lost what was not yet on it
            return Done()
        rows = record["rows"]
        return Done(rows, record["bytes"], record["empty"], resumed_at=rows)

    def append(self, content: bytes, rows: int, empty: int) -> None:
        """Writes a window and records it, in this order."""
        with self.partial.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.done.rows += rows
        self.done.bytes += len(content)
        self.done.empty += empty
        record = {"identity": self.identity, **asdict(self.done)}
        temporary = self.record.with_name(self.record.name + ".tmp")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        os.replace(temporary, self.record)

    def finish(self) -> None:
        """Lets the finished file appear under its name."""
        os.replace(self.partial, self.path)
        self.record.unlink(missing_ok=True)


def check_output(path: Path, overwrite: bool = False) -> None:
    """Refuses an output that cannot be written, before any model is loaded; see :class:`BulkOutput`."""
    if path.suffix.lower() not in OUTPUTS:
        raise ValueError(f"--output {path} says no format: end it in {' or '.join(OUTPUTS)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to: make it first")
    if path.is_dir() or (path.exists() and not overwrite):
        raise ValueError(f"{path} exists already: --overwrite replaces it, --output chooses another")


def classify_rows(
    rows: Rows,
    column: str | None,
    predict: Callable[[list[str]], list[Prediction]],
    labels: list[str],
    output: BulkOutput,
    *,
    window: int = WINDOW,
    progress: Callable[[int, int], None] | None = None,
) -> Done:
    """Classifies the rows that ``output`` does not hold yet, and finishes it.

    Args:
        rows (Rows): the input.
        column (str or None): its column of texts.
        predict (callable): texts to predictions, in order.
        labels (list of str): all label names, for the columns of a CSV.
        output (BulkOutput): where the results go.
        window (int, optional): rows held in memory, and lost at most by a kill. (Default: 2048)
        progress (callable, optional): called after each window with ``rows.position`` and the rows done.

    Returns:
        Done: the rows of the finished file.
    """
    as_csv = output.path.suffix.lower() == ".csv"
    remaining = islice(rows.read(column), output.done.rows, None)
    if as_csv and not output.done.bytes:
        output.append(_csv_lines([["row", "input", "label", *(f"score {label}" for label in labels)]]), 0, 0)
    while taken := list(islice(remaining, window)):
        answers = iter(predict([text for _, text in taken if text is not None]))
        results = [(number, text, next(answers) if text is not None else None) for number, text in taken]
        content = _csv_lines(_cells(results, labels)) if as_csv else _json_lines(results)
        output.append(content, len(taken), sum(text is None for _, text in taken))
        if progress:
            progress(rows.position, output.done.rows)
    output.finish()
    return output.done


def identity_of(rows: Rows, column: str | None, model_folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """What the results depend on: the input by size and time of change, the model by its content."""
    stat = rows.path.stat()
    digest = hashlib.sha256()
    for name in names:
        if (file := model_folder / name).is_file():
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return {
        "input": [str(rows.path.resolve()), stat.st_size, stat.st_mtime_ns],
        "text column": column,
        "model": digest.hexdigest(),
    }


def _json_lines(results: list[tuple[int, str | None, Prediction | None]]) -> bytes:
    lines = []
    for number, text, answer in results:
        scores = {name: round(score, 6) for name, score in answer.scores.items()} if answer else None
        line = {"row": number, "input": text, "label": answer.label if answer else None, "scores": scores}
        lines.append(json.dumps(line, ensure_ascii=False))
    # A lone surrogate, which JSON may spell, has no UTF-8: it becomes a question mark.
    return ("\n".join(lines) + "\n").encode("utf-8", errors="replace")


def _cells(results: list[tuple[int, str | None, Prediction | None]], labels: list[str]) -> Iterator[list]:
    for number, text, answer in results:
        if answer is None:
            yield [number, text or "", "", *[""] * len(labels)]
        else:
            yield [number, text, answer.label, *(f"{answer.scores[label]:.6f}" for label in labels)]


def _csv_lines(cells: Iterable[list]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(cells)
    return text.getvalue().encode("utf-8", errors="replace")
