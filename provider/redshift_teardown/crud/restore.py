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
from redshift_teardown.teardown.plan import (
    TAG_CLUSTER,
    TAG_DATA_SINCE,
    TAG_LEFT_BY,
    TAG_PROJECT,
    TAG_STACK,
    TAG_URN,
)
from redshift_teardown.teardown.receipt import LEFT_BY_REPLACEMENT, halves_left, last_kept
from redshift_teardown.teardown.resource_tag import is_named, says
from redshift_teardown.wording import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.teardown.model import SnapshotView
    from redshift_teardown.urn import Urn

_OWN_TAGS = "redshift-teardown:"
_FIXED_BY_SNAPSHOT = (("database_name", "DBName"), ("master_username", "MasterUsername"))


AT_RESTORE = "restore"
"""In place of a time: the data counts from the day of the restore, since it is of another resource's line."""


@dataclass(frozen=True)
class Source:
    """The snapshot to restore from.

    Attributes:
        parameters: What RestoreFromClusterSnapshot is told of it.
        words: Which it is, and how old, for the operator.
        arn: Its ARN.
        data_since: Since when its data counts, as ISO 8601; ``AT_RESTORE``; empty where that is not known.

    """

    parameters: Mapping[str, Any]
    words: str
    arn: str = ""
    data_since: str = ""


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
    identifier = str(arguments["cluster_identifier"]).lower()
    deleted = owned.just_deleted(str(urn), session.account_id, session.aws.region, identifier)
    found = find_named(session, arguments)
    if found is None and arguments.get("restore_final_snapshot"):
        if deleted is not None:
            return _source(session, _of_the_deleted(session, arguments, deleted), "final snapshot", OWN)
        found = _newest_final_snapshot(session, arguments, urn, rules)
        return None if found is None else _source(session, found, "final snapshot", OWN)
    if deleted is None:
        require_word(session, arguments, urn, rules, found)
    if found is None:
        return None
    by = whose(view_snapshot(found), arguments, urn, rules)
    of_our_cluster = str(found.get("ClusterIdentifier") or "").lower() == identifier
    line = OWN if by is Whose.OURS else UNKNOWN_LINE if of_our_cluster else FOREIGN
    return _source(session, found, "snapshot", line, named_parameters(arguments))


OWN, UNKNOWN_LINE, FOREIGN = "own", "unknown", "foreign"
"""Whose line a snapshot's data is of. A foreign one counts from its restore; an unknown one is old."""


def _source(
    session: Session,
    found: Mapping[str, Any],
    what: str,
    line: str,
    parameters: Mapping[str, Any] | None = None,
) -> Source:
    view = view_snapshot(found)
    since = dict(view.tags).get(TAG_DATA_SINCE, "") if line == OWN else ""
    return Source(
        parameters or {"SnapshotIdentifier": view.identifier},
        f"{what} {view.identifier}{_age(session, view)}",
        view.arn,
        AT_RESTORE if line == FOREIGN else since,
    )


def require_word(
    session: Session,
    arguments: Mapping[str, Any],
    urn: Urn,
    rules: Environment,
    named: Mapping[str, Any] | None,
) -> None:
    """Have the program say what is to come of the data that an unfinished replacement left.

    Raises:
        RefusedError: the newest final snapshot of this resource was left by a replacement that was to restore
            it, and the program no longer says so.

    """
    if arguments.get("restore_final_snapshot") is False:
        return
    judged, _ = _look_for_ours(session, arguments, urn, rules)
    halves = halves_left(Path(rules.receipts), session.account_id, session.aws.region)
    # One in doubt is no reason for a word, unless it is the half of a replacement that did not end.
    ours = [each for each, by in judged if by is Whose.OURS or _is_half(each, halves)]
    if not ours:
        return
    newest = max(ours, key=_age_key)
    if named is not None and view_snapshot(named).identifier == newest.identifier:
        return
    which = f"final snapshot {newest.identifier}{_age(session, newest)}"
    identifier = str(arguments["cluster_identifier"]).lower()
    if _is_half(newest, halves):
        raise RefusedError(
            f"the data of {urn.name} is in {which}, left by a replacement whose new cluster was to be "
            f"restored from it, and this program would begin {identifier} without it",
            data="nothing was created; that snapshot was not touched",
            next_step=f"set {_bring_back(newest, judged)}, which brings the data back; or, to begin without "
            "it on purpose, write restore_final_snapshot=False",
        )
    if named is None and owned.is_news(str(urn), newest.identifier):
        session.reporter.warn(
            f"{identifier} is created empty; {which} holds the data of {urn.name}. To begin with that, set "
            "restore_final_snapshot=True instead; to begin empty without this warning, write "
            "restore_final_snapshot=False"
        )


def _is_half(snapshot: SnapshotView, halves: Collection[str]) -> bool:
    """Return whether a replacement left a snapshot, by its tag or by what was written down before."""
    return dict(snapshot.tags).get(TAG_LEFT_BY) == LEFT_BY_REPLACEMENT or snapshot.identifier in halves


def _bring_back(newest: SnapshotView, judged: Iterable[tuple[SnapshotView, Whose]]) -> str:
    if (newest, Whose.OURS) in judged:
        return "restore_final_snapshot=True"
    return f"snapshot_identifier={newest.identifier!r}"


def find_named(session: Session, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Look for the snapshot that the program names; None where it names none.

    Raises:
        RefusedError: it is not there, or its cluster would not be what the program says.

    """
    named = named_parameters(arguments, LOOKED_UP)
    if "SnapshotIdentifier" not in named and "SnapshotArn" not in named:
        return None
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
    return found


LOOKED_UP = (
    ("snapshot_identifier", "SnapshotIdentifier"),
    ("snapshot_arn", "SnapshotArn"),
    ("owner_account", "OwnerAccount"),
)
_RESTORED = (*LOOKED_UP, ("snapshot_cluster_identifier", "SnapshotClusterIdentifier"))


def named_parameters(
    arguments: Mapping[str, Any], among: tuple[tuple[str, str], ...] = _RESTORED
) -> dict[str, str]:
    """Return what AWS is told of the snapshot that a program names; nothing where it names none."""
    return {parameter: str(arguments[name]) for name, parameter in among if arguments.get(name) is not None}


def _of_the_deleted(
    session: Session, arguments: Mapping[str, Any], deleted: owned.Deleted
) -> Mapping[str, Any]:
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
    return found


def _look_for_ours(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> tuple[list[tuple[SnapshotView, Whose]], list[SnapshotView]]:
    """Return the manual snapshots that may be this resource's, each with whose it is; and all seen ones."""
    identifier = str(arguments["cluster_identifier"]).lower()
    seen = {
        snapshot.arn or snapshot.identifier: snapshot
        for snapshot in (
            *session.calls.tagged_snapshots(TAG_STACK, fit_tag_value(urn.stack)),
            *session.calls.snapshots(identifier),
        )
    }
    judged = [(snapshot, whose(snapshot, arguments, urn, rules)) for snapshot in seen.values()]
    found: list[tuple[SnapshotView, Whose]] = [
        (snapshot, by)
        for snapshot, by in judged
        if by is not Whose.ANOTHERS and (by is Whose.OURS or not _was_finished(snapshot, seen.values()))
    ]
    return found, list(seen.values())


def _was_finished(half: SnapshotView, seen: Iterable[SnapshotView]) -> bool:
    """Return whether the replacement that left a snapshot was finished: a later life left one as well."""
    tags = dict(half.tags)
    return tags.get(TAG_LEFT_BY) == LEFT_BY_REPLACEMENT and any(
        dict(each.tags).get(TAG_URN) == tags.get(TAG_URN) and _age_key(each) > _age_key(half) for each in seen
    )


def _newest_final_snapshot(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> Mapping[str, Any] | None:
    identifier = str(arguments["cluster_identifier"]).lower()
    candidates, seen = _look_for_ours(session, arguments, urn, rules)
    missing = _missing(seen, urn, rules)
    if missing:
        session.reporter.warn(
            f"the last teardown of {urn.name} left final snapshot {missing}, which is no longer there: what "
            "is restored now, if anything, is older"
        )
    if not candidates:
        session.reporter.keep(f"no final snapshot of {urn.name} is there: {identifier} is created empty")
        return None
    newest, by = max(candidates, key=lambda candidate: _age_key(candidate[0]))
    _tell_what_is_newer(session, newest, seen, urn, identifier)
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
    if found is None:
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}, was there a moment ago and is "
            "gone",
            data="nothing was created",
            next_step="look for DeleteClusterSnapshot in CloudTrail; then run `pulumi up` again",
        )
    _require_usable(found, arguments)
    return found


def tell_what_is_newer(session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment) -> None:
    """Warn, before anything is done, of what a restore of the newest final snapshot would leave behind."""
    candidates, seen = _look_for_ours(session, arguments, urn, rules)
    if candidates:
        newest = max((snapshot for snapshot, _ in candidates), key=_age_key)
        identifier = str(arguments["cluster_identifier"]).lower()
        _tell_what_is_newer(session, newest, seen, urn, identifier)


def _tell_what_is_newer(
    session: Session, ours: SnapshotView, seen: Iterable[SnapshotView], urn: Urn, identifier: str
) -> None:
    newer = [
        snapshot
        for snapshot in seen
        if snapshot.cluster_identifier.lower() == identifier and _age_key(snapshot) > _age_key(ours)
    ]
    if not newer:
        return
    last = max(newer, key=_age_key)
    if owned.is_news(str(urn), f"{ours.identifier} {last.identifier}"):
        session.reporter.warn(
            f"the newest final snapshot of {urn.name} is {ours.identifier}{_age(session, ours)}, and a "
            f"cluster called {identifier} left a newer one since, {last.identifier}{_age(session, last)}, "
            "which is not this resource's: what was written in between is not in what is restored. To "
            f"restore that one, set snapshot_identifier={last.identifier!r} in place of "
            "restore_final_snapshot"
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
            # A stack may be renamed between the two halves of a replacement; no state tells of it then.
            half = tags.get(TAG_LEFT_BY) == LEFT_BY_REPLACEMENT
            return Whose.IN_DOUBT if of_our_cluster and half else Whose.ANOTHERS
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
