"""What everybody else does around the stacks: people with other tools, bots, and AWS itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.histories.ledger import ENDING
from tests.histories.rules import CLUSTER, SEED, STATIC, TIMED

if TYPE_CHECKING:
    from typing import Any

    from tests.histories.ledger import Life
    from tests.histories.world import World

LONGEST_LAG = 10.0
NEW_CLUSTER = {
    "NodeType": "ra3.xlplus",
    "NumberOfNodes": 2,
    "ClusterType": "multi-node",
    "MasterUsername": "admin",
    "MasterUserPassword": "Somebody-Elses-1",
}


class Neighbours:
    """The actions of everybody else, by name: ``do_…``."""

    world: World

    # --- time and AWS ---------------------------------------------------------------------------------

    def do_pass_time(self, *, seconds: float) -> None:
        """Time passes."""
        self.world.time.advance(seconds)

    def do_write(self, *, name: str = CLUSTER) -> None:
        """Somebody writes data; only a cluster that is available takes any."""
        world = self.world
        life = world.lives.named(world.place, name)
        if life is not None and life.cluster.shown_status == "available":
            world.written += 1
            world.lives.write(world.place, life, f"written {world.written}")

    def do_fail_the_snapshot(self, *, outcome: str, name: str = CLUSTER) -> None:
        """The next final snapshot fails."""
        if name in self.world.place.clusters:
            self.world.control.fail_next_snapshot(name, outcome)

    def do_quota(self, *, quota: int | None) -> None:
        """The account may hold no more snapshots, or may again."""
        self.world.control.set_snapshot_quota(quota)

    def do_habits(self, **switches: Any) -> None:
        """AWS does what its documentation leaves open; what it has shown by now, no lag hides again."""
        self.world.time.advance(LONGEST_LAG)
        self.world.emulator.control.set_behaviour(**switches)

    def do_stale(self, *, clusters: float = 0.0, snapshots: float = 0.0) -> None:
        """A copy of AWS's fell behind: for so many seconds it shows no cluster, or no snapshot."""
        control, now = self.world.emulator.control, self.world.emulator.control.now()
        control.set_behaviour(
            clusters_stale_until=now + clusters if clusters else 0.0,
            snapshots_stale_until=now + snapshots if snapshots else 0.0,
        )

    def do_lose_connection(self) -> None:
        """AWS is out of reach until the command ends."""
        if self.world.running:
            self.world.connected = False

    def do_lakehouse(self, *, status: str) -> None:
        """Somebody registers the cluster, which then cannot be deleted."""
        if CLUSTER in self.world.place.clusters:
            self.world.control.set_cluster(CLUSTER, lakehouse_registration_status=status)

    def do_give_up(self, *, name: str = CLUSTER) -> None:
        """AWS gives a deletion up that is under way: the cluster lives on."""
        life = self.world.lives.named(self.world.place, name)
        if life is not None and life.ending:
            self.world.control.give_up_deletion(name)
            self.world.disturb()

    # --- neighbours -----------------------------------------------------------------------------------

    def _touchable(self, name: str) -> Life | None:
        """A cluster that somebody could change or delete now: AWS refuses that while it is being deleted."""
        life = self.world.lives.named(self.world.place, name)
        return life if life is not None and life.cluster.status not in ENDING else None

    def do_vanish(self, *, name: str = CLUSTER) -> None:
        """Somebody deletes the cluster without a snapshot."""
        if self._touchable(name) is not None:
            self.world.disturb()
            self.world.control.remove_cluster(name)

    def do_end_by_hand(self, *, name: str = CLUSTER, snapshot: str = "") -> None:
        """Somebody deletes the cluster with a final snapshot, or by the console without."""
        world = self.world
        life = self._touchable(name)
        if life is None:
            return
        said = {"FinalClusterSnapshotIdentifier": self._name(snapshot)} if snapshot else {}
        skip = not snapshot
        if world.by_hand("delete_cluster", ClusterIdentifier=name, SkipFinalClusterSnapshot=skip, **said):
            world.accepted(life, {"SkipFinalClusterSnapshot": skip, **said}, ours=False)

    def _name(self, snapshot: str) -> str:
        """A name for a snapshot by hand: one that fits the templates, or another."""
        stamp = f"{self.world.now():%Y%m%dt%H%M%Sz}"
        fitting = {
            "fits": f"{TIMED}{stamp}",
            "static": STATIC,
            "requested": "the-last",
        }
        return fitting.get(snapshot, f"{snapshot}-{stamp}")

    def do_begin_again(self, *, name: str = CLUSTER) -> None:
        """Somebody creates another cluster under a name, in place of the one there."""
        self.do_vanish(name=name)
        world = self.world
        if world.by_hand("create_cluster", ClusterIdentifier=name, **NEW_CLUSTER):
            world.lives.born(world.place, name)

    def do_keep_namespace(self, *, name: str = CLUSTER) -> None:
        """AWS kept the namespace in the restore that this cluster began with, before a state records it."""
        world = self.world
        place = world.place
        life = world.lives.named(place, name)
        restored = life is not None and place.generations[life.namespace].restored_from
        source = world.lives.of_snapshot(place, restored)[1] if restored else None
        # Of a state that still records one of the two, nothing that AWS shows would tell them apart.
        recorded = [each.note.life for owner in world.owners for each in owner.backend.resources]
        known = life in recorded or source in recorded
        if life is not None and source is not None and source.ended and not known:
            world.disturb()
            world.control.set_cluster(name, namespace=source.namespace)

    def do_restore_by_hand(self, *, name: str = CLUSTER) -> None:
        """Somebody restores the newest final snapshot of ours."""
        world = self.world
        snapshots = world.place.snapshots.values()
        finals = [each for each in snapshots if each.final and each.status == "available"]
        if finals and name not in world.place.clusters:
            newest = max(finals, key=lambda each: each.created)
            said = {"ClusterIdentifier": name, "SnapshotIdentifier": newest.identifier}
            if world.by_hand("restore_from_cluster_snapshot", **said):
                world.lives.born(world.place, name, source=newest.identifier)

    def do_rename(self, *, name: str = CLUSTER, to: str = "elsewhere") -> None:
        """Somebody renames the cluster."""
        self.world.by_hand("modify_cluster", ClusterIdentifier=name, NewClusterIdentifier=to)

    def do_pause(self, *, name: str = CLUSTER) -> None:
        """Somebody pauses the cluster."""
        self.world.by_hand("pause_cluster", ClusterIdentifier=name)

    def do_resume(self, *, name: str = CLUSTER) -> None:
        """Somebody resumes it."""
        self.world.by_hand("resume_cluster", ClusterIdentifier=name)

    def do_resize(self, *, name: str = CLUSTER, nodes: int = 3) -> None:
        """Somebody resizes the cluster; its create time may change."""
        self.world.by_hand(
            "modify_cluster",
            ClusterIdentifier=name,
            NodeType="ra3.4xlarge",
            NumberOfNodes=nodes,
            ClusterType="multi-node",
        )

    def do_snapshot_by_hand(self, *, snapshot: str, name: str = CLUSTER) -> None:
        """Somebody takes a manual snapshot; maybe under a name that the policy would give."""
        self.world.by_hand(
            "create_cluster_snapshot", SnapshotIdentifier=self._name(snapshot), ClusterIdentifier=name
        )

    def do_foreign_snapshot(self, *, snapshot: str, of: str = CLUSTER) -> None:
        """A snapshot of another generation has a name that the policy would give."""
        name = self._name(snapshot)
        if name not in self.world.place.snapshots and self.world.place.snapshot_quota is None:
            self.world.disturb()
            self.world.control.put_snapshot(name, of, tags={"owner": "somebody"}, retention=3)

    def do_seed(self) -> None:
        """Somebody leaves a snapshot that a program may begin with."""
        if SEED not in self.world.place.snapshots:
            self.world.control.put_snapshot(SEED, "seedling")
            self.world.place.snapshots[SEED].settings["MasterUsername"] = "admin"

    def do_lose_the_snapshot(self) -> None:
        """Somebody deletes the newest manual snapshot of a cluster of ours."""
        world = self.world
        place = world.place
        for snapshot in sorted(place.snapshots.values(), key=lambda each: -each.created):
            _, life = world.lives.of_snapshot(place, snapshot.identifier)
            if snapshot.kind == "manual" and life is not None and life.owned:
                world.disturb()
                world.tampered.add(life)
                world.control.delete_snapshot(snapshot.identifier)
                return

    def do_tags(self, *, name: str = CLUSTER, tags: dict[str, str]) -> None:
        """A bot sets the tags of a cluster to what it thinks they should be."""
        life = self.world.lives.named(self.world.place, name)
        if life is not None:
            self.world.disturb()
            self.world.tampered.add(life)
            self.world.control.set_cluster(name, tags=tags)
