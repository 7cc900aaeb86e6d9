"""OpenVINO, ready for several threads: every graph that answers a visitor comes from here."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino

_first = Lock()


def core() -> openvino.Core:
    """OpenVINO's core, one for the whole process.

    The first use of a tensor's values sets up the Python binding, which lets go of the interpreter's lock while it
    does: a second thread that comes to the same place meanwhile keeps the lock and waits for it, for ever. So the
    first use happens here, before there is a graph that threads could share.

    Returns:
        openvino.Core: it may be used from any thread.
    """
    with _first:
        return _core()


@cache
def _core() -> openvino.Core:
    import openvino

    openvino.Tensor(openvino.Type.f32, openvino.Shape([1])).data  # noqa: B018 - read for what reading sets up
    return openvino.Core()
