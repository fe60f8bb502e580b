"""Opens an operation: the one way in for every verb that asks AWS, and for the forecast of a delete.

State, both policies, region, account and AWS are found out here and nowhere else, so that none of them can
disagree with another about what is meant, by which rules, and where.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.provisioned import RedshiftCalls, UnreachableError
from redshift_teardown.aws.session import connect, resolve_region
from redshift_teardown.aws.views import Answer
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import NoAnswerError, RefusedError
from redshift_teardown.lifecycle.context import Session, reporter_for, stopped
from redshift_teardown.lifecycle.desired import own_region
from redshift_teardown.lifecycle.policy.planner import Planner, Recorded, read_recorded
from redshift_teardown.teardown.backoff import LAG, SETTLE, believed_after
from redshift_teardown.teardown.memory import doubted_proof, is_end_unseen, recall, remember
from redshift_teardown.teardown.next_step import next_step
from redshift_teardown.teardown.observe import observe
from redshift_teardown.teardown.proof import is_marked_void, outlived, void_key
from redshift_teardown.teardown.receipt import SEEN_ALIVE, ReceiptFile, heading
from redshift_teardown.teardown.void import not_marked, void_tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import Memory, Observation, Step
    from redshift_teardown.teardown.plan import Plan


@dataclass(frozen=True)
class Operation:
    """What an operation on a recorded cluster works with.

    Attributes:
        recorded: The state, and both policies.
        session: AWS, in the recorded account and region.

    """

    recorded: Recorded
    session: Session

    @property
    def identity(self) -> Identity:
        """The recorded generation."""
        return self.recorded.state.identity

    def planner(self, *, renewal_is_ours: bool = True, left_by: str = "") -> Planner:
        """Return a planner whose names and ages go by the time now; see it for the arguments."""
        return Planner(
            self.recorded, self.session.clock.now(), renewal_is_ours=renewal_is_ours, left_by=left_by
        )

    def observe(self) -> Observation:
        """Return what AWS shows of the recorded generation, with its snapshots whatever its status is.

        Raises:
            UnreachableError: AWS gives no answer.

        """
        return observe(self.session.calls, self.identity, self.session.clock.now(), beside_busy=True)

    def observe_surely(self) -> Observation:
        """Return the same, once what is doubtful has lasted, as in a teardown.

        That is: no cluster is shown, or a living one beside what an earlier destroy took as its proof.

        Raises:
            UnreachableError: AWS gives no answer.

        """
        observation = self.observe()
        if observation.cluster is None and observation.renamed is None:
            wait = self.planner().plan(None).decision.wait
            self.session.clock.sleep(believed_after(wait.poll_seconds).total_seconds())
            return self.observe()
        if not self._is_doubtful(observation):
            return observation
        self.session.clock.sleep(LAG.total_seconds())
        again = self.observe()
        if self.identity.is_alive_in(again.cluster):
            return replace(again, alive_since=observation.at)
        return again if again.cluster is not None else self.observe_surely()

    def _is_doubtful(self, observation: Observation) -> bool:
        """Return whether a living cluster stands beside a snapshot that would prove that it is gone."""
        if not self.identity.is_alive_in(observation.cluster):
            return False
        plan, _, memory = self._remembered(observation)
        return doubted_proof(plan, self.identity, observation, memory) is not None

    def ends_doubt(self, observation: Observation) -> bool:
        """Return whether a destroy was begun whose end nobody saw, and this shows that it came to none."""
        _, before, after = self._remembered(observation)
        return is_end_unseen(before) and not is_end_unseen(after)

    def what_delete_would_do(self, observation: Observation) -> tuple[Plan, Step]:
        """Return what a delete would begin with after this observation, which is sure; nothing is changed."""
        plan, _, memory = self._remembered(observation)
        if memory.gone_since is not None:
            memory = replace(memory, gone_since=observation.at - LAG)
        return plan, next_step(plan, self.identity, observation, memory)

    def void_beside(self, observation: Observation) -> tuple[list[str], tuple[SnapshotView, ...]]:
        """Return what is to be recorded as void: what would prove, or excuse, that the cluster is gone.

        What AWS no longer shows is let go of.

        Args:
            observation: The cluster, alive.

        Returns:
            The words for it, and the snapshots among it.

        """
        plan, before, memory = self._remembered(observation)
        sent = dict(before.earlier_sent).get("")
        settled = sent is None or observation.at - sent >= SETTLE
        excused = before.earlier_skip if settled and not memory.earlier_outcome else ""
        skips = {name for name in self.recorded.state.void if name.startswith("skip@")} | {excused} - {""}
        snapshots = outlived(plan, self.identity, observation, memory)
        return sorted(skips | {void_key(snapshot) for snapshot in snapshots}), snapshots

    def voided(self) -> list[str]:
        """Return what outputs are to record as void, of a cluster that is shown alive while they are written.

        What they do not record yet is put down first, in a receipt and in AWS: what comes next may fail.
        """
        recorded, reporter = self.recorded.state.void, self.session.reporter
        try:
            observation = self.observe_surely()
        except UnreachableError as error:
            reporter.warn(f"AWS gave no answer about the snapshots of {self.identity}: {error.words}")
            return sorted(recorded)
        if not self.identity.is_alive_in(observation.cluster):
            return sorted(recorded)
        void, snapshots = self.void_beside(observation)
        new = set(void) - recorded
        if new or self.ends_doubt(observation):
            _write_down(self, observation, void)
        for snapshot in snapshots:
            if void_key(snapshot) in new and snapshot.available and not is_marked_void(snapshot):
                _mark(self.session, snapshot, observation.at)
        return void

    def _remembered(self, observation: Observation) -> tuple[Plan, Memory, Memory]:
        """Return the plan of a teardown that begins now, and its memory before and after an observation."""
        planner = self.planner()
        plan = planner.plan(observation.cluster)
        before = memory_of(planner, observation.at)
        return plan, before, remember(plan, self.identity, observation, before)


def open_operation(
    props: Mapping[str, Any],
    settings: Settings,
    intent: str,
    *,
    region: object = None,
    urn: Urn | None = None,
) -> Operation:
    """Read what is recorded, connect, and make sure that this is the recorded account and region.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.
        intent: What is about to be done, as a verb: ``delete``.
        region: Where the cluster is, if the program says so; else the recorded ``region`` argument counts.
        urn: The resource's URN now; else the recorded one.

    Raises:
        TeardownError: what is recorded cannot be read, AWS cannot be asked, or this is another place.

    """
    recorded = read_recorded(props, settings)
    return open_recorded(recorded, settings, intent, region=region or own_region(props), urn=urn)


def open_recorded(
    recorded: Recorded, settings: Settings, intent: str, *, region: object, urn: Urn | None = None
) -> Operation:
    """Connect for what was read already; see `open_operation`."""
    session = open_session(settings, region, urn or recorded.state.urn)
    _require_same_place(session, recorded.state.identity, intent)
    return Operation(recorded, session)


def open_session(settings: Settings, region: object, urn: Urn) -> Session:
    """Connect for a cluster of which nothing is recorded yet, and ask whose credentials these are.

    Args:
        settings: The stack's configuration.
        region: The cluster's own ``region``, where it has one.
        urn: The resource's URN, for its row in the display.

    Raises:
        ConfigError: no region, no credentials, no answer, or an account that is not let through.

    """
    clock = SystemClock()
    aws = connect(settings, resolve_region(settings, region))
    return Session(
        settings=settings,
        aws=aws,
        account_id=aws.account_id(),
        calls=RedshiftCalls(aws, clock.now),
        clock=clock,
        reporter=reporter_for(str(urn), urn.name),
    )


def _require_same_place(session: Session, identity: Identity, intent: str) -> None:
    """Refuse to act in another account or region than the recorded one.

    Args:
        session: The operation's surroundings.
        identity: What the state records.
        intent: What is about to be done, as a verb: ``delete``.

    Raises:
        RefusedError: they differ; the message names both.

    """
    for word, recorded, present in (
        ("account", identity.account_id, session.account_id),
        ("region", identity.region, session.aws.region),
    ):
        if recorded == present:
            continue
        cure = _cure_of_account(session.settings) if word == "account" else _cure_of_region(session, recorded)
        raise RefusedError(
            f"refused to {intent} {identity}: it was created in {word} {recorded or '(not recorded)'}, and "
            f"this configuration is for {word} {present}",
            data="nothing was touched; in that other place AWS says nothing about this cluster",
            next_step=cure,
        )


_RUN_PROGRAM = (
    "then run the command again with --run-program: a plain `pulumi destroy` or `pulumi refresh` takes the "
    "configuration of the last `pulumi up`, also of one that failed"
)


def _cure_of_region(session: Session, recorded: str) -> str:
    """Return in words what makes the recorded region the one in force; that of config goes first."""
    if session.settings.region is None:
        return f"set AWS_REGION={recorded}, then run the command again"
    return f"run `pulumi config set aws:region {recorded}`, {_RUN_PROGRAM}"


def _cure_of_account(settings: Settings) -> str:
    """Return in words what makes the recorded account the one that is worked in."""
    configured = settings.profile or settings.access_key or settings.assume_roles
    if not configured:
        return "use credentials of that account (AWS_PROFILE), then run the command again"
    return f"configure credentials of that account (aws:profile, aws:assumeRoles), {_RUN_PROGRAM}"


def open_and_observe(props: Mapping[str, Any], settings: Settings) -> tuple[Operation, Observation] | None:
    """Open an operation and look once; None without an answer: a preview works without credentials.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.

    Raises:
        TeardownError: what is recorded cannot be read, or this is another place.

    """
    try:
        operation = open_operation(props, settings, "look for")
        return operation, operation.observe()
    except (NoAnswerError, UnreachableError):
        return None


def _mark(session: Session, snapshot: SnapshotView, at: datetime) -> None:
    """Mark a snapshot as void in AWS, as a teardown does, too."""
    with stopped("pulumi up"):
        interrupt.require_engine()
    attempt = session.calls.tag(snapshot.arn, dict(void_tag(at)))
    if attempt.answer is not Answer.ACCEPTED:
        session.reporter.warn(not_marked(snapshot, attempt))


def _write_down(operation: Operation, observation: Observation, void: list[str]) -> None:
    """Write down what is void before anything else happens: an `up` that fails records no outputs."""
    identity, urn = operation.identity, str(operation.recorded.state.urn)
    at, created = observation.at, identity.cluster_create_time
    folder = operation.recorded.policies.receipts()[0]
    ReceiptFile(folder, identity, at, operation.session.reporter.warn).write(
        {
            **heading(identity, state=SEEN_ALIVE, started=at, written=at, created=created, urn=urn),
            "void": void,
            "last_alive": at.isoformat(),
        }
    )


def memory_of(planner: Planner, started: datetime) -> Memory:
    """Return what a teardown that begins now would remember."""
    state = planner.recorded.state
    return recall(
        planner.receipts,
        state.identity,
        str(state.urn),
        started,
        claim=state.claim,
        recorded=planner.fingerprint,
        void=state.void,
    )
