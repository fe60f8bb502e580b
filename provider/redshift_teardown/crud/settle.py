"""Waiting for a cluster to be available, between calls that change it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import RefusedError
from redshift_teardown.teardown.calls import UnreachableError
from redshift_teardown.teardown.model import AVAILABLE
from redshift_teardown.teardown.statuses import ENDING
from redshift_teardown.wording import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.teardown.watch import Watcher

_FAILED = ("hardware-failure", "incompatible-", "storage-full")
_STAYS_PENDING = frozenset({"MaintenanceTrackName", "ClusterVersion"})
"""Changes that AWS applies in the next maintenance window."""


def wait_until_available(
    session: Session, identifier: str, rules: Mapping[str, Any], intent: str
) -> Mapping[str, Any]:
    """Wait until a cluster is available and nothing of it is pending.

    Args:
        session: The operation's surroundings.
        identifier: The cluster.
        rules: The recorded rules: ``wait`` says how long, and how often to look.
        intent: What is being waited for, for messages: ``cluster to be created``.

    Returns:
        The cluster, as DescribeClusters shows it then.

    Raises:
        RefusedError: it is gone, failed, or the time is over.

    """
    limits = rules.get("wait")
    limits = limits if isinstance(limits, dict) else {}
    timeout = timedelta(hours=float(limits.get("timeout_hours") or 24))
    longest = float(limits.get("poll_seconds") or 15)
    with session.watching() as watcher:
        return _wait(session, watcher, identifier, intent, timeout=timeout, longest=longest)


def _wait(
    session: Session, watcher: Watcher, identifier: str, intent: str, *, timeout: timedelta, longest: float
) -> Mapping[str, Any]:
    started, status = session.clock.now(), "unknown"
    while True:
        try:
            cluster = watcher.describe(identifier)
        except UnreachableError as error:
            session.reporter.progress(f"AWS does not answer, asking again: {error.words}")
        else:
            if cluster is None:
                raise _failed(identifier, intent, "is gone", "run `pulumi up` again")
            status = str(cluster.get("ClusterStatus") or "")
            if status == AVAILABLE and not _pending(cluster):
                return cluster
            if status in ENDING or status.startswith(_FAILED):
                raise _failed(
                    identifier,
                    intent,
                    f"is {status!r}",
                    "look at its events in the Redshift console, then run `pulumi up` again",
                )
        waited = session.clock.now() - started
        if waited >= timeout:
            raise _failed(
                identifier,
                intent,
                f"was still {status!r} after {timeout} (wait.timeout_hours of the policy)",
                "run `pulumi up` again: it goes on where AWS is",
            )
        session.reporter.progress(f"waiting for {intent}: {status} ({duration(waited.total_seconds())})")
        watcher.pause(longest)


def _pending(cluster: Mapping[str, Any]) -> bool:
    pending = cluster.get("PendingModifiedValues") or {}
    return any(value not in (None, "") for key, value in pending.items() if key not in _STAYS_PENDING)


def _failed(identifier: str, intent: str, what: str, next_step: str) -> RefusedError:
    return RefusedError(
        f"waiting for {intent}: cluster {identifier} {what}",
        data="what the cluster holds was not touched by this wait",
        next_step=next_step,
    )
