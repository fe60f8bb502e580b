"""What a teardown does next: the whole of the product's promise, as one pure function.

The rules it keeps, each of them a test:

* A cluster whose decision is *snapshot* is never deleted without asking for one, and never called
  done without an available snapshot of its own generation.
* An existing snapshot is adopted only while the cluster is ending or gone. A deletable cluster
  always gets a new one: an older one lacks the writes since, and is void for good.
* One answer that a cluster is gone, or is back, is not believed while AWS may be lagging.
* After any failed or unanswered DeleteCluster the next step comes from a fresh look, never from
  the answer alone.
* Everything that cannot be kept is refused with what happened, what state the data is in, and
  what to do next.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import PAUSED, Standing, standing
from redshift_teardown.aws.views import Answer, Attempt
from redshift_teardown.deletion_policy import Outcome, next_name
from redshift_teardown.teardown.claim import TAG_CLAIM, Claim, Whose, whose
from redshift_teardown.teardown.model import Delete, Done, LetGo, Prolong, Refuse, Resume, Step, Tag, Wait
from redshift_teardown.teardown.plan import TAG_VOID
from redshift_teardown.teardown.proof import (
    asked_for,
    is_marked_void,
    is_ours,
    is_void,
    newest_proof,
    of_generation,
    outlived,
)

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView, SnapshotView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

RETRY_AFTER = timedelta(seconds=30)
"""How long a refused or unanswered call rests before it is sent again."""

THROTTLED_REST = timedelta(seconds=2)
"""The first rest of a call that was throttled: it has not taken effect, so it rests shortly, then longer."""

THROTTLED_LONGEST = timedelta(seconds=20)
"""The longest one: no longer than the AWS SDKs rest between two tries of a throttled call."""

SETTLE = timedelta(minutes=5)
"""How long an accepted DeleteCluster may stay invisible in DescribeClusters before it is doubted."""

LAG = timedelta(seconds=30)
"""How long AWS must show a cluster as gone, or as back from a deletion, before that is believed of it."""

LEAST_LAG = timedelta(seconds=5)
"""The same, at the least, where the policy polls more often."""

TO_OWN_THE_NEW_ONE = (
    "to own the new one, let go of the recorded one first, then adopt it: adopt_existing=True"
)

NAME_TRIES = 50
"""How many names in a row may turn out to be taken before something is wrong."""

WRITE_TRIES = 6
"""How often tags or retention are written before the snapshot is left as it is, with an error."""

_BUSY_CODES = frozenset({"InvalidClusterState", "InvalidClusterStateFault"})
_EXISTS_CODES = frozenset({"ClusterSnapshotAlreadyExists", "ClusterSnapshotAlreadyExistsFault"})
_QUOTA_CODES = frozenset({"ClusterSnapshotQuotaExceeded", "ClusterSnapshotQuotaExceededFault"})
_GONE_CODES = frozenset({"ClusterNotFound", "ClusterNotFoundFault"})
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
_SNAPSHOT_BUSY_CODES = _BUSY_CODES | {"InvalidClusterSnapshotState", "InvalidClusterSnapshotStateFault"}
_LAKEHOUSE_FREE = frozenset({"", "deregistered", "failed", "none", "notregistered"})


def next_step(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Step:
    """Decide the next step of a teardown.

    Args:
        plan: The decision, with its names and tags resolved.
        identity: The generation recorded at the last ``up``.
        observation: What AWS shows now.
        memory: What this teardown and earlier ones of the generation did.

    Returns:
        Exactly one step. ``Wait`` never outlives the policy's ``wait.timeout_hours``.

    """
    step = (
        _gone(plan, identity, observation, memory)
        if observation.cluster is None
        else _present(plan, identity, observation, observation.cluster, memory)
    )
    out_of_time = observation.at - memory.started >= timedelta(hours=plan.decision.wait.timeout_hours)
    again = isinstance(step, (Delete, Resume)) and bool(memory.attempts)
    if out_of_time and (isinstance(step, Wait) or again):
        return _gave_up(plan, identity, observation, memory, step)
    return step


# --- the cluster is there --------------------------------------------------------------------


def _present(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    if not identity.is_generation_of(cluster):
        return Refuse(
            f"{identity} is not the cluster this stack created: one of another generation "
            f"(created {_when(cluster.create_time)}) lives under its name now",
            data="that cluster was not touched; "
            + (
                f"the recorded generation lives on as {observation.renamed_to}"
                if observation.renamed_to
                else f"what became of the recorded generation ({identity.generation()}) AWS no longer shows"
            ),
            next_step=TO_OWN_THE_NEW_ONE,
            final=True,
        )
    return (
        _voiding(plan, identity, observation, cluster, memory)
        or _anothers(plan, identity, cluster)
        or _own(plan, identity, observation, cluster, memory)
    )


def _own(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    if standing(cluster.status) is Standing.ENDING:
        return _ending(plan, identity, observation, cluster, memory)
    if standing(cluster.status) is Standing.BUSY:
        return Wait(f"cluster is {cluster.status}")
    if _failed(identity, observation, memory):
        return _came_back(plan, identity, observation, cluster, memory)
    if memory.deletion_seen:
        return _returning(plan, identity, observation, cluster, memory)
    return _deletable(plan, identity, observation, cluster, memory)


def _anothers(plan: Plan, identity: Identity, cluster: ClusterView) -> Step | None:
    """Return the end of a teardown whose cluster carries another resource's claim; None where it is ours."""
    found = whose(dict(cluster.tags), plan.claim, plan.claimant or plan.urn)
    live = Claim.of_tags(dict(cluster.tags))
    # A newer state of this resource may hold it to stricter rules: then this one's skip is not the last word.
    stricter = live is not None and live.protected and not plan.wants_snapshot
    if found is Whose.OURS or (found is Whose.RENEWED and plan.renewal_is_ours and not stricter):
        return None
    if found is Whose.SUPERSEDED:
        return LetGo(
            f"{identity} was taken over: the tag {TAG_CLAIM} on it is another resource's, which owns it now. "
            "It lives on, and nothing was deleted"
        )
    if found is Whose.TAKING_OVER:
        return Refuse(
            f"{identity} is being taken over: the tag {TAG_CLAIM} on it is another resource's, whose "
            f"adoption has not ended ({dict(cluster.tags)[TAG_CLAIM]})",
            data="the cluster was not touched; nothing is lost",
            next_step="run `pulumi up` where it is adopted, which ends that, and then this again; or, if "
            "that was given up, remove that tag from the cluster (`aws redshift delete-tags`) and run "
            "`pulumi destroy` again",
            final=True,
        )
    if found is Whose.RENEWED:
        return Refuse(
            f"{identity} carries a newer claim of this same resource than its state records "
            f"({TAG_CLAIM}={dict(cluster.tags)[TAG_CLAIM]})",
            data="the cluster was not touched; nothing is lost",
            next_step="mend what else this run shows, then run `pulumi up` again",
        )
    return Refuse(
        f"{identity} carries the ownership claim of another resource "
        f"({TAG_CLAIM}={dict(cluster.tags)[TAG_CLAIM]}), and this state's is {plan.claim or 'none'}",
        data="the cluster was not touched; nothing is lost",
        next_step="destroy it from the stack that owns it; or, if nobody else does, remove that tag from the "
        "cluster (`aws redshift delete-tags`) and run `pulumi destroy` again",
        final=True,
    )


def _ending(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """A deletion is under way, ours or another's: attach to it."""
    if not plan.wants_snapshot:
        return Wait(cluster.status)
    proof = newest_proof(plan, identity, observation, memory)
    if proof is not None and proof.available:
        return _verify(plan, proof, memory, observation) or Wait(cluster.status, proof)
    return Wait(cluster.status, proof)


def _failed(identity: Identity, observation: Observation, memory: Memory) -> bool:
    """Return whether the snapshot of a deletion of this teardown failed: AWS has given that deletion up."""
    asked = asked_for(memory, Answer.ACCEPTED, Answer.UNKNOWN)
    return any(
        snapshot.failed and snapshot.identifier in asked and of_generation(snapshot, identity, memory)
        for snapshot in observation.snapshots
    )


def _voiding(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step | None:
    """Return the step that marks what would be a proof as void: its cluster lives on.

    Whoever comes later, without a receipt, knows by that tag that it proves nothing. So it is written before
    anything else is done, or refused. A role that may not tag is no reason to refuse.
    """
    if standing(cluster.status) is Standing.ENDING:
        return None
    for snapshot in outlived(plan, identity, observation, memory):
        if not snapshot.available or is_marked_void(snapshot):
            continue
        tries = _marks(memory, snapshot.arn)
        if is_marking_over(memory, snapshot.arn):
            continue
        if tries and observation.at - tries[-1].at < _rest("CreateTags", memory):
            return Wait(f"marking snapshot {snapshot.identifier} as void; AWS said: {tries[-1].words}")
        return Tag(snapshot, void_tag(observation.at))
    return None


def void_tag(at: datetime) -> tuple[tuple[str, str], ...]:
    """Return what marks a snapshot as void: when its cluster was seen alive."""
    return ((TAG_VOID, f"{at:%Y-%m-%dT%H:%M:%SZ}"),)


def not_marked(snapshot: SnapshotView, attempt: Attempt) -> str:
    """Say that AWS did not take the mark of a void snapshot."""
    return (
        f"snapshot {snapshot.identifier} proves nothing any more, since its cluster was seen alive after it, "
        f"and could not be marked so ({TAG_VOID}): {attempt.words}. Only the receipt of this machine knows; "
        f"allow redshift:CreateTags on {snapshot.arn}"
    )


def is_marking_over(memory: Memory, arn: str) -> bool:
    """Return whether AWS has taken or refused the mark of a void snapshot, or was asked often enough."""
    tries = _marks(memory, arn)
    judged = bool(tries) and tries[-1].answer in {Answer.ACCEPTED, Answer.REFUSED}
    return judged or len(tries) >= WRITE_TRIES


def _marks(memory: Memory, arn: str) -> list[Attempt]:
    return [each for each in memory.attempts if each.target == arn and TAG_VOID in each.tags]


def _returning(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step:
    """A deletion was seen, and the cluster is shown alive: by an old answer, or AWS gave up."""
    if memory.alive_since is None or observation.at - memory.alive_since < LAG:
        return Wait(f"cluster is {cluster.status} again; asking whether AWS gave up deleting it")
    return _came_back(plan, identity, observation, cluster, memory)


def _came_back(
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
        return _delete(plan, observation, memory)
    since = observation.at - last.at
    if last.answer is Answer.ACCEPTED:
        if since < SETTLE:
            return Wait("DeleteCluster was accepted; the cluster's status has not followed yet")
        return _delete(plan, observation, memory)
    if last.answer is Answer.REFUSED:
        step = _after_refusal(plan, identity, observation, cluster, memory, last)
        if step is not None:
            return step
    if since < _rest("DeleteCluster", memory):
        return Wait(f"cluster is {cluster.status}; AWS said: {last.words}")
    return _delete(plan, observation, memory)


def _after_refusal(
    plan: Plan,
    identity: Identity,
    observation: Observation,
    cluster: ClusterView,
    memory: Memory,
    last: Attempt,
) -> Step | None:
    """Give the step that a refusal of DeleteCluster calls for; None where it is to be sent again later."""
    if last.code in _EXISTS_CODES:
        # Whoever's snapshot it is: it was there before this deletion, so it lacks the writes since.
        if len(memory.taken) >= NAME_TRIES:
            return _refused_for_good(identity, last)
        return _delete(plan, observation, memory)
    if last.code not in _BUSY_CODES | _GONE_CODES:
        return _refused_for_good(identity, last)
    if last.code in _BUSY_CODES and _registered(cluster.lakehouse_status):
        return Refuse(
            f"AWS refuses to delete {identity}: {last.words} (Lakehouse registration: "
            f"{cluster.lakehouse_status})",
            data="the cluster and all its data are still there; nothing is lost",
            next_step="deregister the cluster's namespace from the Lakehouse, then run "
            "`pulumi destroy` again",
        )
    was_paused = last.status_before.lower() == PAUSED
    if last.code in _BUSY_CODES and was_paused and cluster.status.lower() == PAUSED:
        return _resume(identity, observation, memory)
    return None


def _registered(lakehouse_status: str) -> bool:
    """Tell whether a Lakehouse registration stands, however AWS spells its status."""
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
    if last.answer is Answer.REFUSED and last.code not in _BUSY_CODES:
        return Refuse(
            f"{identity} is paused, AWS will not delete it so, and it cannot be resumed: {last.words}",
            data="the cluster and all its data are still there; nothing is lost",
            next_step="resume the cluster by hand, then run `pulumi destroy` again",
        )
    if observation.at - last.at < _rest("ResumeCluster", memory):
        return Wait("resuming the paused cluster, which AWS will not delete as it is")
    return Resume()


def _refused_for_good(identity: Identity, last: Attempt) -> Refuse:
    advice = "mend the cause, then run `pulumi destroy` again"
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


# --- the cluster is gone ---------------------------------------------------------------------


def _gone(plan: Plan, identity: Identity, observation: Observation, memory: Memory) -> Step:
    if observation.renamed_to:
        return Refuse(
            f"{identity} was renamed to {observation.renamed_to} outside of Pulumi",
            data="the cluster lives on under its new name and was not touched; nothing is lost",
            next_step=f"rename it back, then run `pulumi destroy` again; or set cluster_identifier to "
            f"{observation.renamed_to!r} in the program, run `pulumi up`, then destroy; or let go of it with "
            f"`pulumi state delete '{plan.urn}'`",
        )
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


def believed_after(poll_seconds: float) -> timedelta:
    """Return how long AWS must show no cluster before that is believed: two polls, within five to thirty s.

    Args:
        poll_seconds: The policy's ``wait.poll_seconds``.

    """
    return min(LAG, max(LEAST_LAG, timedelta(seconds=2 * poll_seconds)))


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
    return _verify(plan, proof, memory, observation) or Done(proof)


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
        f"{snapshot.identifier} (of a cluster created {_when(snapshot.cluster_create_time)})"
        for snapshot in observation.snapshots
        if snapshot.available
        and is_ours(snapshot, plan, identity, memory)
        and (snapshot.cluster_create_time or observation.at) > (identity.cluster_create_time or _LONG_AGO)
    ]
    if strange:
        return (
            f"not known: {', '.join(sorted(strange))} is named like a final snapshot of this stack, but of a "
            f"create time nobody recorded (recorded: {_when(identity.cluster_create_time)}); AWS may have "
            "changed it in a resize or resume"
        )
    return (
        f"no manual snapshot of this generation is available under {identity.cluster_identifier}; unless "
        "there is one under another cluster identifier, the data is lost as far as AWS shows"
    )


def _verify(plan: Plan, snapshot: SnapshotView, memory: Memory, observation: Observation) -> Step | None:
    """Give what the available snapshot still lacks, or None where it is as decided."""
    missing = plan.missing_tags(snapshot)
    written = next((each for each in reversed(_writes(memory, "CreateTags", snapshot))), None)
    if written is not None and written.answer is Answer.ACCEPTED:
        # Another teardown of this generation, running beside this one, may write values of its own.
        missing = tuple((key, value) for key, value in missing if key not in dict(snapshot.tags))
    if missing:
        return _write(
            Tag(snapshot, missing), "CreateTags", "tags", "redshift:CreateTags", memory, observation
        )
    if plan.wants_snapshot and not plan.keeps_long_enough(snapshot):
        return _write(
            Prolong(snapshot, plan.retention_days),
            "ModifyClusterSnapshot",
            "retention",
            "redshift:ModifyClusterSnapshot",
            memory,
            observation,
        )
    return None


def _write(
    step: Tag | Prolong,
    operation: str,
    subject: str,
    permission: str,
    memory: Memory,
    observation: Observation,
) -> Step:
    tries = _writes(memory, operation, step.snapshot)
    if not tries:
        return step
    last = tries[-1]
    final = last.answer is Answer.REFUSED and last.code not in _SNAPSHOT_BUSY_CODES
    judged = [attempt for attempt in tries if attempt.answer in {Answer.ACCEPTED, Answer.REFUSED}]
    if final or len(judged) >= WRITE_TRIES:
        return Refuse(
            f"the {subject} of final snapshot {step.snapshot.identifier} could not be set: "
            f"{last.words or 'AWS accepted them and does not show them'}",
            data=f"the data is safe: snapshot {step.snapshot.identifier} is available",
            next_step=f"allow {permission} on {step.snapshot.arn}, then run `pulumi destroy` again: it "
            "finishes only what is missing",
        )
    if observation.at - last.at < _rest(operation, memory):
        return Wait(f"writing the snapshot's {subject}", step.snapshot)
    return step


def _writes(memory: Memory, operation: str, snapshot: SnapshotView) -> list[Attempt]:
    """Return the attempts of an operation on one snapshot, oldest first, but for marking it as void."""
    targets = {snapshot.arn, snapshot.identifier}
    return [
        each
        for each in memory.attempts
        if each.operation == operation and each.target in targets and TAG_VOID not in each.tags
    ]


def _rest(operation: str, memory: Memory) -> timedelta:
    """Give how long the last call of an operation rests before it is sent again."""
    throttled = 0
    for attempt in reversed(memory.attempts):
        if attempt.operation == operation:
            if attempt.answer is not Answer.THROTTLED:
                break
            throttled += 1
    if not throttled:
        return RETRY_AFTER
    return min(THROTTLED_LONGEST, THROTTLED_REST * (1 << min(throttled - 1, 10)))


def _gave_up(plan: Plan, identity: Identity, observation: Observation, memory: Memory, step: Step) -> Refuse:
    status = observation.cluster.status if observation.cluster else "gone"
    why, snapshot = "", None
    if isinstance(step, Wait):
        why, snapshot = step.why, step.snapshot
    else:
        why = f"AWS said: {memory.attempts[-1].words}"
    state = f"the cluster is {status!r}"
    if snapshot is not None:
        state += f", its final snapshot {snapshot.identifier} is {snapshot.status!r}"
    return Refuse(
        f"gave up waiting for {identity} after {plan.decision.wait.timeout_hours:g} h "
        f"(wait.timeout_hours of the policy); last: {why}",
        data=f"{state}; AWS goes on with what it has begun",
        next_step="run `pulumi destroy` again: it resumes where AWS is",
    )


def _when(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "at an unknown time"
