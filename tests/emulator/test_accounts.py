"""Whose call it is: accounts and regions apart, keys that fail, STS on the same address."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("AKIA111122223333ABCD", "111122223333"),
        ("ASIA444455556666ROLE", "444455556666"),
        ("test", "123456789012"),
        ("AKIAIOSFODNN7EXAMPLE", "123456789012"),
    ],
)
def test_the_account_is_in_the_key(connect: Any, key: str, account: str) -> None:
    """STS tells the account that the access key id names."""
    told = connect("sts", key=key).get_caller_identity()
    assert told["Account"] == account
    assert f":{account}:" in told["Arn"]


def test_an_assumed_role_belongs_to_its_account(connect: Any, arguments: Any) -> None:
    """AssumeRole gives keys of the role's account, and what they make is there and nowhere else."""
    role = "arn:aws:iam::444455556666:role/teams/deployer"
    given = connect("sts").assume_role(RoleArn=role, RoleSessionName="pulumi")
    assert given["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/deployer/pulumi"
    key = given["Credentials"]["AccessKeyId"]
    assert connect("sts", key=key).get_caller_identity()["Account"] == "444455556666"
    made = connect(key=key).create_cluster(**arguments())["Cluster"]
    assert ":444455556666:" in made["ClusterNamespaceArn"]
    assert connect().describe_clusters()["Clusters"] == []


@pytest.mark.parametrize(
    ("key", "code"),
    [("AKIAINVALIDXXXXXXXXX", "InvalidClientTokenId"), ("ASIAEXPIREDXXXXXXXXX", "ExpiredToken")],
)
@pytest.mark.parametrize(
    ("service", "operation"), [("redshift", "describe_clusters"), ("sts", "get_caller_identity")]
)
def test_keys_that_fail(
    connect: Any, refusal: Any, key: str, code: str, service: str, operation: str
) -> None:
    """Unknown and expired keys are refused with 403 by every service."""
    assert refusal(getattr(connect(service, key=key), operation))[:2] == (code, 403)


def test_a_key_that_may_only_look(
    connect: Any, create: Any, arguments: Any, refusal: Any, status: Any
) -> None:
    """It describes, and is denied all that changes anything."""
    create()
    denied = connect(key="AKIADENIEDXXXXXXXXXX")
    assert len(denied.describe_clusters()["Clusters"]) == 1
    arn = "arn:aws:redshift:us-east-1:123456789012:cluster:alpha"
    for operation, sent in (
        (denied.create_cluster, arguments("beta")),
        (denied.delete_cluster, {"ClusterIdentifier": "alpha", "SkipFinalClusterSnapshot": True}),
        (denied.modify_cluster, {"ClusterIdentifier": "alpha", "Port": 5440}),
        (denied.create_tags, {"ResourceName": arn, "Tags": [{"Key": "a", "Value": "b"}]}),
    ):
        code, http, text = refusal(operation, **sent)
        assert (code, http) == ("AccessDenied", 403)
        assert "is not authorized to perform: redshift:" in text
    assert status() == "available"


def test_regions_and_accounts_are_apart(connect: Any, create: Any, arguments: Any, control: Any) -> None:
    """The same names live side by side, each with its own namespace, snapshots and quota."""
    made = create()
    places = [
        connect(region="eu-west-1"),
        connect(key="AKIA111122223333ABCD"),
        connect(key="AKIA111122223333ABCD", region="eu-west-1"),
    ]
    for client in places:
        assert client.describe_clusters()["Clusters"] == []
        assert client.describe_cluster_snapshots()["Snapshots"] == []
        other = client.create_cluster(**arguments())["Cluster"]
        assert other["ClusterNamespaceArn"] != made["ClusterNamespaceArn"]
        assert other["VpcId"] != made["VpcId"]
    control.advance(180)
    for client in places:
        client.delete_cluster(ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier="last")
    assert connect().describe_clusters()["Clusters"][0]["ClusterStatus"] == "available"
    assert sorted(control.places()) == [
        ("111122223333", "eu-west-1"),
        ("111122223333", "us-east-1"),
        ("123456789012", "eu-west-1"),
        ("123456789012", "us-east-1"),
    ]


def test_other_services_keep_accounts_apart_too(connect: Any) -> None:
    """EC2, from moto, on the same address."""
    here, there = connect("ec2"), connect("ec2", key="AKIA111122223333ABCD")
    vpc = here.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    assert vpc in {each["VpcId"] for each in here.describe_vpcs()["Vpcs"]}
    assert vpc not in {each["VpcId"] for each in there.describe_vpcs()["Vpcs"]}


def test_an_operation_nobody_has(connect: Any, refusal: Any) -> None:
    """An operation the emulator lacks is a clean error, not a guess."""
    code, http, text = refusal(connect().describe_reserved_nodes)
    assert (code, http) == ("InvalidAction", 400)
    assert "DescribeReservedNodes" in text
