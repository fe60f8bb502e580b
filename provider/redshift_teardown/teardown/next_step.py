"""What a teardown does next: the whole of the product's promise, as one pure function.

The rules it keeps, each of them a test:

* A cluster whose decision is *snapshot* is never deleted without asking for one, and never called
  done without an available snapshot of its own generation.
* An existing snapshot is adopted only while the cluster is ending or gone. A deletable cluster
  always gets a new one: an older one lacks the writes since, and is void for good.
* One answer that a cluster is gone, or is back, is not believed while AWS may be lagging.
* After any failed or unanswered DeleteCluster the next step comes from a fresh observation, never from
  the answer alone.
* Everything that cannot be kept is refused with what happened, what state the data is in, and
  what to do next.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from redshift_teardown.teardown.absent import absent
from redshift_teardown.teardown.model import Delete, Refuse, Resume, Step, Wait
from redshift_teardown.teardown.present import present

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan


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
        absent(plan, identity, observation, memory)
        if observation.cluster is None
        else present(plan, identity, observation, observation.cluster, memory)
    )
    out_of_time = observation.at - memory.started >= timedelta(hours=plan.decision.wait.timeout_hours)
    again = isinstance(step, (Delete, Resume)) and bool(memory.attempts)
    if out_of_time and (isinstance(step, Wait) or again):
        return _gave_up(plan, identity, observation, memory, step)
    return step


def not_deleted(identity: Identity, spared: str) -> Refuse:
    """Return the refusal to begin anything with a generation that the operator asks to let go of."""
    return Refuse(
        f"{identity} is not deleted: {spared}",
        data="the cluster was not touched; nothing is lost",
        next_step="take that variable away, then run the command again",
    )


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
