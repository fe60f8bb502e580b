"""One poll of AWS: the cluster, its snapshots where the next step depends on them, its new name if any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.errors import TeardownError
from redshift_teardown.teardown.model import Observation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView, SnapshotView

TRIES = 3
"""How often a look begins anew where AWS's answers contradict each other."""


class Observer(Protocol):
    """Where looks come from: each teardown's own calls, or a watch that many share."""

    def cluster(self, identifier: str) -> ClusterView | None:
        """Look at one cluster; None where AWS says ClusterNotFound."""

    def clusters(self) -> Iterable[ClusterView]:
        """Look at every cluster of the account and region."""

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots under a cluster identifier, of any generation."""

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Look at the manual snapshots under a cluster identifier, and after that at its cluster."""


def observe(
    source: Observer, identity: Identity, at: datetime, *, alive: bool = False, beside_busy: bool = False
) -> Observation:
    """Look once.

    A cluster is shown as deletable only where it was so after its snapshots were asked for: what is seen
    beside it is older than its last writes. Between two calls another teardown may have ended, and its
    proof must not be taken for such a one. A cluster that is ending or gone is asked for before its
    snapshots, since what is seen beside it may be its proof.

    Args:
        source: Who asks AWS.
        identity: The generation meant.
        at: The time of the look, on the runner's clock.
        alive: Whether it is likely to be deletable. Where it is, that saves a call.
        beside_busy: Whether the snapshots of a cluster that is busy are looked at, too.

    Raises:
        UnreachableError: AWS's answers contradict each other, or there are none.

    """
    identifier = identity.cluster_identifier
    if alive:
        snapshots, cluster = source.snapshots_then_cluster(identifier)
        if _is_deletable(cluster, identity):
            return Observation(at, cluster, snapshots)
    else:
        cluster = source.cluster(identifier)
    for _ in range(TRIES):
        if not _is_deletable(cluster, identity):
            seen = _beside(source, identity, at, cluster, busy=beside_busy)
            if not _is_deletable(seen.cluster, identity):
                return seen
        snapshots, cluster = source.snapshots_then_cluster(identifier)
        if _is_deletable(cluster, identity):
            return Observation(at, cluster, snapshots)
    words = f"its answers about cluster {identifier} differ: it is there in one and not in another"
    error = TeardownError(f"AWS cannot be relied on now: {words}", next_step="run the command again")
    raise UnreachableError(error, words=words)


def _is_deletable(cluster: ClusterView | None, identity: Identity) -> bool:
    return (
        cluster is not None
        and identity.is_generation_of(cluster)
        and phase(cluster.status) is Phase.DELETABLE
    )


def _beside(
    source: Observer, identity: Identity, at: datetime, cluster: ClusterView | None, *, busy: bool
) -> Observation:
    """Look at what there is beside a cluster that was just looked at."""
    renamed = None
    if cluster is None or not identity.is_generation_of(cluster):
        found = _by_namespace(source, identity)
        if found is not None and found.identifier == identity.cluster_identifier:
            # The two answers differ, as they do while AWS's own copies catch up: alive is the safe one.
            cluster = found
        elif found is not None:
            renamed = found
    if (
        cluster is not None
        and identity.is_generation_of(cluster)
        and phase(cluster.status) is Phase.BUSY
        and not busy
    ):
        return Observation(at, cluster)
    return Observation(at, cluster, source.snapshots(identity.cluster_identifier), renamed)


def _by_namespace(source: Observer, identity: Identity) -> ClusterView | None:
    """Find the generation under whatever identifier."""
    if not identity.cluster_namespace_arn:
        return None
    return next(
        (each for each in source.clusters() if each.namespace_arn == identity.cluster_namespace_arn), None
    )
