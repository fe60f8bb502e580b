"""What the pure part of a teardown is asked with, without AWS: plans, clusters, snapshots, memories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from redshift_teardown.aws.identity import Identity
from redshift_teardown.aws.views import Answer, Attempt, ClusterView, SnapshotView
from redshift_teardown.deletion_policy import Environment, decide, facts_of, loads
from redshift_teardown.engine.urn import Urn
from redshift_teardown.teardown.model import Memory, Observation
from redshift_teardown.teardown.plan import Plan, make_plan

BORN = datetime(2026, 1, 1, tzinfo=timezone.utc)
NOW = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)
NAMESPACE = "arn:aws:redshift:eu-west-1:111122223333:namespace:0f5c1d3e"
IDENTITY = Identity("111122223333", "eu-west-1", "warehouse", NAMESPACE, BORN)
URN = "urn:pulumi:live::shop::a$pulumi-python:dynamic/redshift:Cluster::warehouse"
POLICY = """
version: 1
environments:
  ours:
    stacks: [live]
    {skip}
    final_snapshot: {{retention_days: 35, tags: {{team: data}}}}
    wait: {{timeout_hours: 24, poll_seconds: 15}}
"""


def environment(skip: str = "skip: never") -> Environment:
    """The one environment of the policy, with these skip rules."""
    return loads(POLICY.format(skip=skip), source="policy.yaml").environments[0]


def plan(*, skip: bool = False, **arguments: Any) -> Plan:
    """What destroying the cluster comes to."""
    rules = environment("skip: [{when: {always: true}, because: scratch}]" if skip else "skip: never")
    facts = facts_of(
        {"cluster_identifier": "warehouse", "node_type": "ra3.xlplus", **arguments},
        project="shop",
        stack="live",
        resource="warehouse",
        account=IDENTITY.account_id,
        region=IDENTITY.region,
        create_time=BORN,
        now=NOW,
    )
    return make_plan(
        decide(rules, facts, at_destroy=True),
        facts,
        IDENTITY,
        urn=URN,
        now=Urn.parse(URN),
        templates=[(rules.final_snapshot.name, rules.name)],
        at=NOW,
    )


PLAN = plan()
NAME = PLAN.name


def cluster(status: str = "available", **changes: Any) -> ClusterView:
    """The cluster, in a status."""
    return replace(ClusterView("warehouse", status, namespace_arn=NAMESPACE, create_time=BORN), **changes)


def snapshot(name: str = NAME, status: str = "available", **changes: Any) -> SnapshotView:
    """A manual snapshot of the generation, tagged and kept as decided."""
    made = SnapshotView(
        identifier=name,
        arn=f"arn:aws:redshift:eu-west-1:111122223333:snapshot:warehouse/{name}",
        status=status,
        cluster_identifier="warehouse",
        cluster_create_time=BORN,
        create_time=NOW + timedelta(seconds=1),
        retention_days=35,
        tags=PLAN.tags,
    )
    return replace(made, **changes)


def look(seen: ClusterView | None, *snapshots: SnapshotView, after: timedelta = timedelta(0)) -> Observation:
    """One poll of AWS, so long after the teardown began."""
    return Observation(NOW + after, seen, snapshots)


def attempt(
    operation: str = "DeleteCluster",
    answer: Answer = Answer.ACCEPTED,
    code: str = "",
    *,
    at: datetime = NOW,
    name: str = NAME,
    before: str = "available",
) -> Attempt:
    """A call that was made."""
    sent = name if operation == "DeleteCluster" else ""
    target = {"CreateTags": snapshot(name).arn, "ModifyClusterSnapshot": name}.get(operation, "")
    return Attempt(operation, answer, at, code, "AWS's own words", sent, before, target)


def memory(*attempts: Attempt, **changes: Any) -> Memory:
    """What this teardown did; where it sees no cluster, that has lasted."""
    return replace(Memory(NOW, attempts=attempts, gone_since=NOW - timedelta(hours=1)), **changes)
