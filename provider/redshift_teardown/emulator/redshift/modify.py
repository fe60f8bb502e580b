"""Everything that changes a cluster in place, and pauses, resumes or reboots it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError
from redshift_teardown.emulator.redshift.births import check_groups, check_relocation, digest, key_arn
from redshift_teardown.emulator.redshift.render import next_window
from redshift_teardown.emulator.redshift.state import Activity
from redshift_teardown.emulator.redshift.transitions import DAY, begin

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
_PLAIN = (
    "AvailabilityZone",
    "AvailabilityZoneRelocation",
    "ClusterVersion",
    "ElasticIp",
    "EnhancedVpcRouting",
    "ExtraComputeForAutomaticOptimization",
    "HsmClientCertificateIdentifier",
    "HsmConfigurationIdentifier",
    "IpAddressType",
    "ManageMasterPassword",
    "MasterPasswordSecretKmsKeyId",
    "MultiAZ",
    "Port",
    "PubliclyAccessible",
    "VpcSecurityGroupIds",
)
_ALONE = ("AvailabilityZone", "MultiAZ", "NewClusterIdentifier")
_LONGEST_DEFERRAL = 60


def _available(cluster: Cluster, doing: str) -> None:
    if cluster.shown_status != "available":
        raise AwsError(
            "InvalidClusterState",
            f"The cluster {cluster.identifier} cannot be {doing}: its status is {cluster.shown_status}, "
            "not available.",
        )


def _combination(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)


def modify(call: Call) -> dict[str, Any]:
    """ModifyCluster. What AWS applies at once is applied at once; the rest after a phase of its own."""
    params = {name: value for name, value in call.params.items() if name != "ClusterIdentifier"}
    cluster = call.cluster()
    if not params:
        raise _combination("No modifications were requested.")
    _check_groupings(params)
    changes = _changes(call, cluster, params)
    _available(cluster, "modified")
    for name in _AT_ONCE:
        if name in changes:
            cluster.settings[name] = changes.pop(name)
    if "ClusterParameterGroupName" in changes:
        name = changes.pop("ClusterParameterGroupName")
        if name != cluster.settings["ClusterParameterGroupName"]:
            cluster.settings["ClusterParameterGroupName"] = name
            cluster.parameters_in_sync = False
            changes.setdefault("ClusterVersion", cluster.settings["ClusterVersion"])
    if "MaintenanceTrackName" in changes:
        cluster.pending["MaintenanceTrackName"] = changes.pop("MaintenanceTrackName")
        cluster.pending_due = next_window(cluster.settings["PreferredMaintenanceWindow"], call.now)
    if changes:
        _begin(call, cluster, changes)
    return call.told(cluster)


def _begin(call: Call, cluster: Cluster, changes: dict[str, Any]) -> None:
    phases = call.phases(cluster)
    if "ClusterIdentifier" in changes:
        kind, seconds = "renaming", phases.renaming
    elif "NodeType" in changes or "Encrypted" in changes or "KmsKeyId" in changes:
        kind, seconds = "resizing", phases.resizing
    else:
        kind, seconds = "modifying", phases.modifying
    call.place.note(cluster, call.now, f"{kind}: {', '.join(sorted(changes))}")
    begin(cluster, Activity(kind, call.now, call.lasting(seconds), changes=changes))


def _check_groupings(params: dict[str, Any]) -> None:
    """What AWS wants together, or alone."""
    if ("NodeType" in params) != ("NumberOfNodes" in params) and params.get("ClusterType") != "single-node":
        raise _combination(
            "When resizing a cluster, you must specify both the node type and the number of nodes, even if "
            "one of them does not change."
        )
    if "ClusterType" in params and "NodeType" not in params:
        raise _combination("When changing the cluster type, you must specify the node type.")
    for name in _ALONE:
        if name in params and len(params) > 1:
            others = ", ".join(sorted(set(params) - {name}))
            raise _combination(f"{name} must be modified alone, without {others}.")
    if params.get("ManageMasterPassword") and "MasterUserPassword" in params:
        raise _combination("You can't use MasterUserPassword if ManageMasterPassword is true.")


def _changes(call: Call, cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    """The settings to come, each checked as at creation."""
    settings, place = cluster.settings, call.place
    node = params.get("NodeType", settings["NodeType"])
    changes = {name: params[name] for name in (*_PLAIN, *_AT_ONCE) if name in params}
    if "NodeType" in params:
        changes.update(_size(cluster, params, params.get("NumberOfNodes")))
    if "Port" in params and params["Port"] != settings["Port"]:
        validation.port(params["Port"], node)
    if "AutomatedSnapshotRetentionPeriod" in params:
        validation.automated_retention(params["AutomatedSnapshotRetentionPeriod"], node)
    if "ManualSnapshotRetentionPeriod" in params:
        validation.manual_retention(params["ManualSnapshotRetentionPeriod"], "ManualSnapshotRetentionPeriod")
    if "PreferredMaintenanceWindow" in params:
        changes["PreferredMaintenanceWindow"] = validation.maintenance_window(
            params["PreferredMaintenanceWindow"]
        )
    if "VpcSecurityGroupIds" in params:
        groups = validation.security_groups(params["VpcSecurityGroupIds"])
        changes["VpcSecurityGroupIds"] = groups or [place.fixed_id("sg")]
    changes.update(_names(call, params))
    changes.update(_encryption(call, cluster, params))
    changes.update(_password(cluster, params))
    _check_the_rest(call, cluster, params)
    return changes


def _names(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What goes by a name: groups, the maintenance track, the cluster itself."""
    place, changes = call.place, {}
    check_groups(place, params)
    if "ClusterParameterGroupName" in params:
        changes["ClusterParameterGroupName"] = params["ClusterParameterGroupName"].lower()
    if "MaintenanceTrackName" in params:
        changes["MaintenanceTrackName"] = params["MaintenanceTrackName"]
    if "NewClusterIdentifier" in params:
        name = validation.cluster_identifier(params["NewClusterIdentifier"])
        if place.name_taken(name):
            raise AwsError("ClusterAlreadyExists", "Cluster already exists")
        changes["ClusterIdentifier"] = name
    return changes


def _size(cluster: Cluster, params: dict[str, Any], count: int | None) -> dict[str, Any]:
    node = params.get("NodeType", cluster.settings["NodeType"])
    kind = params.get("ClusterType") or ("single-node" if count == 1 else "multi-node")
    return {"NodeType": node, "NumberOfNodes": validation.nodes(node, kind, count, creating=False)}


def _encryption(call: Call, cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    if "Encrypted" not in params and "KmsKeyId" not in params:
        return {}
    encrypted = params.get("Encrypted", cluster.settings["Encrypted"])
    key = params.get("KmsKeyId")
    if key and not encrypted:
        raise _combination("KmsKeyId cannot be used unless Encrypted is true.")
    arn = (
        key_arn(call.place, key) if key or not cluster.settings["Encrypted"] else cluster.settings["KmsKeyId"]
    )
    if (encrypted, arn) == (cluster.settings["Encrypted"], cluster.settings["KmsKeyId"]):
        return {}
    return {"Encrypted": encrypted, "KmsKeyId": arn}


def _password(cluster: Cluster, params: dict[str, Any]) -> dict[str, Any]:
    managed = params.get("ManageMasterPassword", cluster.settings["ManageMasterPassword"])
    password = params.get("MasterUserPassword")
    if password is not None:
        validation.password(password)
        if managed:
            raise _combination("You can't use MasterUserPassword if ManageMasterPassword is true.")
        return {"password_digest": digest(password)}
    if cluster.settings["ManageMasterPassword"] and not managed:
        raise _combination("MasterUserPassword is required to turn ManageMasterPassword off.")
    if params.get("MasterPasswordSecretKmsKeyId") and not managed:
        raise _combination("MasterPasswordSecretKmsKeyId can only be used if ManageMasterPassword is true.")
    return {}


def _check_the_rest(call: Call, cluster: Cluster, params: dict[str, Any]) -> None:
    settings = cluster.settings
    if params.get("ClusterVersion", "1.0") != "1.0":
        raise AwsError("InvalidParameterValue", "Invalid cluster version. Only 1.0 is available.")
    if params.get("IpAddressType", "ipv4") not in ("ipv4", "dualstack"):
        raise AwsError("InvalidParameterValue", f"Invalid IpAddressType: {params['IpAddressType']}")
    zone = params.get("AvailabilityZone")
    if zone is not None and not zone.startswith(call.place.region):
        raise AwsError("InvalidParameterValue", f"{zone} is not a valid availability zone.")
    if zone is not None and not settings["AvailabilityZoneRelocation"]:
        raise _combination("AvailabilityZone can be modified only if availability zone relocation is on.")
    if params.get("MultiAZ") and (
        not validation.managed_storage(settings["NodeType"]) or settings["NumberOfNodes"] == 1
    ):
        raise AwsError(
            "UnsupportedOperation", "Multi-AZ is supported for RA3 clusters of at least two nodes only."
        )
    if params.get("MultiAZ") and not settings["Encrypted"]:
        raise _combination("Multi-AZ requires an encrypted cluster.")
    check_relocation(
        params.get("AvailabilityZoneRelocation", settings["AvailabilityZoneRelocation"]),
        params.get("NodeType", settings["NodeType"]),
    )
    public = params.get("PubliclyAccessible", settings["PubliclyAccessible"])
    if params.get("ElasticIp") and not public:
        raise _combination("ElasticIp requires a publicly accessible cluster.")


def resize(call: Call) -> dict[str, Any]:
    """ResizeCluster: what is not given stays as it is."""
    params, cluster = call.params, call.cluster()
    if not {"NodeType", "NumberOfNodes", "ClusterType"} & set(params):
        raise _combination("At least one of NodeType, NumberOfNodes and ClusterType must be specified.")
    count = params.get("NumberOfNodes")
    if count is None and params.get("ClusterType") != "single-node":
        count = cluster.settings["NumberOfNodes"]
    changes = _size(cluster, params, count)
    _available(cluster, "resized")
    changes["resize_type"] = "ClassicResize" if params.get("Classic", False) else "ElasticResize"
    _begin(call, cluster, changes)
    return call.told(cluster)


def reboot(call: Call) -> dict[str, Any]:
    """RebootCluster: pending parameters come into force."""
    cluster = call.cluster()
    _available(cluster, "rebooted")
    begin(cluster, Activity("rebooting", call.now, call.lasting(call.phases(cluster).rebooting)))
    return call.told(cluster)


def pause(call: Call) -> dict[str, Any]:
    """PauseCluster."""
    cluster = call.cluster()
    _available(cluster, "paused")
    if cluster.settings["MultiAZ"]:
        raise AwsError("UnsupportedOperation", "A Multi-AZ cluster cannot be paused.")
    begin(cluster, Activity("pausing", call.now, call.lasting(call.phases(cluster).pausing)))
    return call.told(cluster)


def resume(call: Call) -> dict[str, Any]:
    """ResumeCluster."""
    cluster = call.cluster()
    if cluster.shown_status != "paused":
        raise AwsError(
            "InvalidClusterState",
            f"The cluster {cluster.identifier} cannot be resumed: its status is {cluster.shown_status}, "
            "not paused.",
        )
    begin(cluster, Activity("resuming", call.now, call.lasting(call.phases(cluster).resuming)))
    return call.told(cluster)


def iam_roles(call: Call) -> dict[str, Any]:
    """ModifyClusterIamRoles: the status stays available, the roles' own says how far they are."""
    params, cluster = call.params, call.cluster()
    added, removed = params.get("AddIamRoles", []), params.get("RemoveIamRoles", [])
    validation.iam_roles([*added, *removed])
    _available(cluster, "modified")
    if not added and not removed and "DefaultIamRoleArn" not in params:
        raise _combination("No modifications were requested.")
    roles = {arn: since for arn, since in cluster.roles.items() if arn not in removed}
    for arn in added:
        roles.setdefault(arn, call.now)
    validation.iam_roles(list(roles))
    default = params.get("DefaultIamRoleArn")
    if default and default not in roles:
        raise AwsError("InvalidParameterValue", "DefaultIamRoleArn must be one of the cluster's IAM roles.")
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
        raise _combination("If you specify an end time, you can't specify a duration.")
    if params.get("DeferMaintenance") is False:
        cluster.deferred = []
        return call.told(cluster)
    if end is None:
        if days is None:
            raise _combination("DeferMaintenanceDuration or DeferMaintenanceEndTime is required.")
        end = start + days * DAY
    if not 0 < end - start <= _LONGEST_DEFERRAL * DAY:
        raise AwsError("InvalidParameterValue", "Maintenance can be deferred by 1 to 60 days.")
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
