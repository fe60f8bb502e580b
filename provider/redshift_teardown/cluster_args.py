"""The arguments of a cluster as one object, as Pulumi's SDKs have it beside keywords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME
from redshift_teardown.deletion_policy.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(kw_only=True, repr=False)
class ClusterArgs:
    """The arguments of `Cluster`; each means what the keyword of its name means."""

    cluster_identifier: pulumi.Input[str] | None = None
    node_type: pulumi.Input[str] | None = None
    number_of_nodes: pulumi.Input[int] | None = None
    cluster_type: pulumi.Input[str] | None = None
    database_name: pulumi.Input[str] | None = None
    master_username: pulumi.Input[str] | None = None
    master_password: pulumi.Input[str] | None = None
    master_password_wo: pulumi.Input[str] | None = None
    master_password_wo_version: pulumi.Input[int] | None = None
    manage_master_password: pulumi.Input[bool] | None = None
    master_password_secret_kms_key_id: pulumi.Input[str] | None = None
    encrypted: pulumi.Input[str] | pulumi.Input[bool] | None = None
    kms_key_id: pulumi.Input[str] | None = None
    multi_az: pulumi.Input[bool] | None = None
    availability_zone: pulumi.Input[str] | None = None
    availability_zone_relocation_enabled: pulumi.Input[bool] | None = None
    allow_version_upgrade: pulumi.Input[bool] | None = None
    automated_snapshot_retention_period: pulumi.Input[int] | None = None
    manual_snapshot_retention_period: pulumi.Input[int] | None = None
    cluster_parameter_group_name: pulumi.Input[str] | None = None
    cluster_subnet_group_name: pulumi.Input[str] | None = None
    cluster_version: pulumi.Input[str] | None = None
    default_iam_role_arn: pulumi.Input[str] | None = None
    elastic_ip: pulumi.Input[str] | None = None
    enhanced_vpc_routing: pulumi.Input[bool] | None = None
    iam_roles: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    maintenance_track_name: pulumi.Input[str] | None = None
    port: pulumi.Input[int] | None = None
    preferred_maintenance_window: pulumi.Input[str] | None = None
    publicly_accessible: pulumi.Input[bool] | None = None
    vpc_security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    apply_immediately: pulumi.Input[bool] | None = None
    aqua_configuration_status: pulumi.Input[str] | None = None
    snapshot_identifier: pulumi.Input[str] | None = None
    snapshot_arn: pulumi.Input[str] | None = None
    snapshot_cluster_identifier: pulumi.Input[str] | None = None
    owner_account: pulumi.Input[str] | None = None
    region: pulumi.Input[str] | None = None
    skip_final_snapshot: pulumi.Input[bool] | None = None
    final_snapshot_identifier: pulumi.Input[str] | None = None
    restore_final_snapshot: pulumi.Input[bool] | None = None
    adopt_existing: pulumi.Input[bool] | None = None
    environment: pulumi.Input[str] | None = None


def arguments_in(
    resource_name: str, args: object, keywords: Mapping[str, Any]
) -> tuple[dict[str, Any], pulumi.ResourceOptions | None]:
    """Return the arguments of a cluster, and the options where those stand in their place.

    Args:
        resource_name: The resource's name, for messages.
        args: ``ClusterArgs``, ``pulumi_aws.redshift.ClusterArgs`` or a mapping; or the options.
        keywords: The arguments that were given as keywords; None is none.

    Raises:
        pulumi.RunError: arguments are given in both ways, or by a name that there is not.

    """
    if args is None or isinstance(args, pulumi.ResourceOptions):
        return dict(keywords), args
    given = dict(args) if isinstance(args, Mapping) else dict(vars(args))
    unknown = [name for name in given if name not in BY_NAME]
    if unknown:
        near = nearest(unknown[0], list(BY_NAME))
        message = f"{resource_name}: there is no argument {unknown[0]!r}" + (
            f"; did you mean {near!r}?" if near else ""
        )
        raise pulumi.RunError(message)
    twice = [name for name, value in keywords.items() if value is not None]
    if twice:
        message = (
            f"{resource_name}: {', '.join(twice)} given beside {type(args).__name__}: give all arguments in "
            "it, or all as keywords"
        )
        raise pulumi.RunError(message)
    return {argument.name: given.get(argument.name) for argument in ARGUMENTS}, None
