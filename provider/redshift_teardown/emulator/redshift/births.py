"""CreateCluster and RestoreFromClusterSnapshot."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError
from redshift_teardown.emulator.redshift.state import (
    DEFAULT_PARAMETER_GROUP,
    DEFAULT_SUBNET_GROUP,
    Activity,
    Cluster,
    Generation,
    Snapshot,
)
from redshift_teardown.emulator.redshift.transitions import begin

if TYPE_CHECKING:
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

_DEFAULTS: dict[str, Any] = {
    "AllowVersionUpgrade": True,
    "AvailabilityZoneRelocation": False,
    "ClusterParameterGroupName": DEFAULT_PARAMETER_GROUP,
    "ClusterSubnetGroupName": DEFAULT_SUBNET_GROUP,
    "EnhancedVpcRouting": False,
    "ExtraComputeForAutomaticOptimization": False,
    "IpAddressType": "ipv4",
    "MaintenanceTrackName": "current",
    "ManageMasterPassword": False,
    "MultiAZ": False,
    "PubliclyAccessible": False,
}


def digest(password: str) -> str:
    """What the emulator keeps of a password, to tell whether it changed."""
    return hashlib.sha256(password.encode()).hexdigest()[:16]


def key_arn(place: Realm, key: str | None) -> str:
    """A KMS key as answers name it: by its ARN."""
    if key is None:
        key = place.fixed_uuid("aws/redshift")
    elif key.startswith("arn:") and ":alias/" not in key:
        return key
    elif not _KEY_ID.match(key):
        key = place.fixed_uuid(key)
    return f"arn:aws:kms:{place.region}:{place.account}:key/{key}"


def check_groups(place: Realm, params: dict[str, Any]) -> None:
    """Groups must exist.

    Raises:
        AwsError: ``ClusterParameterGroupNotFound``, ``ClusterSubnetGroupNotFoundFault`` or
            ``ClusterSecurityGroupNotFound``.
    """
    group = params.get("ClusterParameterGroupName")
    if group is not None and group.lower() not in place.parameter_groups:
        raise AwsError("ClusterParameterGroupNotFound", f"ParameterGroup not found: {group}")
    subnets = params.get("ClusterSubnetGroupName")
    if subnets is not None and subnets.lower() not in place.subnet_groups:
        raise AwsError("ClusterSubnetGroupNotFoundFault", f"Cluster subnet group {subnets} not found.")
    for each in params.get("ClusterSecurityGroups", []):
        raise AwsError("ClusterSecurityGroupNotFound", f"Cluster security group {each} not found.")


def _common(place: Realm, params: dict[str, Any], base: dict[str, Any], node: str) -> dict[str, Any]:
    """The settings that creating and restoring have in common."""
    settings = {**base, **{name: params[name] for name in _DEFAULTS if name in params}}
    settings.update({name: params[name] for name in _PLAIN if params.get(name)})
    check_groups(place, params)
    for name in ("ClusterParameterGroupName", "ClusterSubnetGroupName"):
        settings[name] = settings[name].lower()
    group = place.subnet_groups[settings["ClusterSubnetGroupName"]]
    zones = [zone for _, zone in group.subnets]
    zone = params.get("AvailabilityZone")
    if zone is not None and not zone.startswith(place.region):
        raise AwsError("InvalidParameterValue", f"{zone} is not a valid availability zone in {place.region}.")
    settings["VpcId"] = group.vpc
    settings["AvailabilityZone"] = zone or zones[0]
    if "PreferredMaintenanceWindow" in params:
        settings["PreferredMaintenanceWindow"] = validation.maintenance_window(
            params["PreferredMaintenanceWindow"]
        )
    if "AutomatedSnapshotRetentionPeriod" in params:
        settings["AutomatedSnapshotRetentionPeriod"] = params["AutomatedSnapshotRetentionPeriod"]
    validation.automated_retention(settings["AutomatedSnapshotRetentionPeriod"], node)
    if "ManualSnapshotRetentionPeriod" in params:
        settings["ManualSnapshotRetentionPeriod"] = params["ManualSnapshotRetentionPeriod"]
    validation.manual_retention(settings["ManualSnapshotRetentionPeriod"], "ManualSnapshotRetentionPeriod")
    if "Port" in params:
        settings["Port"] = validation.port(params["Port"], node)
    settings["VpcSecurityGroupIds"] = validation.security_groups(params.get("VpcSecurityGroupIds", [])) or [
        place.fixed_id("sg")
    ]
    validation.iam_roles(params.get("IamRoles", []))
    settings["DefaultIamRoleArn"] = params.get("DefaultIamRoleArn", "")
    _check_together(settings, params, node)
    return settings


def _check_together(settings: dict[str, Any], params: dict[str, Any], node: str) -> None:
    """What must not, or must, be said together."""
    if settings["IpAddressType"] not in ("ipv4", "dualstack"):
        raise AwsError("InvalidParameterValue", f"Invalid IpAddressType: {settings['IpAddressType']}")
    if settings["ElasticIp"] and not settings["PubliclyAccessible"]:
        raise AwsError("InvalidParameterCombination", "ElasticIp requires a publicly accessible cluster.")
    if params.get("MasterPasswordSecretKmsKeyId") and not settings["ManageMasterPassword"]:
        raise AwsError(
            "InvalidParameterCombination",
            "MasterPasswordSecretKmsKeyId can only be used if ManageMasterPassword is true.",
        )
    if settings["MultiAZ"] and (not validation.managed_storage(node) or settings["NumberOfNodes"] == 1):
        raise AwsError(
            "UnsupportedOperation", "Multi-AZ is supported for RA3 clusters of at least two nodes only."
        )
    if settings["MultiAZ"] and not settings["Encrypted"]:
        raise AwsError("InvalidParameterCombination", "Multi-AZ requires an encrypted cluster.")
    check_relocation(settings["AvailabilityZoneRelocation"], node)
    if params.get("DefaultIamRoleArn") and params["DefaultIamRoleArn"] not in params.get("IamRoles", []):
        raise AwsError("InvalidParameterValue", "DefaultIamRoleArn must be one of the cluster's IAM roles.")


def check_relocation(wanted: bool, node: str) -> None:
    """Relocation is for managed storage only; publicly accessible clusters have it too, since 2023."""
    if wanted and not validation.managed_storage(node):
        raise AwsError(
            "UnsupportedOperation",
            f"Availability zone relocation is not supported for {node}: use RA3 nodes.",
        )


def _born(
    call: Call,
    identifier: str,
    settings: dict[str, Any],
    tags: dict[str, str],
    kind: str,
    seconds: float,
    source: Snapshot | None = None,
) -> Cluster:
    """Put a new cluster, and the generation it is, where it belongs."""
    place = call.place
    cluster = Cluster(identifier, place.fresh_uuid(), call.now, settings, tags)
    place.clusters[identifier] = cluster
    place.generations[cluster.namespace] = Generation(
        namespace=cluster.namespace,
        identifiers=[identifier],
        created=call.now,
        marker=source.marker if source else "",
        restored_from=source.identifier if source else "",
    )
    place.note(cluster, call.now, f"restored from {source.identifier}" if source else "created")
    begin(cluster, Activity(kind, call.now, call.lasting(seconds)))
    cluster.roles = dict.fromkeys(call.params.get("IamRoles", []), call.now)
    return cluster


def create(call: Call) -> dict[str, Any]:
    """CreateCluster."""
    params, place = call.params, call.place
    identifier = validation.cluster_identifier(params["ClusterIdentifier"])
    node = params["NodeType"]
    count = validation.nodes(node, params.get("ClusterType"), params.get("NumberOfNodes"), creating=True)
    managed = params.get("ManageMasterPassword", False)
    password = params.get("MasterUserPassword")
    if managed and password is not None:
        raise AwsError(
            "InvalidParameterCombination",
            "You can't use MasterUserPassword if ManageMasterPassword is true.",
        )
    if not managed and password is None:
        raise AwsError(
            "InvalidParameterCombination",
            "MasterUserPassword is required unless ManageMasterPassword is true.",
        )
    if password is not None:
        validation.password(password)
    version = params.get("ClusterVersion", "1.0")
    if version != "1.0":
        raise AwsError("InvalidParameterValue", f"Invalid cluster version: {version}. Only 1.0 is available.")
    encrypted = params.get("Encrypted", True)
    if not encrypted and not call.world.behaviour.allow_unencrypted:
        raise AwsError("InvalidParameterValue", "Encrypted cannot be false: clusters are encrypted at rest.")
    if not encrypted and params.get("KmsKeyId"):
        raise AwsError("InvalidParameterCombination", "KmsKeyId cannot be used unless Encrypted is true.")
    base = {
        **_DEFAULTS,
        **dict.fromkeys(_PLAIN, ""),
        "NodeType": node,
        "NumberOfNodes": count,
        "DBName": validation.database_name(params.get("DBName", "dev")),
        "MasterUsername": validation.master_username(params["MasterUsername"]),
        "ClusterVersion": version,
        "Port": 5439,
        "AutomatedSnapshotRetentionPeriod": 1,
        "ManualSnapshotRetentionPeriod": -1,
        "PreferredMaintenanceWindow": _window(identifier),
        "Encrypted": encrypted,
        "KmsKeyId": key_arn(place, params.get("KmsKeyId")),
    }
    settings = _common(place, params, base, node)
    tags = validation.new_tags({}, params.get("Tags", []))
    if place.name_taken(identifier):
        raise AwsError("ClusterAlreadyExists", "Cluster already exists")
    seconds = call.world.lifecycle.of(place.lifecycle_key(identifier)).creating
    cluster = _born(call, identifier, settings, tags, "creating", seconds)
    if password is not None:
        cluster.password_digest = digest(password)
    return call.told(cluster)


def _window(identifier: str) -> str:
    """A half-hour of the night; AWS chooses at random, here a name always gets the same."""
    number = hashlib.sha256(identifier.encode()).digest()[0]
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[number % 7]
    return f"{day}:{3 + number % 8:02d}:00-{day}:{3 + number % 8:02d}:30"


def restore(call: Call) -> dict[str, Any]:
    """RestoreFromClusterSnapshot: from the snapshot named, and no other."""
    params, place = call.params, call.place
    identifier = validation.cluster_identifier(params["ClusterIdentifier"])
    if bool(params.get("SnapshotIdentifier")) == bool(params.get("SnapshotArn")):
        raise AwsError(
            "InvalidParameterCombination",
            "You must specify SnapshotIdentifier or SnapshotArn, but not both.",
        )
    snapshot = _source(call)
    if place.name_taken(identifier):
        raise AwsError("ClusterAlreadyExists", "Cluster already exists")
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
    base = {
        **_DEFAULTS,
        **dict.fromkeys(_PLAIN, ""),
        **{
            name: old[name]
            for name in (
                "DBName",
                "MasterUsername",
                "ClusterVersion",
                "Port",
                "AutomatedSnapshotRetentionPeriod",
                "ManualSnapshotRetentionPeriod",
                "PreferredMaintenanceWindow",
                "MaintenanceTrackName",
                "EnhancedVpcRouting",
                "ExtraComputeForAutomaticOptimization",
            )
        },
        "NodeType": node,
        "NumberOfNodes": count,
        "Encrypted": encrypted,
        "KmsKeyId": key_arn(place, params["KmsKeyId"]) if params.get("KmsKeyId") else old["KmsKeyId"],
    }
    settings = _common(place, params, base, node)
    phases = call.world.lifecycle.of(place.lifecycle_key(identifier))
    tags = dict(snapshot.tags) if snapshot.owner == place.account else {}
    cluster = _born(call, identifier, settings, tags, "restoring", phases.restoring, snapshot)
    cluster.password_digest = "" if settings["ManageMasterPassword"] else snapshot.password_digest
    cluster.restored = {
        "megabytes": snapshot.megabytes,
        "started": call.now,
        "ends": call.lasting(phases.restoring),
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
            raise AwsError("InvalidParameterValue", f"The snapshot ARN is not valid: {arn}")
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
