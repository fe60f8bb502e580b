"""Whatever clients do in whatever order, the emulator follows a small model, also across restarts."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from redshift_teardown.emulator import Emulator, VirtualClock
from redshift_teardown.emulator.lifecycle import Phases

PHASES = Phases()
NAMES = st.sampled_from(["alpha", "beta", "gamma"])
SNAPSHOTS = st.sampled_from(["one", "two", "three"])
CREATE = {
    "NodeType": "ra3.xlplus",
    "NumberOfNodes": 2,
    "MasterUsername": "admin",
    "MasterUserPassword": "Correct-Horse-1",
}
CLIENT = boto3.client(
    "redshift",
    region_name="us-east-1",
    endpoint_url="http://127.0.0.1:9",
    aws_access_key_id="test",
    aws_secret_access_key="secret",
    config=Config(retries={"total_max_attempts": 1}),
)


@dataclass
class Model:
    """What a cluster should be doing, and until when; then `FOLLOW` says what comes next."""

    status: str
    ends: float
    marker: str = ""
    rename: str = ""


FOLLOW = {
    "creating": "available",
    "modifying": "available",
    "rebooting": "available",
    "renaming": "available",
    "resuming": "available",
    "pausing": "paused",
}
NEVER = float("inf")


class Clients(RuleBasedStateMachine):
    """Clients, time and restarts against one emulator."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.emulator = Emulator(clock=VirtualClock(), state_file=self.folder / "state.json")
        self.emulator.attach(CLIENT)
        self.now = 0.0
        self.clusters: dict[str, Model] = {}
        self.snapshots: dict[str, tuple[float, str]] = {}
        self.loads = 0

    def teardown(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder)

    def expect(self, refusals: dict[str, bool], operation: Any, **sent: Any) -> bool:
        """Call: the first refusal that holds must come. Tells whether the call went through."""
        expected = next((code for code, holds in refusals.items() if holds), "")
        try:
            operation(**sent)
        except ClientError as error:
            code = error.response["Error"]["Code"]
        else:
            code = ""
        assert code == expected, (operation, sent)
        return not code

    def status(self, name: str) -> str:
        """What the model says of a cluster."""
        return self.clusters[name].status if name in self.clusters else "gone"

    def taken(self, name: str) -> bool:
        """A name is taken by the cluster that has it, and by one that is being renamed to it."""
        return name in self.clusters or any(model.rename == name for model in self.clusters.values())

    @rule(seconds=st.sampled_from([1, 59, 60, 119, 120, 180, 300, 1000]))
    def advance(self, seconds: int) -> None:
        """Time passes, for both."""
        self.emulator.control.advance(seconds)
        self.now += seconds
        for name, model in list(self.clusters.items()):
            while model.ends <= self.now:
                if model.status == "final-snapshot":
                    model.status, model.ends = "deleting", model.ends + PHASES.deleting
                elif model.status == "deleting":
                    del self.clusters[name]
                    break
                else:
                    model.status, model.ends = FOLLOW[model.status], NEVER
                    if model.rename:
                        self.clusters[model.rename] = self.clusters.pop(name)
                        model.rename = ""

    @rule()
    def restart(self) -> None:
        """Another emulator takes over from the state file."""
        before = self.emulator.control.state()
        self.emulator = Emulator(clock=VirtualClock(), state_file=self.folder / "state.json")
        self.emulator.control.advance(max(0.0, self.start() + self.now - self.emulator.control.now()))
        self.emulator.attach(CLIENT)
        assert self.emulator.control.state() == before

    @staticmethod
    def start() -> float:
        """When a virtual clock begins."""
        return VirtualClock().now().timestamp()

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        """A name that is in use is refused."""
        taken = self.taken(name)
        if self.expect(
            {"ClusterAlreadyExists": taken}, CLIENT.create_cluster, ClusterIdentifier=name, **CREATE
        ):
            self.clusters[name] = Model("creating", self.now + PHASES.creating)

    @rule(name=NAMES)
    def load(self, name: str) -> None:
        """Data comes in."""
        if name in self.clusters:
            self.loads += 1
            self.clusters[name].marker = f"load {self.loads}"
            self.emulator.control.set_marker(name, self.clusters[name].marker)

    @rule(name=NAMES, snapshot=SNAPSHOTS | st.none())
    def delete(self, name: str, snapshot: str | None) -> None:
        """With a final snapshot or without."""
        sent: dict[str, Any] = {"SkipFinalClusterSnapshot": snapshot is None}
        if snapshot is not None:
            sent["FinalClusterSnapshotIdentifier"] = snapshot
        refusals = {
            "ClusterNotFound": name not in self.clusters,
            "InvalidClusterState": self.status(name) not in ("available", "paused"),
            "ClusterSnapshotAlreadyExists": snapshot in self.snapshots,
        }
        if self.expect(refusals, CLIENT.delete_cluster, ClusterIdentifier=name, **sent):
            model = self.clusters[name]
            if snapshot is None:
                model.status, model.ends = "deleting", self.now + PHASES.deleting
            else:
                model.status, model.ends = "final-snapshot", self.now + PHASES.final_snapshot
                self.snapshots[snapshot] = (model.ends, model.marker)

    @rule(
        name=NAMES,
        change=st.sampled_from(
            [
                ("reboot_cluster", {}, "rebooting"),
                ("pause_cluster", {}, "pausing"),
                ("modify_cluster", {"EnhancedVpcRouting": True}, "modifying"),
            ]
        ),
    )
    def change(self, name: str, change: Any) -> None:
        """Only an available cluster changes."""
        operation, sent, status = change
        refusals = {
            "ClusterNotFound": name not in self.clusters,
            "InvalidClusterState": self.status(name) != "available",
        }
        if self.expect(refusals, getattr(CLIENT, operation), ClusterIdentifier=name, **sent):
            model = self.clusters[name]
            model.status, model.ends = status, self.now + getattr(PHASES, status)

    @rule(name=NAMES, new=NAMES)
    def rename(self, name: str, new: str) -> None:
        """To a free name, which is taken from then on."""
        refusals = {
            "ClusterNotFound": name not in self.clusters,
            "ClusterAlreadyExists": self.taken(new),
            "InvalidClusterState": self.status(name) != "available",
        }
        if self.expect(refusals, CLIENT.modify_cluster, ClusterIdentifier=name, NewClusterIdentifier=new):
            model = self.clusters[name]
            model.status, model.ends, model.rename = "renaming", self.now + PHASES.renaming, new

    @rule(name=NAMES)
    def resume(self, name: str) -> None:
        """Only a paused cluster resumes."""
        refusals = {
            "ClusterNotFound": name not in self.clusters,
            "InvalidClusterState": self.status(name) != "paused",
        }
        if self.expect(refusals, CLIENT.resume_cluster, ClusterIdentifier=name):
            self.clusters[name].status, self.clusters[name].ends = "resuming", self.now + PHASES.resuming

    @rule(name=NAMES, snapshot=SNAPSHOTS)
    def snapshot(self, name: str, snapshot: str) -> None:
        """By hand, of an available cluster, under a free name."""
        refusals = {
            "ClusterNotFound": name not in self.clusters,
            "InvalidClusterState": self.status(name) != "available",
            "ClusterSnapshotAlreadyExists": snapshot in self.snapshots,
        }
        if self.expect(
            refusals, CLIENT.create_cluster_snapshot, ClusterIdentifier=name, SnapshotIdentifier=snapshot
        ):
            self.snapshots[snapshot] = (self.now + PHASES.manual_snapshot, self.clusters[name].marker)

    @rule(snapshot=SNAPSHOTS)
    def delete_snapshot(self, snapshot: str) -> None:
        """One that is done."""
        known = snapshot in self.snapshots
        refusals = {
            "ClusterSnapshotNotFound": not known,
            "InvalidClusterSnapshotState": known and self.snapshots[snapshot][0] > self.now,
        }
        if self.expect(refusals, CLIENT.delete_cluster_snapshot, SnapshotIdentifier=snapshot):
            del self.snapshots[snapshot]

    @rule(name=NAMES, snapshot=SNAPSHOTS)
    def restore(self, name: str, snapshot: str) -> None:
        """The data of exactly that snapshot comes back."""
        known = snapshot in self.snapshots
        refusals = {
            "ClusterSnapshotNotFound": not known,
            "ClusterAlreadyExists": self.taken(name),
            "InvalidClusterSnapshotState": known and self.snapshots[snapshot][0] > self.now,
        }
        if self.expect(
            refusals,
            CLIENT.restore_from_cluster_snapshot,
            ClusterIdentifier=name,
            SnapshotIdentifier=snapshot,
        ):
            self.clusters[name] = Model("creating", self.now + PHASES.restoring, self.snapshots[snapshot][1])

    @invariant()
    def clusters_are_as_modelled(self) -> None:
        """Names, statuses and data agree."""
        told = {
            each["ClusterIdentifier"]: each["ClusterStatus"]
            for each in CLIENT.describe_clusters()["Clusters"]
        }
        assert told == {name: model.status for name, model in self.clusters.items()}
        state = self.emulator.control.state()["clusters"]
        assert {name: each["marker"] for name, each in state.items()} == {
            name: model.marker for name, model in self.clusters.items()
        }

    @invariant()
    def snapshots_are_as_modelled(self) -> None:
        """Names, statuses and data agree, whatever became of their clusters."""
        told = CLIENT.describe_cluster_snapshots(SnapshotType="manual")["Snapshots"]
        assert {each["SnapshotIdentifier"]: each["Status"] for each in told} == {
            name: "creating" if done > self.now else "available" for name, (done, _) in self.snapshots.items()
        }
        for name, (_, marker) in self.snapshots.items():
            assert self.emulator.control.snapshot_marker(name) == marker

    @invariant()
    def the_ledger_adds_up(self) -> None:
        """Deleted with a snapshot means there was one; automated snapshots are of the living only."""
        state = self.emulator.control.state()
        alive = {each["namespace"] for each in state["clusters"].values()}
        for each in state["generations"]:
            assert (each["deleted"] is None) == (each["namespace"] in alive)
            if each["deleted"] is not None:
                assert each["lost_without_snapshot"] == (each["ended_by"] == "skip")
        assert {
            each["namespace"] for each in state["snapshots"].values() if each["kind"] == "automated"
        } <= alive


TestClients = Clients.TestCase
TestClients.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
