"""What a restore tells: of a final snapshot that AWS does not list, and of newer ones of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.ownership.halves import age_key
from redshift_teardown.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.teardown.earlier import Left


def left_of(urn: Urn, missing: Left) -> str:
    """Return what a receipt says that the last teardown left."""
    return f"the last teardown of {urn.name} left final snapshot {missing.identifier}"


def not_shown(urn: Urn, missing: Left) -> str:
    """Return that AWS does not list what a receipt says was left."""
    return f"{left_of(urn, missing)}, and AWS does not show it"


def tell_what_is_missing(session: Session, arguments: Mapping[str, Any], urn: Urn, missing: Left) -> None:
    """Refuse, of a half of a replacement, or warn that what a teardown left is not there to begin with."""
    if missing.has_expired(session.clock.now()):
        return
    identifier = str(arguments["cluster_identifier"]).lower()
    left = not_shown(urn, missing)
    if missing.half:
        raise RefusedError(
            f"{left}; its new cluster was to be restored from it, and this program would begin {identifier} "
            "without it",
            data="nothing was created",
            next_step="run `pulumi up` again in a few minutes, with restore_final_snapshot=True; to begin "
            "without it on purpose, write restore_final_snapshot=False",
        )
    if this_run.is_news(str(urn), missing.identifier):
        session.reporter.warn(f"{identifier} is created empty; {left}")


def tell_of_newer(
    session: Session, ours: SnapshotView, seen: Iterable[SnapshotView], urn: Urn, identifier: str
) -> None:
    """Warn of a newer snapshot of the same identifier that is not this resource's."""
    newer = [
        snapshot
        for snapshot in seen
        if snapshot.cluster_identifier.lower() == identifier and age_key(snapshot) > age_key(ours)
    ]
    if not newer:
        return
    last = max(newer, key=age_key)
    if this_run.is_news(str(urn), f"{ours.identifier} {last.identifier}"):
        session.reporter.warn(
            f"the newest final snapshot of {urn.name} is {ours.identifier}{age_of(session, ours)}, and a "
            f"cluster called {identifier} left a newer one since, {last.identifier}{age_of(session, last)}, "
            "which is not this resource's: what was written in between is not in what is restored. To "
            f"restore that one, set snapshot_identifier={last.identifier!r} in place of "
            "restore_final_snapshot"
        )


def age_of(session: Session, snapshot: SnapshotView) -> str:
    """Return how old a snapshot is, for the end of a phrase; empty where AWS does not say."""
    if snapshot.create_time is None:
        return ""
    age = session.clock.now() - snapshot.create_time
    return f", {duration(age.total_seconds())} old"
