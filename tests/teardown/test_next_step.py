"""The next step, for everything that AWS may show, that this teardown may have done, and that is decided."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.aws.views import Answer, SnapshotView
from redshift_teardown.deletion_policy import Outcome
from redshift_teardown.teardown.model import (
    Delete,
    Done,
    Extend,
    Memory,
    Observation,
    Refuse,
    Resume,
    Step,
    Tag,
    Wait,
)
from redshift_teardown.teardown.next_step import next_step
from tests.teardown.pure import (
    BORN,
    IDENTITY,
    NAME,
    NOW,
    PLAN,
    attempt,
    cluster,
    memory,
    plan,
    snapshot,
)

if TYPE_CHECKING:
    from redshift_teardown.teardown.plan import Plan

# Every ClusterStatus that AWS documents, those it shows without documenting them, and some that nobody knows.
STATUSES = {
    "available": "deletable",
    "available, prep-for-resize": "busy",
    "available, resize-cleanup": "busy",
    "cancelling-resize": "busy",
    "creating": "busy",
    "deleting": "ending",
    "final-snapshot": "ending",
    "hardware-failure": "deletable",
    "incompatible-hsm": "deletable",
    "incompatible-network": "deletable",
    "incompatible-parameters": "deletable",
    "incompatible-restore": "deletable",
    "modifying": "busy",
    "paused": "paused",
    "pausing": "busy",
    "rebooting": "busy",
    "renaming": "busy",
    "resizing": "busy",
    "restoring": "busy",
    "resuming": "busy",
    "rotating-keys": "busy",
    "storage-full": "deletable",
    "updating-hsm": "busy",
    "Deleting": "ending",
    " Modifying ": "busy",
    "Paused": "paused",
    "": "deletable",
    "a status of next year": "deletable",
    "not found": "gone",
    "not found, renamed": "renamed",
    "of another generation": "another",
}

JUST_NOW, LONG_AGO = NOW + timedelta(hours=1), NOW + timedelta(minutes=1)
BUSY = "InvalidClusterState"
REFUSED = Answer.REFUSED
AT = {"just now": JUST_NOW, "long ago": LONG_AGO}
MEMORIES: dict[str, Memory] = {
    "nothing": memory(),
    "alive for long": memory(alive_since=NOW),
    "decided earlier": memory(earlier_outcome="snapshot"),
    "skipped earlier": memory(earlier_outcome="skip"),
    "deletion seen": memory(attempt(at=LONG_AGO), deletion_seen=True, alive_since=NOW),
    "taken": memory(
        attempt(answer=REFUSED, code="ClusterSnapshotAlreadyExists", at=JUST_NOW), taken=frozenset({NAME})
    ),
    "quota": memory(attempt(answer=REFUSED, code="ClusterSnapshotQuotaExceeded", at=JUST_NOW)),
    "denied": memory(attempt(answer=REFUSED, code="AccessDenied", at=JUST_NOW)),
    **{f"accepted {when}": memory(attempt(at=at)) for when, at in AT.items()},
    **{f"busy {when}": memory(attempt(answer=REFUSED, code=BUSY, at=at)) for when, at in AT.items()},
    **{
        f"not found {when}": memory(attempt(answer=REFUSED, code="ClusterNotFound", at=at))
        for when, at in AT.items()
    },
    **{
        f"throttled {when}": memory(attempt(answer=Answer.THROTTLED, code="Throttling", at=at))
        for when, at in AT.items()
    },
    **{f"unanswered {when}": memory(attempt(answer=Answer.UNKNOWN, at=at)) for when, at in AT.items()},
    "busy, paused": memory(attempt(answer=REFUSED, code=BUSY, at=LONG_AGO, before="paused")),
    **{
        f"resumed {when}": memory(
            attempt(answer=REFUSED, code=BUSY, at=LONG_AGO, before="paused"),
            attempt("ResumeCluster", at=at),
        )
        for when, at in AT.items()
    },
    **{
        f"resume busy {when}": memory(
            attempt(answer=REFUSED, code=BUSY, at=LONG_AGO, before="paused"),
            attempt("ResumeCluster", REFUSED, BUSY, at=at),
        )
        for when, at in AT.items()
    },
    "resume denied": memory(
        attempt(answer=REFUSED, code=BUSY, at=LONG_AGO, before="paused"),
        attempt("ResumeCluster", REFUSED, "AccessDenied", at=JUST_NOW),
    ),
}

OLD = NAME.replace("20260201", "20260115")
SNAPSHOTS: dict[str, tuple[SnapshotView, ...]] = {
    "none": (),
    "running": (snapshot(status="creating", tags=()),),
    "available": (snapshot(),),
    "untagged": (snapshot(tags=()),),
    "short": (snapshot(retention_days=7),),
    "failed": (snapshot(status="failed"),),
    "stale": (snapshot(OLD),),
    "foreign": (snapshot(cluster_create_time=BORN - timedelta(days=9), tags=()),),
}
DECISIONS = {"snapshot": plan(), "skip": plan(skip=True)}
CLOCKS = {"in time": timedelta(hours=1, seconds=1), "over": timedelta(hours=24)}

TABLE = Path(__file__).with_name("next_steps.md").read_text(encoding="utf-8")
"""Cells hold one value or several, and `any`. Every combination must be in exactly one row."""
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.splitlines()
    if line.startswith("|") and set(line) != {"|", "-"}
][1:]


def _fits(cell: str, value: str) -> bool:
    value = value.replace(" ", "-")
    if cell == "any":
        return True
    if cell == "any-but-earlier":
        return "earlier" not in value
    if cell.startswith("any-but-"):
        return value != cell.removeprefix("any-but-")
    return value in cell.replace("in time", "in-time").split()


@cache
def _expected(*combination: str) -> list[str]:
    return [row[5] for row in ROWS if all(map(_fits, row[:5], combination))]


def _observation(status: str, snapshots: tuple[SnapshotView, ...], after: timedelta) -> Observation:
    if status == "not found":
        return Observation(NOW + after, None, snapshots)
    if status == "not found, renamed":
        return Observation(NOW + after, None, snapshots, renamed=replace(cluster(), identifier="lagerhaus"))
    if status == "of another generation":
        return Observation(NOW + after, cluster(namespace_arn="arn:aws:redshift:eu-west-1:1:namespace:other"))
    return Observation(NOW + after, cluster(status), snapshots)


REFUSALS = {
    "is not the cluster this stack created": "another",
    "was renamed to lagerhaus": "renamed",
    "gave up waiting": "time",
    "AWS gave up deleting": "came back",
    "ClusterSnapshotQuotaExceeded": "quota",
    "cannot be resumed: AccessDenied": "resume",
    "AWS refuses to delete cluster warehouse (111122223333, eu-west-1): AccessDenied": "denied",
    "and no final snapshot of it": "lost",
    "is 'failed', and the cluster is gone": "failed",
}


def _name(step: Step) -> str:
    if isinstance(step, Refuse):
        found = [name for words, name in REFUSALS.items() if words in step.what]
        assert len(found) == 1, step.what
        return f"refuse: {found[0]}"
    if isinstance(step, Delete):
        return "delete, snapshot" if step.snapshot_name else "delete, skip"
    if isinstance(step, Done):
        return "done, proven" if step.snapshot else "done, skipped"
    return {Wait: "wait", Resume: "resume", Tag: "tag", Extend: "extend"}[type(step)]


def _check(step: Step, decided: Plan, observation: Observation, remembered: Memory) -> None:
    """What holds of every step, whatever led to it."""
    if isinstance(step, Refuse):
        assert step.what
        assert step.data
        assert step.next_step
        assert observation.cluster is None or not step.lost
    if isinstance(step, Delete):
        assert bool(step.snapshot_name) is decided.wants_snapshot
        if step.snapshot_name:
            assert step.retention_days == 35
            assert step.snapshot_name not in {seen.identifier for seen in observation.snapshots}
            assert step.snapshot_name not in remembered.taken
    if isinstance(step, Done):
        assert observation.cluster is None
    if isinstance(step, Done) and step.snapshot is not None:
        assert step.snapshot.available
    if isinstance(step, (Tag, Extend)):
        assert step.snapshot in observation.snapshots


@pytest.mark.parametrize("status", STATUSES)
def test_every_combination_has_one_step_and_it_is_taken(status: str) -> None:
    """For a status, every memory, decision, snapshot and clock has one row in the table, and that is the
    step.
    """
    for remembered, decision, seen, clock in itertools.product(MEMORIES, DECISIONS, SNAPSHOTS, CLOCKS):
        combination = (STATUSES[status], remembered, decision, seen, clock)
        expected = _expected(*combination)
        assert len(expected) == 1, (combination, expected)
        observation = _observation(status, SNAPSHOTS[seen], CLOCKS[clock])
        known = replace(MEMORIES[remembered], stale=frozenset({OLD}))
        step = next_step(DECISIONS[decision], IDENTITY, observation, known)
        assert _name(step) == expected[0], combination
        _check(step, DECISIONS[decision], observation, known)


def test_every_row_of_the_table_is_for_something() -> None:
    """No row stands there that no combination reaches."""
    used = {
        index
        for group, remembered, decision, seen, clock in itertools.product(
            set(STATUSES.values()), MEMORIES, DECISIONS, SNAPSHOTS, CLOCKS
        )
        for index, row in enumerate(ROWS)
        if all(map(_fits, row[:5], (group, remembered, decision, seen, clock)))
    }
    assert used == set(range(len(ROWS)))


def test_undecided_means_snapshot() -> None:
    """Whatever is not a plain skip asks for a final snapshot."""
    undecided = replace(PLAN, decision=replace(PLAN.decision, outcome=Outcome.UNDECIDED))
    step = next_step(undecided, IDENTITY, Observation(NOW, cluster()), memory())
    assert step == Delete(NAME, 35)
