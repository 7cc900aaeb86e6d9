"""A file of inputs to a file of labels: any number of rows in the same memory, and never a row twice.

Results go to ``<output>.partial``; after each window the number of rows done and the bytes written are recorded
beside it. A process that is killed leaves at most one unrecorded window, which the next one cuts off before
it goes on. The finished file appears under its name by one rename. A row that cannot be classified is there with the
reason and without a label.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from atomic import write_text
from command_line import one_line
from inference.prediction import Prediction, shown_share
from inference.rows import BadRow, Rows, Text
from set_aside import SHOWN

OUTPUTS = (".jsonl", ".csv")
WINDOW = 2048  # rows classified, written and recorded together

# A row's number, its input, and its prediction, the reason why it has none, or None where there is nothing to classify.
Result = tuple[int, str | None, Prediction | str | None]


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

    Who makes one holds the file's name (:func:`output_folder.claimed_files`), so that no other process does.

    Args:
        path (Path): ``.jsonl`` or ``.csv``.
        identity (dict): what the results depend on; an unfinished file of another identity is not continued.
        overwrite (bool, optional): begin anew over a finished or unfinished file. (Default: ``False``)

    Raises:
        ValueError: another ending, a finished file, or an unfinished one of another input or model.
        FileNotFoundError: there is no folder to write to.
        OSError: the disk is full, or does not let us write.
    """

    def __init__(self, path: Path, identity: dict[str, Any], overwrite: bool = False):
        check_output(path, overwrite)
        self.path, self.identity = path, identity
        self.partial = path.with_name(path.name + ".partial")
        self.record = path.with_name(path.name + ".partial.json")
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
        if self.partial.stat().st_size and not self.record.is_file():
            raise ValueError(f"{self.partial} is in the way and was not written by this command: move it away.")
        write_text(self.record, json.dumps({"identity": self.identity, **asdict(Done())}))

    def _earlier(self) -> Done:
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return Done()
        if record["identity"] != self.identity:
            changed = ", ".join(
                key for key, value in self.identity.items() if record["identity"].get(key) != value
            )
            raise ValueError(
                f"{self.partial} was begun with another {changed or 'version'}: --overwrite begins anew, --output "
                "chooses another"
            )
        if self.partial.stat().st_size < record["bytes"]:  # the disk lost what was not yet on it
            return Done()
        known = {key: record[key] for key in asdict(Done()) if key in record}
        return Done(**known | {"resumed_at": record["rows"]})

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
            write_text(self.record, json.dumps({"identity": self.identity, **asdict(self.done)}))

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
                "the same command again; it goes on where it stopped"
            ) from error

    def close(self) -> None:
        """Lets go of the unfinished file."""
        self._file.close()

    def finish(self) -> None:
        """Lets the finished file appear under its name."""
        os.replace(self.partial, self.path)
        self.record.unlink(missing_ok=True)
        self.close()


def check_output(path: Path, overwrite: bool = False, source: Path | None = None) -> None:
    """Refuses an output that cannot be written, before any model is loaded; see :class:`BulkOutput`.

    Args:
        path (Path): the output.
        overwrite (bool, optional): as the user says. (Default: ``False``)
        source (Path, optional): the input, which is never overwritten.
    """
    if source is not None and path.exists() and path.samefile(source):
        raise ValueError(f"--output {path} is the input: choose another")
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
        predict (callable): texts to predictions, in order; where it raises, the rows are tried apart and those that
            it raises for are set aside.
        labels (list of str): all label names, for the columns of a CSV.
        output (BulkOutput): where the results go.
        window (int, optional): rows held in memory, and lost at most by a kill. (Default: 2048)
        progress (callable, optional): called after each window with ``rows.position`` and the rows done.

    Returns:
        Done: the rows of the finished file.
    """
    as_csv = output.path.suffix.lower() == ".csv"
    try:
        remaining = islice(rows.read(column), output.done.rows, None)
        if as_csv and not output.done.bytes:
            header = ["row", "input", "label", *(f"score {label}" for label in labels), "reason"]
            output.append(_csv_lines([header]), Done())
        while taken := list(islice(remaining, window)):
            results = _classify(taken, predict)
            content = _csv_lines(_cells(results, labels)) if as_csv else _json_lines(results)
            output.append(content, _counted(results))
            if progress:
                progress(rows.position, output.done.rows)
        output.finish()
    finally:
        output.close()
    return output.done


def _classify(taken: list[tuple[int, Text]], predict: Callable) -> list[Result]:
    whole = [isinstance(text, str) and not isinstance(text, BadRow) and bool(text.strip()) for _, text in taken]
    answers = iter(apart(predict, [text for (_, text), good in zip(taken, whole, strict=True) if good]))
    results: list[Result] = []
    for (number, text), good in zip(taken, whole, strict=True):
        if isinstance(text, BadRow):
            results.append((number, None, str(text)))
        else:
            results.append((number, text, next(answers) if good else None))
    return results


def apart(predict: Callable[[list[Any]], list[Prediction]], inputs: list[Any]) -> list[Prediction | str]:
    """Predictions of all inputs, and for each that makes ``predict`` raise the reason instead.

    Args:
        predict (callable): inputs to predictions, in order.
        inputs (list): what to classify.
    """
    if not inputs:
        return []
    try:
        return list(predict(inputs))
    except (ValueError, RuntimeError, OSError) as error:
        if len(inputs) == 1:
            return [one_line(error)]
    middle = len(inputs) // 2
    return [*apart(predict, inputs[:middle]), *apart(predict, inputs[middle:])]


def _counted(results: list[Result]) -> Done:
    bad = [[f"row {number}", answer] for number, _, answer in results if isinstance(answer, str)]
    return Done(
        rows=len(results),
        empty=sum(answer is None for _, _, answer in results),
        cut=sum(isinstance(answer, Prediction) and bool(answer.read) for _, _, answer in results),
        set_aside=len(bad),
        reasons=bad[:SHOWN],
    )


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


def _json_lines(results: list[Result]) -> bytes:
    lines = []
    for number, text, answer in results:
        line = {"row": number, "input": text, **answered(answer)}
        lines.append(json.dumps(line, ensure_ascii=False))
    # A lone surrogate, which JSON may spell, has no UTF-8: it becomes a question mark.
    return ("\n".join(lines) + "\n").encode("utf-8", errors="replace")


def answered(answer: Prediction | str | None) -> dict[str, Any]:
    """A prediction as JSON has it, ``label`` and ``scores``; with a ``reason`` where there is none."""
    if isinstance(answer, Prediction):
        return {"label": answer.label, "scores": {name: shown_share(share) for name, share in answer.scores.items()}}
    return {"label": None, "scores": None} | ({"reason": answer} if answer else {})


def _cells(results: list[Result], labels: list[str]) -> Iterator[list]:
    for number, text, answer in results:
        if isinstance(answer, Prediction):
            scores = (f"{shown_share(answer.scores[label]):.6f}" for label in labels)
            yield [number, text, answer.label, *scores, ""]
        else:
            yield [number, text or "", "", *[""] * len(labels), answer or ""]


def _csv_lines(cells: Iterable[list]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(cells)
    return text.getvalue().encode("utf-8", errors="replace")
