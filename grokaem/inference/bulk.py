"""A file of inputs to a file of labels: any number of rows in the same memory, and never a row twice.

Results go to ``<output>.partial``; after each window the number of rows done and the bytes written are recorded
beside it. A process that is killed leaves at most one unrecorded window, which the next one cuts off before
it goes on. The finished file appears under its name by one rename. A row that cannot be classified is there with the
reason and without a label.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from grokaem.command_line import one_line
from grokaem.inference.bulk_output import BulkOutput, Done
from grokaem.inference.prediction import Prediction, shown_share
from grokaem.inference.rows import BadRow, Rows, Text
from grokaem.plain_text import as_reason, is_blank
from grokaem.set_aside import SHOWN

WINDOW = 2048  # rows classified, written and recorded together
Input = TypeVar("Input")

# A row's number, its input, and its prediction, the reason why it has none, or None where there is nothing to classify.
Result = tuple[int, str | None, Prediction | str | None]


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
    whole = [isinstance(text, str) and not isinstance(text, BadRow) and not is_blank(text) for _, text in taken]
    answers = iter(predict_each(predict, [text for (_, text), good in zip(taken, whole, strict=True) if good]))
    results: list[Result] = []
    for (number, text), good in zip(taken, whole, strict=True):
        if isinstance(text, BadRow):
            results.append((number, None, str(text)))
        else:
            results.append((number, text, next(answers) if good else None))
    return results


def predict_each(predict: Callable[[list[Input]], list[Prediction]], inputs: list[Input]) -> list[Prediction | str]:
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
            return [as_reason(one_line(error))]
    middle = len(inputs) // 2
    return [*predict_each(predict, inputs[:middle]), *predict_each(predict, inputs[middle:])]


def _counted(results: list[Result]) -> Done:
    bad = [[f"row {number}", answer] for number, _, answer in results if isinstance(answer, str)]
    return Done(
        rows=len(results),
        empty=sum(answer is None for _, _, answer in results),
        cut=sum(isinstance(answer, Prediction) and bool(answer.read) for _, _, answer in results),
        set_aside=len(bad),
        reasons=bad[:SHOWN],
    )


def _json_lines(results: list[Result]) -> bytes:
    lines = []
    for number, text, answer in results:
        line = {"row": number, "input": text, **prediction_fields(answer)}
        lines.append(json.dumps(line, ensure_ascii=False))
    # A lone surrogate, which JSON may spell, has no UTF-8: it becomes a question mark.
    return ("\n".join(lines) + "\n").encode("utf-8", errors="replace")


def prediction_fields(answer: Prediction | str | None) -> Mapping[str, object]:
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
