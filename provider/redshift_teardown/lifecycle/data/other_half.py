"""What a create knows of the cluster it replaces: deleted in this run, reviewed in it, or of nobody known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import Answer
from redshift_teardown.deletion_policy import fit_tag_value
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.context import stopped
from redshift_teardown.lifecycle.data.named_snapshot import require_usable
from redshift_teardown.lifecycle.ownership.halves import age_key
from redshift_teardown.teardown.plan import TAG_GENERATION, TAG_LEFT_BY
from redshift_teardown.teardown.proof import is_marked_void
from redshift_teardown.teardown.receipt import LEFT_BY_REPLACEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session

BEGIN_EMPTY = "to begin empty on purpose, write restore_final_snapshot=False"


def of_the_deleted(
    session: Session, arguments: Mapping[str, Any], deleted: this_run.Deleted
) -> Mapping[str, Any]:
    """Return the snapshot of exactly what this run deleted: whatever else exists is older.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced.
        deleted: What this run deleted of the resource.

    Raises:
        RefusedError: there is none, or it does not fit.

    """
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
    require_usable(found, arguments)
    return found


def of_the_reviewed(session: Session, arguments: Mapping[str, Any], identity: Identity) -> Mapping[str, Any]:
    """Return the final snapshot of a generation whose replacement this run said would be restored from it.

    It was let go of, and not deleted, in this run.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced.
        identity: The generation.

    Raises:
        RefusedError: AWS shows none; nothing older is restored, and nothing begins empty, in its place.

    """
    shown = session.calls.tagged_snapshots(TAG_GENERATION, fit_tag_value(identity.generation()))
    usable = [each for each in shown if each.available and not is_marked_void(each)]
    newest = max(usable, key=age_key, default=None)
    found = newest and session.calls.describe_snapshot(SnapshotIdentifier=newest.identifier)
    if not found:
        raise RefusedError(
            f"the new cluster was to be restored from the final snapshot of {identity}, and AWS shows none",
            data="nothing was created",
            next_step=f"set snapshot_identifier to the snapshot that holds its data; or, {BEGIN_EMPTY}",
        )
    require_usable(found, arguments)
    return found


def require_no_strays(session: Session, arguments: Mapping[str, Any], urn: Urn, *, protected: bool) -> None:
    """Refuse to begin without what this run deleted of a resource that nobody knows.

    It may be this one's other half: of what is tainted the engine does not tell what an alias names.
    The next `up` knows nothing of this run, so it is written on the snapshot.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced; they name no snapshot.
        urn: The resource.
        protected: Whether its environment is.

    Raises:
        RefusedError: there is one, and the program does not say what is to come of its data.

    """
    restores = arguments.get("restore_final_snapshot")
    stray = this_run.deleted_for_nobody()
    if stray is None or stray.snapshot is None or restores is False or not (restores or protected):
        return
    with stopped("pulumi up"):
        interrupt.require_engine()
    attempt = session.calls.tag(stray.snapshot.arn, {TAG_LEFT_BY: LEFT_BY_REPLACEMENT})
    if attempt.answer is not Answer.ACCEPTED:
        session.reporter.warn(
            f"{stray.snapshot.identifier} could not be tagged ({attempt.words}): the next `pulumi up` does "
            f"not ask whether its data is that of {urn.name}"
        )
    raise RefusedError(
        f"{stray.identity} was deleted in this run before {urn.name} was created, as where one that is "
        "tainted gets another name by an alias: its data may be that of this one",
        data=f"nothing was created; {stray.left}",
        next_step=f"set snapshot_identifier={stray.snapshot.identifier!r}, which brings the data back; or, "
        f"{BEGIN_EMPTY}",
    )


def tell_what_was_deleted(
    session: Session, arguments: Mapping[str, Any], urn: Urn, *, protected: bool
) -> None:
    """Say where the data is of the cluster that this one replaces: nobody is asked before `--replace`.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced; they have the cluster begin empty.
        urn: The resource.
        protected: Whether its environment is.

    Raises:
        RefusedError: a protected cluster would begin empty in the run that deleted it unasked.

    """
    identifier = str(arguments["cluster_identifier"]).lower()
    deleted = this_run.just_deleted(str(urn), session.account_id, session.aws.region, identifier)
    if deleted is None:
        return
    snapshot, cure = deleted.snapshot, ""
    if snapshot is not None:
        cure = f": to begin with that, set snapshot_identifier={snapshot.identifier!r} and run `pulumi up`"
    if protected and arguments.get("restore_final_snapshot") is None:
        # By ``replaceWith`` in a state the engine deletes before any check, so nothing has judged it.
        raise RefusedError(
            f"{deleted.identity} was deleted in this run, as the option replace_with makes the engine do, "
            f"and {identifier} would begin empty",
            data=f"nothing was created; {deleted.left}",
            next_step="set restore_final_snapshot=True and run `pulumi up`, which brings the data back; "
            "or, to begin anew on purpose, write restore_final_snapshot=False",
        )
    session.reporter.warn(
        f"{deleted.identity.cluster_identifier} was deleted in this run, and {identifier} is to be "
        f"created empty; {deleted.left}{cure}"
    )
