"""Update: a changed program on a living cluster, or a changed policy on any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, Change
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.deletion_policy import from_json
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.changes.compare import compare
from redshift_teardown.lifecycle.changes.converge import converge
from redshift_teardown.lifecycle.changes.wait import wait_until_free
from redshift_teardown.lifecycle.context import reporter_for
from redshift_teardown.lifecycle.desired import DEFAULT_TAGS, SAID, found_as, said_by, says
from redshift_teardown.lifecycle.operation import Operation, open_operation
from redshift_teardown.lifecycle.outputs import RECORDED_INPUTS, outputs
from redshift_teardown.lifecycle.ownership.claims import require_ours, written_claim
from redshift_teardown.lifecycle.ownership.generation import ExpectedGeneration
from redshift_teardown.lifecycle.ownership.let_go import with_way_out
from redshift_teardown.lifecycle.policy import protection
from redshift_teardown.lifecycle.policy.resolve import for_account, is_protected
from redshift_teardown.lifecycle.state import CARRIED, GONE, STATE_VERSION, UNWRITTEN, State, carried
from redshift_teardown.lifecycle.unseen_end import is_unseen
from redshift_teardown.teardown.claim import TAG_CLAIM, new_claim
from redshift_teardown.teardown.observe import observe
from redshift_teardown.teardown.present import TO_OWN_THE_NEW_ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.engine.request import Asked
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.interfaces import Reporter


def update(
    olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings, asked: Asked | None = None
) -> dict[str, Any]:
    """Change what differs between what is recorded and what the program says now, and nothing else.

    An ``up`` that changes only policy or requests rewrites what is recorded: it changes nothing of the
    cluster, waits for nothing and works whatever the cluster's status. Where a protected environment claims
    the cluster now, or does no more, its claim tag says so, for whoever would adopt or destroy it.

    Args:
        olds: The stored outputs.
        news: The checked inputs, all known.
        settings: The stack's configuration.
        asked: What the engine said besides.

    Returns:
        The outputs.

    Raises:
        TeardownError: AWS refused a step, or the cluster is not the recorded one.

    """
    state = State.read(olds)
    identity, urn = state.identity, Urn.parse(str(news.get("urn") or state.urn))
    reporter = reporter_for(str(urn), urn.name)
    inputs, warnings = for_account(
        news, settings, urn, account=identity.account_id, region=identity.region, data="nothing was changed"
    )
    for text in warnings:
        reporter.warn(text)
    changed = compare(olds, inputs, settings, asked)
    arguments = changed.arguments

    def opened() -> Operation:
        region = arguments.get("region") or identity.region
        return open_operation(olds, settings, "change", region=region, urn=urn)

    this_run.note_program(str(urn), inputs)
    this_run.claim(identity, str(urn), str(state.urn), claim=state.claim, settled=True)
    handed_on = {key: value for key, value in olds.items() if key != "protection"}
    kept = {**carried(handed_on), **protection.require_kept(olds, state, inputs, settings)}
    if not changed.desired.names:
        if is_protected(olds) != is_protected(inputs) or state.overruled == UNWRITTEN:
            kept["overruled"] = _write_protection(opened, urn, reporter, protected=is_protected(inputs))
        if state.gone or is_unseen(olds, settings):
            # Where it is found alive, what a destroy or a refresh took for its proof is none.
            kept["void"] = opened().voided()
        return _without_nothing({**_recorded_only(handed_on, inputs, arguments, settings), **kept})
    operation = opened()
    session = operation.session
    rules = from_json(inputs["policy"]["rules"])
    renamed_to = str(arguments["cluster_identifier"]).lower()
    names = (renamed_to, found_as((asked.old_inputs if asked else None) or {}))
    found = _find(session, identity, names, this_run.in_state(str(urn), str(state.urn)))
    name = str(found["ClusterIdentifier"])
    holder = session.calls.cluster(renamed_to) if name != renamed_to else None
    if holder is not None and not identity.is_generation_of(holder):
        raise _name_taken(identity, name, renamed_to, this_run.in_state(str(urn), str(state.urn)))
    meant = ExpectedGeneration.known(identity)
    meant.require(found)
    # Before the last poll: what it shows of the name is held against the generation that is meant. And before
    # this is refused for whatever reason.
    kept["void"] = operation.voided()
    require_ours(found, state, str(urn))
    cluster = wait_until_free(session, str(found["ClusterIdentifier"]), rules, meant, coming=renamed_to)
    # It may have been taken over while it was waited for.
    require_ours(cluster, state, str(urn))
    cluster = converge(session, changed.desired, cluster, rules, meant)
    claim = new_claim(str(urn), protected=is_protected(inputs), name=state.claim)
    kept.update(written_claim(session, cluster, claim))
    seen = identity.seen_as(view_cluster(cluster))
    return outputs(
        inputs,
        arguments,
        cluster,
        seen,
        dict(settings.default_tags),
        said=said_by(arguments),
        as_said=True,
        carried={name: value for name, value in kept.items() if value},
    )


def _write_protection(
    opened: Callable[[], Operation], urn: Urn, reporter: Reporter, *, protected: bool
) -> str:
    """Write into the claim of a cluster whether its environment is protected; where that fails, say so.

    Returns:
        The output ``overruled``.

    """
    try:
        operation = opened()
        identity, state, session = operation.identity, operation.recorded.state, operation.session
        cluster = session.calls.describe(identity.cluster_identifier)
    except TeardownError as error:
        _not_written(urn, reporter, error)
        return UNWRITTEN
    if cluster is None:
        # A listing that lags shows none of a cluster that was just created.
        _not_written(urn, reporter, f"AWS does not show {identity}")
        return UNWRITTEN
    if not identity.is_generation_of(view_cluster(cluster)):
        return ""
    try:
        require_ours(cluster, state, str(urn))
    except TeardownError as error:
        _not_written(urn, reporter, error)
        return ""
    claim = new_claim(str(urn), protected=protected, name=state.claim)
    return written_claim(session, cluster, claim)["overruled"]


def _not_written(urn: Urn, reporter: Reporter, why: object) -> None:
    reporter.warn(
        f"{urn.name}: whether it is protected could not be written on its cluster ({TAG_CLAIM}): {why}"
    )


def _find(session: Session, identity: Identity, names: tuple[str, ...], urn: str) -> Mapping[str, Any]:
    """Look for the recorded generation; it may have another name.

    Args:
        session: The operation's surroundings.
        identity: The generation, and its recorded name.
        names: Those it may have else: an update was stopped after renaming it, or a refresh found it so.
        urn: The resource's, as the engine finds it in the state.

    """
    cluster = session.calls.describe(identity.cluster_identifier)
    if cluster is None or not identity.is_generation_of(view_cluster(cluster)):
        for name in dict.fromkeys(names):
            renamed = session.calls.describe(name) if name not in ("", identity.cluster_identifier) else None
            if renamed is not None and identity.is_generation_of(view_cluster(renamed)):
                return renamed
    if cluster is None:
        raise RefusedError(
            f"{identity} is gone, so it cannot be changed",
            data="nothing was changed; a final snapshot may exist (`redshift-teardown snapshots`)",
            next_step="run `pulumi refresh`, which says what became of it, then `pulumi up`",
        )
    if not identity.is_generation_of(view_cluster(cluster)):
        elsewhere = observe(session.calls, identity, session.clock.now()).renamed
        if elsewhere is not None:
            raise _name_taken(identity, elsewhere.identifier, identity.cluster_identifier, urn)
        raise RefusedError(
            f"{identity} was deleted and re-created outside this stack",
            data="that cluster was not touched",
            next_step=with_way_out(TO_OWN_THE_NEW_ONE, identity, urn),
        )
    return cluster


def _name_taken(identity: Identity, name: str, taken: str, urn: str) -> RefusedError:
    """Return the refusal of a change whose cluster cannot have the name that the program says."""
    set_it = f"set cluster_identifier to {name!r} in the program, then run `pulumi up`"
    return RefusedError(
        f"{identity} has the name {name} in AWS, and {taken} is another cluster's name now",
        data="neither of the two was touched",
        next_step=with_way_out(f"{set_it}; {TO_OWN_THE_NEW_ONE}", identity, urn),
    )


def _without_nothing(outs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs without what is handed on and says nothing by now."""
    return {name: value for name, value in outs.items() if value or name not in CARRIED}


def _recorded_only(
    olds: Mapping[str, Any], inputs: Mapping[str, Any], arguments: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    """Return the old outputs with what the program says now, none of which AWS need be told."""
    dropped = {"__provider", "inherited", "tags", GONE, DEFAULT_TAGS, *RECORDED_INPUTS}
    outs = {key: value for key, value in olds.items() if key not in dropped}
    for argument in ARGUMENTS:
        value = arguments[argument.name]
        if argument.change is Change.TAGS or (argument.change is Change.LOCAL and argument.secret):
            continue
        if argument.change is Change.LOCAL or argument.secret:
            outs.pop(argument.name, None)
        if says(argument, value):
            outs[argument.name] = value
    own = arguments["tags"]
    if own is not None:
        outs["tags"] = own
    defaults = {key: tag for key, tag in settings.default_tags if key not in (own or {})}
    if defaults:
        outs[DEFAULT_TAGS] = defaults
    outs.update({key: inputs[key] for key in RECORDED_INPUTS if inputs.get(key) is not None})
    return {**outs, "state_version": STATE_VERSION, SAID: sorted(said_by(arguments))}
