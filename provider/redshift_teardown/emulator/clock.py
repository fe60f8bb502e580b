"""The emulator's time: real, or moved by hand.

No thread runs in the background. Whatever is due is worked out from the clock when somebody asks, so a
virtual clock is exact and a test of an hour-long snapshot takes no time at all.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

__all__ = ["FASTEST", "RealClock", "VirtualClock", "WorldClock"]

FASTEST = 1e9
"""The highest speed of a real clock: a phase of a year passes in a thirtieth of a second."""


class WorldClock(Protocol):
    """What the emulator asks of a clock."""

    virtual: bool
    """True where time stands still until `advance` is called."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        ...

    def scaled(self, seconds: float) -> float:
        """How long a phase of so many seconds lasts on this clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass for the caller."""
        ...


class VirtualClock:
    """A clock that moves only when told to.

    Args:
        start: where it begins, aware; the first of January 2026 when omitted.
    """

    virtual = True

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=timezone.utc)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: for a negative number of seconds; time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: advance({seconds})")
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def scaled(self, seconds: float) -> float:
        """A phase lasts what it says: there is no need to hurry a clock that is moved by hand."""
        return seconds

    def sleep(self, seconds: float) -> None:
        """Advance instead of waiting."""
        self.advance(seconds)


class RealClock:
    """The wall clock. Times it tells are real ones, so a client may compare them with its own.

    Args:
        speed: how many times faster than AWS a lifecycle phase passes; 60 turns a minute into a second.

    Raises:
        ValueError: for a speed that is not positive.
    """

    virtual = False

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed <= FASTEST:
            raise ValueError(f"the speed must be a positive number of at most {FASTEST:g}, not {speed}")
        self.speed = speed
        self._offset = timedelta()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(timezone.utc) + self._offset

    def advance(self, seconds: float) -> None:
        """Jump forward; from then on this clock runs ahead of the wall clock.

        Raises:
            ValueError: for a negative number of seconds.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: advance({seconds})")
        self._offset += timedelta(seconds=seconds)

    def scaled(self, seconds: float) -> float:
        """The phase's seconds divided by the speed."""
        return seconds / self.speed

    def sleep(self, seconds: float) -> None:
        """Wait, in real seconds: a delay is there to be felt by the client's own time limits."""
        time.sleep(seconds)
