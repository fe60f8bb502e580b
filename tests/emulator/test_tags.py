"""Tags: AWS's limits, its alphabet, and nothing tagged that is not there."""

from __future__ import annotations

from typing import Any

import pytest

CLUSTER = "arn:aws:redshift:us-east-1:123456789012:cluster:alpha"


def tags(**pairs: str) -> list[dict[str, str]]:
    """Tags as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("", "x", "InvalidTagFault"),
        ("k" * 129, "x", "InvalidTagFault"),
        ("k", "v" * 257, "InvalidTagFault"),
        ("aws:team", "x", "InvalidTagFault"),
        ("AWS:team", "x", "InvalidTagFault"),
        ("urn", "pulumi:a$b", "InvalidTagFault"),
        ("k", "a,b", "InvalidTagFault"),
        ("k", "a\tb", "InvalidTagFault"),
        ("k#", "x", "InvalidTagFault"),
        ("k", "🙂", "InvalidTagFault"),
    ],
)
def test_refused(redshift: Any, create: Any, refusal: Any, key: str, value: str, code: str) -> None:
    """What AWS's tags cannot hold is refused, and nothing of the call is kept."""
    create()
    sent = [{"Key": "fine", "Value": "1"}, {"Key": key, "Value": value}]
    assert refusal(redshift.create_tags, ResourceName=CLUSTER, Tags=sent)[:2] == (code, 400)
    assert redshift.describe_clusters()["Clusters"][0]["Tags"] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * 128, "v" * 256),
        ("pulumi:urn", "urn:pulumi:prod::warehouse::redshift:Cluster::main"),
        ("a_.:/=+-@ b", ""),
        ("größe", "数据 Ω 9"),
    ],
)
def test_accepted(redshift: Any, create: Any, key: str, value: str) -> None:
    """Letters and digits of any script, spaces, and _ . : / = + - @ pass."""
    create()
    redshift.create_tags(ResourceName=CLUSTER, Tags=[{"Key": key, "Value": value}])
    assert redshift.describe_clusters()["Clusters"][0]["Tags"] == [{"Key": key, "Value": value}]


def test_fifty_at_most(redshift: Any, create: Any, refusal: Any) -> None:
    """The fifty-first is refused; replacing one of fifty is not."""
    create("alpha", Tags=tags(**{f"k{number}": "v" for number in range(49)}))
    assert refusal(redshift.create_tags, ResourceName=CLUSTER, Tags=tags(a="1", b="2"))[:2] == (
        "TagLimitExceededFault",
        400,
    )
    redshift.create_tags(ResourceName=CLUSTER, Tags=tags(a="1"))
    redshift.create_tags(ResourceName=CLUSTER, Tags=tags(a="2", k0="w"))
    found = {each["Key"]: each["Value"] for each in redshift.describe_clusters()["Clusters"][0]["Tags"]}
    assert (len(found), found["a"], found["k0"]) == (50, "2", "w")


def test_a_key_once_in_a_call(redshift: Any, create: Any, refusal: Any) -> None:
    """A key given twice is refused."""
    create()
    assert refusal(redshift.create_tags, ResourceName=CLUSTER, Tags=tags(a="1") + tags(a="2"))[0] == (
        "InvalidTagFault"
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:redshift:us-east-1:123456789012:cluster:nobody",
        "arn:aws:redshift:us-east-1:999988887777:cluster:alpha",
        "arn:aws:redshift:eu-west-1:123456789012:cluster:alpha",
        "arn:aws:redshift:us-east-1:123456789012:snapshot:alpha/nothing",
        "arn:aws:redshift:us-east-1:123456789012:snapshot:other/one",
        "arn:aws:redshift:us-east-1:123456789012:user:alpha/admin",
        "alpha",
    ],
)
@pytest.mark.parametrize("operation", ["create_tags", "delete_tags", "describe_tags"])
def test_all_of_the_arn_counts(redshift: Any, create: Any, refusal: Any, arn: str, operation: str) -> None:
    """Another account, region, cluster or kind is ResourceNotFoundFault 404."""
    create()
    redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="one")
    sent: dict[str, Any] = {
        "create_tags": {"Tags": tags(a="1")},
        "delete_tags": {"TagKeys": ["a"]},
        "describe_tags": {},
    }
    assert refusal(getattr(redshift, operation), ResourceName=arn, **sent[operation])[:2] == (
        "ResourceNotFoundFault",
        404,
    )


def test_a_final_snapshot_has_no_tags_but_its_own(redshift: Any, create: Any, control: Any) -> None:
    """It inherits none from the cluster; tagged while it runs, it keeps them."""
    create("alpha", Tags=tags(team="data"))
    redshift.delete_cluster(ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier="last")
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]
    assert found["Tags"] == []
    redshift.create_tags(ResourceName=found["SnapshotArn"], Tags=tags(a="1", b="2"))
    redshift.delete_tags(ResourceName=found["SnapshotArn"], TagKeys=["a", "not-there"])
    control.advance(360)
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]
    assert (found["Status"], found["Tags"]) == ("available", tags(b="2"))


def test_an_unfinished_snapshot_may_refuse_tags(
    redshift: Any, create: Any, control: Any, refusal: Any
) -> None:
    """A switch answers InvalidClusterState until the snapshot is available."""
    create()
    control.set_behaviour(tag_unfinished_snapshots=False)
    made = redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="one")["Snapshot"]
    call = {"ResourceName": made["SnapshotArn"], "Tags": tags(a="1")}
    assert refusal(redshift.create_tags, **call)[0] == "InvalidClusterState"
    control.advance(120)
    redshift.create_tags(**call)


def test_describe_tags(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """By ARN, by type, by key and value, in pages; ARN and type exclude each other."""
    create("alpha", Tags=tags(team="data", **{f"k{number}": "v" for number in range(30)}))
    control.put_snapshot("one", "alpha", tags={"team": "ops"})

    def found(**filters: Any) -> list[tuple[str, str, str]]:
        pages = redshift.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 20}, **filters)
        return [
            (each["ResourceType"], each["Tag"]["Key"], each["Tag"]["Value"])
            for page in pages
            for each in page["TaggedResources"]
        ]

    assert len(found(ResourceName=CLUSTER)) == 31
    assert found(ResourceType="Snapshot") == [("snapshot", "team", "ops")]
    assert found(TagKeys=["team"]) == [("cluster", "team", "data"), ("snapshot", "team", "ops")]
    assert found(TagValues=["ops"]) == [("snapshot", "team", "ops")]
    both = {"ResourceName": CLUSTER, "ResourceType": "cluster"}
    assert refusal(redshift.describe_tags, **both)[0] == "InvalidParameterValue"
