"""Rules that are tightened while a destroy is under way: it goes by the file as it is, at every poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, Interruption

if TYPE_CHECKING:
    from tests.parity.bench import Bench


def _free(stack: Bench) -> None:
    stack.control.set_cluster(CLUSTER, status="available")


@pytest.mark.parametrize("first", ["busy", "refused"])
def test_a_destroy_that_waits_takes_the_snapshot_that_is_due_by_now(stack: Bench, first: str) -> None:
    """Nothing has begun yet: the cluster is busy, or AWS refuses DeleteCluster for now."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    stack.control.set_marker(CLUSTER, "precious")
    if first == "busy":
        stack.control.set_cluster(CLUSTER, status="modifying")
    else:
        stack.control.add_fault("DeleteCluster", code="InvalidClusterState", message="busy", status=400)

    def tightens() -> None:
        stack.write_policy(stack.rules(PROTECTED))
        _free(stack)

    result = stack.destroy(Interruption(1, "wait", tightens))

    assert result.said == ""
    [proof] = stack.proofs()
    assert proof


def test_a_retention_that_is_raised_while_the_snapshot_is_taken_holds(stack: Bench) -> None:
    """The snapshot was asked for with the old one; it is kept longer before the destroy is done."""
    stack.write_policy(stack.rules(PROTECTED, **{"retention_days: 35": "retention_days: 1"}))
    stack.apply()

    def raises() -> None:
        stack.write_policy(stack.rules(PROTECTED, **{"retention_days: 35": "retention_days: forever"}))

    result = stack.destroy(Interruption(2, "after", raises, "DescribeClusters"))

    assert result.said == ""
    [snapshot] = stack.ledger()["snapshots"].values()
    assert snapshot["retention"] == -1


def test_what_was_skipped_by_the_rules_of_then_is_done(stack: Bench) -> None:
    """AWS accepted the deletion without a snapshot; rules that come later bring nothing back."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()

    result = stack.destroy(
        Interruption(1, "after", lambda: stack.write_policy(stack.rules(PROTECTED)), "DeleteCluster")
    )

    assert result.said == ""
    assert stack.proofs() == []


def test_a_file_that_breaks_meanwhile_loosens_nothing(stack: Bench) -> None:
    """What was read when the destroy began stays in force."""
    stack.apply()
    stack.control.set_cluster(CLUSTER, status="modifying")

    def breaks() -> None:
        stack.write_policy("version: [")
        _free(stack)

    assert stack.destroy(Interruption(1, "wait", breaks)).said == ""
    assert len(stack.proofs()) == 1
