"""What a listing is worth, and when the next one is made before anybody's own time."""

from __future__ import annotations

import pytest

from redshift_teardown.aws.listings import NEVER, Answer, Kind, Listing, Sleeper

GAP = 0.5


def _kind(*, present_suffices: bool = True) -> Kind[str, tuple[str, ...]]:
    return Kind(one=lambda _key: (), pages=lambda: (), fold=tuple, present_suffices=present_suffices)


def _listing(*, begun: int = 1, whole: bool = True, **rows: str) -> Listing[str]:
    shown = {key: (value,) for key, value in rows.items()}
    return Listing(shown, frozenset(rows), 1 if whole else 2, begun, begun + 1, whole)


@pytest.mark.parametrize("present_suffices", [True, False])
def test_absence_is_believed_of_a_whole_listing_only(present_suffices: bool) -> None:
    """Through two pages something may slip; of snapshots, whatever else the page shows."""
    kind = _kind(present_suffices=present_suffices)
    cut, whole = _listing(whole=False, here="x"), _listing(here="x")

    assert kind.answer(whole, "gone", whole=True) == Answer((), 2)
    assert kind.answer(cut, "gone", whole=True) is None
    assert kind.answer(cut, "gone", whole=False) == Answer((), 2)
    assert kind.answer(cut, "here", whole=True) == (Answer(("x",), 2) if present_suffices else None)


def test_a_listing_that_began_before_somebody_slept_is_no_news() -> None:
    """It may show what was so before; one that began later shows what is new, if only at first sight."""
    kind = _kind()
    kind.take(_listing(begun=5, a="changed"), GAP, patient=False)
    seen: Answer[tuple[str, ...]] = Answer(("as it was",), 1)

    assert [kind.has_news(Sleeper("a", seen, since)) for since in (4, 5, 6)] == [True, False, False]
    assert kind.has_news(Sleeper("a", None, 4))
    assert not kind.has_news(Sleeper("a", Answer(("changed",), 1), 4))


def test_looks_for_all_come_soon_after_changes_and_then_ever_more_seldom() -> None:
    """What many were asked for at once, many reach at once; under throttling nobody looks early."""
    kind = _kind()
    kind.sleepers += [Sleeper(key, Answer(("old",), 0), 0) for key in ("a", "b", "c")]

    def early(listing: Listing[str], *, patient: bool = False) -> float:
        kind.polled, kind.early = 100.0, NEVER
        kind.take(listing, GAP, patient=patient)
        return kind.early - kind.polled

    same, changed = _listing(a="old", b="old", c="old"), _listing(a="new", b="old", c="old")
    assert early(same) == NEVER
    assert [early(each) for each in (changed, same, same, changed)] == [1, 4, 16, 1]
    assert early(changed, patient=True) == NEVER
    assert early(_listing(whole=False, a="new", b="new", c="old")) == NEVER
