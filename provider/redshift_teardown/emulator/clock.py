"""The emulator's time: real, or moved by hand.

No thread runs in the background. Whatever is due is worked out from the clock when somebody asks, so a
virtual clock is exact and a test of an hour-long snapshot takes no time at all.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FASTEST", "RealClock", "VirtualClock", "WorldClock"]

FASTEST = 1e9
"""The highest speed of a real clock: a phase of a year passes in a thirtieth of a second."""


class WorldClock:
    """What the emulator asks of a clock: it goes by a given one, and can be moved forward from there."""

    virtual = True
    """Time stands still until `advance` is called."""

    def __init__(self, given: Callable[[], datetime]) -> None:
        self._given = given
        self._ahead = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._given() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises:
            ValueError: for a negative number of seconds; time does not run backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: advance({seconds})")
        with self._lock:
            self._ahead += timedelta(seconds=seconds)

    def scaled(self, seconds: float) -> float:
        """How long a phase of so many seconds lasts on this clock."""
        return seconds

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass for the caller."""
        self.advance(seconds)


class VirtualClock(WorldClock):
    """A clock that moves only when told to: phases last what they say, and a delay advances it.

    Args:
        start: where it begins, aware; the first of January 2026 when omitted.
    """

    def __init__(self, start: datetime | None = None) -> None:
        begin = start or datetime(2026, 1, 1, tzinfo=timezone.utc)
        super().__init__(lambda: begin)


class RealClock(WorldClock):
    """The wall clock. Times it tells are real ones, so a client may compare them with its own.

    Args:
        speed: how many times faster than AWS a lifecycle phase passes; 60 turns a minute into a second.

    Raises:
        ValueError: for a speed that is not positive.
    """

    virtual = False

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(lambda: datetime.now(timezone.utc))
        if not 0 < speed <= FASTEST:
            raise ValueError(f"the speed must be a positive number of at most {FASTEST:g}, not {speed}")
        self.speed = speed

    def scaled(self, seconds: float) -> float:
        """The phase's seconds divided by the speed."""
        return seconds / self.speed

    def sleep(self, seconds: float) -> None:
        """Wait, in real seconds: a delay is there to be felt by the client's own time limits."""
        time.sleep(seconds)
