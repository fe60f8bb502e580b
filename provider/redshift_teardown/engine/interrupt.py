"""Whether whoever asked for an operation is still there: the engine, and the operator behind it.

A killed engine leaves its provider process running. What that still does nobody records, and a new engine
may be at work already, by other rules. So without its engine a process changes nothing any more; and after
one Ctrl-C it begins nothing more, but finishes what it has begun.
"""

from __future__ import annotations

from redshift_teardown.engine import cancel, progress
from redshift_teardown.errors import TeardownError

LATELY_SECONDS = 1.0
"""How old the answer may be by which a mere wait goes on."""

ENGINE_GONE = "the Pulumi engine that asked for this is gone"
CANCELLED = "it was cancelled (Ctrl-C), so nothing more is begun"


class StoppedError(TeardownError):
    """Whoever asked is gone, or cancelled; whoever catches it says what state the data is in."""


def require_engine() -> None:
    """Refuse to change anything for an engine that is gone; to be asked right before every changing call.

    Raises:
        StoppedError: the engine is gone.

    """
    if progress.engine_gone():
        raise StoppedError(ENGINE_GONE)


def require_wanted() -> None:
    """Refuse to begin something for an engine that is gone, or an operator who cancelled.

    Raises:
        StoppedError: the engine is gone, or the operation was cancelled.

    """
    require_engine()
    if cancel.cancelled():
        raise StoppedError(CANCELLED)


def require_waiting(*, begun: bool) -> None:
    """Refuse to wait for an engine that is gone, or, where nothing was begun, after a cancel.

    Args:
        begun: Whether what is waited for was begun, so that it is to be finished.

    Raises:
        StoppedError: there is nothing to wait for.

    """
    if progress.engine_gone(within=LATELY_SECONDS):
        raise StoppedError(ENGINE_GONE)
    if not begun and cancel.cancelled():
        raise StoppedError(CANCELLED)


def is_news() -> bool:
    """Return whether those that wait have to look up: the engine is gone, or an operator cancelled."""
    return cancel.cancelled() or progress.engine_gone(within=LATELY_SECONDS)
