"""One call of a client, as the operations see it, and what several of them need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from redshift_teardown.emulator.errors import AwsError, invalid
from redshift_teardown.emulator.redshift.render import render_cluster, render_snapshot
from redshift_teardown.emulator.redshift.state import Activity
from redshift_teardown.emulator.redshift.transitions import begin
from redshift_teardown.emulator.validation import max_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redshift_teardown.emulator.lifecycle import Phases
    from redshift_teardown.emulator.redshift.state import Cluster, Realm, Snapshot
    from redshift_teardown.emulator.world import World

__all__ = ["Call", "listing", "matches_tags", "page"]

T = TypeVar("T")


class Tagged(Protocol):
    """What has tags."""

    tags: dict[str, str]


@dataclass(frozen=True)
class Call:
    """A call: where it was made, with what, and at which time."""

    world: World
    place: Realm
    params: dict[str, Any]
    now: float

    def cluster(self) -> Cluster:
        """The cluster it names.

        Raises:
            AwsError: ``ClusterNotFound`` 404.
        """
        name = str(self.params["ClusterIdentifier"])
        cluster = self.place.clusters.get(name.lower())
        if cluster is None:
            raise AwsError("ClusterNotFound", f"Cluster {name} not found.")
        return cluster

    def lags(self, since: float | None, seconds: float) -> bool:
        """Whether something that happened at a time is too new to be listed."""
        return since is not None and self.now < since + self.world.clock.scaled(seconds)

    def snapshot(self, name: str) -> Snapshot:
        """A snapshot by its identifier.

        Raises:
            AwsError: ``ClusterSnapshotNotFound`` 404.
        """
        snapshot = self.place.snapshots.get(name.lower())
        if snapshot is None:
            raise AwsError("ClusterSnapshotNotFound", f"Snapshot {name} not found.")
        return snapshot

    def phases(self, cluster: Cluster) -> Phases:
        """How long things take for a cluster."""
        return self.world.lifecycle.of(self.place.lifecycle_key(cluster.identifier))

    def lasting(self, seconds: float) -> float:
        """When something ends that begins now."""
        return self.now + self.world.clock.scaled(seconds)

    def begin(self, cluster: Cluster, kind: str, **activity: Any) -> None:
        """Let a cluster start something that lasts as long as the phase of that name."""
        ends = self.lasting(getattr(self.phases(cluster), kind))
        begin(cluster, Activity(kind, self.now, ends, **activity))

    def told(self, cluster: Cluster) -> dict[str, Any]:
        """The answer that holds one cluster."""
        return {"Cluster": self.rendered(cluster)}

    def rendered(self, cluster: Cluster) -> dict[str, Any]:
        """A cluster as it is now."""
        modifying = self.world.clock.scaled(self.phases(cluster).modifying)
        return render_cluster(self.place, cluster, self.now, modifying)

    def rendered_snapshot(self, snapshot: Snapshot) -> dict[str, Any]:
        """A snapshot as it is now."""
        behaviour = self.world.behaviour
        told = render_snapshot(self.place, snapshot, self.now, behaviour.final_snapshot_status)
        if not behaviour.snapshots_tell_create_time:
            del told["ClusterCreateTime"]
        return told


def matches_tags(tags: dict[str, str], params: dict[str, Any]) -> bool:
    """Whether a resource has one of the keys or values asked for; both together must meet in one tag."""
    keys, values = params.get("TagKeys"), params.get("TagValues")
    if not keys and not values:
        return True
    return any((not keys or key in keys) and (not values or value in values) for key, value in tags.items())


def listing(
    call: Call, name: str, found: Iterable[Tagged], tell: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """The page asked for of what was found, as far as it has the tags asked for.

    Args:
        call: who asks.
        name: what the answer calls its list.
        found: all there is.
        tell: one of them, as the answer tells it.
    """
    shown, marker = page([each for each in found if matches_tags(each.tags, call.params)], call.params)
    return {name: [tell(each) for each in shown], "Marker": marker}


def page(items: Sequence[T], params: dict[str, Any]) -> tuple[Sequence[T], str | None]:
    """The page asked for, and the marker of the next one.

    Raises:
        AwsError: ``InvalidParameterValue``, for a page size outside 20..100 and a marker we never gave.
    """
    size = max_records(params.get("MaxRecords"))
    marker = params.get("Marker") or "at-0"
    prefix, _, number = str(marker).rpartition("-")
    if prefix != "at" or not number.isdigit():
        raise invalid(f"Invalid marker: {marker}")
    start = int(number)
    end = start + size
    return items[start:end], f"at-{end}" if end < len(items) else None
