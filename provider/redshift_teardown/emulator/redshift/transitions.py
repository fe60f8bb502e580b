"""What happens by itself: phases that end, snapshots that finish or expire.

`settle` brings a place to a given time. It is called before every request and every poll through the
control API; there is nothing running in between.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from redshift_teardown.emulator.redshift.state import OUTLIVED, Activity

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.state import Cluster, Realm, Snapshot
    from redshift_teardown.emulator.world import World

__all__ = [
    "DAY",
    "DELETION",
    "begin",
    "forget_snapshot",
    "give_up_deletion",
    "remove_cluster",
    "settle",
    "thaw",
]


DAY = 86_400.0
DELETION = frozenset({"deleting", "final-snapshot"})
"""What a cluster that is being deleted is doing."""
_SHOWN = {"restoring": "creating"}
_NEW_CREATE_TIME = frozenset({"resizing", "resuming"})


def begin(cluster: Cluster, activity: Activity) -> None:
    """Start doing something; an injected status ends here."""
    cluster.overlay = None
    cluster.activity = activity
    cluster.status = _SHOWN.get(activity.kind, activity.kind)


def thaw(cluster: Cluster, now: float) -> None:
    """Take an injected status away; what the cluster was doing goes on where it stood."""
    overlay = cluster.overlay
    if overlay is None:
        return
    cluster.overlay = None
    if cluster.activity and cluster.activity.ends is not None:
        cluster.activity.ends += (now if overlay.until is None else min(now, overlay.until)) - overlay.since


def settle(world: World, place: Realm) -> None:
    """Bring a place to the present."""
    now = world.now()
    for cluster in list(place.clusters.values()):
        _settle_cluster(world, place, cluster, now)
    for snapshot in list(place.snapshots.values()):
        if snapshot.status == "creating":
            done = None if snapshot.duration is None else snapshot.created + snapshot.duration
            if not snapshot.final and done is not None and done <= now:
                snapshot.status = snapshot.outcome
        elif snapshot.retention > 0 and snapshot.retention_started + snapshot.retention * DAY <= now:
            forget_snapshot(place, snapshot, "expired", now)


def _settle_cluster(world: World, place: Realm, cluster: Cluster, now: float) -> None:
    overlay = cluster.overlay
    if overlay is not None:
        if overlay.until is None or now < overlay.until:
            return
        thaw(cluster, now)
    while (activity := cluster.activity) and activity.ends is not None and activity.ends <= now:
        _finish(world, place, cluster, activity, activity.ends)
    if cluster.pending_due is not None and cluster.pending_due <= now:
        cluster.settings.update(cluster.pending)
        cluster.pending, cluster.pending_due = {}, None


def _finish(world: World, place: Realm, cluster: Cluster, activity: Activity, at: float) -> None:
    cluster.activity = None
    phases, behaviour = world.lifecycle.of(place.lifecycle_key(cluster.identifier)), world.behaviour
    if activity.kind == "deleting":
        remove_cluster(place, cluster, at)
        return
    if activity.kind == "final-snapshot":
        _finish_final(place, cluster, activity, at, world.clock.scaled(phases.deleting))
        return
    _apply(place, cluster, activity)
    cluster.status = "paused" if activity.kind == "pausing" else "available"
    place.note(cluster, at, cluster.status)
    if activity.kind in _NEW_CREATE_TIME and not behaviour.keeps_create_time:
        cluster.created = at
    if cluster.status == "available" and not cluster.born:
        cluster.born = True
        if behaviour.automated_snapshots and cluster.settings["AutomatedSnapshotRetentionPeriod"]:
            _automated_snapshot(place, cluster, at, phases.snapshot_megabytes)


def _apply(place: Realm, cluster: Cluster, activity: Activity) -> None:
    changes = dict(activity.changes)
    name = changes.pop("ClusterIdentifier", None)
    changes.pop("resize_type", None)
    digest = changes.pop("password_digest", None)
    if digest is not None:
        cluster.password_digest = digest
    if activity.kind == "rebooting":
        cluster.parameters_in_sync = True
    cluster.settings.update(changes)
    if name is not None:
        del place.clusters[cluster.identifier]
        for snapshot in place.snapshots.values():
            if snapshot.namespace == cluster.namespace:
                snapshot.cluster = name
        cluster.identifier = name
        place.clusters[name] = cluster
        place.generations[cluster.namespace].identifiers.append(name)


def _finish_final(place: Realm, cluster: Cluster, activity: Activity, at: float, deleting: float) -> None:
    failed = activity.outcome in ("cluster-returns", "cluster-gone")
    snapshot = place.snapshots.get(activity.snapshot)
    status = "failed" if failed else "available"
    if snapshot is not None:
        snapshot.status = status
        snapshot.duration = at - snapshot.created
    else:
        status = "deleted"
    place.generations[cluster.namespace].final_snapshots[-1]["status"] = status
    place.note(cluster, at, f"final snapshot {activity.snapshot} {status}")
    if activity.outcome == "cluster-returns":
        cluster.status = "available"
        return
    begin(cluster, Activity("deleting", at, at + deleting))
    if activity.outcome == "cluster-returns-after-snapshot":
        give_up_deletion(place, cluster, at)


def give_up_deletion(place: Realm, cluster: Cluster, at: float) -> None:
    """A deletion that is under way comes to nothing: the cluster is available, and is written to again."""
    activity = cluster.activity
    cluster.activity, cluster.overlay, cluster.status = None, None, "available"
    generation = place.generations[cluster.namespace]
    snapshot = place.snapshots.get(activity.snapshot) if activity else None
    if snapshot is not None:
        snapshot.status = "failed"
        snapshot.duration = at - snapshot.created
        generation.final_snapshots[-1]["status"] = "failed"
    for each in generation.final_snapshots:
        if each["status"] == "available":
            each["status"] = OUTLIVED
    place.note(cluster, at, "the deletion was given up")


def remove_cluster(place: Realm, cluster: Cluster, at: float) -> None:
    """The cluster is gone: automated snapshots go with it, the ledger is closed."""
    del place.clusters[cluster.identifier]
    generation = place.generations[cluster.namespace]
    generation.deleted = at
    generation.lost_without_snapshot = not any(
        each["status"] == "available" for each in generation.final_snapshots
    )
    place.note(cluster, at, "gone")
    for snapshot in list(place.snapshots.values()):
        if snapshot.kind == "automated" and snapshot.namespace == cluster.namespace:
            forget_snapshot(place, snapshot, "deleted with its cluster", at)


def forget_snapshot(place: Realm, snapshot: Snapshot, why: str, at: float) -> None:
    """Remove a snapshot and remember that it was there."""
    del place.snapshots[snapshot.identifier]
    place.gone_snapshots.append(
        {
            "snapshot": snapshot.identifier,
            "cluster": snapshot.cluster,
            "namespace": snapshot.namespace,
            "type": snapshot.kind,
            "final": snapshot.final,
            "status": snapshot.status,
            "why": why,
            "at": at,
        }
    )


def _automated_snapshot(place: Realm, cluster: Cluster, at: float, megabytes: float) -> None:
    stamp = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d-%H-%M-%S")
    identifier = f"rs:{cluster.identifier}-{stamp}"
    while identifier in place.snapshots:
        identifier = f"{identifier}-{uuid.uuid5(uuid.NAMESPACE_OID, identifier).hex[:4]}"
    place.take(
        cluster,
        identifier,
        at,
        kind="automated",
        duration=0.0,
        megabytes=megabytes,
        retention=cluster.settings["AutomatedSnapshotRetentionPeriod"],
        status="available",
    )
