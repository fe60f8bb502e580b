"""A decision made ready to be carried out: names, tags and proofs of one cluster's teardown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import (
    FOREVER,
    MOST_POLICY_TAGS,
    Decision,
    Facts,
    Outcome,
    expand_tags,
    fit_tag_key,
    fit_tag_value,
    snapshot_name,
)
from redshift_teardown.teardown.resource_tag import says

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.engine.urn import Urn

MOST_TAGS = 50
"""AWS's own limit for one resource (CreateTags, API 2012-12-01)."""

TAG_PROJECT = "pulumi:project"
TAG_STACK = "pulumi:stack"
TAG_URN = "redshift-teardown:urn"
TAG_CLUSTER = "redshift-teardown:cluster"
TAG_GENERATION = "redshift-teardown:generation"
TAG_RULE = "redshift-teardown:rule"
TAG_VOID = "redshift-teardown:void"
"""On a final snapshot whose cluster was seen alive after it; its value is when."""
TAG_DATA_SINCE = "redshift-teardown:data-since"
"""Since when the cluster held data of its resource's line; left out where that is not known."""
TAG_LEFT_BY = "redshift-teardown:left-by"
"""On the final snapshot of a cluster that was replaced, its data to be restored (``LEFT_BY_REPLACEMENT``)."""
FINDING_TAGS = (TAG_URN, TAG_PROJECT, TAG_STACK)
"""What a program finds its final snapshot by: all of them, so they are written first."""


@dataclass(frozen=True)
class Plan:
    """What destroying one cluster comes to.

    Attributes:
        decision: What the policies say, the stricter of each.
        facts: The facts the names and tags are made from.
        urn: The resource's URN, for the tag that says whose snapshot it is.
        claimant: The resource's URN by now, by which a claim and a snapshot's tags are its own.
        name: A fresh name for the final snapshot; empty where the decision is to skip.
        templates: Name templates that a snapshot of ours may have been named by: the recorded
            policy's and the current one's, each with its environment's name.
        tags: Everything the snapshot must carry, in AWS's alphabet: first what a teardown writes itself, then
            the tags of the current file, then those that are recorded alone.
        left_out: Keys of tags that the two policies ask for and a snapshot has no room for.
        claim: The ownership claim that the state records; empty for none.
        renewal_is_ours: Whether a claim of this resource that the state does not record makes no difference.
        overruled: The value of the claim tag that says ``protected`` by rules of before; empty for none.
        tags_prove: Whether the tags of a snapshot prove whose it is: not where the cluster carries them
            itself, since anybody's snapshot may have them from there.

    """

    decision: Decision
    facts: Facts
    urn: str
    claimant: str
    name: str
    templates: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()
    claim: str = ""
    renewal_is_ours: bool = True
    overruled: str = ""
    tags_prove: bool = True

    def __post_init__(self) -> None:
        """Refuse a plan whose snapshot has no name: to DeleteCluster that would mean to skip it.

        Raises:
            ValueError: a snapshot is due and has no name.

        """
        if self.wants_snapshot and not self.name:
            message = "a final snapshot is due and has no name"
            raise ValueError(message)

    @property
    def wants_snapshot(self) -> bool:
        """Whether a final snapshot is due; anything but a plain skip is."""
        return self.decision.outcome is not Outcome.SKIP

    def is_found_by_tags(self, snapshot: SnapshotView) -> bool:
        """Return whether a program of now finds a final snapshot by the tags that are on it.

        Not where they had no room on it, nor where another resource left it.
        """
        present, own = dict(snapshot.tags), dict(self.tags)
        return all(present.get(key) == own[key] for key in FINDING_TAGS)

    def is_anothers(self, snapshot: SnapshotView) -> bool:
        """Return whether another resource, which took the cluster over, tore it down and left this snapshot.

        Its tags say so. It keeps the data, and what it lacks by this plan is not for this resource to write.
        """
        tags = dict(snapshot.tags)
        of_this_generation = tags.get(TAG_GENERATION) == dict(self.tags)[TAG_GENERATION]
        ours = any(says(tags.get(TAG_URN), urn) for urn in (self.urn, self.claimant))
        return self.tags_prove and of_this_generation and TAG_URN in tags and not ours

    @property
    def retention_days(self) -> int:
        """Days the snapshot is kept, -1 forever."""
        return self.decision.retention_days

    def keeps_long_enough(self, snapshot: SnapshotView) -> bool:
        """Return whether the snapshot's retention is at least the decided one."""
        kept = snapshot.retention_days
        if kept is None or kept == FOREVER:
            # AWS leaves the field out where there is no limit.
            return True
        return self.retention_days != FOREVER and kept >= self.retention_days

    def missing_tags(self, snapshot: SnapshotView) -> tuple[tuple[str, str], ...]:
        """Return the tags that the snapshot lacks or has with another value, as far as it has room for more.

        AWS refuses the whole of a call that would make it too many, and a snapshot may carry others already.
        """
        present = dict(snapshot.tags)
        room = MOST_TAGS - sum(1 for key in present if not key.startswith("aws:"))
        changed = tuple((key, value) for key, value in self.tags if present.get(key, value) != value)
        added = tuple((key, value) for key, value in self.tags if key not in present)
        return (*changed, *added[: max(room, 0)])

    def lacks(self, snapshot: SnapshotView) -> tuple[str, ...]:
        """Return the keys of decided tags that the snapshot does not carry, and should."""
        if self.is_anothers(snapshot):
            return ()
        present = dict(snapshot.tags)
        return tuple(key for key, _ in self.tags if key not in present)

    @property
    def crowded(self) -> str:
        """Which tags are left out, in words; empty where all of them fit."""
        if not self.left_out:
            return ""
        return (
            f"the recorded policy and the current file ask for {len(self.left_out)} more tags than the "
            f"{MOST_POLICY_TAGS} that a final snapshot has room for, so these are left out: "
            f"{', '.join(self.left_out)}. Those of the current file go first; `pulumi up` records them alone"
        )


def make_plan(
    decision: Decision,
    facts: Facts,
    identity: Identity,
    *,
    urn: str,
    now: Urn,
    templates: Iterable[tuple[str, str]],
    at: datetime,
    claim: str = "",
    renewal_is_ours: bool = True,
    overruled: str = "",
    left_by: str = "",
    tags_prove: bool = True,
) -> Plan:
    """Resolve a decision's names and tags for one cluster.

    Everything is encoded to what AWS accepts here, before DeleteCluster is sent: a nested URN
    holds ``$``, which CreateTags refuses, and by then the cluster would be gone. The tags that a snapshot is
    found by say ``now``, the URN that the resource has by now; ``urn`` is the recorded one.
    """
    name = ""
    if decision.outcome is not Outcome.SKIP:
        name = decision.requested_name or snapshot_name(
            decision.name_template, facts, environment=decision.environment, at=at
        )
    # A snapshot that others have tagged may have no room for all: those that nothing else tells go first.
    reserved = {
        TAG_URN: str(now),
        TAG_PROJECT: now.project,
        TAG_STACK: now.stack,
        TAG_GENERATION: identity.generation(),
        TAG_CLUSTER: identity.cluster_identifier,
        **({TAG_LEFT_BY: left_by} if left_by else {}),
        **({TAG_DATA_SINCE: facts.create_time.isoformat()} if facts.create_time else {}),
        TAG_RULE: f"{decision.environment or 'unmatched'}: {decision.place or 'recorded'}",
    }
    own = {fit_tag_key(key): fit_tag_value(value) for key, value in reserved.items()}
    recorded = {fit_tag_key(key) for key, _ in decision.voices.tags}
    asked = sorted(
        expand_tags(decision.tags, facts, environment=decision.environment, at=at).items(),
        key=lambda tag: (tag[0] in recorded, tag[0]),
    )
    asked = [tag for tag in asked if tag[0] not in own]
    return Plan(
        decision=decision,
        facts=facts,
        urn=urn,
        name=name,
        templates=tuple(dict.fromkeys(templates)),
        tags=(*own.items(), *asked[:MOST_POLICY_TAGS]),
        left_out=tuple(key for key, _ in asked[MOST_POLICY_TAGS:]),
        claim=claim,
        renewal_is_ours=renewal_is_ours,
        claimant=str(now),
        overruled=overruled,
        tags_prove=tags_prove,
    )


def is_tagged_as(tags: Mapping[str, str], identity: Identity) -> bool:
    """Return whether tags are those that a teardown of a generation writes."""
    return tags.get(TAG_GENERATION) == fit_tag_value(identity.generation()) and tags.get(
        TAG_CLUSTER
    ) == fit_tag_value(identity.cluster_identifier)
