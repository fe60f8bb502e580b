"""The honest ways stay open: nothing of what is refused to the dishonest ones is refused to these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.around.world import busy, changes, is_tagged, paused, write_data
from tests.parity.bench import did
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, Interruption, kill
from tests.teardown.test_invariants import typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench

DONE_AT: list[tuple[str, int, str]] = [
    ("before", 1, "DeleteCluster"),
    ("after", 1, "DeleteCluster"),
    ("wait", 1, ""),
    ("wait", 10, ""),
    ("before", 1, "CreateTags"),
    ("after", 1, "CreateTags"),
]
"""Moments at which a destroy is killed."""
LATER = [0.0, 400.0, 86_400.0]
"""Seconds after which it is run again: while AWS works on it, when it is done, and a day later."""


def killed(stack: Bench, moment: str, number: int, operation: str, later: float) -> None:
    """A stack with data in it, whose destroy was killed."""
    stack.apply()
    write_data(stack)
    assert stack.destroy(Interruption(number, moment, kill, operation)).how == "killed"
    stack.time.advance(later)


def kept(stack: Bench) -> dict[str, Any]:
    """The one final snapshot, which holds everything and is as the policy says."""
    assert stack.ledger()["clusters"] == {}
    (proof,) = stack.proofs()
    assert proof["marker"] == "everything we have"
    assert is_tagged(proof)
    assert proof["retention"] == 35
    return proof


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT)
def test_interrupted_destroy_then_destroy(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """The second one ends well, with the one snapshot."""
    killed(stack, moment, number, operation, later)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT)
def test_interrupted_destroy_then_refresh_then_destroy(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """As Pulumi itself advises after an interruption; refresh drops it only where nothing was left to do."""
    killed(stack, moment, number, operation, later)

    refreshed = stack.refresh()
    assert (refreshed.how, changes(refreshed)) == ("done", [])
    if stack.state is not None:
        result = stack.destroy()
        assert result.how == "done", result.said

    kept(stack)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT[2:])
def test_interrupted_destroy_on_a_machine_without_its_receipts(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """The default template proves itself: CI runs the second destroy on a fresh checkout."""
    killed(stack, moment, number, operation, later)
    stack.drop_receipts()

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT)
def test_interrupted_destroy_with_a_name_without_a_timestamp(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """The receipt proves it, whichever moment it was killed at, and whichever day the next one is run."""
    stack.write_policy(stack.rules(PROTECTED, **{"35,": '35, name: "{cluster}-{date}",'}))
    killed(stack, moment, number, operation, later)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT[:3])
def test_interrupted_destroy_without_a_snapshot(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """A policy that asks for none is carried out, by the second destroy or by a refresh."""
    stack.write_policy(stack.rules(SKIPPING))
    killed(stack, moment, number, operation, later)

    result = stack.destroy()

    assert result.how == "done", result.said
    assert stack.ledger()["clusters"] == {}


def test_a_dev_cluster_deleted_by_hand_then_refresh_and_up(stack: Bench) -> None:
    """It leaves the state, and is made anew."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    stack.control.remove_cluster(CLUSTER)

    refreshed = stack.refresh()

    assert (refreshed.how, stack.state) == ("done", None)
    again = stack.apply()
    assert (again.how, did(again)) == ("done", "create")
    assert stack.destroy().how == "done"


def test_a_dev_cluster_deleted_by_hand_then_destroy(stack: Bench) -> None:
    """Nothing was due."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    stack.control.remove_cluster(CLUSTER)

    assert stack.destroy().how == "done"


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("seen", [True, False])
def test_resized_outside_then_destroyed(stack: Bench, *, keeps: bool, seen: bool) -> None:
    """A resize may change the create time; the next destroy sees the cluster, a refresh or not."""
    stack.control.set_behaviour(keeps_create_time=keeps)
    stack.apply()
    write_data(stack)
    busy(stack)
    stack.time.advance(3600)
    if seen:
        assert stack.refresh().how == "done"

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_paused_cluster_is_resumed_and_destroyed(stack: Bench, *, keeps: bool) -> None:
    """Resumed by the teardown itself, which sees the new create time."""
    stack.control.set_behaviour(keeps_create_time=keeps)
    stack.apply()
    write_data(stack)
    paused(stack)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


@pytest.mark.parametrize("later", LATER)
def test_resized_by_the_program_then_interrupted(stack: Bench, later: float) -> None:
    """The update recorded the new create time, so a gone cluster is proven by it."""
    stack.control.set_behaviour(keeps_create_time=False)
    stack.apply()
    assert stack.apply(number_of_nodes=4).how == "done"
    write_data(stack)
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(later)
    stack.drop_receipts()

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


def test_resumed_while_a_destroy_waits_and_then_killed(stack: Bench) -> None:
    """The create time changed under the teardown's eyes; its receipt tells the next one, when all is over."""
    stack.control.set_behaviour(keeps_create_time=False)
    stack.apply()
    write_data(stack)
    busy(stack)
    assert stack.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(3600)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


def version_1(outputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs as version 1 held them: the recorded rules as a mapping."""
    rules = outputs["policy"]["rules"]
    rules = json.loads(rules) if isinstance(rules, str) else rules
    return {**outputs, "state_version": 1.0, "policy": {**outputs["policy"], "rules": rules}}


def version_2(outputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs as version 2 held them: nothing of what version 3 adds."""
    added = {"claim", "overruled", "protection", "data_since", "restored_from", "void", "gone", "program"}
    return {**{key: value for key, value in outputs.items() if key not in added}, "state_version": 2.0}


@pytest.mark.parametrize("old", [version_1, version_2])
@pytest.mark.parametrize("refreshed", [True, False])
@pytest.mark.parametrize("later", [None, *LATER])
def test_a_state_of_an_earlier_version(
    stack: Bench,
    old: Callable[[dict[str, Any]], dict[str, Any]],
    later: float | None,
    *,
    refreshed: bool,
) -> None:
    """It is destroyed, interrupted or not, refreshed or not, with its snapshot."""
    stack.apply()
    assert stack.state is not None
    stack.state = old(version_2(stack.state))
    write_data(stack)
    if later is not None:
        assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
        stack.time.advance(later)
    if refreshed:
        assert stack.refresh().how == "done"

    assert stack.state is not None
    assert stack.destroy().how == "done"
    kept(stack)


def test_a_state_of_an_earlier_version_is_updated(stack: Bench) -> None:
    """And changed: what version 3 adds is there after it, and nothing was called for that alone."""
    stack.apply()
    assert stack.state is not None
    stack.state = version_1(version_2(stack.state))

    result = stack.apply(port=5441)

    assert result.how == "done", result.said
    assert stack.state["state_version"] == 3
    assert stack.preview(port=5441) == "same"


NEW_IN_RECEIPTS = ("accepted", "claim", "last_alive", "recorded", "sent_at", "skip_accepted", "void")


def as_an_earlier_version_wrote(stack: Bench, *, attempts: bool = True) -> None:
    """Turn the receipts into those of a version that did not write down as much."""
    for path in stack.receipts.glob("*.json"):
        receipt = json.loads(path.read_text("utf-8"))
        receipt["stale"] = [each.partition("@")[0] for each in receipt.get("void", [])]
        for name in NEW_IN_RECEIPTS:
            receipt.pop(name, None)
        if not attempts:
            receipt["attempts"] = []
        path.write_text(json.dumps(receipt), "utf-8")


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("moment", "number", "operation"), DONE_AT)
def test_interrupted_by_an_earlier_version(
    stack: Bench, moment: str, number: int, operation: str, later: float
) -> None:
    """Its receipts prove what they can: the provider was updated between the two destroys."""
    stack.write_policy(stack.rules(PROTECTED, **{"35,": '35, name: "{cluster}-last",'}))
    killed(stack, moment, number, operation, later)
    as_an_earlier_version_wrote(stack)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)


def test_a_skip_that_an_earlier_version_may_have_sent_excuses_no_later_loss(stack: Bench) -> None:
    """Its receipt says that it was about to be sent, and not that AWS accepted it."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    assert stack.destroy(Interruption(1, "before", kill, "DeleteCluster")).how == "killed"
    as_an_earlier_version_wrote(stack, attempts=False)
    stack.write_policy(stack.rules(PROTECTED))
    stack.control.remove_cluster(CLUSTER)

    assert stack.destroy().how == "refused"


def test_two_destroys_side_by_side(stack: Bench) -> None:
    """The first waits while the second begins: both end well, with one snapshot."""
    stack.apply()
    write_data(stack)
    second: list[str] = []

    first = stack.destroy(Interruption(2, "wait", lambda: second.append(stack.run_beside().how)))

    assert (first.how, second) == ("done", ["done"])
    kept(stack)


def test_destroyed_restored_and_destroyed_again(stack: Bench) -> None:
    """Two lives, each with its own final snapshot."""
    stack.apply(restore_final_snapshot=True)
    write_data(stack)
    assert stack.destroy().how == "done"
    assert stack.apply(restore_final_snapshot=True).how == "done"

    assert stack.destroy().how == "done"

    kept(stack)


def test_given_up_by_aws_and_destroyed_again(stack: Bench) -> None:
    """AWS gave up after its snapshot: the next destroy takes another one and ends by that."""
    stack.apply()
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns-after-snapshot")
    assert stack.destroy().how == "refused"
    write_data(stack)

    result = stack.destroy()

    assert result.how == "done", result.said
    kept(stack)
    assert [each["status"] for each in stack.generation()["final_snapshots"]] == ["outlived", "available"]


def test_an_up_beside_a_cluster_that_is_renamed_by_it(stack: Bench) -> None:
    """Renamed by the program while busy, and destroyed under its new name."""
    stack.apply()
    busy(stack, 60)
    assert stack.apply(cluster_identifier="lake").how == "done"
    stack.control.set_marker("lake", "everything we have")

    assert stack.destroy().how == "done"

    kept(stack)


@pytest.mark.parametrize("tagged", [True, False], ids=["and a policy with tags", "and one without"])
def test_a_role_that_may_not_tag(stack: Bench, *, tagged: bool) -> None:
    """Up without a word; destroy ends once somebody who may has typed what it prints, the role as it was."""
    none = stack.rules(PROTECTED, **{", tags: {managed-by: redshift-teardown}": ""})
    stack.write_policy(stack.rules(PROTECTED) if tagged else none)
    denied: dict[str, Any] = {"occurrence": "every", "code": "AccessDenied", "status": 403}
    stack.control.add_fault("CreateTags", **denied)
    assert stack.apply().said == ""
    write_data(stack)
    assert stack.destroy().how == "refused"
    refused = stack.destroy()
    assert "the data is safe" in refused.said
    stack.control.clear_faults()
    typed(stack, refused.said)
    stack.control.add_fault("CreateTags", **denied)

    result = stack.destroy()

    assert result.how == "done", result.said
    assert "restore_final_snapshot=True" in result.kept[-1]
    assert stack.apply(restore_final_snapshot=True).how == "done"
    assert stack.control.marker(CLUSTER) == "everything we have"
