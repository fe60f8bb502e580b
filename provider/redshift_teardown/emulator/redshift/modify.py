"""Everything that changes a cluster in place, and pauses, resumes or reboots it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError, combination, invalid
from redshift_teardown.emulator.redshift.births import (
    changes,
    check_password,
    check_together,
    key_arn,
    name_taken,
)
from redshift_teardown.emulator.redshift.render import next_window
from redshift_teardown.emulator.redshift.transitions import DAY

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.call import Call
    from redshift_teardown.emulator.redshift.state import Cluster

__all__ = ["iam_roles", "maintenance", "modify", "pause", "reboot", "resize", "resume"]

_AT_ONCE = (
    "AllowVersionUpgrade",
    "AutomatedSnapshotRetentionPeriod",
    "ManualSnapshotRetentionPeriod",
    "PreferredMaintenanceWindow",
)
_ALONE = ("AvailabilityZone", "MultiAZ", "NewClusterIdentifier")
_LONGEST_DEFERRAL = 60


def _cluster(call: Call, doing: str, status: str = "available") -> Cluster:
    """The cluster a call is about.

    Raises:
        AwsError: it has another status than it must have for that.
    """
    cluster = call.cluster()
    _check_status(cluster, doing, status)
    return cluster


def _check_status(cluster: Cluster, doing: str, status: str = "available") -> None:
    if cluster.shown_status != status:
        raise AwsError(
            "InvalidClusterState",
            f"The cluster {cluster.identifier} cannot be {doing}: its status is {cluster.shown_status}, "
            f"not {status}.",
        )


def modify(call: Call) -> dict[str, Any]:
    """ModifyCluster. What AWS applies at once is applied at once; the rest after a phase of its own."""
    params = {name: value for name, value in call.params.items() if name != "ClusterIdentifier"}
    cluster = call.cluster()
    if not params:
        raise combination("No modifications were requested.")
    _check_groupings(params)
    new = _changes(call, cluster, params)
    _check_status(cluster, "modified")
    for name in _AT_ONCE:
        if name in new:
            cluster.settings[name] = new.pop(name)
    group = new.pop("ClusterParameterGroupName", cluster.settings["ClusterParameterGroupName"])
    if group != cluster.settings["ClusterParameterGroupName"]:
        cluster.settings["ClusterParameterGroupName"] = group
        cluster.parameters_in_sync = False
        new.setdefault("ClusterVersion", cluster.settings["ClusterVersion"])
    if "MaintenanceTrackName" in new:
        cluster.pending["MaintenanceTrackName"] = new.pop("MaintenanceTrackName")
        cluster.pending_due = next_window(cluster.settings["PreferredMaintenanceWindow"], call.now)
    if new:
        _begin(call, cluster, new)
    return call.told(cluster)


def _begin(call: Call, cluster: Cluster, new: dict[str, Any]) -> None:
    kind = "modifying"
    if "ClusterIdentifier" in new:
        kind = "renaming"
    elif not {"NodeType", "Encrypted", "KmsKeyId"}.isdisjoint(new):
        kind = "resizing"
    call.place.note(cluster, call.now, f"{kind}: {', '.join(sorted(new))}")
    call.begin(cluster, kind, changes=new)


def _check_groupings(params: dict[str, Any]) -> None:
    """What AWS wants together, or alone."""
    if ("NodeType" in params) != ("NumberOfNodes" in params) and params.get("ClusterType") != "single-node":
        raise combination(
            "When resizing a cluster, you must specify both the node type and the number of nodes, even if "
            "one of them does not change."
        )
    if "ClusterType" in params and "NodeType" not in params:
        raise combination("When changing the cluster type, you must specify the node type.")
    for name in _ALONE:
        if name in params and len(params) > 1:
            others = ", ".join(sorted(set(params) - {name}))
            raise combination(f"{name} must be modified alone, without {others}.")
    if params.get("ManageMasterPassword") and "MasterUserPassword" in params:
        raise combination("You can't use MasterUserPassword if ManageMasterPassword is true.")


def _changes(call: Call, cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """The settings to come, each checked as at creation."""
    settings, place = cluster.settings, call.place
    new = changes(place, params)
    if "NodeType" in params:
        new.update(_size(cluster, params, params.get("NumberOfNodes")))
    to_be = {**settings, **new}
    if to_be["Port"] != settings["Port"]:
        validation.port(to_be["Port"], to_be["NodeType"])
    if "AvailabilityZone" in new and not settings["AvailabilityZoneRelocation"]:
        raise combination("AvailabilityZone can be modified only if availability zone relocation is on.")
    check_together(to_be, new, params)
    if "NewClusterIdentifier" in params:
        new["ClusterIdentifier"] = validation.cluster_identifier(params["NewClusterIdentifier"])
        if place.name_taken(new["ClusterIdentifier"]):
            raise name_taken()
    new.update(_encryption(call, cluster, params))
    managed = to_be["ManageMasterPassword"]
    digest = check_password(params, managed=managed)
    if digest is not None:
        new["password_digest"] = digest
    elif settings["ManageMasterPassword"] and not managed:
        raise combination("MasterUserPassword is required to turn ManageMasterPassword off.")
    return new


def _size(cluster: Cluster, params: dict[str, Any], count: int | None) -> dict[str, Any]:
    node = params.get("NodeType", cluster.settings["NodeType"])
    kind = params.get("ClusterType") or ("single-node" if count == 1 else "multi-node")
    return {"NodeType": node, "NumberOfNodes": validation.nodes(node, kind, count, creating=False)}


def _encryption(call: Call, cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    present = {name: cluster.settings[name] for name in ("Encrypted", "KmsKeyId")}
    encrypted, key = params.get("Encrypted", present["Encrypted"]), params.get("KmsKeyId")
    if key and not encrypted:
        raise combination("KmsKeyId cannot be used unless Encrypted is true.")
    kept = present["KmsKeyId"] if not key and present["Encrypted"] else key_arn(call.place, key)
    wanted = {"Encrypted": encrypted, "KmsKeyId": kept}
    asked = "Encrypted" in params or "KmsKeyId" in params
    return wanted if asked and wanted != present else {}


def resize(call: Call) -> dict[str, Any]:
    """ResizeCluster: what is not given stays as it is."""
    params, cluster = call.params, call.cluster()
    if not {"NodeType", "NumberOfNodes", "ClusterType"} & set(params):
        raise combination("At least one of NodeType, NumberOfNodes and ClusterType must be specified.")
    count = params.get("NumberOfNodes")
    if count is None and params.get("ClusterType") != "single-node":
        count = cluster.settings["NumberOfNodes"]
    new = _size(cluster, params, count)
    _check_status(cluster, "resized")
    new["resize_type"] = "ClassicResize" if params.get("Classic", False) else "ElasticResize"
    _begin(call, cluster, new)
    return call.told(cluster)


def reboot(call: Call) -> dict[str, Any]:
    """RebootCluster: pending parameters come into force."""
    cluster = _cluster(call, "rebooted")
    call.begin(cluster, "rebooting")
    return call.told(cluster)


def pause(call: Call) -> dict[str, Any]:
    """PauseCluster."""
    cluster = _cluster(call, "paused")
    if cluster.settings["MultiAZ"]:
        raise AwsError("UnsupportedOperation", "A Multi-AZ cluster cannot be paused.")
    call.begin(cluster, "pausing")
    return call.told(cluster)


def resume(call: Call) -> dict[str, Any]:
    """ResumeCluster."""
    cluster = _cluster(call, "resumed", "paused")
    call.begin(cluster, "resuming")
    return call.told(cluster)


def iam_roles(call: Call) -> dict[str, Any]:
    """ModifyClusterIamRoles: the status stays available, the roles' own says how far they are."""
    params, cluster = call.params, call.cluster()
    added, removed = params.get("AddIamRoles", []), params.get("RemoveIamRoles", [])
    validation.iam_roles([*added, *removed])
    _check_status(cluster, "modified")
    if not added and not removed and "DefaultIamRoleArn" not in params:
        raise combination("No modifications were requested.")
    roles = {arn: since for arn, since in cluster.roles.items() if arn not in removed}
    for arn in added:
        roles.setdefault(arn, call.now)
    validation.iam_roles(list(roles))
    default = params.get("DefaultIamRoleArn")
    if default and default not in roles:
        raise invalid("DefaultIamRoleArn must be one of the cluster's IAM roles.")
    cluster.roles = roles
    if default is not None:
        cluster.settings["DefaultIamRoleArn"] = default
    elif cluster.settings["DefaultIamRoleArn"] not in roles:
        cluster.settings["DefaultIamRoleArn"] = ""
    return call.told(cluster)


def maintenance(call: Call) -> dict[str, Any]:
    """ModifyClusterMaintenance: put maintenance off, or no longer."""
    params, cluster = call.params, call.cluster()
    identifier = params.get("DeferMaintenanceIdentifier") or f"dfm-{len(cluster.deferred) + 1}"
    start = params.get("DeferMaintenanceStartTime", call.now)
    end, days = params.get("DeferMaintenanceEndTime"), params.get("DeferMaintenanceDuration")
    if end is not None and days is not None:
        raise combination("If you specify an end time, you can't specify a duration.")
    if params.get("DeferMaintenance") is False:
        cluster.deferred = []
        return call.told(cluster)
    if end is None:
        if days is None:
            raise combination("DeferMaintenanceDuration or DeferMaintenanceEndTime is required.")
        end = start + days * DAY
    if not 0 < end - start <= _LONGEST_DEFERRAL * DAY:
        raise invalid("Maintenance can be deferred by 1 to 60 days.")
    others = [each for each in cluster.deferred if each["DeferMaintenanceIdentifier"] != identifier]
    cluster.deferred = [
        *others,
        {
            "DeferMaintenanceIdentifier": identifier,
            "DeferMaintenanceStartTime": start,
            "DeferMaintenanceEndTime": end,
        },
    ]
    return call.told(cluster)
