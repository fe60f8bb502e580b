"""Which snapshot a new cluster is restored from, if any."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.deletion_policy import facts_of, fit_tag_value, fits_template
from redshift_teardown.errors import RefusedError
from redshift_teardown.teardown.calls import view_snapshot
from redshift_teardown.teardown.plan import TAG_CLUSTER, TAG_PROJECT, TAG_STACK, TAG_URN
from redshift_teardown.teardown.receipt import last_kept
from redshift_teardown.teardown.resource_tag import is_named, says
from redshift_teardown.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.teardown.model import SnapshotView
    from redshift_teardown.urn import Urn

_OWN_TAGS = "redshift-teardown:"
_FIXED_BY_SNAPSHOT = (("database_name", "DBName"), ("master_username", "MasterUsername"))


@dataclass(frozen=True)
class Source:
    """The snapshot to restore from.

    Attributes:
        parameters: What RestoreFromClusterSnapshot is told of it.
        words: Which it is, and how old, for the operator.

    """

    parameters: Mapping[str, Any]
    words: str


class Whose(Enum):
    """Whose final snapshot a manual snapshot is."""

    OURS = "ours"
    IN_DOUBT = "in doubt"
    """It looks like ours and does not carry all the tags that would say so."""
    ANOTHERS = "another's"


def find_source(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> Source | None:
    """Find what to restore from: the snapshot that is named, or the newest final snapshot of ours.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced.
        urn: The resource.
        rules: The recorded rules: final snapshots are named by their template.

    Returns:
        The snapshot; None where the cluster is to be created empty.

    Raises:
        RefusedError: a final snapshot of ours is there and cannot be restored from, since to create an empty
            cluster in its place would look like success; or the named one is not there, or does not fit.

    """
    named = find_named_source(session, arguments)
    if named is not None:
        return named
    if not arguments.get("restore_final_snapshot"):
        return None
    identifier = str(arguments["cluster_identifier"]).lower()
    deleted = owned.just_deleted(str(urn), session.account_id, session.aws.region, identifier)
    if deleted is not None:
        return _of_the_deleted(session, arguments, deleted)
    return _newest_final_snapshot(session, arguments, urn, rules)


def find_named_source(session: Session, arguments: Mapping[str, Any]) -> Source | None:
    """Look for the snapshot that the program names; None where it names none.

    Raises:
        RefusedError: it is not there, or its cluster would not be what the program says.

    """
    named = {
        parameter: str(arguments[name])
        for name, parameter in (
            ("snapshot_identifier", "SnapshotIdentifier"),
            ("snapshot_arn", "SnapshotArn"),
            ("owner_account", "OwnerAccount"),
        )
        if arguments.get(name) is not None
    }
    if "SnapshotIdentifier" not in named and "SnapshotArn" not in named:
        return None
    source_cluster = arguments.get("snapshot_cluster_identifier")
    extra = {"SnapshotClusterIdentifier": source_cluster} if source_cluster is not None else {}
    name = named.get("SnapshotIdentifier") or named["SnapshotArn"]
    found = session.calls.describe_snapshot(**named)
    if found is None:
        raise RefusedError(
            f"there is no snapshot {name} in {session.aws.region}"
            + (f" shared by account {named['OwnerAccount']}" if "OwnerAccount" in named else ""),
            data="nothing was created",
            next_step="name one that is there: `aws redshift describe-cluster-snapshots`",
        )
    _require_usable(found, arguments)
    view = view_snapshot(found)
    return Source({**named, **extra}, f"snapshot {view.identifier}{_age(session, view)}")


def _of_the_deleted(session: Session, arguments: Mapping[str, Any], deleted: owned.Deleted) -> Source:
    """Restore exactly what this run deleted: whatever else exists is older."""
    snapshot = deleted.snapshot
    if snapshot is None:
        raise RefusedError(
            f"{deleted.identity} was deleted in this run without a final snapshot, as its policy says: there "
            "is nothing to restore",
            data="nothing was created",
            next_step="to create it empty, take restore_final_snapshot away",
        )
    found = session.calls.describe_snapshot(SnapshotIdentifier=snapshot.identifier)
    if found is None:
        raise RefusedError(
            f"final snapshot {snapshot.identifier} of {deleted.identity}, which this run deleted, is gone",
            data="nothing was created",
            next_step="look for it in the account's CloudTrail; to restore another one, set "
            "snapshot_identifier",
        )
    _require_usable(found, arguments)
    view = view_snapshot(found)
    return Source(
        {"SnapshotIdentifier": view.identifier}, f"final snapshot {view.identifier}{_age(session, view)}"
    )


def _newest_final_snapshot(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> Source | None:
    identifier = str(arguments["cluster_identifier"]).lower()
    seen = {
        snapshot.arn or snapshot.identifier: snapshot
        for snapshot in (
            *session.calls.tagged_snapshots(TAG_STACK, fit_tag_value(urn.stack)),
            *session.calls.snapshots(identifier),
        )
    }
    judged = [(snapshot, whose(snapshot, arguments, urn, rules)) for snapshot in seen.values()]
    candidates = [(snapshot, by) for snapshot, by in judged if by is not Whose.ANOTHERS]
    missing = _missing(seen.values(), urn, rules)
    if missing:
        session.reporter.warn(
            f"the last teardown of {urn.name} left final snapshot {missing}, which is no longer there: what "
            "is restored now, if anything, is older"
        )
    if not candidates:
        session.reporter.keep(f"no final snapshot of {urn.name} is there: {identifier} is created empty")
        return None
    newest, by = max(candidates, key=lambda candidate: _age_key(candidate[0]))
    if by is Whose.IN_DOUBT:
        raise RefusedError(
            f"restore_final_snapshot is set, and the newest snapshot of {identifier}, {newest.identifier} "
            f"({newest.status}{_age(session, newest)}), does not carry the tags that say it is the final "
            f"snapshot of {urn.name}",
            data="nothing was created; that snapshot was not touched",
            next_step=f"to restore from it, set snapshot_identifier={newest.identifier!r} in place of "
            "restore_final_snapshot; to start empty, take restore_final_snapshot away for this `up`",
        )
    if not newest.available:
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}, is {newest.status!r}"
            f"{_age(session, newest)}",
            data="nothing was created; that snapshot was not touched",
            next_step="wait until it is available and run `pulumi up` again; or name another one with "
            "snapshot_identifier in place of restore_final_snapshot",
        )
    found = session.calls.describe_snapshot(SnapshotIdentifier=newest.identifier)
    if found is not None:
        _require_usable(found, arguments)
    return Source(
        {"SnapshotIdentifier": newest.identifier},
        f"final snapshot {newest.identifier}{_age(session, newest)}",
    )


def _missing(seen: Iterable[SnapshotView], urn: Urn, rules: Environment) -> str:
    """Give the final snapshot that a receipt tells of and AWS does not show; empty where there is none."""
    kept = last_kept(Path(rules.receipts), str(urn))
    return "" if kept in {snapshot.identifier for snapshot in seen} else kept


def whose(snapshot: SnapshotView, arguments: Mapping[str, Any], urn: Urn, rules: Environment) -> Whose:
    """Tell whose final snapshot a manual snapshot is.

    It is ours where project, stack and resource in its tags are ours. The resource is its URN; where that
    differs, since it was moved under another parent meanwhile, its name together with the cluster's.
    One of our cluster whose tags are lacking is in doubt where it carries one of this package's, or is
    named as the policy names final snapshots.
    """
    tags = dict(snapshot.tags)
    identifier = str(arguments["cluster_identifier"]).lower()
    of_our_cluster = snapshot.cluster_identifier.lower() == identifier
    for key, own in ((TAG_STACK, urn.stack), (TAG_PROJECT, urn.project)):
        if key in tags and not says(tags[key], own):
            return Whose.ANOTHERS
    recorded = tags.get(TAG_URN)
    complete = recorded is not None and TAG_STACK in tags and TAG_PROJECT in tags
    if complete and (
        says(recorded, str(urn)) or (is_named(recorded, urn.name) and tags.get(TAG_CLUSTER) == identifier)
    ):
        return Whose.OURS
    if not of_our_cluster:
        return Whose.ANOTHERS
    if any(key.startswith(_OWN_TAGS) for key in tags) or _named_by_policy(snapshot, arguments, urn, rules):
        return Whose.IN_DOUBT
    return Whose.ANOTHERS


def _named_by_policy(
    snapshot: SnapshotView, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> bool:
    requested = str(arguments.get("final_snapshot_identifier") or "").lower()
    if requested and (snapshot.identifier == requested or snapshot.identifier.startswith(f"{requested}-")):
        return True
    facts = facts_of(arguments, project=urn.project, stack=urn.stack, resource=urn.name)
    return fits_template(snapshot.identifier, rules.final_snapshot.name, facts, environment=rules.name)


def _require_usable(found: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Refuse a snapshot whose cluster would not be what the program says: the next `up` would replace it."""
    for name, member in _FIXED_BY_SNAPSHOT:
        given, kept = arguments.get(name), found.get(member)
        if given is None or kept is None or str(given).lower() == str(kept).lower():
            continue
        raise RefusedError(
            f"snapshot {found['SnapshotIdentifier']} has {name} {kept!r}, which no restore can change to "
            f"{given!r}",
            data="nothing was created; that snapshot was not touched",
            next_step=f"set {name}={kept!r}, or leave it out",
        )


def _age(session: Session, snapshot: SnapshotView) -> str:
    if snapshot.create_time is None:
        return ""
    age = session.clock.now() - snapshot.create_time
    return f", {duration(age.total_seconds())} old"


def _age_key(snapshot: SnapshotView) -> float:
    return snapshot.create_time.timestamp() if snapshot.create_time else 0.0
