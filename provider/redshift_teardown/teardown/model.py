"""What a teardown sees and remembers, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from redshift_teardown.aws.views import Answer, Attempt, ClusterView, SnapshotView

if TYPE_CHECKING:
    from datetime import datetime

    from redshift_teardown.teardown.plan import Plan


@dataclass(frozen=True)
class Observation:
    """What one poll of AWS showed.

    Attributes:
        at: When, on the runner's clock.
        cluster: The cluster under the recorded identifier, or None when AWS says ClusterNotFound.
        snapshots: Manual snapshots of that cluster identifier, of any generation. Looked up only
            where the next step depends on them.
        renamed: The cluster of the recorded namespace under another identifier, looked for where it does not
            live under the recorded one.
        alive_since: Since when AWS has shown the cluster alive, where it was asked for that twice; else None.

    """

    at: datetime
    cluster: ClusterView | None
    snapshots: tuple[SnapshotView, ...] = ()
    renamed: ClusterView | None = None
    alive_since: datetime | None = None


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
        earlier_own_sent: When an earlier teardown of this very resource sent DeleteCluster last.
        deletion_seen: Whether this teardown saw the cluster ending.
        last_alive: When the cluster was last seen alive.
        alive_since: Since when the cluster has been seen alive, without a break; None while it is not.
        given_up: Whether AWS surely gave a deletion of this teardown up.
        gone_since: When AWS first showed the generation under its name no more; None while it does.
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
    earlier_own_sent: datetime | None = None
    deletion_seen: bool = False
    last_alive: datetime | None = None
    alive_since: datetime | None = None
    given_up: bool = False
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

    @property
    def sent(self) -> Attempt | None:
        """The newest DeleteCluster of this teardown that may have taken effect; None for none."""
        may_have = {Answer.ACCEPTED, Answer.UNKNOWN}
        sent = (a for a in reversed(self.attempts) if a.operation == "DeleteCluster" and a.answer in may_have)
        return next(sent, None)

    def last(self, operation: str) -> Attempt | None:
        """Return the newest attempt of an operation, or None."""
        return next((a for a in reversed(self.attempts) if a.operation == operation), None)

    def after(self, attempt: Attempt) -> Memory:
        """Return the memory with one more attempt in it."""
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
class Extend(Step):
    """Raise the snapshot's retention to what was decided; never shortens, never sends Force."""

    snapshot: SnapshotView
    retention_days: int


@dataclass(frozen=True)
class Done(Step):
    """The teardown is finished; ``snapshot`` is the proof, or None where the decision was to skip."""

    snapshot: SnapshotView | None


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


@dataclass(frozen=True)
class Ending:
    """How a teardown ended well: the proof, or None where the decision was to skip.

    Attributes:
        snapshot: The final snapshot.
        plan: What was decided.
        let_go: Whether the cluster lives on, since another resource took it over.

    """

    snapshot: SnapshotView | None
    plan: Plan
    let_go: bool = False
