"""The resources of an exported state, and this package's clusters among them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy.facts import PULUMI_SIGNATURE
from redshift_teardown.engine.exported_state import SourceError, resources_of
from redshift_teardown.engine.protected import protected
from redshift_teardown.engine.secret_values import SECRET_SIGNATURE
from redshift_teardown.engine.urn import CLUSTER_TYPE, Urn, UrnError
from redshift_teardown.escaping import one_line
from redshift_teardown.lifecycle.state import UNKNOWN
from redshift_teardown.reports.observed import StackCluster

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_KEYS = ("aws:kms/key:Key", "aws-native:kms:Key")
_ALIASES = ("aws:kms/alias:Alias", "aws-native:kms:Alias")
_TARGETS = ("targetKeyId", "targetKeyArn")
_STAYING = ("protect", "retainOnDelete", "external")
_DECIDING = ("policy", "identity", "cluster_identifier", "environment", "region", "urn", "tags_all")


def clusters_of(document: Any) -> tuple[StackCluster, ...]:
    """Take the clusters of this package out of what `pulumi stack export` writes.

    Raises:
        SourceError: it is no such document.

    """
    resources = resources_of(document)
    kept = protected(resources)
    found = []
    for resource in resources:
        try:
            urn = Urn.parse(resource["urn"])
        except UrnError as error:
            raise SourceError(f"this is no exported state: {one_line(str(error))}") from None
        if urn.type == CLUSTER_TYPE:
            found.append(_cluster(resource, resources, kept))
    return tuple(found)


def configurations_of(document: Any) -> dict[str, dict[str, Any]]:
    """Take the configuration that `pulumi destroy` would hand over out of what `pulumi stack export` writes.

    Args:
        document: An exported state, as `clusters_of` accepts it.

    Returns:
        By the URN of each cluster whose provider the state holds, the keys and values.

    Raises:
        SourceError: it is no such document.

    """
    resources = resources_of(document)
    providers = {
        f"{resource['urn']}::{resource.get('id')}": resource.get("inputs") or {} for resource in resources
    }
    return {
        resource["urn"]: {key: _revealed(value) for key, value in providers[resource["provider"]].items()}
        for resource in resources
        if resource.get("type") == CLUSTER_TYPE and resource.get("provider") in providers
    }


def _cluster(
    resource: Mapping[str, Any],
    resources: Sequence[Mapping[str, Any]],
    kept: Sequence[tuple[str, frozenset[str]]],
) -> StackCluster:
    own = resource["urn"]
    outputs = {key: _revealed(value) for key, value in (resource.get("outputs") or {}).items()}
    return StackCluster(
        urn=own,
        outputs=outputs,
        protect=bool(resource.get("protect")),
        retain_on_delete=bool(resource.get("retainOnDelete")),
        external=bool(resource.get("external")),
        pending_replacement=bool(resource.get("pendingReplacement")),
        protected_dependents=tuple(urn for urn, needs in kept if own in needs),
        protected_beside=tuple(urn for urn, needs in kept if own not in needs and urn != own),
        deleted_with=str(resource.get("deletedWith") or ""),
        key_of_the_stack=_key_that_goes(outputs.get("kms_key_id"), resources),
        encrypted_facts=tuple(name for name in _DECIDING if is_hidden(outputs.get(name))),
    )


def _key_that_goes(key: object, resources: Sequence[Mapping[str, Any]]) -> str:
    """Find the KMS key of the same stack that a cluster is encrypted with, where destroy deletes it too."""
    if not isinstance(key, str) or not key:
        return ""
    keys = {key}
    for alias in _of_types(resources, _ALIASES):
        outputs = alias.get("outputs") or {}
        if keys & _names(alias.get("id"), *(outputs.get(name) for name in ("arn", "name", "aliasName"))):
            keys |= _names(*(outputs.get(name) for name in _TARGETS))
    for resource in _of_types(resources, _KEYS):
        outputs = resource.get("outputs") or {}
        names = _names(resource.get("id"), outputs.get("arn"), outputs.get("keyId"))
        if keys & names and not any(resource.get(option) for option in _STAYING):
            return str(resource["urn"])
    return ""


def _names(*values: object) -> set[str]:
    return {value for value in values if isinstance(value, str) and value}


def _of_types(resources: Iterable[Mapping[str, Any]], types: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
    return (resource for resource in resources if resource.get("type") in types)


def _revealed(value: Any) -> Any:
    """Return a value with its secrets in clear where the state holds them so, and unknown elsewhere."""
    if isinstance(value, dict):
        if value.get(PULUMI_SIGNATURE) == SECRET_SIGNATURE:
            return _revealed(_decrypted(value["plaintext"])) if "plaintext" in value else UNKNOWN
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return value


def _decrypted(plaintext: Any) -> Any:
    try:
        return json.loads(plaintext)
    except (TypeError, ValueError, RecursionError):
        raise SourceError("this is no exported state: the plaintext of a secret is no JSON") from None


def is_hidden(value: Any) -> bool:
    """Return whether a value, or a part of it, is encrypted in the state."""
    if isinstance(value, dict):
        return any(is_hidden(item) for item in value.values())
    if isinstance(value, list):
        return any(is_hidden(item) for item in value)
    return value is UNKNOWN
