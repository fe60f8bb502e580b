"""Parameter groups and subnet groups: described, changed, deleted, and refused."""

from __future__ import annotations

from typing import Any

import pytest

GROUP = {"ParameterGroupName": "Tuned", "ParameterGroupFamily": "redshift-1.0", "Description": "d"}


@pytest.fixture
def subnets(redshift: Any) -> list[str]:
    """The ids of the default subnets."""
    group = redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName="default")["ClusterSubnetGroups"][
        0
    ]
    return [each["SubnetIdentifier"] for each in group["Subnets"]]


def test_a_parameter_group_lives_and_dies(redshift: Any, refusal: Any) -> None:
    """Its name is lower-cased and unique; parameters that were set can be read; deleted it is gone."""
    made = redshift.create_cluster_parameter_group(**GROUP, Tags=[{"Key": "a", "Value": "b"}])
    assert made["ClusterParameterGroup"] == {
        "ParameterGroupName": "tuned",
        "ParameterGroupFamily": "redshift-1.0",
        "Description": "d",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert refusal(redshift.create_cluster_parameter_group, **GROUP)[:2] == (
        "ClusterParameterGroupAlreadyExists",
        400,
    )
    redshift.modify_cluster_parameter_group(
        ParameterGroupName="tuned",
        Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "true"}],
    )
    told = redshift.describe_cluster_parameters(ParameterGroupName="tuned")["Parameters"]
    assert [(each["ParameterName"], each["ParameterValue"]) for each in told] == [("require_ssl", "true")]
    found = redshift.describe_cluster_parameter_groups(TagKeys=["a"])["ParameterGroups"]
    assert [each["ParameterGroupName"] for each in found] == ["tuned"]
    redshift.delete_cluster_parameter_group(ParameterGroupName="tuned")
    assert refusal(redshift.describe_cluster_parameter_groups, ParameterGroupName="tuned")[:2] == (
        "ClusterParameterGroupNotFound",
        404,
    )


def test_a_changed_parameter_waits_for_a_reboot(redshift: Any, create: Any, control: Any) -> None:
    """Clusters that use the group show pending-reboot until they are rebooted."""
    redshift.create_cluster_parameter_group(**GROUP)
    create("alpha", ClusterParameterGroupName="tuned")
    redshift.modify_cluster_parameter_group(
        ParameterGroupName="tuned", Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "true"}]
    )

    def applied() -> str:
        shown = redshift.describe_clusters()["Clusters"][0]["ClusterParameterGroups"][0]
        return str(shown["ParameterApplyStatus"])

    assert applied() == "pending-reboot"
    redshift.reboot_cluster(ClusterIdentifier="alpha")
    control.advance(60)
    assert applied() == "in-sync"


@pytest.mark.parametrize(
    ("operation", "sent", "code"),
    [
        ("create_cluster_parameter_group", {**GROUP, "ParameterGroupName": "9x"}, "InvalidParameterValue"),
        ("create_cluster_parameter_group", {**GROUP, "ParameterGroupFamily": "x"}, "InvalidParameterValue"),
        (
            "modify_cluster_parameter_group",
            {"ParameterGroupName": "default.redshift-1.0", "Parameters": []},
            "InvalidClusterParameterGroupState",
        ),
        (
            "delete_cluster_parameter_group",
            {"ParameterGroupName": "default.redshift-1.0"},
            "InvalidClusterParameterGroupState",
        ),
        (
            "delete_cluster_parameter_group",
            {"ParameterGroupName": "nowhere"},
            "ClusterParameterGroupNotFound",
        ),
        (
            "delete_cluster_subnet_group",
            {"ClusterSubnetGroupName": "nowhere"},
            "ClusterSubnetGroupNotFoundFault",
        ),
        (
            "delete_cluster_subnet_group",
            {"ClusterSubnetGroupName": "default"},
            "InvalidClusterSubnetGroupStateFault",
        ),
        (
            "create_cluster_subnet_group",
            {"ClusterSubnetGroupName": "inner", "Description": "d", "SubnetIds": []},
            "InvalidSubnet",
        ),
    ],
)
def test_refused(redshift: Any, refusal: Any, operation: str, sent: Any, code: str) -> None:
    """Default groups stay as they are; names, families and subnets are checked."""
    assert refusal(getattr(redshift, operation), **sent)[0] == code


def test_a_subnet_group_lives_and_dies(redshift: Any, refusal: Any, connect: Any, subnets: list[str]) -> None:
    """It can be changed within its VPC, and deleted when no cluster is in it."""
    made = {"ClusterSubnetGroupName": "Inner", "Description": "d", "SubnetIds": subnets[:1]}
    redshift.create_cluster_subnet_group(**made)
    assert refusal(redshift.create_cluster_subnet_group, **made)[0] == "ClusterSubnetGroupAlreadyExists"
    redshift.modify_cluster_subnet_group(ClusterSubnetGroupName="inner", SubnetIds=subnets, Description="e")
    shown = redshift.describe_cluster_subnet_groups(ClusterSubnetGroupName="inner")["ClusterSubnetGroups"][0]
    assert [each["SubnetIdentifier"] for each in shown["Subnets"]] == subnets
    assert shown["Description"] == "e"
    other = connect("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    assert (
        refusal(redshift.modify_cluster_subnet_group, ClusterSubnetGroupName="inner", SubnetIds=[other])[0]
        == "InvalidSubnet"
    )
    redshift.delete_cluster_subnet_group(ClusterSubnetGroupName="inner")
    assert refusal(redshift.describe_cluster_subnet_groups, ClusterSubnetGroupName="inner")[0] == (
        "ClusterSubnetGroupNotFoundFault"
    )


def test_subnets_of_two_vpcs(redshift: Any, refusal: Any, connect: Any) -> None:
    """A subnet group lies in one VPC."""
    ec2 = connect("ec2", region="eu-west-1")
    found = []
    for number in (1, 2):
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.0.0/24")
        found.append(made["Subnet"]["SubnetId"])
    client = connect(region="eu-west-1")
    code, _, text = refusal(
        client.create_cluster_subnet_group, ClusterSubnetGroupName="x", Description="d", SubnetIds=found
    )
    assert (code, "more than one VPC" in text) == ("InvalidSubnet", True)
    assert redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"][0]["VpcId"].startswith("vpc-")
