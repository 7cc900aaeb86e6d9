"""The room of the heavy events: few at once, few wait, a time limit, cancelling; who gets no place hears it at once."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.context import LocalContext

from demos import heavy
from demos.error_messages import one_sentence
from demos.heavy import Refused, Room, check_going_on


class Work:
    """A heavy function under the test's control: which visitors' work began, and when it may end."""

    def __init__(self, room, at_once=1):
        self.room, self.began, self.may_end = room, [], threading.Event()
        self.running, self.most = 0, 0
        self._lock = threading.Lock()

    def of(self, visitor):
        def compute():
            with self._lock:
                self.running += 1
                self.most = max(self.most, self.running)
                self.began.append(visitor)
            assert self.may_end.wait(30)
            with self._lock:
                self.running -= 1
            return visitor

        LocalContext.request.set(SimpleNamespace(session_hash=visitor, query_params={}, headers={}))
        return self.room.run(compute)


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to this within 30 s")


@pytest.fixture(autouse=True)
def no_visitor():
    yield
    LocalContext.request.set(None)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(20) as running:
        yield running


def test_few_compute_few_wait_in_order_and_the_rest_hear_busy(pool):
    work = Work(room := Room(at_once=2, waiting=3, seconds=30))
    given = []
    for visitor in range(5):
        given.append(pool.submit(work.of, f"v{visitor}"))
        wait_until(lambda: len(room._jobs) == len(given))
    for _ in range(3):
        with pytest.raises(Refused, match="^'Busy: other visitors wait here already. Try again in a minute.'$"):
            work.of("late")
    assert len(work.began) == 2
    work.may_end.set()
    assert [each.result(30) for each in given] == [f"v{visitor}" for visitor in range(5)]
    assert work.most == 2 and set(work.began[:2]) == {"v0", "v1"}
    assert work.of("late") == "late"


def test_a_visitor_holds_two_places_at_most(pool):
    work = Work(room := Room(at_once=1, waiting=10, seconds=30))
    given = [pool.submit(work.of, "eager") for _ in range(heavy.OF_ONE_VISITOR)]
    wait_until(lambda: len(room._jobs) == len(given))
    with pytest.raises(Refused, match="still being computed"):
        work.of("eager")
    another = pool.submit(work.of, "another")
    work.may_end.set()
    assert another.result(30) == "another" and [each.result(30) for each in given] == ["eager"] * 2


def test_what_takes_too_long_is_answered_and_keeps_its_place_until_it_ends(pool):
    room = Room(at_once=1, waiting=1, seconds=0.2)
    ended, may_end = threading.Event(), threading.Event()

    def endless():
        try:
            while True:
                assert not may_end.wait(0) or check_going_on()
        finally:
            ended.set()

    with pytest.raises(Refused, match="longer than 0.2 s and was stopped"):
        room.run(endless)
    assert not ended.is_set() and len(room._jobs) == 1
    may_end.set()  # it tells its progress again
    assert ended.wait(30)
    assert room.run(lambda: 7) == 7


def test_work_that_never_ends_does_not_keep_its_place_for_ever(pool):
    room = Room(at_once=1, waiting=0, seconds=0.2)
    may_end = threading.Event()
    with pytest.raises(Refused, match="longer than"):
        room.run(lambda: may_end.wait(60))
    wait_until(lambda: not room._jobs)
    assert room.run(lambda: 7) == 7
    may_end.set()


def test_cancelling_stops_what_computes_and_what_waits_of_that_visitor_alone(pool):
    room = Room(at_once=1, waiting=5, seconds=30)
    work = Work(room)
    computing = pool.submit(work.of, "mine")
    wait_until(lambda: work.began == ["mine"])
    waiting, other = pool.submit(work.of, "mine"), pool.submit(work.of, "other")
    wait_until(lambda: len(room._jobs) == 3)
    room.stop("mine")
    for each in (computing, waiting):
        with pytest.raises(Refused, match="Cancelled"):
            each.result(30)
    work.may_end.set()
    assert other.result(30) == "other" and work.began == ["mine", "other"]


def test_an_error_is_the_functions_own_and_frees_the_place():
    room = Room(at_once=1, waiting=0, seconds=30)
    with pytest.raises(ZeroDivisionError):
        room.run(lambda: 1 / 0)
    assert room.run(lambda: None) is None


def test_a_heavy_function_within_another_takes_no_second_place():
    room = Room(at_once=1, waiting=0, seconds=30)
    assert room.run(lambda: room.run(lambda: 7)) == 7


def test_the_decorator_keeps_the_signature_and_progress_ends_what_was_stopped(monkeypatch):
    room = Room(at_once=1, waiting=0, seconds=30)
    monkeypatch.setattr(heavy, "ROOM", room)
    told = []

    class Progress(gr.Progress):
        def __call__(self, share, **_):
            told.append(share)

    @one_sentence
    @heavy.heavy
    def count(most: int, progress: gr.Progress = gr.Progress()) -> int:  # noqa: B008
        """Counts."""
        for number in range(most):
            progress(number)
            if number == 3:
                room.stop(None)
        return most

    assert list(inspect.signature(count).parameters) == ["most", "progress"] and count.__doc__ == "Counts."
    assert count(3, Progress()) == 3
    with pytest.raises(Refused, match="Cancelled"):
        count(1000, Progress())
    wait_until(lambda: not room._jobs)
    assert told == [0, 1, 2, 0, 1, 2, 3]


def test_the_page_hands_every_heavy_event_to_the_room_at_once():
    @heavy.heavy
    def slow(number: int) -> int:
        """Slow."""
        return number

    with gr.Blocks() as page:
        number = gr.Number()
        number.change(slow, number, number, api_visibility="private")
        gr.api(slow, api_name="slowly")
        number.submit(lambda: None, api_visibility="private")
    heavy.admit(page)
    limits = {event.api_name: event.concurrency_limit for event in page.fns.values() if event.fn}
    assert limits.pop("slowly") is None and list(limits.values()).count(None) == 1
    assert [event.api_name for event in page.fns.values() if event.api_visibility == "public"] == ["slowly"]
