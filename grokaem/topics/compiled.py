"""Functions compiled by numba, kept on disk as far as the disk goes: a later process need not compile them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher


class Cache(Protocol):
    """What is called of numba's cache of one function."""

    def load_overload(self, signature: object, target: object) -> object: ...  # noqa: D102
    def save_overload(self, signature: object, compiled: object) -> None: ...  # noqa: D102
    def flush(self) -> None: ...  # noqa: D102


def kept_on_disk(function: Dispatcher) -> Dispatcher:
    """Lets numba keep a function's machine code beside its source or in the user's cache folder.

    numba itself ends the program where it finds no folder to write to, a full disk, or a broken file; here the
    function is then compiled anew in each process, which takes seconds and changes no number.

    Args:
        function (Dispatcher): from ``numba.njit``.

    Returns:
        Dispatcher: the same.
    """
    try:
        function.enable_caching()
    except RuntimeError:  # no folder that can be written to
        return function
    function._cache = _Forgiving(function._cache)  # pyright: ignore[reportAttributeAccessIssue]  # its stub leaves it out
    return function


class _Forgiving:
    """numba's cache of one function, whose errors cost time and nothing else."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> object:
        return getattr(self._cache, name)

    def load_overload(self, signature: object, target: object) -> object:
        try:
            return self._cache.load_overload(signature, target)
        except Exception:  # an empty or half-written file raises whatever unpickling it meets
            try:
                self._cache.flush()
            except Exception:
                pass
            return None

    def save_overload(self, signature: object, compiled: object) -> None:
        try:
            self._cache.save_overload(signature, compiled)
        except Exception:  # a full disk, a folder that became read-only
            pass
