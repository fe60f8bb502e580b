"""Which snapshot a new cluster is restored from, if any."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import view_snapshot
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.context import stopped
from redshift_teardown.lifecycle.data.named_snapshot import find_named, named_parameters, require_usable
from redshift_teardown.lifecycle.data.other_half import (
    BEGIN_EMPTY,
    of_the_deleted,
    of_the_reviewed,
    require_no_strays,
)
from redshift_teardown.lifecycle.data.restore_words import (
    age_of,
    left_of,
    not_shown,
    tell_of_newer,
    tell_what_is_missing,
)
from redshift_teardown.lifecycle.ownership.final_snapshots import (
    SnapshotOwner,
    find_final_snapshots,
    is_of_a_copy,
    is_unmarked,
    whose,
)
from redshift_teardown.lifecycle.ownership.halves import age_key, is_half, owner_of
from redshift_teardown.teardown.backoff import LAG, SETTLE
from redshift_teardown.teardown.earlier import halves_left
from redshift_teardown.teardown.plan import TAG_DATA_SINCE, TAG_URN, TAG_VOID
from redshift_teardown.teardown.proof import is_marked_void
from redshift_teardown.teardown.resource_tag import decoded, says

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.ownership.final_snapshots import Found
    from redshift_teardown.teardown.earlier import Left


_AGAIN_SECONDS = 10.0

AT_CREATE = "restore"
"""In place of a time: the data counts from the day of the restore, since it is of another resource's line."""


@dataclass(frozen=True)
class Source:
    """The snapshot to restore from.

    Attributes:
        parameters: What RestoreFromClusterSnapshot is told of it.
        words: Which it is, and how old, for the operator.
        arn: Its ARN.
        data_since: Since when its data counts, as ISO 8601; ``AT_RESTORE``; empty where that is not known.
        half: Its ARN, where a replacement left it under another name than that which is restored; else empty.

    """

    parameters: Mapping[str, Any]
    words: str
    arn: str = ""
    data_since: str = ""
    half: str = ""


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
    deleted = this_run.just_deleted(str(urn), session.account_id, session.aws.region, identifier)
    found, reviewed = find_named(session, arguments), this_run.reviewed(str(urn))
    if found is None and deleted is None:
        require_no_strays(session, arguments, urn, protected=rules.protected)
    if found is None and arguments.get("restore_final_snapshot"):
        if deleted is not None:
            found = of_the_deleted(session, arguments, deleted)
        elif reviewed is not None:
            found = of_the_reviewed(session, arguments, reviewed)
        else:
            found = _newest_final_snapshot(session, arguments, urn, rules)
        if found is None:
            return None
        source = _source(session, found, "final snapshot", OWN)
        return replace(source, half=_half_elsewhere(session, found, urn, rules, identifier))
    if deleted is None and arguments.get("restore_final_snapshot") is not False:
        require_word(session, arguments, urn, find_final_snapshots(session, arguments, urn, rules), found)
    if found is None:
        return None
    by = whose(view_snapshot(found), arguments, urn, rules)
    of_our_cluster = str(found.get("ClusterIdentifier") or "").lower() == identifier
    unknown = of_our_cluster or is_of_a_copy(view_snapshot(found))
    line = OWN if by is SnapshotOwner.OURS else UNKNOWN_LINE if unknown else FOREIGN
    source = _source(session, found, "snapshot", line, named_parameters(arguments))
    return replace(source, half=_half_elsewhere(session, found, urn, rules, identifier))


def _half_elsewhere(
    session: Session, found: Mapping[str, Any], urn: Urn, rules: Environment, identifier: str
) -> str:
    """Return the ARN of a half whose name or cluster is another one than that which is restored from it."""
    view = view_snapshot(found)
    if says(dict(view.tags).get(TAG_URN), str(urn)) and view.cluster_identifier.lower() == identifier:
        return ""
    halves = halves_left(Path(rules.receipts), session.account_id, session.aws.region)
    return view.arn if is_half(view, halves) else ""


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
        f"{what} {view.identifier}{age_of(session, view)}",
        view.arn,
        AT_CREATE if line == FOREIGN else since,
    )


def require_word(
    session: Session, arguments: Mapping[str, Any], urn: Urn, found: Found, named: Mapping[str, Any] | None
) -> None:
    """Have a program that does not restore say what is to come of what a replacement left unfinished.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced.
        urn: The resource.
        found: What there is of its final snapshots.
        named: The snapshot that the program names; None where it names none.

    Raises:
        RefusedError: the newest final snapshot of this resource was left by a replacement that was to restore
            it, or by a teardown that did not end, and the program does not say what is to come of it.

    """
    if named is None and found.missing is not None:
        tell_what_is_missing(session, arguments, urn, found.missing)
    newest = found.newest_left
    if newest is None or (named is not None and view_snapshot(named).identifier == newest.identifier):
        return
    which = f"final snapshot {newest.identifier}{age_of(session, newest)}"
    identifier = str(arguments["cluster_identifier"]).lower()
    if is_marked_void(newest):
        which += ", which is void, as its cluster was alive after it,"
    left = ""
    if is_half(newest, found.halves):
        left = f"{_whose_half(newest, found, urn)} {which}, {_LEFT_BY_REPLACEMENT}"
    elif is_unmarked(newest):
        left = (
            f"{which} is named as those of {urn.name} and carries no tags: a teardown left it that did not "
            "end, of a replacement or not"
        )
    if left:
        raise RefusedError(
            f"{left}, and this program would begin {identifier} without it",
            data="nothing was created; that snapshot was not touched",
            next_step=f"set {bring_back(newest, found.candidates)}, which brings the data back; or, to "
            "begin without it on purpose, write restore_final_snapshot=False",
        )
    if named is None and this_run.is_news(str(urn), newest.identifier):
        session.reporter.warn(
            f"{identifier} is created empty; {which} holds the data of {urn.name}. To begin with that, set "
            "restore_final_snapshot=True instead; to begin empty without this warning, write "
            "restore_final_snapshot=False"
        )


_LEFT_BY_REPLACEMENT = "left by a replacement whose new cluster was to be restored from it"


def _whose_half(half: SnapshotView, found: Found, urn: Urn) -> str:
    """Return in words whose data a half holds; under another name it may be this resource's."""
    owner = owner_of(half, found.halves)
    if (half, SnapshotOwner.OURS) in found.candidates or owner in ("", str(urn)):
        return f"the data of {urn.name} is in"
    return f"the data of {owner}, which {urn.name} may have been called before, is in"


def bring_back(newest: SnapshotView, judged: Iterable[tuple[SnapshotView, SnapshotOwner]]) -> str:
    """Return what a program is to say to begin with a final snapshot.

    Args:
        newest: The snapshot.
        judged: Those that may be the resource's, each with whose it is.

    """
    if (newest, SnapshotOwner.OURS) in judged and not is_marked_void(newest):
        return "restore_final_snapshot=True"
    return f"snapshot_identifier={newest.identifier!r}"


def _newest_final_snapshot(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment
) -> Mapping[str, Any] | None:
    identifier = str(arguments["cluster_identifier"]).lower()
    found = _find_patiently(session, arguments, urn, rules)
    if found.missing is not None:
        _require_expired(session, urn, found.missing)
    first = found.newest
    if first is not None:
        # What preview refuses is refused at once.
        _require_ours(session, *first, found, urn, identifier)
    found = _find_surely(session, arguments, urn, rules, found)
    last = found.newest
    if last is None:
        session.reporter.keep(f"no final snapshot of {urn.name} is there: {identifier} is created empty")
        return None
    newest, by = last
    tell_of_newer(session, newest, found.seen, urn, identifier)
    _require_ours(session, newest, by, found, urn, identifier)
    if not newest.available:
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}, is {newest.status!r}"
            f"{age_of(session, newest)}",
            data="nothing was created; that snapshot was not touched",
            next_step="wait until it is available and run `pulumi up` again; or name another one with "
            "snapshot_identifier in place of restore_final_snapshot",
        )
    described = session.calls.describe_snapshot(SnapshotIdentifier=newest.identifier)
    if described is None:
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}, was there a moment ago and is "
            "gone",
            data="nothing was created",
            next_step="look for DeleteClusterSnapshot in CloudTrail; then run `pulumi up` again",
        )
    require_usable(described, arguments)
    return described


def _require_ours(
    session: Session, newest: SnapshotView, by: SnapshotOwner, found: Found, urn: Urn, identifier: str
) -> None:
    """Refuse to restore a snapshot that may be another's, or that is void, without being told its name.

    Raises:
        RefusedError: it is one of them; to begin empty in its place would look like success.

    """
    to_restore = f"set snapshot_identifier={newest.identifier!r} in place of restore_final_snapshot"
    which = f"{newest.identifier} ({newest.status}{age_of(session, newest)})"
    if by is SnapshotOwner.ELSEWHERE:
        raise RefusedError(
            f"restore_final_snapshot is set, and the newest final snapshot of {identifier}, {which}, was "
            f"left by {decoded(dict(newest.tags)[TAG_URN])}, which may be this resource before its stack was "
            "renamed or it was moved, or another one",
            data="nothing was created; that snapshot was not touched",
            next_step=f"to restore from it, {to_restore}; to begin without it, write "
            "restore_final_snapshot=False",
        )
    if by is SnapshotOwner.IN_DOUBT and is_half(newest, found.halves):
        raise RefusedError(
            f"restore_final_snapshot is set, and {_whose_half(newest, found, urn)} final snapshot {which}, "
            f"{_LEFT_BY_REPLACEMENT}",
            data="nothing was created; that snapshot was not touched",
            next_step=f"to restore from it, {to_restore}; or, {BEGIN_EMPTY}",
        )
    if by is SnapshotOwner.IN_DOUBT:
        raise RefusedError(
            f"restore_final_snapshot is set, and the newest snapshot of {identifier}, {which}, does not "
            f"carry the tags that say it is the final snapshot of {urn.name}",
            data="nothing was created; that snapshot was not touched",
            next_step=f"to restore from it, {to_restore}; to start empty, take restore_final_snapshot away "
            "for this `up`",
        )
    if is_marked_void(newest):
        raise RefusedError(
            f"the newest final snapshot of {urn.name}, {newest.identifier}{age_of(session, newest)}, is "
            f"void: its cluster was alive after it ({TAG_VOID}={dict(newest.tags)[TAG_VOID]}), so it lacks "
            "what was written since",
            data="nothing was created; that snapshot was not touched",
            next_step=f"to restore from it all the same, {to_restore}; to start empty, take "
            "restore_final_snapshot away for this `up`",
        )


def _find_patiently(session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment) -> Found:
    """Look for the final snapshots of a resource; what was left a moment ago is waited for."""
    found = find_final_snapshots(session, arguments, urn, rules)
    while found.missing is not None and session.clock.now() - found.missing.written < SETTLE:
        with stopped("pulumi up"):
            interrupt.require_wanted()
        session.reporter.progress(f"AWS does not list final snapshot {found.missing.identifier} yet")
        session.clock.sleep(_AGAIN_SECONDS)
        found = find_final_snapshots(session, arguments, urn, rules)
    return found


def _find_surely(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment, found: Found
) -> Found:
    """Look again after a while: that there is no final snapshot, or no newer one, is believed when it lasts.

    Where a receipt tells that the newest there is is the last there was, it is believed at once.
    """
    newest = found.newest
    if newest is not None and newest[0].identifier == found.told:
        return found
    # Asked once more only, so not at the pace of the policy's polls.
    seconds = LAG.total_seconds()
    which = f"no {'final' if newest is None else 'newer final'} snapshot of {urn.name}"
    session.reporter.progress(f"AWS lists {which}; looking again in {seconds:.0f}s")
    with stopped("pulumi up"):
        interrupt.require_wanted()
    session.clock.sleep(seconds)
    with stopped("pulumi up"):
        interrupt.require_wanted()
    again = find_final_snapshots(session, arguments, urn, rules)
    then = again.newest
    if newest is not None and (then is None or age_key(then[0]) < age_key(newest[0])):
        return found
    return again


def _require_expired(session: Session, urn: Urn, missing: Left) -> None:
    """Refuse to restore what is older than what the last teardown left; warn where that has expired."""
    if not missing.has_expired(session.clock.now()):
        raise RefusedError(
            f"{not_shown(urn, missing)}: what there is besides, if anything, is older",
            data="nothing was created",
            next_step="run `pulumi up` again in a few minutes; where it was deleted, set snapshot_identifier "
            "to another one, or write restore_final_snapshot=False to begin empty, for this `up`",
        )
    session.reporter.warn(
        f"{left_of(urn, missing)}, whose retention has ended: what is restored now, if anything, is older"
    )


def foretell_restore(session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment) -> None:
    """Warn, before anything is done, of what a restore of the newest final snapshot would leave behind.

    Raises:
        RefusedError: `up` would refuse it, whatever time passes.

    """
    found = find_final_snapshots(session, arguments, urn, rules)
    missing = found.missing
    if missing is not None and not missing.has_expired(session.clock.now()):
        session.reporter.warn(f"{not_shown(urn, missing)}: `up` restores nothing in its place")
    newest = found.newest
    if newest is not None:
        identifier = str(arguments["cluster_identifier"]).lower()
        tell_of_newer(session, newest[0], found.seen, urn, identifier)
        _require_ours(session, *newest, found, urn, identifier)
