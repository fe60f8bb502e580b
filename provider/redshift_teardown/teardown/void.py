"""Marking snapshots as void: their cluster was seen alive after them, so they prove nothing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import Answer, Attempt
from redshift_teardown.teardown.backoff import WRITE_TRIES, backoff
from redshift_teardown.teardown.model import Step, Tag, Wait
from redshift_teardown.teardown.plan import TAG_VOID
from redshift_teardown.teardown.proof import (
    is_marked_void,
    outlived,
)

if TYPE_CHECKING:
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView, SnapshotView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan


def voiding(
    plan: Plan, identity: Identity, observation: Observation, cluster: ClusterView, memory: Memory
) -> Step | None:
    """Return the step that marks what would be a proof as void: its cluster lives on.

    Whoever comes later, without a receipt, knows by that tag that it proves nothing. So it is written before
    anything else is done, or refused. A role that may not tag is no reason to refuse.
    """
    if phase(cluster.status) is Phase.ENDING:
        return None
    for snapshot in outlived(plan, identity, observation, memory):
        if not snapshot.available or is_marked_void(snapshot):
            continue
        tries = _marks(memory, snapshot.arn)
        if is_marking_over(memory, snapshot.arn):
            continue
        if tries and observation.at - tries[-1].at < backoff("CreateTags", memory):
            return Wait(f"marking snapshot {snapshot.identifier} as void; AWS said: {tries[-1].words}")
        return Tag(snapshot, void_tag(observation.at))
    return None


def void_tag(at: datetime) -> tuple[tuple[str, str], ...]:
    """Return what marks a snapshot as void: when its cluster was seen alive."""
    return ((TAG_VOID, f"{at:%Y-%m-%dT%H:%M:%SZ}"),)


def not_marked(snapshot: SnapshotView, attempt: Attempt) -> str:
    """Return the message that AWS did not take the mark of a void snapshot."""
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
