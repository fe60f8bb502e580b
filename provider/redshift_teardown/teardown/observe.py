"""One look at AWS: the cluster, its snapshots where the next step depends on them, its new name if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from redshift_teardown.teardown.model import Observation
from redshift_teardown.teardown.statuses import Standing, standing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from redshift_teardown.teardown.identity import Identity
    from redshift_teardown.teardown.model import ClusterView, SnapshotView


class Source(Protocol):
    """Where looks come from: each teardown's own calls, or a watch that many share."""

    def cluster(self, identifier: str) -> ClusterView | None:
        """Look at one cluster; None where AWS says ClusterNotFound."""

    def clusters(self) -> Iterable[ClusterView]:
        """Look at every cluster of the account and region."""

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots under a cluster identifier, of any generation."""


def look(source: Source, identity: Identity, at: datetime) -> Observation:
    """Look once.

    Args:
        source: Who asks AWS.
        identity: The generation meant.
        at: The time of the look, on the runner's clock.

    """
    cluster = source.cluster(identity.cluster_identifier)
    if cluster is not None and (
        standing(cluster.status) is Standing.BUSY or not identity.is_generation_of(cluster)
    ):
        return Observation(at, cluster)
    snapshots = source.snapshots(identity.cluster_identifier)
    renamed_to = _new_name(source, identity) if cluster is None else None
    return Observation(at, cluster, snapshots, renamed_to)


def _new_name(source: Source, identity: Identity) -> str | None:
    if not identity.cluster_namespace_arn:
        return None
    for cluster in source.clusters():
        if cluster.namespace_arn == identity.cluster_namespace_arn:
            return cluster.identifier
    return None
