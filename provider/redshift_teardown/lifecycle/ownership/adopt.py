"""Adoption: taking over a cluster that exists as it is. Only its ownership claim is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import read_arguments
from redshift_teardown.aws.statuses import ENDING
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.deletion_policy import from_json
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.changes.wait import wait_until_available
from redshift_teardown.lifecycle.desired import equal_in, in_force, said_by
from redshift_teardown.lifecycle.operation import Operation
from redshift_teardown.lifecycle.outputs import CREATING_TAG, identity_of, outputs, user_tags
from redshift_teardown.lifecycle.ownership.claims import claimed_by_adoption, end_adoption
from redshift_teardown.lifecycle.ownership.generation import ExpectedGeneration
from redshift_teardown.lifecycle.ownership.held import living, require_held
from redshift_teardown.lifecycle.policy.planner import read_recorded
from redshift_teardown.lifecycle.policy.protection import protected_place
from redshift_teardown.lifecycle.policy.resolve import is_protected
from redshift_teardown.teardown.plan import TAG_PROJECT, TAG_STACK
from redshift_teardown.teardown.resource_tag import decoded, says

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session

_CREATING = "creating"


def adopt(
    session: Session,
    inputs: Mapping[str, Any],
    arguments: Mapping[str, Any],
    cluster: Mapping[str, Any],
    urn: Urn,
) -> dict[str, Any]:
    """Take over a cluster as it is, since the program asks for it: the next preview shows what differs.

    Args:
        session: The operation's surroundings.
        inputs: The checked inputs.
        arguments: The arguments in them, coerced.
        cluster: The cluster, an entry of DescribeClusters.
        urn: The resource that takes it over.

    Returns:
        The outputs.

    Raises:
        TeardownError: it is not this resource's to take, or AWS did not answer. Nobody deletes it in this
            run, then.

    """
    identifier = str(cluster["ClusterIdentifier"])
    identity = identity_of(cluster, session.account_id, session.aws.region)
    try:
        _require_adoptable(cluster, urn)
        meant = ExpectedGeneration(session.account_id, session.aws.region, lambda _first: True)
        meant.require(cluster)
        if cluster.get("ClusterStatus") == _CREATING:
            rules = from_json(inputs["policy"]["rules"])
            cluster = wait_until_available(
                session, identifier, rules, f"cluster {identifier} to be created", meant
            )
            identity = identity_of(cluster, session.account_id, session.aws.region)
        _reserve(identity, urn)
        outs = _taken_over(session, inputs, arguments, living(session, identifier, meant), urn, meant)
    except TeardownError:
        this_run.keep_out(identity, str(urn))
        raise
    this_run.note_created(identity, str(urn), str(outs["claim"]))
    session.reporter.keep(
        f"adopted cluster {identifier} as it is (created {cluster.get('ClusterCreateTime')}); but for the "
        "ownership claim nothing of it was changed. `pulumi preview` shows what differs from the program"
    )
    return outs


def _taken_over(
    session: Session,
    inputs: Mapping[str, Any],
    arguments: Mapping[str, Any],
    cluster: Mapping[str, Any],
    urn: Urn,
    meant: ExpectedGeneration,
) -> dict[str, Any]:
    """Write the claim, and see to it that it is the last one, and that the cluster outlives it."""
    identifier = str(cluster["ClusterIdentifier"])
    place = protected_place(inputs["policy"], urn, session.account_id)
    claim = claimed_by_adoption(session, cluster, urn, protected=is_protected(inputs), by_file=bool(place))
    require_held(session, identifier, meant, claim)
    default_tags = dict(session.settings.default_tags)
    known, tags = in_force(arguments, read_arguments(cluster)), user_tags(cluster)
    if known["tags"] is not None:
        known["tags"] = equal_in(tags, known["tags"])
    outs = outputs(
        inputs,
        known,
        cluster,
        identity_of(cluster, session.account_id, session.aws.region),
        equal_in(tags, default_tags),
        said=said_by(known),
        carried={"claim": claim.name, **place},
    )
    void = Operation(read_recorded(outs, session.settings), session).voided()
    require_held(session, identifier, meant, claim)
    end_adoption(session, cluster, claim)
    # Whoever deletes or takes over had a moment more, while the last tag was on its way.
    require_held(session, identifier, meant, claim)
    return {**outs, "void": void} if void else outs


def _reserve(identity: Identity, urn: Urn) -> None:
    """Reserve a generation before its claim is written; what is refused is kept out, which ends that."""
    another = this_run.reserve(identity, str(urn))
    if another:
        raise RefusedError(
            f"{identity} is owned by {another} in this same stack",
            data="that cluster was not touched",
            next_step="keep one of the two resources; if one is the other under a new name, give it "
            f'aliases=["{another}"]',
        )


def exists(session: Session, cluster: Mapping[str, Any], urn: Urn) -> RefusedError:
    """Return the refusal of a create that met a cluster, which nobody deletes in this run, then."""
    identifier = cluster["ClusterIdentifier"]
    this_run.keep_out(identity_of(cluster, session.account_id, session.aws.region), str(urn))
    return RefusedError(
        f"a cluster called {identifier} exists already in {session.account_id}, {session.aws.region}, "
        f"created {cluster.get('ClusterCreateTime') or 'just now'}",
        data="that cluster was not touched",
        next_step="choose another cluster_identifier; or, if this stack is to own that very cluster, set "
        "adopt_existing=True; or, if this resource is that cluster's under a new name, tell Pulumi so: "
        "opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name='its old name')]); or, if `--replace` or a "
        f"taint asks to replace it, {this_run.DELETE_FIRST}",
    )


def _require_adoptable(cluster: Mapping[str, Any], urn: Urn) -> None:
    view = view_cluster(cluster)
    identifier, status, tags = view.identifier, view.status, dict(view.tags)
    for key, own in ((TAG_STACK, urn.stack), (TAG_PROJECT, urn.project), (CREATING_TAG, str(urn))):
        if key == CREATING_TAG and key in tags and not says(tags[key], own):
            before = decoded(tags[key])
            raise RefusedError(
                f"cluster {identifier} carries the tag {key}: an `up` of {before} began it and did not end",
                data="that cluster was not touched",
                next_step="run `pulumi up` of that resource, under that name and in that stack, which goes "
                f"on with this very cluster; or, to adopt it here, remove its tag {key} (`aws redshift "
                "delete-tags`) and run `pulumi up` again",
            )
        if key in tags and not says(tags[key], own):
            raise RefusedError(
                f"cluster {identifier} carries the tag {key}={tags[key]}: it is another stack's",
                data="that cluster was not touched",
                next_step="adopt it from that stack; or remove the tag, if that stack is gone",
            )
    if status in ENDING:
        raise RefusedError(
            f"cluster {identifier} is being deleted ({status}), so it cannot be adopted",
            data="that cluster was not touched",
            next_step="wait until it is gone, then run `pulumi up` again; it is created anew then",
        )
