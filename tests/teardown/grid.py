"""The exhaustive grid: every call of a destroy, struck by every fault, and then destroyed again without
one.

The destroy is one that makes every call there is: the cluster is paused and AWS will not delete it so
(which makes a refused DeleteCluster, a ResumeCluster and a second DeleteCluster), and while its snapshot is
being taken somebody shortens the snapshot's retention (which makes a ModifyClusterSnapshot).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.faults import FAULTS as OF_AWS
from tests.teardown.stage import ACCOUNT, CLUSTER, PROTECTED, Interruption, kill

if TYPE_CHECKING:
    from tests.teardown.stage import Stage

LAST = 0
"""Stands for the last call of an operation that an undisturbed destroy makes."""

SITES: dict[str, tuple[str, int]] = {
    "GetCallerIdentity": ("GetCallerIdentity", 1),
    "DescribeClusters, first": ("DescribeClusters", 1),
    "DescribeClusters, while resuming": ("DescribeClusters", 4),
    "DescribeClusters, while snapshotting": ("DescribeClusters", 8),
    "DescribeClusters, last": ("DescribeClusters", LAST),
    "DescribeClusterSnapshots, first": ("DescribeClusterSnapshots", 1),
    "DescribeClusterSnapshots, while snapshotting": ("DescribeClusterSnapshots", 4),
    "DescribeClusterSnapshots, last": ("DescribeClusterSnapshots", LAST),
    "DeleteCluster, while paused": ("DeleteCluster", 1),
    "DeleteCluster": ("DeleteCluster", 2),
    "ResumeCluster": ("ResumeCluster", 1),
    "CreateTags": ("CreateTags", 1),
    "ModifyClusterSnapshot": ("ModifyClusterSnapshot", 1),
}
FAULTS: dict[str, dict[str, Any]] = {
    **OF_AWS,
    "crash before": {"crash": "before"},
    "crash after": {"crash": "after"},
}
LENGTHS = (1, 9)
"""How many calls in a row are struck: one, and more than botocore's own retries get over."""


def faults(length: int) -> list[str]:
    """Return the faults that can strike so many calls in a row; nobody dies twice."""
    return [name for name, scripted in FAULTS.items() if length == 1 or "crash" not in scripted]


@dataclass(frozen=True)
class Cell:
    """What became of one fault at one call.

    Attributes:
        struck: Whether the call was made, and the fault met it.
        first: How the struck destroy ended: done, refused or killed.
        said: Its words, where it refused.
        again: How many destroys without a fault it took until done; 0 where the struck one got there itself.
        gone: Whether the cluster is gone.
        proofs: How many final snapshots hold all its data and are tagged and kept as decided.
        finals: How many final snapshots were begun.

    """

    struck: bool
    first: str
    said: str
    again: int
    gone: bool
    proofs: int
    finals: int

    @property
    def holds(self) -> bool:
        """Whether the promise was kept."""
        return self.struck and self.gone and self.proofs == 1 and self.finals == 1 and self.again <= 1

    @property
    def words(self) -> str:
        """The cell of a printed table."""
        if not self.struck:
            return "not struck"
        if not self.holds:
            return f"BROKEN: {self.first}, {self.again} more, {self.proofs} proofs"
        return self.first if self.again == 0 else f"{self.first}, then done"


def play(stage: Stage, site: str, fault: str, length: int) -> Cell:
    """Destroy with a fault, then without one until it is done.

    Args:
        stage: The stage; begun anew.
        site: A key of `SITES`.
        fault: A key of `FAULTS`.
        length: How many calls in a row are struck.

    """
    operation, number = SITES[site]
    if number == LAST:
        number = _calls(stage)[operation]
    _set(stage)
    interruptions = [_shorten(stage)]
    scripted = FAULTS[fault]
    if "crash" in scripted:
        interruptions.append(Interruption(number, scripted["crash"], kill, operation))
    else:
        stage.emulator.control.add_fault(operation, occurrence=number, times=length, **scripted)
    result = stage.destroy(*interruptions)
    faults = stage.emulator.control.faults()
    struck = result.how == "killed" or any(each["struck"] for each in faults)
    stage.emulator.control.clear_faults()
    again = 0
    while stage.state is not None and again < 3:
        again += 1
        stage.destroy()
    ledger = stage.ledger()
    return Cell(
        struck=struck,
        first=result.how,
        said=result.said,
        again=again,
        gone=CLUSTER not in ledger["clusters"] and stage.state is None,
        proofs=sum(
            proof["final"]
            and proof["retention"] == 35
            and proof["tags"].get("redshift-teardown:cluster") == CLUSTER
            and proof["tags"].get("managed-by") == "redshift-teardown"
            for proof in stage.proofs()
        ),
        finals=len(stage.generation()["final_snapshots"]),
    )


def _set(stage: Stage) -> None:
    stage.reset(stage.rules(PROTECTED))
    control = stage.control
    control.set_lifecycle(creating=2, pausing=5, resuming=20, final_snapshot=40, deleting=20)
    assert stage.up().how == "done"
    control.set_marker(CLUSTER, "everything")
    stage.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    stage.time.advance(10)
    stage.emulator.control.set_behaviour(delete_paused=False)


def _shorten(stage: Stage) -> Interruption:
    """Somebody shortens the retention of the final snapshot, as soon as DeleteCluster has begun it."""

    def shorten() -> None:
        for name in stage.ledger()["snapshots"]:
            if "final" in name:
                stage.control.set_snapshot(name, retention=7)

    return Interruption(2, "after", shorten, "DeleteCluster")


_COUNTED: dict[int, dict[str, int]] = {}


def _calls(stage: Stage) -> dict[str, int]:
    """Count the calls of an undisturbed destroy, by operation."""
    if id(stage) not in _COUNTED:
        _set(stage)
        result = stage.destroy(_shorten(stage))
        assert result.how == "done", result.said
        made = [call.operation for call in result.calls if call.account == ACCOUNT]
        _COUNTED[id(stage)] = {operation: made.count(operation) for operation in made}
    return _COUNTED[id(stage)]
