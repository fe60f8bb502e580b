"""A Redshift cluster as a policy sees it, whichever provider owns it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from redshift_pack.values import UNKNOWN, decoded, mapping, plain_properties, text
from redshift_teardown.engine.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_policy import PolicyProviderResource, PolicyResourceOptions

OWNED_TYPE: Final = "pulumi-python:dynamic/redshift:Cluster"
AWS_TYPE: Final = "aws:redshift/cluster:Cluster"
TERRAFORM_TYPE: Final = "aws:index/redshiftCluster:RedshiftCluster"
"""The same resource, where the Terraform provider is used directly (`pulumi package add`)."""
NATIVE_TYPE: Final = "aws-native:redshift:Cluster"

_DYNAMIC: Final = "pulumi-python:dynamic"
_MARKS: Final = {"state_version", "on_destroy"}
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ARN_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")


class OwningProvider(Enum):
    """Which provider owns a cluster."""

    OWNED = "redshift_teardown.Cluster"
    AWS = "aws.redshift.Cluster"
    NATIVE = "aws_native.redshift.Cluster"


class Resource(Protocol):
    """What the SDK's `ResourceValidationArgs` and `PolicyResource` have in common."""

    resource_type: str
    props: Mapping[str, object]
    urn: str
    opts: PolicyResourceOptions
    provider: PolicyProviderResource | None


@dataclass(frozen=True)
class Subject:
    """A cluster under judgement.

    Attributes:
        kind: Which provider owns it.
        urn: Its URN, which also tells stack and project: on existing state there is no other source.
        props: Its properties, plain; `UNKNOWN` where a value is not known yet.
        protect: Whether the resource option `protect` is set.
        provider: The properties of its provider resource, plain; empty where it has none.
    """

    kind: OwningProvider
    urn: Urn
    props: Mapping[str, object]
    protect: bool
    provider: Mapping[str, object]

    @property
    def called(self) -> str:
        """The cluster in words: its identifier where that is known, and its name in the program."""
        identifier = text(self.props.get(_IDENTIFIER[self.kind]))
        return f'cluster "{identifier}" ({self.urn.name})' if identifier else f"cluster {self.urn.name}"

    @property
    def only_read(self) -> bool:
        """Whether inputs show a cluster that the program reads and does not own: destroy leaves it alone.

        The engine does not say so. But its inputs are what `Cluster.get` was given beside the id, which is
        nothing; a cluster that is made has some, known or not. With inputs it counts as owned.
        """
        return self.kind is not OwningProvider.OWNED and all(value is None for value in self.props.values())

    @property
    def account(self) -> str | None:
        """The AWS account the cluster is in, as far as its own resource and provider tell.

        An owned cluster records its account: in its identity, and with its policy already at preview. What
        AWS said (that, or an ARN) goes before what the provider is restricted to, since a provider with
        `allowedAccountIds` refuses every other account, and before the role it assumes.
        """
        identity, policy = mapping(self.props.get("identity")), mapping(self.props.get("policy"))
        for recorded in (identity.get("account_id"), policy.get("account")):
            if isinstance(recorded, str) and _ACCOUNT.fullmatch(recorded):
                return recorded
        found = _ARN_ACCOUNT.match(text(self.props.get("arn")) or "")
        if found:
            return found[1]
        if self.kind is OwningProvider.OWNED:
            return None
        return _account_of_provider(self.provider)


def subject_of(resource: Resource) -> Subject | None:
    """Return a resource as a cluster under judgement.

    A subclass of the owned `Cluster` may have another type token; it is known by `state_version` and
    `on_destroy`, which only that class records.

    Args:
        resource: A resource as the policy SDK hands it over, one at a time or with its stack.

    Returns:
        The cluster, or None if the resource is none.
    """
    kind = _FIXED.get(resource.resource_type)
    if kind is None:
        if not resource.resource_type.startswith(_DYNAMIC):
            return None
        # Not `in`: on the SDK's mappings that reads the value, and raises if it is not known.
        if not set(resource.props) >= _MARKS:
            return None
        kind = OwningProvider.OWNED
    return Subject(
        kind=kind,
        urn=Urn.parse(resource.urn),
        props=plain_properties(resource.props),
        protect=bool(resource.opts.protect),
        provider=plain_properties(resource.provider.props) if resource.provider else {},
    )


_FIXED: Final = {
    OWNED_TYPE: OwningProvider.OWNED,
    AWS_TYPE: OwningProvider.AWS,
    TERRAFORM_TYPE: OwningProvider.AWS,
    NATIVE_TYPE: OwningProvider.NATIVE,
}
_IDENTIFIER: Final = {
    OwningProvider.OWNED: "cluster_identifier",
    OwningProvider.AWS: "clusterIdentifier",
    OwningProvider.NATIVE: "clusterIdentifier",
}


def _account_of_provider(provider: Mapping[str, object]) -> str | None:
    allowed = decoded(provider.get("allowedAccountIds"))
    if allowed is UNKNOWN:
        return None
    if isinstance(allowed, list) and allowed:
        only = text(allowed[0]) if len(allowed) == 1 else None
        return only if only and _ACCOUNT.fullmatch(only) else None
    roles = decoded(provider.get("assumeRoles"))
    # Roles are assumed one after the other; the last one is where the calls are made.
    role = roles[-1] if isinstance(roles, list) and roles else decoded(provider.get("assumeRole"))
    found = _ARN_ACCOUNT.match(text(mapping(role).get("roleArn")) or "")
    return found[1] if found else None
