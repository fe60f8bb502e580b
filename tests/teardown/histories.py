"""Random histories of one stack, its operators, its neighbours and AWS, as a hypothesis state machine.

What must hold is asked of the emulator's ledger and call log, never of the product: which generations are
gone and by whom, which snapshots hold which data, what every DeleteCluster said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from redshift_teardown.crud.delete import delete
from redshift_teardown.deletion_policy import FOREVER
from tests.teardown.stage import (
    ACCOUNT,
    CLUSTER,
    OTHER_ACCOUNT,
    Interruption,
    Result,
    Stage,
    kill,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.emulator import Control

SECONDS: dict[str, float] = {
    "creating": 2,
    "modifying": 20,
    "resizing": 30,
    "rebooting": 20,
    "renaming": 20,
    "pausing": 20,
    "resuming": 20,
    "final_snapshot": 40,
    "manual_snapshot": 30,
    "deleting": 20,
    "restoring": 20,
}
TEMPLATED = f"{CLUSTER}-last"
REFUSED_PARAMETERS = (
    "InvalidParameter",
    "InvalidRetention",
    "InvalidTag",
    "TagLimit",
    "Missing",
    "Validation",
)


@dataclass(frozen=True)
class Rules:
    """A policy file, and what it comes to for a cluster that carries ``ephemeral=true`` or no longer does."""

    text: str | None
    retention: int = 0
    skips: bool = False
    skips_ephemeral: bool = False

    @property
    def readable(self) -> bool:
        """Whether there is a policy in it."""
        return self.retention != 0


def _rules(skip: str, retention: str, name: str = "", tags: str = "") -> str:
    return f"""\
version: 1
receipts: receipts
environments:
  ours:
    stacks: [live]
    {skip}
    final_snapshot: {{retention_days: {retention}{name}{tags}}}
    wait: {{timeout_hours: 0.25, poll_seconds: 15}}
"""


POLICIES = {
    "kept for 7 days": Rules(_rules("skip: never", "7"), 7),
    "kept for 35 days": Rules(
        _rules("skip: never", "35", tags=', tags: {at: "{timestamp}", team: data}'),
        35,
    ),
    "kept for ever under one name": Rules(
        _rules("skip: never", "forever", name=', name: "{cluster}-last"'), FOREVER
    ),
    "skipped": Rules(_rules("skip: [{when: {always: true}, because: gone}]", "1"), 1, skips=True),
    "skipped while ephemeral": Rules(
        _rules('skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]', "3"), 3, skips_ephemeral=True
    ),
    "of others": Rules(
        "version: 1\nreceipts: receipts\n"
        "defaults: {final_snapshot: {retention_days: 10}, wait: {timeout_hours: 0.25, poll_seconds: 15}}\n"
        "environments: {theirs: {stacks: [other], skip: [{when: {always: true}, because: theirs}]}}\n",
        10,
    ),
    "broken": Rules("version: 1\nenvironments: [oops"),
    "missing": Rules(None),
}
FAULTS: dict[str, dict[str, Any]] = {
    "throttle": {"code": "Throttling"},
    "500": {"code": "InternalFailure"},
    "500 after": {"code": "InternalFailure", "when": "after"},
    "503": {"code": "ServiceUnavailable"},
    "drop before": {"kind": "drop"},
    "drop after": {"kind": "drop", "when": "after"},
    "access denied": {"code": "AccessDenied"},
    "expired token": {"code": "ExpiredToken"},
    "busy": {"code": "InvalidClusterState", "message": "There is an operation running on the Cluster."},
}
OPERATIONS = (
    "*",
    "GetCallerIdentity",
    "DescribeClusters",
    "DescribeClusterSnapshots",
    "DeleteCluster",
    "CreateTags",
    "ModifyClusterSnapshot",
    "ResumeCluster",
)

faults = st.tuples(
    st.sampled_from(OPERATIONS),
    st.sampled_from(sorted(FAULTS)),
    st.integers(1, 6),
    st.sampled_from([1, 1, 2, 7]),
)


class Histories(RuleBasedStateMachine):
    """One stack on one stage; `stage` is set by whoever runs this."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.stage.emulator.control.reset()
        self.stage.reset("")
        for control in (self.stage.control, self.stage.elsewhere):
            control.set_lifecycle(None, **SECONDS)
        self.somebody: set[str] = set()
        """Generations that somebody else deleted, or whose snapshots somebody took away."""
        self.strange: set[str] = set()
        """Generations that this stack never owned."""
        self.skipping: set[str] = set()
        """Generations that a destroy was allowed to skip the snapshot of."""
        self.foreign: dict[str, dict[str, Any]] = {}
        self.others_calls: set[int] = set()
        self.recorded = self.current = POLICIES["kept for 7 days"]
        self.ephemeral = True
        self.disturbed = False
        """A cluster or snapshot came or went while a destroy ran: what it had seen may not be so any more."""
        self.touched = False
        """Somebody touched the tags while a destroy ran, or a snapshot it would have written to."""
        self.written = 0
        self.started = ""

    # --- looking -----------------------------------------------------------------------------------

    @property
    def ledger(self) -> dict[str, Any]:
        """What the emulator knows of the stack's account."""
        return self.stage.ledger()

    @property
    def ours(self) -> str:
        """The generation the state records; empty without a state."""
        if self.stage.state is None:
            return ""
        return (
            str(self.stage.state["identity"]["cluster_namespace_arn"]).rpartition(":")[2].rpartition("/")[2]
        )

    def cluster(self) -> dict[str, Any] | None:
        """The cluster under the stack's identifier, whosever it is."""
        found: dict[str, Any] | None = self.ledger["clusters"].get(CLUSTER)
        return found

    def generation(self, namespace: str) -> dict[str, Any]:
        """What the ledger says of a generation."""
        return next(each for each in self.ledger["generations"] if each["namespace"] == namespace)

    def snapshots_of(self, namespace: str) -> list[dict[str, Any]]:
        """The available manual snapshots of a generation."""
        return [
            each
            for each in self.ledger["snapshots"].values()
            if (each["namespace"], each["kind"], each["status"]) == (namespace, "manual", "available")
        ]

    # --- the stack ---------------------------------------------------------------------------------

    @initialize(policy=st.sampled_from([name for name in sorted(POLICIES) if POLICIES[name].readable]))
    def begin(self, policy: str) -> None:
        """A stack that is up, by some policy."""
        self.edit(policy)
        self.up()

    @rule(policy=st.sampled_from(sorted(POLICIES)))
    def edit(self, policy: str) -> None:
        """Somebody edits the policy file."""
        self.current = POLICIES[policy]
        self.stage.write_policy(self.current.text)

    @precondition(lambda self: self.current.readable and self.stage.account == ACCOUNT)
    @rule()
    def up(self) -> None:
        """Create the cluster, or record the policy anew."""
        fresh = self.stage.state is None
        if fresh and self.cluster() is not None:
            return
        result = self.stage.up(tags={"ephemeral": "true"})
        if result.how == "refused":
            # Tags that somebody took off are to be put back, and AWS has to be asked for that.
            assert not fresh, result.said
            return
        self.recorded = self.current
        cluster = self.cluster()
        # After a refresh that saw them gone, the tags are put back.
        self.ephemeral = cluster is not None and cluster["tags"].get("ephemeral") == "true"

    @precondition(lambda self: self.stage.state is not None)
    @rule()
    def refresh(self) -> None:
        """Read the cluster; the state never changes whose it is."""
        before = self.ours
        result = self.stage.refresh()
        if result.how == "done" and self.stage.state is None:
            assert not self.lives(before)
            assert result.warned, "a cluster left the state without a word"
        elif result.how == "done":
            assert self.ours == before

    @precondition(lambda self: self.stage.state is not None)
    @rule(
        faults=st.lists(faults, max_size=2),
        events=st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        "die",
                        "die",
                        "write",
                        "vanish",
                        "end with a snapshot",
                        "begin again",
                        "rename",
                        "pause",
                        "resize",
                        "snapshot by hand",
                        "take the name",
                        "destroy beside",
                        "untag",
                        "fail the snapshot",
                        "lose the snapshot",
                        "lose the connection",
                        "shut the receipts",
                    ]
                ),
                st.sampled_from(["before", "after", "wait"]),
                st.integers(1, 12),
            ),
            max_size=3,
        ),
    )
    def destroy(self, faults: list[tuple[str, str, int, int]], events: list[tuple[str, str, int]]) -> None:
        """Destroy, whatever goes wrong and whoever comes between."""
        for operation, kind, occurrence, times in faults:
            self.stage.emulator.control.add_fault(
                operation, occurrence=occurrence, times=times, **FAULTS[kind]
            )
        self.attempt([Interruption(number, moment, self.event(name)) for name, moment, number in events])
        self.stage.emulator.control.clear_faults()
        self.stage.connected = True

    def event(self, name: str) -> Callable[[], object]:
        """What happens in the middle of a destroy."""
        happenings: dict[str, Callable[[], object]] = {
            "die": kill,
            "write": self.write,
            "vanish": self.vanish,
            "end with a snapshot": self.end_with_a_snapshot,
            "begin again": self.begin_again,
            "rename": self.rename,
            "pause": self.pause,
            "resize": self.resize,
            "snapshot by hand": lambda: self.snapshot_by_hand(TEMPLATED),
            "take the name": self.take_the_name,
            "destroy beside": self.destroy_beside,
            "untag": self.untag,
            "fail the snapshot": lambda: self.fail_the_snapshot("cluster-gone"),
            "lose the snapshot": self.lose_the_snapshot,
            "lose the connection": lambda: setattr(self.stage, "connected", False),
            "shut the receipts": lambda: self.spoil_receipts("shut"),
        }
        return happenings[name]

    def attempt(self, interruptions: list[Interruption]) -> Result:
        """Destroy once and judge what it did and said."""
        ours = self.ours
        self.touched = self.disturbed = False
        self.started = f"{self.stage.now():%Y%m%dt%H%M%Sz}"
        logged = len(self.stage.control.calls())
        if not self.due:
            self.skipping.add(ours)
        due, retention = self.due, self.retention
        result = self.stage.destroy(*interruptions)
        self.judge_calls(logged, due=due, retention=retention)
        self.judge(result, ours, due=due)
        return result

    def destroy_beside(self) -> None:
        """A second engine tears the same cluster down."""
        state, settings = self.stage.state, self.stage.settings
        if state is not None:
            ours, due = self.ours, self.due
            self.judge(self.stage.run(lambda: delete(state, settings)), ours, due=due)

    @property
    def due(self) -> bool:
        """Whether a final snapshot is due, by the stricter of the two policies; a cluster that is gone or
        going has no tags but the recorded ones.
        """
        cluster = self.cluster()
        alive = cluster is not None and cluster["shown_status"] not in ("final-snapshot", "deleting")
        ephemeral = self.ephemeral or not alive
        both = [rules for rules in (self.recorded, self.current) if rules.readable]
        return any(not (rules.skips or (rules.skips_ephemeral and ephemeral)) for rules in both)

    @property
    def retention(self) -> int:
        """The longer of the two retentions."""
        both = [rules.retention for rules in (self.recorded, self.current) if rules.readable]
        return FOREVER if FOREVER in both else max(both)

    # --- what must hold ----------------------------------------------------------------------------

    def lives(self, namespace: str) -> bool:
        """Whether a generation lives, under whatever name."""
        return any(each["namespace"] == namespace for each in self.ledger["clusters"].values())

    def judge_calls(self, logged: int, *, due: bool, retention: int) -> None:
        """Every DeleteCluster said what the policies say."""
        for index, call in enumerate(self.stage.control.calls()):
            if index < logged or index in self.others_calls or call.operation != "DeleteCluster":
                continue
            said = call.parameters
            assert "SkipFinalClusterSnapshot" in said
            if self.touched and said["SkipFinalClusterSnapshot"] == "false":
                continue
            if due:
                assert said["SkipFinalClusterSnapshot"] == "false"
                assert said["FinalClusterSnapshotIdentifier"]
                assert said["FinalClusterSnapshotRetentionPeriod"] == str(retention)
            else:
                assert said["SkipFinalClusterSnapshot"] == "true"
                assert "FinalClusterSnapshotIdentifier" not in said

    def judge(self, result: Result, ours: str, *, due: bool) -> None:
        """Done only with proof; refused only with words that are true."""
        if result.how == "done":
            assert not self.lives(ours), "done, and the cluster lives"
            if not due or ours in self.skipping:
                return
            generation, proofs = self.generation(ours), self.snapshots_of(ours)
            assert proofs, "done, and no snapshot of the generation is there"
            if ours not in self.somebody:
                whole = [each for each in proofs if each["marker"] == generation["marker"] and each["final"]]
                assert whole, "done, and no final snapshot holds what was written last"
                self.judge_proof(whole[-1])
        elif result.how == "refused":
            assert result.error is not None
            data = getattr(result.error, "data", "")
            assert data, result.said
            if self.disturbed:
                return
            if "still there" in data or "was not touched; nothing is lost" in data:
                assert self.lives(ours), result.said
            if "is lost as far as AWS shows" in data:
                left = [each for each in self.snapshots_of(ours) if each["cluster"] == CLUSTER]
                assert not left or self.create_time_changed(left), result.said
            if "the data is safe: snapshot " in data:
                name = data.split("the data is safe: snapshot ")[1].split()[0]
                assert name in {each["identifier"] for each in self.snapshots_of(ours)}, result.said

    def create_time_changed(self, snapshots: list[dict[str, Any]]) -> bool:
        """Whether none of the snapshots is of the create time that the state records."""
        recorded = self.stage.state["identity"]["cluster_create_time"] if self.stage.state else ""
        return all(f"{each['cluster_created']:.0f}" != _epoch(recorded) for each in snapshots)

    def judge_proof(self, snapshot: dict[str, Any]) -> None:
        """The snapshot is tagged and kept as decided."""
        if self.touched:
            return
        assert snapshot["retention"] == FOREVER or (
            self.retention != FOREVER and snapshot["retention"] >= self.retention
        )
        assert snapshot["tags"]["redshift-teardown:cluster"] == CLUSTER
        assert snapshot["tags"]["pulumi:stack"] == "live"
        assert "$" not in snapshot["tags"]["redshift-teardown:urn"]

    @invariant()
    def nothing_is_doubled(self) -> None:
        """A generation has one final snapshot, not counting those that failed."""
        for generation in self.ledger["generations"]:
            kept = [
                each for each in generation["final_snapshots"] if each["status"] in ("creating", "available")
            ]
            assert len(kept) <= 1, generation

    @invariant()
    def what_is_not_ours_is_left_alone(self) -> None:
        """Other generations, other snapshots and the other account are as they were."""
        ledger = self.ledger
        for generation in ledger["generations"]:
            if generation["namespace"] in self.strange:
                assert generation["ended_by"] in ("", "outside")
        for name, snapshot in self.foreign.items():
            if name in ledger["snapshots"]:
                now = ledger["snapshots"][name]
                assert (now["tags"], now["retention"]) == (snapshot["tags"], snapshot["retention"])
        assert self.stage.elsewhere.state()["generations"] == []

    @invariant()
    def aws_never_objects_to_a_parameter(self) -> None:
        """No call of the product is wrong in itself."""
        for index, call in enumerate(self.stage.control.calls()):
            if index in self.others_calls or call.fault:
                continue
            assert not call.result.startswith(REFUSED_PARAMETERS), call

    def teardown(self) -> None:
        """Once nothing goes wrong any more, destroying again ends: done, or with a refusal that is true."""
        control = self.stage.emulator.control
        control.clear_faults()
        control.set_behaviour(delete_paused=True)
        self.stage.control.set_snapshot_quota(None)
        self.stage.account = ACCOUNT
        ours = self.ours
        if not ours:
            return
        if self.cluster() is not None:
            self.stage.control.set_cluster(CLUSTER, lakehouse_registration_status="")
        result = self.attempt([])
        for _ in range(2):
            if result.how == "done":
                return
            result = self.attempt([])
        cluster = self.cluster()
        stuck = cluster is not None and (cluster["activity"] or {}).get("outcome") == "stuck"
        if self.lives(ours) and cluster is not None and cluster["namespace"] == ours and not stuck:
            raise AssertionError(f"it never ends: {result.said}")
        if self.lives(ours):
            assert stuck or "renamed to" in result.said or "lives on as" in result.said, result.said
            return
        if cluster is not None:
            assert "another generation" in result.said
            return
        kept = [
            each
            for each in self.snapshots_of(ours)
            if each["final"] and each["cluster"] == CLUSTER and ours not in self.somebody
        ]
        assert not kept or self.create_time_changed(kept), f"the proof is there: {result.said}"

    # --- everybody else ----------------------------------------------------------------------------

    def by_hand(self, operation: str, **arguments: Any) -> bool:
        """Somebody else makes a call; whether AWS took it."""
        control: Control = self.stage.control
        client = self.stage.outsider
        before = len(control.calls())
        taken = True
        try:
            getattr(client, operation)(**arguments)
        except ClientError:
            taken = False
        self.others_calls |= set(range(before, len(control.calls())))
        return taken

    @rule()
    def write(self) -> None:
        """Somebody writes data; a cluster that is being deleted takes none."""
        cluster = self.cluster()
        if cluster is not None and cluster["shown_status"] == "available":
            self.written += 1
            self.stage.control.set_marker(CLUSTER, f"written {self.written}")

    @rule(seconds=st.sampled_from([5, 25, 60, 600]))
    def pass_time(self, seconds: int) -> None:
        """Time passes."""
        self.stage.time.advance(seconds)

    @rule()
    def vanish(self) -> None:
        """Somebody deletes the cluster without a snapshot."""
        cluster = self.cluster()
        if cluster is not None:
            self.disturbed = True
            self.somebody.add(cluster["namespace"])
            self.stage.control.remove_cluster(CLUSTER)

    @rule()
    def end_with_a_snapshot(self) -> None:
        """Somebody deletes the cluster with a snapshot of a name of theirs."""
        cluster = self.cluster()
        if cluster is not None and self.by_hand(
            "delete_cluster",
            ClusterIdentifier=CLUSTER,
            FinalClusterSnapshotIdentifier=f"by-hand-{self.stage.now():%Y%m%d%H%M%S}",
        ):
            self.disturbed = True
            self.somebody.add(cluster["namespace"])
            self.strange.discard(cluster["namespace"])

    @rule()
    def begin_again(self) -> None:
        """Somebody puts another cluster under the identifier, in place of the one there."""
        self.vanish()
        if self.by_hand(
            "create_cluster",
            ClusterIdentifier=CLUSTER,
            NodeType="ra3.xlplus",
            NumberOfNodes=2,
            ClusterType="multi-node",
            MasterUsername="admin",
            MasterUserPassword="Correct-Horse-1",
        ):
            cluster = self.cluster()
            assert cluster is not None
            self.strange.add(cluster["namespace"])

    @rule()
    def rename(self) -> None:
        """Somebody renames the cluster."""
        self.by_hand("modify_cluster", ClusterIdentifier=CLUSTER, NewClusterIdentifier="elsewhere")

    @rule()
    def rename_back(self) -> None:
        """Somebody renames it back."""
        self.by_hand("modify_cluster", ClusterIdentifier="elsewhere", NewClusterIdentifier=CLUSTER)

    @rule()
    def pause(self) -> None:
        """Somebody pauses the cluster."""
        self.by_hand("pause_cluster", ClusterIdentifier=CLUSTER)

    @rule()
    def resize(self) -> None:
        """Somebody resizes the cluster; its create time may change."""
        self.by_hand(
            "modify_cluster",
            ClusterIdentifier=CLUSTER,
            NodeType="ra3.4xlarge",
            NumberOfNodes=3,
            ClusterType="multi-node",
        )

    @rule(name=st.sampled_from([TEMPLATED, "by-hand", f"{TEMPLATED}-2"]))
    def snapshot_by_hand(self, name: str) -> None:
        """Somebody takes a manual snapshot of the cluster; maybe under a name that the policy would give."""
        self.disturbed = True
        self.by_hand("create_cluster_snapshot", SnapshotIdentifier=name, ClusterIdentifier=CLUSTER)

    @rule(of=st.sampled_from([CLUSTER, "another"]), name=st.sampled_from([TEMPLATED, f"{TEMPLATED}-2"]))
    def foreign_snapshot(self, of: str, name: str) -> None:
        """A snapshot of another generation has a name that the policy would give."""
        if name not in self.ledger["snapshots"]:
            self.stage.control.put_snapshot(name, of, tags={"owner": "somebody"}, retention=3)
            self.foreign[name] = self.ledger["snapshots"][name]

    def take_the_name(self) -> None:
        """A foreign snapshot takes the very names that this destroy would choose."""
        for name in (f"shop-live-{CLUSTER}-final-{self.started}", TEMPLATED):
            self.foreign_snapshot("another", name)

    @rule()
    def untag(self) -> None:
        """Somebody takes the cluster's tags away."""
        cluster = self.cluster()
        if cluster is not None and cluster["namespace"] == self.ours:
            self.ephemeral, self.touched = False, True
            self.stage.control.set_cluster(CLUSTER, tags={})

    @rule(outcome=st.sampled_from(["cluster-returns", "cluster-gone", "stuck"]))
    def fail_the_snapshot(self, outcome: str) -> None:
        """The next final snapshot will fail."""
        if self.cluster() is not None:
            self.stage.control.fail_next_snapshot(CLUSTER, outcome)

    @rule()
    def lose_the_snapshot(self) -> None:
        """Somebody deletes the newest snapshot of the cluster."""
        mine = [each for each in self.ledger["snapshots"].values() if each["namespace"] == self.ours]
        if mine and self.ours:
            self.somebody.add(self.ours)
            self.touched = self.disturbed = True
            self.stage.control.delete_snapshot(max(mine, key=lambda each: each["created"])["identifier"])

    @rule(quota=st.sampled_from([None, 0, 1]))
    def quota(self, quota: int | None) -> None:
        """The account may hold no more snapshots, or may again."""
        self.stage.control.set_snapshot_quota(quota)

    @rule(account=st.sampled_from([ACCOUNT, OTHER_ACCOUNT]))
    def credentials(self, account: str) -> None:
        """Somebody logs in to an account, the right one or another."""
        self.stage.account = account

    @rule(
        delete_paused=st.booleans(),
        final_snapshot_status=st.sampled_from(["creating", "final snapshot"]),
        tag_unfinished_snapshots=st.booleans(),
        keeps_create_time=st.booleans(),
    )
    def habits(self, **switches: Any) -> None:
        """AWS does what its documentation leaves open."""
        self.stage.emulator.control.set_behaviour(**switches)

    @rule(status=st.sampled_from(["", "Registered"]))
    def lakehouse(self, status: str) -> None:
        """Somebody registers the cluster, which then cannot be deleted."""
        if self.cluster() is not None:
            self.stage.control.set_cluster(CLUSTER, lakehouse_registration_status=status)

    @rule(how=st.sampled_from(["lost", "shut", "garbled"]))
    def spoil_receipts(self, how: str) -> None:
        """The receipts are of another machine, cannot be written, or cannot be read."""
        folder = self.stage.receipts
        if how == "garbled" and folder.is_dir():
            for path in folder.glob("*.json"):
                path.write_text('{"receipt_version": 1, "names": 7', encoding="utf-8")
            return
        self.stage.drop_receipts()
        if how == "shut":
            folder.touch()


def _epoch(text: str) -> str:
    from redshift_teardown.teardown.identity import parse_time  # noqa: PLC0415

    moment = parse_time(text)
    return f"{moment.timestamp():.0f}" if moment else ""
