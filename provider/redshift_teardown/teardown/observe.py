"""One look at AWS: the cluster, its snapshots where the next step depends on them, its new name if any."""

from __future__ import annotations

from dataclasses import replace
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

    A cluster is shown as deletable only where it was so before and after its snapshots were asked for:
    what is seen beside it is older than its last writes. Between two calls another teardown may have
    ended, and its proof must not be taken for such a one.

    Args:
        source: Who asks AWS.
        identity: The generation meant.
        at: The time of the look, on the runner's clock.

    """
    while True:
        seen = _look(source, identity, at)
        if not _is_deletable(seen.cluster, identity):
            return seen
        again = source.cluster(identity.cluster_identifier)
        if _is_deletable(again, identity):
            return replace(seen, cluster=again)


def _is_deletable(cluster: ClusterView | None, identity: Identity) -> bool:
    return (
        cluster is not None
        and identity.is_generation_of(cluster)
        and standing(cluster.status) is Standing.DELETABLE
    )


def _look(source: Source, identity: Identity, at: datetime) -> Observation:
    cluster = source.cluster(identity.cluster_identifier)
    renamed_to = None
    if cluster is None or not identity.is_generation_of(cluster):
        found = _by_namespace(source, identity)
        if found is not None and found.identifier == identity.cluster_identifier:
            # The two answers differ, as they do while AWS's own copies catch up: alive is the safe one.
            cluster = found
        elif found is not None:
            renamed_to = found.identifier
    if cluster is not None and not identity.is_generation_of(cluster):
        return Observation(at, cluster, renamed_to=renamed_to)
    if cluster is not None and standing(cluster.status) is Standing.BUSY:
        return Observation(at, cluster)
    return Observation(at, cluster, source.snapshots(identity.cluster_identifier), renamed_to)


def _by_namespace(source: Source, identity: Identity) -> ClusterView | None:
    """Find the generation under whatever identifier."""
    if not identity.cluster_namespace_arn:
        return None
    return next(
        (each for each in source.clusters() if each.namespace_arn == identity.cluster_namespace_arn), None
    )
