"""DescribeClusters and DeleteCluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError, combination
from redshift_teardown.emulator.redshift.call import listing, page
from redshift_teardown.emulator.redshift.state import (
    Activity,
    Cluster,
    Snapshot,
)
from redshift_teardown.emulator.redshift.transitions import begin

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.call import Call

__all__ = ["delete", "describe", "new_snapshot"]

DELETABLE_LIFECYCLES = (
    "You can only delete clusters with ACTIVE, INCOMPATIBLE_HSM, INSUFFICIENT_VPCE, HARDWARE_FAILURE, "
    "INCOMPATIBLE_NETWORK, PAUSED, INACCESSIBLE_KMS_KEY, INSUFFICIENT_CAPACITY, INCOMPATIBLE_RESTORE "
    "lifecycles."
)
OPERATION_RUNNING = "There is an operation running on the Cluster. Please try to delete it at a later time."
_DELETABLE = frozenset(
    {
        "available",
        "available, prep-for-resize",
        "available, resize-cleanup",
        "hardware-failure",
        "inaccessible-kms-key",
        "incompatible-hsm",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "storage-full",
    }
)
_RUNNING = frozenset(
    {
        "modifying",
        "resizing",
        "rebooting",
        "renaming",
        "pausing",
        "resuming",
        "rotating-keys",
        "cancelling-resize",
    }
)
_LAKEHOUSE_ENDED = frozenset({"", "deregistered", "notregistered", "failed"})


def describe(call: Call) -> dict[str, Any]:
    """DescribeClusters."""
    params, place = call.params, call.place
    name = params.get("ClusterIdentifier")
    if name is not None and params.get("Marker"):
        raise combination(
            "You can specify either the ClusterIdentifier parameter or the Marker parameter, but not both.",
        )
    found = [
        place.clusters[key]
        for key in sorted(place.clusters)
        if (name is None or key == name.lower()) and not _lags(call, place.clusters[key])
    ]
    if name is not None:
        page([], params)
        if not found:
            raise AwsError("ClusterNotFound", f"Cluster {name} not found.")
    return listing(call, "Clusters", found, call.rendered)


def _lags(call: Call, cluster: Cluster) -> bool:
    """Whether DescribeClusters does not show a cluster yet."""
    began = call.place.generations[cluster.namespace].created
    behaviour = call.world.behaviour
    stale = call.now < behaviour.clusters_stale_until
    return stale or call.lags(began, behaviour.cluster_listing_lag_seconds)


def delete(call: Call) -> dict[str, Any]:
    """DeleteCluster: a final snapshot is the default, and leaving it out must be said."""
    params = call.params
    skip = params.get("SkipFinalClusterSnapshot", False)
    wanted = params.get("FinalClusterSnapshotIdentifier")
    if skip and wanted is not None:
        raise combination(
            "FinalClusterSnapshotIdentifier must not be specified when SkipFinalClusterSnapshot is true.",
        )
    if not skip and wanted is None:
        raise combination(
            "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified.",
        )
    retention = validation.manual_retention(
        params.get("FinalClusterSnapshotRetentionPeriod", -1), "FinalClusterSnapshotRetentionPeriod"
    )
    if wanted is not None:
        wanted = validation.identifier(wanted, "FinalClusterSnapshotIdentifier")
    cluster = call.cluster()
    _check_deletable(call, cluster)
    generation = call.place.generations[cluster.namespace]
    if wanted is None:
        generation.ended_by = "skip"
        call.place.note(cluster, call.now, "delete accepted without a final snapshot")
        call.begin(cluster, "deleting")
        return call.told(cluster)
    outcome = cluster.next_final
    duration = None if outcome == "stuck" else call.world.clock.scaled(call.phases(cluster).final_snapshot)
    snapshot = new_snapshot(call, cluster, wanted, retention, {}, duration)
    snapshot.final = True
    cluster.next_final = ""
    generation.ended_by = "snapshot"
    generation.final_snapshots.append({"snapshot": wanted, "status": "creating", "at": call.now})
    call.place.note(cluster, call.now, f"delete accepted with the final snapshot {wanted}")
    ends = None if duration is None else call.now + duration
    begin(cluster, Activity("final-snapshot", call.now, ends, snapshot=wanted, outcome=outcome))
    return call.told(cluster)


def _check_deletable(call: Call, cluster: Cluster) -> None:
    if cluster.delete_error:
        raise AwsError(cluster.delete_error[0], cluster.delete_error[1])
    status = cluster.shown_status
    if cluster.lakehouse.lower().replace("_", "").replace("-", "") not in _LAKEHOUSE_ENDED:
        raise AwsError(
            "InvalidClusterState",
            f"The cluster {cluster.identifier} has an active lakehouse registration and cannot be deleted. "
            "Deregister it first.",
        )
    if status in _DELETABLE or (status == "paused" and call.world.behaviour.delete_paused):
        return
    raise AwsError("InvalidClusterState", OPERATION_RUNNING if status in _RUNNING else DELETABLE_LIFECYCLES)


def new_snapshot(
    call: Call,
    cluster: Cluster,
    identifier: str,
    retention: int,
    tags: dict[str, str],
    duration: float | None,
) -> Snapshot:
    """Begin a manual snapshot. It has no tags but those given: a cluster's are not inherited.

    Raises:
        AwsError: ``ClusterSnapshotAlreadyExists`` or ``ClusterSnapshotQuotaExceeded``.
    """
    place = call.place
    if identifier in place.snapshots:
        raise AwsError(
            "ClusterSnapshotAlreadyExists",
            f"Cannot create the snapshot because a snapshot with the identifier {identifier} already exists",
        )
    manual = sum(each.kind == "manual" for each in place.snapshots.values())
    if place.snapshot_quota is not None and manual >= place.snapshot_quota:
        raise AwsError(
            "ClusterSnapshotQuotaExceeded",
            f"The request would result in the user exceeding the allowed number of {place.snapshot_quota} "
            "cluster snapshots.",
        )
    place.generations[cluster.namespace].snapshots.append(identifier)
    return place.take(
        cluster,
        identifier,
        call.now,
        kind="manual",
        duration=duration,
        megabytes=call.phases(cluster).snapshot_megabytes,
        retention=retention,
        tags=tags,
    )
