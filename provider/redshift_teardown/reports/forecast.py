"""What `pulumi destroy` would do to a cluster now, found out without changing anything.

Delete and this share everything that decides: the recorded policy and the current one, the plan, the look at
AWS and ``next_step``. What is added is what the engine does around a delete (options that keep it from being
called), and what a delete cannot know beforehand (a key that goes with the stack, the quota of snapshots).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.inventory import manual_snapshots, newest_snapshot, snapshot_exists
from redshift_teardown.aws.statuses import PAUSED, Standing, standing
from redshift_teardown.aws.views import view_snapshot
from redshift_teardown.deletion_policy import FOREVER, next_name
from redshift_teardown.engine.place import Place
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.lifecycle.operation import Operation, memory_of, open_recorded
from redshift_teardown.lifecycle.ownership.let_go import VARIABLE, is_asked_for, with_way_out
from redshift_teardown.lifecycle.policy.planner import Planner, read_recorded
from redshift_teardown.teardown.model import Delete, Done, LetGo, Memory, Refuse
from redshift_teardown.teardown.present import NAME_TRIES
from redshift_teardown.teardown.proof import of_generation
from redshift_teardown.teardown.simulate import foresee

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import Observation
    from redshift_teardown.teardown.plan import Plan
    from redshift_teardown.teardown.simulate import Foreseen


class Verdict(str, Enum):
    """What a destroy would come to, for the data."""

    SAFE = "safe"
    """The data is kept: in a final snapshot, or in one that is proven already."""
    BLOCKED = "blocked"
    """Destroy would refuse, or never come to this cluster."""
    LOSES_DATA = "loses data"
    """The cluster would go, and its data with it: by a rule, or by what goes with it."""


@dataclass(frozen=True)
class Finding:
    """Something that an operator must know before pressing destroy.

    Attributes:
        verdict: What it makes of the destroy; SAFE for something that only is to be known.
        text: What it is.
        next_step: What can be done about it; empty where there is nothing to do.

    """

    verdict: Verdict
    text: str
    next_step: str = ""


@dataclass(frozen=True)
class StackCluster:
    """A cluster as a stack's state holds it.

    Attributes:
        urn: The resource's URN in the state.
        outputs: Its outputs, what is encrypted in them unknown.
        protect: Whether the engine refuses to delete it.
        retain_on_delete: Whether the engine drops it without calling delete.
        external: Whether the engine only read it, and forgets it without calling delete.
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
    deleted_with: str = ""
    key_of_the_stack: str = ""
    encrypted_facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What was found out of one cluster; nothing is judged yet."""

    cluster: StackCluster
    at: datetime
    planner: Planner | None = None
    identity: Identity | None = None
    session: Session | None = None
    observation: Observation | None = None
    taken: frozenset[str] = frozenset()
    megabytes: float | None = None
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """What destroying one cluster would come to.

    Attributes:
        urn: The resource's URN in the state.
        at: When this was found out.
        identity: Which cluster is recorded; None where the state does not say.
        status: The cluster's status in AWS; "gone", or empty where AWS was not asked.
        plan: The decision, with names and tags resolved; None where it cannot be made.
        said: What each policy said, by which facts.
        foreseen: The teardown thought through; None where AWS was not asked.
        findings: What stands in the way, what loses data, what is to be known.
        unknown: What could not be found out.
        megabytes: About how large the final snapshot will be; None where it is not known.

    """

    urn: Urn
    at: datetime
    identity: Identity | None = None
    status: str = ""
    plan: Plan | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    foreseen: Foreseen | None = None
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()
    megabytes: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst that was found; what is blocked loses nothing."""
        verdicts = {finding.verdict for finding in self.findings}
        if Verdict.BLOCKED in verdicts:
            return Verdict.BLOCKED
        return Verdict.LOSES_DATA if Verdict.LOSES_DATA in verdicts else Verdict.SAFE

    @property
    def snapshot_name(self) -> str:
        """The final snapshot: the one to be taken, or the one that is proven already; empty for none."""
        if self.foreseen is not None:
            if isinstance(self.foreseen.end, Done) and self.foreseen.end.snapshot:
                return self.foreseen.end.snapshot.identifier
            asked = [step.snapshot_name for step in self.foreseen.steps if isinstance(step, Delete)]
            return asked[-1] if asked else ""
        return self.plan.name if self.plan and self.plan.wants_snapshot else ""

    @property
    def kept_until(self) -> datetime | None:
        """When AWS would delete the final snapshot; None for never, or where there is none."""
        if not self.snapshot_name or self.plan is None:
            return None
        days, since = self.plan.retention_days, self.at
        end = self.foreseen.end if self.foreseen else None
        if isinstance(end, Done) and end.snapshot is not None:
            days = FOREVER if end.snapshot.retention_days is None else end.snapshot.retention_days
            since = end.snapshot.create_time or self.at
        return None if days == FOREVER else since + timedelta(days=days)


class Room:
    """How many more manual snapshots each account and region may have, counted down as they are planned.

    Args:
        quota: The quota of manual snapshots of one account in one region; None where it is not known.

    """

    def __init__(self, quota: int | None) -> None:
        """See the class for the arguments."""
        self._quota = quota
        self._left: dict[tuple[str, str], int] = {}

    def left(self, session: Session) -> int | None:
        """Give the room there is, asking AWS once how many there are.

        Raises:
            TeardownError: AWS did not answer, or refused.

        """
        if self._quota is None:
            return None
        place = (session.account_id, session.aws.region)
        if place not in self._left:
            self._left[place] = self._quota - sum(1 for _ in manual_snapshots(session.aws))
        return self._left[place]

    def take(self, session: Session) -> None:
        """Count one that is planned."""
        place = (session.account_id, session.aws.region)
        if place in self._left:
            self._left[place] -= 1


def look_at(cluster: StackCluster, settings: Settings, *, ask_aws: bool) -> Seen:
    """Find out what there is to know of a cluster; this asks AWS and changes nothing.

    Args:
        cluster: The cluster, from a stack's state.
        settings: The stack's configuration.
        ask_aws: Whether AWS is asked.

    Returns:
        What was found; what keeps a destroy from going on is among its findings.

    """
    settings = replace(settings, place=Place.of(cluster.urn))
    seen = Seen(cluster, SystemClock().now(), findings=_options_of(cluster))
    if cluster.encrypted_facts:
        names = ", ".join(cluster.encrypted_facts)
        seen = _with(seen, unknown=f"{names}: encrypted in this state; export it with --show-secrets")
    try:
        recorded = read_recorded(cluster.outputs, settings)
    except TeardownError as error:
        return _with(seen, _blocked(error))
    state = recorded.state
    seen = replace(seen, identity=state.identity)
    if recorded.policies.warning:
        seen = _with(seen, Finding(Verdict.SAFE, recorded.policies.warning))
    seen = replace(seen, planner=Planner(recorded, seen.at))
    if not ask_aws:
        return _with(
            seen,
            unknown="what AWS shows now: status, generation and live tags of the cluster, its snapshots and "
            "their number, its size (run without --offline)",
        )
    try:
        session = open_recorded(recorded, cluster.outputs, settings, "delete")
        seen = replace(seen, session=session)
        observation = Operation(recorded, session).observe_surely()
        seen = replace(seen, at=observation.at, planner=Planner(recorded, observation.at))
    except TeardownError as error:
        return _with(seen, _blocked(error), unknown="what AWS shows now; --offline judges without it")
    seen = replace(seen, observation=observation)
    if observation.cluster is None:
        return seen
    return _sized(_with_names(seen, session))


def _with_names(seen: Seen, session: Session) -> Seen:
    """Find out which names for the snapshot are taken by other clusters' snapshots; AWS would refuse them."""
    if seen.planner is None or seen.observation is None:
        return seen
    plan, name = _plan_of(seen, seen.planner), ""
    taken = frozenset(snapshot.identifier for snapshot in seen.observation.snapshots)
    try:
        while plan.wants_snapshot and len(seen.taken) < NAME_TRIES:
            name = next_name(plan.name, taken | seen.taken)
            if not snapshot_exists(session.aws, name):
                break
            seen = replace(seen, taken=seen.taken | {name})
    except TeardownError as error:
        return _with(seen, unknown=f"whether the snapshot's name {name} is free: {error}")
    return seen


def _plan_of(seen: Seen, planner: Planner) -> Plan:
    """Give the plan as a teardown makes it: by what is recorded and, where the cluster lives, by that too."""
    plan = planner.plan(None)
    cluster = seen.observation.cluster if seen.observation else None
    if cluster is None or seen.identity is None or not seen.identity.is_generation_of(cluster):
        return plan
    return plan if standing(cluster.status) is Standing.ENDING else planner.plan(cluster)


def _sized(seen: Seen) -> Seen:
    if seen.session is None or seen.identity is None:
        return seen
    try:
        newest = newest_snapshot(seen.session.aws, seen.identity.cluster_identifier)
    except TeardownError as error:
        return _with(seen, unknown=f"the size: {error}")
    memory = Memory(seen.at)
    if newest is None or not of_generation(view_snapshot(newest), seen.identity, memory):
        return _with(seen, unknown="the size: there is no snapshot of this cluster yet to estimate it by")
    return replace(seen, megabytes=view_snapshot(newest).total_megabytes)


def judge(seen: Seen, room: Room) -> Forecast:
    """Judge what was found, by the teardown thought through.

    Args:
        seen: What was found.
        room: How many more snapshots there may be; counted down by this.

    """
    urn = Urn.parse(seen.cluster.urn)
    findings, unknown = list(seen.findings), list(seen.unknown)
    if seen.planner is None or seen.identity is None:
        return Forecast(urn, seen.at, seen.identity, findings=tuple(findings), unknown=tuple(unknown))
    plan = _plan_of(seen, seen.planner)
    if plan.wants_snapshot and plan.crowded:
        findings.append(Finding(Verdict.SAFE, plan.crowded))
    foreseen, status = None, ""
    if seen.observation is not None and seen.session is not None:
        cluster = seen.observation.cluster
        status = cluster.status if cluster else "gone"
        left = None
        try:
            left = room.left(seen.session)
        except TeardownError as error:
            unknown.append(f"how many manual snapshots there are: {error}")
        if left is None and plan.wants_snapshot and cluster is not None:
            unknown.append(
                "whether the quota of manual snapshots has room for this one: AWS does not tell the quota "
                "(give --snapshot-quota)"
            )
        foreseen = foresee(
            plan,
            seen.identity,
            seen.observation,
            replace(memory_of(seen.planner, seen.at), taken=seen.taken),
            room_for_snapshots=left,
        )
        findings += _findings(seen, plan, foreseen, status)
        if any(isinstance(step, Delete) and step.snapshot_name for step in foreseen.steps):
            room.take(seen.session)
    elif not any(finding.verdict is Verdict.BLOCKED for finding in findings):
        findings += _loss(seen, plan, goes=True)
    if str(urn) != plan.urn:
        findings.append(
            Finding(
                Verdict.SAFE,
                f"the stack or the resource was renamed: it is judged as {plan.urn}, which it was brought up "
                "as, and by the stack it is in now, whichever is stricter",
                "run `pulumi up` to have it recorded, and judged, under its new name",
            )
        )
    return Forecast(
        urn=urn,
        at=seen.at,
        identity=seen.identity,
        status=status,
        plan=plan,
        said=dict(seen.planner.context["said"]),
        foreseen=foreseen,
        findings=tuple(findings),
        unknown=tuple(unknown),
        megabytes=seen.megabytes,
    )


def _findings(seen: Seen, plan: Plan, foreseen: Foreseen, status: str) -> list[Finding]:
    end = foreseen.end
    if isinstance(end, LetGo):
        return [Finding(Verdict.SAFE, f"destroy lets go of it: {end.what}")]
    if isinstance(end, Refuse) and end.final and is_asked_for(_identity(seen)):
        return [Finding(Verdict.SAFE, f"destroy lets go of it, as {VARIABLE} asks: {end.what}")]
    if isinstance(end, Refuse):
        next_step = with_way_out(end.next_step, _identity(seen), plan.urn) if end.final else end.next_step
        return [Finding(Verdict.BLOCKED, f"{end.what} (data: {end.data})", next_step)]
    goes = status != "gone"
    found = _loss(seen, plan, goes=goes)
    if status.lower() == PAUSED:
        found.append(
            Finding(
                Verdict.SAFE, "the cluster is paused; where AWS will not delete it so, it is resumed first"
            )
        )
    return found


def _identity(seen: Seen) -> Identity:
    assert seen.identity is not None  # noqa: S101 - judged only with one
    return seen.identity


def _loss(seen: Seen, plan: Plan, *, goes: bool) -> list[Finding]:
    """Say what of the data is lost when the cluster goes."""
    if not plan.wants_snapshot:
        if not goes:
            return []
        rule = plan.decision.describe()
        return [
            Finding(
                Verdict.LOSES_DATA,
                f"the cluster would go without a final snapshot, by the policy ({rule})",
                "if its data is worth keeping, tighten that rule: the current file counts at destroy",
            )
        ]
    if seen.cluster.key_of_the_stack:
        return [
            Finding(
                Verdict.LOSES_DATA,
                "the KMS key that the final snapshot is encrypted with is destroyed with the stack "
                f"({seen.cluster.key_of_the_stack}); once AWS has deleted the key, nobody can read the "
                "snapshot",
                "protect the key (protect=True or retain_on_delete=True on it) and run `pulumi up`, then "
                "destroy with --exclude-protected",
            )
        ]
    return []


def _options_of(cluster: StackCluster) -> tuple[Finding, ...]:
    """Say what the engine does with the resource's options, which the provider never sees."""
    found = []
    name = cluster.urn.rpartition("::")[2]
    if cluster.protect:
        found.append(
            Finding(
                Verdict.BLOCKED,
                "the resource is protected: the engine refuses to delete it",
                f"to destroy it on purpose, run `pulumi state unprotect '{cluster.urn}'`",
            )
        )
    if cluster.retain_on_delete:
        found.append(
            Finding(
                Verdict.BLOCKED,
                "retain_on_delete is set: the engine drops the cluster from the stack and never tears it "
                "down; it goes on running, and costing, in AWS",
                f"take retain_on_delete away from {name} and run `pulumi up`",
            )
        )
    if cluster.external:
        found.append(
            Finding(
                Verdict.BLOCKED,
                "external is set: the engine only read this cluster, so it forgets it and never tears it "
                "down; it goes on running, and costing, in AWS",
                f"destroy the stack that made it; for this one to do so, have the program declare {name} in "
                "place of reading it, with adopt_existing=True, and run `pulumi up`",
            )
        )
    if cluster.deleted_with:
        found.append(
            Finding(
                Verdict.BLOCKED,
                f"deleted_with is set: the engine takes the cluster for deleted when {cluster.deleted_with} "
                "is, and never tears it down",
                f"take deleted_with away from {name} and run `pulumi up`",
            )
        )
    return tuple(found)


def _blocked(error: TeardownError) -> Finding:
    if isinstance(error, RefusedError):
        return Finding(Verdict.BLOCKED, f"{error.what} (data: {error.data})", error.next_step)
    return Finding(Verdict.BLOCKED, str(error))


def _with(seen: Seen, *findings: Finding, unknown: str = "") -> Seen:
    return replace(
        seen,
        findings=(*seen.findings, *findings),
        unknown=(*seen.unknown, *([unknown] if unknown else [])),
    )
