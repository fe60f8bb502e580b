"""Changing a cluster in place: phases, groupings, refusals."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from redshift_teardown.emulator.lifecycle import Phases

COMBINATION = "InvalidParameterCombination"
KEY = "arn:aws:kms:us-east-1:123456789012:key/other"


def cluster(redshift: Any, identifier: str = "alpha") -> Any:
    """The cluster as it is now."""
    return redshift.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0]


@pytest.mark.parametrize(
    ("sent", "during", "after"),
    [
        (
            {"NodeType": "ra3.4xlarge", "NumberOfNodes": 4},
            "resizing",
            {"NodeType": "ra3.4xlarge", "NumberOfNodes": 4},
        ),
        ({"NodeType": "ra3.xlplus", "ClusterType": "single-node"}, "resizing", {"NumberOfNodes": 1}),
        ({"KmsKeyId": KEY}, "resizing", {"KmsKeyId": KEY}),
        ({"Encrypted": False}, "resizing", {"Encrypted": False}),
        ({"EnhancedVpcRouting": True}, "modifying", {"EnhancedVpcRouting": True}),
        (
            {"VpcSecurityGroupIds": ["sg-9"]},
            "modifying",
            {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-9", "Status": "active"}]},
        ),
        (
            {"PubliclyAccessible": True, "ElasticIp": "198.51.100.1"},
            "modifying",
            {"PubliclyAccessible": True},
        ),
        ({"Encrypted": True}, "available", {"Encrypted": True}),
        ({"PubliclyAccessible": True}, "modifying", {"PubliclyAccessible": True}),
        ({"AvailabilityZoneRelocation": True}, "modifying", {"AvailabilityZoneRelocationStatus": "enabled"}),
        ({"MultiAZ": True}, "modifying", {"MultiAZ": "Enabled"}),
        ({"IpAddressType": "dualstack"}, "modifying", {"IpAddressType": "dualstack"}),
        ({"AllowVersionUpgrade": False}, "available", {"AllowVersionUpgrade": False}),
        ({"AutomatedSnapshotRetentionPeriod": 9}, "available", {"AutomatedSnapshotRetentionPeriod": 9}),
        ({"ManualSnapshotRetentionPeriod": 9}, "available", {"ManualSnapshotRetentionPeriod": 9}),
        (
            {"PreferredMaintenanceWindow": "Mon:01:00-Mon:02:00"},
            "available",
            {"PreferredMaintenanceWindow": "mon:01:00-mon:02:00"},
        ),
        (
            {"ExtraComputeForAutomaticOptimization": True},
            "modifying",
            {"ExtraComputeForAutomaticOptimization": "true"},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_changes_in_their_time(
    redshift: Any, create: Any, control: Any, status: Any, sent: Any, during: str, after: Any
) -> None:
    """A change is pending until its phase is over, and then it can be read back."""
    before = create()
    redshift.modify_cluster(ClusterIdentifier="alpha", **sent)
    assert status() == during
    if during != "available":
        assert {name: cluster(redshift)[name] for name in after} == {name: before[name] for name in after}
    control.advance(600)
    shown = cluster(redshift)
    assert {name: shown[name] for name in after} == after
    assert (shown["ClusterStatus"], shown["PendingModifiedValues"]) == ("available", {})
    assert shown["ClusterNamespaceArn"] == before["ClusterNamespaceArn"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, COMBINATION),
        ({"NodeType": "ra3.4xlarge"}, COMBINATION),
        ({"NumberOfNodes": 4}, COMBINATION),
        ({"ClusterType": "single-node"}, COMBINATION),
        ({"NodeType": "ra3.xlplus", "NumberOfNodes": 99}, "NumberOfNodesPerClusterLimitExceeded"),
        ({"AvailabilityZone": "us-east-1b", "Port": 5440}, COMBINATION),
        ({"AvailabilityZone": "us-east-1b"}, COMBINATION),
        ({"MultiAZ": True, "PubliclyAccessible": True}, COMBINATION),
        ({"NewClusterIdentifier": "beta", "Port": 5440}, COMBINATION),
        ({"NewClusterIdentifier": "Bad_Name"}, "InvalidParameterValue"),
        ({"NewClusterIdentifier": "other"}, "ClusterAlreadyExists"),
        ({"ManageMasterPassword": True, "MasterUserPassword": "Other-Horse-2"}, COMBINATION),
        ({"MasterPasswordSecretKmsKeyId": KEY, "MasterUserPassword": "Other-Horse-2"}, COMBINATION),
        ({"MasterPasswordSecretKmsKeyId": "alias/x"}, COMBINATION),
        ({"MasterUserPassword": "weak"}, "InvalidParameterValue"),
        ({"Port": 9999}, "InvalidParameterValue"),
        ({"AutomatedSnapshotRetentionPeriod": 0}, "InvalidParameterValue"),
        ({"ManualSnapshotRetentionPeriod": 0}, "InvalidRetentionPeriodFault"),
        ({"PreferredMaintenanceWindow": "never"}, "InvalidParameterValue"),
        ({"ClusterParameterGroupName": "nowhere"}, "ClusterParameterGroupNotFound"),
        ({"Encrypted": False, "KmsKeyId": "alias/x"}, COMBINATION),
        ({"ElasticIp": "198.51.100.1"}, COMBINATION),
        ({"ClusterVersion": "2.0"}, "InvalidParameterValue"),
        ({"IpAddressType": "ipv6"}, "InvalidParameterValue"),
        ({"AvailabilityZone": "eu-west-1a"}, "InvalidParameterValue"),
        ({"VpcSecurityGroupIds": ["nonsense"]}, "InvalidParameterValue"),
        ({"ClusterSecurityGroups": ["nowhere"]}, "ClusterSecurityGroupNotFound"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_refused(redshift: Any, create: Any, refusal: Any, status: Any, sent: Any, code: str) -> None:
    """AWS's groupings and rules are kept, and a refused change changes nothing."""
    create("other")
    before = create()
    assert refusal(redshift.modify_cluster, ClusterIdentifier="alpha", **sent)[0] == code
    assert {**cluster(redshift), "NextMaintenanceWindowStartTime": None} == {
        **before,
        "NextMaintenanceWindowStartTime": None,
    }
    assert status() == "available"


@pytest.mark.parametrize(
    "operation",
    [
        ("modify_cluster", {"Port": 5440}),
        ("resize_cluster", {"NumberOfNodes": 4}),
        ("reboot_cluster", {}),
        ("pause_cluster", {}),
        ("modify_cluster_iam_roles", {"AddIamRoles": ["arn:aws:iam::123456789012:role/a"]}),
        ("create_cluster_snapshot", {"SnapshotIdentifier": "hand-made"}),
    ],
    ids=lambda value: value[0],
)
@pytest.mark.parametrize("shown", ["creating", "modifying", "paused", "final-snapshot", "hardware-failure"])
def test_only_while_available(
    redshift: Any, create: Any, control: Any, refusal: Any, operation: Any, shown: str
) -> None:
    """Whatever changes a cluster wants it available."""
    create()
    control.set_cluster("alpha", status=shown)
    name, sent = operation
    assert refusal(getattr(redshift, name), ClusterIdentifier="alpha", **sent)[:2] == (
        "InvalidClusterState",
        400,
    )


@pytest.mark.parametrize(
    ("operation", "during", "phase", "after"),
    [
        ("reboot_cluster", "rebooting", "rebooting", "available"),
        ("pause_cluster", "pausing", "pausing", "paused"),
    ],
)
def test_phases(
    redshift: Any, create: Any, control: Any, status: Any, operation: str, during: str, phase: str, after: str
) -> None:
    """Rebooting and pausing take their time."""
    create()
    getattr(redshift, operation)(ClusterIdentifier="alpha")
    control.advance(getattr(Phases(), phase) - 1)
    assert status() == during
    control.advance(1)
    assert status() == after


def test_resume(redshift: Any, create: Any, control: Any, status: Any, refusal: Any) -> None:
    """Only a paused cluster resumes, and only once; a Multi-AZ cluster is never paused."""
    create("wide", MultiAZ=True)
    assert refusal(redshift.pause_cluster, ClusterIdentifier="wide")[0] == "UnsupportedOperation"
    create()
    assert refusal(redshift.resume_cluster, ClusterIdentifier="alpha")[0] == "InvalidClusterState"
    redshift.pause_cluster(ClusterIdentifier="alpha")
    assert refusal(redshift.pause_cluster, ClusterIdentifier="alpha")[0] == "InvalidClusterState"
    control.advance(120)
    redshift.resume_cluster(ClusterIdentifier="alpha")
    assert status() == "resuming"
    control.advance(180)
    assert status() == "available"


def test_a_new_parameter_group_waits_for_a_reboot(redshift: Any, create: Any, control: Any) -> None:
    """It shows as pending-reboot until RebootCluster is through."""
    redshift.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="d"
    )
    create()
    redshift.modify_cluster(ClusterIdentifier="alpha", ClusterParameterGroupName="tuned")
    control.advance(60)
    pending = {"ParameterGroupName": "tuned", "ParameterApplyStatus": "pending-reboot"}
    assert cluster(redshift)["ClusterParameterGroups"] == [pending]
    redshift.reboot_cluster(ClusterIdentifier="alpha")
    control.advance(60)
    assert cluster(redshift)["ClusterParameterGroups"] == [{**pending, "ParameterApplyStatus": "in-sync"}]


def test_a_maintenance_track_waits_for_the_window(redshift: Any, create: Any, control: Any) -> None:
    """It stays in PendingModifiedValues until the next maintenance window begins."""
    shown = create()
    redshift.modify_cluster(ClusterIdentifier="alpha", MaintenanceTrackName="trailing")
    waiting = cluster(redshift)
    assert waiting["MaintenanceTrackName"] == "current"
    assert waiting["PendingModifiedValues"] == {"MaintenanceTrackName": "trailing"}
    control.advance(shown["NextMaintenanceWindowStartTime"].timestamp() - control.now())
    done = cluster(redshift)
    assert (done["MaintenanceTrackName"], done["PendingModifiedValues"]) == ("trailing", {})


def test_the_password_is_never_shown(redshift: Any, create: Any, control: Any) -> None:
    """A pending password shows as asterisks, takes effect, and stands nowhere in clear."""
    create()
    before = control.state()["clusters"]["alpha"]["password_digest"]
    told = redshift.modify_cluster(ClusterIdentifier="alpha", MasterUserPassword="Other-Horse-2")["Cluster"]
    assert told["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    control.advance(60)
    assert control.state()["clusters"]["alpha"]["password_digest"] != before
    assert "Other-Horse-2" not in str(control.state()) + str(control.calls())


def test_a_managed_password_on_and_off(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """On: a secret's ARN appears and no password is taken. Off: only with a new password."""
    create()
    redshift.modify_cluster(ClusterIdentifier="alpha", ManageMasterPassword=True)
    control.advance(60)
    assert ":secret:redshift!alpha-admin-" in cluster(redshift)["MasterPasswordSecretArn"]
    assert (
        refusal(redshift.modify_cluster, ClusterIdentifier="alpha", MasterUserPassword="Other-Horse-2")[0]
        == COMBINATION
    )
    assert refusal(redshift.modify_cluster, ClusterIdentifier="alpha", ManageMasterPassword=False)[0] == (
        COMBINATION
    )
    redshift.modify_cluster(
        ClusterIdentifier="alpha", ManageMasterPassword=False, MasterUserPassword="Other-Horse-2"
    )
    control.advance(60)
    assert "MasterPasswordSecretArn" not in cluster(redshift)


def test_renaming(redshift: Any, create: Any, control: Any, status: Any) -> None:
    """The old name lasts until the phase is over; namespace, create time, snapshots and data go along."""
    before = create("alpha", Tags=[{"Key": "team", "Value": "data"}])
    control.set_marker("alpha", "data")
    redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="hand-made")
    control.advance(120)
    redshift.modify_cluster(ClusterIdentifier="alpha", NewClusterIdentifier="Omega")
    assert cluster(redshift)["PendingModifiedValues"] == {"ClusterIdentifier": "omega"}
    assert status() == "renaming"
    control.advance(60)
    assert (status(), status("omega")) == ("gone", "available")
    after = cluster(redshift, "omega")
    for name in ("ClusterNamespaceArn", "ClusterCreateTime", "Tags"):
        assert after[name] == before[name]
    assert after["Endpoint"]["Address"].startswith("omega.")
    assert redshift.describe_cluster_snapshots(ClusterIdentifier="alpha")["Snapshots"] == []
    moved = redshift.describe_cluster_snapshots(ClusterIdentifier="omega", SnapshotType="manual")["Snapshots"]
    assert [each["SnapshotIdentifier"] for each in moved] == ["hand-made"]
    assert control.marker("omega") == "data"
    assert control.state()["generations"][0]["identifiers"] == ["alpha", "omega"]


@pytest.mark.parametrize(("classic", "kind"), [(True, "ClassicResize"), (False, "ElasticResize")])
def test_resize_cluster(redshift: Any, create: Any, control: Any, classic: bool, kind: str) -> None:
    """ResizeCluster keeps what is not given, and says what kind of resize it is."""
    create()
    redshift.resize_cluster(ClusterIdentifier="alpha", NumberOfNodes=5, Classic=classic)
    running = cluster(redshift)
    assert (running["ClusterStatus"], running["ResizeInfo"]["ResizeType"]) == ("resizing", kind)
    assert running["PendingModifiedValues"]["NumberOfNodes"] == 5
    control.advance(600)
    after = cluster(redshift)
    assert (after["NodeType"], after["NumberOfNodes"], len(after["ClusterNodes"])) == ("ra3.xlplus", 5, 6)


def test_a_resize_of_nothing(redshift: Any, create: Any, refusal: Any) -> None:
    """ResizeCluster without a size is refused."""
    create()
    assert refusal(redshift.resize_cluster, ClusterIdentifier="alpha", Classic=True)[0] == COMBINATION


def test_multi_az_needs_two_nodes(redshift: Any, create: Any, refusal: Any) -> None:
    """A single node cannot be spread over two zones."""
    create("alpha", ClusterType="single-node", NumberOfNodes=None)
    assert refusal(redshift.modify_cluster, ClusterIdentifier="alpha", MultiAZ=True)[0] == (
        "UnsupportedOperation"
    )


def test_create_time_may_change_with_a_resize(redshift: Any, create: Any, control: Any) -> None:
    """A switch lets ClusterCreateTime change, which AWS does not rule out; the namespace stays."""
    before = create()
    control.set_behaviour(keeps_create_time=False)
    redshift.resize_cluster(ClusterIdentifier="alpha", NumberOfNodes=5)
    control.advance(600)
    after = cluster(redshift)
    assert after["ClusterCreateTime"] > before["ClusterCreateTime"]
    assert after["ClusterNamespaceArn"] == before["ClusterNamespaceArn"]


def test_iam_roles(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """Roles come and go while the status stays available; a new one is `adding` for a while."""
    a, b = (f"arn:aws:iam::123456789012:role/{name}" for name in "ab")
    create("alpha", IamRoles=[a])
    redshift.modify_cluster_iam_roles(
        ClusterIdentifier="alpha", AddIamRoles=[b], RemoveIamRoles=[a], DefaultIamRoleArn=b
    )
    shown = cluster(redshift)
    assert shown["ClusterStatus"] == "available"
    assert shown["IamRoles"] == [{"IamRoleArn": b, "ApplyStatus": "adding"}]
    control.advance(60)
    shown = cluster(redshift)
    assert (shown["IamRoles"], shown["DefaultIamRoleArn"]) == (
        [{"IamRoleArn": b, "ApplyStatus": "in-sync"}],
        b,
    )
    redshift.modify_cluster_iam_roles(ClusterIdentifier="alpha", RemoveIamRoles=[b])
    assert "DefaultIamRoleArn" not in cluster(redshift)
    assert refusal(redshift.modify_cluster_iam_roles, ClusterIdentifier="alpha", DefaultIamRoleArn=a)[0] == (
        "InvalidParameterValue"
    )


def test_deferred_maintenance(redshift: Any, create: Any, refusal: Any) -> None:
    """Maintenance can be put off by 60 days at most, and no longer put off."""
    create()
    defer = {"ClusterIdentifier": "alpha", "DeferMaintenance": True, "DeferMaintenanceIdentifier": "later"}
    assert refusal(redshift.modify_cluster_maintenance, **defer)[0] == COMBINATION
    assert refusal(redshift.modify_cluster_maintenance, **defer, DeferMaintenanceDuration=61)[0] == (
        "InvalidParameterValue"
    )
    end = datetime(2030, 1, 1, tzinfo=timezone.utc)
    both = {**defer, "DeferMaintenanceDuration": 1, "DeferMaintenanceEndTime": end}
    assert refusal(redshift.modify_cluster_maintenance, **both)[0] == COMBINATION
    told = redshift.modify_cluster_maintenance(**defer, DeferMaintenanceDuration=45)["Cluster"]
    window = told["DeferredMaintenanceWindows"][0]
    length = window["DeferMaintenanceEndTime"] - window["DeferMaintenanceStartTime"]
    assert (window["DeferMaintenanceIdentifier"], length.days) == ("later", 45)
    told = redshift.modify_cluster_maintenance(ClusterIdentifier="alpha", DeferMaintenance=False)["Cluster"]
    assert told["DeferredMaintenanceWindows"] == []


def test_relocation(redshift: Any, create: Any, control: Any) -> None:
    """A cluster with relocation on moves to another zone, alone in its call."""
    create("alpha", AvailabilityZoneRelocation=True)
    redshift.modify_cluster(ClusterIdentifier="alpha", AvailabilityZone="us-east-1c")
    control.advance(60)
    assert cluster(redshift)["AvailabilityZone"] == "us-east-1c"
