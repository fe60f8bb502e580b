"""What an operator reads: what will be done, and what a snapshot is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown.cli.money import Price
from redshift_teardown.cli.restore import RestoreError, _choose, line_for
from redshift_teardown.cli.snapshots import _as_json, _as_markdown, state_of
from redshift_teardown.reports.snapshots import report_snapshots, united
from tests.around.test_proof import refused_as_unproven, vanish
from tests.around.test_void import outlived_by_name, refused_by_aws
from tests.around.world import busy, write_data
from tests.teardown.stage import CLUSTER, REGION, Interruption, kill

if TYPE_CHECKING:
    from redshift_teardown.reports.snapshots import SnapshotReport
    from tests.parity.bench import Bench

SMALL = 'skip: [{when: {max_nodes: 2}, because: "small"}]'


def decided(strings: list[str]) -> list[str]:
    """What a destroy said that it does."""
    return [text for text in strings if text.startswith(f"{CLUSTER}: ")]


# --- what will be done ---------------------------------------------------------------------------


def test_the_first_line_is_what_the_living_cluster_makes_of_it(stack: Bench) -> None:
    """Recorded with two nodes, which may go; it has four by now: no word of a skip."""
    stack.write_policy(stack.rules(SMALL))
    stack.apply()
    busy(stack)
    stack.time.advance(3600)

    result = stack.destroy()

    assert result.how == "done", result.said
    (line,) = decided(result.kept)
    assert line.startswith(f"{CLUSTER}: final snapshot, kept 35 days")


def test_it_is_said_again_where_the_cluster_grows_meanwhile(stack: Bench) -> None:
    """It is waited for while it is busy, and is another one then."""
    stack.write_policy(stack.rules(SMALL))
    stack.apply()
    busy(stack)

    result = stack.destroy()

    assert result.how == "done", result.said
    first, second = decided(result.kept)
    assert "small" in first
    assert second.startswith(f"{CLUSTER}: final snapshot")


def test_a_refusal_does_not_say_what_it_does_not_do(stack: Bench) -> None:
    """Nothing is deleted by any rule where the cluster is gone unproven."""
    stack.apply()
    stack.control.remove_cluster(CLUSTER)
    stack.time.advance(3600)
    assert decided(stack.destroy().kept) == []


# --- what a snapshot is worth --------------------------------------------------------------------


def kept(stack: Bench) -> SnapshotReport:
    """What the command line finds in the account."""
    return united(report_snapshots(stack.settings, [REGION]))


def void(stack: Bench) -> str:
    """A tagged final snapshot that its cluster outlived, which is gone by now; gives its name."""
    stack.apply()
    stack.control.set_lifecycle(CLUSTER, deleting=600)
    refused = stack.destroy(Interruption(40, "wait", lambda: stack.control.give_up_deletion(CLUSTER)))
    assert refused.how == "refused", refused.said
    (found,) = stack.generation()["final_snapshots"]
    write_data(stack)
    vanish(stack)
    return str(found["snapshot"])


def test_a_refusal_says_of_a_snapshot_that_it_is_void(stack: Bench) -> None:
    """It can be restored, and lacks what was written since."""
    outlived = outlived_by_name(stack)
    refused_by_aws(stack)
    vanish(stack)
    assert f"{outlived} (void: the cluster lived on after it)" in refused_as_unproven(stack)


def test_snapshots_says_that_it_is_void(stack: Bench) -> None:
    """In every format."""
    outlived = void(stack)
    found = kept(stack)
    (snapshot,) = found.snapshots
    assert (snapshot.identifier, snapshot.restorable) == (outlived, False)
    assert "can be restored" not in state_of(snapshot)
    assert "void" in state_of(snapshot)
    assert "void" in _as_markdown(found, Price(0.02), stack.now())
    (told,) = _as_json(found, Price(0.02), stack.now())["snapshots"]
    assert (told["restorable"], bool(told["void"])) == (False, True)


def test_restore_offers_no_void_snapshot_and_takes_one_that_is_named(stack: Bench) -> None:
    """By its name it is brought back, in so many words: older data is better than none."""
    outlived = void(stack)
    with pytest.raises(RestoreError, match="lacks what was written since"):
        _choose(kept(stack), None, None, "live", None)

    chosen = _choose(kept(stack), outlived, None, None, None)

    assert line_for(kept(stack), chosen) == ("snapshot_identifier", f'"{outlived}"')


def test_restore_final_snapshot_takes_no_void_one(stack: Bench) -> None:
    """The next `up` would begin with old data, and nobody had said so."""
    outlived = void(stack)
    stack.state = None

    refused = stack.refused_from_preview_on(restore_final_snapshot=True)

    assert outlived in refused
    assert "is void" in refused
    assert stack.apply(snapshot_identifier=outlived).how == "done"


def test_a_create_says_of_what_it_leaves_that_it_is_void(stack: Bench) -> None:
    """It warns of a final snapshot that it does not begin with; that one holds old data."""
    outlived = void(stack)
    stack.state = None

    result = stack.apply()

    (warned,) = [text for text in result.warned if outlived in text]
    assert "which is void" in warned


def test_killed_or_not_the_words_are_the_same(stack: Bench) -> None:
    """A destroy that goes on says again what it does."""
    stack.apply()
    first = stack.destroy(Interruption(1, "wait", kill))
    assert decided(stack.destroy().kept) == decided(first.kept) != []
