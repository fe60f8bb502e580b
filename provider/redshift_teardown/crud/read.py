"""Read: what a refresh sees. It changes nothing in AWS, and never account, region or generation in the state.

It serves ``preview --refresh`` and read-only roles as well, and an error of it fails the whole refresh, that
of everybody else's resources too. So what became of this cluster is told in words and outputs, not by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.operation import Operation, open_operation
from redshift_teardown.crud.outputs import outputs
from redshift_teardown.crud.wanted import own_region, recorded_inherited
from redshift_teardown.errors import RefusedError
from redshift_teardown.state import GONE, carried
from redshift_teardown.teardown.calls import UnreachableError, view_cluster
from redshift_teardown.teardown.model import Done, Refuse
from redshift_teardown.teardown.statuses import ENDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import Observation

WHAT_FINISHES = (
    "`pulumi destroy`, or a `pulumi up` whose program still has it, finishes what is missing or says why it "
    "cannot"
)


def read(id_: str, props: Mapping[str, Any], settings: Settings) -> tuple[str, dict[str, Any]]:
    """Read a cluster as AWS shows it now.

    A cluster that is gone leaves the state only where a delete could let go of it at once. Any other stays,
    and its outputs say under ``gone`` what was found: a refresh is no way round a destroy that refuses.

    Args:
        id_: The resource's id.
        props: The stored outputs.
        settings: The stack's configuration.

    Returns:
        The id and the outputs; an empty id where the cluster is gone and nothing is left to do about it.

    Raises:
        TeardownError: these are credentials for another place, or AWS gave no answer.

    """
    operation = open_operation(props, settings, "refresh")
    session, identity = operation.session, operation.identity
    try:
        observation = operation.observe()
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
        return _without_cluster(id_, props, operation, observation)
    if view.status in ENDING:
        session.reporter.warn(f"{identity} is being deleted ({view.status})")
    void = {} if view.status in ENDING else {"void": operation.void_beside(observation)}
    handed_on = {**carried(props), **void}
    found = outputs(
        props,
        {**operation.recorded.state.arguments, "region": own_region(props)},
        cluster,
        identity.seen_as(view),
        settings,
        inherited=recorded_inherited(props),
        carried={name: value for name, value in handed_on.items() if value},
    )
    return id_, found


def _without_cluster(
    id_: str, props: Mapping[str, Any], operation: Operation, observation: Observation
) -> tuple[str, dict[str, Any]]:
    """Say what became of a cluster that AWS does not show under its name any more."""
    identity, reporter = operation.identity, operation.session.reporter
    as_it_was = {name: value for name, value in props.items() if name not in ("__provider", GONE)}
    if observation.renamed_to:
        reporter.warn(
            f"{identity} was renamed to {observation.renamed_to} outside of Pulumi; its state stays as it "
            "was. If a `pulumi up` that renames it was interrupted, run that again; else rename it back, or "
            f"set cluster_identifier to {observation.renamed_to!r} and run `pulumi up`"
        )
        return id_, as_it_was
    plan, step = operation.what_delete_would_do(observation)
    if isinstance(step, Done):
        kept = (
            f"its final snapshot {step.snapshot.identifier} is available. To bring it back: "
            f"snapshot_identifier={step.snapshot.identifier!r}, then `pulumi up`"
            if step.snapshot
            else f"no final snapshot of it was due: {plan.decision.describe()}"
        )
        reporter.warn(f"{identity} is gone and leaves the state; {kept}")
        return "", {}
    found = (
        f"{step.what} (data: {step.data})"
        if isinstance(step, Refuse)
        else "the cluster is gone, and its final snapshot is not finished as the policy says"
    )
    reporter.warn(f"{identity} stays in the state: {found}. {WHAT_FINISHES}")
    return id_, {**as_it_was, GONE: found}
