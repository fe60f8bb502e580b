"""Worker threads: every call gets one, whatever the pool went through before."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from redshift_teardown import process
from redshift_teardown.engine.workers import WORKERS, prepare_process

MANY = 100


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process that has said nothing yet."""
    monkeypatch.setattr(process, "is_narrow_said", False)


def _at_once(pool: ThreadPoolExecutor, count: int) -> int:
    """Return how many of so many calls, none of which ends by itself, the pool runs at once."""
    running = threading.Semaphore(0)
    over = threading.Event()

    def call() -> None:
        running.release()
        over.wait(60)

    for _ in range(count):
        pool.submit(call)
    begun = sum(running.acquire(timeout=2) for _ in range(count))
    over.set()
    return begun


def test_a_widened_pool_runs_all_calls_at_once() -> None:
    """A pool of four, widened from within, runs a hundred calls side by side."""
    with ThreadPoolExecutor(4) as pool:
        assert pool.submit(prepare_process).result() == ""

        assert _at_once(pool, MANY) == MANY


def test_a_pool_that_was_full_before_it_was_widened_runs_all_calls_at_once() -> None:
    """Calls that had to queue leave older Pythons with a wrong count of idle threads: nobody waits for it."""
    with ThreadPoolExecutor(4) as pool:
        over = threading.Event()
        queued = [pool.submit(over.wait, 60) for _ in range(16)]
        over.set()
        for each in queued:
            each.result()
        pool.submit(prepare_process).result()

        assert _at_once(pool, MANY) == MANY


def test_calls_that_are_queued_while_the_pool_is_widened_get_threads() -> None:
    """What waited for one of four threads does not wait on once there may be more."""
    with ThreadPoolExecutor(4) as pool:
        over, begun = threading.Event(), threading.Semaphore(0)
        gate = threading.Event()

        def widen() -> str:
            gate.wait(60)
            return prepare_process()

        def call() -> None:
            begun.release()
            over.wait(60)

        widened = pool.submit(widen)
        for _ in range(20):
            pool.submit(call)
        limit = time.monotonic() + 10
        while pool._work_queue.qsize() < 17 and time.monotonic() < limit:
            time.sleep(0.01)
        gate.set()

        assert widened.result() == ""
        assert sum(begun.acquire(timeout=2) for _ in range(20)) == 20
        over.set()


def test_a_second_time_changes_nothing() -> None:
    """Widening twice leaves the pool as it is."""
    with ThreadPoolExecutor(4) as pool:
        pool.submit(prepare_process).result()
        counted = pool._idle_semaphore

        assert pool.submit(prepare_process).result() == ""
        assert pool._idle_semaphore is counted
        assert pool._max_workers == WORKERS


def test_where_it_cannot_be_had_it_says_so_once() -> None:
    """Outside of an executor it says what that means, the first time, and nothing fails."""
    assert prepare_process() == (
        "this Python or Pulumi SDK does not let the provider widen its worker threads: "
        "4 clusters are worked on at a time"
    )
    assert prepare_process() == ""


def test_a_pool_of_another_make_is_left_alone() -> None:
    """An executor without the parts that are changed is not broken, and it is said."""
    other = ThreadPoolExecutor(4)
    del other._work_queue

    with ThreadPoolExecutor(4) as pool:

        def within() -> str:
            executor_reference = lambda: other  # noqa: E731, F841 - found by its name in the frame
            return prepare_process()

        assert pool.submit(within).result().startswith("this Python or Pulumi SDK does not let")
    assert other._max_workers == 4
