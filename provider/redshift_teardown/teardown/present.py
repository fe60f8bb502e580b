"""The next step where AWS shows the cluster: whose it is, what it is at, and DeleteCluster. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import PAUSED, Phase, phase
from redshift_teardown.aws.views import Answer, Attempt
from redshift_teardown.deletion_policy import next_name
from redshift_teardown.teardown.absent import absent
from redshift_teardown.teardown.backoff import SETTLE, backoff
from redshift_teardown.teardown.finish import BUSY_CODES, finish
from redshift_teardown.teardown.memory import doubted_proof, has_failed, is_lasting, is_own_end_unseen
from redshift_teardown.teardown.model import Delete, Refuse, Resume, Step, Wait
from redshift_teardown.teardown.owner import claim_step, renamed
from redshift_teardown.teardown.proof import (
    asked_for,
    newest_proof,
)
from redshift_teardown.teardown.void import voiding
from redshift_teardown.wording import utc

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

TO_OWN_THE_NEW_ONE = (
    "to own the new one, let go of the recorded one first, then adopt it: adopt_existing=True"
)

NAME_TRIES = 50
"""How many names in a row may turn out to be taken before something is wrong."""

_EXISTS_CODES = frozenset({"ClusterSnapshotAlreadyExists", "ClusterSnapshotAlreadyExistsFault"})

_QUOTA_CODES = frozenset({"ClusterSnapshotQuotaExceeded", "ClusterSnapshotQuotaExceededFault"})

_GONE_CODES = frozenset({"ClusterNotFound", "ClusterNotFoundFault"})

_LAKEHOUSE_FREE = frozenset({"", "deregistered", "failed", "none", "notregistered"})


def present(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """Return the next step where AWS shows a cluster; see ``next_step`` for the arguments."""
    if not identity.is_generation_of(cluster):
        return _not_ours(plan, identity, observation, cluster, memory)
    return (
        voiding(plan, identity, observation, cluster, memory)
        or _stopped_by_claim(plan, identity, observation, cluster, memory)
        or _own(plan, identity, observation, cluster, memory)
    )


def _not_ours(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """Another generation has the name. It is not touched; what is left of ours is finished."""
    if observation.renamed is not None:
        return renamed(plan, identity, observation.renamed, memory, is_name_taken=True)
    if identity.cluster_namespace_arn and newest_proof(plan, identity, observation, memory) is not None:
        # It lives under no other name either.
        return absent(plan, identity, observation, memory)
    return Refuse(
        f"{identity} is not the cluster this stack created: one of another generation "
        f"(created {utc(cluster.create_time)}) lives under its name now",
        data=f"{_touched(memory)}; what became of the recorded generation "
        f"({identity.generation()}) AWS no longer shows",
        next_step=TO_OWN_THE_NEW_ONE,
        final=True,
    )


def _stopped_by_claim(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step | None:
    """Return the end of a teardown whose cluster is another's, or protected by its claim; None for neither.

    Where our DeleteCluster was sent before, whoever wrote that claim has the cluster until it is gone. To let
    go of it, or to refuse since nothing was deleted, would be wrong: what was begun is finished.
    """
    end = claim_step(plan, identity, cluster)
    if phase(cluster.status) is Phase.ENDING:
        return None if memory.sent is not None or is_own_end_unseen(memory) else end
    if end is not None and memory.sent is not None and observation.at - memory.sent.at < SETTLE:
        return Wait("DeleteCluster was sent, and the cluster has another claim since; asking what AWS does")
    return end


def _touched(memory: Memory) -> str:
    """Return in words whether a cluster that has the name now was touched."""
    if memory.sent is None:
        return "that cluster was not touched"
    return "DeleteCluster was sent by that name, and may have reached that cluster"


def _own(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    if phase(cluster.status) is Phase.ENDING:
        return _ending(plan, identity, observation, cluster, memory)
    if phase(cluster.status) is Phase.BUSY:
        return Wait(f"cluster is {cluster.status}")
    if has_failed(identity, observation, memory):
        return _deletion_given_up(plan, identity, observation, cluster, memory)
    if memory.deletion_seen:
        return _maybe_alive_again(plan, identity, observation, cluster, memory)
    return _deletable(plan, identity, observation, cluster, memory)


def _ending(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """A deletion is under way, ours or another's: attach to it."""
    if not plan.wants_snapshot:
        return Wait(cluster.status)
    proof = newest_proof(plan, identity, observation, memory)
    if proof is not None and proof.available:
        return finish(plan, proof, memory, observation) or Wait(cluster.status, proof)
    return Wait(cluster.status, proof)


def _maybe_alive_again(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """A deletion was seen, and the cluster is shown alive: by an old answer, or AWS gave up."""
    if not is_lasting(observation, memory):
        return Wait(f"cluster is {cluster.status} again; asking whether AWS gave up deleting it")
    return _deletion_given_up(plan, identity, observation, cluster, memory)


def _deletion_given_up(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """AWS had begun to delete the cluster, and it is alive again."""
    made = [
        snapshot
        for snapshot in observation.snapshots
        if snapshot.identifier in asked_for(memory, Answer.ACCEPTED, Answer.UNKNOWN) | {memory.proof_seen}
    ]
    taken = ""
    if plan.wants_snapshot:
        taken = (
            f", and its final snapshot {made[-1].identifier} is {made[-1].status!r}"
            if made
            else ", without a final snapshot"
        )
    return Refuse(
        f"AWS gave up deleting {identity}: its status is {cluster.status!r} again{taken}",
        data="the cluster and all its data are still there; nothing is lost",
        next_step="look for the cause in the cluster's events (`aws redshift describe-events "
        f"--source-type cluster --source-identifier {cluster.identifier}`), then run "
        "`pulumi destroy` again: it takes a new final snapshot",
    )


def _deletable(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    last = memory.last("DeleteCluster")
    if last is None:
        return _confirm_alive(plan, identity, observation, memory) or _delete(plan, observation, memory)
    since = observation.at - last.at
    if last.answer is Answer.ACCEPTED:
        if since < SETTLE:
            return Wait("DeleteCluster was accepted; the cluster's status has not followed yet")
        return _delete(plan, observation, memory)
    if last.answer is Answer.REFUSED:
        step = _after_refusal(plan, identity, observation, cluster, memory, last)
        if step is not None:
            return step
    if since < backoff("DeleteCluster", memory):
        return Wait(f"cluster is {cluster.status}; AWS said: {last.words}")
    return _delete(plan, observation, memory)


def _confirm_alive(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Step | None:
    """Return the wait until what an earlier destroy took as its proof is surely none; None for no such."""
    earlier = doubted_proof(plan, identity, observation, memory)
    if earlier is None:
        return None
    return Wait(
        f"the cluster is alive beside {earlier.identifier}, which an earlier destroy took; asking again"
    )


def _after_refusal(
    plan: Plan,
    identity: Identity,
    observation: Observation,
    cluster: ClusterView,
    memory: Memory,
    last: Attempt,
) -> Step | None:
    """Return the step that a refusal of DeleteCluster calls for; None where it is to be sent again later."""
    if last.code in _EXISTS_CODES:
        # Whoever's snapshot it is: it was there before this deletion, so it lacks the writes since.
        if len(memory.taken) >= NAME_TRIES:
            return _refused_for_good(identity, last)
        return _delete(plan, observation, memory)
    if last.code not in BUSY_CODES | _GONE_CODES:
        return _refused_for_good(identity, last)
    if last.code in BUSY_CODES and _registered(cluster.lakehouse_status):
        return Refuse(
            f"AWS refuses to delete {identity}: {last.words} (Lakehouse registration: "
            f"{cluster.lakehouse_status})",
            data="the cluster and all its data are still there; nothing is lost",
            next_step="deregister the cluster's namespace from the Lakehouse, then run "
            "`pulumi destroy` again",
        )
    was_paused = last.status_before.lower() == PAUSED
    if last.code in BUSY_CODES and was_paused and cluster.status.lower() == PAUSED:
        return _resume(identity, observation, memory)
    return None


def _registered(lakehouse_status: str) -> bool:
    """Return whether a Lakehouse registration stands, however AWS spells its status."""
    return re.sub(r"[^a-z]", "", lakehouse_status.lower()) not in _LAKEHOUSE_FREE


def _delete(plan: Plan, observation: Observation, memory: Memory) -> Step:
    if not plan.wants_snapshot:
        return Delete()
    taken = memory.taken | {snapshot.identifier for snapshot in observation.snapshots}
    return Delete(next_name(plan.name, taken), plan.retention_days)


def _resume(identity: Identity, observation: Observation, memory: Memory) -> Step:
    """A paused cluster that AWS will not delete as it is has to be resumed first."""
    last = memory.last("ResumeCluster")
    if last is None:
        return Resume()
    if last.answer is Answer.REFUSED and last.code not in BUSY_CODES:
        return Refuse(
            f"{identity} is paused, AWS will not delete it so, and it cannot be resumed: {last.words}",
            data="the cluster and all its data are still there; nothing is lost",
            next_step="resume the cluster by hand, then run `pulumi destroy` again",
        )
    if observation.at - last.at < backoff("ResumeCluster", memory):
        return Wait("resuming the paused cluster, which AWS will not delete as it is")
    return Resume()


def _refused_for_good(identity: Identity, last: Attempt) -> Refuse:
    advice = "fix the error above, then run `pulumi destroy` again"
    if last.code in _QUOTA_CODES:
        advice = (
            "delete manual snapshots that are no longer needed (`aws redshift "
            "describe-cluster-snapshots --snapshot-type manual`) or have the quota raised, then run "
            "`pulumi destroy` again"
        )
    elif last.code.startswith(("AccessDenied", "Unauthorized", "ExpiredToken", "InvalidClientToken")):
        advice = (
            "use credentials of the recorded account that may call redshift:DeleteCluster on it, "
            "then run `pulumi destroy` again"
        )
    return Refuse(
        f"AWS refuses to delete {identity}: {last.words}",
        data="the cluster and all its data are still there; nothing is lost",
        next_step=advice,
    )
