"""Waiting for a cluster between calls that change it: all polling of create and update."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.statuses import ENDING, PAUSED, Phase, phase
from redshift_teardown.aws.views import AVAILABLE, view_cluster
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.context import stopped
from redshift_teardown.teardown.backoff import SETTLE
from redshift_teardown.teardown.messages import NOTE_AFTER_SECONDS
from redshift_teardown.wording import duration, interrupt_note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.aws.watcher import Watcher
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.ownership.generation import ExpectedGeneration

LOG = logging.getLogger(__name__)

_FAILED = ("hardware-failure", "incompatible-", "storage-full")
_STAYS_PENDING = frozenset({"MaintenanceTrackName", "ClusterVersion"})
"""Changes that AWS applies in the next maintenance window."""
_LAG = timedelta(minutes=1)
"""For so long AWS may say ClusterNotFound of a cluster that it has shown, before it is believed."""
_RENAMING = timedelta(minutes=15)
"""For so long a cluster that is being renamed may be found under neither name."""
_ROLES_UNDER_WAY = frozenset({"adding", "removing"})
WHILE_ENDING = (
    "wait until it is gone, then run `pulumi refresh`, and `pulumi up` with restore_final_snapshot=True, "
    "which brings its data back (without it, where it leaves no final snapshot)"
)
"""What to do about a cluster that is being deleted and is to be there."""


class GoneError(RefusedError):
    """A cluster that is waited for is gone."""


def wait_until_available(
    session: Session,
    identifier: str,
    rules: Environment,
    intent: str,
    meant: ExpectedGeneration,
    *,
    former: str = "",
    each: Callable[[Mapping[str, Any]], None] | None = None,
) -> Mapping[str, Any]:
    """Wait until a cluster is available and nothing of it is pending.

    Args:
        session: The operation's surroundings.
        identifier: The cluster.
        rules: The recorded rules: ``wait`` says how long, and how often to look.
        intent: What is being waited for, for messages: ``cluster to be created``.
        meant: The generation that is waited for.
        former: Its name until now, where it is being renamed.
        each: Called with what each poll shows until it is available.

    Returns:
        The cluster, as DescribeClusters shows it then.

    Raises:
        GoneError: AWS shows no such cluster, for so long that it is no lag.
        RefusedError: it failed, is paused, is another generation, or the time is over.

    """

    def ready(cluster: Mapping[str, Any]) -> bool:
        status = str(cluster.get("ClusterStatus") or "")
        if status == AVAILABLE and not _pending(cluster):
            return True
        if status in ENDING or status == PAUSED or status.startswith(_FAILED):
            raise _failed(identifier, intent, f"is {status!r}", _remedy(identifier, status))
        if each is not None:
            each(cluster)
        return False

    return _Wait(session, identifier, rules, intent, meant, former=former).until(ready)


def wait_until_free(
    session: Session, identifier: str, rules: Environment, meant: ExpectedGeneration, *, coming: str = ""
) -> Mapping[str, Any]:
    """Wait until nothing is under way that ends by itself, so that the cluster can be changed.

    A status that means trouble is let through: the change may be its remedy (a resize, where storage is
    full), and AWS's own answer decides. ``coming`` is the name it may get meanwhile, from a renaming that was
    begun earlier; the other arguments are those of `wait_until_available`.

    Raises:
        GoneError: AWS shows no such cluster, for so long that it is no lag.
        RefusedError: it is being deleted or paused, is another generation, or the time is over.

    """
    intent = f"cluster {identifier} to be free for changes"

    def ready(cluster: Mapping[str, Any]) -> bool:
        status = str(cluster.get("ClusterStatus") or "")
        if status in ENDING or status == PAUSED:
            raise _failed(identifier, intent, f"is {status!r}", _remedy(identifier, status))
        return phase(status) is not Phase.BUSY and not _pending(cluster)

    return _Wait(session, identifier, rules, intent, meant, coming=coming, begun=False).until(ready)


class _Wait:
    """One wait for one cluster, in company with all others of this process."""

    def __init__(
        self,
        session: Session,
        identifier: str,
        rules: Environment,
        intent: str,
        meant: ExpectedGeneration,
        *,
        former: str = "",
        coming: str = "",
        begun: bool = True,
    ) -> None:
        self._begun = begun
        self._timeout = timedelta(hours=rules.wait.timeout_hours)
        self._longest = rules.wait.poll_seconds
        self._session = session
        self._identifier = identifier
        self._intent = intent
        self._meant = meant
        self._seen = self._started = session.clock.now()
        self._missing = SETTLE
        self._former = former
        self._other_name = former or (coming if coming != identifier else "")

    def until(self, ready: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        with self._session.watching() as watcher:
            return self._until(watcher, ready)

    def _until(self, watcher: Watcher, ready: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        session, started, status, noted = self._session, self._started, "not shown yet", False
        while True:
            with stopped("pulumi up"):
                interrupt.require_waiting(begun=self._begun)
            asked = session.clock.now()
            waited = asked - started
            try:
                cluster = self._poll(watcher)
            except UnreachableError as error:
                session.reporter.progress(f"AWS does not answer, asking again: {error.words}")
            else:
                if cluster is None:
                    self._require_lag(waited)
                else:
                    self._seen, self._missing = session.clock.now(), _LAG
                    self._meant.require(cluster)
                    status = str(cluster.get("ClusterStatus") or "")
                    settled = not self._former or cluster["ClusterIdentifier"] == self._identifier
                    if ready(cluster) and settled and session.calls.is_still(view_cluster(cluster), asked):
                        return cluster
            if waited >= self._timeout:
                raise _failed(
                    self._identifier,
                    self._intent,
                    f"was still {status!r} after {self._timeout} (wait.timeout_hours of the policy)",
                    "run `pulumi up` again: it goes on where AWS is",
                )
            LOG.debug("waiting for %s: %s, %s s", self._intent, status, int(waited.total_seconds()))
            session.reporter.progress(
                f"waiting for {self._intent}: {status} ({duration(waited.total_seconds())})"
            )
            if not noted and waited >= timedelta(seconds=NOTE_AFTER_SECONDS):
                noted = True
                session.reporter.keep(interrupt_note("pulumi up"))
            watcher.pause(self._longest)

    def _require_lag(self, waited: timedelta) -> None:
        """Let AWS's answers lag: a new cluster may be shown late, and one answer may be an old one."""
        if self._other_name and waited < _RENAMING:
            return
        if self._session.clock.now() - self._seen < self._missing:
            return
        raise GoneError(
            f"waiting for {self._intent}: AWS shows no cluster {self._identifier} any more",
            data="it may have been deleted meanwhile by somebody else; this operation deleted nothing",
            next_step="look for DeleteCluster in CloudTrail; then run `pulumi up` again",
        )

    def _poll(self, watcher: Watcher) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = watcher.describe(self._identifier)
        if found is None and self._other_name:
            found = watcher.describe(self._other_name)
        return found


def _pending(cluster: Mapping[str, Any]) -> bool:
    pending = cluster.get("PendingModifiedValues") or {}
    roles = cluster.get("IamRoles") or []
    return any(value not in (None, "") for key, value in pending.items() if key not in _STAYS_PENDING) or any(
        role.get("ApplyStatus") in _ROLES_UNDER_WAY for role in roles
    )


def _remedy(identifier: str, status: str) -> str:
    if status == PAUSED:
        return (
            f"resume it (`aws redshift resume-cluster --cluster-identifier {identifier}`): AWS changes no "
            "paused cluster; then run `pulumi up` again"
        )
    if status in ENDING:
        return WHILE_ENDING
    return "look at its events in the Redshift console, then run `pulumi up` again"


def _failed(identifier: str, intent: str, what: str, next_step: str) -> RefusedError:
    return RefusedError(
        f"waiting for {intent}: cluster {identifier} {what}",
        data="what the cluster holds was not touched by this wait",
        next_step=next_step,
    )
