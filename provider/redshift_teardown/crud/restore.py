"""Which snapshot a new cluster is restored from, if any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy import fit_tag_value
from redshift_teardown.errors import RefusedError
from redshift_teardown.teardown.plan import TAG_PROJECT, TAG_STACK, TAG_URN
from redshift_teardown.wording import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.teardown.model import SnapshotView
    from redshift_teardown.urn import Urn


@dataclass(frozen=True)
class Source:
    """The snapshot to restore from.

    Attributes:
        parameters: What RestoreFromClusterSnapshot is told of it.
        words: Which it is, and how old, for the operator.

    """

    parameters: Mapping[str, Any]
    words: str


def find_source(session: Session, arguments: Mapping[str, Any], urn: Urn) -> Source | None:
    """Find what to restore from: the snapshot that is named, or the newest final snapshot of ours.

    Returns:
        The snapshot; None where the cluster is to be created empty.

    Raises:
        RefusedError: a final snapshot of ours is there and cannot be restored from: to create an empty
            cluster in its place would look like success.

    """
    named = {
        parameter: arguments[name]
        for name, parameter in (
            ("snapshot_identifier", "SnapshotIdentifier"),
            ("snapshot_arn", "SnapshotArn"),
            ("snapshot_cluster_identifier", "SnapshotClusterIdentifier"),
            ("owner_account", "OwnerAccount"),
        )
        if arguments.get(name) is not None
    }
    if "SnapshotIdentifier" in named or "SnapshotArn" in named:
        return Source(named, f"snapshot {named.get('SnapshotIdentifier') or named['SnapshotArn']}")
    if not arguments.get("restore_final_snapshot"):
        return None
    return _newest_final_snapshot(session, str(arguments["cluster_identifier"]), urn)


def _newest_final_snapshot(session: Session, identifier: str, urn: Urn) -> Source | None:
    ours = [
        snapshot
        for snapshot in session.calls.tagged_snapshots(TAG_URN, fit_tag_value(str(urn)))
        if dict(snapshot.tags).get(TAG_STACK) == fit_tag_value(urn.stack)
        and dict(snapshot.tags).get(TAG_PROJECT) == fit_tag_value(urn.project)
    ]
    newest = max(ours, key=_age_key, default=None)
    if newest is None:
        _require_no_orphan(session, identifier)
        session.reporter.keep(f"no final snapshot of {urn.name} is there: {identifier} is created empty")
        return None
    if not newest.available:
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}, is {newest.status!r}",
            data="nothing was created; that snapshot was not touched",
            next_step="wait until it is available and run `pulumi up` again; or name another one with "
            "snapshot_identifier",
        )
    age = session.clock.now() - newest.create_time if newest.create_time else None
    old = f", {duration(age.total_seconds())} old" if age is not None else ""
    return Source({"SnapshotIdentifier": newest.identifier}, f"final snapshot {newest.identifier}{old}")


def _require_no_orphan(session: Session, identifier: str) -> None:
    """Refuse to start empty where a final snapshot of this cluster lies about without its tags."""
    candidates = [
        snapshot
        for snapshot in session.calls.snapshots(identifier)
        if not dict(snapshot.tags).get(TAG_URN) and "final" in snapshot.identifier
    ]
    newest = max(candidates, key=_age_key, default=None)
    if newest is None:
        return
    raise RefusedError(
        f"restore_final_snapshot is set, and snapshot {newest.identifier} of a cluster called {identifier} "
        f"is there ({newest.status}), but without the tags that say whose it is",
        data="nothing was created; that snapshot was not touched",
        next_step=f"to restore from it, set snapshot_identifier={newest.identifier!r}; to start empty, take "
        "restore_final_snapshot away for this `up`",
    )


def _age_key(snapshot: SnapshotView) -> float:
    return snapshot.create_time.timestamp() if snapshot.create_time else 0.0
