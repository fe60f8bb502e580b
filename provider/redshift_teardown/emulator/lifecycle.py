"""How long things take, and where AWS's behaviour is not known for sure, which way it goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Behaviour", "Lifecycle", "Phases"]


@dataclass(frozen=True)
class Phases:
    """Seconds that each phase lasts (divided by a real clock's speed), and the size of a snapshot in MB."""

    creating: float = 180.0
    modifying: float = 60.0
    resizing: float = 600.0
    rebooting: float = 60.0
    renaming: float = 60.0
    pausing: float = 120.0
    resuming: float = 180.0
    final_snapshot: float = 300.0
    manual_snapshot: float = 120.0
    deleting: float = 60.0
    restoring: float = 240.0
    snapshot_megabytes: float = 51_200.0


@dataclass(frozen=True)
class Behaviour:
    """Switches for what AWS does not document, each set to what is likeliest.

    Attributes:
        delete_paused: a paused cluster may be deleted, with a final snapshot too. AWS's newer message
            counts PAUSED among the deletable lifecycles; people have reported the contrary.
        final_snapshot_status: what a final snapshot is called while it runs; ``creating`` or
            ``final snapshot``, both of which AWS's documentation names.
        tag_unfinished_snapshots: CreateTags works on a snapshot that is still being taken.
        unknown_cluster_has_snapshots: DescribeClusterSnapshots of a cluster nobody ever heard of answers
            an empty list; False answers ``ClusterNotFound``.
        allow_unencrypted: CreateCluster takes ``Encrypted=false``, as it did until 2025.
        automated_snapshots: a cluster that becomes available gets an automated snapshot.
        keeps_create_time: ClusterCreateTime survives a classic resize and a resume.
        snapshots_tell_create_time: DescribeClusterSnapshots tells the ClusterCreateTime of each snapshot.
        cluster_listing_lag_seconds: for so long DescribeClusters does not show a new cluster, as while AWS's
            copies catch up. Like a phase, divided by a real clock's speed; so is the next.
        clusters_stale_until: until this time DescribeClusters answers from a copy that fell behind, and shows
            no cluster; so do the snapshots' listings until the next.
        snapshot_listing_lag_seconds: for so long DescribeClusterSnapshots does not show a snapshot that was
            begun, nor, once its cluster is gone, one that it had shown.
    """

    delete_paused: bool = True
    final_snapshot_status: str = "creating"
    tag_unfinished_snapshots: bool = True
    unknown_cluster_has_snapshots: bool = True
    allow_unencrypted: bool = False
    automated_snapshots: bool = True
    keeps_create_time: bool = True
    snapshots_tell_create_time: bool = True
    cluster_listing_lag_seconds: float = 0.0
    clusters_stale_until: float = 0.0
    snapshots_stale_until: float = 0.0
    snapshot_listing_lag_seconds: float = 0.0


@dataclass
class Lifecycle:
    """Phases for all clusters, and for some of them others. Keys are ``account/region/identifier``."""

    phases: Phases = field(default_factory=Phases)
    of_cluster: dict[str, dict[str, float]] = field(default_factory=dict)

    def of(self, key: str) -> Phases:
        """The phases of one cluster."""
        own = self.of_cluster.get(key)
        return replace(self.phases, **own) if own else self.phases

    @staticmethod
    def from_json(data: dict[str, Any]) -> Lifecycle:
        """What stands in the state file."""
        return Lifecycle(Phases(**data["phases"]), data["of_cluster"])
