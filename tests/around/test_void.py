"""What is no proof any more is put down at once: whoever sees the cluster alive writes it in AWS itself.

A machine without receipts knows a snapshot by its name alone. What it would believe of one whose cluster is
gone, it marks when it sees the cluster alive: whatever comes next may be refused, or killed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.teardown.memory import remember
from redshift_teardown.teardown.model import Done, Wait
from redshift_teardown.teardown.next_step import next_step
from redshift_teardown.teardown.proof import newest_proof, void_key
from tests.around.test_proof import (
    VOID,
    is_void,
    killed_and_returned,
    receipts,
    refused_as_unproven,
    vanish,
)
from tests.around.world import busy, by_hand, changes, tags_of_snapshot, write_data
from tests.parity.bench import did, wire
from tests.parity.test_claims import label
from tests.parity.test_claims import strip as unlabel
from tests.teardown import pure
from tests.teardown.stage import PROTECTED, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench

DENIED: dict[str, Any] = {"code": "AccessDenied", "message": "Not you.", "status": 403}


def outlived_by_name(stack: Bench) -> str:
    """AWS gave a deletion up unseen, after its snapshot, which carries no tag; and the receipts are lost."""
    stack.apply()
    outlived = killed_and_returned(stack)
    stack.drop_receipts()
    assert VOID not in tags_of_snapshot(stack, outlived)
    return outlived


def lost(stack: Bench) -> None:
    """Weeks later the cluster is gone, and so is what the machine that saw it alive had written down."""
    stack.drop_receipts()
    vanish(stack)


def refused_by_aws(stack: Bench) -> None:
    """AWS refuses DeleteCluster."""
    stack.control.add_fault("DeleteCluster", **DENIED)
    assert stack.destroy().how == "refused"


def killed_before_it_deletes(stack: Bench) -> None:
    """It dies as it would send DeleteCluster."""
    assert stack.destroy(Interruption(1, "before", kill, "DeleteCluster")).how == "killed"


def killed_beside_a_busy_cluster(stack: Bench) -> None:
    """It waits for a resize, and dies."""
    busy(stack)
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"


def out_of_time_beside_a_busy_cluster(stack: Bench) -> None:
    """It waits for a resize until the policy's time is over."""
    stack.write_policy(stack.rules(PROTECTED, **{"timeout_hours: 24": "timeout_hours: 1"}))
    stack.apply()
    busy(stack, seconds=2 * 3600)
    assert stack.destroy().how == "refused"


def refused_for_a_claim(stack: Bench) -> None:
    """Another resource's claim is on the cluster."""
    label(stack, "somebody-elses")
    assert "ownership claim" in stack.destroy().said
    unlabel(stack)


def refused_for_another_resource(stack: Bench) -> None:
    """Renamed without an alias: a create of this run met the cluster, and the delete is refused at once."""
    assert stack.state is not None
    olds = wire(stack.state)

    def both() -> None:
        with pytest.raises(RefusedError, match="exists already"):
            create(stack.checked(urn=URN.replace("::warehouse", "::lake")), stack.settings)
        delete(olds, stack.settings)

    assert "met it and was refused" in stack.run(both).said


def an_update_refused_for_a_claim(stack: Bench) -> None:
    """Another resource's claim is on the cluster that is to be changed."""
    label(stack, "somebody-elses")
    assert stack.apply(port=5441).how == "refused"
    unlabel(stack)


def an_update_that_failed(stack: Bench) -> None:
    """AWS refuses the change."""
    stack.control.add_fault("ModifyCluster", **DENIED)
    assert stack.apply(port=5441).how == "refused"


def an_update_that_was_killed(stack: Bench) -> None:
    """It dies as it would change the cluster."""
    assert stack.apply(Interruption(1, "before", kill, "ModifyCluster"), port=5441).how == "killed"


def an_update_of_what_was_marked_gone(stack: Bench) -> None:
    """A refresh had found it gone, by an old answer; this `up` finds it there and takes the mark away."""
    assert stack.state is not None
    stack.state["gone"] = "nothing of it was to be seen"
    assert stack.apply().how == "done"
    assert "gone" not in stack.state


@pytest.mark.parametrize(
    "seen_by",
    [
        refused_by_aws,
        killed_before_it_deletes,
        killed_beside_a_busy_cluster,
        out_of_time_beside_a_busy_cluster,
        refused_for_a_claim,
        refused_for_another_resource,
        an_update_refused_for_a_claim,
        an_update_that_failed,
        an_update_that_was_killed,
        an_update_of_what_was_marked_gone,
    ],
    ids=lambda each: each.__name__,
)
def test_whoever_sees_the_cluster_alive_marks_what_its_name_would_prove(
    stack: Bench, seen_by: Callable[[Bench], None]
) -> None:
    """However it ends: what another machine would believe by the name alone carries the mark in AWS."""
    outlived = outlived_by_name(stack)

    seen_by(stack)

    assert VOID in tags_of_snapshot(stack, outlived)
    lost(stack)
    refused_as_unproven(stack)


def test_an_adoption_marks_what_its_name_would_prove(stack: Bench) -> None:
    """The state was lost; whoever adopts the cluster has seen it alive."""
    outlived = outlived_by_name(stack)
    stack.state = None

    assert stack.apply(adopt_existing=True).how == "done"

    assert VOID in tags_of_snapshot(stack, outlived)


def test_a_refresh_marks_nothing_and_records_it(stack: Bench) -> None:
    """It may not change anything; its outputs say it."""
    outlived = outlived_by_name(stack)
    result = stack.refresh()
    assert (result.how, changes(result)) == ("done", [])
    assert stack.state is not None
    assert is_void(outlived, stack.state["void"])
    lost(stack)
    refused_as_unproven(stack)


def test_an_up_with_nothing_to_do_looks_where_a_destroy_was_left_open(stack: Bench) -> None:
    """The preview says so and changes nothing; `up` marks the snapshot, and the next one is at rest."""
    stack.apply()
    outlived = killed_and_returned(stack)

    previewed = stack.previewed()
    assert (did(previewed), changes(previewed)) == ("update", [])
    assert outlived in "".join(previewed.kept)
    assert did(stack.apply()) == "update"

    assert VOID in tags_of_snapshot(stack, outlived)
    assert did(stack.apply()) == "same"
    lost(stack)
    refused_as_unproven(stack)


def test_an_up_with_nothing_to_do_records_what_a_role_may_not_mark(stack: Bench) -> None:
    """The state knows it, on a machine without receipts, too."""
    stack.apply()
    killed_and_returned(stack)
    stack.control.add_fault("CreateTags", **DENIED)
    assert did(stack.apply()) == "update"
    stack.control.clear_faults()
    lost(stack)
    refused_as_unproven(stack)


def test_an_up_with_nothing_to_do_says_that_a_cluster_is_gone(stack: Bench) -> None:
    """The deletion went on after its engine; what became of it a refresh says."""
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    result = stack.apply()
    assert did(result) == "same"
    (warned,) = result.warned
    assert "pulumi refresh" in warned


@pytest.mark.parametrize("rules", [PROTECTED, SKIPPING])
@pytest.mark.parametrize("command", ["preview", "up"])
def test_one_with_nothing_to_do_says_that_a_cluster_is_being_deleted(
    stack: Bench, command: str, rules: str
) -> None:
    """AWS goes on with a destroy whose engine is gone: what goes on, and what ends it, which does."""
    stack.write_policy(stack.rules(rules))
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"

    result = stack.previewed() if command == "preview" else stack.apply()

    assert did(result) == "same"
    (warned,) = result.warned
    assert f"is being deleted ({stack.cluster()['ClusterStatus']})" in warned
    assert f"`pulumi destroy --target '{URN}'`" in warned
    assert changes(result) == []
    assert stack.destroy().said == ""


def test_an_up_with_nothing_to_do_asks_nothing_where_no_destroy_was_begun(stack: Bench) -> None:
    """It costs no call."""
    stack.apply()
    result = stack.apply()
    asked = [call.operation for call in result.calls if call.service == "redshift"]
    assert (did(result), asked) == ("same", [])


def test_a_snapshot_that_would_prove_nothing_is_not_marked(stack: Bench) -> None:
    """Somebody's own snapshot, of a name of theirs, is theirs."""
    stack.apply()
    by_hand(stack, "before-the-migration")
    write_data(stack)
    assert stack.destroy(Interruption(1, "before", kill, "DeleteCluster")).how == "killed"
    assert VOID not in tags_of_snapshot(stack, "before-the-migration")


@pytest.mark.parametrize("by", ["destroy", "update"])
def test_a_role_that_may_not_tag_is_warned_and_writes_the_receipt(stack: Bench, by: str) -> None:
    """It is no reason to refuse: the teardown goes on, and a receipt says what is void."""
    outlived = outlived_by_name(stack)
    stack.control.add_fault("CreateTags", occurrence=1, **DENIED)
    result = stack.destroy(Interruption(1, "before", kill, "DeleteCluster"))
    if by == "update":
        stack.drop_receipts()
        stack.control.clear_faults()
        stack.control.add_fault("CreateTags", occurrence=1, **DENIED)
        result = stack.apply(Interruption(1, "before", kill, "ModifyCluster"), port=5441)

    assert result.how == "killed"
    (warned,) = [text for text in result.warned if outlived in text]
    assert "AccessDenied" in warned
    assert "redshift:CreateTags" in warned
    assert is_void(outlived, receipts(stack)[-1]["void"])
    vanish(stack)
    refused_as_unproven(stack)


def test_what_waits_beside_a_busy_cluster_writes_the_receipt_first(stack: Bench) -> None:
    """The role may not tag, and the destroy dies before it would have sent anything."""
    outlived = outlived_by_name(stack)
    stack.control.add_fault("CreateTags", **DENIED)
    busy(stack)
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.control.clear_faults()
    assert is_void(outlived, receipts(stack)[-1]["void"])
    vanish(stack)
    refused_as_unproven(stack)


def test_a_sign_of_life_voids_what_no_listing_showed_then(stack: Bench) -> None:
    """AWS lists the snapshot late: the receipt that saw the cluster alive cannot name it."""
    stack.apply()
    outlived = killed_and_returned(stack)
    stack.drop_receipts()
    stack.control.set_behaviour(snapshot_listing_lag_seconds=48 * 3600)
    refused_by_aws(stack)
    assert all(outlived not in str(receipt.get("void")) for receipt in receipts(stack))
    stack.control.set_behaviour(snapshot_listing_lag_seconds=0)
    vanish(stack)
    refused_as_unproven(stack)


def test_a_mark_that_got_no_answer_is_written_again(stack: Bench) -> None:
    """AWS was throttled for a moment."""
    outlived = outlived_by_name(stack)
    stack.control.add_fault("CreateTags", code="Throttling", status=400, times=12)
    assert stack.destroy(Interruption(1, "before", kill, "DeleteCluster")).how == "killed"
    assert VOID in tags_of_snapshot(stack, outlived)


def test_an_update_marks_once(stack: Bench) -> None:
    """What its outputs record already it leaves alone."""
    outlived_by_name(stack)
    stack.control.add_fault("CreateTags", occurrence=1, **DENIED)
    assert stack.apply(port=5441).how == "done"
    result = stack.apply(port=5442)
    assert [text for text in result.warned if "void" in text] == []


def test_one_late_answer_voids_no_proof_that_took_long() -> None:
    """The deletion was seen; ten minutes into its snapshot an old answer shows the cluster alive."""
    begun = timedelta(minutes=10)
    proof = pure.snapshot(create_time=pure.NOW)
    known = remember(
        pure.PLAN, pure.IDENTITY, pure.look(pure.cluster("deleting"), proof, after=begun), pure.memory()
    )
    late = pure.look(pure.cluster(), proof, after=begun + timedelta(seconds=5))
    known = remember(pure.PLAN, pure.IDENTITY, late, known)
    gone = pure.look(None, proof, after=begun + timedelta(seconds=10))
    known = remember(pure.PLAN, pure.IDENTITY, gone, known)

    assert next_step(pure.PLAN, pure.IDENTITY, gone, known) == Done(proof)


def test_one_answer_that_a_living_cluster_is_gone_is_not_believed() -> None:
    """No snapshot is due and nothing was sent: it is not done while the cluster may run on."""
    skipping = pure.plan(skip=True)
    known = remember(skipping, pure.IDENTITY, pure.look(pure.cluster("resizing")), pure.memory())
    steps = []
    for seconds in (5, 60):
        gone = pure.look(None, after=timedelta(seconds=seconds))
        known = remember(skipping, pure.IDENTITY, gone, known)
        steps.append(next_step(skipping, pure.IDENTITY, gone, known))

    assert isinstance(steps[0], Wait)
    assert steps[1] == Done(None)


def test_what_its_tags_alone_make_a_proof_is_void_beside_the_living_cluster() -> None:
    """Of a create time that only a teardown of this resource explains: what would prove is what is voided."""
    resized = pure.snapshot(cluster_create_time=pure.BORN + timedelta(days=3))
    alive = pure.look(pure.cluster(), resized, after=timedelta(seconds=5))
    known = remember(pure.PLAN, pure.IDENTITY, alive, replace(pure.memory(), create_times=()))

    assert void_key(resized) in known.stale


def test_of_two_of_one_moment_the_one_that_was_sent_is_the_proof() -> None:
    """Somebody took one under a fitting name in the same moment; a receipt names the other one."""
    theirs, sent = pure.snapshot(tags=()), pure.snapshot(f"{pure.NAME}-2", tags=())
    known = pure.memory(earlier_sent=((sent.identifier, pure.NOW),))
    for seen in ((theirs, sent), (sent, theirs)):
        assert newest_proof(pure.PLAN, pure.IDENTITY, pure.look(None, *seen), known) == sent
