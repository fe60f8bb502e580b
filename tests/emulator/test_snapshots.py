"""Snapshots: filters, pages, retention, and restoring exactly the one named."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def shelf(redshift: Any, create: Any, control: Any) -> Any:
    """A living cluster with an automated and a manual snapshot, and two snapshots of clusters long gone."""
    create()
    control.advance(1)
    redshift.create_cluster_snapshot(
        ClusterIdentifier="alpha", SnapshotIdentifier="by-hand", Tags=[{"Key": "team", "Value": "data"}]
    )
    control.advance(120)
    now = control.now()
    control.put_snapshot(
        "old-small",
        "bygone",
        create_time=now - 2000,
        megabytes=1,
        tags={"team": "ops"},
        shared_with=["999988887777"],
    )
    control.put_snapshot("old-big", "alpha", create_time=now - 1000, megabytes=10**6, tags={"env": "data"})
    return redshift


def names(answer: Any) -> list[str]:
    """The identifiers of an answer; automated ones by their prefix."""
    return [each["SnapshotIdentifier"].split("-2")[0] for each in answer["Snapshots"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["by-hand", "old-big", "old-small", "rs:alpha"]),
        ({"ClusterIdentifier": "alpha"}, ["by-hand", "old-big", "rs:alpha"]),
        ({"ClusterIdentifier": "bygone"}, ["old-small"]),
        ({"ClusterIdentifier": "nobody"}, []),
        ({"SnapshotIdentifier": "By-Hand"}, ["by-hand"]),
        ({"SnapshotArn": "arn:aws:redshift:us-east-1:123456789012:snapshot:alpha/old-big"}, ["old-big"]),
        ({"SnapshotArn": "arn:aws:redshift:us-east-1:123456789012:snapshot:other/old-big"}, []),
        ({"SnapshotType": "automated"}, ["rs:alpha"]),
        ({"SnapshotType": "manual"}, ["by-hand", "old-big", "old-small"]),
        ({"SnapshotType": "manual", "ClusterIdentifier": "alpha"}, ["by-hand", "old-big"]),
        ({"OwnerAccount": "123456789012", "SnapshotType": "automated"}, ["rs:alpha"]),
        ({"OwnerAccount": "000000000000"}, []),
        ({"TagKeys": ["team"]}, ["by-hand", "old-small"]),
        ({"TagKeys": ["team", "env"]}, ["by-hand", "old-big", "old-small"]),
        ({"TagValues": ["data"]}, ["by-hand", "old-big"]),
        ({"TagKeys": ["team"], "TagValues": ["data"]}, ["by-hand"]),
        ({"ClusterExists": True, "ClusterIdentifier": "alpha"}, ["by-hand", "rs:alpha"]),
        ({"ClusterExists": False}, ["old-big", "old-small"]),
        ({"ClusterExists": False, "ClusterIdentifier": "bygone"}, ["old-small"]),
    ],
    ids=str,
)
def test_filters(shelf: Any, filters: Any, expected: list[str]) -> None:
    """Each filter keeps what it says, and nothing but an empty list when nothing matches."""
    assert sorted(names(shelf.describe_cluster_snapshots(**filters))) == expected


def test_time_filters(shelf: Any, control: Any) -> None:
    """StartTime and EndTime are inclusive, on the snapshot's create time."""
    now = datetime.fromtimestamp(control.now(), timezone.utc)
    early, late = now - timedelta(seconds=2000), now - timedelta(seconds=1000)
    assert names(shelf.describe_cluster_snapshots(StartTime=early, EndTime=early)) == ["old-small"]
    assert sorted(names(shelf.describe_cluster_snapshots(EndTime=late))) == ["old-big", "old-small"]
    assert sorted(names(shelf.describe_cluster_snapshots(StartTime=late + timedelta(seconds=1)))) == [
        "by-hand",
        "rs:alpha",
    ]


@pytest.mark.parametrize(
    ("attribute", "order", "first", "last"),
    [
        ("TOTAL_SIZE", "ASC", "old-small", "old-big"),
        ("TOTAL_SIZE", "DESC", "old-big", "old-small"),
        ("CREATE_TIME", "ASC", "old-small", "by-hand"),
        ("CREATE_TIME", "DESC", "by-hand", "old-small"),
        ("SOURCE_TYPE", "ASC", "rs:alpha", None),
    ],
)
def test_sorting(shelf: Any, attribute: str, order: str, first: str, last: str | None) -> None:
    """SortingEntities order the answer."""
    found = names(
        shelf.describe_cluster_snapshots(SortingEntities=[{"Attribute": attribute, "SortOrder": order}])
    )
    assert found[0] == first
    assert last in (None, found[-1])


@pytest.mark.parametrize(
    ("filters", "code", "status"),
    [
        (
            {"ClusterIdentifier": "alpha", "SnapshotIdentifier": "by-hand"},
            "InvalidParameterCombination",
            400,
        ),
        ({"SnapshotIdentifier": "nowhere"}, "ClusterSnapshotNotFound", 404),
        ({"SnapshotType": "final"}, "InvalidParameterValue", 400),
        ({"ClusterExists": True}, "InvalidParameterCombination", 400),
        ({"MaxRecords": 19}, "InvalidParameterValue", 400),
        ({"MaxRecords": 101}, "InvalidParameterValue", 400),
        ({"Marker": "zzz"}, "InvalidParameterValue", 400),
    ],
)
def test_refused_filters(shelf: Any, refusal: Any, filters: Any, code: str, status: int) -> None:
    """Filters that contradict each other, and pages that cannot be, are refused."""
    assert refusal(shelf.describe_cluster_snapshots, **filters)[:2] == (code, status)


def test_an_unknown_sorting(shelf: Any, refusal: Any) -> None:
    """A sorting attribute AWS does not have is refused."""
    entities = [{"Attribute": "COLOUR", "SortOrder": "ASC"}]
    assert refusal(shelf.describe_cluster_snapshots, SortingEntities=entities)[0] == "InvalidParameterValue"


def test_an_unknown_cluster_may_be_an_error(shelf: Any, control: Any, refusal: Any) -> None:
    """A switch answers ClusterNotFound for a cluster nobody ever heard of, and only for that."""
    control.set_behaviour(unknown_cluster_has_snapshots=False)
    assert refusal(shelf.describe_cluster_snapshots, ClusterIdentifier="nobody")[:2] == (
        "ClusterNotFound",
        404,
    )
    assert names(shelf.describe_cluster_snapshots(ClusterIdentifier="bygone")) == ["old-small"]


@pytest.mark.parametrize(("size", "pages"), [(20, [20, 20, 5]), (45, [45]), (None, [45])])
def test_pages_of_snapshots(redshift: Any, control: Any, size: int | None, pages: list[int]) -> None:
    """Pages hold MaxRecords; markers lead through all of them, each snapshot once."""
    for number in range(45):
        control.put_snapshot(f"s{number}", "bygone")
    config = {} if size is None else {"PageSize": size}
    found = list(redshift.get_paginator("describe_cluster_snapshots").paginate(PaginationConfig=config))
    assert [len(page["Snapshots"]) for page in found] == pages
    assert sorted(name for page in found for name in names(page)) == sorted(f"s{n}" for n in range(45))


def test_pages_of_clusters(redshift: Any, arguments: Any, refusal: Any) -> None:
    """A page of clusters is 100 at most; identifier and marker exclude each other."""
    for number in range(136):
        redshift.create_cluster(**arguments(f"c{number:03d}"))
    first = redshift.describe_clusters()
    assert len(first["Clusters"]) == 100
    second = redshift.describe_clusters(Marker=first["Marker"])
    assert (len(second["Clusters"]), "Marker" in second) == (36, False)
    seen = {each["ClusterIdentifier"] for page in (first, second) for each in page["Clusters"]}
    assert seen == {f"c{number:03d}" for number in range(136)}
    for wrong, code in (
        ({"MaxRecords": 5}, "InvalidParameterValue"),
        ({"Marker": "zzz"}, "InvalidParameterValue"),
        ({"ClusterIdentifier": "c000", "Marker": first["Marker"]}, "InvalidParameterCombination"),
    ):
        assert refusal(redshift.describe_clusters, **wrong)[0] == code


def test_clusters_by_tag(redshift: Any, create: Any) -> None:
    """TagKeys and TagValues both count."""
    create("alpha", Tags=[{"Key": "team", "Value": "data"}])
    create("beta", Tags=[{"Key": "team", "Value": "ops"}])

    def found(**filters: Any) -> list[str]:
        return [each["ClusterIdentifier"] for each in redshift.describe_clusters(**filters)["Clusters"]]

    assert found(TagKeys=["team"]) == ["alpha", "beta"]
    assert found(TagValues=["ops"]) == ["beta"]
    assert found(TagKeys=["other"]) == []


def test_a_snapshot_by_hand(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """It takes its time, inherits the cluster's retention but no tags, and cannot be deleted meanwhile."""
    create("alpha", ManualSnapshotRetentionPeriod=30, Tags=[{"Key": "team", "Value": "data"}])
    made = redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="One")["Snapshot"]
    assert (made["Status"], made["ManualSnapshotRetentionPeriod"], made["Tags"]) == ("creating", 30, [])
    assert refusal(redshift.delete_cluster_snapshot, SnapshotIdentifier="one")[0] == (
        "InvalidClusterSnapshotState"
    )
    control.advance(120)
    assert redshift.delete_cluster_snapshot(SnapshotIdentifier="one")["Snapshot"]["Status"] == "deleted"
    assert refusal(redshift.delete_cluster_snapshot, SnapshotIdentifier="one")[:2] == (
        "ClusterSnapshotNotFound",
        404,
    )


def test_automated_snapshots_are_not_deleted_by_hand(shelf: Any, refusal: Any) -> None:
    """Nor is their retention modified."""
    name = shelf.describe_cluster_snapshots(SnapshotType="automated")["Snapshots"][0]["SnapshotIdentifier"]
    assert refusal(shelf.delete_cluster_snapshot, SnapshotIdentifier=name)[0] == "InvalidClusterSnapshotState"
    assert (
        refusal(shelf.modify_cluster_snapshot, SnapshotIdentifier=name, ManualSnapshotRetentionPeriod=7)[0]
        == "InvalidClusterSnapshotState"
    )


@pytest.mark.parametrize(
    ("operation", "sent", "code"),
    [
        ("modify_cluster_snapshot", {}, "InvalidParameterCombination"),
        ("delete_cluster_snapshot", {"SnapshotClusterIdentifier": "other"}, "ClusterSnapshotNotFound"),
        ("revoke_snapshot_access", {"AccountWithRestoreAccess": "999988887777"}, "AuthorizationNotFound"),
    ],
)
def test_refused_operations(shelf: Any, refusal: Any, operation: str, sent: Any, code: str) -> None:
    """What does not fit the snapshot is refused."""
    assert refusal(getattr(shelf, operation), SnapshotIdentifier="by-hand", **sent)[0] == code


def test_a_snapshot_is_shared_with_twenty(shelf: Any, refusal: Any) -> None:
    """Once each, and with no more than twenty accounts."""
    share = {"SnapshotIdentifier": "by-hand", "AccountWithRestoreAccess": "000000000000"}
    shelf.authorize_snapshot_access(**share)
    assert refusal(shelf.authorize_snapshot_access, **share)[0] == "AuthorizationAlreadyExists"
    for number in range(1, 20):
        shelf.authorize_snapshot_access(**{**share, "AccountWithRestoreAccess": f"{number:012d}"})
    share["AccountWithRestoreAccess"] = "999999999999"
    assert refusal(shelf.authorize_snapshot_access, **share)[0] == "AuthorizationQuotaExceeded"


@pytest.mark.parametrize("days", [0, -2, 3654])
def test_refused_retention(shelf: Any, refusal: Any, days: int) -> None:
    """ModifyClusterSnapshot takes -1 and 1..3653."""
    assert refusal(
        shelf.modify_cluster_snapshot, SnapshotIdentifier="by-hand", ManualSnapshotRetentionPeriod=days
    )[:2] == ("InvalidRetentionPeriodFault", 400)


def test_retention_runs_out(shelf: Any, control: Any) -> None:
    """Remaining days count down from the start, -1 means forever, and at the end the snapshot is gone."""
    control.put_snapshot("brief", "bygone", retention=3)
    forever = shelf.describe_cluster_snapshots(SnapshotIdentifier="by-hand")["Snapshots"][0]
    assert (forever["ManualSnapshotRetentionPeriod"], forever["ManualSnapshotRemainingDays"]) == (-1, -1)
    control.advance(86_400 + 1)
    brief = shelf.describe_cluster_snapshots(SnapshotIdentifier="brief")["Snapshots"][0]
    assert brief["ManualSnapshotRemainingDays"] == 2
    control.advance(2 * 86_400)
    assert "brief" not in names(shelf.describe_cluster_snapshots())
    assert [each["why"] for each in control.state()["gone_snapshots"] if each["snapshot"] == "brief"] == [
        "expired"
    ]


def test_a_period_already_over_needs_force(shelf: Any, control: Any, refusal: Any) -> None:
    """And force deletes at once."""
    control.put_snapshot("aged", "bygone", create_time=control.now() - 10 * 86_400)
    short = {"SnapshotIdentifier": "aged", "ManualSnapshotRetentionPeriod": 7}
    assert refusal(shelf.modify_cluster_snapshot, **short)[0] == "InvalidRetentionPeriodFault"
    told = shelf.modify_cluster_snapshot(SnapshotIdentifier="aged", ManualSnapshotRetentionPeriod=35)[
        "Snapshot"
    ]
    assert (told["ManualSnapshotRetentionPeriod"], told["ManualSnapshotRemainingDays"]) == (35, 25)
    shelf.modify_cluster_snapshot(**short, Force=True)
    assert "aged" not in names(shelf.describe_cluster_snapshots())


def test_restore_brings_back_the_named_snapshot(
    redshift: Any, create: Any, control: Any, status: Any
) -> None:
    """By identifier or by ARN: its data, size, settings and tags, as a generation of its own."""
    made = create("alpha", NumberOfNodes=3, DBName="sales", Port=5440, ManualSnapshotRetentionPeriod=9)
    control.set_marker("alpha", "first")
    redshift.create_cluster_snapshot(
        ClusterIdentifier="alpha", SnapshotIdentifier="first", Tags=[{"Key": "team", "Value": "data"}]
    )
    control.set_marker("alpha", "second")
    redshift.create_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="second")
    control.advance(120)
    arn = "arn:aws:redshift:us-east-1:123456789012:snapshot:alpha/second"
    told = redshift.restore_from_cluster_snapshot(ClusterIdentifier="One", SnapshotIdentifier="First")[
        "Cluster"
    ]
    assert (told["ClusterStatus"], told["RestoreStatus"]["Status"]) == ("creating", "restoring")
    redshift.restore_from_cluster_snapshot(
        ClusterIdentifier="two", SnapshotArn=arn, ManageMasterPassword=True
    )
    control.advance(120)
    half = redshift.describe_clusters(ClusterIdentifier="one")["Clusters"][0]["RestoreStatus"]
    assert half["ProgressInMegaBytes"] * 2 == half["SnapshotSizeInMegaBytes"]
    control.advance(120)
    assert (status("one"), status("two")) == ("available", "available")
    assert (control.marker("one"), control.marker("two")) == ("first", "second")
    one = redshift.describe_clusters(ClusterIdentifier="one")["Clusters"][0]
    for name in ("NodeType", "NumberOfNodes", "DBName", "MasterUsername", "ManualSnapshotRetentionPeriod"):
        assert one[name] == made[name]
    assert one["RestoreStatus"]["Status"] == "completed"
    assert one["Tags"] == [{"Key": "team", "Value": "data"}]
    assert one["ClusterNamespaceArn"] != made["ClusterNamespaceArn"]
    assert "MasterPasswordSecretArn" in redshift.describe_clusters(ClusterIdentifier="two")["Clusters"][0]
    assert control.state()["generations"][1]["restored_from"] == "first"


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        ({}, "InvalidParameterCombination", 400),
        ({"SnapshotIdentifier": "old-big", "SnapshotArn": "x"}, "InvalidParameterCombination", 400),
        ({"SnapshotIdentifier": "nowhere"}, "ClusterSnapshotNotFound", 404),
        (
            {"SnapshotIdentifier": "old-big", "SnapshotClusterIdentifier": "other"},
            "ClusterSnapshotNotFound",
            404,
        ),
        ({"SnapshotArn": "nonsense"}, "InvalidParameterValue", 400),
        (
            {"SnapshotArn": "arn:aws:redshift:us-east-1:123456789012:snapshot:other/old-big"},
            "ClusterSnapshotNotFound",
            404,
        ),
        ({"SnapshotIdentifier": "old-big", "ClusterIdentifier": "alpha"}, "ClusterAlreadyExists", 400),
        ({"SnapshotIdentifier": "old-big", "ClusterIdentifier": "9bad"}, "InvalidParameterValue", 400),
        ({"SnapshotIdentifier": "unready"}, "InvalidClusterSnapshotState", 400),
        ({"SnapshotIdentifier": "spoiled"}, "InvalidClusterSnapshotState", 400),
        ({"SnapshotIdentifier": "dense", "NumberOfNodes": 4}, "InvalidRestore", 406),
        ({"SnapshotIdentifier": "old-big", "NodeType": "dc2.large"}, "InvalidRestore", 406),
        ({"SnapshotIdentifier": "old-big", "Encrypted": False}, "InvalidRestore", 406),
        (
            {"SnapshotIdentifier": "old-big", "ClusterSubnetGroupName": "x"},
            "ClusterSubnetGroupNotFoundFault",
            400,
        ),
    ],
    ids=str,
)
def test_refused_restores(shelf: Any, control: Any, refusal: Any, sent: Any, code: str, status: int) -> None:
    """A restore that AWS refuses is refused, and makes no cluster."""
    control.put_snapshot("unready", "bygone", status="creating")
    control.put_snapshot("spoiled", "bygone", status="failed")
    control.put_snapshot("dense", "bygone", node_type="dc2.large")
    sent = {"ClusterIdentifier": "fresh", **sent}
    assert refusal(shelf.restore_from_cluster_snapshot, **sent)[:2] == (code, status)
    assert [each["ClusterIdentifier"] for each in shelf.describe_clusters()["Clusters"]] == ["alpha"]


def test_restoring_into_another_size(shelf: Any) -> None:
    """An RA3 snapshot may come back as another RA3 type with another number of nodes."""
    made = shelf.restore_from_cluster_snapshot(
        ClusterIdentifier="wide", SnapshotIdentifier="old-big", NodeType="ra3.4xlarge", NumberOfNodes=4
    )["Cluster"]
    assert (made["NodeType"], made["NumberOfNodes"]) == ("ra3.4xlarge", 4)


def test_a_shared_snapshot(shelf: Any, connect: Any, refusal: Any) -> None:
    """Another account restores only what was shared with it, naming the owner; sharing blocks deletion."""
    other = connect(key="AKIA999988887777ABCD")
    call = {"ClusterIdentifier": "copy", "OwnerAccount": "123456789012"}
    assert refusal(other.restore_from_cluster_snapshot, SnapshotIdentifier="by-hand", **call)[0] == (
        "AccessToSnapshotDenied"
    )
    assert refusal(
        other.restore_from_cluster_snapshot, ClusterIdentifier="copy", SnapshotIdentifier="by-hand"
    )[0] == ("ClusterSnapshotNotFound")
    shelf.authorize_snapshot_access(SnapshotIdentifier="by-hand", AccountWithRestoreAccess="999988887777")
    seen = other.describe_cluster_snapshots(OwnerAccount="123456789012")
    assert sorted(names(seen)) == ["by-hand", "old-small"]
    assert names(other.describe_cluster_snapshots()) == []
    assert refusal(shelf.delete_cluster_snapshot, SnapshotIdentifier="by-hand")[0] == (
        "InvalidClusterSnapshotState"
    )
    other.restore_from_cluster_snapshot(SnapshotIdentifier="by-hand", **call)
    shelf.revoke_snapshot_access(SnapshotIdentifier="by-hand", AccountWithRestoreAccess="999988887777")
    shelf.delete_cluster_snapshot(SnapshotIdentifier="by-hand")
