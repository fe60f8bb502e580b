"""How long is waited between two polls, by the estimate of what is waited for and by how AWS answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Rhythm:
    """How often AWS is asked, in seconds.

    Attributes:
        shortest: The first interval of each that waits.
        growth: By which an interval grows while nothing changes.
        gather: For which asks that come together are gathered, where many wait.
        gap: Between two listings for many, for every page they take; four pages at most.
        slowest: The longest interval under throttling.
        jitter: By which part an interval is longer or shorter, at random.

    """

    shortest: float = 2.0
    growth: float = 1.5
    gather: float = 0.05
    gap: float = 0.5
    slowest: float = 30.0
    jitter: float = 0.1


class Pace(Protocol):
    """What a teardown waits by between two polls."""

    def pause(self, longest: float, seconds_left: float = 0) -> None:
        """Wait for the next poll; see `Watcher.pause`."""

    def hurry(self) -> None:
        """Begin with the shortest interval again: something happened."""


class Intervals:
    """How long one that waits lets pass until its next poll: short at first, longer later."""

    def __init__(self, rhythm: Rhythm) -> None:
        """Begin with the shortest."""
        self._rhythm = rhythm
        self._next = rhythm.shortest

    def hurry(self) -> None:
        """Begin with the shortest again."""
        self._next = self._rhythm.shortest

    def following(self, longest: float, seconds_left: float = 0, slowness: float = 1) -> float:
        """Return the next one.

        Args:
            longest: The policy's ``poll_seconds``.
            seconds_left: AWS's estimate of what is being waited for; 0 where there is none.
            slowness: By how much AWS is to be asked less often than it could.

        """
        longest = max(longest, self._rhythm.shortest)
        seconds = min(self._next, longest)
        if seconds_left > 0:
            seconds = min(longest, max(self._rhythm.shortest, seconds_left))
        self._next = min(self._next * self._rhythm.growth, longest)
        return min(seconds * slowness, max(self._rhythm.slowest, longest)) if slowness > 1 else seconds
