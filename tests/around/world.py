"""What the world does around a command: somebody else's clusters and snapshots, and interruptions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.aws.session import Aws
from tests.long import ALL
from tests.teardown.stage import CLUSTER, REGION, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redshift_teardown.emulator.calls import CallRecord
    from redshift_teardown.settings import Settings
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

ELSEWHERE = "eu-west-1"
"""A region that the stack's cluster is not in."""
SHORT = dict.fromkeys(
    (
        "creating",
        "restoring",
        "modifying",
        "resizing",
        "renaming",
        "pausing",
        "resuming",
        "final_snapshot",
        "deleting",
    ),
    20.0,
)
"""Phases of a poll or two, so that a command has few points to be interrupted at."""
STRIDE = 1 if ALL else 4
"""Every fourth point, where not all are wanted; that goes through the three kinds in turn."""
BEGINNINGS = frozenset(
    {
        "CreateCluster",
        "DeleteCluster",
        "ModifyCluster",
        "ModifyClusterIamRoles",
        "RestoreFromClusterSnapshot",
        "ResumeCluster",
    }
)
"""The calls that begin something that AWS then goes on with by itself."""


def changes(result: Result) -> list[str]:
    """The operations of a command that change something, in order; those of others meanwhile too."""
    return [call.operation for call in result.calls if _changes(call)]


def _changes(call: CallRecord) -> bool:
    return call.service == "redshift" and not call.operation.startswith("Describe")


def tags_of_snapshot(stack: Bench, name: str) -> dict[str, str]:
    """The tags of a snapshot."""
    return dict(stack.ledger()["snapshots"][name]["tags"])


def is_tagged(snapshot: dict[str, Any]) -> bool:
    """Whether a final snapshot carries the tags that say whose it is."""
    return {"redshift-teardown:generation", "managed-by"} <= set(snapshot["tags"])


def configured(stack: Bench, **changed: Any) -> Settings:
    """The stack's configuration with something else in it, that connects to the stack's emulator."""
    settings = replace(stack.settings, **changed)
    for region in {REGION, ELSEWHERE, str(settings.region)}:
        made = Aws(settings, region)
        for client in (made.redshift, made.redshift_once, made._sts):
            stack.emulator.attach(client, stack._called)
        stack._patch.setitem(process.clients, (settings, region), made)
    return settings


# --- what others do ---


def stranger(stack: Bench, identifier: str = CLUSTER) -> dict[str, Any]:
    """Somebody else makes a cluster, which is available at once; gives all that is known of it."""
    stack.control.set_lifecycle(identifier, creating=0)
    stack.outsider.create_cluster(
        ClusterIdentifier=identifier,
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername="stranger",
        MasterUserPassword="Somebody-Elses-1",
        Tags=[{"Key": "owner", "Value": "somebody else"}],
    )
    return seen(stack, identifier)


def seen(stack: Bench, identifier: str) -> dict[str, Any]:
    """All that the emulator knows of a cluster; None of it changes by itself once it is available."""
    return dict(stack.ledger()["clusters"][identifier])


def swap(stack: Bench, gone: str = CLUSTER, comes: str = "") -> dict[str, Any]:
    """Somebody deletes the stack's cluster, and somebody makes one of that or another name."""
    stack.control.remove_cluster(gone)
    return stranger(stack, comes or gone)


def busy(stack: Bench, seconds: float = 600) -> None:
    """Somebody resizes the cluster."""
    stack.control.set_lifecycle(CLUSTER, resizing=seconds)
    stack.outsider.resize_cluster(ClusterIdentifier=CLUSTER, NodeType="ra3.xlplus", NumberOfNodes=4)


def paused(stack: Bench) -> None:
    """Somebody pauses the cluster, in an AWS that deletes no paused one."""
    stack.control.set_behaviour(delete_paused=False)
    stack.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    stack.time.advance(3600)


def by_hand(stack: Bench, name: str) -> None:
    """Somebody takes a snapshot of the cluster, which is available at once."""
    stack.control.set_lifecycle(CLUSTER, manual_snapshot=0)
    stack.outsider.create_cluster_snapshot(SnapshotIdentifier=name, ClusterIdentifier=CLUSTER)


def write_data(stack: Bench, text: str = "everything we have") -> None:
    """Load data: what a snapshot taken before it does not hold."""
    stack.control.set_marker(CLUSTER, text)


# --- interruptions ---


@dataclass
class Mark:
    """When something was done to a command, and which calls came after.

    Attributes:
        act: What is done.
        stack: To which stack's command.
        reached: Whether it was done at all.

    """

    stack: Bench
    act: Callable[[], object]
    reached: bool = False
    _calls: int = 0
    _at: Any = None
    _in_flight: int = 0

    def at(self, number: int, moment: str, operation: str = "") -> Interruption:
        """Return the interruption that does it."""
        self._in_flight = int(moment == "before")
        return Interruption(number, moment, self._do, operation)

    def _do(self) -> None:
        self.reached = True
        self.act()
        self._calls = len(self.stack.control.calls())
        self._at = self.stack.now()

    def after(self) -> list[str]:
        """The changing operations that were called after it; one that was under way just then is none."""
        calls = self.stack.control.calls()[self._calls + self._in_flight :]
        return [call.operation for call in calls if _changes(call)]

    def before(self) -> list[str]:
        """The changing operations that AWS had accepted by then; one that was under way just then counts."""
        calls = self.stack.control.calls()[: self._calls + self._in_flight]
        return [call.operation for call in calls if _changes(call) and call.took_effect]

    @property
    def seconds(self) -> float:
        """How much time has passed since."""
        return float((self.stack.now() - self._at).total_seconds())


def gone(stack: Bench) -> Mark:
    """The engine of the command under way ends, by SIGHUP or SIGKILL; its provider lives on."""

    def end() -> None:
        stack.engine_gone = True

    return Mark(stack, end)


def cancelled(stack: Bench) -> Mark:
    """The command under way gets one Ctrl-C."""

    def cancel() -> None:
        stack.cancelled = True

    return Mark(stack, cancel)


@dataclass
class Everywhere:
    """A command, interrupted at each point in turn, each time from the beginning.

    Attributes:
        stack: Where.
        prepare: What comes before it.
        command: Runs it, with an interruption.
        mark: Makes what is done to it.
        points: How many there were, those left out by `STRIDE` counted.

    """

    stack: Bench
    prepare: Callable[[], object]
    command: Callable[[Interruption], Result]
    mark: Callable[[Bench], Mark]
    points: int = field(default=0)

    def __iter__(self) -> Iterator[tuple[str, Result, Mark]]:
        """Return each point, how the command ended, and the mark; ends where no point is reached any more."""
        missed, count = 0, -1
        while missed < 3:
            count += 1
            if count % STRIDE:
                continue
            number, moment = count // 3 + 1, ("before", "after", "wait")[count % 3]
            self.stack.reset()
            self.stack.control.set_lifecycle(None, **SHORT)
            self.prepare()
            mark = self.mark(self.stack)
            self.stack.control.clear_calls()
            result = self.command(mark.at(number, moment))
            missed = 0 if mark.reached else missed + 1
            if mark.reached:
                self.points += STRIDE
                yield f"{moment} {number}", result, mark
