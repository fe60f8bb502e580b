"""Read: what a refresh sees. It changes nothing in AWS, and never account, region or generation in the state.

It serves ``preview --refresh`` and read-only roles as well, and an error of it fails the whole refresh, that
of everybody else's resources too. So what became of this cluster is told in words and outputs, not by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS
from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.statuses import ENDING
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.desired import DEFAULT_TAGS, IDENTIFIER, own_region, said_by, said_in
from redshift_teardown.lifecycle.operation import Operation, open_operation
from redshift_teardown.lifecycle.outputs import RECORDED_INPUTS, outputs
from redshift_teardown.lifecycle.ownership.let_go import with_way_out
from redshift_teardown.lifecycle.state import GONE, arguments_of, carried
from redshift_teardown.teardown.model import Done, LetGo, Refuse
from redshift_teardown.teardown.present import TO_OWN_THE_NEW_ONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.engine.request import Asked
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import Observation

WHAT_FINISHES = (
    "`pulumi destroy`, or a `pulumi up` whose program still has it, finishes what is missing or says why it "
    "cannot"
)


def read(
    id_: str, props: Mapping[str, Any], settings: Settings, asked: Asked | None = None
) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """Read a cluster as AWS shows it now.

    A cluster that is gone leaves the state only where a delete could let go of it at once. Any other stays,
    and its outputs say under ``gone`` what was found: a refresh is no way round a destroy that refuses.

    Args:
        id_: The resource's id.
        props: The stored outputs.
        settings: The stack's configuration.
        asked: What the engine said besides.

    Returns:
        The id, the outputs, and the inputs: what the program said, and what was found of it. An empty id
        where the cluster is gone and nothing is left to do about it; no inputs where they stay as they are.

    Raises:
        TeardownError: these are credentials for another place, or AWS gave no answer.

    """
    operation = open_operation(props, settings, "refresh")
    session, identity = operation.session, operation.identity
    try:
        observation = operation.observe_surely()
        live = observation.cluster
        cluster = session.calls.describe(identity.cluster_identifier) if live is not None else None
    except UnreachableError as error:
        raise RefusedError(
            f"AWS gave no answer about {identity}: {error.words}",
            data="nothing was touched; the state is as it was",
            next_step="run the command again",
        ) from None
    view = view_cluster(cluster) if cluster is not None else None
    if cluster is None or view is None or not identity.is_generation_of(view):
        return _without_cluster(id_, props, operation, observation, asked)
    if view.status in ENDING:
        session.reporter.warn(f"{identity} is being deleted ({view.status})")
    void = {} if view.status in ENDING else {"void": operation.void_beside(observation)[0]}
    handed_on = {**carried(props), **void}
    arguments, said, default_tags = _said(props, operation, settings, asked)
    found = outputs(
        props,
        arguments,
        cluster,
        identity.seen_as(view),
        default_tags,
        said=said,
        carried={name: value for name, value in handed_on.items() if value},
    )
    old_inputs = (asked.old_inputs if asked else None) or {}
    return id_, found, None if said is None else _inputs(found, said, old_inputs)


def _said(
    props: Mapping[str, Any], operation: Operation, settings: Settings, asked: Asked | None
) -> tuple[dict[str, Any], frozenset[str] | None, Mapping[str, str]]:
    """Return what the program said: its arguments, their names, and the stack's own tags.

    The outputs tell. Those of version 1 and 2 do not, and have the tags of others among the program's: there
    the old inputs do, where they are known.
    """
    arguments = {**operation.recorded.state.arguments, "region": own_region(props)}
    said = said_in(props)
    if said is not None:
        tags = arguments["tags"] or {}
        return {**arguments, "tags": tags if "tags" in said else None}, said, props.get(DEFAULT_TAGS) or {}
    if asked is None or asked.old_inputs is None:
        return arguments, None, dict(settings.default_tags)
    before = arguments_of(asked.old_inputs)
    return {**arguments, "tags": before["tags"]}, said_by(before), dict(settings.default_tags)


def _inputs(found: Mapping[str, Any], said: frozenset[str], old_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as the program would have given them for the cluster as it was found.

    What is found as it was said keeps the program's form. What is in no output (a write-only password) is
    taken from the old inputs.
    """
    inputs = {name: found[name] for name in said if name in found}
    before = arguments_of(old_inputs)
    for argument in ARGUMENTS:
        name = argument.name
        if name in said and name in old_inputs and before[name] == found.get(name, before[name]):
            inputs[name] = old_inputs[name]
    recorded = {key: found[key] for key in (*RECORDED_INPUTS, DEFAULT_TAGS) if key in found}
    return {**inputs, **recorded, "state_version": found["state_version"]}


def _named(now: str, asked: Asked | None) -> dict[str, Any] | None:
    """Return the old inputs with the name that AWS shows, which the next preview compares with the program.

    The outputs keep the recorded one: a destroy is to find what the last ``up`` recorded, or refuse.
    """
    if asked is None or asked.old_inputs is None:
        return None
    old_inputs = {name: value for name, value in asked.old_inputs.items() if name != "__provider"}
    return {**old_inputs, IDENTIFIER: now}


def _renamed(
    name: str, operation: Operation, observation: Observation, asked: Asked | None
) -> dict[str, Any] | None:
    """Tell of a cluster that lives under another name; return the inputs, None for those that there are."""
    identity, reporter = operation.identity, operation.session.reporter
    _, step = operation.what_delete_would_do(observation)
    if isinstance(step, LetGo):
        reporter.warn(f"{step.what}. Take it out of this program: `pulumi up` then lets go of it")
        return None
    if observation.cluster is not None:
        to_own = with_way_out(TO_OWN_THE_NEW_ONE, identity, str(operation.recorded.urn))
        reporter.warn(
            f"{identity} has the name {name} in AWS, and {identity.cluster_identifier} is another cluster's "
            f"now, so no `pulumi up` can give it back: to keep this one, set cluster_identifier to {name!r}; "
            f"{to_own}"
        )
        return _named(name, asked)
    reporter.warn(
        f"{identity} has the name {name} in AWS: somebody renamed it, or a `pulumi up` "
        "that did was interrupted. The next `pulumi up` gives it the name that the program says; to keep "
        f"this one, set cluster_identifier to {name!r}"
    )
    return _named(name, asked)


def _without_cluster(
    id_: str,
    props: Mapping[str, Any],
    operation: Operation,
    observation: Observation,
    asked: Asked | None,
) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """Tell what became of a cluster that AWS does not show under its name any more; see `read`."""
    identity, reporter = operation.identity, operation.session.reporter
    as_it_was = {name: value for name, value in props.items() if name not in ("__provider", GONE)}
    if observation.renamed is not None:
        return id_, as_it_was, _renamed(observation.renamed.identifier, operation, observation, asked)
    plan, step = operation.what_delete_would_do(observation)
    if isinstance(step, Done):
        kept = (
            f"its final snapshot {step.snapshot.identifier} is available. To bring it back: "
            f"snapshot_identifier={step.snapshot.identifier!r}, then `pulumi up`"
            if step.snapshot
            else f"no final snapshot of it was due: {plan.decision.describe()}"
        )
        reporter.warn(f"{identity} is gone and leaves the state; {kept}")
        return "", {}, None
    found = (
        f"{step.what} (data: {step.data})"
        if isinstance(step, Refuse)
        else "the cluster is gone, and its final snapshot is not finished as the policy says"
    )
    reporter.warn(f"{identity} stays in the state: {found}. {WHAT_FINISHES}")
    return id_, {**as_it_was, GONE: found}, None
