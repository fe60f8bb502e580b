"""Halves of replacements that no restore finished: whose data is still to be brought back, under any name.

Between the two halves no state has the resource. Where it is renamed then, or its stack, or its identifier
follows the name, nothing but the half itself links the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import ENDING
from redshift_teardown.aws.views import Answer, view_snapshot
from redshift_teardown.engine import interrupt
from redshift_teardown.engine.urn import Urn, UrnError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.context import stopped
from redshift_teardown.teardown.claim import Claim, mark_of
from redshift_teardown.teardown.plan import TAG_GENERATION, TAG_LEFT_BY, TAG_URN
from redshift_teardown.teardown.receipt import LEFT_BY_REPLACEMENT
from redshift_teardown.teardown.resource_tag import decoded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from redshift_teardown.aws.views import ClusterView, SnapshotView
    from redshift_teardown.lifecycle.context import Session

RESTORED = "replacement: restored"
"""What `TAG_LEFT_BY` says of a half that was restored under another name: nothing else tells that it was."""


def is_half(snapshot: SnapshotView, halves: Collection[str]) -> bool:
    """Return whether a replacement left a snapshot, by its tag or by what was written down before.

    Args:
        snapshot: A manual snapshot.
        halves: What receipts say (see `halves_left`).

    """
    tagged = dict(snapshot.tags).get(TAG_LEFT_BY)
    return tagged == LEFT_BY_REPLACEMENT or (tagged is None and snapshot.identifier in halves)


def mark_restored(session: Session, arn: str) -> None:
    """Write on a half that it was restored, under a name by which nobody knows it again.

    Where that is not possible, another create of the stack asks for a word.
    """
    with stopped("pulumi up"):
        interrupt.require_engine()
    attempt = session.calls.tag(arn, {TAG_LEFT_BY: RESTORED})
    if attempt.answer is not Answer.ACCEPTED:
        session.reporter.warn(f"{arn} could not be tagged as restored ({TAG_LEFT_BY}): {attempt.words}")


def owner_of(snapshot: SnapshotView, halves: Mapping[str, str]) -> str:
    """Return the URN of the resource that a half is of; empty where nothing tells."""
    recorded = dict(snapshot.tags).get(TAG_URN)
    return halves.get(snapshot.identifier, "") if recorded is None else decoded(recorded)


def unfinished_halves(
    session: Session,
    urn: Urn,
    seen: Collection[SnapshotView],
    halves: Mapping[str, str],
    *,
    of_other_stacks: bool,
) -> list[SnapshotView]:
    """Return the halves that may be of a resource which is created, whatever it was called before.

    Args:
        session: The operation's surroundings.
        urn: The resource.
        seen: The snapshots of its stack and of its cluster.
        halves: What receipts say that replacements left (see `halves_left`), each with whose it is.
        of_other_stacks: Whether one of the same resource in another stack counts, too: it may be this very
            stack before it was renamed.

    """
    listed = {
        each.identifier: each
        for each in (*seen, *session.calls.tagged_snapshots(TAG_LEFT_BY, LEFT_BY_REPLACEMENT))
    }
    # What no tag tells of is asked for by its name: the last one of each resource.
    last = {owner: name for name, owner in halves.items()}
    for owner, name in last.items():
        if name not in listed and _may_be(urn, owner, of_other_stacks):
            listed.update((each.identifier, each) for each in _named(session, name))
    found = [
        each
        for each in listed.values()
        if is_half(each, halves) and _may_be(urn, owner_of(each, halves), of_other_stacks)
    ]
    if not found:
        return []
    living = [each for each in session.calls.clusters() if each.status not in ENDING]
    return [
        each
        for each in found
        if not _is_finished(each, owner_of(each, halves), str(urn), listed.values(), living)
    ]


def _named(session: Session, name: str) -> Iterator[SnapshotView]:
    found = session.calls.describe_snapshot(SnapshotIdentifier=name)
    if found is not None:
        yield view_snapshot(found)


def _may_be(urn: Urn, owner: str, of_other_stacks: bool) -> bool:
    """Return whether a half's resource may be this one: of its stack, or the same one of another stack."""
    try:
        other = Urn.parse(owner)
    except UrnError:
        return False
    if other.project != urn.project:
        return False
    return other.stack == urn.stack or (of_other_stacks and _in_stack(other) == _in_stack(urn))


def _in_stack(urn: Urn) -> str:
    return str(urn).removeprefix(f"urn:pulumi:{urn.stack}::")


def _is_finished(
    half: SnapshotView,
    owner: str,
    urn: str,
    seen: Collection[SnapshotView],
    living: Collection[ClusterView],
) -> bool:
    """Return whether the resource that a half is of goes on without this create, or went on since.

    It does where the program has it beside this one, where a cluster carries its claim, or a claim under the
    half's identifier; it did where a later teardown of it, or of its cluster, left a snapshot.
    """
    if this_run.resource_of(owner, lambda _: False) not in {"", urn}:
        return True
    name, tagged = half.cluster_identifier.lower(), dict(half.tags).get(TAG_URN)
    for cluster in living:
        claim = Claim.of_tags(dict(cluster.tags))
        if claim is not None and (cluster.identifier == name or claim.resource == mark_of(owner)):
            return True
    return any(
        TAG_GENERATION in (tags := dict(each.tags))
        and (each.cluster_identifier.lower() == name or (tagged is not None and tags.get(TAG_URN) == tagged))
        and age_key(each) > age_key(half)
        for each in seen
    )


def age_key(snapshot: SnapshotView) -> float:
    """Return what snapshots are sorted by: when they were taken; unknown is oldest."""
    return snapshot.create_time.timestamp() if snapshot.create_time else 0.0
