"""How long one that waits lets pass until its next poll."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from redshift_teardown.aws.intervals import Intervals, Rhythm

RHYTHM = Rhythm()
SECONDS = st.floats(0, 1e6)


def test_it_begins_short_and_grows_to_what_the_policy_says() -> None:
    """The first interval is two seconds, the later ones longer, none longer than ``poll_seconds``."""
    intervals = Intervals(RHYTHM)

    assert [intervals.following(15) for _ in range(7)] == [2, 3, 4.5, 6.75, 10.125, 15, 15]


def test_it_begins_anew_where_something_happened() -> None:
    """After a step or a changed status the next poll comes soon."""
    intervals = Intervals(RHYTHM)
    for _ in range(5):
        intervals.following(15)

    intervals.hurry()

    assert intervals.following(15) == 2


def test_it_follows_the_estimate_of_aws() -> None:
    """A snapshot that is nearly done is looked at when it is said to be done, and not before."""
    intervals = Intervals(RHYTHM)

    assert [intervals.following(15, left) for left in (3600, 40, 9, 5, 1)] == [15, 15, 9, 5, 2]


def test_throttling_makes_it_longer() -> None:
    """While AWS throttles an interval is a multiple of itself, but half a minute at most."""
    seconds = [Intervals(RHYTHM).following(15, slowness=slowness) for slowness in (1, 2, 4, 1000)]

    assert seconds == [2, 4, 8, 30]


@given(st.floats(0, 3600), st.lists(st.tuples(SECONDS, st.floats(1, 1000), st.booleans()), max_size=30))
def test_it_stays_within_its_limits(longest: float, looks: list[tuple[float, float, bool]]) -> None:
    """Whatever AWS estimates and however it throttles: never below two seconds, never above both limits."""
    intervals = Intervals(RHYTHM)
    for seconds_left, slowness, hurried in looks:
        if hurried:
            intervals.hurry()
        seconds = intervals.following(longest, seconds_left, slowness)

        assert RHYTHM.shortest <= seconds
        assert seconds <= max(longest, RHYTHM.shortest, RHYTHM.slowest if slowness > 1 else 0)
