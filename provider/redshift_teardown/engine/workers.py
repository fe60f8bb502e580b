"""What of Pulumi's dynamic provider process is semi-private and still needed, but for ``cancel``.

Two things of ``python -m pulumi.dynamic`` are changed, each once a process, each only where what is
found is what is known, and neither ever fails an operation:

* it serves four calls at a time, so the fifth deletion would wait for the first, hours perhaps;
* it shows an error as a Python traceback of its own frames, with the message last.
"""

from __future__ import annotations

import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, SimpleNamespace

from redshift_teardown import process
from redshift_teardown.engine.cancel import listen
from redshift_teardown.engine.orphan import end_with_engine
from redshift_teardown.errors import TeardownError

WORKERS = 256

_NARROW = (
    "this Python or Pulumi SDK does not let the provider widen its worker threads: 4 clusters are worked on "
    "at a time"
)


def prepare_process() -> str:
    """Widen the server, plain its errors, have it tell of a cancel and end with its engine.

    Returns:
        What could not be had, in words for the operator, the first time; empty where all is well.

    """
    _plain_errors()
    if listen() and not process.is_ending_with_engine:
        process.is_ending_with_engine = True
        end_with_engine()
    missing = _widen()
    if process.is_narrow_said:
        return ""
    process.is_narrow_said = bool(missing)
    return missing


def _plain_errors() -> None:
    """Have the server show our errors as their message; newer SDKs send ``traceback.format_exc()``."""
    server = sys.modules.get("__main__")
    spec = getattr(server, "__spec__", None)
    if spec is None or spec.name != "pulumi.dynamic.__main__":
        return
    if getattr(server, "traceback", None) is traceback:
        server.traceback = SimpleNamespace(format_exc=_format_exc)  # type: ignore[union-attr]


def _format_exc(*args: object, **kwargs: object) -> str:
    error = sys.exc_info()[1]
    if isinstance(error, TeardownError):
        return str(error)
    return traceback.format_exc(*args, **kwargs)  # type: ignore[arg-type]


def _widen() -> str:
    """Raise the number of worker threads of the executor that runs this very call."""
    executor = _running_executor()
    limit = getattr(executor, "_max_workers", None)
    if executor is None or not isinstance(limit, int):
        return _NARROW
    if limit >= WORKERS:
        return ""
    try:
        queued = executor._work_queue.qsize()  # noqa: SLF001 - there is no public way to any of it
        add_thread = executor._adjust_thread_count  # noqa: SLF001
    except AttributeError:
        return _NARROW
    executor._max_workers = WORKERS  # noqa: SLF001
    # Up to Python 3.11 a pool that was full counts threads as idle that are not, and then gives a call no
    # thread of its own: it would wait until another deletion is through. So the count begins anew, and
    # every call that is queued already gets a thread.
    executor._idle_semaphore = threading.Semaphore(0)  # noqa: SLF001
    for _ in range(queued):
        add_thread()
    return ""


def _running_executor() -> ThreadPoolExecutor | None:
    """Find the executor whose worker thread runs us: its worker function holds a weak reference to it."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001
    while frame is not None:
        reference = frame.f_locals.get("executor_reference")
        if callable(reference):
            executor = reference()
            if isinstance(executor, ThreadPoolExecutor):
                return executor
        frame = frame.f_back
    return None
