"""What really happened: each life of a cluster, whose it is, how it ended, and which snapshot holds what.

All of it is read off the emulator's own data and call log; the product is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.histories.rules import timed

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.state import Cluster, Realm, Snapshot
    from tests.histories.owners import Owner

ENDING = ("final-snapshot", "deleting")


@dataclass
class Deletion:
    """A DeleteCluster that AWS accepted.

    Attributes:
        at: When, in seconds since the epoch.
        ours: The product sent it.
        skip: It asked for no final snapshot.
        snapshot: The name it asked for.
        answered: Whoever sent it lived to see AWS accept it.

    """

    at: float
    ours: bool
    skip: bool
    snapshot: str = ""
    answered: bool = False


@dataclass(eq=False)
class Life:
    """One life of a cluster, from its creation to its end, whatever its names.

    Attributes:
        number: Which one.
        cluster: The emulator's own record of it.
        owner: The stack that created, restored or adopted it last; None for a stranger's.
        urn: The resource that did.
        since: Since when its data is there, in seconds since the epoch, at the earliest that is known.
        restored_from: The snapshot it began with; empty for none.
        marker: Stands for the data it holds.
        deletion: The deletion under way, or the one that ended it.
        ended: It is gone.
        replaced: It was deleted as one half of a replacement.
        outlived: The deletion that AWS gave up last, while nobody of ours wrote down that the cluster lives.
        claimed: The resource that wrote the claim on it, by its name then.
        half: It was deleted as one half of a replacement that is to restore it, and the other is not done.
        marked: It carried its owner's claim from its first moment on.
        in_doubt: A stack wrote its claim on it, or restored it, and no state had it when that was killed.

    """

    number: int
    cluster: Cluster
    owner: Owner | None
    urn: str
    since: float
    restored_from: str = ""
    marker: str = ""
    deletion: Deletion | None = None
    ended: bool = False
    replaced: bool = False
    outlived: Deletion | None = None
    claimed: str = ""
    half: bool = False
    marked: bool = False
    in_doubt: bool = False

    @property
    def owned(self) -> bool:
        """Whether a stack of ours owns it, or did."""
        return self.owner is not None

    @property
    def namespace(self) -> str:
        """The id at the end of its ClusterNamespaceArn."""
        return self.cluster.namespace

    @property
    def ending(self) -> bool:
        """Whether a deletion of it is under way."""
        return self.cluster.status in ENDING and not self.ended

    def __str__(self) -> str:
        """Name it in a finding."""
        whose = "ours" if self.owned else "a stranger's"
        return f"life {self.number} of {self.cluster.identifier} ({whose}{', ended' if self.ended else ''})"


class Ledger:
    """All lives in one account and region."""

    def __init__(self) -> None:
        self.all: list[Life] = []
        self._of_snapshot: dict[str, tuple[Snapshot, Life | None]] = {}

    def settle(self, place: Realm) -> None:
        """Take in what happened by itself."""
        for name, snapshot in place.snapshots.items():
            known = self._of_snapshot.get(name)
            if known is None or known[0] is not snapshot:
                of = self._alive(snapshot.namespace)
                same = of is not None and of.marker == snapshot.marker
                self._of_snapshot[name] = snapshot, of if same else None
        there = list(place.clusters.values())
        for life in self.all:
            if life.ended:
                continue
            if not any(each is life.cluster for each in there):
                life.ended = True
            elif life.deletion is not None and life.cluster.status not in ENDING:
                life.outlived, life.deletion = life.deletion, None

    def _alive(self, namespace: str) -> Life | None:
        return next((each for each in self.all if each.namespace == namespace and not each.ended), None)

    def born(
        self, place: Realm, identifier: str, owner: Owner | None = None, urn: str = "", source: str = ""
    ) -> Life | None:
        """Note that a cluster was created under a name, empty or from a snapshot."""
        cluster = place.clusters.get(identifier)
        if cluster is None or self.of(cluster) is not None:
            return None
        snapshot, of = self.of_snapshot(place, source)
        line = snapshot is not None and snapshot.final and of is not None and of.owned
        since = of.since if of is not None and line and owner is not None else cluster.created
        life = Life(
            len(self.all) + 1,
            cluster,
            owner,
            urn,
            since,
            source,
            claimed=urn,
            marked=bool(urn) and not source,
        )
        self.all.append(life)
        self.write(place, life, f"life {life.number}")
        return life

    def write(self, place: Realm, life: Life, marker: str) -> None:
        """Load data into a cluster."""
        life.marker = marker
        place.generations[life.namespace].marker = marker

    def of(self, cluster: Cluster | None) -> Life | None:
        """The life that a cluster of the emulator's is."""
        return next((each for each in self.all if each.cluster is cluster), None)

    def named(self, place: Realm, identifier: str) -> Life | None:
        """The life that has a name now."""
        return self.of(place.clusters.get(identifier))

    def recorded(self, identity: Any) -> Life | None:
        """The newest life that an identity in the state can mean."""
        namespace = str(identity["cluster_namespace_arn"]).rpartition(":")[2].rpartition("/")[2]
        return next((each for each in reversed(self.all) if each.namespace == namespace), None)

    def of_snapshot(self, place: Realm, name: str) -> tuple[Snapshot | None, Life | None]:
        """A snapshot, and the life whose data it was begun with."""
        snapshot = place.snapshots.get(name)
        known = self._of_snapshot.get(name)
        return snapshot, known[1] if known is not None and known[0] is snapshot else None

    def proof(self, place: Realm, life: Life) -> Snapshot | None:
        """The available snapshot made by the deletion that ended a life, with all its data.

        Where nobody of ours saw that AWS gave a deletion up, and none of ours ended the cluster, the snapshot
        of that one is believed (docs/what-it-cannot-stop.md), but for a later one whose name tells as much.
        """
        last, before = life.deletion, life.outlived
        if not life.ended:
            return None
        if last is not None and (last.ours or timed(last.snapshot)):
            return self._made_by(place, life, last) or (
                None if last.ours else self._made_by(place, life, before)
            )
        return self._made_by(place, life, before) or self._made_by(place, life, last)

    def _made_by(self, place: Realm, life: Life, deletion: Deletion | None) -> Snapshot | None:
        """The available snapshot that a deletion made, with all the data that there was at its time."""
        if deletion is None or deletion.skip:
            return None
        snapshot, of = self.of_snapshot(place, deletion.snapshot)
        if snapshot is None or snapshot.status != "available" or of is not life:
            return None
        return snapshot if snapshot.marker == life.marker or deletion is life.outlived else None

    def named_as_final(self, place: Realm, life: Life) -> bool:
        """Whether a snapshot taken by hand has a name, with its time in it, that only a deletion gives.

        Such a name is believed where no receipt says more: nobody gives it by chance.
        """
        return any(
            timed(name) and of is life and name in place.snapshots and not snapshot.final
            for name, (snapshot, of) in self._of_snapshot.items()
        )
