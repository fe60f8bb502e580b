"""What an available final snapshot still lacks: its tags, then its retention. Pure."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from redshift_teardown.aws.views import Answer, Attempt
from redshift_teardown.deletion_policy import fit_tag_key
from redshift_teardown.teardown.backoff import WRITE_TRIES, backoff
from redshift_teardown.teardown.model import Extend, Refuse, Step, Tag, Wait
from redshift_teardown.teardown.plan import TAG_VOID

if TYPE_CHECKING:
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.teardown.model import Memory, Observation
    from redshift_teardown.teardown.plan import Plan

BUSY_CODES = frozenset({"InvalidClusterState", "InvalidClusterStateFault"})

_SNAPSHOT_BUSY_CODES = BUSY_CODES | {"InvalidClusterSnapshotState", "InvalidClusterSnapshotStateFault"}


def finish(plan: Plan, snapshot: SnapshotView, memory: Memory, observation: Observation) -> Step | None:
    """Return what the available snapshot still lacks, or None where it is as decided."""
    if plan.is_anothers(snapshot):
        return None
    missing = plan.missing_tags(snapshot)
    written = next((each for each in reversed(_writes(memory, "CreateTags", snapshot))), None)
    if written is not None and written.answer is Answer.ACCEPTED:
        # Another teardown of this generation, running beside this one, may write values of its own.
        missing = tuple((key, value) for key, value in missing if key not in dict(snapshot.tags))
    if missing:
        line = (
            "" if _tells_time(plan, missing) else _line(snapshot, "create-tags", _as_typed(snapshot, missing))
        )
        return _write(Tag(snapshot, missing), "CreateTags", "tags", line, memory, observation)
    if plan.wants_snapshot and not plan.keeps_long_enough(snapshot):
        days = plan.retention_days
        what = f"--snapshot-identifier {snapshot.identifier} --manual-snapshot-retention-period {days}"
        line = _line(snapshot, "modify-cluster-snapshot", what)
        return _write(Extend(snapshot, days), "ModifyClusterSnapshot", "retention", line, memory, observation)
    return None


def _tells_time(plan: Plan, missing: tuple[tuple[str, str], ...]) -> bool:
    """Return whether a tag has another value later: typed now, it would be written again then."""
    keys = {key for key, _ in missing}
    return any(
        fit_tag_key(key) in keys and ("{timestamp}" in value or "{date}" in value)
        for key, value in plan.decision.tags
    )


def _as_typed(snapshot: SnapshotView, missing: tuple[tuple[str, str], ...]) -> str:
    tags = json.dumps([{"Key": key, "Value": value} for key, value in missing], ensure_ascii=False)
    return f"--resource-name {snapshot.arn} --tags {shlex.quote(tags)}"


def _line(snapshot: SnapshotView, command: str, what: str) -> str:
    """Return the call for somebody else to type, in the region that the snapshot's ARN names."""
    region = next(iter(snapshot.arn.split(":")[3:4]), "")
    return f"aws redshift {command} {what} --region {region}"


def _write(
    step: Tag | Extend, operation: str, subject: str, line: str, memory: Memory, observation: Observation
) -> Step:
    """Return the write, a wait for its next try, or the refusal once AWS has refused it.

    Args:
        step: The write.
        operation: The call that makes it.
        subject: What it writes, in words.
        line: The call for somebody to type whose role may make it; empty where that would not last.
        memory: What was tried.
        observation: When it is.

    """
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
            next_step=f"allow redshift:{operation} on {step.snapshot.arn}"
            + (f", or have somebody who may call it type `{line}`" if line else "")
            + "; then run `pulumi destroy` again: it finishes only what is missing",
        )
    if observation.at - last.at < backoff(operation, memory):
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
