"""Which snapshot proves that a generation's data is kept. Pure.

A proof is an available manual snapshot

* of this generation, by its ClusterCreateTime;
* made by a DeleteCluster that AWS accepted: our tags say so, which it has not from the cluster, or a receipt
  does, or a name with a time in it;
* and not void: the cluster was not seen alive after it, so the deletion that made it ended the cluster.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from redshift_teardown.aws.identity import same_moment
from redshift_teardown.aws.views import Answer
from redshift_teardown.deletion_policy import fit_tag_value, time_in_name
from redshift_teardown.teardown.plan import TAG_GENERATION, TAG_URN, TAG_VOID, is_tagged_as
from redshift_teardown.teardown.resource_tag import says

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

CLOCK_SKEW = timedelta(minutes=5)
"""By so much AWS's clock and this machine's may differ; AWS refuses signatures that are older."""

ANSWERED_LATE = timedelta(minutes=15)
"""For so long after it was sent, a DeleteCluster whose answer nobody saw may begin its snapshot."""

LONGEST_TEARDOWN = timedelta(hours=24)
"""For at least so long a teardown may have waited with a name before it sent DeleteCluster."""

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def newest_proof(
    plan: Plan, identity: Identity, observation: Observation, memory: Memory
) -> SnapshotView | None:
    """Return the snapshot that proves, or will prove, that the data is kept; None where there is none.

    The newest decides, whatever became of it: what an older one lacks, a newer one that failed does not make
    up for. Of two that are equally new the worse decides, and else the one that DeleteCluster was sent with,
    or whose name has a number after it: the other one was there when it was chosen.
    """
    candidates = [
        snapshot
        for snapshot in observation.snapshots
        if would_prove(snapshot, plan, identity, memory) and not is_void(snapshot, memory)
    ]
    # Of equals the first one is the greatest.
    candidates.sort(key=lambda s: (bool(memory.sent_under(s.identifier)), len(s.identifier)), reverse=True)
    return max(
        candidates,
        key=lambda s: (s.create_time is None, s.create_time or _LONG_AGO, not s.available, not s.running),
        default=None,
    )


def would_prove(snapshot: SnapshotView, plan: Plan, identity: Identity, memory: Memory) -> bool:
    """Return whether a snapshot is a proof unless it is void, or was never finished."""
    return is_ours(snapshot, plan, identity, memory) and of_generation(
        snapshot, identity, memory, urn=plan.urn if plan.tags_prove else ""
    )


def outlived(
    plan: Plan, identity: Identity, observation: Observation, memory: Memory
) -> tuple[SnapshotView, ...]:
    """Return the snapshots that would prove that the data is kept, had the cluster not been seen alive since.

    These and no others are put down as void, by whoever sees the cluster alive: in a receipt, in the outputs
    where they are written, and by a tag in AWS, which tells a machine that has neither. Those among them that
    have their tags from the cluster, too: once it has lost them, nobody can tell that any more.
    """
    plan = replace(plan, tags_prove=True)
    return tuple(
        snapshot
        for snapshot in observation.snapshots
        if would_prove(snapshot, plan, identity, memory) and is_void(snapshot, memory)
    )


def may_be_of_generation(
    snapshot: SnapshotView, identity: Identity, memory: Memory, *, urn: str = ""
) -> bool:
    """Return whether a snapshot is of this generation, as far as AWS tells: later it may tell more."""
    return snapshot.cluster_create_time is None or of_generation(snapshot, identity, memory, urn=urn)


def of_generation(snapshot: SnapshotView, identity: Identity, memory: Memory, *, urn: str = "") -> bool:
    """Return whether a snapshot was taken of this generation.

    A snapshot carries no namespace, only the ClusterCreateTime of the day it was taken. An older one than is
    recorded is of an earlier life, even where a restore kept the namespace. A newer one is explained only by
    a resize or resume that was seen: by this teardown, by one that left a receipt, or by one of this resource
    that tagged the snapshot.

    Args:
        snapshot: The snapshot.
        identity: The generation recorded.
        memory: The create times that were seen.
        urn: The resource's URN; empty where its tags do not count.

    """
    created, recorded = snapshot.cluster_create_time, identity.cluster_create_time
    if same_moment(created, recorded):
        return True
    if created is None or (recorded is not None and created < recorded):
        return False
    if any(same_moment(created, seen) for seen in memory.create_times):
        return True
    tags = dict(snapshot.tags)
    return (
        bool(urn and identity.cluster_namespace_arn)
        and tags.get(TAG_GENERATION) == fit_tag_value(identity.generation())
        and says(tags.get(TAG_URN), urn)
    )


def is_ours(snapshot: SnapshotView, plan: Plan, identity: Identity, memory: Memory) -> bool:
    """Return whether a snapshot was made by a DeleteCluster of a teardown of this resource.

    A name alone is a sign only where it holds the time it was chosen at, or where a receipt says when it was
    sent; and the snapshot must have begun at that time. One that AWS accepted is none any more once its
    cluster was seen to live on: that snapshot may be there no more, and somebody may have used the name
    again. The tags are none that the cluster carries, too.
    """
    if snapshot.snapshot_type != "manual":
        return False
    if plan.tags_prove and is_tagged_as(dict(snapshot.tags), identity):
        return True
    if snapshot.identifier in memory.earlier_accepted | asked_for(memory, Answer.ACCEPTED):
        return True
    return _made_in_time(snapshot, plan, memory)


def _made_in_time(snapshot: SnapshotView, plan: Plan, memory: Memory) -> bool:
    begun = snapshot.create_time
    if begun is None:
        return False
    for sent in memory.sent_under(snapshot.identifier):
        if sent - CLOCK_SKEW <= begun <= sent + ANSWERED_LATE + CLOCK_SKEW:
            return True
    longest = max(LONGEST_TEARDOWN, timedelta(hours=plan.decision.wait.timeout_hours))
    for template, environment in plan.templates:
        chosen = time_in_name(snapshot.identifier, template, plan.facts, environment=environment)
        if chosen is not None and chosen - CLOCK_SKEW <= begun <= chosen + longest + CLOCK_SKEW:
            return True
    return False


def is_void(snapshot: SnapshotView, memory: Memory) -> bool:
    """Return whether the cluster was seen alive after a snapshot, which lacks the writes since."""
    if is_marked_void(snapshot) or memory.stale & {snapshot.identifier, void_key(snapshot)}:
        return True
    begun, alive = snapshot.create_time, memory.last_alive
    return begun is not None and alive is not None and begun < alive - CLOCK_SKEW


def is_marked_void(snapshot: SnapshotView) -> bool:
    """Return whether a snapshot carries the mark that says so, in AWS itself."""
    return TAG_VOID in dict(snapshot.tags)


def void_key(snapshot: SnapshotView) -> str:
    """Return what a void snapshot is recorded by: its name, which may be used again, and its time."""
    begun = snapshot.create_time
    return f"{snapshot.identifier}@{begun.isoformat() if begun else ''}"


def asked_for(memory: Memory, *answers: Answer) -> frozenset[str]:
    """Return the snapshot names that this teardown asked for, those left out that AWS said are taken."""
    return (
        frozenset(
            attempt.snapshot
            for attempt in memory.attempts
            if attempt.snapshot and (not answers or attempt.answer in answers)
        )
        - memory.taken
    )
