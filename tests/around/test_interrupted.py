"""Whoever was interrupted begins nothing more: an engine that is gone, and one Ctrl-C, at any moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.lifecycle.outputs import CREATING_TAG, user_tags
from tests.around.test_proof import receipts
from tests.around.world import (
    BEGINNINGS,
    STRIDE,
    Everywhere,
    busy,
    cancelled,
    changes,
    gone,
    is_tagged,
    paused,
    write_data,
)
from tests.parity.bench import did
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.around.world import Mark
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

SOON_SECONDS = 20.0
"""How long an orphan may go on at most, which is one poll of the policy's fifteen seconds."""
PROGRAM: dict[str, Any] = {"tags": {"team": "data"}, "port": 5440}
CHANGED: dict[str, Any] = {**PROGRAM, "tags": {"team": "sales"}, "port": 5441, "number_of_nodes": 4}
RENAMED: dict[str, Any] = {**PROGRAM, "cluster_identifier": "lake"}


def status(stack: Bench) -> str:
    """The status of the stack's cluster."""
    return str(stack.cluster()["ClusterStatus"])


# --- the commands that are interrupted -----------------------------------------------------------


def up(stack: Bench) -> None:
    """The cluster is there, with data in it."""
    assert stack.apply(**PROGRAM).how == "done"
    write_data(stack)


def up_and_busy(stack: Bench) -> None:
    """The cluster is there and is being resized."""
    up(stack)
    busy(stack, 60)


def up_and_paused(stack: Bench) -> None:
    """The cluster is there and paused; AWS deletes no paused one."""
    up(stack)
    paused(stack)


def up_and_loose(stack: Bench) -> None:
    """The cluster is there and busy, and its policy asks for no snapshot."""
    stack.write_policy(stack.rules(SKIPPING))
    up_and_busy(stack)


def up_unprotected(stack: Bench) -> None:
    """The cluster is there, in an environment that lets it be replaced by an empty one."""
    stack.write_policy(stack.rules("skip: [{when: {tags: {never: yes please}}, because: it is so}]"))
    up(stack)


def final_snapshot_there(stack: Bench) -> None:
    """The cluster was destroyed, and its final snapshot is there."""
    up(stack)
    assert stack.destroy().how == "done"


def nothing(_: Bench) -> None:
    """There is nothing yet."""


def destroy(stack: Bench) -> Callable[[Interruption], Result]:
    """Run ``destroy``."""
    return stack.destroy


def apply(stack: Bench, **arguments: Any) -> Callable[[Interruption], Result]:
    """Run ``up``."""
    return lambda at: stack.apply(at, **arguments)


COMMANDS: dict[str, tuple[Callable[[Bench], None], dict[str, Any] | None]] = {
    "destroy": (up, None),
    "destroy of a busy cluster": (up_and_busy, None),
    "destroy of a paused cluster": (up_and_paused, None),
    "destroy without a snapshot": (up_and_loose, None),
    "create": (nothing, PROGRAM),
    "restore": (
        final_snapshot_there,
        {**PROGRAM, "restore_final_snapshot": True, "master_password": "Another-One-2"},
    ),
    "update": (up, CHANGED),
    "rename of a busy cluster": (up_and_busy, RENAMED),
    "replacement": (up_unprotected, {**PROGRAM, "master_username": "other"}),
}
"""What comes before, and the program; None for a destroy."""


def everywhere(stack: Bench, name: str, mark: Callable[[Bench], Mark]) -> Everywhere:
    """Interrupt one of `COMMANDS` at each of its points."""
    prepare, arguments = COMMANDS[name]
    command = destroy(stack) if arguments is None else apply(stack, **arguments)
    return Everywhere(stack, lambda: prepare(stack), command, mark)


# --- an engine that is gone ----------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_an_orphan_changes_nothing_more_and_ends(stack: Bench, name: str) -> None:
    """From any moment on at which the engine is gone: no changing call at all, and an end within a poll."""
    points = everywhere(stack, name, gone)
    for where, result, mark in points:
        assert mark.after() == [], where
        assert mark.seconds <= SOON_SECONDS, (where, mark.seconds)
        assert result.how == "done" or "engine" in result.said, (where, result.said)
    assert points.points > 8


def test_an_orphan_does_not_carry_out_what_was_loosened_before(stack: Bench) -> None:
    """A destroy without a snapshot waits, its engine is killed, the policy is tightened and `up` records it:
    the orphan does not delete, and the next destroy keeps the data.
    """
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    write_data(stack)
    busy(stack)

    def killed_and_tightened() -> None:
        stack.engine_gone = True
        stack.write_policy(stack.rules(PROTECTED))
        recorded = stack.apply()
        assert (recorded.how, did(recorded)) == ("done", "update")

    orphan = stack.destroy(Interruption(2, "wait", killed_and_tightened))
    stack.time.advance(3600)

    assert orphan.how == "refused"
    assert "DeleteCluster" not in changes(orphan)
    assert status(stack) == "available"
    assert stack.destroy().how == "done"
    assert len(stack.proofs()) == 1


def test_an_orphan_does_not_create_beside_the_next_up(stack: Bench) -> None:
    """A create whose engine is gone before it asked for anything, while the next `up` is made under another
    name: the first name is never created.
    """

    def renamed_program() -> None:
        stack.engine_gone = True
        assert stack.apply(cluster_identifier="lake").how == "done"

    orphan = stack.apply(Interruption(1, "after", renamed_program, "DescribeClusters"))

    assert orphan.how == "refused"
    assert sorted(stack.ledger()["clusters"]) == ["lake"]


def test_an_orphan_sends_no_second_deletion(stack: Bench) -> None:
    """AWS throttles DeleteCluster, and the engine is gone while it is waited to send it again."""
    stack.apply()
    stack.control.add_fault("DeleteCluster", code="Throttling", times=2)
    mark = gone(stack)

    orphan = stack.destroy(mark.at(1, "after", "DeleteCluster"))

    assert (orphan.how, mark.after()) == ("refused", [])
    assert status(stack) == "available"


def test_an_orphan_says_what_aws_goes_on_with(stack: Bench) -> None:
    """The deletion was accepted before: the message names the snapshot, and the next destroy finishes it."""
    stack.apply()
    mark = gone(stack)

    orphan = stack.destroy(mark.at(1, "after", "DeleteCluster"))

    final = stack.generation()["final_snapshots"][0]["snapshot"]
    assert orphan.how == "refused"
    assert final in orphan.said
    assert "AWS goes on" in orphan.said
    assert stack.destroy().how == "done"
    (proof,) = stack.proofs()
    assert (proof["identifier"], is_tagged(proof)) == (final, True)


# --- one Ctrl-C ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_after_one_ctrl_c_nothing_begins(stack: Bench, name: str) -> None:
    """From any moment on: no call that begins something. What was begun is finished, and what is refused is
    refused in words.
    """
    points = everywhere(stack, name, cancelled)
    for where, result, mark in points:
        assert BEGINNINGS.isdisjoint(mark.after()), (where, mark.after())
        assert result.how in {"done", "refused"}, where
        if result.how == "refused":
            assert "\n  next: " in result.said, where
    assert points.points > 8


def test_a_deletion_that_was_accepted_is_finished(stack: Bench) -> None:
    """From any moment after it: waited for, tagged, written down, and done; that is what the state needs."""
    points = everywhere(stack, "destroy", cancelled)
    finished = 0
    for where, result, mark in points:
        if "DeleteCluster" not in mark.before():
            assert result.how == "refused", where
            continue
        finished += STRIDE
        assert result.how == "done", (where, result.said)
        (proof,) = stack.proofs()
        assert is_tagged(proof), where
        assert [path.name for path in stack.receipts.glob("*.json")] != []
    assert finished > 3


def test_a_create_that_was_accepted_is_finished_and_recorded(stack: Bench) -> None:
    """The cluster is waited for, its creating tag taken away, and it is in the state."""
    points = everywhere(stack, "create", cancelled)
    finished = 0
    for where, result, mark in points:
        if "CreateCluster" not in mark.before():
            assert (result.how, stack.ledger()["clusters"]) == ("refused", {}), where
            continue
        finished += STRIDE
        assert result.how == "done", (where, result.said)
        assert user_tags(stack.cluster()) == {"team": "data"}
        assert CREATING_TAG not in stack.ledger()["clusters"][CLUSTER]["tags"]
        assert stack.preview(**PROGRAM) == "same"
    assert finished > 3


def test_one_ctrl_c_while_a_busy_cluster_is_waited_for(stack: Bench) -> None:
    """The destroy ends soon, says that nothing was begun, and the next one goes through."""
    stack.apply()
    busy(stack)
    mark = cancelled(stack)

    result = stack.destroy(mark.at(3, "wait"))

    assert (result.how, changes(result)) == ("refused", [])
    assert mark.seconds <= SOON_SECONDS
    assert "has not asked AWS to delete anything" in result.said
    assert stack.destroy().how == "done"


def test_one_ctrl_c_while_the_receipt_goes_to_disk(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes its time: DeleteCluster is not sent, and the receipt does not say that it was."""
    stack.apply()
    to_disk = os.fsync

    def slowly(descriptor: int) -> None:
        stack.cancelled = True
        to_disk(descriptor)

    monkeypatch.setattr(os, "fsync", slowly)

    result = stack.destroy()

    assert (result.how, changes(result)) == ("refused", [])
    (receipt,) = receipts(stack)
    assert (receipt["sent"], receipt["names"]) == (False, [])


def test_one_ctrl_c_while_a_paused_cluster_is_resumed(stack: Bench) -> None:
    """It was resumed to be deleted: no DeleteCluster follows, and the message says that AWS resumes it."""
    stack.apply()
    paused(stack)
    mark = cancelled(stack)

    result = stack.destroy(mark.at(1, "after", "ResumeCluster"))

    assert result.how == "refused"
    assert "DeleteCluster" not in mark.after()
    assert "resum" in result.said
    assert stack.destroy().how == "done"


def test_one_ctrl_c_in_the_first_half_of_a_replacement(stack: Bench) -> None:
    """The deletion is finished with its snapshot, no new cluster is begun, and the next `up` restores."""
    stack.write_policy(stack.rules("skip: [{when: {tags: {never: yes please}}, because: it is so}]"))
    stack.apply()
    write_data(stack)
    mark = cancelled(stack)

    result = stack.apply(
        mark.at(1, "after", "DeleteCluster"), cluster_subnet_group_name="default", master_username="other"
    )

    assert result.how == "refused"
    assert "CreateCluster" not in mark.after()
    assert stack.ledger()["clusters"] == {}
    (proof,) = stack.proofs()
    assert is_tagged(proof)
    again = stack.apply(restore_final_snapshot=True)
    assert (again.how, stack.control.marker(CLUSTER)) == ("done", "everything we have")


def test_one_ctrl_c_between_two_changes(stack: Bench) -> None:
    """The change that AWS accepted stays and is waited for, the next one is not sent, and `up` does it."""
    stack.apply(**PROGRAM)
    mark = cancelled(stack)

    result = stack.apply(mark.at(1, "after", "ModifyCluster"), **CHANGED)

    assert result.how == "refused"
    assert mark.after() == []
    assert status(stack) == "available"
    assert stack.apply(**CHANGED).how == "done"
    assert stack.preview(**CHANGED) == "same"


def test_a_name_that_is_taken_is_not_tried_again_after_ctrl_c(stack: Bench) -> None:
    """DeleteCluster was refused, so nothing was begun: the next name is not asked for."""
    stack.apply(final_snapshot_identifier="the-last")
    stack.control.put_snapshot("the-last", "some-other")
    mark = cancelled(stack)

    result = stack.destroy(mark.at(1, "after", "DeleteCluster"))

    assert (result.how, mark.after()) == ("refused", [])
    assert status(stack) == "available"
