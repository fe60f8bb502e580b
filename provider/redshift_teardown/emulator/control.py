"""The control API: what a test may do to the emulator that AWS would not let it.

Each verb stands here once: its parameters are the fields of the message, their annotations what each may be,
and its body what the emulator does.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT
from redshift_teardown.emulator.door import END_OF_TIME, check_value, time_of
from redshift_teardown.emulator.errors import ControlError
from redshift_teardown.emulator.faults import UNENDING, Fault
from redshift_teardown.emulator.lifecycle import Behaviour, Phases
from redshift_teardown.emulator.redshift.births import DEFAULTS, key_arn
from redshift_teardown.emulator.redshift.state import Overlay, Snapshot
from redshift_teardown.emulator.redshift.transitions import (
    DAY,
    DELETION,
    forget_snapshot,
    give_up_deletion,
    remove_cluster,
    thaw,
)
from redshift_teardown.emulator.validation import maintenance_window, new_tags
from redshift_teardown.emulator.verbs import asked, taking, verb

if TYPE_CHECKING:
    from datetime import datetime

    from redshift_teardown.emulator.calls import CallLog, CallRecord
    from redshift_teardown.emulator.redshift.state import Cluster, Realm
    from redshift_teardown.emulator.world import World

__all__ = ["DEFAULT_REGION", "Verbs", "perform"]

DEFAULT_REGION = "us-east-1"


class Verbs:
    """What can be done to an emulator, seen from one account and region. The caller holds its lock."""

    def __init__(self, world: World, faults: list[Fault], log: CallLog, account: str, region: str) -> None:
        self._world = world
        self._faults = faults
        self._log = log
        self.account = account
        self.region = region

    def _place(self) -> Realm:
        return self._world.place(self.account, self.region)

    def _cluster(self, identifier: str) -> tuple[Realm, Cluster]:
        place = self._place()
        cluster = place.clusters.get(identifier)
        if cluster is None:
            raise ControlError(f"there is no cluster {identifier!r} in {place.key}")
        return place, cluster

    def _snapshot(self, snapshot_id: str) -> tuple[Realm, Snapshot]:
        place = self._place()
        snapshot = place.snapshots.get(snapshot_id)
        if snapshot is None:
            raise ControlError(f"there is no snapshot {snapshot_id!r} in {place.key}")
        return place, snapshot

    # --- faults and calls ----------------------------------------------------------------------

    @taking(Fault)
    @verb(more=Fault)
    def add_fault(self, **fault: Any) -> None:
        """Put a fault in force: see `redshift_teardown.emulator.faults.Fault` for what it takes."""
        unending = {"times": None} if fault.get("occurrence") in UNENDING else {}
        added = Fault(**{**unending, **fault})
        added.since = self._world.now()
        self._faults.append(added)

    @verb()
    def clear_faults(self) -> None:
        """Take all faults away."""
        self._faults.clear()

    @verb(reads=True)
    def faults(self) -> list[dict[str, Any]]:
        """All faults, with how many calls each matched (``seen``) and struck (``struck``)."""
        return [asdict(each) for each in self._faults]

    @verb(reads=True)
    def calls(self, *operations: str) -> list[CallRecord]:
        """The call log of all accounts and regions, oldest first; only these operations, if any are named."""
        return [each for each in self._log.all() if not operations or each.operation in operations]

    @verb()
    def clear_calls(self) -> None:
        """Empty the call log."""
        self._log.clear()

    # --- time and habits -----------------------------------------------------------------------

    @verb(reads=True)
    def clock(self) -> dict[str, Any]:
        """The time (``now``, in seconds since the epoch), and whether it moves only by hand (``virtual``)."""
        return {"now": self._world.now(), "virtual": self._world.clock.virtual}

    @verb()
    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        if self._world.now() + seconds > END_OF_TIME:
            raise ControlError("the clock cannot go beyond the year 5000")
        self._world.clock.advance(seconds)

    @verb(here=True, more=Phases)
    def set_lifecycle(self, cluster_identifier: str | None = None, **phases: float) -> None:
        """Say how long phases that begin from now on last, in seconds before the speed factor.

        Args:
            cluster_identifier: one cluster, whether it exists yet or not; None for all, everywhere.
            **phases: those of `redshift_teardown.emulator.lifecycle.Phases`.
        """
        lifecycle = self._world.lifecycle
        if cluster_identifier is None:
            lifecycle.phases = replace(lifecycle.phases, **phases)
        else:
            own = lifecycle.of_cluster.setdefault(self._place().lifecycle_key(cluster_identifier), {})
            own.update(phases)

    @taking(Behaviour)
    @verb(more=Behaviour)
    def set_behaviour(self, **switches: Any) -> None:
        """Flip switches of `redshift_teardown.emulator.lifecycle.Behaviour`."""
        self._world.behaviour = replace(self._world.behaviour, **switches)

    @verb(here=True)
    def set_snapshot_quota(self, quota: int | None) -> None:
        """Say how many manual snapshots there may be in this account and region; None for any number."""
        self._place().snapshot_quota = quota

    @verb()
    def reset(self) -> None:
        """Forget everything but the time: clusters, snapshots, ledger, faults, calls, phases, switches."""
        self._world.reset()
        self._faults.clear()
        self._log.clear()

    # --- clusters ------------------------------------------------------------------------------

    @verb(here=True)
    def set_cluster(
        self,
        identifier: str,
        *,
        status: str | None = None,
        seconds: float | None = None,
        availability_status: str | None = None,
        lakehouse_registration_status: str | None = None,
        create_time: datetime | float | str | None = None,
        namespace: str | None = None,
        tags: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        delete_error: tuple[str, str] | tuple[()] | None = None,
    ) -> None:
        """Change what AWS shows of a cluster, behind its client's back; None leaves a field alone.

        Args:
            identifier: which cluster.
            status: any text, shown instead of the real status; the cluster stands still meanwhile. Empty
                takes it away.
            seconds: how long the status lasts on the emulator's clock; None forever.
            availability_status: shown instead of the real one; empty takes it away.
            lakehouse_registration_status: with an active one (``Registered``) it cannot be deleted.
            create_time: another ClusterCreateTime; a number is seconds since the epoch, a text ISO 8601.
            namespace: another id at the end of ClusterNamespaceArn.
            tags: all its tags from now on.
            settings: arguments by AWS's names, e.g. ``{"NumberOfNodes": 4}``: drift.
            delete_error: code and message that every DeleteCluster gets; ``()`` takes it away.
        """
        place, cluster = self._cluster(identifier)
        now = self._world.now()
        # All is checked before anything is changed.
        created = time_of(create_time, cluster.created)
        if namespace in {each.namespace for each in place.clusters.values()} - {cluster.namespace}:
            # Of one that is gone it may be: a restore may keep the namespace.
            raise ControlError(f"there is a generation {namespace!r} in {place.key} already")
        _check_settings(cluster, settings or {})
        if status is not None:
            thaw(cluster, now)
            if status:
                cluster.overlay = Overlay(status, now, None if seconds is None else now + seconds)
        if availability_status is not None:
            cluster.availability_status = availability_status
        if lakehouse_registration_status is not None:
            cluster.lakehouse = lakehouse_registration_status
        cluster.created = created
        if namespace is not None:
            place.rename_generation(cluster, namespace)
        if tags is not None:
            cluster.tags = dict(tags)
        cluster.settings.update(settings or {})
        if delete_error is not None:
            cluster.delete_error = list(delete_error) or None

    @verb(here=True)
    def remove_cluster(self, identifier: str) -> None:
        """Make a cluster vanish at once, without a snapshot, as if somebody else had deleted it."""
        place, cluster = self._cluster(identifier)
        place.generations[cluster.namespace].ended_by = "outside"
        remove_cluster(place, cluster, self._world.now())

    @verb(here=True)
    def fail_next_snapshot(self, identifier: str, outcome: str = "cluster-returns") -> None:
        """Make the next deletion of a cluster with a final snapshot go wrong, in one of four ways.

        Args:
            identifier: which cluster.
            outcome: ``cluster-returns``: the snapshot is `failed` and the cluster `available` again.
                ``cluster-returns-after-snapshot``: the snapshot is `available`, and then the cluster too, as
                if AWS had given the deletion up. ``cluster-gone``: the snapshot is `failed` and the cluster
                deleted. ``stuck``: both stay as they are forever.
        """
        self._cluster(identifier)[1].next_final = outcome

    @verb(here=True)
    def give_up_deletion(self, identifier: str) -> None:
        """Make AWS give up, now, the deletion that is under way, with or without a final snapshot.

        The cluster is `available` again. A final snapshot that is still being taken is `failed`; one that is
        `available` stays so.
        """
        place, cluster = self._cluster(identifier)
        if cluster.activity is None or cluster.activity.kind not in DELETION:
            raise ControlError(f"cluster {identifier!r} is not being deleted: it is {cluster.shown_status}")
        give_up_deletion(place, cluster, self._world.now())

    @verb(here=True, reads=True)
    def marker(self, identifier: str) -> str:
        """The data marker of a cluster."""
        place, cluster = self._cluster(identifier)
        return place.generations[cluster.namespace].marker

    @verb(here=True)
    def set_marker(self, identifier: str, text: str) -> None:
        """Give a cluster a data marker, which its snapshots and what is restored from them carry on."""
        place, cluster = self._cluster(identifier)
        place.generations[cluster.namespace].marker = text

    # --- snapshots -----------------------------------------------------------------------------

    @verb(here=True, reads=True)
    def snapshot_marker(self, snapshot_id: str) -> str:
        """The data marker a snapshot carries."""
        return self._snapshot(snapshot_id)[1].marker

    @verb(here=True)
    def delete_snapshot(self, snapshot_id: str) -> None:
        """Make a snapshot vanish, whatever its status."""
        forget_snapshot(*self._snapshot(snapshot_id), "removed from outside", self._world.now())

    @verb(here=True)
    def set_snapshot(
        self,
        snapshot_id: str,
        *,
        status: str | None = None,
        tags: dict[str, str] | None = None,
        retention: int | None = None,
    ) -> None:
        """Change a snapshot's status, all its tags, or its retention in days; None leaves alone."""
        _, snapshot = self._snapshot(snapshot_id)
        if status is not None:
            snapshot.status = status
        if tags is not None:
            snapshot.tags = dict(tags)
        if retention is not None:
            snapshot.retention = retention

    @verb(here=True)
    def put_snapshot(
        self,
        snapshot_id: str,
        cluster_identifier: str,
        *,
        status: str = "available",
        snapshot_type: str = "manual",
        create_time: datetime | float | str | None = None,
        cluster_create_time: datetime | float | str | None = None,
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

        Args:
            snapshot_id: its identifier.
            cluster_identifier: the cluster it says it is of.
            status: as AWS writes one.
            snapshot_type: ``manual`` or ``automated``.
            create_time: when it was taken; now when omitted.
            cluster_create_time: the ClusterCreateTime it tells; a day ago when omitted.
            namespace: the generation it is of; one that nobody knows when omitted.
            megabytes: its size.
            retention: in days, -1 forever.
            marker: the data marker it carries.
            tags: its tags.
            node_type: of its cluster.
            number_of_nodes: of its cluster.
            shared_with: accounts that may restore it.
        """
        place, now = self._place(), self._world.now()
        if snapshot_id in place.snapshots:
            raise ControlError(f"there is a snapshot {snapshot_id!r} in {place.key} already")
        created = time_of(create_time, now)
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
            cluster_created=time_of(cluster_create_time, now - DAY),
            marker=marker,
            status=status,
            tags=new_tags({}, [{"Key": key, "Value": value} for key, value in (tags or {}).items()]),
            shared=list(shared_with or []),
            settings={
                **DEFAULTS,
                "AvailabilityZone": f"{place.region}a",
                "KmsKeyId": key_arn(place, None),
                "MasterUsername": "awsuser",
                "NodeType": node_type,
                "NumberOfNodes": number_of_nodes,
                "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
                "VpcId": place.subnet_groups["default"].vpc,
            },
        )

    # --- looking -------------------------------------------------------------------------------

    @verb(reads=True)
    def places(self) -> list[tuple[str, str]]:
        """The accounts and regions anything is known of."""
        return sorted((each.account, each.region) for each in self._world.places.values())

    @verb(here=True, reads=True)
    def state(self) -> dict[str, Any]:
        """Clusters, snapshots, gone snapshots and the ledger of generations of this account and region.

        ``generations`` is a list of `redshift_teardown.emulator.redshift.state.Generation` as dictionaries,
        oldest first, those that are gone included.
        """
        place = self._place()
        return {
            "clusters": {
                each.identifier: {
                    **asdict(each),
                    "shown_status": each.shown_status,
                    "marker": place.generations[each.namespace].marker,
                }
                for each in place.clusters.values()
            },
            "snapshots": {each.identifier: asdict(each) for each in place.snapshots.values()},
            "gone_snapshots": list(place.gone_snapshots),
            "generations": [asdict(each) for each in place.generations.values()],
            "snapshot_quota": place.snapshot_quota,
        }


def perform(world: World, faults: list[Fault], log: CallLog, name: str, data: dict[str, Any]) -> Any:
    """Do what a message asks. The caller holds the emulator's lock.

    Raises:
        ControlError: for an unknown verb, wrong fields, or what cannot be done.
    """
    known, account, region = asked(name, data)
    world.settle_all()
    verbs = Verbs(world, faults, log, account or DEFAULT_ACCOUNT, region or DEFAULT_REGION)
    return known.method(verbs, **data)


def _check_settings(cluster: Cluster, settings: dict[str, Any]) -> None:
    """Let in what a cluster has, of the kind that it has it."""
    unknown = sorted(set(settings) - set(cluster.settings))
    if unknown:
        raise ControlError(f"a cluster has no setting {', '.join(unknown)}")
    for name, value in settings.items():
        present = cluster.settings[name]
        check_value(name, value, "list[str]" if isinstance(present, list) else type(present).__name__)
    if "PreferredMaintenanceWindow" in settings:
        maintenance_window(settings["PreferredMaintenanceWindow"])
