"""CreateCluster and RestoreFromClusterSnapshot."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError, combination, invalid
from redshift_teardown.emulator.redshift.groups import parameter_group_named, subnet_group_named
from redshift_teardown.emulator.redshift.state import (
    DEFAULT_PARAMETER_GROUP,
    DEFAULT_SUBNET_GROUP,
    Cluster,
    Generation,
    Snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.emulator.redshift.call import Call
    from redshift_teardown.emulator.redshift.state import Realm

_KEY_ID = re.compile(r"[0-9a-f-]{36}\Z")

_PLAIN = (
    "AdditionalInfo",
    "AquaConfigurationStatus",
    "CatalogName",
    "ElasticIp",
    "HsmClientCertificateIdentifier",
    "HsmConfigurationIdentifier",
    "LoadSampleData",
    "MasterPasswordSecretKmsKeyId",
    "RedshiftIdcApplicationArn",
    "SnapshotScheduleIdentifier",
)

DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(_PLAIN, ""),
    "AllowVersionUpgrade": True,
    "AutomatedSnapshotRetentionPeriod": 1,
    "AvailabilityZoneRelocation": False,
    "ClusterParameterGroupName": DEFAULT_PARAMETER_GROUP,
    "ClusterSubnetGroupName": DEFAULT_SUBNET_GROUP,
    "ClusterVersion": "1.0",
    "DBName": "dev",
    "Encrypted": True,
    "EnhancedVpcRouting": False,
    "ExtraComputeForAutomaticOptimization": False,
    "IpAddressType": "ipv4",
    "MaintenanceTrackName": "current",
    "ManageMasterPassword": False,
    "ManualSnapshotRetentionPeriod": -1,
    "MultiAZ": False,
    "Port": 5439,
    "PubliclyAccessible": False,
}
"""What a cluster has that nobody said anything about."""
GIVEN = {*DEFAULTS, "AvailabilityZone", "PreferredMaintenanceWindow", "VpcSecurityGroupIds"} - {
    "DBName",
    "Encrypted",
}
_RESTORED = (
    "AutomatedSnapshotRetentionPeriod",
    "ClusterVersion",
    "DBName",
    "EnhancedVpcRouting",
    "ExtraComputeForAutomaticOptimization",
    "MaintenanceTrackName",
    "ManualSnapshotRetentionPeriod",
    "MasterUsername",
    "Port",
    "PreferredMaintenanceWindow",
)


def key_arn(place: Realm, key: str | None) -> str:
    """A KMS key as answers name it: by its ARN."""
    if key is None:
        key = place.fixed_uuid("aws/redshift")
    elif key.startswith("arn:") and ":alias/" not in key:
        return key
    elif not _KEY_ID.match(key):
        key = place.fixed_uuid(key)
    return f"arn:aws:kms:{place.region}:{place.account}:key/{key}"


def changes(place: Realm, params: dict[str, Any]) -> dict[str, Any]:
    """The settings that a call gives, as they are kept: those whose form does not depend on others.

    Raises:
        AwsError: for one that is refused whatever the others are.
    """
    given = {name: params[name] for name in GIVEN if name in params}
    if "ClusterParameterGroupName" in given:
        given["ClusterParameterGroupName"] = parameter_group_named(
            place, given["ClusterParameterGroupName"]
        ).name
    if "ClusterSubnetGroupName" in given:
        given["ClusterSubnetGroupName"] = subnet_group_named(place, given["ClusterSubnetGroupName"]).name
    for each in params.get("ClusterSecurityGroups", []):
        raise AwsError("ClusterSecurityGroupNotFound", f"Cluster security group {each} not found.")
    zone = given.get("AvailabilityZone")
    if zone is not None and not zone.startswith(place.region):
        raise invalid(f"{zone} is not a valid availability zone in {place.region}.")
    if "PreferredMaintenanceWindow" in given:
        given["PreferredMaintenanceWindow"] = validation.maintenance_window(
            given["PreferredMaintenanceWindow"]
        )
    if "VpcSecurityGroupIds" in given:
        groups = validation.security_groups(given["VpcSecurityGroupIds"])
        given["VpcSecurityGroupIds"] = groups or [place.fixed_id("sg")]
    return given


def check_together(settings: dict[str, Any], new: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Refuse what must not, or must, be said together.

    Args:
        settings: all settings as they would be.
        new: those of them that the call is about: at a birth all.
        params: the call.

    Raises:
        AwsError: they do not go together.
    """
    node = settings["NodeType"]
    if new.get("ClusterVersion", "1.0") != "1.0":
        raise invalid(f"Invalid cluster version: {new['ClusterVersion']}. Only 1.0 is available.")
    if new.get("IpAddressType", "ipv4") not in ("ipv4", "dualstack"):
        raise invalid(f"Invalid IpAddressType: {new['IpAddressType']}")
    if "AutomatedSnapshotRetentionPeriod" in new:
        validation.automated_retention(new["AutomatedSnapshotRetentionPeriod"], node)
    if "ManualSnapshotRetentionPeriod" in new:
        validation.manual_retention(new["ManualSnapshotRetentionPeriod"], "ManualSnapshotRetentionPeriod")
    if new.get("ElasticIp") and not settings["PubliclyAccessible"]:
        raise combination("ElasticIp requires a publicly accessible cluster.")
    if params.get("MasterPasswordSecretKmsKeyId") and not settings["ManageMasterPassword"]:
        raise combination("MasterPasswordSecretKmsKeyId can only be used if ManageMasterPassword is true.")
    if new.get("MultiAZ") and (not validation.managed_storage(node) or settings["NumberOfNodes"] == 1):
        raise AwsError(
            "UnsupportedOperation", "Multi-AZ is supported for RA3 clusters of at least two nodes only."
        )
    if new.get("MultiAZ") and not settings["Encrypted"]:
        raise combination("Multi-AZ requires an encrypted cluster.")
    if settings["AvailabilityZoneRelocation"] and not validation.managed_storage(node):
        # Publicly accessible clusters have it too, since 2023.
        raise AwsError(
            "UnsupportedOperation",
            f"Availability zone relocation is not supported for {node}: use RA3 nodes.",
        )


def check_password(params: Mapping[str, Any], *, managed: bool) -> str | None:
    """The digest of the password that a call gives; None for none.

    Raises:
        AwsError: it is no password, or AWS is to manage one.
    """
    password = params.get("MasterUserPassword")
    if password is None:
        return None
    if managed:
        raise combination("You can't use MasterUserPassword if ManageMasterPassword is true.")
    validation.password(password)
    return digest(password)


def digest(password: str) -> str:
    """What the emulator keeps of a password, to tell whether it changed."""
    return hashlib.sha256(password.encode()).hexdigest()[:16]


def name_taken() -> AwsError:
    """The error for a cluster's identifier that another one has."""
    return AwsError("ClusterAlreadyExists", "Cluster already exists")


def _born(
    call: Call,
    identifier: str,
    settings: dict[str, Any],
    source: Snapshot | None = None,
) -> Cluster:
    """Put a new cluster, and the generation it is, where it belongs.

    Args:
        call: who asks for it.
        identifier: its name.
        settings: all of them but those of the network.
        source: the snapshot it is restored from.
    """
    place, params = call.place, call.params
    group = place.subnet_groups[settings["ClusterSubnetGroupName"]]
    settings["VpcId"] = group.vpc
    settings.setdefault("AvailabilityZone", group.subnets[0][1])
    settings.setdefault("VpcSecurityGroupIds", [place.fixed_id("sg")])
    roles = params.get("IamRoles", [])
    settings["DefaultIamRoleArn"] = params.get("DefaultIamRoleArn", "")
    if "Port" in params:
        validation.port(params["Port"], settings["NodeType"])
    validation.iam_roles(roles)
    check_together(settings, settings, params)
    if settings["DefaultIamRoleArn"] and settings["DefaultIamRoleArn"] not in roles:
        raise invalid("DefaultIamRoleArn must be one of the cluster's IAM roles.")
    tags = validation.new_tags({}, params.get("Tags", []))
    if source:
        tags = dict(source.tags) if source.owner == place.account else {}
    elif place.name_taken(identifier):
        raise name_taken()
    cluster = Cluster(identifier, place.fresh_uuid(), call.now, settings, tags)
    cluster.roles = dict.fromkeys(roles, call.now)
    place.clusters[identifier] = cluster
    place.generations[cluster.namespace] = Generation(
        namespace=cluster.namespace,
        identifiers=[identifier],
        created=call.now,
        marker=source.marker if source else "",
        restored_from=source.identifier if source else "",
    )
    place.note(cluster, call.now, f"restored from {source.identifier}" if source else "created")
    call.begin(cluster, "restoring" if source else "creating")
    return cluster


def create(call: Call) -> dict[str, Any]:
    """CreateCluster."""
    params, place = call.params, call.place
    identifier = validation.cluster_identifier(params["ClusterIdentifier"])
    node = params["NodeType"]
    count = validation.nodes(node, params.get("ClusterType"), params.get("NumberOfNodes"), creating=True)
    managed = params.get("ManageMasterPassword", False)
    password = check_password(params, managed=managed)
    if not managed and password is None:
        raise combination("MasterUserPassword is required unless ManageMasterPassword is true.")
    encrypted = params.get("Encrypted", True)
    if not encrypted and not call.world.behaviour.allow_unencrypted:
        raise invalid("Encrypted cannot be false: clusters are encrypted at rest.")
    if not encrypted and params.get("KmsKeyId"):
        raise combination("KmsKeyId cannot be used unless Encrypted is true.")
    settings = {
        **DEFAULTS,
        "PreferredMaintenanceWindow": _window(identifier),
        **changes(place, params),
        "NodeType": node,
        "NumberOfNodes": count,
        "DBName": validation.database_name(params.get("DBName", "dev")),
        "MasterUsername": validation.master_username(params["MasterUsername"]),
        "Encrypted": encrypted,
        "KmsKeyId": key_arn(place, params.get("KmsKeyId")),
    }
    cluster = _born(call, identifier, settings)
    cluster.password_digest = password or ""
    return call.told(cluster)


def _window(identifier: str) -> str:
    """A half-hour of the night; AWS chooses at random, here a name always gets the same."""
    number = hashlib.sha256(identifier.encode()).digest()[0]
    day = validation.DAYS[number % 7]
    return f"{day}:{3 + number % 8:02d}:00-{day}:{3 + number % 8:02d}:30"


def restore(call: Call) -> dict[str, Any]:
    """RestoreFromClusterSnapshot: from the snapshot named, and no other."""
    params, place = call.params, call.place
    identifier = validation.cluster_identifier(params["ClusterIdentifier"])
    if bool(params.get("SnapshotIdentifier")) == bool(params.get("SnapshotArn")):
        raise combination("You must specify SnapshotIdentifier or SnapshotArn, but not both.")
    snapshot = _source(call)
    if place.name_taken(identifier):
        raise name_taken()
    if snapshot.status != "available":
        raise AwsError(
            "InvalidClusterSnapshotState",
            f"The snapshot {snapshot.identifier} is not in a state that can be restored: {snapshot.status}.",
        )
    old = snapshot.settings
    node = params.get("NodeType", old["NodeType"])
    validation.node_type(node)
    count = params.get("NumberOfNodes", old["NumberOfNodes"])
    if old["NodeType"].startswith("dc2.") and (node, count) != (old["NodeType"], old["NumberOfNodes"]):
        raise AwsError(
            "InvalidRestore", "A DC2 snapshot must be restored into the same node type and number of nodes."
        )
    if validation.managed_storage(old["NodeType"]) and not validation.managed_storage(node):
        raise AwsError("InvalidRestore", f"A snapshot of {old['NodeType']} cannot be restored into {node}.")
    validation.nodes(
        node, "single-node" if count == 1 else "multi-node", None if count == 1 else count, creating=True
    )
    encrypted = params.get("Encrypted", old["Encrypted"]) or bool(params.get("KmsKeyId"))
    if old["Encrypted"] and not encrypted:
        raise AwsError(
            "InvalidRestore", "An encrypted snapshot cannot be restored into an unencrypted cluster."
        )
    settings = {
        **DEFAULTS,
        **{name: old[name] for name in _RESTORED},
        **changes(place, params),
        "NodeType": node,
        "NumberOfNodes": count,
        "Encrypted": encrypted,
        "KmsKeyId": key_arn(place, params["KmsKeyId"]) if params.get("KmsKeyId") else old["KmsKeyId"],
    }
    cluster = _born(call, identifier, settings, snapshot)
    cluster.password_digest = "" if settings["ManageMasterPassword"] else snapshot.password_digest
    cluster.restored = {
        "megabytes": snapshot.megabytes,
        "started": call.now,
        "ends": cluster.activity.ends if cluster.activity else None,
    }
    return call.told(cluster)


def _source(call: Call) -> Snapshot:
    """The snapshot a restore names: ours, or one another account shared with us."""
    params, place = call.params, call.place
    arn = params.get("SnapshotArn")
    owner = params.get("OwnerAccount", place.account)
    name = str(params.get("SnapshotIdentifier", "")).lower()
    cluster = params.get("SnapshotClusterIdentifier")
    if arn:
        parts = arn.split(":", 6)
        if len(parts) != 7 or parts[5] != "snapshot" or "/" not in parts[6] or parts[3] != place.region:  # noqa: PLR2004
            raise invalid(f"The snapshot ARN is not valid: {arn}")
        owner = parts[4]
        arn_cluster, name = parts[6].split("/", 1)
        cluster = cluster or arn_cluster
    source = place if owner == place.account else call.world.place(owner, place.region)
    snapshot = source.snapshots.get(name)
    if snapshot is None or (cluster is not None and snapshot.cluster != cluster.lower()):
        raise AwsError("ClusterSnapshotNotFound", f"Snapshot {arn or name} not found.")
    if source is not place and place.account not in snapshot.shared:
        raise AwsError(
            "AccessToSnapshotDenied", f"Account {place.account} may not restore the snapshot {name}."
        )
    return snapshot
