"""A teardown thought through to its end, by ``next_step`` itself, on an AWS that does as it is asked.

Pure: it begins with what AWS shows now and goes on with what AWS is expected to show after each step. So
what is foreseen and what a destroy then does cannot differ in the rules, only where AWS surprises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import AVAILABLE, Answer, Attempt, SnapshotView
from redshift_teardown.teardown.backoff import SETTLE
from redshift_teardown.teardown.memory import remember
from redshift_teardown.teardown.model import Delete, Done, Extend, LetGo, Refuse, Resume, Step, Tag
from redshift_teardown.teardown.next_step import next_step, not_deleted
from redshift_teardown.teardown.proof import void_key

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

MOST_STEPS = 100
"""Names that are taken cost no step, so a teardown that goes well has fewer than ten."""

_QUOTA = "ClusterSnapshotQuotaExceeded"
_BUSY = "InvalidClusterState"


@dataclass(frozen=True)
class Foreseen:
    """A teardown to come.

    Attributes:
        steps: What it does, in order, its end not among them.
        end: How it ends: done, let go, or refused.

    """

    steps: tuple[Step, ...]
    end: Done | LetGo | Refuse


def foresee(
    plan: Plan,
    identity: Identity,
    observation: Observation,
    memory: Memory,
    *,
    room_for_snapshots: int | None = None,
    spared: str = "",
) -> Foreseen:
    """Think a teardown through.

    Args:
        plan: The decision, with its names and tags resolved.
        identity: The recorded generation.
        observation: What AWS shows now; unlike in a teardown, with the snapshots in it whatever the
            cluster's status is.
        memory: What earlier teardowns of the generation left written.
        room_for_snapshots: How many more manual snapshots the account may have; None where that is not
            known, and then room is expected.
        spared: Why nothing may be deleted, whatever the next step; empty where it may.

    Returns:
        The steps and the end.

    Raises:
        RuntimeError: it does not come to an end, which no teardown may do.

    """
    steps: list[Step] = []
    for _ in range(MOST_STEPS):
        memory = remember(plan, identity, observation, memory)
        step = next_step(plan, identity, observation, memory)
        if isinstance(step, (Done, LetGo, Refuse)):
            return Foreseen(tuple(steps), step)
        if spared and isinstance(step, (Delete, Resume)):
            return Foreseen(tuple(steps), not_deleted(identity, spared))
        steps.append(step)
        if isinstance(step, Delete):
            refusal = _expected_refusal(
                plan, identity, observation, memory, step, room_for_snapshots=room_for_snapshots
            )
            if refusal is not None:
                return Foreseen(tuple(steps[:-1]), refusal)
            observation, memory = _deleted(step, observation, memory)
        elif isinstance(step, (Tag, Extend)):
            observation, memory = _written(step, observation, memory)
        elif isinstance(step, Resume):
            observation = _with_status(observation, AVAILABLE)
            memory = memory.after(Attempt("ResumeCluster", Answer.ACCEPTED, observation.at))
        else:
            observation = _later(observation)
    message = f"the teardown of {identity} does not come to an end: {steps[-1]!r}"
    raise RuntimeError(message)


def _expected_refusal(
    plan: Plan,
    identity: Identity,
    observation: Observation,
    memory: Memory,
    step: Delete,
    *,
    room_for_snapshots: int | None,
) -> Refuse | None:
    """Ask what would come next if AWS refused, where there is reason to expect it."""
    status = observation.cluster.status if observation.cluster else ""
    lakehouse = observation.cluster.lakehouse_status if observation.cluster else ""
    expected = []
    if step.snapshot_name and room_for_snapshots is not None and room_for_snapshots <= 0:
        expected.append((_QUOTA, "the quota of manual snapshots is used up"))
    if lakehouse:
        expected.append((_BUSY, "expected while a Lakehouse registration stands"))
    for code, message in expected:
        refused = Attempt(
            "DeleteCluster", Answer.REFUSED, observation.at, code, message, step.snapshot_name, status
        )
        then = next_step(plan, identity, observation, memory.after(refused))
        if isinstance(then, Refuse):
            return then
    return None


def _deleted(step: Delete, observation: Observation, memory: Memory) -> tuple[Observation, Memory]:
    """DeleteCluster was accepted: AWS takes the snapshot, then deletes."""
    cluster = observation.cluster
    attempt = Attempt("DeleteCluster", Answer.ACCEPTED, observation.at, snapshot=step.snapshot_name)
    before = {void_key(snapshot) for snapshot in observation.snapshots}
    memory = replace(memory, stale=memory.stale | before).after(attempt)
    if cluster is None or not step.snapshot_name:
        return _with_status(observation, "deleting"), memory
    final = SnapshotView(
        identifier=step.snapshot_name,
        arn="",
        status="creating",
        cluster_identifier=cluster.identifier,
        cluster_create_time=cluster.create_time,
        create_time=observation.at,
        retention_days=step.retention_days,
    )
    under_way = _with_status(observation, "final-snapshot")
    return replace(under_way, snapshots=(*observation.snapshots, final)), memory


def _written(step: Tag | Extend, observation: Observation, memory: Memory) -> tuple[Observation, Memory]:
    """The snapshot's tags or its retention are as asked."""
    changed = step.snapshot
    if isinstance(step, Tag):
        operation, target = "CreateTags", changed.arn
        changed = replace(changed, tags=tuple(sorted({**dict(changed.tags), **dict(step.tags)}.items())))
    else:
        operation, target = "ModifyClusterSnapshot", changed.identifier
        changed = replace(changed, retention_days=step.retention_days)
    snapshots = tuple(changed if s.identifier == changed.identifier else s for s in observation.snapshots)
    tags = tuple(key for key, _ in step.tags) if isinstance(step, Tag) else ()
    attempt = Attempt(operation, Answer.ACCEPTED, observation.at, target=target, tags=tags)
    return replace(observation, snapshots=snapshots), memory.after(attempt)


def _later(observation: Observation) -> Observation:
    """What was under way has come to its end, and well; what AWS may lag with it has caught up with."""
    observation = replace(observation, at=observation.at + SETTLE)
    snapshots = tuple(
        replace(snapshot, status=AVAILABLE) if snapshot.running else snapshot
        for snapshot in observation.snapshots
    )
    cluster = observation.cluster
    if cluster is None or phase(cluster.status) is Phase.ENDING:
        return replace(observation, cluster=None, snapshots=snapshots)
    return replace(_with_status(observation, AVAILABLE), snapshots=snapshots)


def _with_status(observation: Observation, status: str) -> Observation:
    cluster = observation.cluster
    return observation if cluster is None else replace(observation, cluster=replace(cluster, status=status))
