"""What the state and AWS show of one cluster of a stack, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.inventory import newest_snapshot, snapshot_exists
from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import view_snapshot
from redshift_teardown.deletion_policy import next_name
from redshift_teardown.engine.place import Place
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.lifecycle.desired import own_region
from redshift_teardown.lifecycle.operation import open_recorded
from redshift_teardown.lifecycle.policy.planner import Planner, read_recorded
from redshift_teardown.teardown.model import Memory
from redshift_teardown.teardown.present import NAME_TRIES
from redshift_teardown.teardown.proof import of_generation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import Observation
    from redshift_teardown.teardown.plan import Plan


class Verdict(str, Enum):
    """What a destroy would come to, for the data."""

    SAFE = "safe"
    """The data is kept: in a final snapshot, or in one that is proven already."""
    BLOCKED = "blocked"
    """Destroy would refuse, or never come to this cluster."""
    LET_GO = "let go of"
    """The resource would leave the state, and nothing would be deleted."""
    LOSES_DATA = "loses data"
    """The cluster would go, and its data with it: by a rule, or by what goes with it."""


@dataclass(frozen=True)
class Notice:
    """Something that an operator must know before pressing destroy.

    Attributes:
        verdict: What it makes of the destroy; SAFE for something that only is to be known.
        text: What it is.
        next_step: What can be done about it; empty where there is nothing to do.

    """

    verdict: Verdict
    text: str
    next_step: str = ""


_PENDING = Notice(
    Verdict.BLOCKED,
    "a replacement of it was interrupted: its cluster was deleted, and what takes its place is not in the "
    "state yet. The engine drops the resource and never calls the teardown",
    "run `pulumi up`, which goes on with the replacement, or refuses and says what it needs; then destroy",
)
_MOST_NAMED = 3


@dataclass(frozen=True)
class StackCluster:
    """A cluster as a stack's state holds it.

    Attributes:
        urn: The resource's URN in the state.
        outputs: Its outputs, what is encrypted in them unknown.
        protect: Whether the engine refuses to delete it.
        retain_on_delete: Whether the engine drops it without calling delete.
        external: Whether the engine only read it, and forgets it without calling delete.
        pending_replacement: Whether a replacement was cut between its halves: the engine drops it without
            calling delete.
        protected_dependents: URNs of protected resources that depend on it, directly or over others.
        protected_beside: URNs of the other protected resources of the stack.
        deleted_with: URN of the resource with which the engine takes it for deleted; empty for none.
        key_of_the_stack: URN of the KMS key in the same stack that encrypts it and would go too; empty for
            none.
        encrypted_facts: Names of what a decision looks at and the state holds encrypted.

    """

    urn: str
    outputs: Mapping[str, Any]
    protect: bool = False
    retain_on_delete: bool = False
    external: bool = False
    pending_replacement: bool = False
    protected_dependents: tuple[str, ...] = ()
    protected_beside: tuple[str, ...] = ()
    deleted_with: str = ""
    key_of_the_stack: str = ""
    encrypted_facts: tuple[str, ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether the engine drops it without calling delete."""
        return bool(self.pending_replacement or self.retain_on_delete or self.external or self.deleted_with)


@dataclass(frozen=True)
class Observed:
    """What was found out of one cluster; nothing is judged yet."""

    cluster: StackCluster
    at: datetime
    planner: Planner | None = None
    identity: Identity | None = None
    session: Session | None = None
    observation: Observation | None = None
    taken: frozenset[str] = frozenset()
    megabytes: float | None = None
    findings: tuple[Notice, ...] = ()
    unknown: tuple[str, ...] = ()


def observe(cluster: StackCluster, settings: Settings, *, ask_aws: bool) -> Observed:
    """Find out what there is to know of a cluster; this asks AWS and changes nothing.

    Args:
        cluster: The cluster, from a stack's state.
        settings: The stack's configuration.
        ask_aws: Whether AWS is asked.

    Returns:
        What was found; what keeps a destroy from going on is among its findings.

    """
    settings = replace(settings, place=Place.of(cluster.urn))
    observed = Observed(cluster, SystemClock().now(), findings=_options_of(cluster))
    if cluster.encrypted_facts:
        names = ", ".join(cluster.encrypted_facts)
        observed = with_findings(
            observed, unknown=f"{names}: encrypted in this state; export it with --show-secrets"
        )
    try:
        recorded = read_recorded(cluster.outputs, settings)
    except TeardownError as error:
        return with_findings(observed, blocked(error))
    state = recorded.state
    observed = replace(observed, identity=state.identity)
    if recorded.policies.warning:
        observed = with_findings(observed, Notice(Verdict.SAFE, recorded.policies.warning))
    observed = replace(observed, planner=Planner(recorded, observed.at))
    if not ask_aws:
        return with_findings(
            observed,
            unknown="what AWS shows now: status, generation and live tags of the cluster, its snapshots and "
            "their number, its size (run without --offline)",
        )
    try:
        operation = open_recorded(recorded, settings, "delete", region=own_region(cluster.outputs))
        session = operation.session
        observed = replace(observed, session=session)
        observation = operation.observe_surely()
        observed = replace(observed, at=observation.at, planner=Planner(recorded, observation.at))
    except TeardownError as error:
        return with_findings(
            observed, blocked(error), unknown="what AWS shows now; --offline judges without it"
        )
    observed = replace(observed, observation=observation)
    if cluster.dropped:
        return _left_running(observed) if cluster.pending_replacement else observed
    if observation.cluster is None:
        return observed
    return sized(_with_names(observed, session))


def _left_running(observed: Observed) -> Observed:
    """Name the cluster that lives under the name of one whose replacement is pending."""
    there = observed.observation.cluster if observed.observation else None
    if there is None:
        return observed
    identity = identity_of(observed)
    created = f", created {there.create_time:%Y-%m-%d %H:%M:%S} UTC" if there.create_time else ""
    text = (
        f"cluster {there.identifier} ({there.status}{created}) is there now, in {identity.account_id}, "
        f"{identity.region}: destroy does not touch it, and it runs on, with its data and its costs"
    )
    return with_findings(observed, Notice(Verdict.BLOCKED, text))


def _with_names(observed: Observed, session: Session) -> Observed:
    """Find out which names for the snapshot are taken by other clusters' snapshots; AWS would refuse them."""
    if observed.planner is None or observed.observation is None:
        return observed
    plan, name = plan_of(observed, observed.planner), ""
    taken = frozenset(snapshot.identifier for snapshot in observed.observation.snapshots)
    try:
        while plan.wants_snapshot and len(observed.taken) < NAME_TRIES:
            name = next_name(plan.name, taken | observed.taken)
            if not snapshot_exists(session.aws, name):
                break
            observed = replace(observed, taken=observed.taken | {name})
    except TeardownError as error:
        return with_findings(observed, unknown=f"whether the snapshot's name {name} is free: {error}")
    return observed


def plan_of(observed: Observed, planner: Planner) -> Plan:
    """Return the plan as a teardown makes it: by what is recorded, and by a living cluster's facts, too."""
    plan = planner.plan(None)
    cluster = observed.observation.cluster if observed.observation else None
    if cluster is None or observed.identity is None or not observed.identity.is_generation_of(cluster):
        return plan
    return plan if phase(cluster.status) is Phase.ENDING else planner.plan(cluster)


def sized(observed: Observed) -> Observed:
    """Return the same with the size of the data, estimated by the newest snapshot."""
    if observed.session is None or observed.identity is None:
        return observed
    try:
        newest = newest_snapshot(observed.session.aws, observed.identity.cluster_identifier)
    except TeardownError as error:
        return with_findings(observed, unknown=f"the size: {error}")
    memory = Memory(observed.at)
    if newest is None or not of_generation(view_snapshot(newest), observed.identity, memory):
        return with_findings(
            observed, unknown="the size: there is no snapshot of this cluster yet to estimate it by"
        )
    return replace(observed, megabytes=view_snapshot(newest).total_megabytes)


def identity_of(observed: Observed) -> Identity:
    """Return the recorded generation of a cluster that is judged."""
    assert observed.identity is not None  # noqa: S101 - judged only with one
    return observed.identity


def _options_of(cluster: StackCluster) -> tuple[Notice, ...]:
    """Return in words what the engine does with the resource's options, which the provider never sees."""
    if cluster.pending_replacement:
        # The engine asks for no other option then.
        return (_PENDING,)
    found = []
    name = cluster.urn.rpartition("::")[2]
    if cluster.protect:
        found.append(
            Notice(
                Verdict.BLOCKED,
                "the resource is protected: the engine refuses to delete it",
                f"to destroy it on purpose, run `pulumi state unprotect '{cluster.urn}'`",
            )
        )
    if cluster.protected_dependents:
        several = len(cluster.protected_dependents) > 1
        found.append(
            Notice(
                Verdict.BLOCKED,
                f"{_counted(cluster.protected_dependents)} {'depend' if several else 'depends'} on the "
                f"cluster and {'are' if several else 'is'} protected: the engine refuses to delete that, and "
                "so never comes to the cluster; with --exclude-protected it leaves both alone",
                f"to destroy the cluster on purpose, {_unprotect(cluster.protected_dependents)}",
            )
        )
    if cluster.retain_on_delete:
        found.append(
            Notice(
                Verdict.BLOCKED,
                "retain_on_delete is set: the engine drops the cluster from the stack and never tears it "
                "down; it goes on running, and costing, in AWS",
                f"take retain_on_delete away from {name} and run `pulumi up`",
            )
        )
    if cluster.external:
        found.append(
            Notice(
                Verdict.BLOCKED,
                "external is set: the engine only read this cluster, so it forgets it and never tears it "
                "down; it goes on running, and costing, in AWS",
                f"destroy the stack that made it; for this one to do so, have the program declare {name} in "
                "place of reading it, with adopt_existing=True, and run `pulumi up`",
            )
        )
    if cluster.deleted_with:
        found.append(
            Notice(
                Verdict.BLOCKED,
                f"deleted_with is set: the engine takes the cluster for deleted when {cluster.deleted_with} "
                "is, and never tears it down",
                f"take deleted_with away from {name} and run `pulumi up`",
            )
        )
    return tuple(found)


def beside(cluster: StackCluster, *, loses: bool) -> tuple[Notice, ...]:
    """Return in words what protected resources that do not depend on the cluster make of a destroy.

    Args:
        cluster: The cluster.
        loses: Whether its data would be lost where destroy comes to it, as it does without a preview.

    """
    if not cluster.protected_beside:
        return ()
    return (
        Notice(
            Verdict.SAFE if loses else Verdict.BLOCKED,
            "`pulumi destroy` stops at its preview, over what is protected in the stack: "
            f"{_counted(cluster.protected_beside)}",
            "`pulumi destroy --exclude-protected` leaves that alone and comes to this cluster (plan it with "
            f"--exclude-protected); to destroy it, too, {_unprotect(cluster.protected_beside)}",
        ),
    )


def _unprotect(urns: Sequence[str]) -> str:
    others = ", and for the others likewise," if len(urns) > 1 else ""
    return (
        f"run `pulumi state unprotect '{urns[0]}'`{others} or take protect away in the program and run "
        "`pulumi up`"
    )


def _counted(urns: Sequence[str]) -> str:
    named, more = ", ".join(urns[:_MOST_NAMED]), len(urns) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def blocked(error: TeardownError) -> Notice:
    """Return the finding that a refusal is."""
    if isinstance(error, RefusedError):
        return Notice(Verdict.BLOCKED, f"{error.what} (data: {error.data})", error.next_step)
    return Notice(Verdict.BLOCKED, str(error))


def with_findings(observed: Observed, *findings: Notice, unknown: str = "") -> Observed:
    """Return the same with more findings, and with something that is not known."""
    return replace(
        observed,
        findings=(*observed.findings, *findings),
        unknown=(*observed.unknown, *([unknown] if unknown else [])),
    )
