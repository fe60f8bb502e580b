"""What a teardown tells while it waits, and when it is done."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from redshift_teardown.aws.views import Answer
from redshift_teardown.deletion_policy import FOREVER
from redshift_teardown.engine.interrupt import StoppedError
from redshift_teardown.errors import RefusedError
from redshift_teardown.teardown.model import Delete, Done, Extend, LetGo, Refuse, Resume, Step, Tag, Wait
from redshift_teardown.teardown.plan import TAG_URN, TAG_VOID
from redshift_teardown.teardown.resource_tag import decoded
from redshift_teardown.wording import duration, interrupt_note, size

if TYPE_CHECKING:
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.errors import TeardownError
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

LOG = logging.getLogger(__name__)

NOTE_AFTER_SECONDS = 2.0

INTERRUPT_NOTE = interrupt_note("pulumi destroy")


def describe_wait(step: Wait, waited: timedelta) -> str:
    """Return the line of progress of a wait."""
    snapshot = step.snapshot
    if snapshot is not None and snapshot.running and snapshot.total_megabytes > 0:
        # 100 % is said when AWS says that the snapshot is available, and not before.
        percent = min(99, int(100 * snapshot.progress_megabytes / snapshot.total_megabytes))
        parts = [
            f"final snapshot {percent} %",
            f"{size(snapshot.progress_megabytes)} of {size(snapshot.total_megabytes)}",
        ]
        if snapshot.megabytes_per_second > 0:
            parts.append(f"{snapshot.megabytes_per_second:.0f} MB/s")
        if snapshot.seconds_left > 0:
            parts.append(f"about {duration(snapshot.seconds_left)} left")
        return " · ".join(parts)
    how_long = duration(waited.total_seconds())
    text = f"{step.why} ({how_long})" if step.why == DELETING else f"waiting: {step.why} ({how_long})"
    return f"{text}; {complete(snapshot)}" if snapshot is not None and snapshot.available else text


def trace_step(identity: Identity, observation: Observation, step: Step) -> None:
    """Write into the trace what a poll showed and what is next; not put into words where nobody reads it."""
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug("%s: %s; next: %s", identity, observed(observation), describe_step(step))


def observed(observation: Observation) -> str:
    """Return what a poll showed, for the trace."""
    cluster = observation.cluster
    status = f"cluster is {cluster.status}" if cluster is not None else "no cluster"
    if observation.renamed is not None:
        status += f", lives as {observation.renamed.identifier}"
    snapshots = ", ".join(f"{each.identifier} ({each.status})" for each in observation.snapshots)
    return f"{status}, snapshots: {snapshots or 'none'}"


def complete(snapshot: SnapshotView) -> str:
    """Return the message that a snapshot is there, whole; with its size where AWS tells it."""
    return "final snapshot 100 %" + (
        f" · {size(snapshot.total_megabytes)}" if snapshot.total_megabytes else ""
    )


def last_line(identity: Identity, plan: Plan, snapshot: SnapshotView | None, now: datetime) -> str:
    """Return what stays on the screen of a teardown that is done."""
    name = identity.cluster_identifier
    if snapshot is None:
        return f"{name} is gone, without a final snapshot: {plan.decision.because}"
    days = FOREVER if snapshot.retention_days is None else snapshot.retention_days
    kept = "kept forever"
    if days != FOREVER:
        until = (snapshot.create_time or now) + timedelta(days=days)
        kept = f"kept until {until:%Y-%m-%d} ({days} days)"
    held = f", {size(snapshot.total_megabytes)}" if snapshot.total_megabytes else ""
    by_tags = "restore_final_snapshot=True, or " if plan.is_found_by_tags(snapshot) else ""
    by = f", left by {decoded(dict(snapshot.tags)[TAG_URN])}" if plan.is_anothers(snapshot) else ""
    return (
        f"{name} is gone; final snapshot {snapshot.identifier} is available in {identity.region}{held}, "
        f"{kept}{by}. To bring it back: {by_tags}snapshot_identifier={snapshot.identifier!r}, then "
        "`pulumi up`"
    )


DELETING = "deleting"


def describe_step(step: Step) -> str:  # noqa: PLR0911 - one return a step
    """Return in words a step in words, for somebody who reads what will be done."""
    if isinstance(step, Delete):
        how = (
            f"with final snapshot {step.snapshot_name}" if step.snapshot_name else "without a final snapshot"
        )
        return f"delete the cluster {how}"
    if isinstance(step, Wait):
        return f"wait: {step.why}"
    if isinstance(step, Tag):
        if TAG_VOID in dict(step.tags):
            return f"mark {step.snapshot.identifier} as void: its cluster lives on"
        return f"write {len(step.tags)} tags on {step.snapshot.identifier}"
    if isinstance(step, Extend):
        return f"extend the retention of {step.snapshot.identifier}"
    if isinstance(step, Resume):
        return "resume the paused cluster"
    if isinstance(step, Done):
        return f"done: {step.snapshot.identifier} is available" if step.snapshot else "done"
    if isinstance(step, LetGo):
        return f"let go: {step.what}"
    if isinstance(step, Refuse):
        return f"refuse: {step.what}"
    message = f"a teardown has no such step: {step!r}"
    raise TypeError(message)


def placed(error: TeardownError, memory: Memory) -> TeardownError:
    """Return in words what state the data is in, where an error from below knows only the call."""
    if isinstance(error, RefusedError):
        return error
    stopped = isinstance(error, StoppedError)
    sent = memory.last("DeleteCluster")
    data = "this destroy has not asked AWS to delete anything yet"
    if sent is not None and sent.answer in {Answer.ACCEPTED, Answer.UNKNOWN}:
        how = (
            f"with final snapshot {sent.snapshot}"
            if sent.snapshot
            else "without a final snapshot, as decided"
        )
        goes_on = (
            "AWS goes on with it" if sent.answer is Answer.ACCEPTED else "AWS goes on with it, if it arrived"
        )
        data = f"DeleteCluster was sent {how}; {goes_on}"
    elif sent is not None:
        data = f"AWS has not accepted DeleteCluster ({sent.words}); the cluster was there when last seen"
    fix = "" if stopped else f"{error.next_step or 'fix the error above'}; then "
    return RefusedError(
        error.what,
        data=data,
        next_step=f"{fix}run `pulumi destroy` again: it resumes where AWS is",
    )


def no_answer(identity: Identity, limit: timedelta, words: str) -> RefusedError:
    """Return the end of a teardown that AWS gave no answer until its time was over."""
    return RefusedError(
        f"AWS gave no answer about {identity} when {limit} were over (wait.timeout_hours of the policy): "
        f"{words}",
        data="unknown; AWS goes on with what it has begun",
        next_step="run `pulumi destroy` again when AWS answers: it resumes where AWS is",
    )
