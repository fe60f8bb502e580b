"""The snapshot operations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError, combination, invalid
from redshift_teardown.emulator.redshift.call import matches_tags, page
from redshift_teardown.emulator.redshift.clusters import new_snapshot
from redshift_teardown.emulator.redshift.transitions import DAY, forget_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.emulator.redshift.call import Call
    from redshift_teardown.emulator.redshift.state import Snapshot

__all__ = ["authorize", "create", "delete", "describe", "modify", "revoke"]

_MOST_SHARED = 20
_SORTING: dict[str, Callable[[Snapshot], Any]] = {
    "SOURCE_TYPE": lambda snapshot: snapshot.kind,
    "TOTAL_SIZE": lambda snapshot: snapshot.megabytes,
    "CREATE_TIME": lambda snapshot: snapshot.created,
}


def create(call: Call) -> dict[str, Any]:
    """CreateClusterSnapshot, of an available cluster only."""
    params = call.params
    identifier = validation.identifier(params["SnapshotIdentifier"], "SnapshotIdentifier")
    cluster = call.cluster()
    retention = validation.manual_retention(
        params.get("ManualSnapshotRetentionPeriod", cluster.settings["ManualSnapshotRetentionPeriod"]),
        "ManualSnapshotRetentionPeriod",
    )
    tags = validation.new_tags({}, params.get("Tags", []))
    if cluster.shown_status != "available":
        raise AwsError(
            "InvalidClusterState",
            f"Cannot create a snapshot: the cluster {cluster.identifier} is not available but "
            f"{cluster.shown_status}.",
        )
    duration = call.world.clock.scaled(call.phases(cluster).manual_snapshot)
    snapshot = new_snapshot(call, cluster, identifier, retention, tags, duration)
    return {"Snapshot": call.rendered_snapshot(snapshot)}


def describe(call: Call) -> dict[str, Any]:
    """DescribeClusterSnapshots, with every one of its filters."""
    params, asking = call.params, call.place.account
    name, cluster = params.get("SnapshotIdentifier"), params.get("ClusterIdentifier")
    if name is not None and cluster is not None:
        raise combination(
            "ClusterIdentifier and SnapshotIdentifier cannot be specified together.",
        )
    kind = params.get("SnapshotType")
    if kind not in (None, "manual", "automated"):
        raise invalid(f"Invalid SnapshotType: {kind}. Use manual or automated.")
    if params.get("ClusterExists") and cluster is None:
        raise combination("ClusterIdentifier is required if ClusterExists is true.")
    owner = params.get("OwnerAccount", call.place.account)
    if owner != call.place.account:
        call = _shared_by(call, owner)
    chosen = [
        each
        for each in _named(call, name, cluster)
        if _wanted(call, each) and not _lags(call, each) and (owner == asking or asking in each.shared)
    ]
    if name is not None and not chosen and _lags(call, call.snapshot(name)):
        raise AwsError("ClusterSnapshotNotFound", f"Snapshot {name} not found.")
    for sorting in reversed(params.get("SortingEntities", [])):
        key = _SORTING.get(sorting.get("Attribute", ""))
        if key is None:
            raise invalid(f"Invalid sorting attribute: {sorting.get('Attribute')}")
        chosen.sort(key=key, reverse=sorting.get("SortOrder", "ASC") == "DESC")
    shown, marker = page(chosen, params)
    return {"Snapshots": [call.rendered_snapshot(each) for each in shown], "Marker": marker}


def _lags(call: Call, snapshot: Snapshot) -> bool:
    """Whether DescribeClusterSnapshots does not show a snapshot yet, or for now no more."""
    if call.now < call.world.behaviour.snapshots_stale_until:
        return True
    seconds = call.world.behaviour.snapshot_listing_lag_seconds
    generation = call.place.generations.get(snapshot.namespace)
    gone = generation.deleted if generation else None
    return call.lags(snapshot.created, seconds) or call.lags(gone, seconds)


def _shared_by(call: Call, owner: str) -> Call:
    """The same call, looking into the account that shares its snapshots."""
    return replace(call, place=call.world.place(owner, call.place.region))


def _named(call: Call, name: str | None, cluster: str | None) -> list[Snapshot]:
    place = call.place
    if name is not None:
        return [call.snapshot(name)]
    if cluster is None:
        return list(place.snapshots.values())
    found = [each for each in place.snapshots.values() if each.cluster == cluster.lower()]
    if not found and cluster.lower() not in place.clusters:
        if not call.world.behaviour.unknown_cluster_has_snapshots:
            raise AwsError("ClusterNotFound", f"Cluster {cluster} not found.")
        return []
    return found


def _wanted(call: Call, snapshot: Snapshot) -> bool:
    params = call.params
    alive = any(each.namespace == snapshot.namespace for each in call.place.clusters.values())
    return (
        params.get("SnapshotType") in (None, snapshot.kind)
        and params.get("SnapshotArn") in (None, call.place.snapshot_arn(snapshot))
        and params.get("OwnerAccount") in (None, snapshot.owner)
        and params.get("ClusterExists") in (None, alive)
        and params.get("StartTime", snapshot.created) <= snapshot.created
        and params.get("EndTime", snapshot.created) >= snapshot.created
        and matches_tags(snapshot.tags, params)
    )


def modify(call: Call) -> dict[str, Any]:
    """ModifyClusterSnapshot: another retention period."""
    params = call.params
    snapshot = call.snapshot(params["SnapshotIdentifier"])
    period = params.get("ManualSnapshotRetentionPeriod")
    if period is None:
        raise combination("No modifications were requested.")
    validation.manual_retention(period, "ManualSnapshotRetentionPeriod")
    if snapshot.kind != "manual":
        raise AwsError(
            "InvalidClusterSnapshotState",
            f"The retention period of the automated snapshot {snapshot.identifier} cannot be modified.",
        )
    if period > 0 and snapshot.retention_started + period * DAY <= call.now:
        if not params.get("Force", False):
            raise AwsError(
                "InvalidRetentionPeriodFault",
                f"The retention period of {period} days is already over for the snapshot "
                f"{snapshot.identifier}; use Force to delete it at once.",
            )
        snapshot.retention = period
        told = call.rendered_snapshot(snapshot)
        forget_snapshot(call.place, snapshot, "retention shortened by force", call.now)
        return {"Snapshot": told}
    snapshot.retention = period
    return {"Snapshot": call.rendered_snapshot(snapshot)}


def delete(call: Call) -> dict[str, Any]:
    """DeleteClusterSnapshot: manual ones that are done."""
    params = call.params
    snapshot = call.snapshot(params["SnapshotIdentifier"])
    cluster = params.get("SnapshotClusterIdentifier")
    if cluster is not None and cluster.lower() != snapshot.cluster:
        raise AwsError("ClusterSnapshotNotFound", f"Snapshot {snapshot.identifier} not found.")
    if snapshot.kind != "manual":
        raise AwsError(
            "InvalidClusterSnapshotState",
            f"Cannot delete the snapshot {snapshot.identifier} because only manual snapshots may be deleted",
        )
    if snapshot.status == "creating":
        raise AwsError(
            "InvalidClusterSnapshotState",
            f"Cannot delete the snapshot {snapshot.identifier} while it is {snapshot.status}.",
        )
    if snapshot.shared:
        raise AwsError(
            "InvalidClusterSnapshotState",
            f"Cannot delete the snapshot {snapshot.identifier}: other accounts are authorized to restore it.",
        )
    told = {**call.rendered_snapshot(snapshot), "Status": "deleted"}
    forget_snapshot(call.place, snapshot, "deleted", call.now)
    return {"Snapshot": told}


def _shared(call: Call) -> Snapshot:
    params = call.params
    name = params.get("SnapshotIdentifier") or str(params.get("SnapshotArn", "")).rpartition("/")[2]
    return call.snapshot(name)


def authorize(call: Call) -> dict[str, Any]:
    """AuthorizeSnapshotAccess: another account may restore it."""
    snapshot, account = _shared(call), call.params["AccountWithRestoreAccess"]
    if account in snapshot.shared:
        raise AwsError("AuthorizationAlreadyExists", f"Account {account} may already restore the snapshot.")
    if len(snapshot.shared) >= _MOST_SHARED:
        raise AwsError("AuthorizationQuotaExceeded", "A snapshot can be shared with at most 20 accounts.")
    snapshot.shared.append(account)
    return {"Snapshot": call.rendered_snapshot(snapshot)}


def revoke(call: Call) -> dict[str, Any]:
    """RevokeSnapshotAccess."""
    snapshot, account = _shared(call), call.params["AccountWithRestoreAccess"]
    if account not in snapshot.shared:
        raise AwsError("AuthorizationNotFound", f"Account {account} may not restore the snapshot anyway.")
    snapshot.shared.remove(account)
    return {"Snapshot": call.rendered_snapshot(snapshot)}
