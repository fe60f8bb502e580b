"""A call reaches whatever has the name: what it was decided on is asked for again where that is a while ago.

An answer may come late, and a machine may sleep between the question and the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.provisioned import FRESH
from tests.around.test_generations import CHANGED, PROGRAM, let_live, refused_in_words
from tests.around.test_proof import policy, receipts, refused_as_unproven
from tests.around.world import by_hand, changes, is_tagged, paused, seen, stranger, swap, write_data
from tests.parity.test_claims import label
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

LATE = FRESH.total_seconds() + 1
PRODUCTION = "0123456789abcdef of 0123456789ab protected"
"""The claim of another resource, whose environment is protected."""


def late(
    stack: Bench, number: int, act: Callable[[], object], operation: str = "DescribeClusters"
) -> Interruption:
    """An answer that is on its way for too long; meanwhile something happens."""

    def happens() -> None:
        stack.time.advance(LATE)
        act()

    return Interruption(number, "after", happens, operation)


def last_question(stack: Bench, prepare: Callable[[], object], operation: str) -> int:
    """Which question of a destroy is the last one before it sends DeleteCluster."""
    prepare()
    stack.control.clear_calls()
    asked: list[str] = []
    stack.destroy(
        Interruption(
            1, "before", lambda: asked.extend(c.operation for c in stack.control.calls()), "DeleteCluster"
        )
    )
    stack.reset(stack.policy)
    return asked.count(operation)


@pytest.mark.parametrize("skip", [PROTECTED, SKIPPING])
@pytest.mark.parametrize("operation", ["DescribeClusters", "DescribeClusterSnapshots"])
def test_a_stranger_who_took_the_name_meanwhile_is_not_deleted(
    stack: Bench, skip: str, operation: str
) -> None:
    """Ours is deleted and another one made, while the last answer before DeleteCluster is late."""
    policy(stack, skip)
    number = last_question(stack, stack.apply, operation)
    stack.apply()
    as_it_was: list[dict[str, Any]] = []

    result = stack.destroy(late(stack, number, lambda: as_it_was.append(swap(stack)), operation))

    assert seen(stack, CLUSTER) == as_it_was[0], result.said
    assert "DeleteCluster" not in changes(result)
    assert "that cluster was not touched" in result.said
    assert not any(each.get("sent") for each in receipts(stack))


def test_a_cluster_that_is_taken_over_meanwhile_is_not_deleted(stack: Bench) -> None:
    """Production adopts it in that time, and this stack's rules would skip its final snapshot."""
    policy(stack, SKIPPING)
    number = last_question(stack, stack.apply, "DescribeClusters")
    stack.apply()

    result = stack.destroy(late(stack, number, lambda: label(stack, PRODUCTION)))

    assert "DeleteCluster" not in changes(result)
    assert stack.cluster()["ClusterStatus"] == "available"


def test_a_late_answer_that_shows_the_same_holds_nothing_up(stack: Bench) -> None:
    """Nothing happened meanwhile: it is asked once more, and deleted."""
    number = last_question(stack, stack.apply, "DescribeClusters")
    stack.apply()

    result = stack.destroy(late(stack, number, lambda: None))

    assert result.said == ""
    assert changes(result).count("DeleteCluster") == 1


def test_a_stranger_who_took_the_name_meanwhile_is_not_resumed(stack: Bench) -> None:
    """Ours is paused, and AWS deletes no paused one."""
    stack.apply()
    paused(stack)
    as_it_was: list[dict[str, Any]] = []

    result = stack.destroy(
        Interruption(1, "after", lambda: None, "DeleteCluster"),
        late(stack, 3, lambda: as_it_was.append(swap(stack))),
    )

    assert "ResumeCluster" not in changes(result)
    assert seen(stack, CLUSTER) == as_it_was[0]


@pytest.mark.parametrize("number", range(1, 8))
def test_a_stranger_who_took_the_name_meanwhile_is_not_changed(stack: Bench, number: int) -> None:
    """An `up` changes a cluster by its name, too: every answer before a change may be late."""
    stack.apply(**PROGRAM)
    as_it_was: list[dict[str, Any]] = []

    result = stack.apply(late(stack, number, lambda: as_it_was.append(swap(stack))), **CHANGED)

    assert refused_in_words(result), result.said
    let_live(stack, CLUSTER, as_it_was[0])


# --- what was begun is finished ------------------------------------------------------------------


@pytest.mark.parametrize("skip", [PROTECTED, SKIPPING])
def test_a_claim_that_comes_after_our_deletion_is_no_reason_to_let_go(stack: Bench, skip: str) -> None:
    """AWS has accepted DeleteCluster when another resource's adoption writes its claim."""
    policy(stack, skip)
    stack.apply()
    taken_over = f"0123456789abcdef of 0123456789ab after {(stack.state or {})['claim']}"

    result = stack.destroy(Interruption(1, "after", lambda: label(stack, taken_over), "DeleteCluster"))

    assert result.said == ""
    assert not any("nothing was deleted" in text for text in result.warned)
    assert any("warehouse is gone" in text for text in result.kept)
    if skip == PROTECTED:
        [left] = stack.ledger()["snapshots"].values()
        assert is_tagged(left)


def test_nor_for_a_later_destroy(stack: Bench) -> None:
    """The process died; the next one finds the cluster ending, under another resource's claim."""
    stack.apply()
    stack.control.set_lifecycle(CLUSTER, final_snapshot=600)
    taken_over = f"0123456789abcdef of 0123456789ab after {(stack.state or {})['claim']}"
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    label(stack, taken_over)

    result = stack.destroy()

    assert result.said == ""
    assert any("warehouse is gone" in text for text in result.kept)


def test_what_was_given_up_and_taken_over_is_let_go_of(stack: Bench) -> None:
    """AWS gave our deletion up weeks ago, and another resource owns the cluster since."""
    stack.apply()
    taken_over = f"0123456789abcdef of 0123456789ab after {(stack.state or {})['claim']}"
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.control.give_up_deletion(CLUSTER)
    stack.time.advance(86_400)
    label(stack, taken_over)

    result = stack.destroy()

    assert any("It lives on, and nothing was deleted" in text for text in result.warned)
    assert changes(result) == []


# --- another cluster has the name of one that has ended -------------------------------------------


def ended_unseen(stack: Bench) -> dict[str, Any]:
    """The provider died in the final snapshot, and a stranger has the name when that is over."""
    stack.apply()
    write_data(stack)
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    policy(stack, PROTECTED, **{"retention_days: 35": "retention_days: forever"})
    stack.time.advance(3600)
    return stranger(stack)


def test_what_is_left_of_ours_is_finished_beside_a_stranger(stack: Bench) -> None:
    """Its snapshot gets its tags and its retention, by rules that were tightened since; nobody is touched."""
    as_it_was = ended_unseen(stack)

    result = stack.destroy()

    assert result.said == ""
    [left] = [each for each in stack.ledger()["snapshots"].values() if each["kind"] == "manual"]
    assert is_tagged(left)
    assert left["retention"] == -1
    assert seen(stack, CLUSTER) == as_it_was
    assert any("another cluster has its name" in text for text in result.warned)


def test_a_refresh_keeps_it_until_that_is_done(stack: Bench) -> None:
    """It says what is missing, and drops it once nothing is."""
    ended_unseen(stack)

    assert stack.refresh().how == "done"
    assert stack.state is not None
    assert "gone" in stack.state
    assert stack.destroy().said == ""


def test_without_proof_a_stranger_under_the_name_is_refused(stack: Bench) -> None:
    """What became of ours nobody knows."""
    stack.apply()
    as_it_was = swap(stack)

    result = stack.destroy()

    assert "is not the cluster this stack created" in result.said
    assert seen(stack, CLUSTER) == as_it_was


# --- shortly after a destroy that was killed ------------------------------------------------------


def changed(stack: Bench) -> Result:
    """An `up` changes the cluster."""
    return stack.apply(port=5441)


def denied(stack: Bench) -> Result:
    """A destroy that AWS refuses."""
    stack.control.add_fault("DeleteCluster", code="AccessDenied", status=403)
    return stack.destroy()


def refreshed(stack: Bench) -> Result:
    """A refresh."""
    return stack.refresh()


def same(stack: Bench) -> Result:
    """An `up` that has nothing to do."""
    return stack.apply()


@pytest.mark.parametrize("by", [changed, denied, refreshed, same])
def test_who_sees_it_alive_within_minutes_voids_what_is_there(
    stack: Bench, by: Callable[[Bench], Result]
) -> None:
    """AWS gave the deletion up after its snapshot; two minutes later its cluster is seen, and used on."""
    stack.apply()
    stack.control.set_lifecycle(CLUSTER, final_snapshot=30)
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns-after-snapshot")
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(120)
    assert stack.cluster()["ClusterStatus"] == "available"

    by(stack)
    write_data(stack)
    stack.time.advance(120)
    stack.control.remove_cluster(CLUSTER)

    refused_as_unproven(stack)


@pytest.mark.parametrize("listed", [True, False])
def test_an_up_that_has_nothing_to_do_writes_down_that_it_lives(stack: Bench, *, listed: bool) -> None:
    """Whether AWS lists the snapshot just then, or its listing is behind."""
    stack.apply()
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns-after-snapshot")
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    if not listed:
        stack.control.set_behaviour(snapshots_stale_until=stack.now().timestamp() + 120)

    assert stack.apply().how == "done"
    stack.time.advance(600)
    stack.control.remove_cluster(CLUSTER)

    refused_as_unproven(stack)


# --- a name that is used again --------------------------------------------------------------------


def gave_up_while_it_was_watched(stack: Bench) -> None:
    """The snapshot fails, the cluster returns, and destroy says so."""
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns")
    assert "AWS gave up deleting" in stack.destroy().said


def gave_up_unseen(stack: Bench) -> None:
    """The process dies; weeks later a destroy that may not delete it finds the cluster alive."""
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns")
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(86_400)
    denied(stack)
    stack.control.clear_faults()


@pytest.mark.parametrize("gave_up", [gave_up_while_it_was_watched, gave_up_unseen])
def test_a_name_that_aws_accepted_once_proves_no_later_snapshot(
    stack: Bench, gave_up: Callable[[Bench], None]
) -> None:
    """Somebody took a snapshot by hand under its name, at once."""
    stack.apply(final_snapshot_identifier="warehouse-last")
    gave_up(stack)
    stack.control.delete_snapshot("warehouse-last")
    by_hand(stack, "warehouse-last")
    write_data(stack)

    stack.time.advance(21 * 86_400)
    stack.control.remove_cluster(CLUSTER)

    refused_as_unproven(stack)
