"""The control API's server side: what a test may do to the emulator that AWS would not let it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT
from redshift_teardown.emulator.control_checks import check_settings, time_of
from redshift_teardown.emulator.door import END_OF_TIME, bound
from redshift_teardown.emulator.errors import ControlError
from redshift_teardown.emulator.faults import Fault
from redshift_teardown.emulator.redshift.births import key_arn
from redshift_teardown.emulator.redshift.state import Activity, Overlay, Snapshot
from redshift_teardown.emulator.redshift.transitions import (
    DELETION,
    forget_snapshot,
    give_up_deletion,
    remove_cluster,
    thaw,
)
from redshift_teardown.emulator.validation import new_tags

if TYPE_CHECKING:
    from redshift_teardown.emulator.calls import CallLog
    from redshift_teardown.emulator.faults import FaultBook
    from redshift_teardown.emulator.redshift.state import Cluster, Realm
    from redshift_teardown.emulator.world import World

__all__ = ["ControlApi"]

_OUTCOMES = ("cluster-returns", "cluster-returns-after-snapshot", "cluster-gone", "stuck")
_KINDS = ("manual", "automated")
_DEFAULT_REGION = "us-east-1"
_DAY = 86_400.0


class ControlApi:
    """The verbs under ``/_emulator/``. The caller holds the emulator's lock.

    Each public method but `perform` is a verb; its parameters are the fields of the JSON object sent.
    """

    READING: ClassVar = frozenset(
        {"calls", "clock", "faults", "marker", "places", "snapshot_marker", "state"}
    )

    def __init__(self, world: World, faults: FaultBook, log: CallLog) -> None:
        self._world = world
        self._faults = faults
        self._log = log

    def perform(self, verb: str, data: dict[str, Any]) -> Any:
        """Do what a request asks.

        Raises:
            ControlError: for an unknown verb, wrong fields, or what cannot be done.
        """
        method = None if verb.startswith("_") or verb == "perform" else getattr(type(self), verb, None)
        if not callable(method):
            raise ControlError(f"the control API has no {verb!r}")
        arguments = bound(verb, method, data)
        self._world.settle_all()
        return method(self, *arguments.args[1:], **arguments.kwargs)

    def _place(self, account: str | None, region: str | None) -> Realm:
        return self._world.place(account or DEFAULT_ACCOUNT, region or _DEFAULT_REGION)

    def _cluster(self, identifier: str, account: str | None, region: str | None) -> tuple[Realm, Cluster]:
        place = self._place(account, region)
        cluster = place.clusters.get(identifier)
        if cluster is None:
            raise ControlError(f"there is no cluster {identifier!r} in {place.key}")
        return place, cluster

    def _snapshot(self, snapshot_id: str, account: str | None, region: str | None) -> tuple[Realm, Snapshot]:
        place = self._place(account, region)
        snapshot = place.snapshots.get(snapshot_id)
        if snapshot is None:
            raise ControlError(f"there is no snapshot {snapshot_id!r} in {place.key}")
        return place, snapshot

    # --- faults and calls ----------------------------------------------------------------------

    def add_fault(self, **fault: Any) -> None:
        """Put a fault in force; its fields are those of `Fault`."""
        self._faults.add(Fault.new(fault), self._world.now())

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._faults.clear()

    def faults(self) -> list[dict[str, Any]]:
        """All faults, with how many calls each matched and struck."""
        return self._faults.listing()

    def calls(self) -> list[dict[str, Any]]:
        """The call log, oldest first."""
        return [each.to_json() for each in self._log.all()]

    def clear_calls(self) -> None:
        """Empty the call log."""
        self._log.clear()

    # --- time and habits -----------------------------------------------------------------------

    def clock(self) -> dict[str, Any]:
        """The time, and whether it moves by itself."""
        return {"now": self._world.now(), "virtual": self._world.clock.virtual}

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        if self._world.now() + seconds > END_OF_TIME:
            raise ControlError("the clock cannot go beyond the year 5000")
        self._world.clock.advance(seconds)

    def set_lifecycle(
        self,
        cluster_identifier: str | None = None,
        account: str | None = None,
        region: str | None = None,
        **phases: Any,
    ) -> None:
        """Say how long phases that begin from now on last: for all clusters, or for one."""
        key = None
        if cluster_identifier is not None:
            key = self._place(account, region).lifecycle_key(cluster_identifier)
        self._world.lifecycle.set(key, phases)

    def set_behaviour(self, **switches: Any) -> None:
        """Flip switches of `Behaviour`."""
        self._world.behave(switches)

    def set_snapshot_quota(
        self, quota: int | None, account: str | None = None, region: str | None = None
    ) -> None:
        """Say how many manual snapshots there may be; None for any number."""
        self._place(account, region).snapshot_quota = quota

    def reset(self) -> None:
        """Forget clusters, snapshots, ledger, faults, calls, phases and switches. The clock goes on."""
        self._world.reset()
        self._faults.clear()
        self._log.clear()

    # --- clusters ------------------------------------------------------------------------------

    def set_cluster(  # noqa: C901  # one field after the other, none with another
        self,
        identifier: str,
        account: str | None = None,
        region: str | None = None,
        *,
        status: str | None = None,
        seconds: float | None = None,
        availability_status: str | None = None,
        lakehouse_registration_status: str | None = None,
        create_time: float | str | None = None,
        namespace: str | None = None,
        tags: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        delete_error: list[str] | None = None,
    ) -> None:
        """Change what AWS shows of a cluster, behind its client's back.

        Args:
            identifier: which cluster.
            account: where.
            region: where.
            status: shown instead of the real one; meanwhile the cluster stands still. Empty takes an
                injected status away.
            seconds: how long that lasts, in seconds of the emulator's clock; None forever.
            availability_status: shown instead of the real one; empty takes it away.
            lakehouse_registration_status: with an active one the cluster cannot be deleted.
            create_time: another ClusterCreateTime, in seconds since the epoch or ISO 8601.
            namespace: another id at the end of ClusterNamespaceArn.
            tags: all its tags from now on.
            settings: arguments by AWS's names, e.g. ``{"NumberOfNodes": 4}``: drift.
            delete_error: ``[code, message]`` that every DeleteCluster gets; an empty list takes it away.
        """
        place, cluster = self._cluster(identifier, account, region)
        now = self._world.now()
        # All is checked before anything is changed.
        created = None if create_time is None else time_of(create_time)
        if namespace in {each.namespace for each in place.clusters.values()} - {cluster.namespace}:
            # Of one that is gone it may be: a restore may keep the namespace.
            raise ControlError(f"there is a generation {namespace!r} in {place.key} already")
        if settings is not None:
            check_settings(cluster, settings)
        if delete_error is not None and len(delete_error) not in (0, 2):
            raise ControlError("delete_error must be a code and a message, or an empty list")
        if status is not None:
            thaw(cluster, now)
            if status:
                cluster.overlay = Overlay(status, now, None if seconds is None else now + seconds)
        if availability_status is not None:
            cluster.availability_status = availability_status
        if lakehouse_registration_status is not None:
            cluster.lakehouse = lakehouse_registration_status
        if created is not None:
            cluster.created = created
        if namespace is not None:
            self._rename_generation(place, cluster, namespace)
        if tags is not None:
            cluster.tags = dict(tags)
        if settings is not None:
            cluster.settings.update(settings)
        if delete_error is not None:
            cluster.delete_error = list(delete_error) or None

    @staticmethod
    def _rename_generation(place: Realm, cluster: Cluster, namespace: str) -> None:
        generation = place.generations.pop(cluster.namespace)
        for snapshot in place.snapshots.values():
            if snapshot.namespace == cluster.namespace:
                snapshot.namespace = namespace
        cluster.namespace = generation.namespace = namespace
        place.generations[namespace] = generation

    def remove_cluster(self, identifier: str, account: str | None = None, region: str | None = None) -> None:
        """Make a cluster vanish at once, without a snapshot, as if somebody else had deleted it."""
        place, cluster = self._cluster(identifier, account, region)
        place.generations[cluster.namespace].ended_by = "outside"
        remove_cluster(place, cluster, self._world.now())

    def fail_next_snapshot(
        self,
        identifier: str,
        outcome: str = "cluster-returns",
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        """Make the next deletion of a cluster with a final snapshot go wrong, in one of four ways.

        ``cluster-returns``: the snapshot is `failed` and the cluster `available` again.
        ``cluster-returns-after-snapshot``: the snapshot is `available`, and then the cluster too, as if AWS
        had given the deletion up. ``cluster-gone``: the snapshot is `failed` and the cluster deleted.
        ``stuck``: both stay as they are forever.
        """
        if outcome not in _OUTCOMES:
            raise ControlError(f"outcome must be one of {', '.join(_OUTCOMES)}, not {outcome!r}")
        self._cluster(identifier, account, region)[1].next_final = outcome

    def give_up_deletion(
        self, identifier: str, account: str | None = None, region: str | None = None
    ) -> None:
        """Make AWS give up the deletion of a cluster that is under way, with or without a final snapshot.

        The cluster is `available` again. A final snapshot that is still being taken is `failed`; one that is
        `available` stays so.
        """
        place, cluster = self._cluster(identifier, account, region)
        if cluster.activity is None or cluster.activity.kind not in DELETION:
            raise ControlError(f"cluster {identifier!r} is not being deleted: it is {cluster.shown_status}")
        give_up_deletion(place, cluster, self._world.now())

    def marker(self, identifier: str, account: str | None = None, region: str | None = None) -> str:
        """The data marker of a cluster."""
        place, cluster = self._cluster(identifier, account, region)
        return place.generations[cluster.namespace].marker

    def set_marker(
        self, identifier: str, text: str, account: str | None = None, region: str | None = None
    ) -> None:
        """Load data, so to speak: snapshots begun from now on carry this marker."""
        place, cluster = self._cluster(identifier, account, region)
        place.generations[cluster.namespace].marker = text

    # --- snapshots -----------------------------------------------------------------------------

    def snapshot_marker(self, snapshot_id: str, account: str | None = None, region: str | None = None) -> str:
        """The data marker a snapshot carries."""
        return self._snapshot(snapshot_id, account, region)[1].marker

    def delete_snapshot(
        self, snapshot_id: str, account: str | None = None, region: str | None = None
    ) -> None:
        """Make a snapshot vanish, whatever its status."""
        place, snapshot = self._snapshot(snapshot_id, account, region)
        forget_snapshot(place, snapshot, "removed from outside", self._world.now())

    def set_snapshot(
        self,
        snapshot_id: str,
        account: str | None = None,
        region: str | None = None,
        *,
        status: str | None = None,
        tags: dict[str, str] | None = None,
        retention: int | None = None,
    ) -> None:
        """Change a snapshot behind its client's back."""
        _, snapshot = self._snapshot(snapshot_id, account, region)
        if status is not None:
            snapshot.status = status
        if tags is not None:
            snapshot.tags = dict(tags)
        if retention is not None:
            snapshot.retention = retention

    def put_snapshot(
        self,
        snapshot_id: str,
        cluster_identifier: str,
        account: str | None = None,
        region: str | None = None,
        *,
        status: str = "available",
        snapshot_type: str = "manual",
        create_time: float | str | None = None,
        cluster_create_time: float | str | None = None,
        namespace: str | None = None,
        megabytes: float = 51_200.0,
        retention: int = -1,
        marker: str = "",
        tags: dict[str, str] | None = None,
        node_type: str = "ra3.xlplus",
        number_of_nodes: int = 2,
        shared_with: list[str] | None = None,
    ) -> None:
        """Put a snapshot where somebody else might have left one.

        Without `namespace` and `cluster_create_time` it is of a generation nobody knows, a day old.
        """
        place, now = self._place(account, region), self._world.now()
        if snapshot_id in place.snapshots:
            raise ControlError(f"there is a snapshot {snapshot_id!r} in {place.key} already")
        if snapshot_type not in _KINDS:
            raise ControlError(f"snapshot_type must be one of {', '.join(_KINDS)}, not {snapshot_type!r}")
        created = now if create_time is None else time_of(create_time)
        born = now - _DAY if cluster_create_time is None else time_of(cluster_create_time)
        group = place.subnet_groups["default"]
        place.snapshots[snapshot_id] = Snapshot(
            identifier=snapshot_id,
            cluster=cluster_identifier,
            namespace=namespace or place.fresh_uuid(),
            kind=snapshot_type,
            created=created,
            duration=None if status == "creating" else 0.0,
            megabytes=megabytes,
            retention=retention,
            retention_started=created,
            owner=place.account,
            cluster_created=born,
            marker=marker,
            status=status,
            tags=new_tags({}, [{"Key": key, "Value": value} for key, value in (tags or {}).items()]),
            shared=list(shared_with or []),
            settings={
                "AutomatedSnapshotRetentionPeriod": 1,
                "AvailabilityZone": f"{place.region}a",
                "ClusterVersion": "1.0",
                "DBName": "dev",
                "Encrypted": True,
                "EnhancedVpcRouting": False,
                "ExtraComputeForAutomaticOptimization": False,
                "KmsKeyId": key_arn(place, None),
                "MaintenanceTrackName": "current",
                "ManualSnapshotRetentionPeriod": -1,
                "MasterUsername": "awsuser",
                "NodeType": node_type,
                "NumberOfNodes": number_of_nodes,
                "Port": 5439,
                "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
                "VpcId": group.vpc,
            },
        )

    # --- looking -------------------------------------------------------------------------------

    def places(self) -> list[list[str]]:
        """The accounts and regions there is anything known of."""
        return sorted([each.account, each.region] for each in self._world.places.values())

    def state(self, account: str | None = None, region: str | None = None) -> dict[str, Any]:
        """All of an account's region: clusters, snapshots, what is gone, and the ledger of generations."""
        place = self._place(account, region)
        return {
            "clusters": {
                each.identifier: {
                    **asdict(each),
                    "shown_status": each.shown_status,
                    "marker": place.generations[each.namespace].marker,
                    "activity": asdict(each.activity) if isinstance(each.activity, Activity) else None,
                }
                for each in place.clusters.values()
            },
            "snapshots": {each.identifier: asdict(each) for each in place.snapshots.values()},
            "gone_snapshots": list(place.gone_snapshots),
            "generations": [asdict(each) for each in place.generations.values()],
            "snapshot_quota": place.snapshot_quota,
        }
