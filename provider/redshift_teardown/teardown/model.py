"""What a teardown sees and remembers, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

AVAILABLE = "available"
FAILED = "failed"
IN_PROGRESS_SNAPSHOT_STATUSES = frozenset({"creating", "final snapshot", "final-snapshot"})
"""Which of them a running final snapshot reports is not documented; all are accepted."""


@dataclass(frozen=True)
class ClusterView:
    """A cluster as DescribeClusters shows it now; sizes and counts as AWS gives them."""

    identifier: str
    status: str
    availability_status: str = ""
    namespace_arn: str | None = None
    create_time: datetime | None = None
    lakehouse_status: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    node_type: str | None = None
    number_of_nodes: int | None = None


@dataclass(frozen=True)
class SnapshotView:
    """A snapshot as DescribeClusterSnapshots shows it now; sizes in megabytes, times in seconds."""

    identifier: str
    arn: str
    status: str
    cluster_identifier: str
    cluster_create_time: datetime | None
    create_time: datetime | None = None
    snapshot_type: str = "manual"
    retention_days: int | None = None
    remaining_days: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    total_megabytes: float = 0.0
    incremental_megabytes: float = 0.0
    progress_megabytes: float = 0.0
    megabytes_per_second: float = 0.0
    seconds_left: int = 0
    elapsed_seconds: int = 0

    @property
    def running(self) -> bool:
        """Whether the snapshot is still being taken."""
        return self.status.lower() in IN_PROGRESS_SNAPSHOT_STATUSES

    @property
    def available(self) -> bool:
        """Whether the snapshot can be restored from."""
        return self.status.lower() == AVAILABLE

    @property
    def failed(self) -> bool:
        """Whether AWS gave the snapshot up."""
        return self.status.lower() == FAILED


@dataclass(frozen=True)
class Observation:
    """What one look at AWS showed.

    Attributes:
        at: When, on the runner's clock.
        cluster: The cluster under the recorded identifier, or None when AWS says ClusterNotFound.
        snapshots: Manual snapshots of that cluster identifier, of any generation. Looked up only
            where the next step depends on them.
        renamed_to: Identifier under which the recorded namespace lives now, looked for where it does not
            live under the recorded one.

    """

    at: datetime
    cluster: ClusterView | None
    snapshots: tuple[SnapshotView, ...] = ()
    renamed_to: str | None = None


class Answer(str, Enum):
    """What became of a call that changes something."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer, or a 5xx: the call may have taken effect."""
    THROTTLED = "throttled"


@dataclass(frozen=True)
class Attempt:
    """One call that changes something, and what AWS answered."""

    operation: str
    answer: Answer
    at: datetime
    code: str = ""
    message: str = ""
    snapshot: str = ""
    status_before: str = ""
    target: str = ""
    """ARN or name of the snapshot that was tagged or kept longer."""
    tags: tuple[str, ...] = ()
    """The keys of the tags that were written."""

    @property
    def words(self) -> str:
        """AWS's own words, with the code in front."""
        return f"{self.code}: {self.message}" if self.code else self.message


@dataclass(frozen=True)
class Memory:
    """What this teardown, and earlier ones of the same generation, know.

    Attributes:
        started: When this teardown began.
        attempts: Calls made by this teardown that change something, oldest first.
        taken: Names AWS said are taken.
        stale: Snapshots that existed while the cluster was alive, by name or by ``proof.void_key``. They
            lack the writes since, so they prove nothing.
        create_times: Every ClusterCreateTime seen for this generation.
        earlier_outcome: What the newest earlier teardown of this generation had decided, where its
            DeleteCluster may have ended the cluster.
        earlier_skip: What that decision is recorded by as void, where it was to skip; else empty.
        earlier_accepted: Snapshot names that AWS accepted of earlier teardowns.
        earlier_sent: Snapshot names that earlier teardowns sent, with the time; accepted ones among them.
        deletion_seen: Whether this teardown saw the cluster ending.
        last_alive: When the cluster was last seen alive.
        alive_since: When the cluster was first seen alive after its deletion was seen; None while it was not.
        gone_since: When AWS first showed no cluster any more; None while it shows one.
        proof_seen: A final snapshot that this teardown saw; empty for none.

    """

    started: datetime
    attempts: tuple[Attempt, ...] = ()
    taken: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    create_times: tuple[datetime, ...] = ()
    earlier_outcome: str = ""
    earlier_skip: str = ""
    earlier_accepted: frozenset[str] = frozenset()
    earlier_sent: tuple[tuple[str, datetime], ...] = ()
    deletion_seen: bool = False
    last_alive: datetime | None = None
    alive_since: datetime | None = None
    gone_since: datetime | None = None
    proof_seen: str = ""

    def sent_under(self, name: str) -> list[datetime]:
        """Return when DeleteCluster was sent with a snapshot's name and may have taken effect."""
        own = [
            attempt.at
            for attempt in self.attempts
            if attempt.snapshot == name
            and attempt.answer in {Answer.ACCEPTED, Answer.UNKNOWN}
            and name not in self.taken
        ]
        return own + [at for sent, at in self.earlier_sent if sent == name]

    def last(self, operation: str) -> Attempt | None:
        """Give the newest attempt of an operation, or None."""
        return next((a for a in reversed(self.attempts) if a.operation == operation), None)

    def after(self, attempt: Attempt) -> Memory:
        """Give the memory with one more attempt in it."""
        return replace(self, attempts=(*self.attempts, attempt))


@dataclass(frozen=True)
class Step:
    """Base of what a teardown does next."""


@dataclass(frozen=True)
class Wait(Step):
    """Look again later.

    Attributes:
        why: Shown to the operator, with the time waited so far.
        snapshot: The running final snapshot, for its progress.

    """

    why: str
    snapshot: SnapshotView | None = None


@dataclass(frozen=True)
class Delete(Step):
    """Send DeleteCluster; ``snapshot_name`` empty means SkipFinalClusterSnapshot=true."""

    snapshot_name: str = ""
    retention_days: int = 0


@dataclass(frozen=True)
class Resume(Step):
    """Send ResumeCluster: AWS refused to delete the cluster while it is paused."""


@dataclass(frozen=True)
class Tag(Step):
    """Write the tags that the snapshot lacks."""

    snapshot: SnapshotView
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Prolong(Step):
    """Raise the snapshot's retention to what was decided; never shortens, never sends Force."""

    snapshot: SnapshotView
    retention_days: int


@dataclass(frozen=True)
class Done(Step):
    """The teardown is finished; ``snapshot`` is the proof, or None where the decision was to skip."""

    snapshot: SnapshotView | None
    note: str = ""


@dataclass(frozen=True)
class Refuse(Step):
    """Stop: the three parts of a RefusedError."""

    what: str
    data: str
    next_step: str
    lost: bool = field(default=False)
    """Whether data is gone, as far as AWS shows."""
    final: bool = False
    """Whether no later run can end otherwise, unless the operator lets go of the generation."""


@dataclass(frozen=True)
class LetGo(Step):
    """End without touching the cluster: another resource took it over, and owns it now."""

    what: str
