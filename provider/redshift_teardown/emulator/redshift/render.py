"""Clusters, snapshots and groups as Redshift's answers tell them."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.redshift.transitions import DAY
from redshift_teardown.emulator.validation import DAYS

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
_MAINTENANCE = {
    "modifying": "Modifying",
    "resizing": "Modifying",
    "renaming": "Modifying",
    "available": "Available",
    "available, prep-for-resize": "Available",
    "available, resize-cleanup": "Available",
    "storage-full": "Available",
    "final-snapshot": "Available",
    "creating": "Modifying",
}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS lists them; nobody promises an order, and this one is not the caller's."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def render_cluster(place: Realm, cluster: Cluster, now: float, modifying_seconds: float) -> dict[str, Any]:
    """A ``Cluster`` of the service model.

    Settings are told by their own names, but for empty ones. What is None is not told, nor what the model has
    no member for.
    """
    settings = cluster.settings
    status = cluster.shown_status
    group = place.subnet_groups.get(settings["ClusterSubnetGroupName"])
    told: dict[str, Any] = {
        **{name: value for name, value in settings.items() if value != ""},
        "ClusterIdentifier": cluster.identifier,
        "ClusterStatus": status,
        "ClusterAvailabilityStatus": cluster.availability_status or _MAINTENANCE.get(status, "Unavailable"),
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
        "VpcId": group.vpc if group else settings["VpcId"],
        "KmsKeyId": _key(settings),
        "PendingModifiedValues": _pending(cluster),
        "ClusterRevisionNumber": REVISION,
        "Tags": tag_list(cluster.tags),
        "IamRoles": [
            {
                "IamRoleArn": arn,
                "ApplyStatus": "in-sync" if since + modifying_seconds <= now else "adding",
            }
            for arn, since in sorted(cluster.roles.items(), reverse=True)
        ],
        "DeferredMaintenanceWindows": cluster.deferred,
        "NextMaintenanceWindowStartTime": next_window(settings["PreferredMaintenanceWindow"], now),
        "AvailabilityZoneRelocationStatus": "enabled"
        if settings["AvailabilityZoneRelocation"]
        else "disabled",
        "ClusterNamespaceArn": place.arn("namespace", cluster.namespace),
        "TotalStorageCapacityInMegaBytes": 400_000 * settings["NumberOfNodes"],
        "AquaConfiguration": {"AquaStatus": "disabled", "AquaConfigurationStatus": "auto"},
        "MultiAZ": "Enabled" if settings["MultiAZ"] else "Disabled",
        "ExtraComputeForAutomaticOptimization": str(settings["ExtraComputeForAutomaticOptimization"]).lower(),
        "LakehouseRegistrationStatus": cluster.lakehouse or None,
        **_secret(place, cluster),
        **_ready(place, cluster),
    }
    if settings["CatalogName"]:
        told["CatalogArn"] = f"arn:aws:glue:{place.region}:{place.account}:catalog/{settings['CatalogName']}"
    if settings["ElasticIp"]:
        told["ElasticIpStatus"] = {"ElasticIp": settings["ElasticIp"], "Status": "active"}
    if settings["HsmConfigurationIdentifier"]:
        told["HsmStatus"] = {
            "HsmClientCertificateIdentifier": settings["HsmClientCertificateIdentifier"],
            "HsmConfigurationIdentifier": settings["HsmConfigurationIdentifier"],
            "Status": "active",
        }
    if cluster.activity and cluster.activity.kind == "resizing":
        told["ResizeInfo"] = {
            "ResizeType": cluster.activity.changes.get("resize_type", "ClassicResize"),
            "AllowCancelResize": False,
        }
    if cluster.restored:
        told["RestoreStatus"] = _restore_status(cluster, cluster.restored, now)
    return told


def _key(settings: dict[str, Any]) -> str | None:
    return settings["KmsKeyId"] if settings["Encrypted"] else None


def _pending(cluster: Cluster) -> dict[str, Any]:
    changes = {**cluster.pending, **(cluster.activity.changes if cluster.activity else {})}
    told = dict(changes)
    if "password_digest" in changes:
        told["MasterUserPassword"] = "****"  # this is what AWS shows
    if "NumberOfNodes" in changes:
        told["ClusterType"] = "multi-node" if changes["NumberOfNodes"] > 1 else "single-node"
    if "Encrypted" in changes:
        told["EncryptionType"] = "KMS" if changes["Encrypted"] else "None"
    return told


def _secret(place: Realm, cluster: Cluster) -> dict[str, str | None]:
    settings = cluster.settings
    if not settings["ManageMasterPassword"]:
        return {"MasterPasswordSecretKmsKeyId": None}
    suffix = hashlib.sha256(cluster.namespace.encode()).hexdigest()[:6]
    return {
        "MasterPasswordSecretArn": f"arn:aws:secretsmanager:{place.region}:{place.account}:secret:"
        f"redshift!{cluster.identifier}-{settings['MasterUsername']}-{suffix}",
        "MasterPasswordSecretKmsKeyId": settings["MasterPasswordSecretKmsKeyId"]
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


def _restore_status(cluster: Cluster, restored: dict[str, Any], now: float) -> dict[str, Any]:
    size = int(restored["megabytes"])
    running = cluster.activity if cluster.activity and cluster.activity.kind == "restoring" else None
    progress = _Progress(restored["started"], running.ends if running else restored["ends"], now)
    return {
        "Status": "restoring" if running else "completed",
        "CurrentRestoreRateInMegaBytesPerSecond": progress.rate * size,
        "SnapshotSizeInMegaBytes": size,
        "ProgressInMegaBytes": int(size * progress.share) if running else size,
        "ElapsedTimeInSeconds": progress.elapsed,
        "EstimatedTimeToCompletionInSeconds": progress.left,
    }


class _Progress:
    """How far something is that began and will end, or has ended."""

    def __init__(self, started: float, ends: float | None, now: float) -> None:
        passed = max(0.0, now - started)
        length = None if ends is None else max(ends - started, 0.001)
        self.elapsed = int(passed if length is None else min(passed, length))
        self.share = 0.37 if length is None else min(passed / length, 0.999)
        self.rate = 0.0 if length is None else 1 / length
        self.left = 0 if length is None else math.ceil(max(0.0, length - passed))


def render_snapshot(place: Realm, snapshot: Snapshot, now: float, running_status: str) -> dict[str, Any]:
    """A ``Snapshot`` of the service model.

    Args:
        place: where it lies.
        snapshot: which one.
        now: the time.
        running_status: what a final snapshot is called while it is being taken.
    """
    settings, size = snapshot.settings, snapshot.megabytes
    running, manual = snapshot.status == "creating", snapshot.kind == "manual"
    ends = None if snapshot.duration is None else snapshot.created + snapshot.duration
    progress = _Progress(snapshot.created, ends, now)
    return {
        **{name: value for name, value in settings.items() if value != ""},
        "SnapshotIdentifier": snapshot.identifier,
        "ClusterIdentifier": snapshot.cluster,
        "SnapshotCreateTime": snapshot.created,
        "Status": running_status if running and snapshot.final else snapshot.status,
        "ClusterCreateTime": snapshot.cluster_created,
        "EngineFullVersion": f"1.0.{REVISION}",
        "SnapshotType": snapshot.kind,
        "KmsKeyId": _key(settings),
        "MasterPasswordSecretKmsKeyId": None,
        "EncryptedWithHSM": bool(settings.get("HsmConfigurationIdentifier")),
        "AccountsWithRestoreAccess": [{"AccountId": each} for each in snapshot.shared],
        "OwnerAccount": snapshot.owner,
        "TotalBackupSizeInMegaBytes": size,
        "ActualIncrementalBackupSizeInMegaBytes": round(size / 10, 3),
        "BackupProgressInMegaBytes": round(size * progress.share, 3)
        if running
        else (0.0 if snapshot.status == "failed" else size),
        "CurrentBackupRateInMegaBytesPerSecond": round(size * progress.rate, 4) if running else 0.0,
        "EstimatedSecondsToCompletion": progress.left if running else 0,
        "ElapsedTimeInSeconds": progress.elapsed if running else int(snapshot.duration or 0),
        "Tags": tag_list(snapshot.tags),
        "RestorableNodeTypes": [settings["NodeType"]],
        "SnapshotArn": place.snapshot_arn(snapshot),
        "SnapshotRetentionStartTime": snapshot.retention_started or snapshot.created,
        "ManualSnapshotRetentionPeriod": snapshot.retention if manual else None,
        "ManualSnapshotRemainingDays": _remaining_days(snapshot, now) if manual else None,
    }


def _remaining_days(snapshot: Snapshot, now: float) -> int:
    if snapshot.retention < 0:
        return -1
    return max(0, math.ceil((snapshot.retention_started + snapshot.retention * DAY - now) / DAY))


def next_window(window: str, now: float) -> float:
    """When the next maintenance window ``ddd:hh:mm-ddd:hh:mm`` begins, strictly after `now`."""
    day, hour, minute = window.partition("-")[0].split(":")
    moment = datetime.fromtimestamp(now, timezone.utc)
    start = moment.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    start += timedelta(days=(DAYS.index(day) - moment.weekday()) % 7)
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
