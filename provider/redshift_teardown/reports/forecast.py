"""What `pulumi destroy` would do to a cluster now, found out without changing anything.

Delete and this share everything that decides: the recorded policy and the current one, the plan, the look at
AWS and ``next_step``. What is added is what the engine does around a delete (options that keep it from being
called), and what a delete cannot know beforehand (a key that goes with the stack, the quota of snapshots).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from redshift_teardown.aws.inventory import manual_snapshots
from redshift_teardown.aws.statuses import PAUSED
from redshift_teardown.deletion_policy import FOREVER
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import TeardownError
from redshift_teardown.lifecycle.operation import memory_of
from redshift_teardown.lifecycle.ownership.let_go import foretell, is_asked_for, spared, with_way_out
from redshift_teardown.reports.observed import Notice, Observed, Verdict, beside, identity_of, plan_of
from redshift_teardown.teardown.model import Delete, Done, LetGo, Refuse
from redshift_teardown.teardown.simulate import foresee

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.policy.planner import Recorded
    from redshift_teardown.teardown.plan import Plan
    from redshift_teardown.teardown.simulate import Foreseen


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
        instead: What destroy does in place of a teardown, in words; empty where it tears the cluster down.
        megabytes: About how large the final snapshot will be; None where it is not known.

    """

    urn: Urn
    at: datetime
    identity: Identity | None = None
    status: str = ""
    plan: Plan | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    foreseen: Foreseen | None = None
    findings: tuple[Notice, ...] = ()
    unknown: tuple[str, ...] = ()
    instead: str = ""
    megabytes: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst that was found; what is blocked loses nothing."""
        verdicts = {finding.verdict for finding in self.findings}
        if Verdict.BLOCKED in verdicts:
            return Verdict.BLOCKED
        worst_first = (Verdict.LOSES_DATA, Verdict.LET_GO)
        return next((verdict for verdict in worst_first if verdict in verdicts), Verdict.SAFE)

    @property
    def decision(self) -> str:
        """What becomes of the data, in words."""
        if self.instead or self.plan is None:
            return f"nothing: {self.instead or 'it cannot be decided'}"
        return self.plan.decision.describe()

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
        """Return the room there is, asking AWS once how many there are.

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


def judge(observed: Observed, room: Room) -> Forecast:
    """Judge what was found: by the teardown thought through, and by whether the engine comes to it.

    Args:
        observed: What was found.
        room: How many more snapshots there may be; counted down by this.

    """
    forecast = _dropped(observed) if observed.cluster.dropped else _teardown(observed, room)
    loses = any(finding.verdict is Verdict.LOSES_DATA for finding in forecast.findings)
    return replace(forecast, findings=(*forecast.findings, *beside(observed.cluster, loses=loses)))


def _dropped(observed: Observed) -> Forecast:
    """Foresee what comes of a resource that the engine drops: no teardown is run, and no policy asked."""
    there = observed.observation.cluster if observed.observation else None
    return Forecast(
        Urn.parse(observed.cluster.urn),
        observed.at,
        observed.identity,
        status="" if observed.observation is None else there.status if there else "gone",
        findings=observed.findings,
        unknown=observed.unknown,
        instead="the engine drops the resource without calling its teardown",
    )


def _teardown(observed: Observed, room: Room) -> Forecast:
    urn = Urn.parse(observed.cluster.urn)
    findings, unknown = list(observed.findings), list(observed.unknown)
    if observed.planner is None or observed.identity is None:
        return Forecast(urn, observed.at, observed.identity, findings=tuple(findings), unknown=tuple(unknown))
    plan = plan_of(observed, observed.planner)
    if plan.wants_snapshot and plan.crowded:
        findings.append(Notice(Verdict.SAFE, plan.crowded))
    foreseen, status, instead = None, "", ""
    if observed.observation is not None and observed.session is not None:
        cluster = observed.observation.cluster
        status = cluster.status if cluster else "gone"
        left = None
        try:
            left = room.left(observed.session)
        except TeardownError as error:
            unknown.append(f"how many manual snapshots there are: {error}")
        if left is None and plan.wants_snapshot and cluster is not None:
            unknown.append(
                "whether the quota of manual snapshots has room for this one: AWS does not tell the quota "
                "(give --snapshot-quota)"
            )
        foreseen = foresee(
            plan,
            observed.identity,
            observed.observation,
            replace(memory_of(observed.planner, observed.at), taken=observed.taken),
            room_for_snapshots=left,
            spared=spared(observed.identity),
        )
        foreseen = _unless_let_go(foreseen, observed.planner.recorded)
        if isinstance(foreseen.end, LetGo):
            instead = "destroy lets go of the resource, deletes nothing and takes no snapshot"
        findings += _findings(observed, plan, foreseen, status)
        if any(isinstance(step, Delete) and step.snapshot_name for step in foreseen.steps):
            room.take(observed.session)
    elif not any(finding.verdict is Verdict.BLOCKED for finding in findings):
        findings += _loss(observed, plan, goes=True)
    if str(urn) != plan.urn:
        findings.append(
            Notice(
                Verdict.SAFE,
                f"the stack or the resource was renamed: it is judged as {plan.urn}, which it was brought up "
                "as, and by the stack it is in now, whichever is stricter",
                "run `pulumi up` to have it recorded, and judged, under its new name",
            )
        )
    return Forecast(
        urn=urn,
        at=observed.at,
        identity=observed.identity,
        status=status,
        plan=plan,
        said=dict(observed.planner.context["said"]),
        foreseen=foreseen,
        findings=tuple(findings),
        unknown=tuple(unknown),
        instead=instead,
        megabytes=observed.megabytes,
    )


def _unless_let_go(foreseen: Foreseen, recorded: Recorded) -> Foreseen:
    """Let go where the refusal is final and the operator asks for that, as delete does."""
    end = foreseen.end
    if isinstance(end, Refuse) and end.final and is_asked_for(recorded.state.identity):
        return replace(foreseen, end=foretell(end, recorded))
    return foreseen


def _findings(observed: Observed, plan: Plan, foreseen: Foreseen, status: str) -> list[Notice]:
    end = foreseen.end
    if isinstance(end, LetGo):
        return [Notice(Verdict.LET_GO, f"destroy lets go of it and deletes nothing: {end.what}")]
    if isinstance(end, Refuse):
        next_step = (
            with_way_out(end.next_step, identity_of(observed), plan.urn) if end.final else end.next_step
        )
        return [Notice(Verdict.BLOCKED, f"{end.what} (data: {end.data})", next_step)]
    goes = status != "gone"
    found = _loss(observed, plan, goes=goes)
    if status.lower() == PAUSED:
        found.append(
            Notice(
                Verdict.SAFE, "the cluster is paused; where AWS will not delete it so, it is resumed first"
            )
        )
    return found


def _loss(observed: Observed, plan: Plan, *, goes: bool) -> list[Notice]:
    """Return in words what of the data is lost when the cluster goes."""
    if not plan.wants_snapshot:
        if not goes:
            return []
        rule = plan.decision.describe()
        return [
            Notice(
                Verdict.LOSES_DATA,
                f"the cluster would go without a final snapshot, by the policy ({rule})",
                "if its data is worth keeping, tighten that rule: the current file counts at destroy",
            )
        ]
    if observed.cluster.key_of_the_stack:
        return [
            Notice(
                Verdict.LOSES_DATA,
                "the KMS key that the final snapshot is encrypted with is destroyed with the stack "
                f"({observed.cluster.key_of_the_stack}); once AWS has deleted the key, nobody can read the "
                "snapshot",
                "protect the key (protect=True or retain_on_delete=True on it) and run `pulumi up`, then "
                "destroy with --exclude-protected",
            )
        ]
    return []
