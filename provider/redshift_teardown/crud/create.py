"""Create: a new cluster, one restored from a snapshot, or one that exists already and is adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.converge import converge
from redshift_teardown.crud.diff import all_tags
from redshift_teardown.crud.outputs import CREATING_TAG, cluster_arn, identity_of, outputs, user_tags
from redshift_teardown.crud.restore import Source, find_source
from redshift_teardown.crud.session import Session, open_session
from redshift_teardown.crud.settle import wait_until_available
from redshift_teardown.deletion_policy import PolicyError, fit_tag_value
from redshift_teardown.errors import RefusedError
from redshift_teardown.parameters import parameters_for
from redshift_teardown.stack_policy import read_policy, refuse_bypass, resolve
from redshift_teardown.state import arguments_of
from redshift_teardown.teardown.model import Answer, Attempt
from redshift_teardown.teardown.plan import TAG_PROJECT, TAG_STACK, TAG_URN
from redshift_teardown.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings


def create(props: Mapping[str, Any], settings: Settings) -> tuple[str, dict[str, Any]]:
    """Bring a cluster up.

    Args:
        props: The checked inputs, all known.
        settings: The stack's configuration.

    Returns:
        The cluster identifier, which is the resource's id, and the outputs.

    Raises:
        TeardownError: nothing was created, or a cluster was and the message says which.

    """
    urn = Urn.parse(str(props.get("urn") or ""))
    arguments = arguments_of(props)
    identifier = str(arguments["cluster_identifier"])
    session = open_session(settings, arguments.get("region"), str(urn), urn.name)
    inputs = {**props, **_resolve_again(session, props, urn)}
    rules = inputs["policy"]["rules"]
    existing = session.calls.describe(identifier)
    adopted = False
    if existing is None:
        source = find_source(session, arguments, urn)
        _send(session, arguments, identifier, urn, source)
    elif not _left_by_us(existing, urn):
        adopted = True
        _require_adoptable(session, existing, arguments, urn)
    try:
        cluster = wait_until_available(session, identifier, rules, f"cluster {identifier} to be created")
        identity = identity_of(cluster, session.account_id, session.aws.region)
        owned.claim(identity, str(urn))
        if not adopted:
            cluster = converge(session, arguments, cluster, rules, fresh=True)
    except RefusedError as error:
        raise RefusedError(
            error.what,
            data=f"cluster {identifier} exists in {session.aws.region} and is not in this stack's state yet",
            next_step="run `pulumi up` again: it goes on with this very cluster",
        ) from None
    if adopted:
        session.reporter.keep(
            f"adopted cluster {identifier} as it is (created {cluster.get('ClusterCreateTime')}); nothing "
            "was changed"
        )
    return identifier, outputs(inputs, arguments, cluster, identity, settings)


def _resolve_again(session: Session, props: Mapping[str, Any], urn: Urn) -> dict[str, Any]:
    """Decide with the account known, whatever preview could not know."""
    try:
        resolved = resolve(
            read_policy(session.settings),
            session.settings,
            props,
            urn,
            account=session.account_id,
            region=session.aws.region,
        )
    except PolicyError as error:
        raise RefusedError(
            f"the deletion policy does not hold for this cluster:\n{error}",
            data="nothing was created",
            next_step="mend the policy or the configuration, then run `pulumi up` again",
        ) from None
    refuse_bypass(resolved.match.environment, list(props.get("bypass") or []), urn.name)
    return {"policy": resolved.record(), "on_destroy": resolved.on_destroy}


def _left_by_us(cluster: Mapping[str, Any], urn: Urn) -> bool:
    """Tell whether a create of this very resource began this cluster and did not finish.

    A cluster that is being restored cannot be tagged in the same call; until it is, it carries the
    tags of our own final snapshot.
    """
    tags = {tag["Key"]: tag.get("Value") or "" for tag in cluster.get("Tags") or []}
    ours = fit_tag_value(str(urn))
    if tags.get(CREATING_TAG) == ours:
        return True
    return bool(cluster.get("RestoreStatus")) and tags.get(TAG_URN) == ours


def _require_adoptable(
    session: Session, cluster: Mapping[str, Any], arguments: Mapping[str, Any], urn: Urn
) -> None:
    identifier = cluster["ClusterIdentifier"]
    if not arguments.get("adopt_existing"):
        raise RefusedError(
            f"a cluster called {identifier} exists already in {session.account_id}, {session.aws.region}, "
            f"created {cluster.get('ClusterCreateTime')}",
            data="that cluster was not touched",
            next_step="choose another cluster_identifier; or, if this stack is to own that very cluster, set "
            "adopt_existing=True",
        )
    tags = user_tags(cluster)
    for key, own in ((TAG_STACK, urn.stack), (TAG_PROJECT, urn.project)):
        if key in tags and tags[key] != fit_tag_value(own):
            raise RefusedError(
                f"cluster {identifier} carries the tag {key}={tags[key]}: it is another stack's",
                data="that cluster was not touched",
                next_step="adopt it from that stack; or remove the tag, if that stack is gone",
            )


def _send(
    session: Session, arguments: Mapping[str, Any], identifier: str, urn: Urn, source: Source | None
) -> None:
    creating = {CREATING_TAG: fit_tag_value(str(urn))}
    redshift = session.aws.redshift
    if source is None:
        parameters = parameters_for("c", arguments)
        password = arguments.get("master_password_wo")
        if password is not None:
            parameters["MasterUserPassword"] = password
        nodes = arguments.get("number_of_nodes") or 1
        parameters["ClusterType"] = "multi-node" if nodes > 1 else "single-node"
        if nodes == 1:
            # AWS refuses NumberOfNodes for a single-node cluster.
            parameters.pop("NumberOfNodes", None)
        tags = {**all_tags(arguments.get("tags"), session.settings), **creating}
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        _adapt(parameters)
        attempt = session.calls.change("CreateCluster", lambda: redshift.create_cluster(**parameters))
        _require_accepted(attempt, f"create cluster {identifier}")
        return
    parameters = {**parameters_for("r", arguments), **source.parameters}
    _adapt(parameters)
    session.reporter.keep(f"{identifier} is restored from {source.words}")
    attempt = session.calls.change(
        "RestoreFromClusterSnapshot", lambda: redshift.restore_from_cluster_snapshot(**parameters)
    )
    _require_accepted(attempt, f"restore cluster {identifier} from {source.words}")
    restoring = session.calls.describe(identifier)
    if restoring is not None:
        # Refused while a cluster is being restored on some days; converge writes the tags in any case.
        arn = cluster_arn(restoring, session.account_id, session.aws.region)
        session.calls.tag(arn, creating)


def _adapt(parameters: dict[str, Any]) -> None:
    """Give the parameters that AWS wants in a form of its own."""
    if parameters.get("ManageMasterPassword") is False:
        del parameters["ManageMasterPassword"]


def _require_accepted(attempt: Attempt, intent: str) -> None:
    """Let through what AWS accepted, and what it may have: the wait that follows looks."""
    if attempt.answer is Answer.ACCEPTED or attempt.code.startswith("ClusterAlreadyExists"):
        return
    raise RefusedError(
        f"AWS did not {intent}: {attempt.words}",
        data="nothing was created"
        if attempt.answer is Answer.REFUSED
        else "AWS may have begun to create the cluster; the next `pulumi up` finds it",
        next_step="mend the cause, then run `pulumi up` again",
    )
