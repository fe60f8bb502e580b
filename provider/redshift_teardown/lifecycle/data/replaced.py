"""The delete half of a replacement, judged before anything is touched.

A resource that the program of this run has, and that the engine has deleted all the same, is replaced. Where
the engine was told to (`--replace`, a taint, a trigger) no ``diff`` was asked: so it is judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.session import resolve_region
from redshift_teardown.errors import FinalRefusalError, RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.changes.compare import compare
from redshift_teardown.lifecycle.data import replacement
from redshift_teardown.lifecycle.policy import protection
from redshift_teardown.lifecycle.state import arguments_of
from redshift_teardown.teardown.claim import Whose, whose
from redshift_teardown.teardown.receipt import LEFT_BY_REPLACEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.state import State


@dataclass(frozen=True)
class Judged:
    """What a delete has to go by, besides what is recorded.

    Attributes:
        let_go: Why the cluster is let go of, since it lives on as the same resource's; empty for no such.
        left_by: What the final snapshot's tag says it was left by; empty for a plain destroy.
        renewal_is_ours: Whether a claim of this resource that the state does not record makes no difference.
        now: The resource of this run's program that it is replaced for; empty for none.

    """

    let_go: str = ""
    left_by: str = ""
    renewal_is_ours: bool = True
    now: str = ""


def judge(props: Mapping[str, Any], state: State, session: Session, in_state: str = "") -> Judged:
    """Judge the delete of what a state records, by what the program of this run has.

    Args:
        props: The stored outputs.
        state: What they say.
        session: The operation's surroundings.
        in_state: The resource's URN as the engine names it; empty where that is not known.

    Raises:
        RefusedError: another resource of this run owns the cluster; or it is replaced, and that would lose
            its data from sight, or its protection.

    """
    identity, urn = state.identity, str(state.urn)
    another = this_run.owner(identity, urn)
    if another and _is_superseded(state, session):
        return Judged(
            f"{identity} was taken over by {another} of this same run, whose claim is on it: it lives on, "
            "and nothing was deleted"
        )
    this_run.require_not_anothers(identity, urn, in_state)
    holder = this_run.holder(identity)
    if holder is not None and holder.claim != state.claim:
        return Judged(
            f"{identity.cluster_identifier} is recorded anew by this same resource, which adopted it, so it "
            f"lives on and nothing was deleted. To replace it on purpose, {this_run.DELETE_FIRST}"
        )
    now = this_run.resource_of(in_state or urn, lambda inputs: _means(inputs, identity, session))
    if not now or (holder is not None and holder.settled):
        return Judged()
    program = this_run.checked_before(now)
    if holder is None:
        _require_not_to_be_adopted(program, state, now, session)
    _require_no_second_one(state, session, now)
    if not this_run.was_reviewed(identity):
        this_run.note_former(now, urn)
        this_run.note_protection(now, protection.require_kept(props, state, program, session.settings))
        changed = compare(props, program, session.settings)
        replacement.review(props, program, changed.replaces, session.settings, session.reporter, forced=True)
    restored = bool(arguments_of(program).get("restore_final_snapshot"))
    left_by = LEFT_BY_REPLACEMENT if restored else ""
    return Judged(left_by=left_by, renewal_is_ours=holder is not None, now=now)


def _lives(state: State, session: Session) -> bool:
    """Return whether AWS shows the recorded generation alive."""
    return state.identity.is_alive_in(session.calls.cluster(state.identity.cluster_identifier))


def _is_superseded(state: State, session: Session) -> bool:
    """Return whether the recorded cluster carries the claim of another resource that took it over."""
    cluster = session.calls.cluster(state.identity.cluster_identifier)
    if cluster is None or not state.identity.is_alive_in(cluster):
        return False
    return whose(dict(cluster.tags), state.claim, str(state.urn)) is Whose.SUPERSEDED


def _means(inputs: Mapping[str, Any], identity: Identity, session: Session) -> bool:
    """Return whether inputs mean a recorded cluster: by its identifier, in its region."""
    name, region = inputs.get("cluster_identifier"), inputs.get("region")
    if not isinstance(name, str) or name.lower() != identity.cluster_identifier:
        return False
    return resolve_region(session.settings, region) == identity.region


def _require_not_to_be_adopted(program: Mapping[str, Any], state: State, now: str, session: Session) -> None:
    """Refuse to delete what another resource of this run's program is to adopt, and has not yet.

    The engine creates first, and deletes a name that is left over at the end: where that create was never
    called, something failed that it depends on (`--continue-on-error`). Names tell two resources of one run
    apart; the stack in a recorded URN may have another name by now.

    Raises:
        RefusedError: there is such a resource.

    """
    old = str(state.urn)
    same = old in this_run.names_of(now) or now.split("::", 2)[2:] == old.split("::", 2)[2:]
    if same or not program.get("adopt_existing") or not _lives(state, session):
        return
    raise RefusedError(
        f"refused to delete {state.identity}: {now} is to adopt it in this same run, and has not yet",
        data="the cluster was not touched; nothing is lost",
        next_step="fix the other errors of this run and run `pulumi up` again: it adopts the cluster, and "
        f"lets go of it as {state.urn.name}; or, to replace the cluster on purpose, take adopt_existing away",
    )


def _require_no_second_one(state: State, session: Session, now: str) -> None:
    """Refuse to delete a living cluster in whose place the engine has created another one already.

    Raises:
        FinalRefusalError: there is another one, which does not hold this one's data.

    """
    identity = state.identity
    second = this_run.second_of(now, identity)
    if second is None:
        return
    if not _lives(state, session):
        return
    raise FinalRefusalError(
        f"refused to delete {identity}: {second.cluster_identifier} was created in its place before it was "
        "deleted, and does not hold its data",
        data="the cluster was not touched; nothing is lost",
        next_step="move what is missing from the old cluster to the new one, then run `pulumi destroy` on "
        f"this resource, which leaves a final snapshot of both. Another time, {this_run.DELETE_FIRST}",
    )
