"""CreateCluster is refused where AWS refuses it, and tells back what it was given."""

from __future__ import annotations

from typing import Any

import pytest

VALUE, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"ClusterIdentifier": "1alpha"}, VALUE, 400),
        ({"ClusterIdentifier": "alpha-"}, VALUE, 400),
        ({"ClusterIdentifier": "al--pha"}, VALUE, 400),
        ({"ClusterIdentifier": "al_pha"}, VALUE, 400),
        ({"ClusterIdentifier": "a" * 64}, VALUE, 400),
        ({"ClusterIdentifier": "数据"}, VALUE, 400),
        ({"NodeType": "ra3.huge"}, VALUE, 400),
        ({"NodeType": "dc2.8xlarge", "ClusterType": "single-node", "NumberOfNodes": None}, COMBINATION, 400),
        ({"NodeType": "ra3.4xlarge", "ClusterType": "single-node", "NumberOfNodes": None}, COMBINATION, 400),
        ({"ClusterType": "many-node"}, VALUE, 400),
        ({"ClusterType": "single-node"}, VALUE, 400),
        ({"ClusterType": None, "NumberOfNodes": None}, COMBINATION, 400),
        ({"NumberOfNodes": 1}, COMBINATION, 400),
        ({"NumberOfNodes": 33}, "NumberOfNodesPerClusterLimitExceeded", 400),
        ({"NodeType": "ra3.large", "NumberOfNodes": 17}, "NumberOfNodesPerClusterLimitExceeded", 400),
        ({"MasterUserPassword": None}, COMBINATION, 400),
        ({"ManageMasterPassword": True}, COMBINATION, 400),
        ({"MasterPasswordSecretKmsKeyId": "alias/x"}, COMBINATION, 400),
        ({"MasterUserPassword": "Short-1"}, VALUE, 400),
        ({"MasterUserPassword": "A1" + "a" * 63}, VALUE, 400),
        ({"MasterUserPassword": "no-upper-case-1"}, VALUE, 400),
        ({"MasterUserPassword": "NO-LOWER-CASE-1"}, VALUE, 400),
        ({"MasterUserPassword": "No-number-here"}, VALUE, 400),
        *(({"MasterUserPassword": f"Correct{bad}Horse1"}, VALUE, 400) for bad in "/@\"' \\é\n"),
        ({"MasterUsername": "Admin"}, VALUE, 400),
        ({"MasterUsername": "1admin"}, VALUE, 400),
        ({"MasterUsername": "user"}, VALUE, 400),
        ({"MasterUsername": "a:b"}, VALUE, 400),
        ({"DBName": "1st"}, VALUE, 400),
        ({"DBName": "d" * 65}, VALUE, 400),
        ({"DBName": "table"}, VALUE, 400),
        ({"Port": 5430}, VALUE, 400),
        ({"Port": 1150}, VALUE, 400),
        ({"NodeType": "dc2.large", "Port": 1149}, VALUE, 400),
        ({"AutomatedSnapshotRetentionPeriod": 36}, VALUE, 400),
        ({"AutomatedSnapshotRetentionPeriod": -1}, VALUE, 400),
        ({"AutomatedSnapshotRetentionPeriod": 0}, VALUE, 400),
        ({"ManualSnapshotRetentionPeriod": 0}, "InvalidRetentionPeriodFault", 400),
        ({"ManualSnapshotRetentionPeriod": 3654}, "InvalidRetentionPeriodFault", 400),
        ({"PreferredMaintenanceWindow": "sun:05:00"}, VALUE, 400),
        ({"PreferredMaintenanceWindow": "sun:05:00-sun:05:20"}, VALUE, 400),
        ({"PreferredMaintenanceWindow": "sun:25:00-sun:26:00"}, VALUE, 400),
        ({"ClusterVersion": "2.0"}, VALUE, 400),
        ({"Encrypted": False}, VALUE, 400),
        ({"ClusterParameterGroupName": "nowhere"}, "ClusterParameterGroupNotFound", 404),
        ({"ClusterSubnetGroupName": "nowhere"}, "ClusterSubnetGroupNotFoundFault", 400),
        ({"ClusterSecurityGroups": ["nowhere"]}, "ClusterSecurityGroupNotFound", 404),
        ({"VpcSecurityGroupIds": ["default"]}, VALUE, 400),
        ({"AvailabilityZone": "eu-west-1a"}, VALUE, 400),
        ({"IamRoles": ["arn:aws:iam::1:role/x"]}, VALUE, 400),
        ({"DefaultIamRoleArn": "arn:aws:iam::123456789012:role/x"}, VALUE, 400),
        ({"IpAddressType": "ipv6"}, VALUE, 400),
        ({"ElasticIp": "198.51.100.1"}, COMBINATION, 400),
        ({"NodeType": "dc2.large", "MultiAZ": True}, "UnsupportedOperation", 400),
        ({"Tags": [{"Key": "aws:x", "Value": "1"}]}, "InvalidTagFault", 400),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
def test_refused(redshift: Any, arguments: Any, refusal: Any, changes: Any, code: str, status: int) -> None:
    """Each of AWS's rules is kept, with AWS's wire code and HTTP status, and nothing is created."""
    assert refusal(redshift.create_cluster, **arguments(**changes))[:2] == (code, status)
    assert redshift.describe_clusters()["Clusters"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"ClusterIdentifier": "a" * 63},
        {"MasterUserPassword": "Aa1!#$%&()"},
        {"MasterUserPassword": "A1" + "a" * 62},
        {"Port": 5431},
        {"Port": 8215},
        {"NodeType": "dc2.large", "Port": 1150},
        {"NodeType": "dc2.large", "AutomatedSnapshotRetentionPeriod": 0},
        {"NodeType": "dc2.large", "ClusterType": "single-node", "NumberOfNodes": None},
        {"NodeType": "rg.xlarge"},
        {"ClusterType": None},
        {"ManualSnapshotRetentionPeriod": 3653},
        {"ManualSnapshotRetentionPeriod": -1},
        {"PreferredMaintenanceWindow": "Sat:23:45-Sun:00:15"},
        {"PubliclyAccessible": True, "ElasticIp": "198.51.100.1"},
        {"MasterUserPassword": None, "ManageMasterPassword": True},
        {"MultiAZ": True},
    ],
    ids=",".join,
)
def test_accepted_at_the_edge(redshift: Any, arguments: Any, changes: Any) -> None:
    """What is just within AWS's rules is not refused."""
    assert redshift.create_cluster(**arguments(**changes))["Cluster"]["ClusterStatus"] == "creating"


def test_every_argument_comes_back(create: Any, redshift: Any) -> None:
    """What can be set can be read, with AWS's own normalisations: case, ARNs, order."""
    redshift.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="d"
    )
    roles = [f"arn:aws:iam::123456789012:role/{name}" for name in ("a", "b")]
    made = create(
        "alpha",
        DBName="Sales",
        VpcSecurityGroupIds=["sg-1", "sg-2"],
        ClusterParameterGroupName="tuned",
        PreferredMaintenanceWindow="Sun:05:00-Sun:05:30",
        AutomatedSnapshotRetentionPeriod=7,
        ManualSnapshotRetentionPeriod=30,
        Port=5440,
        AllowVersionUpgrade=False,
        PubliclyAccessible=True,
        ElasticIp="198.51.100.1",
        KmsKeyId="11111111-2222-3333-4444-555555555555",
        EnhancedVpcRouting=True,
        IamRoles=roles,
        DefaultIamRoleArn=roles[0],
        MaintenanceTrackName="trailing",
        AvailabilityZoneRelocation=True,
        AvailabilityZone="us-east-1b",
        IpAddressType="dualstack",
        CatalogName="lake_1",
        ExtraComputeForAutomaticOptimization=True,
        SnapshotScheduleIdentifier="nightly",
        MasterUserPassword=None,
        ManageMasterPassword=True,
        Tags=[{"Key": "team", "Value": "data"}],
    )
    expected = {
        "DBName": "sales",
        "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
        "AutomatedSnapshotRetentionPeriod": 7,
        "ManualSnapshotRetentionPeriod": 30,
        "AllowVersionUpgrade": False,
        "PubliclyAccessible": True,
        "Encrypted": True,
        "KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        "EnhancedVpcRouting": True,
        "DefaultIamRoleArn": roles[0],
        "MaintenanceTrackName": "trailing",
        "AvailabilityZoneRelocationStatus": "enabled",
        "AvailabilityZone": "us-east-1b",
        "IpAddressType": "dualstack",
        "CatalogArn": "arn:aws:glue:us-east-1:123456789012:catalog/lake_1",
        "ExtraComputeForAutomaticOptimization": "true",
        "SnapshotScheduleIdentifier": "nightly",
        "MultiAZ": "Disabled",
        "NumberOfNodes": 2,
        "ClusterSubnetGroupName": "default",
        "Tags": [{"Key": "team", "Value": "data"}],
        "PendingModifiedValues": {},
    }
    assert {name: made[name] for name in expected} == expected
    assert {each["VpcSecurityGroupId"] for each in made["VpcSecurityGroups"]} == {"sg-1", "sg-2"}
    assert {each["IamRoleArn"] for each in made["IamRoles"]} == set(roles)
    assert made["ClusterParameterGroups"] == [
        {"ParameterGroupName": "tuned", "ParameterApplyStatus": "in-sync"}
    ]
    assert made["Endpoint"]["Port"] == 5440
    assert made["MasterPasswordSecretArn"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:")
    assert [node["NodeRole"] for node in made["ClusterNodes"]] == ["LEADER", "COMPUTE-0", "COMPUTE-1"]


def test_creating_takes_its_time(redshift: Any, arguments: Any, control: Any, status: Any) -> None:
    """A cluster is `creating` first, without endpoint and create time, and cannot be made twice."""
    redshift.create_cluster(**arguments())
    control.advance(179)
    early = redshift.describe_clusters(ClusterIdentifier="alpha")["Clusters"][0]
    assert (early["ClusterStatus"], "Endpoint" in early, "ClusterCreateTime" in early) == (
        "creating",
        False,
        False,
    )
    with pytest.raises(redshift.exceptions.ClusterAlreadyExistsFault):
        redshift.create_cluster(**arguments())
    control.advance(1)
    assert status() == "available"
    late = redshift.describe_clusters(ClusterIdentifier="alpha")["Clusters"][0]
    assert late["ClusterAvailabilityStatus"] == "Available"
    assert late["ClusterNamespaceArn"] == early["ClusterNamespaceArn"]
    assert late["Endpoint"]["Address"].startswith("alpha.")


def test_a_refused_password_is_not_repeated(redshift: Any, arguments: Any, refusal: Any) -> None:
    """The message says which rule was broken, never the password."""
    _, _, message = refusal(redshift.create_cluster, **arguments(MasterUserPassword="hunter2-secret"))
    assert "uppercase" in message
    assert "hunter2" not in message


def test_encryption_may_be_made_optional(redshift: Any, arguments: Any, control: Any) -> None:
    """A switch brings back the years when a cluster could be unencrypted."""
    control.set_behaviour(allow_unencrypted=True)
    made = redshift.create_cluster(**arguments(Encrypted=False))["Cluster"]
    assert (made["Encrypted"], "KmsKeyId" in made) == (False, False)


def test_groups_in_use_stay(redshift: Any, create: Any, refusal: Any) -> None:
    """A parameter group and a subnet group cannot be deleted while a cluster uses them."""
    subnets = redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"][0]["Subnets"]
    redshift.create_cluster_subnet_group(
        ClusterSubnetGroupName="Inner",
        Description="d",
        SubnetIds=[subnets[0]["SubnetIdentifier"]],
        Tags=[{"Key": "a", "Value": "b"}],
    )
    redshift.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="d"
    )
    create("alpha", ClusterSubnetGroupName="inner", ClusterParameterGroupName="tuned")
    assert (
        refusal(redshift.delete_cluster_subnet_group, ClusterSubnetGroupName="inner")[0]
        == "InvalidClusterSubnetGroupStateFault"
    )
    assert (
        refusal(redshift.delete_cluster_parameter_group, ParameterGroupName="tuned")[0]
        == "InvalidClusterParameterGroupState"
    )
    shown = redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName="inner")["ClusterSubnetGroups"]
    assert shown[0]["Tags"] == [{"Key": "a", "Value": "b"}]


def test_subnets_must_exist(redshift: Any, refusal: Any, connect: Any) -> None:
    """A subnet group takes subnets of EC2 on the same endpoint, and no others."""
    wrong = {"ClusterSubnetGroupName": "inner", "Description": "d", "SubnetIds": ["subnet-none"]}
    assert refusal(redshift.create_cluster_subnet_group, **wrong)[:2] == ("InvalidSubnet", 400)
    subnet = connect("ec2").describe_subnets()["Subnets"][0]
    made = redshift.create_cluster_subnet_group(**{**wrong, "SubnetIds": [subnet["SubnetId"]]})
    assert made["ClusterSubnetGroup"]["VpcId"] == subnet["VpcId"]
