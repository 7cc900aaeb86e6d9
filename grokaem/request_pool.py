"""One OpenVINO graph for any number of threads: each inference borrows a request that no other has meanwhile.

A compiled model called as a function has one request of its own: a second thread is refused ("Infer Request is busy")
or reads the first one's answer. Here every answer is copied before its request goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

if TYPE_CHECKING:
    import openvino
Inputs = dict[str, np.ndarray] | np.ndarray  # of a graph: by name, or of its only one
BatchRows = Sequence[int] | np.ndarray  # which rows of the results a batch fills


class RequestPool:
    """A graph, compiled once, when it is first used, and as many requests as run beside each other.

    Args:
        compile_model (callable): gives the ``openvino.CompiledModel``; called once, whoever comes first.
    """

    def __init__(self, compile_model: Callable[[], openvino.CompiledModel]):
        self._compile_model = compile_model
        self._compiling = Lock()
        self._compiled: openvino.CompiledModel | None = None
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()

    @property
    def compiled(self) -> openvino.CompiledModel:
        """The compiled model, for its properties; running it is for :meth:`infer` and :meth:`infer_all`."""
        if self._compiled is None:
            with self._compiling:  # functools.cached_property has no lock
                if self._compiled is None:
                    compiled = self._compile_model()
                    for _ in range(max(1, compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))):
                        self._free.put(compiled.create_infer_request())
                    self._compiled = compiled
        return self._compiled

    def infer(self, inputs: Inputs) -> np.ndarray:
        """One inference; waits while every request is at work for others.

        Args:
            inputs (dict or ndarray): what the graph takes.

        Returns:
            ndarray: the graph's first output, a copy.
        """
        request = self._borrow()
        try:
            return request.infer(inputs)[0]
        finally:
            self._free.put(request)

    def infer_all(
        self,
        batches: Iterable[tuple[BatchRows, Inputs]],
        results: np.ndarray,
        on_done: Callable[[int], object] | None = None,
    ) -> None:
        """Many inferences, as many at a time as there are requests free.

        Args:
            batches (iterable): pairs of the rows of ``results`` that an inference fills, and its inputs.
            results (ndarray of shape (n, ...)): filled in place.
            on_done (callable, optional): told the number of rows of each batch that is finished.
        """
        # Requests taken in turn rather than an AsyncInferQueue: its callbacks run in OpenVINO's threads and
        # wait for Python's lock, which can deadlock with the thread that destroys the queue.
        idle: deque[openvino.InferRequest] = deque()
        running: deque[tuple[openvino.InferRequest, BatchRows]] = deque()  # oldest first

        def collect() -> None:
            request, rows = running[0]
            request.wait()
            found = request.get_output_tensor(0).data
            if found.shape != (wanted := (len(rows), *results.shape[1:])):  # numpy would repeat one row for all
                raise ValueError(
                    f"the graph gives results of shape {found.shape} instead of {wanted}: it does not take inputs as "
                    "long as these; export the model again."
                )
            results[rows] = found
            running.popleft()
            idle.append(request)
            if on_done is not None:
                on_done(len(rows))

        try:
            for rows, inputs in batches:
                if not idle and running:
                    # Never waits for another thread while it holds a request: two that did could wait for ever.
                    request = self._borrow(wait=False)
                    if request is None:
                        collect()
                    else:
                        idle.append(request)
                elif not idle:
                    idle.append(self._borrow())
                request = idle.popleft()
                try:
                    request.start_async(inputs)
                except BaseException:
                    idle.append(request)
                    raise
                running.append((request, rows))
            while running:
                collect()
        finally:
            for request, _ in running:  # an error, or an interruption: what still computes is waited for
                _settle(request)
                self._free.put(request)
            for request in idle:
                self._free.put(request)

    @overload
    def _borrow(self, wait: Literal[True] = True) -> openvino.InferRequest: ...
    @overload
    def _borrow(self, wait: Literal[False]) -> openvino.InferRequest | None: ...
    def _borrow(self, wait: bool = True) -> openvino.InferRequest | None:
        self.compiled  # noqa: B018 - makes the requests at first use
        try:
            return self._free.get(block=wait)
        except Empty:
            return None


def _settle(request: openvino.InferRequest) -> None:
    try:
        request.wait()
    except RuntimeError:  # its inference failed: the error that is on its way out tells more
        pass
