"""The arguments of a cluster and what they are to AWS: one table for create, modify, restore, read and diff.

Names, meanings and defaults are those of ``pulumi_aws.redshift.Cluster`` 7.x. Which of them
ModifyCluster can change, and with which others, is from the Redshift API model (2012-12-01), its
CloudFormation schema's ``createOnlyProperties``, and Terraform's experience.
"""

# ruff: noqa: E501 - one argument a line: it reads as the table it is

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_TAGS = 50
"""AWS's limit for a cluster; one is needed for the mark of a create that is under way."""


class Kind(str, Enum):
    """The form of an argument's value."""

    STRING = "text"
    INTEGER = "whole number"
    FLAG = "true or false"
    FLAG_STRING = "true or false, as text"
    """``encrypted``: pulumi-aws 7.x takes the strings "true" and "false"; a bool is taken as well."""
    STRINGS = "list of strings"
    TAGS = "map of strings"


class Change(str, Enum):
    """How a changed value reaches AWS."""

    LOCAL = "local"
    """Says something to this package only: never a call."""
    REPLACE = "replace"
    RENAME = "rename"
    PASSWORD = "password"  # noqa: S105 - a group's name
    ENCRYPTION = "encryption"
    SIZE = "size"
    MULTI_AZ = "multi-az"
    ZONE = "zone"
    SETTINGS = "settings"
    IAM_ROLES = "iam roles"
    TAGS = "tags"


@dataclass(frozen=True)
class Argument:
    """One argument.

    Attributes:
        name: As in the program.
        kind: The form of its value.
        change: How a changed value reaches AWS.
        parameter: Its name in CreateCluster, ModifyCluster and RestoreFromClusterSnapshot.
        calls: Which of the three take it: ``c``, ``m``, ``r``.
        default: What absence means, where AWS or pulumi-aws give it a value; else absence leaves
            whatever is there.
        read: Takes the value out of an entry of DescribeClusters; None where it cannot be read.
        lower_case: Whether AWS lower-cases it.
        secret: Whether it must never be shown.

    """

    name: str
    kind: Kind
    change: Change
    parameter: str = ""
    calls: str = ""
    default: Any = None
    read: Callable[[Mapping[str, Any]], Any] | None = None
    lower_case: bool = False
    secret: bool = False


def _member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda cluster: cluster.get(name)


def _text_member(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Read what pulumi-aws outputs as an empty text where there is none."""
    return lambda cluster: cluster.get(name) or ""


def _coming(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Read what AWS has accepted and applies in the next maintenance window, else what is there."""
    return lambda cluster: (cluster.get("PendingModifiedValues") or {}).get(name) or cluster.get(name)


def _flag_text(cluster: Mapping[str, Any]) -> str | None:
    value = cluster.get("Encrypted")
    return None if value is None else str(bool(value)).lower()


def _port(cluster: Mapping[str, Any]) -> Any:
    return (cluster.get("Endpoint") or {}).get("Port")


def _parameter_group(cluster: Mapping[str, Any]) -> Any:
    groups = cluster.get("ClusterParameterGroups") or []
    return groups[0].get("ParameterGroupName") if groups else None


def _security_groups(cluster: Mapping[str, Any]) -> list[str]:
    return sorted(group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups") or [])


def _iam_roles(cluster: Mapping[str, Any]) -> list[str]:
    return sorted(
        role["IamRoleArn"] for role in cluster.get("IamRoles") or [] if role.get("ApplyStatus") != "removing"
    )


def _cluster_type(cluster: Mapping[str, Any]) -> str:
    return "multi-node" if (cluster.get("NumberOfNodes") or 1) > 1 else "single-node"


def _multi_az(cluster: Mapping[str, Any]) -> bool:
    return str(cluster.get("MultiAZ") or "").lower() in {"enabled", "true"}


def _relocation(cluster: Mapping[str, Any]) -> bool:
    return str(cluster.get("AvailabilityZoneRelocationStatus") or "").lower() in {
        "enabled",
        "pending_enabling",
    }


def _elastic_ip(cluster: Mapping[str, Any]) -> Any:
    return (cluster.get("ElasticIpStatus") or {}).get("ElasticIp")


def _managed_password(cluster: Mapping[str, Any]) -> bool:
    return bool(cluster.get("MasterPasswordSecretArn"))


def _tags(cluster: Mapping[str, Any]) -> dict[str, str]:
    tags = {tag["Key"]: tag.get("Value") or "" for tag in cluster.get("Tags") or []}
    tags.pop(CLAIM_TAG, None)
    return tags


CLAIM_TAG = "redshift-teardown:claim"
"""The ownership claim of this package's own (see ``teardown.claim``): no tag that a program knows of."""

_T, _I, _F = Kind.STRING, Kind.INTEGER, Kind.FLAG

ARGUMENTS: tuple[Argument, ...] = (
    Argument("cluster_identifier", _T, Change.RENAME, "ClusterIdentifier", "cr", read=_member("ClusterIdentifier"), lower_case=True),
    Argument("node_type", _T, Change.SIZE, "NodeType", "cmr", read=_member("NodeType"), lower_case=True),
    Argument("number_of_nodes", _I, Change.SIZE, "NumberOfNodes", "cmr", default=1, read=_member("NumberOfNodes")),
    Argument("cluster_type", _T, Change.SIZE, read=_cluster_type, lower_case=True),
    Argument("database_name", _T, Change.REPLACE, "DBName", "c", read=_member("DBName"), lower_case=True),
    Argument("master_username", _T, Change.REPLACE, "MasterUsername", "c", read=_member("MasterUsername")),
    Argument("master_password", _T, Change.PASSWORD, "MasterUserPassword", "c", secret=True),
    Argument("master_password_wo", _T, Change.LOCAL, secret=True),
    Argument("master_password_wo_version", _I, Change.PASSWORD),
    Argument("manage_master_password", _F, Change.PASSWORD, "ManageMasterPassword", "cr", default=False, read=_managed_password),
    Argument("master_password_secret_kms_key_id", _T, Change.PASSWORD, "MasterPasswordSecretKmsKeyId", "cr", read=_text_member("MasterPasswordSecretKmsKeyId")),
    Argument("encrypted", Kind.FLAG_STRING, Change.ENCRYPTION, "Encrypted", "cr", default="true", read=_flag_text),
    Argument("kms_key_id", _T, Change.ENCRYPTION, "KmsKeyId", "cr", read=_text_member("KmsKeyId")),
    Argument("multi_az", _F, Change.MULTI_AZ, "MultiAZ", "cr", default=False, read=_multi_az),
    Argument("availability_zone", _T, Change.ZONE, "AvailabilityZone", "cr", read=_member("AvailabilityZone"), lower_case=True),
    Argument("availability_zone_relocation_enabled", _F, Change.SETTINGS, "AvailabilityZoneRelocation", "cmr", default=False, read=_relocation),
    Argument("allow_version_upgrade", _F, Change.SETTINGS, "AllowVersionUpgrade", "cmr", default=True, read=_member("AllowVersionUpgrade")),
    Argument("automated_snapshot_retention_period", _I, Change.SETTINGS, "AutomatedSnapshotRetentionPeriod", "cmr", default=1, read=_member("AutomatedSnapshotRetentionPeriod")),
    Argument("manual_snapshot_retention_period", _I, Change.SETTINGS, "ManualSnapshotRetentionPeriod", "cmr", default=-1, read=_member("ManualSnapshotRetentionPeriod")),
    Argument("cluster_parameter_group_name", _T, Change.SETTINGS, "ClusterParameterGroupName", "cmr", read=_parameter_group, lower_case=True),
    Argument("cluster_version", _T, Change.SETTINGS, "ClusterVersion", "cm", default="1.0", read=_coming("ClusterVersion")),
    Argument("elastic_ip", _T, Change.SETTINGS, "ElasticIp", "cmr", read=_elastic_ip),
    Argument("enhanced_vpc_routing", _F, Change.SETTINGS, "EnhancedVpcRouting", "cmr", read=_member("EnhancedVpcRouting")),
    Argument("maintenance_track_name", _T, Change.SETTINGS, "MaintenanceTrackName", "cmr", default="current", read=_coming("MaintenanceTrackName"), lower_case=True),
    Argument("port", _I, Change.SETTINGS, "Port", "cmr", default=5439, read=_port),
    Argument("preferred_maintenance_window", _T, Change.SETTINGS, "PreferredMaintenanceWindow", "cmr", read=_member("PreferredMaintenanceWindow"), lower_case=True),
    Argument("publicly_accessible", _F, Change.SETTINGS, "PubliclyAccessible", "cmr", default=False, read=_member("PubliclyAccessible")),
    Argument("vpc_security_group_ids", Kind.STRINGS, Change.SETTINGS, "VpcSecurityGroupIds", "cmr", read=_security_groups),
    Argument("cluster_subnet_group_name", _T, Change.REPLACE, "ClusterSubnetGroupName", "cr", read=_member("ClusterSubnetGroupName"), lower_case=True),
    Argument("iam_roles", Kind.STRINGS, Change.IAM_ROLES, "IamRoles", "cr", read=_iam_roles),
    Argument("default_iam_role_arn", _T, Change.IAM_ROLES, "DefaultIamRoleArn", "cr", read=_text_member("DefaultIamRoleArn")),
    Argument("tags", Kind.TAGS, Change.TAGS, read=_tags),
    Argument("aqua_configuration_status", _T, Change.LOCAL),
    Argument("apply_immediately", _F, Change.LOCAL, default=False),
    Argument("skip_final_snapshot", _F, Change.LOCAL, default=False),
    Argument("final_snapshot_identifier", _T, Change.LOCAL),
    Argument("snapshot_identifier", _T, Change.REPLACE, "SnapshotIdentifier", "r"),
    Argument("snapshot_arn", _T, Change.REPLACE, "SnapshotArn", "r"),
    Argument("snapshot_cluster_identifier", _T, Change.REPLACE, "SnapshotClusterIdentifier", "r"),
    Argument("owner_account", _T, Change.REPLACE, "OwnerAccount", "r"),
    Argument("region", _T, Change.REPLACE),
    Argument("restore_final_snapshot", _F, Change.LOCAL, default=False),
    Argument("adopt_existing", _F, Change.LOCAL, default=False),
    Argument("environment", _T, Change.LOCAL),
)  # fmt: skip

KEYS = frozenset({"kms_key_id", "master_password_secret_kms_key_id"})

BY_NAME: dict[str, Argument] = {argument.name: argument for argument in ARGUMENTS}

READ_ONLY = (
    "arn",
    "cluster_namespace_arn",
    "cluster_nodes",
    "cluster_public_key",
    "cluster_revision_number",
    "dns_name",
    "endpoint",
    "master_password_secret_arn",
    "tags_all",
)
"""What ``pulumi_aws.redshift.Cluster`` outputs besides its arguments."""


def parameters_for(call: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of CreateCluster (``c``), ModifyCluster (``m``) or Restore… (``r``).

    Args:
        call: Which of the three.
        values: Coerced values by argument name; None where the program says nothing.

    """
    return {
        argument.parameter: to_aws(argument, values[argument.name])
        for argument in ARGUMENTS
        if call in argument.calls and values.get(argument.name) is not None
    }


def to_aws(argument: Argument, value: Any) -> Any:
    """Return a coerced value in the form that boto3 takes, and AWS would make of it."""
    if argument.kind is Kind.FLAG_STRING:
        return value == "true"
    return normal(argument, value) if argument.lower_case else value


def read_arguments(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """Return every argument that an entry of DescribeClusters shows."""
    return {argument.name: argument.read(cluster) for argument in ARGUMENTS if argument.read is not None}


def normal(argument: Argument, value: Any) -> Any:
    """Return a value in the form in which two of the same meaning are equal."""
    if value is None:
        return None
    if argument.kind is Kind.STRINGS:
        return sorted(set(value))
    if argument.lower_case and isinstance(value, str):
        return value.lower()
    return value


def same(argument: Argument, desired: Any, present: Any) -> bool:
    """Return whether a value that is wanted is the one that is there, with AWS's normalisations absorbed.

    Args:
        argument: Which argument.
        desired: What is wanted; None where anything is fine.
        present: What is there.

    """
    if desired is None:
        return True
    desired, present = normal(argument, desired), normal(argument, present)
    if desired == present or (present is None and desired == argument.default):
        return True
    if not (argument.name in KEYS and isinstance(desired, str) and isinstance(present, str)):
        return False
    # AWS answers with the key's ARN, whichever form was given.
    return ":key/" in present and (_is_alias(desired) or present.endswith(f":key/{desired}"))


def comparable(argument: Argument, desired: Any) -> bool:
    """Return whether AWS shows enough to compare with: not a password, and not which key an alias stands for."""
    return argument.read is not None and not (argument.name in KEYS and _is_alias(desired))


def _is_alias(desired: Any) -> bool:
    return isinstance(desired, str) and "alias/" in desired


def camel(name: str) -> str:
    """Return a name as programs in other languages write it: ``clusterIdentifier``."""
    first, *rest = name.split("_")
    return "".join([first, *(word.capitalize() for word in rest)])


_BY_CAMEL = {camel(argument.name): argument.name for argument in ARGUMENTS}


def snake(name: str) -> str:
    """Return the argument that a name in camelCase means; another name as it is."""
    return name if name in BY_NAME else _BY_CAMEL.get(name, name)


def adapted(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that AWS wants in a form of its own."""
    if parameters.get("ManageMasterPassword") is False:
        del parameters["ManageMasterPassword"]
    if parameters.get("VpcSecurityGroupIds") == []:
        del parameters["VpcSecurityGroupIds"]
    if parameters.get("MultiAZ"):
        # AWS has no unencrypted Multi-AZ cluster, and a restore takes the snapshot's encryption otherwise.
        parameters.setdefault("Encrypted", True)
    return parameters
