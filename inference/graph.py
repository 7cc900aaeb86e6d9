"""An OpenVINO graph on this CPU, compiled for the shortest wait or for the most inputs a second, when needed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from openvino_core import core

BULK = 16  # from this many inputs on, throughput counts more than latency


class Graph:
    """A classifier's graph.

    Args:
        path (Path): its ``.xml`` file.

    Attributes:
        inputs (set of str): names of its inputs.
    """

    def __init__(self, path: Path):
        self._model = core().read_model(path)
        self.inputs = {port.get_any_name() for port in self._model.inputs}

    @cached_property
    def latency(self) -> Any:
        """Compiled so that one input uses all cores."""
        return compile_for("LATENCY", self._model)

    @cached_property
    def throughput(self) -> Any:
        """Compiled so that several batches run beside each other."""
        return compile_for("THROUGHPUT", self._model)

    def run(self, inputs: Any) -> np.ndarray:
        """One inference at once: (n, ...) -> (n, n_labels).

        Args:
            inputs (dict or ndarray): what the graph takes.
        """
        return self.latency(inputs)[0]

    def run_all(self, batches: Iterable[tuple[Any, Any]], logits: np.ndarray) -> None:
        """Many inferences, several at a time.

        Args:
            batches (iterable): pairs of the rows of ``logits`` that an inference fills, and its inputs.
            logits (ndarray of shape (n, n_labels)): filled in place.
        """
        # Requests taken in turn rather than an AsyncInferQueue: its callbacks run in OpenVINO's threads and
        # wait for Python's lock, which can deadlock with the thread that destroys the queue.
        requests = self._requests
        running: list[Any] = [None] * len(requests)

        def collect(turn: int) -> None:
            if running[turn] is not None:
                requests[turn].wait()
                logits[running[turn]] = requests[turn].get_output_tensor(0).data
                running[turn] = None

        turn = 0
        for rows, inputs in batches:
            collect(turn)
            requests[turn].start_async(inputs)
            running[turn] = rows
            turn = (turn + 1) % len(requests)
        for turn in range(len(requests)):
            collect(turn)

    @cached_property
    def _requests(self) -> list[Any]:
        count = self.throughput.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        return [self.throughput.create_infer_request() for _ in range(count)]


def compile_for(hint: str, model: Any) -> Any:
    """A model compiled for this CPU.

    Args:
        hint (str): ``"LATENCY"`` or ``"THROUGHPUT"``.
        model (openvino.Model): the graph.
    """
    # What is not quantized is computed in 32 bits. By itself OpenVINO takes bf16 where the processor has it: no
    # faster here, since the 8-bit products take the time, and scores would depend on the processor.
    settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32"}
    return core().compile_model(model, "CPU", settings)
