"""The resource a program writes: a Redshift cluster that its deletion policy protects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource

from redshift_teardown.aws.arguments import ARGUMENTS, READ_ONLY
from redshift_teardown.cluster_args import ClusterArgs, arguments_in
from redshift_teardown.cluster_options import read_options, secret_names
from redshift_teardown.engine.secret_values import SECRETS
from redshift_teardown.engine.urn import CLUSTER_TYPE
from redshift_teardown.lifecycle.policy.resolve import BYPASSES
from redshift_teardown.lifecycle.state import STATE_VERSION
from redshift_teardown.provider import ClusterProvider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECRETS = tuple(argument.name for argument in ARGUMENTS if argument.secret)


class Cluster(Resource, module="redshift", name="Cluster"):
    """A Redshift cluster that cannot be destroyed without the final snapshot its policy asks for.

    Every argument and output of ``pulumi_aws.redshift.Cluster`` 7.x has the same name here.
    ``skip_final_snapshot`` and ``final_snapshot_identifier`` are requests that the deletion policy
    grants or refuses; ``restore_final_snapshot``, ``adopt_existing`` and ``environment`` are added.
    """

    cluster_identifier: pulumi.Output[str]
    node_type: pulumi.Output[str]
    number_of_nodes: pulumi.Output[int | None]
    cluster_type: pulumi.Output[str]
    database_name: pulumi.Output[str]
    master_username: pulumi.Output[str | None]
    master_password: pulumi.Output[str | None]
    master_password_wo: pulumi.Output[str | None]
    master_password_wo_version: pulumi.Output[int | None]
    manage_master_password: pulumi.Output[bool | None]
    master_password_secret_kms_key_id: pulumi.Output[str]
    encrypted: pulumi.Output[str | None]
    kms_key_id: pulumi.Output[str]
    multi_az: pulumi.Output[bool | None]
    availability_zone: pulumi.Output[str]
    availability_zone_relocation_enabled: pulumi.Output[bool | None]
    allow_version_upgrade: pulumi.Output[bool | None]
    automated_snapshot_retention_period: pulumi.Output[int | None]
    manual_snapshot_retention_period: pulumi.Output[int | None]
    cluster_parameter_group_name: pulumi.Output[str]
    cluster_subnet_group_name: pulumi.Output[str]
    cluster_version: pulumi.Output[str | None]
    default_iam_role_arn: pulumi.Output[str]
    elastic_ip: pulumi.Output[str | None]
    enhanced_vpc_routing: pulumi.Output[bool]
    iam_roles: pulumi.Output[Sequence[str]]
    maintenance_track_name: pulumi.Output[str | None]
    port: pulumi.Output[int | None]
    preferred_maintenance_window: pulumi.Output[str]
    publicly_accessible: pulumi.Output[bool | None]
    vpc_security_group_ids: pulumi.Output[Sequence[str]]
    tags: pulumi.Output[Mapping[str, str] | None]
    apply_immediately: pulumi.Output[bool | None]
    aqua_configuration_status: pulumi.Output[str | None]
    snapshot_identifier: pulumi.Output[str | None]
    snapshot_arn: pulumi.Output[str | None]
    snapshot_cluster_identifier: pulumi.Output[str | None]
    owner_account: pulumi.Output[str | None]
    region: pulumi.Output[str]
    skip_final_snapshot: pulumi.Output[bool | None]
    final_snapshot_identifier: pulumi.Output[str | None]
    restore_final_snapshot: pulumi.Output[bool | None]
    adopt_existing: pulumi.Output[bool | None]
    environment: pulumi.Output[str | None]
    arn: pulumi.Output[str]
    """The cluster's ARN."""
    cluster_namespace_arn: pulumi.Output[str]
    """The ARN of the cluster's namespace: the identity of this generation."""
    cluster_nodes: pulumi.Output[Sequence[Mapping[str, str]]]
    """The nodes: ``node_role``, ``private_ip_address``, ``public_ip_address``."""
    cluster_public_key: pulumi.Output[str]
    """The public key of the cluster."""
    cluster_revision_number: pulumi.Output[str]
    """The revision number of its database."""
    dns_name: pulumi.Output[str]
    """The DNS name."""
    endpoint: pulumi.Output[str]
    """The DNS name and port, ``name:port``."""
    master_password_secret_arn: pulumi.Output[str]
    """The ARN of the secret that holds a managed password."""
    tags_all: pulumi.Output[Mapping[str, str]]
    """All tags, the stack's default ones included."""
    on_destroy: pulumi.Output[str]
    """What destroying the cluster would do, and which line of the deletion policy says so."""
    identity: pulumi.Output[Mapping[str, str]]
    """The generation: ``account_id``, ``region``, ``cluster_namespace_arn``, ``cluster_create_time``."""
    policy: pulumi.Output[Mapping[str, Any]]
    """What is recorded of the deletion policy: digest, source, environment, rules."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the type token: a subclass is the same kind of resource to the engine and the policy pack."""
        super().__init_subclass__(module="redshift", name="Cluster", **kwargs)

    def __init__(
        self,
        resource_name: str,
        args: ClusterArgs | Mapping[str, Any] | pulumi.ResourceOptions | Any = None,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster_identifier: pulumi.Input[str] | None = None,
        node_type: pulumi.Input[str] | None = None,
        number_of_nodes: pulumi.Input[int] | None = None,
        cluster_type: pulumi.Input[str] | None = None,
        database_name: pulumi.Input[str] | None = None,
        master_username: pulumi.Input[str] | None = None,
        master_password: pulumi.Input[str] | None = None,
        master_password_wo: pulumi.Input[str] | None = None,
        master_password_wo_version: pulumi.Input[int] | None = None,
        manage_master_password: pulumi.Input[bool] | None = None,
        master_password_secret_kms_key_id: pulumi.Input[str] | None = None,
        encrypted: pulumi.Input[str] | pulumi.Input[bool] | None = None,
        kms_key_id: pulumi.Input[str] | None = None,
        multi_az: pulumi.Input[bool] | None = None,
        availability_zone: pulumi.Input[str] | None = None,
        availability_zone_relocation_enabled: pulumi.Input[bool] | None = None,
        allow_version_upgrade: pulumi.Input[bool] | None = None,
        automated_snapshot_retention_period: pulumi.Input[int] | None = None,
        manual_snapshot_retention_period: pulumi.Input[int] | None = None,
        cluster_parameter_group_name: pulumi.Input[str] | None = None,
        cluster_subnet_group_name: pulumi.Input[str] | None = None,
        cluster_version: pulumi.Input[str] | None = None,
        default_iam_role_arn: pulumi.Input[str] | None = None,
        elastic_ip: pulumi.Input[str] | None = None,
        enhanced_vpc_routing: pulumi.Input[bool] | None = None,
        iam_roles: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        maintenance_track_name: pulumi.Input[str] | None = None,
        port: pulumi.Input[int] | None = None,
        preferred_maintenance_window: pulumi.Input[str] | None = None,
        publicly_accessible: pulumi.Input[bool] | None = None,
        vpc_security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        apply_immediately: pulumi.Input[bool] | None = None,
        aqua_configuration_status: pulumi.Input[str] | None = None,
        snapshot_identifier: pulumi.Input[str] | None = None,
        snapshot_arn: pulumi.Input[str] | None = None,
        snapshot_cluster_identifier: pulumi.Input[str] | None = None,
        owner_account: pulumi.Input[str] | None = None,
        region: pulumi.Input[str] | None = None,
        skip_final_snapshot: pulumi.Input[bool] | None = None,
        final_snapshot_identifier: pulumi.Input[str] | None = None,
        restore_final_snapshot: pulumi.Input[bool] | None = None,
        adopt_existing: pulumi.Input[bool] | None = None,
        environment: pulumi.Input[str] | None = None,
    ) -> None:
        """Declare a cluster.

        Args:
            resource_name: The resource's name in this stack.
            args: The arguments as one object, in place of keywords: `ClusterArgs`, that of pulumi-aws, or a
                mapping. Resource options are taken here, too.
            opts: Resource options. ``provider`` is refused: a dynamic resource takes its AWS configuration
                from the stack (``aws:region``, ``aws:profile`` …). ``retain_on_delete`` and ``deleted_with``
                are refused in a protected environment, ``replace_with`` everywhere: ``replacement_trigger``
                does what it is meant to do. ``ignore_changes`` and ``replace_on_changes`` take an argument's
                camelCase as meant. ``custom_timeouts`` do not reach a dynamic resource: the deletion policy's
                ``wait`` holds.
            cluster_identifier: The cluster's name: 1 to 63 lower-case letters, digits and hyphens. Changing
                it renames the cluster.
            node_type: The node type, such as ``ra3.xlplus``. Changing it resizes the cluster.
            number_of_nodes: The number of compute nodes; 1 makes a single-node cluster. Default 1.
            cluster_type: ``single-node`` or ``multi-node``; follows ``number_of_nodes`` where that is
                given.
            database_name: The first database's name. Default ``dev``. Changing it replaces the cluster.
            master_username: The admin user's name. Changing it replaces the cluster.
            master_password: The admin user's password, 8 to 64 characters. Kept in the state as a secret
                and nowhere else; prefer ``manage_master_password``.
            master_password_wo: Like ``master_password``, sent when the cluster is created and whenever
                ``master_password_wo_version`` changes; never in the outputs. Pulumi keeps it encrypted
                with the inputs.
            master_password_wo_version: Changing it sends ``master_password_wo`` again.
            manage_master_password: Whether AWS Secrets Manager makes, keeps and rotates the admin password.
                The better way: no password is ever in a program or a state. Default False.
            master_password_secret_kms_key_id: The KMS key that encrypts the managed password's secret.
            encrypted: Whether the data is encrypted at rest, ``"true"`` or ``"false"``. Default ``"true"``.
            kms_key_id: The ARN of the KMS key that encrypts the data. It must outlive the final snapshot,
                which cannot be read without it.
            multi_az: Whether the cluster spans two Availability Zones. Default False.
            availability_zone: The Availability Zone. Changing it relocates the cluster, where relocation is
                enabled.
            availability_zone_relocation_enabled: Whether the cluster may be relocated to another
                Availability Zone. Default False.
            allow_version_upgrade: Whether major engine upgrades are applied in the maintenance window.
                Default True.
            automated_snapshot_retention_period: Days that automated snapshots are kept, 0 to 35; RA3
                clusters need at least 1. Default 1.
            manual_snapshot_retention_period: Days that manual snapshots are kept by default, 1 to 3653, or
                -1 forever. The final snapshot's own retention comes from the deletion policy. Default -1.
            cluster_parameter_group_name: The parameter group. A change takes effect at the next reboot.
            cluster_subnet_group_name: The subnet group. Changing it replaces the cluster.
            cluster_version: The engine version. Default ``1.0``.
            default_iam_role_arn: The ARN of the IAM role that is the cluster's default; one of
                ``iam_roles``.
            elastic_ip: The Elastic IP address of a publicly accessible cluster.
            enhanced_vpc_routing: Whether traffic between the cluster and data repositories goes through the
                VPC. Default False.
            iam_roles: The ARNs of the IAM roles the cluster may use, at most 50.
            maintenance_track_name: The maintenance track. Default ``current``. A change takes effect in the
                next maintenance window.
            port: The port it listens on; RA3 clusters take 5431 to 5455 and 8191 to 8215. Default 5439.
            preferred_maintenance_window: The weekly maintenance window in UTC, ``ddd:hh:mm-ddd:hh:mm``.
            publicly_accessible: Whether the cluster can be reached from outside its VPC. Default False.
            vpc_security_group_ids: The VPC security groups.
            tags: The cluster's tags; with the same key they go before ``aws:defaultTags``.
            apply_immediately: Taken for compatibility with pulumi-aws. Changes are applied at once where
                AWS can, and in the next maintenance window where it cannot. Default False.
            aqua_configuration_status: Taken for compatibility with pulumi-aws; AWS retired AQUA's setting
                and always answers ``auto``.
            snapshot_identifier: The snapshot to restore the new cluster from. Changing it replaces the
                cluster.
            snapshot_arn: Like ``snapshot_identifier``, by ARN; one of the two.
            snapshot_cluster_identifier: The cluster that the snapshot was taken of. Changing it replaces
                the cluster.
            owner_account: The AWS account that owns the snapshot, where it is another's. Changing it
                replaces the cluster.
            region: The AWS region. Default: ``aws:region``. Changing it replaces the cluster.
            skip_final_snapshot: A request to the deletion policy to be destroyed without a final snapshot;
                granted only by a rule that says so. Default False.
            final_snapshot_identifier: A request for the final snapshot's name. Granted once; while that
                name is taken, ``-2``, ``-3`` … is appended.
            restore_final_snapshot: Whether a cluster that is created anew is restored from the newest final
                snapshot of this project, stack and resource, where there is one; and one that is replaced,
                from the final snapshot of the one it replaces. Default False.
            adopt_existing: Whether a running cluster of this identifier is taken over as it is, instead of
                being refused. What the program leaves out stays as it was. Default False.
            environment: The deletion policy's environment for this cluster, where a stack holds more than
                one. It cannot turn a stack or account that a protected environment claims into another.

        Raises:
            pulumi.RunError: an argument or an option is none that this resource takes.

        """
        given = dict(locals())
        keywords = {argument.name: given[argument.name] for argument in ARGUMENTS}
        arguments, positional = arguments_in(resource_name, args, keywords)
        options, notes = read_options(resource_name, opts or positional or pulumi.ResourceOptions())
        bypass = [name for name in BYPASSES if getattr(options, name, None)]
        props: dict[str, Any] = {
            **dict.fromkeys(READ_ONLY),
            "identity": None,
            **arguments,
            "state_version": STATE_VERSION,
            "urn": _own_urn(resource_name, options),
            "policy": None,
            "on_destroy": None,
            "bypass": bypass or None,
            SECRETS: secret_names(arguments),
        }
        for name in _SECRETS:
            if props[name] is not None:
                props[name] = pulumi.Output.secret(props[name])
        super().__init__(
            ClusterProvider(),
            resource_name,
            props,
            pulumi.ResourceOptions.merge(
                options, pulumi.ResourceOptions(additional_secret_outputs=list(_SECRETS))
            ),
        )
        for note in notes:
            note(self)


def _own_urn(resource_name: str, options: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Return the resource's own URN, without dependencies: a component's child would wait for its parent."""
    urn = pulumi.create_urn(resource_name, CLUSTER_TYPE, options.parent)
    known = asyncio.ensure_future(_text(urn))
    return pulumi.Output(set(), known, urn.is_known(), urn.is_secret())


async def _text(urn: pulumi.Output[str]) -> str:
    return await urn.future() or ""
