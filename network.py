"""Where a warehouse stands: its subnets, its firewall and the key it is encrypted with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence

PORT = 5439


@dataclass(frozen=True)
class Network:
    """What a cluster is told about its surroundings; what is None is AWS's default."""

    subnet_group: pulumi.Input[str] | None = None
    security_group_ids: Sequence[pulumi.Input[str]] | None = None
    kms_key: pulumi.Input[str] | None = None


def of_stack(config: pulumi.Config) -> Network:
    """Find or make the network a stack's configuration asks for.

    Args:
        config: The stack's configuration.

    Raises:
        pulumi.RunError: The configuration names no network there is, or leaves out what it needs.
    """
    kind = config.get("network") or "default"
    if kind == "default":
        return Network()
    if kind == "existing":
        return _existing(config)
    if kind == "managed":
        return _managed(config)
    raise pulumi.RunError(
        f'warehouse:network is "{kind}" and must be default, existing or managed. '
        "Write one of them: pulumi config set network default"
    )


def _existing(config: pulumi.Config) -> Network:
    subnet_group = config.get("subnetGroup")
    security_group_ids = config.get_object("securityGroupIds")
    if not subnet_group or not security_group_ids:
        raise pulumi.RunError(
            "warehouse:network is existing, but subnetGroup or securityGroupIds is not set. Set both:\n"
            "  pulumi config set subnetGroup my-subnets\n"
            "  pulumi config set --path 'securityGroupIds[0]' sg-0123456789abcdef0"
        )
    return Network(subnet_group, security_group_ids)


def _managed(config: pulumi.Config) -> Network:
    # Only here: stacks with another network run without the AWS plugin and its large SDK.
    import pulumi_aws as aws  # noqa: PLC0415

    vpc_id = config.get("vpcId")
    vpc = aws.ec2.get_vpc(id=vpc_id) if vpc_id else aws.ec2.get_vpc(default=True)
    subnets = aws.ec2.get_subnets(filters=[aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc.id])])
    subnet_group = aws.redshift.SubnetGroup("warehouse", subnet_ids=subnets.ids)
    security_group = aws.ec2.SecurityGroup(
        "warehouse",
        vpc_id=vpc.id,
        description="Redshift, from inside the VPC only",
        ingress=[
            aws.ec2.SecurityGroupIngressArgs(
                protocol="tcp", from_port=PORT, to_port=PORT, cidr_blocks=[vpc.cidr_block]
            )
        ],
    )
    key = aws.kms.Key(
        "warehouse",
        description="Encrypts the warehouse and its final snapshots",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        # The final snapshot outlives the cluster and can be read with this key only. `protect` keeps the key
        # in the stack, ready for a restore (`pulumi destroy --exclude-protected` destroys the rest and ends
        # well); `retain_on_delete` keeps it in the account even when somebody unprotects it.
        opts=pulumi.ResourceOptions(retain_on_delete=True, protect=True),
    )
    return Network(subnet_group.name, [security_group.id], key.arn)
