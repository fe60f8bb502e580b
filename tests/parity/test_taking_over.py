"""What is taken over: no cluster in place of data that is to be restored, and none that another one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from tests.parity.bench import changing, wire
from tests.parity.test_adopt import ADOPT, CLAIMED
from tests.parity.test_begun import by_hand
from tests.parity.test_replacement import EMPTY, MOVED, RESTORE, production
from tests.teardown.stage import CLUSTER, SKIPPING, URN

if TYPE_CHECKING:
    from tests.parity.bench import Bench

FULL: dict[str, Any] = {"code": "InsufficientClusterCapacity", "message": "No room."}


def stranger(stack: Bench, name: str) -> None:
    """Have somebody create a cluster by hand."""
    stack.outsider.create_cluster(
        ClusterIdentifier=name,
        NodeType="ra3.xlplus",
        NumberOfNodes=2,
        MasterUsername="admin",
        MasterUserPassword="Correct-Horse-1",
    )
    stack.time.advance(600)
    stack.control.set_marker(name, "somebody's")


def half_done(stack: Bench, **program: Any) -> None:
    """Replace production, its data to be restored; the restore is refused."""
    production(stack, **ADOPT)
    stack.control.add_fault("RestoreFromClusterSnapshot", **FULL)
    assert "No room." in stack.apply(**ADOPT, **RESTORE, **MOVED, **program).said
    assert stack.state is None


# --- the second half of a replacement --------------------------------------------------------------


@pytest.mark.parametrize("skips", [False, True], ids=["with its data", "empty"])
def test_a_replacement_takes_no_other_cluster_over(groups: Bench, *, skips: bool) -> None:
    """The new identifier is somebody else's, adopt_existing was left in the program: preview named a restore,
    or an empty cluster.
    """
    if skips:
        groups.write_policy(groups.rules(SKIPPING))
    production(groups, **ADOPT)
    stranger(groups, "reports")
    program = {**ADOPT, **(EMPTY if skips else RESTORE), **MOVED, "cluster_identifier": "reports"}

    refused = groups.apply(**program)

    assert "a replacement takes no other cluster over" in refused.said
    left = "there is no final snapshot" if skips else "its data is in final snapshot shop-live-warehouse-"
    assert left in refused.said
    assert groups.cluster("reports")["Tags"] == []
    assert groups.state is None


def test_nor_does_one_of_a_stack_that_was_renamed(groups: Bench) -> None:
    """Deleted by its recorded name, created by the new one, under another identifier: one resource."""
    groups.write_policy(groups.policy.replace("[live]", "[live, live-2]"))
    production(groups)
    old = wire(groups.state)
    stranger(groups, "reports")
    program = {**ADOPT, **RESTORE, **MOVED, "cluster_identifier": "reports"}

    def up() -> Any:
        inputs = groups.checked(old, urn=URN.replace(":live:", ":live-2:"), **program)
        assert diff(old, inputs, groups.settings).replaces
        delete(old, groups.settings)
        return create(inputs, groups.settings)[1]

    assert "a replacement takes no other cluster over" in groups.run(up).said


def test_the_cure_brings_the_data_back(groups: Bench) -> None:
    """Another identifier, as the refusal says."""
    production(groups, **ADOPT)
    stranger(groups, "reports")
    refused = groups.apply(**ADOPT, **RESTORE, **MOVED, cluster_identifier="reports")
    assert "choose another cluster_identifier" in refused.said

    assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""

    assert groups.control.marker(CLUSTER) == "production"


@pytest.mark.parametrize("receipts", ["there", "lost"])
@pytest.mark.parametrize("program", [RESTORE, {}], ids=["restores", "says nothing"])
def test_a_later_up_takes_over_nothing_in_its_place_either(
    groups: Bench, receipts: str, program: dict[str, Any]
) -> None:
    """The restore failed, and somebody created a cluster of that name: preview and `up` refuse it."""
    half_done(groups)
    if receipts == "lost":
        groups.drop_receipts()
    stranger(groups, CLUSTER)

    said = groups.refused_from_preview_on(**ADOPT, **program, **MOVED)

    assert "would leave that data behind" in said
    assert "restore_final_snapshot=True" in said
    assert "restore_final_snapshot=False" in said


def test_what_aws_does_not_list_is_not_left_behind(groups: Bench) -> None:
    """The receipt tells of the half; that its snapshot is not shown is no reason to take another cluster."""
    half_done(groups)
    [left] = [name for name, each in groups.ledger()["snapshots"].items() if each["marker"] == "production"]
    groups.outsider.delete_cluster_snapshot(SnapshotIdentifier=left.rpartition("/")[2])
    stranger(groups, CLUSTER)

    said = groups.refused_from_preview_on(**ADOPT, **RESTORE, **MOVED)

    assert "AWS does not show it" in said
    assert "would leave that data behind" in said


def test_who_says_so_takes_it_over_without_the_data(groups: Bench) -> None:
    """`restore_final_snapshot=False` is the word for it."""
    half_done(groups)
    stranger(groups, CLUSTER)

    adopted = groups.apply(**ADOPT, **EMPTY)

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)


@pytest.mark.parametrize("name", ["warehouse", "lake"], ids=["itself", "renamed"])
def test_what_the_replacement_made_is_adopted(groups: Bench, name: str) -> None:
    """The replacement ended, and later the state was lost: its own cluster is what holds the data."""
    production(groups, **ADOPT)
    assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""
    groups.time.advance(3600)
    groups.state = None
    urn = URN.replace("::warehouse", f"::{name}")

    adopted = groups.apply(**ADOPT, **RESTORE, **MOVED, urn=urn)

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)


@pytest.mark.parametrize("which", ["the half", "an older one"])
def test_of_copies_by_hand_the_one_with_the_data_is_adopted(groups: Bench, which: str) -> None:
    """Somebody restored the half by hand, or an older final snapshot, whose data is rolled back."""
    production(groups)
    assert groups.destroy().said == ""
    older = next(iter(groups.ledger()["snapshots"]))
    groups.time.advance(3600)
    assert groups.apply(**RESTORE).said == ""
    groups.control.set_marker(CLUSTER, "newer")
    groups.control.add_fault("RestoreFromClusterSnapshot", **FULL)
    assert "No room." in groups.apply(**ADOPT, **RESTORE, **MOVED).said
    [half] = [name for name, each in groups.ledger()["snapshots"].items() if each["marker"] == "newer"]
    by_hand(groups, (half if which == "the half" else older).rpartition("/")[2])

    if which == "the half":
        assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""
    else:
        said = groups.refused_from_preview_on(**ADOPT, **RESTORE, **MOVED)
        assert "would leave that data behind" in said
