"""The age of a cluster is its data's: a resize, a resume or a restore begins no new data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.bench import changing, did
from tests.parity.test_adopt import ADOPT, run_one
from tests.parity.test_begun import by_hand
from tests.teardown.stage import CLUSTER

if TYPE_CHECKING:
    from tests.parity.bench import Bench

DAY = 86_400.0
YOUNG = "skip: [{when: {younger_than_hours: 24}, because: nothing lives a day}]"
RESTORE: dict[str, Any] = {"restore_final_snapshot": True}


@pytest.fixture
def stack(stack: Bench) -> Bench:
    """The stack, where what is younger than a day may go without a snapshot."""
    stack.write_policy(stack.rules(YOUNG))
    return stack


def kept(stack: Bench) -> list[str]:
    """The manual snapshots, oldest first."""
    found = [each for each in stack.ledger()["snapshots"].values() if each["kind"] == "manual"]
    return [each["identifier"] for each in sorted(found, key=lambda each: each["created"])]


def skipped(stack: Bench) -> bool:
    """Destroy; whether the data is in no final snapshot."""
    before = kept(stack)
    result = stack.destroy()
    assert result.said == ""
    return kept(stack) == before


def since(stack: Bench) -> Any:
    """What is recorded."""
    assert stack.state is not None
    return stack.state.get("data_since")


def recreated_in_aws(stack: Bench) -> None:
    """Have AWS show a ClusterCreateTime of now, as after a resize to another node type or a resume."""
    stack.control.set_cluster(CLUSTER, create_time=stack.time.now().isoformat())


def test_a_young_cluster_may_go(stack: Bench) -> None:
    """The rule holds for what was created an hour ago, and not for the same cluster after two days."""
    stack.apply()
    assert since(stack) == stack.state["identity"]["cluster_create_time"]  # type: ignore[index]
    stack.time.advance(3600)
    assert skipped(stack)
    stack.apply()
    stack.time.advance(2 * DAY)
    assert not skipped(stack)


@pytest.mark.parametrize("then", ["refresh", "up", "nothing"])
def test_a_newer_create_time_is_no_newer_data(stack: Bench, then: str) -> None:
    """A cluster of 400 days that was resized or resumed an hour ago: its data is 400 days old."""
    stack.apply()
    stack.time.advance(400 * DAY)
    recreated_in_aws(stack)
    if then == "refresh":
        assert stack.refresh().said == ""
    elif then == "up":
        assert stack.apply(port=5440).said == ""
    stack.time.advance(3600)

    assert not skipped(stack)


def test_a_rename_is_no_newer_data(stack: Bench) -> None:
    """An `up` that renames and resizes hands the time on."""
    stack.apply()
    before = since(stack)
    stack.time.advance(400 * DAY)

    assert stack.apply(cluster_identifier="lake", number_of_nodes=4).said == ""

    assert since(stack) == before
    assert not skipped(stack)


@pytest.mark.parametrize("how", ["restored", "named", "restored again"])
def test_what_comes_back_from_its_own_final_snapshot_is_as_old_as_its_data(stack: Bench, how: str) -> None:
    """Destroyed after 400 days and restored: no newborn, whatever the restore was asked by."""
    stack.apply()
    stack.time.advance(400 * DAY)
    assert not skipped(stack)
    times = 2 if how == "restored again" else 1
    for _ in range(times):
        program = {"snapshot_identifier": kept(stack)[-1]} if how == "named" else RESTORE
        assert stack.apply(**program).said == ""
        stack.time.advance(3600)
        assert not skipped(stack)


def test_a_replacement_with_its_data_is_no_newborn(stack: Bench) -> None:
    """Another subnet group, the data restored: as old as before."""
    stack.outsider.create_cluster_subnet_group(
        ClusterSubnetGroupName="elsewhere",
        Description="x",
        SubnetIds=[
            each["SubnetIdentifier"]
            for each in stack.outsider.describe_cluster_subnet_groups()["ClusterSubnetGroups"][0]["Subnets"]
        ],
    )
    stack.apply()
    before = since(stack)
    stack.time.advance(400 * DAY)
    moved = stack.apply(cluster_subnet_group_name="elsewhere", **RESTORE)
    assert (moved.said, did(moved)) == ("", "replace")
    stack.time.advance(3600)

    assert since(stack) == before
    assert not skipped(stack)


@pytest.mark.parametrize("own", [False, True], ids=["another's", "this cluster's, by hand"])
def test_a_foreign_snapshot_starts_at_its_restore(stack: Bench, *, own: bool) -> None:
    """What another cluster left is new here; an untagged one of this very cluster's name may be anything."""
    stack.control.put_snapshot(
        "seed", CLUSTER if own else "elsewhere", number_of_nodes=2, node_type="ra3.xlplus"
    )
    stack.time.advance(400 * DAY)
    assert stack.apply(snapshot_identifier="seed", master_username="awsuser").said == ""
    stack.time.advance(3600)

    assert skipped(stack) is not own


@pytest.mark.parametrize("way", ["adopted", "version 2", "restored by an older version", "by hand, adopted"])
def test_unknown_is_old(stack: Bench, way: str) -> None:
    """Where nobody knows since when there is data, the rule does not hold."""
    if way == "adopted":
        run_one(stack)
        assert stack.apply(**ADOPT).said == ""
    else:
        stack.apply()
    if way == "version 2":
        assert stack.state is not None
        stack.state = {key: value for key, value in stack.state.items() if key != "data_since"}
        stack.state["state_version"] = 2.0
        assert stack.refresh().said == ""
        assert stack.apply(port=5440).said == ""
    elif way != "adopted":
        stack.time.advance(400 * DAY)
        assert not skipped(stack)
        [name] = stack.ledger()["snapshots"]
        arn = stack.outsider.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"][0][
            "SnapshotArn"
        ]
        stack.outsider.delete_tags(ResourceName=arn, TagKeys=["redshift-teardown:data-since"])
        if way == "by hand, adopted":
            by_hand(stack)
            assert stack.apply(**ADOPT).said == ""
        else:
            assert stack.apply(**RESTORE).said == ""

    assert since(stack) is None
    assert not skipped(stack)


def test_the_time_is_no_difference(stack: Bench) -> None:
    """It is recorded, and neither a preview nor an `up` shows it."""
    stack.apply()
    recreated_in_aws(stack)
    stack.time.advance(timedelta(days=3).total_seconds())
    assert stack.refresh().said == ""

    assert stack.preview() == "same"
    assert changing(stack.apply()) == []
