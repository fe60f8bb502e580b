"""How long a teardown waits: after a failed call, for what AWS shows late, until absence is believed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from redshift_teardown.aws.views import Answer

if TYPE_CHECKING:
    from redshift_teardown.teardown.model import Memory

RETRY_AFTER = timedelta(seconds=30)
"""How long a refused or unanswered call rests before it is sent again."""

THROTTLED_REST = timedelta(seconds=2)
"""The first rest of a call that was throttled: it has not taken effect, so it rests shortly, then longer."""

THROTTLED_LONGEST = timedelta(seconds=20)
"""The longest one: no longer than the AWS SDKs rest between two tries of a throttled call."""

SETTLE = timedelta(minutes=5)
"""How long an accepted DeleteCluster may stay invisible in DescribeClusters before it is doubted."""

LAG = timedelta(seconds=30)
"""How long AWS must show a cluster as gone, or as back from a deletion, before that is believed of it."""

LEAST_LAG = timedelta(seconds=5)
"""The same, at the least, where the policy polls more often."""


def believed_after(poll_seconds: float) -> timedelta:
    """Return how long AWS must show no cluster before that is believed: two polls, within five to thirty s.

    Args:
        poll_seconds: The policy's ``wait.poll_seconds``.

    """
    return min(LAG, max(LEAST_LAG, timedelta(seconds=2 * poll_seconds)))


def backoff(operation: str, memory: Memory) -> timedelta:
    """Return how long the last call of an operation rests before it is sent again."""
    throttled = 0
    for attempt in reversed(memory.attempts):
        if attempt.operation == operation:
            if attempt.answer is not Answer.THROTTLED:
                break
            throttled += 1
    if not throttled:
        return RETRY_AFTER
    return min(THROTTLED_LONGEST, THROTTLED_REST * (1 << min(throttled - 1, 10)))


WRITE_TRIES = 6
"""How often tags or retention are written before the snapshot is left as it is, with an error."""
