"""What Redshift knows in one account and region. Plain data: times are seconds since the epoch, in UTC.

Beside clusters and snapshots there is a ledger of generations, which forgets nothing: each life of a
cluster identifier with its data marker, its snapshots and its end. Tests check their invariants on it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "OUTLIVED",
    "Activity",
    "Cluster",
    "Generation",
    "Overlay",
    "ParameterGroup",
    "Realm",
    "Snapshot",
    "SubnetGroup",
]

_NAMESPACE = uuid.UUID("8c2bd0a6-30b4-4b52-9a5f-6f7f3f0f7e11")
DEFAULT_PARAMETER_GROUP = "default.redshift-1.0"
DEFAULT_SUBNET_GROUP = "default"
OUTLIVED = "outlived"
"""What the ledger calls a final snapshot that is available, and whose cluster came back to life after it."""


@dataclass
class Activity:
    """What a cluster is doing, and until when; `ends` None is forever."""

    kind: str
    started: float
    ends: float | None
    changes: dict[str, Any] = field(default_factory=dict)
    snapshot: str = ""
    outcome: str = ""


@dataclass
class Overlay:
    """A status shown in place of the real one, while the cluster stands still; `until` None is forever."""

    status: str
    since: float
    until: float | None


@dataclass
class Cluster:
    """One cluster. `settings` holds what CreateCluster and ModifyCluster set, by AWS's own names."""

    identifier: str
    namespace: str
    created: float
    settings: dict[str, Any]
    tags: dict[str, str]
    status: str = "creating"
    activity: Activity | None = None
    overlay: Overlay | None = None
    born: bool = False
    roles: dict[str, float] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    pending_due: float | None = None
    parameters_in_sync: bool = True
    password_digest: str = ""
    restored: dict[str, Any] | None = None
    deferred: list[dict[str, Any]] = field(default_factory=list)
    availability_status: str = ""
    lakehouse: str = ""
    delete_error: list[str] | None = None
    next_final: str = ""

    @property
    def shown_status(self) -> str:
        """The status as a client sees it."""
        return self.overlay.status if self.overlay else self.status


@dataclass
class Snapshot:
    """One snapshot, with the settings and the data marker its cluster had when it was begun."""

    identifier: str
    cluster: str
    namespace: str
    kind: str
    created: float
    duration: float | None
    megabytes: float
    retention: int
    owner: str
    cluster_created: float
    settings: dict[str, Any]
    marker: str
    status: str = "creating"
    final: bool = False
    outcome: str = "available"
    retention_started: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    shared: list[str] = field(default_factory=list)
    password_digest: str = ""


@dataclass
class Generation:
    """One life of a cluster identifier, kept after its end.

    Attributes:
        namespace: the id that tells generations apart (the end of ClusterNamespaceArn).
        identifiers: the names it bore, oldest first.
        marker: stands for the data; a snapshot carries it and a restore brings it back.
        ended_by: ``snapshot`` or ``skip``, as the DeleteCluster that was accepted said; ``outside`` when it
            was removed through the control API; empty while it lives.
        final_snapshots: ``{"snapshot", "status", "at"}`` of each final snapshot begun, with how it ended;
            ``outlived`` where the deletion was given up after it was available.
        lost_without_snapshot: it is gone, and no final snapshot that it did not outlive was available.
        history: ``[time, what happened]``.
    """

    namespace: str
    identifiers: list[str]
    created: float
    marker: str
    restored_from: str = ""
    deleted: float | None = None
    ended_by: str = ""
    final_snapshots: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    lost_without_snapshot: bool = False
    history: list[list[Any]] = field(default_factory=list)


@dataclass
class ParameterGroup:
    """A cluster parameter group."""

    name: str
    family: str
    description: str
    tags: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class SubnetGroup:
    """A cluster subnet group; `subnets` are pairs of id and availability zone."""

    name: str
    description: str
    vpc: str
    subnets: list[list[str]]
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Realm:
    """All of Redshift in one account and region."""

    account: str
    region: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    generations: dict[str, Generation] = field(default_factory=dict)
    parameter_groups: dict[str, ParameterGroup] = field(default_factory=dict)
    subnet_groups: dict[str, SubnetGroup] = field(default_factory=dict)
    gone_snapshots: list[dict[str, Any]] = field(default_factory=list)
    snapshot_quota: int | None = None
    counter: int = 0

    @staticmethod
    def new(account: str, region: str) -> Realm:
        """An account's region as AWS hands it over: a default VPC and default groups, nothing else."""
        place = Realm(account, region)
        place.parameter_groups[DEFAULT_PARAMETER_GROUP] = ParameterGroup(
            DEFAULT_PARAMETER_GROUP, "redshift-1.0", "Default parameter group for redshift-1.0"
        )
        place.subnet_groups[DEFAULT_SUBNET_GROUP] = SubnetGroup(
            DEFAULT_SUBNET_GROUP,
            "default",
            place.fixed_id("vpc"),
            [[place.fixed_id(f"subnet-{zone}", "subnet"), f"{region}{zone}"] for zone in "abc"],
        )
        return place

    @property
    def key(self) -> str:
        """``account/region``."""
        return f"{self.account}/{self.region}"

    def lifecycle_key(self, identifier: str) -> str:
        """What `Lifecycle` calls a cluster of this place."""
        return f"{self.key}/{identifier}"

    def fresh_uuid(self) -> str:
        """A new id; the same sequence in every run."""
        self.counter += 1
        return str(uuid.uuid5(_NAMESPACE, f"{self.key}/{self.counter}"))

    def fixed_uuid(self, what: str) -> str:
        """An id that depends on nothing but the place and the name."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.key}/{what}"))

    def fixed_id(self, what: str, prefix: str | None = None) -> str:
        """The same, in the shape of an EC2 id."""
        return f"{prefix or what}-{uuid.uuid5(_NAMESPACE, f'{self.key}/{what}').hex[:17]}"

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a Redshift resource in this place."""
        return f"arn:aws:redshift:{self.region}:{self.account}:{kind}:{name}"

    def snapshot_arn(self, snapshot: Snapshot) -> str:
        """The ARN of a snapshot, which names its cluster too."""
        return self.arn("snapshot", f"{snapshot.cluster}/{snapshot.identifier}")

    def name_taken(self, identifier: str) -> bool:
        """Whether a cluster has this name, or is about to be renamed to it."""
        return identifier in self.clusters or any(
            each.activity is not None and each.activity.changes.get("ClusterIdentifier") == identifier
            for each in self.clusters.values()
        )

    def take(self, cluster: Cluster, identifier: str, at: float, **more: Any) -> Snapshot:
        """Begin a snapshot of a cluster, with the settings and the data marker it has now."""
        snapshot = self.snapshots[identifier] = Snapshot(
            identifier=identifier,
            cluster=cluster.identifier,
            namespace=cluster.namespace,
            created=at,
            retention_started=at,
            owner=self.account,
            cluster_created=cluster.created,
            settings=dict(cluster.settings),
            marker=self.generations[cluster.namespace].marker,
            password_digest=cluster.password_digest,
            **more,
        )
        return snapshot

    def note(self, cluster: Cluster, at: float, what: str) -> None:
        """Write a line of the generation's history."""
        self.generations[cluster.namespace].history.append([at, what])

    def rename_generation(self, cluster: Cluster, namespace: str) -> None:
        """Give a cluster, its generation and its snapshots another id."""
        generation = self.generations.pop(cluster.namespace)
        for snapshot in self.snapshots.values():
            if snapshot.namespace == cluster.namespace:
                snapshot.namespace = namespace
        cluster.namespace = generation.namespace = namespace
        self.generations[namespace] = generation

    @staticmethod
    def from_json(data: dict[str, Any]) -> Realm:
        """What stands in the state file, which holds the `vars` of everything."""
        made = {
            name: {key: make(**value) for key, value in data[name].items()} for name, make in _KEPT.items()
        }
        return Realm(**{**data, **made})


def _cluster(**data: Any) -> Cluster:
    activity, overlay = data.pop("activity"), data.pop("overlay")
    return Cluster(
        activity=Activity(**activity) if activity else None,
        overlay=Overlay(**overlay) if overlay else None,
        **data,
    )


_KEPT: dict[str, Callable[..., Any]] = {
    "clusters": _cluster,
    "generations": Generation,
    "parameter_groups": ParameterGroup,
    "snapshots": Snapshot,
    "subnet_groups": SubnetGroup,
}
