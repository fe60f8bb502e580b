"""What a replacement would do to the data, judged in preview: afterwards the old cluster is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.planner import Planner, read_recorded
from redshift_teardown.crud.restore import find_named_source
from redshift_teardown.crud.session import open_session
from redshift_teardown.errors import NoAnswerError, RefusedError
from redshift_teardown.state import UNKNOWN, State, arguments_of
from redshift_teardown.teardown.calls import UnreachableError
from redshift_teardown.teardown.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.run import Reporter

_FIXED_BY_SNAPSHOT = ("database_name", "master_username", "region")
"""What a restored cluster has from its snapshot; and a snapshot can be restored in its own region only."""
_SNAPSHOTS = ("snapshot_identifier", "snapshot_arn")


def review(
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    replaces: Sequence[str],
    settings: Settings,
    reporter: Reporter,
) -> None:
    """Refuse a replacement that would lose data, and say what any other one does to it.

    Args:
        olds: The stored outputs.
        news: The checked inputs.
        replaces: The changed arguments that AWS cannot change on a living cluster.
        settings: The stack's configuration.
        reporter: Who tells the operator.

    Raises:
        RefusedError: the new cluster is to be restored from the old one's final snapshot, and that cannot be;
            or the environment is protected and the new cluster would not hold the old one's data.

    """
    state, arguments = State.read(olds), arguments_of(news)
    changed = " and ".join(replaces)
    plan = Planner(read_recorded(olds, settings), SystemClock().now()).plan(None)
    old = state.identity.cluster_identifier
    fate = plan.decision.describe()
    if arguments.get("restore_final_snapshot"):
        fixed = [name for name in replaces if name in _FIXED_BY_SNAPSHOT]
        if fixed:
            raise _refused(
                state,
                changed,
                f"the new cluster would be restored from the old one's final snapshot, which fixes its "
                f"{' and '.join(fixed)}",
                f"set {' and '.join(fixed)} as before",
            )
        if not plan.wants_snapshot:
            raise _refused(
                state,
                changed,
                "the new cluster is to be restored from the old one's final snapshot, and there would be "
                f"none: {fate}",
                "let the deletion policy take a final snapshot, or take restore_final_snapshot away",
            )
        reporter.warn(
            f"a change of {changed} replaces {old}: it is deleted ({fate}), and the new one is restored from "
            "that very snapshot. It cannot be reached meanwhile"
        )
        return
    source = next((arguments[name] for name in _SNAPSHOTS if name in replaces and arguments.get(name)), None)
    if any(arguments.get(name) for name in _SNAPSHOTS):
        _require_snapshot(state, arguments, settings)
    if source is None and _protected(olds, news):
        stale = any(arguments.get(name) for name in _SNAPSHOTS)
        raise _refused(
            state,
            changed,
            "the new cluster would be restored from the snapshot that the program still names, without what "
            "was written since"
            if stale
            else "the new cluster would be empty",
            "set restore_final_snapshot=True"
            + (" in place of the named snapshot" if stale else "")
            + ", which brings the data back; or undo the change; or, to begin anew on purpose, run "
            f"`pulumi destroy --target '{state.urn}'` and `pulumi up`",
        )
    begins = f"from snapshot {source}" if source else "empty"
    if source is None and any(arguments.get(name) for name in _SNAPSHOTS):
        begins = "from the snapshot that the program names, without what was written since"
    reporter.warn(
        f"a change of {changed} replaces {old}: it is deleted ({fate}), and the new one begins {begins}"
    )


def _require_snapshot(state: State, arguments: Mapping[str, Any], settings: Settings) -> None:
    """Refuse before the delete what create would refuse after it: a snapshot that does not fit."""
    if any(value is UNKNOWN for value in arguments.values()):
        return
    try:
        session = open_session(settings, arguments.get("region"), str(state.urn), state.urn.name)
        find_named_source(session, arguments)
    except (NoAnswerError, UnreachableError):
        # A preview works without credentials; `up` asks again before it deletes anything.
        return


def _protected(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Tell whether either policy, the recorded one or the current one, protects the cluster."""
    return any(
        isinstance(props.get("policy"), dict) and bool(props["policy"].get("protected"))
        for props in (olds, news)
    )


def _refused(state: State, changed: str, why: str, next_step: str) -> RefusedError:
    return RefusedError(
        f"a change of {changed} would replace {state.identity}, and {why}",
        data="nothing was touched; the cluster lives on as it is",
        next_step=next_step,
    )
