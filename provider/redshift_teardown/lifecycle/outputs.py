"""Outputs: what the state records of a cluster, from what AWS shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, Change, read_arguments, same
from redshift_teardown.aws.identity import Identity
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.lifecycle.desired import DEFAULT_TAGS, SAID, says, shown_in
from redshift_teardown.lifecycle.state import STATE_VERSION
from redshift_teardown.teardown.claim import TAG_CLAIM

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATING_TAG = "redshift-teardown:creating"
"""Carried by a cluster from CreateCluster until its create is finished; its value is the URN."""

_HIDDEN_TAGS = frozenset({CREATING_TAG, TAG_CLAIM})

RECORDED_INPUTS = ("policy", "on_destroy", "bypass", "urn", "secrets")


def identity_of(cluster: Mapping[str, Any], account_id: str, region: str) -> Identity:
    """Return the identity of a cluster that was just described."""
    return Identity.shown_by(view_cluster(cluster), account_id, region)


def outputs(
    inputs: Mapping[str, Any],
    arguments: Mapping[str, Any],
    cluster: Mapping[str, Any],
    identity: Identity,
    default_tags: Mapping[str, str],
    *,
    said: frozenset[str] | None,
    as_said: bool = False,
    carried: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the outputs of a cluster.

    Where what the program wrote means what AWS shows, the program's form is kept, so that AWS's
    normalisations are no diff. What was not said is recorded as AWS shows it, and counts for nothing.

    Args:
        inputs: The checked inputs: what is recorded of the policy is taken from them.
        arguments: The arguments in them, coerced.
        cluster: An entry of DescribeClusters.
        identity: Whose it is, and which generation.
        default_tags: The stack's own tags.
        said: The names of what the program says; None where that is not known.
        as_said: Whether what was said is recorded so, whatever AWS shows: an update has proven what it named,
            and what else was changed outside is for a refresh to find.
        carried: What is handed on of older outputs, or is known of a new cluster (see ``state.CARRIED``).

    """
    shown = read_arguments(cluster)
    tags = user_tags(cluster)
    result: dict[str, Any] = {}
    for argument in ARGUMENTS:
        if argument.change is Change.LOCAL and argument.secret:
            # Write-only: it is in the inputs, as a secret, and nothing compares it.
            continue
        given = arguments.get(argument.name)
        value = given
        if argument.change is Change.TAGS:
            # Whoever else tags the cluster is no business of this resource: `tags_all` shows it.
            value = (given if as_said else shown_in(tags, given)) if isinstance(given, dict) else None
        elif argument.read is not None:
            seen = shown[argument.name]
            keeps = says(argument, given) and (as_said or same(argument, given, seen))
            value = given if keeps else seen
        if value is not None:
            result[argument.name] = value
    endpoint = cluster.get("Endpoint") or {}
    address = endpoint.get("Address")
    result.update(
        {
            "state_version": STATE_VERSION,
            "region": identity.region,
            "identity": identity.to_json(),
            "arn": identity_of(cluster, identity.account_id, identity.region).arn(),
            "cluster_namespace_arn": cluster.get("ClusterNamespaceArn") or "",
            "cluster_nodes": [
                {
                    "node_role": node.get("NodeRole") or "",
                    "private_ip_address": node.get("PrivateIPAddress") or "",
                    "public_ip_address": node.get("PublicIPAddress") or "",
                }
                for node in cluster.get("ClusterNodes") or []
            ],
            "cluster_public_key": cluster.get("ClusterPublicKey") or "",
            "cluster_revision_number": cluster.get("ClusterRevisionNumber") or "",
            "dns_name": address or "",
            "endpoint": f"{address}:{endpoint.get('Port')}" if address else "",
            "master_password_secret_arn": cluster.get("MasterPasswordSecretArn") or "",
            "tags_all": tags,
        }
    )
    result.update({key: inputs[key] for key in RECORDED_INPUTS if inputs.get(key) is not None})
    result.update(carried or {})
    own = arguments.get("tags") or {}
    defaults = {key: tag for key, tag in default_tags.items() if key not in own}
    defaults = defaults if as_said else shown_in(tags, defaults)
    if defaults:
        result[DEFAULT_TAGS] = defaults
    if said is not None:
        result[SAID] = sorted(said)
    return result


def user_tags(cluster: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags a cluster carries, without AWS's own, the creating mark and the ownership claim."""
    return {
        tag["Key"]: tag.get("Value") or ""
        for tag in cluster.get("Tags") or []
        if not tag["Key"].startswith("aws:") and tag["Key"] not in _HIDDEN_TAGS
    }
