"""The control API: what a test does to the emulator behind its client's back."""

from __future__ import annotations

import json
import math
from http.client import HTTPConnection
from typing import Any

import pytest

from redshift_teardown.emulator import Control, ControlError, Emulator, VirtualClock

FINAL = {"ClusterIdentifier": "alpha", "FinalClusterSnapshotIdentifier": "last"}


def cluster(redshift: Any, identifier: str = "alpha") -> Any:
    """The cluster as it is now."""
    return redshift.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0]


def test_a_status_that_lingers(redshift: Any, create: Any, control: Control, status: Any) -> None:
    """Any status can be shown for a while; meanwhile the cluster stands still, then it goes on."""
    create()
    redshift.delete_cluster(**FINAL)
    control.advance(100)
    control.set_cluster("alpha", status="odd-status", seconds=1000)
    control.advance(999)
    assert status() == "odd-status"
    assert (
        redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]["Status"] == "creating"
    )
    control.advance(1)
    assert status() == "final-snapshot"
    control.advance(199)
    assert status() == "final-snapshot"
    control.advance(1)
    assert status() == "deleting"


def test_a_status_for_ever(create: Any, control: Control, status: Any) -> None:
    """Without an end it stays until it is taken away."""
    create()
    control.set_cluster("alpha", status="incompatible-network")
    control.advance(10**7)
    assert status() == "incompatible-network"
    control.set_cluster("alpha", status="")
    assert status() == "available"


def test_what_is_shown_of_a_cluster(redshift: Any, create: Any, control: Control) -> None:
    """Availability, create time, namespace, tags and any setting can be changed: drift."""
    create("alpha", Tags=[{"Key": "team", "Value": "data"}])
    control.set_cluster(
        "alpha",
        availability_status="Maintenance",
        create_time="2025-06-01T00:00:00Z",
        namespace="00000000-0000-0000-0000-000000000001",
        tags={"team": "ops"},
        settings={"NumberOfNodes": 4, "PubliclyAccessible": True},
    )
    shown = cluster(redshift)
    assert shown["ClusterAvailabilityStatus"] == "Maintenance"
    assert shown["ClusterCreateTime"].isoformat() == "2025-06-01T00:00:00+00:00"
    assert shown["ClusterNamespaceArn"].endswith(":namespace:00000000-0000-0000-0000-000000000001")
    assert shown["Tags"] == [{"Key": "team", "Value": "ops"}]
    assert (shown["NumberOfNodes"], shown["PubliclyAccessible"]) == (4, True)
    control.set_cluster("alpha", availability_status="")
    assert cluster(redshift)["ClusterAvailabilityStatus"] == "Available"
    redshift.delete_cluster(**FINAL)
    control.advance(360)
    assert [each["lost_without_snapshot"] for each in control.state()["generations"]] == [False]


def test_phases_of_one_cluster_and_of_all(
    redshift: Any, arguments: Any, control: Control, status: Any
) -> None:
    """A cluster's own phases may be set before it exists; the others follow the default."""
    control.set_lifecycle(creating=50)
    control.set_lifecycle("beta", creating=5)
    redshift.create_cluster(**arguments("alpha"))
    redshift.create_cluster(**arguments("beta"))
    control.advance(5)
    assert (status("alpha"), status("beta")) == ("creating", "available")
    control.advance(45)
    assert status("alpha") == "available"


def test_a_cluster_deleted_by_somebody_else(create: Any, control: Control, status: Any) -> None:
    """It is gone at once; the ledger says so, and knows the next one of that name from it."""
    create()
    control.set_marker("alpha", "precious")
    control.remove_cluster("alpha")
    assert status() == "gone"
    create()
    first, second = control.state()["generations"]
    assert (first["ended_by"], first["lost_without_snapshot"], first["marker"]) == (
        "outside",
        True,
        "precious",
    )
    assert (second["deleted"], second["marker"]) == (None, "")
    assert first["namespace"] != second["namespace"]


def test_the_marker_follows_the_data(redshift: Any, create: Any, control: Control) -> None:
    """Cluster to final snapshot to restored cluster, and the ledger names the snapshot."""
    create()
    control.set_marker("alpha", "row 1")
    redshift.delete_cluster(**FINAL)
    control.advance(360)
    assert control.snapshot_marker("last") == "row 1"
    redshift.restore_from_cluster_snapshot(ClusterIdentifier="alpha", SnapshotIdentifier="last")
    assert control.marker("alpha") == "row 1"
    first, second = control.state()["generations"]
    assert [(each["snapshot"], each["status"]) for each in first["final_snapshots"]] == [
        ("last", "available")
    ]
    assert (first["ended_by"], second["restored_from"]) == ("snapshot", "last")
    assert [what for _, what in first["history"]] == [
        "created",
        "available",
        "delete accepted with the final snapshot last",
        "final snapshot last available",
        "gone",
    ]


def test_a_final_snapshot_taken_away_midway(
    redshift: Any, create: Any, control: Control, status: Any
) -> None:
    """A snapshot that vanishes while it is taken is no snapshot: the generation is lost."""
    create()
    redshift.delete_cluster(**FINAL)
    control.delete_snapshot("last")
    control.advance(360)
    assert status() == "gone"
    assert [each["lost_without_snapshot"] for each in control.state()["generations"]] == [True]


def test_snapshots_behind_the_back(redshift: Any, control: Control, refusal: Any) -> None:
    """A snapshot's status, tags and retention can be changed, and it can vanish."""
    control.put_snapshot("one", "bygone")
    control.set_snapshot("one", status="failed", tags={"a": "b"}, retention=3)
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier="one")["Snapshots"][0]
    assert (found["Status"], found["Tags"], found["ManualSnapshotRetentionPeriod"]) == (
        "failed",
        [{"Key": "a", "Value": "b"}],
        3,
    )
    control.delete_snapshot("one")
    assert (
        refusal(redshift.describe_cluster_snapshots, SnapshotIdentifier="one")[0] == "ClusterSnapshotNotFound"
    )


def test_places_are_apart(control: Control, connect: Any, arguments: Any) -> None:
    """A control looks at one account and region; `at` looks at another."""
    connect(key="AKIA111122223333ABCD", region="eu-west-1").create_cluster(**arguments())
    there = control.at("111122223333", "eu-west-1")
    assert list(there.state()["clusters"]) == ["alpha"]
    assert control.state()["clusters"] == {}
    with pytest.raises(ControlError, match="there is no cluster 'alpha' in 123456789012/us-east-1"):
        control.marker("alpha")


def test_the_call_log(redshift: Any, create: Any, control: Control, refusal: Any) -> None:
    """Each call with who, where, what and how it ended, in order, and never a password."""
    create()
    refusal(redshift.delete_cluster, ClusterIdentifier="alpha")
    calls = control.calls()
    assert [(each.operation, each.result, each.status) for each in calls] == [
        ("CreateCluster", "ok", 200),
        ("DescribeClusters", "ok", 200),
        ("DeleteCluster", "InvalidParameterCombination", 400),
    ]
    first = calls[0]
    assert (first.account, first.region, first.service) == ("123456789012", "us-east-1", "redshift")
    assert first.parameters["NodeType"] == "ra3.xlplus"
    assert first.parameters["MasterUserPassword"] == "***"
    assert 0 < first.latency < 5
    control.clear_calls()
    assert control.calls() == []


def test_reset(redshift: Any, create: Any, control: Control) -> None:
    """Everything is forgotten but the time."""
    create()
    control.add_fault("*", occurrence="every")
    control.set_lifecycle(creating=1)
    control.set_behaviour(delete_paused=False)
    before = control.now()
    control.reset()
    assert (control.faults(), control.calls(), control.places()) == ([], [], [])
    assert control.now() == before
    assert redshift.describe_clusters()["Clusters"] == []


@pytest.mark.parametrize(
    ("verb", "sent", "complaint"),
    [
        (
            "set_lifecycle",
            {"napping": 3},
            "set_lifecycle has no napping; it has cluster_identifier, ",
        ),
        ("set_lifecycle", {"creating": -1}, "creating must be a number from 0 to"),
        ("set_lifecycle", {"creating": "soon"}, "creating must be a number, not 'soon'"),
        ("set_lifecycle", {"creating": 1e308}, "creating must be a number from 0 to"),
        ("set_lifecycle", {"creating": math.nan}, "creating must be a number, not nan"),
        ("set_behaviour", {"lenient": True}, "set_behaviour has no lenient; it has delete_paused, "),
        ("set_behaviour", {"delete_paused": "yes"}, "delete_paused must be true or false"),
        ("advance", {"seconds": -1}, "seconds must be a number from 0 to"),
        ("advance", {"seconds": "later"}, "seconds must be a number, not 'later'"),
        ("advance", {"seconds": 1e308}, "seconds must be a number from 0 to"),
        ("advance", {"seconds": math.inf}, "seconds must be a number"),
        ("advance", {"seconds": 10**400}, "not a number of that size"),
        ("advance", {"seconds": True}, "seconds must be a number, not True"),
        ("set_snapshot_quota", {"quota": -1}, "quota must be a number from 0 to"),
        ("set_snapshot_quota", {"quota": 1.5}, "quota must be a whole number or null"),
        ("set_snapshot", {"snapshot_id": "last", "retention": "x"}, "retention must be a whole number"),
        ("set_snapshot", {"snapshot_id": "last", "tags": {"a": 1}}, "tags must be an object of strings"),
        ("put_snapshot", {"snapshot_id": "s", "cluster_identifier": "a", "retention": "x"}, "retention must"),
        ("put_snapshot", {"snapshot_id": "s", "cluster_identifier": "a", "megabytes": "x"}, "megabytes must"),
        ("put_snapshot", {"snapshot_id": [], "cluster_identifier": "a"}, "snapshot_id must be a string"),
        ("put_snapshot", {"snapshot_id": "\x00", "cluster_identifier": "a"}, "holds a character that no"),
        (
            "put_snapshot",
            {"snapshot_id": "s", "cluster_identifier": "a", "create_time": 1e300},
            "create_time",
        ),
        (
            "put_snapshot",
            {"snapshot_id": "s", "cluster_identifier": "a", "snapshot_type": "x"},
            "snapshot_type must be one of manual, automated",
        ),
        ("set_cluster", {"identifier": "alpha", "status": "\ud800"}, "status holds a character that no"),
        ("set_cluster", {"identifier": "alpha", "create_time": "9999-12-31"}, "the time must be a number"),
        (
            "set_cluster",
            {"identifier": "alpha", "delete_error": ["x"]},
            "must be a list of two strings or an",
        ),
        (
            "set_cluster",
            {"identifier": "alpha", "settings": {"NumberOfNodes": "x"}},
            "must be a whole number",
        ),
        ("set_cluster", {"identifier": "alpha", "settings": {"VpcSecurityGroupIds": 5}}, "list of strings"),
        (
            "set_cluster",
            {"identifier": "alpha", "settings": {"PreferredMaintenanceWindow": "x"}},
            "Invalid maintenance window",
        ),
        ("add_fault", {"operation": "*", "seconds": "x"}, "seconds must be a number"),
        ("add_fault", {"operation": "*", "kind": "delay", "seconds": 1e9}, "seconds must be a number from 0"),
        ("add_fault", {"operation": "*", "status": "x"}, "status must be a whole number or null"),
        ("add_fault", {"operation": "*", "status": 7}, "status must be a number from 100 to 599"),
        ("add_fault", {"operation": "*", "code": None}, "code must be a string"),
        ("add_fault", {"operation": "*", "occurrence": "often"}, "occurrence must be"),
        ("add_fault", {"operation": "*", "chance": "x", "occurrence": "probability"}, "chance must be"),
        ("state", {"account": "me"}, "account must be as AWS writes one"),
        ("state", {"region": 5}, "region must be a string or null"),
        ("set_cluster", {"identifier": "nobody"}, "there is no cluster 'nobody'"),
        (
            "set_cluster",
            {"identifier": "alpha", "colour": "red"},
            "set_cluster has no colour; it has identifier, ",
        ),
        (
            "set_cluster",
            {"identifier": "alpha", "settings": {"Colour": 1}},
            "a cluster has no setting Colour",
        ),
        ("set_cluster", {"identifier": "alpha", "create_time": "noon"}, "'noon' is no time"),
        ("fail_next_snapshot", {"identifier": "alpha", "outcome": "fire"}, "outcome must be one of"),
        ("snapshot_marker", {"snapshot_id": "nothing"}, "there is no snapshot 'nothing'"),
        ("add_fault", {"operation": "x", "volume": 11}, "add_fault has no volume; it has operation, "),
        ("add_fault", {"operation": "*", "code": ""}, "code must be as AWS writes one"),
        ("add_fault", {"operation": "*", "when": "never"}, "when must be one of before, after, not 'never'"),
        ("calls", {"operations": ["x"]}, "calls has no operations; it has no field"),
        ("add_fault", {}, "add_fault needs operation"),
        ("self_destruct", {}, "the control API has no 'self_destruct'"),
        ("perform", {"verb": "state", "data": {}}, "the control API has no 'perform'"),
        ("_place", {}, "the control API has no '_place'"),
    ],
)
def test_what_control_refuses(emulator: Any, create: Any, verb: str, sent: Any, complaint: str) -> None:
    """A request that makes no sense is 400 with one sentence."""
    create()
    connection = HTTPConnection(emulator.url.removeprefix("http://"))
    connection.request("POST", f"/_emulator/{verb}", json.dumps(sent))
    answer = connection.getresponse()
    assert answer.status == 400
    assert complaint in json.loads(answer.read())["error"]
    connection.close()


def test_a_generation_is_not_overwritten(create: Any, control: Control) -> None:
    """Two clusters of one namespace would be one life: it is refused, and both live on."""
    create("alpha")
    other = create("beta")["ClusterNamespaceArn"].rpartition(":")[2]
    with pytest.raises(ControlError, match="there is a generation"):
        control.set_cluster("alpha", namespace=other)
    control.remove_cluster("alpha")
    control.remove_cluster("beta")


def test_the_clock_ends_before_the_calendar_does() -> None:
    """Leap after leap, time stops where it could no longer be told."""
    control = Emulator(VirtualClock()).control
    for _ in range(31):
        control.advance(3_000_000_000)
    with pytest.raises(ControlError, match="beyond the year 5000"):
        control.advance(3_000_000_000)
    control.advance(3_000_000)
    control.reset()


def test_a_foreign_snapshot_twice(control: Control) -> None:
    """A name that is taken is refused here too."""
    control.put_snapshot("one", "bygone")
    with pytest.raises(ControlError, match="there is a snapshot 'one'"):
        control.put_snapshot("one", "bygone")


def test_no_emulator_there() -> None:
    """A control without an emulator says so."""
    with pytest.raises(ControlError, match="is no address"):
        Control("emulator:1").now()
    with pytest.raises(OSError, match="refused"):
        Control("http://127.0.0.1:9").now()
