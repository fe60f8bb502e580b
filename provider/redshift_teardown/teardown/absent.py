"""The next step where AWS shows no cluster: proof that its data is kept, or a refusal. Pure."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from redshift_teardown.aws.views import Answer
from redshift_teardown.deletion_policy import Outcome
from redshift_teardown.teardown.backoff import SETTLE, believed_after
from redshift_teardown.teardown.finish import finish
from redshift_teardown.teardown.model import Done, Refuse, Step, Wait
from redshift_teardown.teardown.owner import renamed
from redshift_teardown.teardown.proof import (
    asked_for,
    is_ours,
    is_void,
    newest_proof,
    of_generation,
)
from redshift_teardown.wording import utc

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def absent(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Step:
    """Return the next step where AWS shows no cluster; see ``next_step`` for the arguments."""
    if observation.renamed is not None:
        return renamed(plan, identity, observation.renamed, memory)
    if not _is_ending(memory) and not _lasts(plan, observation, memory):
        return Wait("AWS shows no cluster; asking again before that is believed")
    snapshot_due = plan.wants_snapshot
    if memory.earlier_outcome and memory.last("DeleteCluster") is None:
        # Judged by what was decided when it was deleted, not by rules that have aged since.
        snapshot_due = memory.earlier_outcome != Outcome.SKIP.value
    proof = newest_proof(plan, identity, observation, memory)
    if not snapshot_due:
        return Done(proof if proof is not None and proof.available else None)
    return _by_proof(plan, identity, observation, memory, proof)


def _is_ending(memory: Memory) -> bool:
    """Return whether this teardown saw the deletion, or AWS accept it, so that the cluster is to be gone."""
    return memory.deletion_seen or any(
        attempt.operation == "DeleteCluster" and attempt.answer is Answer.ACCEPTED
        for attempt in memory.attempts
    )


def _lasts(plan: Plan, observation: Observation, memory: Memory) -> bool:
    """Return whether AWS has shown no cluster for so long that it is believed: it may answer as it was."""
    since = memory.gone_since
    return since is not None and observation.at - since >= believed_after(plan.decision.wait.poll_seconds)


def _by_proof(
    plan: Plan, identity: Identity, observation: Observation, memory: Memory, proof: SnapshotView | None
) -> Step:
    """The cluster is gone and a snapshot is due: what there is of it decides."""
    if proof is None and _is_expected(observation, memory):
        return Wait("the cluster is gone; AWS does not list its final snapshot yet")
    if proof is None:
        return _no_proof(plan, identity, observation, memory)
    if proof.running:
        return Wait("the cluster is gone; its final snapshot is still being finished", proof)
    if not proof.available:
        return Refuse(
            f"final snapshot {proof.identifier} of {identity} is {proof.status!r}, and the cluster is gone",
            data=_loss(plan, identity, observation, memory),
            next_step="open a case with AWS support at once, naming the snapshot; look for earlier "
            "snapshots (`aws redshift describe-cluster-snapshots --cluster-identifier "
            f"{identity.cluster_identifier}`)",
            lost=True,
            final=True,
        )
    return finish(plan, proof, memory, observation) or Done(proof)


def _is_expected(observation: Observation, memory: Memory) -> bool:
    """Return whether a final snapshot is known of that AWS does not list: its listing may only lag."""
    lately = memory.gone_since is not None and observation.at - memory.gone_since < SETTLE
    return lately and bool(_unlisted(observation, memory))


def _unlisted(observation: Observation, memory: Memory) -> frozenset[str]:
    """Return the final snapshots that AWS accepted, or showed, and does not list now."""
    known = asked_for(memory, Answer.ACCEPTED) | memory.earlier_accepted | ({memory.proof_seen} - {""})
    return known - {snapshot.identifier for snapshot in observation.snapshots}


def _no_proof(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Refuse:
    return Refuse(
        f"{identity} is gone, and no final snapshot of it (generation {identity.generation()}) is there; "
        f"the policy asks for one ({plan.decision.describe()})",
        data=_loss(plan, identity, observation, memory),
        next_step="if it was not deleted on purpose, look in CloudTrail for DeleteCluster and "
        "DeleteClusterSnapshot, and restore the newest snapshot that exists",
        lost=True,
        final=True,
    )


def _loss(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> str:
    left = [
        snapshot.identifier + (" (void: the cluster lived on after it)" if is_void(snapshot, memory) else "")
        for snapshot in observation.snapshots
        if snapshot.available and of_generation(snapshot, identity, memory)
    ]
    if left:
        return (
            "the cluster's last state is in no final snapshot that a teardown of this stack asked for; "
            f"snapshots of it that can still be restored: {', '.join(sorted(left))}"
        )
    unlisted = sorted(_unlisted(observation, memory))
    if unlisted:
        return (
            f"not known: AWS accepted final snapshot {', '.join(unlisted)} and does not list it; either its "
            "listing lags, and running the command again later finds it, or somebody deleted it"
        )
    undated = [s.identifier for s in observation.snapshots if s.available and s.cluster_create_time is None]
    if undated:
        return (
            f"not known: AWS shows no ClusterCreateTime on {', '.join(sorted(undated))}, so it cannot be "
            "told whether it was taken of this generation"
        )
    strange = [
        f"{snapshot.identifier} (of a cluster created {utc(snapshot.cluster_create_time)})"
        for snapshot in observation.snapshots
        if snapshot.available
        and is_ours(snapshot, plan, identity, memory)
        and (snapshot.cluster_create_time or observation.at) > (identity.cluster_create_time or _LONG_AGO)
    ]
    if strange:
        return (
            f"not known: {', '.join(sorted(strange))} is named like a final snapshot of this stack, but of a "
            f"create time nobody recorded (recorded: {utc(identity.cluster_create_time)}); AWS may have "
            "changed it in a resize or resume"
        )
    return (
        f"no manual snapshot of this generation is available under {identity.cluster_identifier}; unless "
        "there is one under another cluster identifier, the data is lost as far as AWS shows"
    )
