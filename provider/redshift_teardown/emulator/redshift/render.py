"""Clusters, snapshots and groups as Redshift's answers tell them."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.redshift.transitions import DAY

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.state import (
        Cluster,
        ParameterGroup,
        Realm,
        Snapshot,
        SubnetGroup,
    )

__all__ = [
    "next_window",
    "parameter_group",
    "render_cluster",
    "render_snapshot",
    "subnet_group",
    "tag_list",
]

REVISION = "114896"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MAINTENANCE = {
    "modifying": "Modifying",
    "resizing": "Modifying",
    "renaming": "Modifying",
    "rebooting": "Unavailable",
    "available": "Available",
    "available, prep-for-resize": "Available",
    "available, resize-cleanup": "Available",
    "storage-full": "Available",
    "final-snapshot": "Available",
    "creating": "Modifying",
    "deleting": "Unavailable",
}
# What PendingModifiedValues has a place for.
_PENDING = (
    "NodeType",
    "NumberOfNodes",
    "ClusterVersion",
    "AutomatedSnapshotRetentionPeriod",
    "ClusterIdentifier",
    "PubliclyAccessible",
    "EnhancedVpcRouting",
    "MaintenanceTrackName",
)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS lists them; nobody promises an order, and this one is not the caller's."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def render_cluster(place: Realm, cluster: Cluster, now: float, modifying_seconds: float) -> dict[str, Any]:
    """A ``Cluster`` of the service model."""
    settings = cluster.settings
    status = cluster.shown_status
    group = place.subnet_groups.get(settings["ClusterSubnetGroupName"])
    told: dict[str, Any] = {
        "ClusterIdentifier": cluster.identifier,
        "NodeType": settings["NodeType"],
        "ClusterStatus": status,
        "ClusterAvailabilityStatus": cluster.availability_status or _MAINTENANCE.get(status, "Unavailable"),
        "MasterUsername": settings["MasterUsername"],
        "DBName": settings["DBName"],
        "AutomatedSnapshotRetentionPeriod": settings["AutomatedSnapshotRetentionPeriod"],
        "ManualSnapshotRetentionPeriod": settings["ManualSnapshotRetentionPeriod"],
        "ClusterSecurityGroups": [],
        "VpcSecurityGroups": [
            {"VpcSecurityGroupId": each, "Status": "active"}
            for each in sorted(settings["VpcSecurityGroupIds"], reverse=True)
        ],
        "ClusterParameterGroups": [
            {
                "ParameterGroupName": settings["ClusterParameterGroupName"],
                "ParameterApplyStatus": "in-sync" if cluster.parameters_in_sync else "pending-reboot",
            }
        ],
        "ClusterSubnetGroupName": settings["ClusterSubnetGroupName"],
        "VpcId": group.vpc if group else settings["VpcId"],
        "AvailabilityZone": settings["AvailabilityZone"],
        "PreferredMaintenanceWindow": settings["PreferredMaintenanceWindow"],
        "PendingModifiedValues": _pending(cluster),
        "ClusterVersion": settings["ClusterVersion"],
        "AllowVersionUpgrade": settings["AllowVersionUpgrade"],
        "NumberOfNodes": settings["NumberOfNodes"],
        "PubliclyAccessible": settings["PubliclyAccessible"],
        "Encrypted": settings["Encrypted"],
        "ClusterRevisionNumber": REVISION,
        "Tags": tag_list(cluster.tags),
        "EnhancedVpcRouting": settings["EnhancedVpcRouting"],
        "IamRoles": [
            {
                "IamRoleArn": arn,
                "ApplyStatus": "in-sync" if since + modifying_seconds <= now else "adding",
            }
            for arn, since in sorted(cluster.roles.items(), reverse=True)
        ],
        "MaintenanceTrackName": settings["MaintenanceTrackName"],
        "DeferredMaintenanceWindows": cluster.deferred,
        "NextMaintenanceWindowStartTime": next_window(settings["PreferredMaintenanceWindow"], now),
        "AvailabilityZoneRelocationStatus": "enabled"
        if settings["AvailabilityZoneRelocation"]
        else "disabled",
        "ClusterNamespaceArn": place.arn("namespace", cluster.namespace),
        "TotalStorageCapacityInMegaBytes": 400_000 * settings["NumberOfNodes"],
        "AquaConfiguration": {"AquaStatus": "disabled", "AquaConfigurationStatus": "auto"},
        "IpAddressType": settings["IpAddressType"],
        "MultiAZ": "Enabled" if settings["MultiAZ"] else "Disabled",
        "ExtraComputeForAutomaticOptimization": str(settings["ExtraComputeForAutomaticOptimization"]).lower(),
    }
    if settings["Encrypted"]:
        told["KmsKeyId"] = settings["KmsKeyId"]
    for name in ("DefaultIamRoleArn", "SnapshotScheduleIdentifier"):
        if settings.get(name):
            told[name] = settings[name]
    if settings.get("CatalogName"):
        told["CatalogArn"] = f"arn:aws:glue:{place.region}:{place.account}:catalog/{settings['CatalogName']}"
    if settings.get("ElasticIp"):
        told["ElasticIpStatus"] = {"ElasticIp": settings["ElasticIp"], "Status": "active"}
    if settings.get("HsmConfigurationIdentifier"):
        told["HsmStatus"] = {
            "HsmClientCertificateIdentifier": settings.get("HsmClientCertificateIdentifier"),
            "HsmConfigurationIdentifier": settings["HsmConfigurationIdentifier"],
            "Status": "active",
        }
    if cluster.lakehouse:
        told["LakehouseRegistrationStatus"] = cluster.lakehouse
    told.update(_secret(place, cluster))
    told.update(_ready(place, cluster))
    if cluster.activity and cluster.activity.kind == "resizing":
        told["ResizeInfo"] = {
            "ResizeType": cluster.activity.changes.get("resize_type", "ClassicResize"),
            "AllowCancelResize": False,
        }
    if cluster.restored:
        told["RestoreStatus"] = _restore_status(cluster, now)
    return told


def _pending(cluster: Cluster) -> dict[str, Any]:
    changes = {**cluster.pending, **(cluster.activity.changes if cluster.activity else {})}
    told = {name: changes[name] for name in _PENDING if name in changes}
    if "password_digest" in changes:
        told["MasterUserPassword"] = "****"  # this is what AWS shows
    if "NumberOfNodes" in changes:
        told["ClusterType"] = "multi-node" if changes["NumberOfNodes"] > 1 else "single-node"
    if "Encrypted" in changes:
        told["EncryptionType"] = "KMS" if changes["Encrypted"] else "None"
    return told


def _secret(place: Realm, cluster: Cluster) -> dict[str, str]:
    settings = cluster.settings
    if not settings["ManageMasterPassword"]:
        return {}
    suffix = hashlib.sha256(cluster.namespace.encode()).hexdigest()[:6]
    return {
        "MasterPasswordSecretArn": f"arn:aws:secretsmanager:{place.region}:{place.account}:secret:"
        f"redshift!{cluster.identifier}-{settings['MasterUsername']}-{suffix}",
        "MasterPasswordSecretKmsKeyId": settings.get("MasterPasswordSecretKmsKeyId")
        or f"arn:aws:kms:{place.region}:{place.account}:key/{place.fixed_uuid('aws/secretsmanager')}",
    }


def _ready(place: Realm, cluster: Cluster) -> dict[str, Any]:
    """What is not known before a cluster has been available once."""
    if not cluster.born:
        return {}
    host = place.fixed_id("redshift").removeprefix("redshift-")[:12]
    key = hashlib.sha256(cluster.namespace.encode()).hexdigest()
    nodes = cluster.settings["NumberOfNodes"]
    names = ["SHARED"] if nodes == 1 else ["LEADER", *(f"COMPUTE-{index}" for index in range(nodes))]
    return {
        "ClusterCreateTime": cluster.created,
        "Endpoint": {
            "Address": f"{cluster.identifier}.{host}.{place.region}.redshift.amazonaws.com",
            "Port": cluster.settings["Port"],
        },
        "ClusterNodes": [
            {"NodeRole": name, "PrivateIPAddress": f"10.0.{index // 250}.{index % 250 + 4}"}
            for index, name in enumerate(names)
        ],
        "ClusterPublicKey": f"ssh-rsa AAAA{key} Amazon-Redshift\n",
    }


def _restore_status(cluster: Cluster, now: float) -> dict[str, Any]:
    told = cluster.restored or {}
    size = int(told["megabytes"])
    if cluster.activity is None or cluster.activity.kind != "restoring":
        length = told["ends"] - told["started"]
        return {
            "Status": "completed",
            "CurrentRestoreRateInMegaBytesPerSecond": size / length if length else float(size),
            "SnapshotSizeInMegaBytes": size,
            "ProgressInMegaBytes": size,
            "ElapsedTimeInSeconds": int(length),
            "EstimatedTimeToCompletionInSeconds": 0,
        }
    progress = _progress(cluster.activity.started, cluster.activity.ends, now)
    return {
        "Status": "restoring",
        "CurrentRestoreRateInMegaBytesPerSecond": progress.rate * size,
        "SnapshotSizeInMegaBytes": size,
        "ProgressInMegaBytes": int(size * progress.share),
        "ElapsedTimeInSeconds": progress.elapsed,
        "EstimatedTimeToCompletionInSeconds": progress.left,
    }


class _Progress:
    """How far something is that began and will end."""

    def __init__(self, started: float, ends: float | None, now: float) -> None:
        passed = max(0.0, now - started)
        length = None if ends is None else max(ends - started, 0.001)
        self.elapsed = int(passed)
        self.share = 0.37 if length is None else min(passed / length, 0.999)
        self.rate = 0.0 if length is None else 1 / length
        self.left = 0 if length is None else math.ceil(max(0.0, length - passed))


def _progress(started: float, ends: float | None, now: float) -> _Progress:
    return _Progress(started, ends, now)


def render_snapshot(place: Realm, snapshot: Snapshot, now: float, running_status: str) -> dict[str, Any]:
    """A ``Snapshot`` of the service model.

    Args:
        place: where it lies.
        snapshot: which one.
        now: the time.
        running_status: what a final snapshot is called while it is being taken.
    """
    settings = snapshot.settings
    running = snapshot.status == "creating"
    ends = None if snapshot.duration is None else snapshot.created + snapshot.duration
    progress = _progress(snapshot.created, ends, now)
    told: dict[str, Any] = {
        "SnapshotIdentifier": snapshot.identifier,
        "ClusterIdentifier": snapshot.cluster,
        "SnapshotCreateTime": snapshot.created,
        "Status": running_status if running and snapshot.final else snapshot.status,
        "Port": settings["Port"],
        "AvailabilityZone": settings["AvailabilityZone"],
        "ClusterCreateTime": snapshot.cluster_created,
        "MasterUsername": settings["MasterUsername"],
        "ClusterVersion": settings["ClusterVersion"],
        "EngineFullVersion": f"1.0.{REVISION}",
        "SnapshotType": snapshot.kind,
        "NodeType": settings["NodeType"],
        "NumberOfNodes": settings["NumberOfNodes"],
        "DBName": settings["DBName"],
        "VpcId": settings["VpcId"],
        "Encrypted": settings["Encrypted"],
        "EncryptedWithHSM": bool(settings.get("HsmConfigurationIdentifier")),
        "AccountsWithRestoreAccess": [{"AccountId": each} for each in snapshot.shared],
        "OwnerAccount": snapshot.owner,
        "TotalBackupSizeInMegaBytes": snapshot.megabytes,
        "ActualIncrementalBackupSizeInMegaBytes": round(snapshot.megabytes / 10, 3),
        "BackupProgressInMegaBytes": round(snapshot.megabytes * progress.share, 3)
        if running
        else (0.0 if snapshot.status == "failed" else snapshot.megabytes),
        "CurrentBackupRateInMegaBytesPerSecond": round(snapshot.megabytes * progress.rate, 4)
        if running
        else 0.0,
        "EstimatedSecondsToCompletion": progress.left if running else 0,
        "ElapsedTimeInSeconds": progress.elapsed if running else int(snapshot.duration or 0),
        "Tags": tag_list(snapshot.tags),
        "RestorableNodeTypes": [settings["NodeType"]],
        "EnhancedVpcRouting": settings["EnhancedVpcRouting"],
        "MaintenanceTrackName": settings["MaintenanceTrackName"],
        "SnapshotArn": place.snapshot_arn(snapshot),
        "SnapshotRetentionStartTime": snapshot.retention_started or snapshot.created,
    }
    if settings["Encrypted"]:
        told["KmsKeyId"] = settings["KmsKeyId"]
    if snapshot.kind == "manual":
        told["ManualSnapshotRetentionPeriod"] = snapshot.retention
        told["ManualSnapshotRemainingDays"] = _remaining_days(snapshot, now)
    return told


def _remaining_days(snapshot: Snapshot, now: float) -> int:
    if snapshot.retention < 0:
        return -1
    return max(0, math.ceil((snapshot.retention_started + snapshot.retention * DAY - now) / DAY))


def next_window(window: str, now: float) -> float:
    """When the next maintenance window ``ddd:hh:mm-ddd:hh:mm`` begins, strictly after `now`."""
    day, hour, minute = window.partition("-")[0].split(":")
    moment = datetime.fromtimestamp(now, timezone.utc)
    start = moment.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    start += timedelta(days=(_DAYS.index(day) - moment.weekday()) % 7)
    if start <= moment:
        start += timedelta(days=7)
    return start.timestamp()


def parameter_group(group: ParameterGroup) -> dict[str, Any]:
    """A ``ClusterParameterGroup`` of the service model."""
    return {
        "ParameterGroupName": group.name,
        "ParameterGroupFamily": group.family,
        "Description": group.description,
        "Tags": tag_list(group.tags),
    }


def subnet_group(group: SubnetGroup) -> dict[str, Any]:
    """A ``ClusterSubnetGroup`` of the service model."""
    return {
        "ClusterSubnetGroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc,
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {
                "SubnetIdentifier": subnet,
                "SubnetAvailabilityZone": {"Name": zone},
                "SubnetStatus": "Active",
            }
            for subnet, zone in group.subnets
        ],
        "Tags": tag_list(group.tags),
        "SupportedClusterIpAddressTypes": ["ipv4"],
    }
