"""Whose final snapshot a manual snapshot is: this resource's, another's, or in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import view_snapshot
from redshift_teardown.deletion_policy import facts_of, fit_tag_value, fits_template
from redshift_teardown.lifecycle.ownership.halves import age_key, is_half, unfinished_halves
from redshift_teardown.teardown.earlier import Left, halves_left, last_left
from redshift_teardown.teardown.plan import (
    FINDING_TAGS,
    TAG_CLUSTER,
    TAG_GENERATION,
    TAG_PROJECT,
    TAG_STACK,
    TAG_URN,
)
from redshift_teardown.teardown.resource_tag import is_named, says

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session

_OWN_TAGS = "redshift-teardown:"


class SnapshotOwner(Enum):
    """Whose final snapshot a manual snapshot is."""

    OURS = "ours"
    IN_DOUBT = "in doubt"
    """It looks like ours and does not carry all the tags that would say so."""
    ELSEWHERE = "left elsewhere"
    """A resource of another stack or project left it, of the cluster that has our identifier. That may be
    this very resource, before its stack was renamed or it was moved."""
    ANOTHERS = "another's"


@dataclass(frozen=True)
class Found:
    """What a search for the final snapshots of a resource found.

    Attributes:
        candidates: The manual snapshots that may be this resource's, each with whose it is.
        seen: All that were seen.
        halves: What receipts say that replacements left, each with whose it is (see `halves_left`).
        missing: What a receipt says that the last teardown of the resource left, and AWS does not show.
        told: The identifier of what it says so of, and AWS does show; empty for none.

    """

    candidates: Sequence[tuple[SnapshotView, SnapshotOwner]]
    seen: Sequence[SnapshotView]
    halves: Mapping[str, str]
    missing: Left | None = None
    told: str = ""

    @property
    def newest(self) -> tuple[SnapshotView, SnapshotOwner] | None:
        """The newest one, and whose it is; None where there is none."""
        return max(self.candidates, key=lambda candidate: age_key(candidate[0]), default=None)

    @property
    def newest_left(self) -> SnapshotView | None:
        """The newest snapshot that a resource may have to go on with; None where there is none.

        One in doubt is no such, unless it is the half of a replacement that did not end: of a teardown that a
        kill cut before it could tag anything nobody knows what it was.
        """
        ours = [
            each
            for each, by in self.candidates
            if by is SnapshotOwner.OURS
            or (by is SnapshotOwner.IN_DOUBT and (is_half(each, self.halves) or is_unmarked(each)))
        ]
        return max(ours, key=age_key, default=None)


def find_final_snapshots(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> Found:
    """Look for the final snapshots of a resource, among those of its stack and those of its cluster."""
    identifier = str(arguments["cluster_identifier"]).lower()
    seen = {
        snapshot.arn or snapshot.identifier: snapshot
        for snapshot in (
            *session.calls.tagged_snapshots(TAG_STACK, fit_tag_value(urn.stack)),
            *session.calls.snapshots(identifier),
        )
    }
    receipts, place = Path(rules.receipts), (session.account_id, session.aws.region)
    halves = halves_left(receipts, *place)
    left, told = last_left(receipts, str(urn), *place), ""
    beside: list[SnapshotView] = []
    if left is not None and all(each.identifier != left.identifier for each in seen.values()):
        # Under another identifier, and before it carries any tag, only the receipt says that it is ours.
        found = session.calls.describe_snapshot(SnapshotIdentifier=left.identifier)
        beside += [] if found is None else [view_snapshot(found)]
    if left is not None and any(each.identifier == left.identifier for each in (*seen.values(), *beside)):
        told, left = left.identifier, None
    judged = [
        (
            snapshot,
            _doubted(snapshot, whose(snapshot, arguments, urn, rules), halves, seen.values(), identifier),
        )
        for snapshot in seen.values()
    ]
    candidates = [(snapshot, by) for snapshot, by in judged if by is not SnapshotOwner.ANOTHERS]
    known = {snapshot.identifier for snapshot, _ in candidates}
    ours = [snapshot for snapshot, by in candidates if by is SnapshotOwner.OURS]
    newest = max(ours, key=age_key, default=None)
    if newest is None or not is_half(newest, halves):
        asks = bool(arguments.get("restore_final_snapshot")) or rules.protected
        beside += unfinished_halves(session, urn, seen.values(), halves, of_other_stacks=asks)
    since = 0.0 if newest is None else age_key(newest)
    candidates += [
        (each, SnapshotOwner.IN_DOUBT)
        for each in {each.identifier: each for each in beside}.values()
        if each.identifier not in known and age_key(each) >= since
    ]
    return Found(candidates, list(seen.values()), halves, left, told)


def _doubted(
    snapshot: SnapshotView,
    by: SnapshotOwner,
    halves: Collection[str],
    seen: Collection[SnapshotView],
    identifier: str,
) -> SnapshotOwner:
    """Take another's half of a replacement of our cluster for one in doubt, unless it was finished.

    A stack or a resource may be renamed between the two halves, and no state tells of it then.
    """
    ours = snapshot.cluster_identifier.lower() == identifier
    if (
        by not in {SnapshotOwner.ELSEWHERE, SnapshotOwner.ANOTHERS}
        or not ours
        or not is_half(snapshot, halves)
    ):
        return by
    finished = any(
        each.cluster_identifier.lower() == identifier
        and TAG_GENERATION in dict(each.tags)
        and age_key(each) > age_key(snapshot)
        for each in seen
    )
    return by if finished else SnapshotOwner.IN_DOUBT


def is_unmarked(snapshot: SnapshotView) -> bool:
    """Return whether a snapshot that is ours by its name lacks the tag that every ended teardown writes."""
    return TAG_URN not in dict(snapshot.tags)


def is_of_a_copy(snapshot: SnapshotView) -> bool:
    """Return whether a snapshot's tags name another cluster than it was taken of.

    They are those of a final snapshot that somebody restored under another name: the copy has them from
    there, and its own snapshots may have them by copying.
    """
    named = dict(snapshot.tags).get(TAG_CLUSTER)
    return named is not None and named != snapshot.cluster_identifier.lower()


def whose(
    snapshot: SnapshotView, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> SnapshotOwner:
    """Return whose final snapshot a manual snapshot is.

    It is ours where project, stack and resource in its tags are ours, and the cluster in them is the one that
    it was taken of. The resource is its URN; where that differs, since it was moved under another parent
    meanwhile, its name together with the cluster's. One of our cluster whose tags are lacking is in doubt
    where it carries one of this package's, or is named as the policy names final snapshots.
    """
    tags = dict(snapshot.tags)
    identifier = str(arguments["cluster_identifier"]).lower()
    of_our_cluster = snapshot.cluster_identifier.lower() == identifier
    for key, own in ((TAG_STACK, urn.stack), (TAG_PROJECT, urn.project)):
        if key in tags and not says(tags[key], own):
            return SnapshotOwner.ELSEWHERE if of_our_cluster and TAG_URN in tags else SnapshotOwner.ANOTHERS
    recorded = tags.get(TAG_URN)
    complete = all(key in tags for key in FINDING_TAGS)
    if (complete and not is_of_a_copy(snapshot)) and (
        says(recorded, str(urn)) or (is_named(recorded, urn.name) and tags.get(TAG_CLUSTER) == identifier)
    ):
        return SnapshotOwner.OURS
    if not of_our_cluster:
        return SnapshotOwner.ANOTHERS
    if any(key.startswith(_OWN_TAGS) for key in tags) or _named_by_policy(snapshot, arguments, urn, rules):
        return SnapshotOwner.IN_DOUBT
    return SnapshotOwner.ANOTHERS


def _named_by_policy(
    snapshot: SnapshotView, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> bool:
    requested = str(arguments.get("final_snapshot_identifier") or "").lower()
    if requested and (snapshot.identifier == requested or snapshot.identifier.startswith(f"{requested}-")):
        return True
    facts = facts_of(arguments, project=urn.project, stack=urn.stack, resource=urn.name)
    return fits_template(snapshot.identifier, rules.final_snapshot.name, facts, environment=rules.name)
