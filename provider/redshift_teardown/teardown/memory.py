"""What a teardown knows: from the receipts of earlier ones, from the state, and from each poll.

Destroy, its forecast and a refresh begin with the same memory, so that none can judge otherwise than another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import Phase, is_surely_alive, phase
from redshift_teardown.aws.views import Answer, SnapshotView
from redshift_teardown.teardown.backoff import LAG, SETTLE
from redshift_teardown.teardown.earlier import read_earlier
from redshift_teardown.teardown.model import Memory
from redshift_teardown.teardown.proof import (
    asked_for,
    may_be_of_generation,
    newest_proof,
    of_generation,
    void_key,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.teardown.earlier import Earlier
    from redshift_teardown.teardown.model import Observation
    from redshift_teardown.teardown.plan import Plan


def recall(
    receipts: Iterable[Path],
    identity: Identity,
    urn: str,
    started: datetime,
    *,
    claim: str,
    recorded: str,
    void: Collection[str],
) -> Memory:
    """Return what a teardown that begins now knows before it looks.

    Args:
        receipts: The receipts folders.
        identity: The generation meant.
        urn: The resource's: what another one decided about the generation excuses nothing.
        started: The time now.
        claim: The resource's ownership claim; empty for none.
        recorded: The fingerprint of what the state records of the policy.
        void: Snapshots, and skips, that the state records as void.

    """
    earlier = read_earlier(receipts, identity, urn, claim=claim, recorded=recorded)
    outlived = earlier.skip in void or _is_outlived(earlier)
    return Memory(
        started=started,
        stale=earlier.stale | frozenset(void),
        create_times=earlier.create_times,
        earlier_outcome="" if outlived else earlier.outcome,
        earlier_skip="" if outlived else earlier.skip,
        earlier_accepted=earlier.accepted - {name for name, at in earlier.sent if _lived_on(earlier, at)},
        earlier_sent=earlier.sent,
        earlier_own_sent=earlier.own_sent,
        last_alive=earlier.last_alive,
    )


def _is_outlived(earlier: Earlier) -> bool:
    """Return whether the cluster was seen alive so long after it was to be deleted that AWS gave that up."""
    sent = dict(earlier.sent).get("")
    return sent is not None and _lived_on(earlier, sent)


def _lived_on(earlier: Earlier, sent: datetime) -> bool:
    return earlier.last_alive is not None and earlier.last_alive - sent >= SETTLE


def is_end_unseen(memory: Memory) -> bool:
    """Return whether a DeleteCluster was sent after which nobody saw whether the cluster lives on."""
    return _is_unseen_since(memory, max((at for _, at in memory.earlier_sent), default=None))


def is_own_end_unseen(memory: Memory) -> bool:
    """Return whether this is so of one that this very resource sent, not of one of whoever owns it now."""
    return _is_unseen_since(memory, memory.earlier_own_sent)


def _is_unseen_since(memory: Memory, sent: datetime | None) -> bool:
    return sent is not None and (memory.last_alive is None or memory.last_alive - sent < SETTLE)


def remember(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Memory:
    """Return the memory with what an observation shows that later steps need to know."""
    cluster = observation.cluster
    if cluster is None or not identity.is_generation_of(cluster):
        gone_since = memory.gone_since or observation.at
        # After a deletion that was seen one such answer may be an old one.
        alive_since = memory.alive_since if memory.deletion_seen else None
        return replace(memory, gone_since=gone_since, alive_since=alive_since)
    memory = replace(memory, gone_since=None)
    if cluster.create_time is not None and cluster.create_time not in memory.create_times:
        memory = replace(memory, create_times=(*memory.create_times, cluster.create_time))
    if phase(cluster.status) is Phase.ENDING:
        proof = newest_proof(plan, identity, observation, memory)
        return replace(
            memory,
            deletion_seen=True,
            alive_since=None,
            proof_seen=proof.identifier if proof is not None else memory.proof_seen,
        )
    return _alive(plan, identity, observation, memory, cluster.status)


def _alive(plan: Plan, identity: Identity, observation: Observation, memory: Memory, status: str) -> Memory:
    """Note that the cluster lives: what was decided earlier did not come to be, and what exists is void.

    That is of every snapshot of the generation, since a policy to come may name what proves nothing by this
    one. While a deletion may be under way, of which AWS shows an old answer, no sign of life is one.
    """
    memory = replace(memory, earlier_outcome="")
    if memory.alive_since is None:
        memory = replace(memory, alive_since=observation.alive_since or observation.at)
    coming = _may_be_coming(observation, memory, status)
    if is_surely_alive(status) and not (memory.deletion_seen and coming):
        memory = replace(memory, last_alive=observation.at)
    void = {
        key
        for snapshot in observation.snapshots
        if not snapshot.running
        and snapshot.identifier not in coming
        and may_be_of_generation(snapshot, identity, memory, urn=plan.urn)
        for key in _keys(snapshot, memory)
    }
    given_up = has_failed(identity, observation, memory) or (
        memory.deletion_seen and is_lasting(observation, memory)
    )
    return replace(memory, stale=memory.stale | void, given_up=memory.given_up or given_up)


def has_failed(identity: Identity, observation: Observation, memory: Memory) -> bool:
    """Return whether the snapshot of a deletion of this teardown failed: AWS has given that deletion up."""
    asked = asked_for(memory, Answer.ACCEPTED, Answer.UNKNOWN)
    return any(
        snapshot.failed and snapshot.identifier in asked and of_generation(snapshot, identity, memory)
        for snapshot in observation.snapshots
    )


def _keys(snapshot: SnapshotView, memory: Memory) -> tuple[str, ...]:
    """Return what a snapshot is void under; a name that AWS said is taken was never ours to ask for."""
    key = void_key(snapshot)
    return (key, snapshot.identifier) if snapshot.identifier in memory.taken else (key,)


def _may_be_coming(observation: Observation, memory: Memory, status: str) -> frozenset[str]:
    """Return the names of snapshots whose deletion may have begun though AWS shows the cluster as it was.

    One of an earlier teardown that is finished beside a cluster that is surely alive, and stays so, comes no
    more: AWS has given its deletion up.
    """
    lasts = is_lasting(observation, memory)
    if memory.deletion_seen:
        return frozenset() if lasts else asked_for(memory) | {memory.proof_seen}
    given_up = lasts and is_surely_alive(status)
    finished = {each.identifier for each in observation.snapshots if each.available and given_up}
    earlier = [(name, at) for name, at in memory.earlier_sent if name not in finished]
    sent = [
        (attempt.snapshot, attempt.at)
        for attempt in memory.attempts
        if attempt.snapshot in asked_for(memory, Answer.ACCEPTED, Answer.UNKNOWN)
    ]
    return frozenset(name for name, at in (*sent, *earlier) if observation.at - at < SETTLE)


def is_lasting(observation: Observation, memory: Memory) -> bool:
    """Return whether AWS has shown the cluster alive for so long that it is believed of it."""
    return memory.alive_since is not None and observation.at - memory.alive_since >= LAG


def doubted_proof(
    plan: Plan, identity: Identity, observation: Observation, memory: Memory
) -> SnapshotView | None:
    """Return what an earlier teardown took as its proof, beside a cluster that is not surely alive yet.

    None for no such. Once it is surely alive, that snapshot is void.
    """
    proof = newest_proof(plan, identity, observation, memory)
    return proof if proof is not None and proof.available and not is_lasting(observation, memory) else None


def likely_alive(observation: Observation | None, memory: Memory) -> bool:
    """Return whether the next poll will find the cluster deletable, as far as is known."""
    if observation is None:
        return True
    sent = memory.last("DeleteCluster")
    deletable = observation.cluster is not None and (phase(observation.cluster.status) is Phase.DELETABLE)
    return deletable and (sent is None or sent.answer is Answer.THROTTLED)


def is_begun(observation: Observation | None, memory: Memory) -> bool:
    """Return whether a deletion is under way, so that what is waited for is its end."""
    if observation is None:
        return False
    if memory.deletion_seen or observation.cluster is None:
        return True
    sent = memory.last("DeleteCluster")
    return sent is not None and sent.answer is Answer.ACCEPTED


def sent_at(memory: Memory) -> dict[str, str]:
    """Return when each snapshot name was sent last, under no name where none was to be taken."""
    return {
        each.snapshot: each.at.isoformat() for each in memory.attempts if each.operation == "DeleteCluster"
    }


def is_skip_accepted(memory: Memory) -> bool:
    """Return whether a deletion without a final snapshot was accepted, or was seen to take effect."""
    skips = {
        each.answer for each in memory.attempts if each.operation == "DeleteCluster" and not each.snapshot
    }
    taken = Answer.ACCEPTED in skips or (Answer.UNKNOWN in skips and memory.deletion_seen)
    came_back = memory.deletion_seen and memory.alive_since is not None
    return taken and not came_back


def may_be_under_way(memory: Memory) -> bool:
    """Return whether a DeleteCluster of this teardown may have taken effect."""
    return any(
        attempt.operation == "DeleteCluster" and attempt.answer is not Answer.REFUSED
        for attempt in memory.attempts
    )
