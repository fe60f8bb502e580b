"""A decision made ready to be carried out: names, tags and proofs of one cluster's teardown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import (
    FOREVER,
    Decision,
    Facts,
    Outcome,
    expand_tags,
    fit_tag_key,
    fit_tag_value,
    fits_template,
    snapshot_name,
)
from redshift_teardown.teardown.identity import same_moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from redshift_teardown.teardown.identity import Identity
    from redshift_teardown.teardown.model import Memory, SnapshotView

TAG_PROJECT = "pulumi:project"
TAG_STACK = "pulumi:stack"
TAG_URN = "redshift-teardown:urn"
TAG_CLUSTER = "redshift-teardown:cluster"
TAG_GENERATION = "redshift-teardown:generation"
TAG_RULE = "redshift-teardown:rule"


@dataclass(frozen=True)
class Plan:
    """What destroying one cluster comes to.

    Attributes:
        decision: What the policies say, the stricter of each.
        facts: The facts the names and tags are made from.
        urn: The resource's URN, for the tag that says whose snapshot it is.
        name: A fresh name for the final snapshot; empty where the decision is to skip.
        templates: Name templates that a snapshot of ours may have been named by: the recorded
            policy's and the current one's, each with its environment's name.
        tags: Everything the snapshot must carry, in AWS's alphabet.

    """

    decision: Decision
    facts: Facts
    urn: str
    name: str
    templates: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]

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

    @property
    def retention_days(self) -> int:
        """Days the snapshot is kept, -1 for ever."""
        return self.decision.retention_days

    def keeps_long_enough(self, snapshot: SnapshotView) -> bool:
        """Tell whether the snapshot's retention is at least the decided one."""
        kept = snapshot.retention_days
        if kept is None or kept == FOREVER:
            # AWS leaves the field out where there is no limit.
            return True
        return self.retention_days != FOREVER and kept >= self.retention_days

    def missing_tags(self, snapshot: SnapshotView) -> tuple[tuple[str, str], ...]:
        """Give the tags that the snapshot lacks or has with another value."""
        present = dict(snapshot.tags)
        return tuple((key, value) for key, value in self.tags if present.get(key) != value)


def make_plan(
    decision: Decision,
    facts: Facts,
    identity: Identity,
    *,
    urn: str,
    templates: Iterable[tuple[str, str]],
    at: datetime,
) -> Plan:
    """Resolve a decision's names and tags for one cluster.

    Everything is encoded to what AWS accepts here, before DeleteCluster is sent: a nested URN
    holds ``$``, which CreateTags refuses, and by then the cluster would be gone.
    """
    name = ""
    if decision.outcome is not Outcome.SKIP:
        name = decision.requested_name or snapshot_name(
            decision.name_template, facts, environment=decision.environment, at=at
        )
    reserved = {
        TAG_PROJECT: facts.project or "",
        TAG_STACK: facts.stack or "",
        TAG_URN: urn,
        TAG_CLUSTER: identity.cluster_identifier,
        TAG_GENERATION: identity.generation(),
        TAG_RULE: f"{decision.environment or 'unmatched'}: {decision.place or 'recorded'}",
    }
    tags = dict(expand_tags(decision, facts, at=at))
    tags.update({fit_tag_key(key): fit_tag_value(value) for key, value in reserved.items()})
    return Plan(
        decision=decision,
        facts=facts,
        urn=urn,
        name=name,
        templates=tuple(dict.fromkeys(templates)),
        tags=tuple(sorted(tags.items())),
    )


def of_generation(snapshot: SnapshotView, identity: Identity, memory: Memory) -> bool:
    """Tell whether a snapshot was taken of this generation.

    A snapshot carries no namespace, only the ClusterCreateTime of the day it was taken. That time
    may have changed in a resize or resume, so every time seen counts; and our own generation tag
    does where the time is one nobody recorded.
    """
    times = (*memory.create_times, identity.cluster_create_time)
    if any(same_moment(snapshot.cluster_create_time, time) for time in times):
        return True
    return bool(identity.cluster_namespace_arn) and (
        dict(snapshot.tags).get(TAG_GENERATION) == fit_tag_value(identity.generation())
    )


def is_ours(snapshot: SnapshotView, plan: Plan, identity: Identity, memory: Memory) -> bool:
    """Tell whether a manual snapshot is one a teardown of this resource asked for.

    It is when it carries our tags, when a teardown is known to have asked for that name, or when
    its name is what one of the plan's templates makes.
    """
    tags = dict(snapshot.tags)
    if tags.get(TAG_GENERATION) == fit_tag_value(identity.generation()) and tags.get(
        TAG_CLUSTER
    ) == fit_tag_value(identity.cluster_identifier):
        return True
    asked = {memory.snapshot_name, plan.name, plan.decision.requested_name or "", *memory.earlier_names}
    if snapshot.identifier in asked - {""}:
        return True
    return any(
        fits_template(snapshot.identifier, template, plan.facts, environment=environment)
        for template, environment in plan.templates
    )
