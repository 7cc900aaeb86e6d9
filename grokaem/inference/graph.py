"""An OpenVINO graph on this CPU, compiled for the shortest wait or for the most inputs a second, when needed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from grokaem.openvino_core import core
from grokaem.request_pool import BatchRows, Inputs, RequestPool
from grokaem.thread_counts import openvino_settings
from grokaem.tokenization import FIELDS

if TYPE_CHECKING:
    import openvino

IDS = "input_ids"
BULK = 16  # from this many inputs on, throughput counts more than latency


class Graph:
    """A classifier's graph; any number of threads may use it.

    Args:
        path (Path): its ``.xml`` file.
        n_labels (int): how many scores it must give each input.
        task (str): key of its kind, for messages.
        tokens (bool): it must take a text's tokens; otherwise one array.

    Attributes:
        inputs (set of str): names of its inputs.
        n_ids (int or None): rows of the table in which it looks up a text's ids; an id beyond them has none.

    Raises:
        ValueError: the file or its weights cannot be read, it takes something else, or it has another number of
            scores.
    """

    def __init__(self, path: Path, n_labels: int, task: str, tokens: bool):
        _check_weights(path)
        try:
            model = core().read_model(path)
            self.inputs = {port.get_any_name() for port in model.inputs}
            width = model.output().get_partial_shape()[-1]
            self.n_ids = _rows_of_ids(model)
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"{path} or {path.with_suffix('.bin').name} beside it is no whole OpenVINO graph "
                f"({str(error).strip().splitlines()[-1]}): download or export the model again."
            ) from error
        text = IDS in self.inputs and self.inputs <= set(FIELDS)
        if not (text if tokens else len(self.inputs) == 1 and not text):
            raise ValueError(
                f"{path} takes {', '.join(sorted(self.inputs))}, and config.json beside it says that it classifies "
                f"{task}: download or export the model again."
            )
        if width.is_static and width.get_length() != n_labels:
            raise ValueError(
                f"{path} gives {width.get_length()} scores and config.json beside it names {n_labels} labels: "
                "download or export the model again."
            )
        self._n_labels = n_labels
        # One input that uses all cores; several batches that run beside each other.
        self._latency = RequestPool(lambda: compile_for("LATENCY", model))
        self._throughput = RequestPool(lambda: compile_for("THROUGHPUT", model))
        self._met: set[tuple[int, ...]] = set()
        self._preparing = Lock()

    def prepare(self, inputs: Inputs) -> None:
        """Does beforehand what OpenVINO does once for each shape of :meth:`run`'s inputs, so that no timing holds it.

        Args:
            inputs (dict or ndarray): what :meth:`run` will be given.
        """
        shape = _shape(inputs)
        if shape not in self._met:
            with self._preparing:
                self._latency.infer(inputs)
                self._met.add(shape)

    def prepare_all(self) -> None:
        """Compiles for :meth:`run_all`, which otherwise does it when it is first called."""
        self._throughput.compiled  # noqa: B018

    def run(self, inputs: Inputs) -> np.ndarray:
        """One inference at once: (n, ...) -> (n, n_labels).

        Args:
            inputs (dict or ndarray): what the graph takes.
        """
        logits = self._latency.infer(inputs)
        if logits.shape != (wanted := (_shape(inputs)[0], self._n_labels)):
            raise ValueError(
                f"the graph gives scores of shape {logits.shape} instead of {wanted}: it does not take inputs as long "
                "as config.json says; export the model again."
            )
        return logits

    def run_all(self, batches: Iterable[tuple[BatchRows, Inputs]], logits: np.ndarray) -> None:
        """Many inferences, several at a time.

        Args:
            batches (iterable): pairs of the rows of ``logits`` that an inference fills, and its inputs.
            logits (ndarray of shape (n, n_labels)): filled in place.
        """
        self._throughput.infer_all(batches, logits)


def _check_weights(path: Path) -> None:
    """Refuses weights that end early: OpenVINO maps them, and the process would be killed where they are read."""
    graph = path.read_text(encoding="utf-8", errors="replace")
    places = (re.search(r'\boffset="(\d+)".*?\bsize="(\d+)"', data) for data in re.findall(r"<data [^>]*>", graph))
    needed = max((int(place[1]) + int(place[2]) for place in places if place), default=0)
    weights = path.with_suffix(".bin")
    if (size := weights.stat().st_size) < needed:
        raise ValueError(f"{weights} ends after {size:,} of {needed:,} bytes: download or export the model again.")


def _rows_of_ids(model: openvino.Model) -> int | None:
    """Rows of the smallest table that a graph's ids are looked up in; None where it has none of a known size."""
    ports = [port for port in model.inputs if IDS in port.get_names()]
    readers = [reader for port in ports for reader in port.get_target_inputs()]
    rows = []
    while readers:
        reader = readers.pop()
        node = reader.get_node()
        if node.get_type_name() == "Convert":
            readers += node.output(0).get_target_inputs()
        elif node.get_type_name() == "Gather" and reader.get_index() == 1:
            size = node.input(0).get_partial_shape()[0]
            rows += [size.get_length()] if size.is_static else []
    return min(rows, default=None)


def _shape(inputs: Inputs) -> tuple[int, ...]:
    return (next(iter(inputs.values())) if isinstance(inputs, dict) else inputs).shape


def compile_for(hint: str, model: openvino.Model) -> openvino.CompiledModel:
    """A model compiled for this CPU, with as many threads as the process's quota lets run at once.

    Args:
        hint (str): ``"LATENCY"`` or ``"THROUGHPUT"``.
        model (openvino.Model): the graph.
    """
    # What is not quantized is computed in 32 bits. By itself OpenVINO takes bf16 where the processor has it: no
    # faster here, since the 8-bit products take the time, and scores would depend on the processor.
    settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32", **openvino_settings()}
    return core().compile_model(model, "CPU", settings)
