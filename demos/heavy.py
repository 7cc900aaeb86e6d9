"""Heavy events: few compute at once, few wait, each has a time limit and can be cancelled; others hear "busy" at once.

Python cannot end a thread, so an event that is stopped is answered at once and its work ends where it next tells its
progress; until then it keeps its place, so that what computes at once stays what it is.
"""

from __future__ import annotations

import contextvars
import functools
import os
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from gradio.context import LocalContext

from demos.wording import say, text

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = max(1, (os.cpu_count() or 1) // 2)  # the other processors are for the light events
WAITING = 4  # events that wait for their turn
OF_ONE_VISITOR = 2  # that compute or wait: a button pressed in each of two tabs
SECONDS = 180  # of one event, once it is its turn

_current: contextvars.ContextVar[_Job | None] = contextvars.ContextVar("job", default=None)


class Refused(gr.Error):
    """Busy, too late, or cancelled: what the visitor is told instead of a result."""

    def __init__(self, message: str) -> None:
        super().__init__(message, title=say("Not computed"), print_exception=False)


class _Stopped(BaseException):
    """Ends the work of an event that was answered already; no ``except Exception`` keeps it from doing so."""


class _Job:
    def __init__(self, session: str | None) -> None:
        self.session = session
        self.settled = threading.Event()  # done, or stopped
        self.stopped = False
        self.result: tuple[Any, ...] = ()  # of one, once it is there
        self.error: BaseException | None = None


class Room:
    """Where heavy events compute.

    Args:
        at_once (int): how many.
        waiting (int): how many more wait for their turn.
        seconds (float): of each.
    """

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, seconds: int | float = SECONDS) -> None:
        self._at_once, self._waiting, self._seconds = at_once, waiting, seconds
        self._jobs: list[_Job] = []  # in the order of their coming: the first compute, the others wait
        self._changed = threading.Condition()

    def run(self, function: Callable[[], R], progress: Callable[..., object] | None = None) -> R:
        """The function's result, computed when it is its turn.

        Raises:
            Refused: too many wait already, the time is over, or the visitor cancelled.
        """
        if _current.get() is not None:  # part of one that computes
            return function()
        job = self._enter()
        try:
            self._wait_for_turn(job, progress)
        except BaseException:
            self._leave(job)
            raise
        context = contextvars.copy_context()
        context.run(_current.set, job)
        threading.Thread(target=self._compute, args=(job, context, function), daemon=True).start()
        in_time = job.settled.wait(self._seconds)
        if not job.result and job.error is None and (job.stopped or not in_time):
            cancelled = job.stopped
            self._abandon(job)
            raise Refused(say("Cancelled.") if cancelled else _too_late(self._seconds))
        if job.error is not None:
            raise job.error
        return job.result[0]

    def stop(self, session: str | None) -> None:
        """Stops what a visitor has asked for, whether it computes or waits."""
        with self._changed:
            for job in self._jobs:
                if job.session == session:
                    job.stopped = True
                    job.settled.set()
            self._changed.notify_all()

    def _enter(self) -> _Job:
        request = LocalContext.request.get(None)
        job = _Job(getattr(request, "session_hash", None))
        with self._changed:
            if job.session and sum(other.session == job.session for other in self._jobs) >= OF_ONE_VISITOR:
                raise Refused(say("What you asked for before is still being computed: wait for it, or cancel it."))
            if len(self._jobs) >= self._at_once + self._waiting:
                raise Refused(say("Busy: other visitors wait here already. Try again in a minute."))
            self._jobs.append(job)
        return job

    def _wait_for_turn(self, job: _Job, progress: Callable[..., object] | None) -> None:
        with self._changed:
            told = None
            while not job.stopped and (before := self._jobs.index(job)) >= self._at_once:
                if progress is not None and before != told:
                    ahead = before - self._at_once + 1
                    progress(0.0, desc=say("Waiting for its turn: {count} before you", count=ahead))
                    told = before
                self._changed.wait()
        if job.stopped:
            raise Refused(say("Cancelled."))

    def _compute(self, job: _Job, context: contextvars.Context, function: Callable[[], object]) -> None:
        try:
            job.result = (context.run(function),)
        except _Stopped:
            pass
        except BaseException as error:
            job.error = error
        finally:
            self._leave(job)
            job.settled.set()

    def _abandon(self, job: _Job) -> None:
        """Lets the work end by itself; one that does not within its time again gives its place away all the same."""
        job.stopped = True
        timer = threading.Timer(self._seconds, self._leave, (job,))
        timer.daemon = True
        timer.start()

    def _leave(self, job: _Job) -> None:
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                self._changed.notify_all()


ROOM = Room()


def heavy(function: Callable[P, R]) -> Callable[P, R]:
    """Makes an event's function compute in the room of the heavy ones.

    Goes below ``one_sentence``. The function's ``progress``, if it has one, also looks whether the event was stopped.

    Args:
        function (callable): computes; called by an event of the page, or by a program.

    Returns:
        callable: the same, with the same name, signature and docstring.
    """

    @functools.wraps(function)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        told = [value for value in (*args, *kwargs.values()) if isinstance(value, gr.Progress)]

        def compute() -> R:
            watched = [_watched(value) for value in args]
            named = {name: _watched(value) for name, value in kwargs.items()}
            return function(*watched, **named)  # pyright: ignore[reportCallIssue]  # as they were given

        return ROOM.run(compute, told[0] if told else None)

    waiting.heavy = True  # pyright: ignore[reportAttributeAccessIssue]  # for `admit`
    return waiting


def check_going_on() -> None:
    """Ends the work of an event that was cancelled or is too late; long loops without progress call it."""
    job = _current.get()
    if job is not None and job.stopped:
        raise _Stopped


class _Watched:
    """A ``gr.Progress`` that looks, each time it is told something, whether the event was stopped."""

    def __init__(self, progress: gr.Progress) -> None:
        self._progress = progress

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        check_going_on()
        return self._progress(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._progress, name)


def _watched(value: Any) -> Any:
    return _Watched(value) if isinstance(value, gr.Progress) else value


def stop_mine(request: gr.Request) -> None:
    """Stops what this visitor has asked for."""
    ROOM.stop(request.session_hash)


def cancel_button(elem_id: str) -> gr.Button:
    """A button that stops the heavy event that the visitor has asked for.

    Args:
        elem_id (str): the button's.
    """
    button = gr.Button(text("Cancel"), size="sm", elem_id=elem_id)
    button.click(stop_mine, None, None, queue=False, show_progress="hidden", api_visibility="private")
    return button


def admit(app: gr.Blocks) -> gr.Blocks:
    """Lets Gradio hand every heavy event to the room at once, which says "busy" where Gradio would let it wait.

    A visitor who closes the page stops what he has asked for.

    Args:
        app (Blocks): the page.
    """
    for event in app.fns.values():
        if getattr(event.fn, "heavy", False):
            event.concurrency_id, event.concurrency_limit = f"heavy {event._id}", None
    with app:
        app.unload(stop_mine)
    return app


def _too_late(seconds: float) -> str:
    return say("This took longer than {seconds} s and was stopped: give less, or choose less at once.", seconds=seconds)
