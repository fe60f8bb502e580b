"""What a replacement would do to the data, judged in preview: afterwards the old cluster is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import NoAnswerError, RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.data.named_snapshot import FIXED_BY_SNAPSHOT, find_named
from redshift_teardown.lifecycle.operation import memory_of, open_session
from redshift_teardown.lifecycle.origin import Named, began_with, named_by
from redshift_teardown.lifecycle.ownership.existing_clusters import require_free
from redshift_teardown.lifecycle.policy.planner import Planner, read_recorded
from redshift_teardown.lifecycle.state import UNKNOWN, State, arguments_of
from redshift_teardown.teardown.earlier import halves_left

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.interfaces import Reporter

_ASKED_FOR = "what was asked for (`--replace`, a taint or a trigger)"
_SNAPSHOTS = ("snapshot_identifier", "snapshot_arn")


def review(
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    replaces: Sequence[str],
    settings: Settings,
    reporter: Reporter,
    *,
    forced: bool = False,
) -> None:
    """Refuse a replacement that would lose data, and say what any other one does to it.

    Args:
        olds: The stored outputs.
        news: The checked inputs.
        replaces: The changed arguments that AWS cannot change on a living cluster.
        settings: The stack's configuration.
        reporter: Who tells the operator.
        forced: Whether somebody asked for it, by `--replace`, a taint or a trigger. What it does to the data
            is judged alike; only a word of its own counts: ``restore_final_snapshot=False``, written out.

    A cluster that is marked as gone is replaced, too: whatever ended it, the state still has the resource,
    and the data that is kept of it is this resource's.

    Raises:
        RefusedError: the new cluster is to be restored from the old one's final snapshot, and that cannot be;
            or the new cluster would not hold the old one's data, and the environment is protected, or an
            earlier replacement of it that did not end was to restore it, or may have been.

    """
    state, arguments = State.read(olds), arguments_of(news)
    urn = Urn.parse(str(news.get("urn") or state.urn))
    forced = forced or bool(state.gone)
    why = f"a change of {' and '.join(replaces)}" if replaces else _ASKED_FOR
    if state.gone:
        why = "what a refresh found (the cluster is gone)"
    planner = Planner(read_recorded(olds, settings), SystemClock().now())
    plan = planner.plan(None)
    old = state.identity.cluster_identifier
    fate = plan.decision.describe()
    if arguments.get("restore_final_snapshot"):
        # A snapshot can be restored in its own region only.
        fixed = [name for name in replaces if name in (*FIXED_BY_SNAPSHOT, "region")]
        if fixed:
            raise _refused(
                state,
                why,
                f"the new cluster would be restored from the old one's final snapshot, which fixes its "
                f"{' and '.join(fixed)}",
                f"set {' and '.join(fixed)} as before",
            )
        if not plan.wants_snapshot:
            raise _refused(
                state,
                why,
                "the new cluster is to be restored from the old one's final snapshot, and there would be "
                f"none: {fate}",
                "let the deletion policy take a final snapshot, or take restore_final_snapshot away",
            )
        _require_room(state, arguments, settings, urn)
        reporter.warn(
            f"{why} replaces {old}: {_ends(state, fate)}, and the new one is restored from "
            "that very snapshot. It cannot be reached meanwhile"
        )
        return
    named = any(arguments.get(name) for name in _SNAPSHOTS)
    if named and UNKNOWN not in arguments.values():
        _require_snapshot(state, arguments, settings)
    source = _another_source(state, olds, arguments)
    begins_empty = forced and not named and arguments.get("restore_final_snapshot") is False
    kept = plan.wants_snapshot and _may_be_half_done(state, planner)
    if source is None and not begins_empty and (kept or _protected(olds, news)):
        raise _refused(
            state,
            why,
            "the new cluster would be restored from the snapshot that the program names, which is the one "
            "this cluster began with, or may be: without what was written since"
            if named
            else "the new cluster would be empty",
            "set restore_final_snapshot=True"
            + (" in place of the named snapshot" if named else "")
            + f", which brings the data back; or {_anew(state, urn, forced=forced)}",
        )
    _require_room(state, arguments, settings, urn)
    begins = f"from snapshot {source}" if source else "empty"
    if source is None and named:
        begins = "from the snapshot that the program names, without what was written since"
    reporter.warn(f"{why} replaces {old}: {_ends(state, fate)}, and the new one begins {begins}")


def _ends(state: State, fate: str) -> str:
    return f"its delete is finished ({fate})" if state.gone else f"it is deleted ({fate})"


def _may_be_half_done(state: State, planner: Planner) -> bool:
    """Return whether an earlier replacement, its data to be restored, may have deleted this very cluster.

    What was written down before DeleteCluster was sent tells. Of a cluster that is gone, and of which nothing
    was, nobody knows.
    """
    identity = state.identity
    account, region = identity.account_id, identity.region
    if any(halves_left(folder, account, region, identity) for folder in planner.receipts):
        return True
    return bool(state.gone) and not memory_of(planner, SystemClock().now()).earlier_sent


def _anew(state: State, urn: Urn, *, forced: bool) -> str:
    if state.gone:
        return "to begin anew on purpose, write restore_final_snapshot=False"
    if forced:
        return "run `pulumi up` without it; or, to begin anew on purpose, write restore_final_snapshot=False"
    target = this_run.in_state(str(urn), str(state.urn))
    return (
        f"undo the change; or, to begin anew on purpose, run `pulumi destroy --target '{target}'` and "
        "`pulumi up`"
    )


def _another_source(state: State, olds: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Return the snapshot that a program names, where the cluster is known to have begun with another."""
    named = named_by(arguments, state.identity.account_id)
    began = began_with(olds, state.arguments, state.identity.account_id)
    if named is None or began is None:
        return None
    if isinstance(began, Named) and began.is_the_same(named):
        return None
    return named.name


def _require_snapshot(state: State, arguments: Mapping[str, Any], settings: Settings) -> None:
    """Refuse before the delete what create would refuse after it: a snapshot that does not fit."""
    _ask(state, arguments, settings, lambda session: find_named(session, arguments))


def _require_room(state: State, arguments: Mapping[str, Any], settings: Settings, urn: Urn) -> None:
    """Refuse before the delete what create would refuse after it: another cluster that is in the way."""
    if any(arguments.get(name) is UNKNOWN for name in ("cluster_identifier", "region")):
        return
    _ask(state, arguments, settings, lambda session: require_free(session, urn, arguments, state.identity))


def _ask(
    state: State, arguments: Mapping[str, Any], settings: Settings, ask: Callable[[Session], object]
) -> None:
    """Ask AWS, as far as it answers: a preview works without credentials; `up` asks before it deletes."""
    try:
        ask(open_session(settings, arguments.get("region"), state.urn))
    except (NoAnswerError, UnreachableError):
        return


def _protected(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Return whether either policy, the recorded one or the current one, protects the cluster."""
    return any(
        isinstance(props.get("policy"), dict) and bool(props["policy"].get("protected"))
        for props in (olds, news)
    )


def _refused(state: State, cause: str, why: str, next_step: str) -> RefusedError:
    return RefusedError(
        f"{cause} would replace {state.identity}, and {why}",
        data="nothing was touched; "
        + ("what is kept of its data stays" if state.gone else "the cluster lives on as it is"),
        next_step=next_step,
    )
