"""The runner: looks, asks ``next_step``, performs, until done or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import Answer, Attempt, SnapshotView
from redshift_teardown.engine import interrupt
from redshift_teardown.engine.interrupt import StoppedError
from redshift_teardown.errors import FinalRefusalError, RefusedError, TeardownError
from redshift_teardown.teardown.memory import (
    is_begun,
    is_skip_accepted,
    likely_alive,
    may_be_under_way,
    remember,
    sent_at,
)
from redshift_teardown.teardown.messages import (
    INTERRUPT_NOTE,
    NOTE_AFTER_SECONDS,
    complete,
    describe_wait,
    last_line,
    no_answer,
    placed,
    trace_step,
)
from redshift_teardown.teardown.model import (
    Delete,
    Done,
    Ending,
    Extend,
    LetGo,
    Memory,
    Refuse,
    Resume,
    Step,
    Tag,
    Wait,
)
from redshift_teardown.teardown.next_step import next_step, not_deleted
from redshift_teardown.teardown.observe import Observer, observe
from redshift_teardown.teardown.plan import TAG_VOID
from redshift_teardown.teardown.proof import asked_for, void_key
from redshift_teardown.teardown.receipt import (
    DONE,
    LET_GO,
    REFUSED,
    UNDER_WAY,
    ReceiptFile,
    describe_attempt,
    describe_snapshot,
    heading,
)
from redshift_teardown.teardown.void import is_marking_over, not_marked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.aws.clock import Clock
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.intervals import Pace
    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.teardown.interfaces import Actions, Reporter
    from redshift_teardown.teardown.model import Observation
    from redshift_teardown.teardown.plan import Plan


class Teardown:
    """One teardown of one generation of one cluster."""

    def __init__(
        self,
        *,
        identity: Identity,
        plan_for: Callable[[ClusterView | None], Plan],
        recall: Callable[[datetime], Memory],
        source: Observer,
        pace: Pace,
        actions: Actions,
        clock: Clock,
        reporter: Reporter,
        receipts: Path,
        context: Mapping[str, Any],
        spared: str = "",
    ) -> None:
        """Prepare; nothing is asked of AWS yet.

        Args:
            identity: The generation recorded at the last ``up``.
            plan_for: Gives the plan for a live cluster (its facts count too), or for one that is gone.
            recall: Gives what earlier teardowns, and the state, know, for one that starts at a time.
            source: Who looks.
            pace: What is waited by between two polls.
            actions: Who acts.
            clock: Tells the time.
            reporter: What the operator reads.
            receipts: The folder that the receipt is written to.
            context: What the receipt says besides: policies, digests, resource. Plain JSON values.
            spared: Why nothing may be deleted, whatever the next step; empty where it may.

        """
        self._identity = identity
        self._plan_for = plan_for
        self._source = source
        self._pace = pace
        self._actions = actions
        self._clock = clock
        self._reporter = reporter
        self._receipts = receipts
        self._recall = recall
        self._context = dict(context)
        self._spared = spared
        self._noted = False
        self._busy_noted = False
        self._told = ""

    def run(self) -> Ending:
        """Tear down, waiting as long as the policy allows.

        Raises:
            RefusedError: the cluster was not deleted, or its data is not proven to be kept; the
                message says which, and what to do.

        """
        started = self._clock.now()
        plan = self._plan_for(None)
        receipt = ReceiptFile(self._receipts, self._identity, started, self._reporter.warn)
        memory = self._recall(started)
        observation = None
        try:
            while True:
                interrupt.require_waiting(begun=is_begun(observation, memory))
                try:
                    alive = likely_alive(observation, memory)
                    observation = observe(
                        self._source,
                        self._identity,
                        self._clock.now(),
                        alive=alive,
                        beside_busy=not self._busy_noted,
                    )
                except UnreachableError as error:
                    if observation is None and not error.connected:
                        # Nothing ever answered there: a wrong endpoint, which waiting does not fix.
                        raise
                    self._pause_unreachable(plan, memory, error)
                    continue
                plan = self._planned(plan, observation.cluster, memory)
                before, memory = memory, remember(plan, self._identity, observation, memory)
                self._note_alive(receipt, plan, before, memory, observation)
                step = self._next(plan, observation, memory)
                trace_step(self._identity, observation, step)
                if isinstance(step, Done):
                    self._finish(receipt, plan, memory, step.snapshot)
                    if observation.cluster is not None:
                        name = observation.cluster.identifier
                        self._reporter.warn(f"another cluster has its name now ({name}), and was not touched")
                    return Ending(step.snapshot, plan)
                if isinstance(step, LetGo):
                    receipt.write({**self._document(plan, memory, LET_GO), "because": step.what})
                    self._reporter.warn(step.what)
                    return Ending(None, plan, let_go=True)
                if isinstance(step, Refuse):
                    refusal = FinalRefusalError if step.final else RefusedError
                    raise refusal(step.what, data=step.data, next_step=step.next_step)
                if observation.cluster is not None or not isinstance(step, Wait):
                    self._tell(plan)
                memory = self._perform(step, plan, observation, memory, receipt)
        except TeardownError as error:
            self._note_failure(receipt, plan, memory, error)
            raise placed(error, memory) from None

    def _next(self, plan: Plan, observation: Observation, memory: Memory) -> Step:
        step = next_step(plan, self._identity, observation, memory)
        if self._spared and isinstance(step, (Delete, Resume)):
            return not_deleted(self._identity, self._spared)
        return step

    def _planned(self, plan: Plan, cluster: ClusterView | None, memory: Memory) -> Plan:
        """Return the plan by what is shown now; what this teardown skipped is gone by the rules of then."""
        if self._identity.is_alive_in(cluster):
            return self._plan_for(cluster)
        begun = memory.last("DeleteCluster") is not None and not plan.wants_snapshot
        return plan if begun else self._plan_for(None)

    def _perform(
        self, step: Step, plan: Plan, observation: Observation, memory: Memory, receipt: ReceiptFile
    ) -> Memory:
        identifier = self._identity.cluster_identifier
        if isinstance(step, Wait):
            self._wait(step, plan, observation, memory)
            return memory
        self._pace.hurry()
        (interrupt.require_wanted if isinstance(step, (Delete, Resume)) else interrupt.require_engine)()
        if isinstance(step, Delete):
            return self._delete(step, plan, observation, memory, receipt)
        if isinstance(step, Resume):
            if not self._is_as_observed(observation):
                return self._asked_again(plan, observation, memory)
            self._reporter.keep(f"{identifier} is paused and AWS will not delete it so: resuming it first")
            attempt = self._actions.resume(identifier)
        elif isinstance(step, Tag):
            if observation.cluster is None:
                self._reporter.progress(complete(step.snapshot))
            attempt = self._actions.tag(step.snapshot.arn, dict(step.tags))
            attempt = replace(attempt, tags=tuple(key for key, _ in step.tags))
            if step.tags[0][0] == TAG_VOID:
                return self._marked(step.snapshot, attempt, memory)
        elif isinstance(step, Extend):
            attempt = self._actions.extend(step.snapshot.identifier, step.retention_days)
        else:
            message = f"a teardown has no such step: {step!r}"
            raise TypeError(message)
        return memory.after(attempt)

    def _delete(
        self, step: Delete, plan: Plan, observation: Observation, memory: Memory, receipt: ReceiptFile
    ) -> Memory:
        """Send DeleteCluster, once that is written down and AWS shows what was decided on."""
        memory = self._about_to_delete(step, plan, observation, memory, receipt)
        status = observation.cluster.status if observation.cluster else ""
        self._require_still_wanted(memory, receipt)
        if not self._is_as_observed(observation):
            self._not_sent(memory, receipt)
            return self._asked_again(plan, observation, memory)
        attempt = self._actions.delete(
            self._identity.cluster_identifier, step.snapshot_name, step.retention_days, status
        )
        memory = self._answered(attempt, plan, observation, memory, receipt)
        if attempt.answer is Answer.ACCEPTED:
            self._reporter.progress(
                f"DeleteCluster accepted; final snapshot {step.snapshot_name}"
                if step.snapshot_name
                else "DeleteCluster accepted; no final snapshot"
            )
        return memory

    def _tell(self, plan: Plan) -> None:
        """Say what is decided, once the living cluster's facts are known, and again where they tighten it."""
        decided = plan.decision.describe()
        if decided == self._told:
            return
        self._told = decided
        self._reporter.keep(f"{self._identity.cluster_identifier}: {decided}")
        if plan.wants_snapshot and plan.crowded:
            self._reporter.warn(plan.crowded)

    def _marked(self, snapshot: SnapshotView, attempt: Attempt, memory: Memory) -> Memory:
        """Warn where AWS did not take the mark of a void snapshot: then the receipts alone know."""
        memory = memory.after(attempt)
        if is_marking_over(memory, snapshot.arn) and attempt.answer is not Answer.ACCEPTED:
            self._reporter.warn(not_marked(snapshot, attempt))
        return memory

    def _require_still_wanted(self, memory: Memory, receipt: ReceiptFile) -> None:
        """Ask once more, after the receipt is on disk: what was not sent is not written down as sent."""
        try:
            interrupt.require_wanted()
        except StoppedError:
            self._not_sent(memory, receipt)
            raise

    def _not_sent(self, memory: Memory, receipt: ReceiptFile) -> None:
        """Write down that what was about to be sent was not."""
        names = sorted(asked_for(memory))
        receipt.write({"sent": may_be_under_way(memory), "names": names, "sent_at": sent_at(memory)})

    def _is_as_observed(self, observation: Observation) -> bool:
        """Return whether the cluster that a call is to reach by its name is the one that was observed."""
        shown = observation.cluster
        return shown is None or self._actions.is_still(shown, observation.at)

    def _asked_again(self, plan: Plan, observation: Observation, memory: Memory) -> Memory:
        """Poll again before anything is begun: what was seen is too old, and AWS shows something else now."""
        self._wait(
            Wait("AWS answers late; asking again before anything is deleted"), plan, observation, memory
        )
        return memory

    def _note_alive(
        self, receipt: ReceiptFile, plan: Plan, before: Memory, memory: Memory, observation: Observation
    ) -> None:
        """Write down what a look at the living cluster makes void, before anything else can happen to it.

        Beside a busy cluster snapshots are looked at once, and that it was alive is written down then.
        """
        cluster = observation.cluster
        alive = cluster is not None and memory.last_alive == observation.at
        busy = alive and cluster is not None and phase(cluster.status) is Phase.BUSY
        if memory.stale != before.stale or (busy and not self._busy_noted):
            receipt.write(self._document(plan, memory, UNDER_WAY))
        self._busy_noted = self._busy_noted or busy

    def _about_to_delete(
        self, step: Delete, plan: Plan, observation: Observation, memory: Memory, receipt: ReceiptFile
    ) -> Memory:
        """Write the decision down before DeleteCluster is sent."""
        receipt.write(
            {
                **self._document(plan, memory, UNDER_WAY),
                "sent": True,
                "names": sorted(asked_for(memory) | ({step.snapshot_name} - {""})),
                "sent_at": {**sent_at(memory), step.snapshot_name: self._clock.now().isoformat()},
                "status_before": observation.cluster.status if observation.cluster else "",
            }
        )
        return memory

    def _answered(
        self, attempt: Attempt, plan: Plan, observation: Observation, memory: Memory, receipt: ReceiptFile
    ) -> Memory:
        """Write down what AWS said to DeleteCluster: whoever comes after a kill knows as much."""
        if attempt.answer is Answer.REFUSED and attempt.code.startswith("ClusterSnapshotAlreadyExists"):
            memory = replace(memory, taken=memory.taken | {attempt.snapshot})
        if attempt.answer is Answer.ACCEPTED:
            # AWS says by this that the cluster was alive: what was there before lacks the writes since.
            before = {void_key(snapshot) for snapshot in observation.snapshots}
            memory = replace(memory, stale=memory.stale | before)
        memory = memory.after(attempt)
        receipt.write(
            {
                **self._document(plan, memory, UNDER_WAY),
                "sent": may_be_under_way(memory),
                "names": sorted(asked_for(memory)),
                "sent_at": sent_at(memory),
            }
        )
        return memory

    # --- waiting ---

    def _wait(self, step: Wait, plan: Plan, observation: Observation, memory: Memory) -> None:
        waited = observation.at - memory.started
        if not self._noted and waited >= timedelta(seconds=NOTE_AFTER_SECONDS):
            self._noted = True
            # Before the progress, which then stays in the row.
            self._reporter.keep(INTERRUPT_NOTE)
        self._reporter.progress(describe_wait(step, waited))
        self._pace.pause(plan.decision.wait.poll_seconds, step.snapshot.seconds_left if step.snapshot else 0)

    def _pause_unreachable(self, plan: Plan, memory: Memory, error: UnreachableError) -> None:
        waited = self._clock.now() - memory.started
        limit = timedelta(hours=plan.decision.wait.timeout_hours)
        if waited >= limit:
            raise no_answer(self._identity, limit, error.words)
        self._reporter.progress(f"AWS does not answer, asking again: {error.words}")
        self._pace.pause(plan.decision.wait.poll_seconds)

    # --- the end ---

    def _finish(
        self, receipt: ReceiptFile, plan: Plan, memory: Memory, snapshot: SnapshotView | None
    ) -> None:
        document = self._document(plan, memory, DONE)
        if snapshot is not None:
            document["snapshot"] = describe_snapshot(snapshot)
            lacking = plan.lacks(snapshot)
            if lacking:
                self._reporter.warn(
                    f"final snapshot {snapshot.identifier} carries other tags already, and AWS's limit left "
                    f"no room for {', '.join(lacking)}"
                )
        receipt.write(document)
        self._reporter.keep(last_line(self._identity, plan, snapshot, self._clock.now()))

    def _note_failure(self, receipt: ReceiptFile, plan: Plan, memory: Memory, error: TeardownError) -> None:
        if memory.attempts:
            # What AWS accepted and gave up proves nothing that somebody makes under its name.
            given_up = {"sent": False, "names": [], "accepted": []} if memory.given_up else {}
            receipt.write({**self._document(plan, memory, REFUSED), **given_up, "error": str(error)})

    def _document(self, plan: Plan, memory: Memory, state: str) -> dict[str, Any]:
        identity, decision, now = self._identity, plan.decision, self._clock.now()
        seen = memory.create_times[-1] if memory.create_times else identity.cluster_create_time
        return {
            **heading(identity, state=state, started=memory.started, written=now, created=seen, urn=plan.urn),
            "duration_seconds": round((now - memory.started).total_seconds(), 3),
            "outcome": "snapshot" if plan.wants_snapshot else "skip",
            "environment": decision.environment,
            "protected": decision.protected,
            "because": decision.because,
            "rule": str(decision.place or ""),
            "retention_days": decision.retention_days if plan.wants_snapshot else None,
            "accepted": sorted(asked_for(memory, Answer.ACCEPTED)),
            "skip_accepted": is_skip_accepted(memory),
            "void": sorted(memory.stale),
            "last_alive": memory.last_alive.isoformat() if memory.last_alive else "",
            "calls": dict(sorted(self._actions.counted.items())),
            "attempts": [describe_attempt(attempt) for attempt in memory.attempts],
            **self._context,
        }
