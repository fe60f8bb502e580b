"""Update: a changed program on a living cluster, or a changed policy on any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.converge import converge
from redshift_teardown.crud.diff import diff
from redshift_teardown.crud.outputs import RECORDED_INPUTS, outputs
from redshift_teardown.crud.session import open_session, require_same_place
from redshift_teardown.crud.settle import wait_until_available
from redshift_teardown.deletion_policy import PolicyError
from redshift_teardown.errors import RefusedError
from redshift_teardown.parameters import ARGUMENTS, Change
from redshift_teardown.stack_policy import read_policy, refuse_bypass, resolve
from redshift_teardown.state import STATE_VERSION, State, arguments_of
from redshift_teardown.teardown.calls import view_cluster
from redshift_teardown.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings


def update(olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Bring a cluster to what the program says now.

    An ``up`` that changes only policy or requests rewrites what is recorded: it makes no changing
    call, waits for nothing and works whatever the cluster's status.

    Args:
        olds: The stored outputs.
        news: The checked inputs, all known.
        settings: The stack's configuration.

    Returns:
        The outputs.

    Raises:
        TeardownError: AWS refused a step, or the cluster is not the recorded one.

    """
    state = State.read(olds)
    inputs = {**news, **_resolve_again(state, news, settings)}
    arguments = arguments_of(inputs)
    changed = diff(olds, inputs, settings)
    if not changed.calls:
        return _recorded_only(olds, inputs, arguments)
    identity = state.identity
    session = open_session(settings, arguments.get("region"), str(state.urn), state.urn.name)
    require_same_place(session, identity, f"change {identity}")
    identifier = identity.cluster_identifier
    rules = inputs["policy"]["rules"]
    cluster = session.calls.describe(identifier)
    renamed_to = arguments["cluster_identifier"]
    if cluster is None and renamed_to != identifier:
        # An earlier update may have renamed it and then been stopped.
        cluster = session.calls.describe(str(renamed_to))
    if cluster is None:
        raise RefusedError(
            f"{identity} is gone, so it cannot be changed",
            data="nothing was changed; a final snapshot may exist (`redshift-teardown snapshots`)",
            next_step="run `pulumi refresh` to drop it from the state, then `pulumi up`",
        )
    if not identity.is_generation_of(view_cluster(cluster)):
        raise RefusedError(
            f"{identity} is another generation now than the one this stack created",
            data="that cluster was not touched",
            next_step=f"let go of the recorded one with `pulumi state delete '{state.urn}'`, then adopt the "
            "new one with adopt_existing=True",
        )
    owned.claim(identity, str(state.urn))
    cluster = wait_until_available(
        session, cluster["ClusterIdentifier"], rules, f"cluster {identifier} to be free for changes"
    )
    passwords = {"master_password", "master_password_wo_version"}
    cluster = converge(
        session, arguments, cluster, rules, password_changed=bool(passwords & set(changed.calls))
    )
    seen = identity.seen_as(view_cluster(cluster))
    return outputs(inputs, arguments, cluster, seen, settings)


def _recorded_only(
    olds: Mapping[str, Any], inputs: Mapping[str, Any], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    outs = {key: value for key, value in olds.items() if key != "__provider" and key not in RECORDED_INPUTS}
    for argument in ARGUMENTS:
        if argument.change is not Change.LOCAL:
            continue
        outs.pop(argument.name, None)
        if arguments[argument.name] is not None:
            outs[argument.name] = arguments[argument.name]
    outs.update({key: inputs[key] for key in RECORDED_INPUTS if inputs.get(key) is not None})
    outs["state_version"] = STATE_VERSION
    return outs


def _resolve_again(state: State, news: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Decide with the recorded account, whatever check could not know."""
    identity = state.identity
    urn = Urn.parse(str(news.get("urn") or state.urn))
    try:
        resolved = resolve(
            read_policy(settings),
            settings,
            news,
            urn,
            account=identity.account_id or None,
            region=identity.region or None,
        )
    except PolicyError as error:
        raise RefusedError(
            f"the deletion policy does not hold for this cluster:\n{error}",
            data="nothing was changed",
            next_step="mend the policy or the configuration, then run `pulumi up` again",
        ) from None
    refuse_bypass(resolved.match.environment, list(news.get("bypass") or []), urn.name)
    return {"policy": resolved.record(), "on_destroy": resolved.on_destroy}
