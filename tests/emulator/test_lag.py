"""Copies that catch up late, and deletions that come to nothing: what AWS does and never documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.emulator import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.emulator import Control

FINAL = {"ClusterIdentifier": "alpha", "FinalClusterSnapshotIdentifier": "last"}
Refusal = tuple[str, int, str]


def names(redshift: Any) -> list[str]:
    """The clusters that DescribeClusters lists."""
    return [each["ClusterIdentifier"] for each in redshift.describe_clusters()["Clusters"]]


def snapshots(redshift: Any) -> list[str]:
    """The manual snapshots that DescribeClusterSnapshots lists under the cluster."""
    found = redshift.describe_cluster_snapshots(ClusterIdentifier="alpha", SnapshotType="manual")
    return [each["SnapshotIdentifier"] for each in found["Snapshots"]]


def test_a_new_cluster_is_listed_late(
    redshift: Any, control: Control, arguments: Callable[..., Any], refusal: Callable[..., Refusal]
) -> None:
    """By name it is not found, in the listing it is absent; it exists all the same, and then shows."""
    control.set_behaviour(cluster_listing_lag_seconds=30)
    redshift.create_cluster(**arguments())

    control.advance(29)
    assert refusal(redshift.describe_clusters, ClusterIdentifier="alpha")[:2] == ("ClusterNotFound", 404)
    assert names(redshift) == []
    assert refusal(redshift.create_cluster, **arguments())[0] == "ClusterAlreadyExists"

    control.advance(1)
    assert names(redshift) == ["alpha"]
    assert redshift.describe_clusters(ClusterIdentifier="ALPHA")["Clusters"][0]["ClusterStatus"] == "creating"


def test_a_new_snapshot_is_listed_late(
    redshift: Any, create: Any, control: Control, refusal: Callable[..., Refusal]
) -> None:
    """So is one that was just begun."""
    create()
    control.set_behaviour(snapshot_listing_lag_seconds=10)
    redshift.delete_cluster(**FINAL)

    control.advance(9)
    assert snapshots(redshift) == []
    told = refusal(redshift.describe_cluster_snapshots, SnapshotIdentifier="last")
    assert told[:2] == ("ClusterSnapshotNotFound", 404)

    control.advance(1)
    assert snapshots(redshift) == ["last"]


def test_a_snapshot_is_missing_for_a_while_when_its_cluster_is_gone(
    redshift: Any, create: Any, control: Control
) -> None:
    """It was listed while the cluster was there, is not for some seconds after it, and then is again."""
    create()
    control.set_behaviour(snapshot_listing_lag_seconds=10)
    redshift.delete_cluster(**FINAL)
    control.advance(359)
    assert snapshots(redshift) == ["last"]

    control.advance(1)
    assert (names(redshift), snapshots(redshift)) == ([], [])
    control.advance(9)
    assert snapshots(redshift) == []
    control.advance(1)
    assert snapshots(redshift) == ["last"]


def test_snapshots_without_a_create_time_of_their_cluster(
    redshift: Any, create: Any, control: Control
) -> None:
    """As moto's server tells them: ClusterCreateTime is absent, the rest is there."""
    create()
    redshift.delete_cluster(**FINAL)
    control.set_behaviour(snapshots_tell_create_time=False)

    (told,) = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"]

    assert "ClusterCreateTime" not in told
    assert told["SnapshotCreateTime"] is not None


def test_a_deletion_that_is_given_up_after_its_snapshot(
    redshift: Any, create: Any, control: Control, status: Callable[..., str]
) -> None:
    """Snapshot and cluster are both available; when the cluster goes later, the snapshot lacks what came
    after it, and the ledger says so.
    """
    create()
    control.fail_next_snapshot("alpha", "cluster-returns-after-snapshot")
    redshift.delete_cluster(**FINAL)
    control.advance(299)
    assert status() == "final-snapshot"

    control.advance(1)

    (told,) = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"]
    assert (status(), told["Status"]) == ("available", "available")
    assert control.state()["generations"][0]["final_snapshots"][0]["status"] == "outlived"
    control.advance(10**6)
    assert status() == "available"
    control.remove_cluster("alpha")
    assert control.state()["generations"][0]["lost_without_snapshot"] is True


@pytest.mark.parametrize(("after", "snapshot"), [(100, "failed"), (320, "available")])
def test_a_deletion_is_given_up_at_any_moment(
    redshift: Any, create: Any, control: Control, status: Callable[..., str], after: float, snapshot: str
) -> None:
    """A snapshot that is still being taken fails, one that is done stays; a new deletion works."""
    create()
    redshift.delete_cluster(**FINAL)
    control.advance(after)

    control.give_up_deletion("alpha")

    (told,) = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"]
    assert (status(), told["Status"]) == ("available", snapshot)
    redshift.delete_cluster(ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier="again")
    control.advance(360)
    (generation,) = control.state()["generations"]
    assert (status(), generation["lost_without_snapshot"]) == ("gone", False)


def test_a_deletion_without_a_snapshot_is_given_up(
    redshift: Any, create: Any, control: Control, status: Callable[..., str]
) -> None:
    """The cluster is available again; one that is not being deleted has nothing to give up."""
    create()
    redshift.delete_cluster(ClusterIdentifier="alpha", SkipFinalClusterSnapshot=True)
    control.give_up_deletion("alpha")
    assert status() == "available"
    with pytest.raises(ControlError, match="is not being deleted: it is available"):
        control.give_up_deletion("alpha")


def test_a_lag_is_a_number_from_0_on(control: Control) -> None:
    """Like every other switch it takes nothing else."""
    wrongs: list[Any] = [-1, True, "10", 1e308]
    for wrong in wrongs:
        with pytest.raises(ControlError, match="snapshot_listing_lag_seconds must be a number"):
            control.set_behaviour(snapshot_listing_lag_seconds=wrong)


def test_a_copy_that_fell_behind_shows_nothing_until_it_has_caught_up(
    redshift: Any, create: Any, control: Control
) -> None:
    """Neither a cluster that was listed, nor its snapshot; both are there again afterwards."""
    create()
    redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="last")
    control.set_behaviour(clusters_stale_until=control.now() + 20, snapshots_stale_until=control.now() + 10)

    assert (names(redshift), snapshots(redshift)) == ([], [])
    control.advance(10)
    assert (names(redshift), snapshots(redshift)) == ([], ["last"])
    control.advance(10)
    assert names(redshift) == ["alpha"]
