"""DeleteCluster: a final snapshot is the default, and what cannot be done is refused, not half done."""

from __future__ import annotations

from typing import Any

import pytest

LIFECYCLES = "You can only delete clusters with ACTIVE, INCOMPATIBLE_HSM"
RUNNING = "There is an operation running on the Cluster. Please try to delete it at a later time."
FINAL = {"FinalClusterSnapshotIdentifier": "last"}


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "InvalidParameterCombination"),
        ({"SkipFinalClusterSnapshot": False}, "InvalidParameterCombination"),
        ({"SkipFinalClusterSnapshot": True, **FINAL}, "InvalidParameterCombination"),
        ({"FinalClusterSnapshotIdentifier": "9bad"}, "InvalidParameterValue"),
        ({"FinalClusterSnapshotIdentifier": "bad--id"}, "InvalidParameterValue"),
        ({"FinalClusterSnapshotIdentifier": "bad-"}, "InvalidParameterValue"),
        ({"FinalClusterSnapshotIdentifier": "bad_id"}, "InvalidParameterValue"),
        ({"FinalClusterSnapshotIdentifier": ""}, "InvalidParameterValue"),
        ({"FinalClusterSnapshotIdentifier": "a" * 256}, "InvalidParameterValue"),
        ({**FINAL, "FinalClusterSnapshotRetentionPeriod": 0}, "InvalidRetentionPeriodFault"),
        ({**FINAL, "FinalClusterSnapshotRetentionPeriod": 3654}, "InvalidRetentionPeriodFault"),
        ({**FINAL, "FinalClusterSnapshotRetentionPeriod": -2}, "InvalidRetentionPeriodFault"),
        ({**FINAL, "FinalClusterSnapshotRetentionPeriod": 99999}, "InvalidRetentionPeriodFault"),
    ],
)
def test_refused_parameters(
    redshift: Any, create: Any, refusal: Any, status: Any, sent: Any, code: str
) -> None:
    """A refused DeleteCluster leaves the cluster available and no snapshot behind."""
    create()
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **sent)[:2] == (code, 400)
    assert status() == "available"
    assert redshift.describe_cluster_snapshots(SnapshotType="manual")["Snapshots"] == []


def test_the_final_snapshot_by_default(
    redshift: Any, create: Any, control: Any, status: Any, refusal: Any
) -> None:
    """With skip left out the way goes over `final-snapshot` and `deleting`, and a snapshot is left."""
    made = create("alpha", Tags=[{"Key": "team", "Value": "data"}])
    control.set_lifecycle("alpha", final_snapshot=100, deleting=10, snapshot_megabytes=1000)
    told = redshift.delete_cluster(
        ClusterIdentifier="alpha",
        FinalClusterSnapshotIdentifier="Last-One",
        FinalClusterSnapshotRetentionPeriod=35,
    )
    assert told["Cluster"]["ClusterStatus"] == "final-snapshot"
    control.advance(40)
    running = redshift.describe_cluster_snapshots(SnapshotIdentifier="last-one")["Snapshots"][0]
    assert (
        running["Status"],
        running["BackupProgressInMegaBytes"],
        running["CurrentBackupRateInMegaBytesPerSecond"],
        running["EstimatedSecondsToCompletion"],
        running["ElapsedTimeInSeconds"],
    ) == ("creating", 400.0, 10.0, 60, 40)
    control.advance(60)
    assert status() == "deleting"
    control.advance(10)
    assert status() == "gone"
    done = redshift.describe_cluster_snapshots(ClusterIdentifier="alpha")["Snapshots"]
    assert len(done) == 1
    assert {
        "Status": "available",
        "SnapshotType": "manual",
        "SnapshotIdentifier": "last-one",
        "SnapshotArn": "arn:aws:redshift:us-east-1:123456789012:snapshot:alpha/last-one",
        "ClusterCreateTime": made["ClusterCreateTime"],
        "OwnerAccount": "123456789012",
        "ManualSnapshotRetentionPeriod": 35,
        "ManualSnapshotRemainingDays": 35,
        "TotalBackupSizeInMegaBytes": 1000.0,
        "BackupProgressInMegaBytes": 1000.0,
        "CurrentBackupRateInMegaBytesPerSecond": 0.0,
        "EstimatedSecondsToCompletion": 0,
        "ElapsedTimeInSeconds": 100,
        "Tags": [],
    }.items() <= done[0].items()
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[:2] == (
        "ClusterNotFound",
        404,
    )


def test_skipping_must_be_said(redshift: Any, create: Any, control: Any, status: Any) -> None:
    """With skip there is no snapshot, straight to `deleting`, and automated snapshots go too."""
    create()
    assert len(redshift.describe_cluster_snapshots()["Snapshots"]) == 1
    redshift.delete_cluster(ClusterIdentifier="alpha", SkipFinalClusterSnapshot=True)
    assert status() == "deleting"
    control.advance(60)
    assert status() == "gone"
    assert redshift.describe_cluster_snapshots()["Snapshots"] == []
    assert [each["lost_without_snapshot"] for each in control.state()["generations"]] == [True]


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ("creating", LIFECYCLES),
        ("modifying", RUNNING),
        ("resizing", RUNNING),
        ("rebooting", RUNNING),
        ("renaming", RUNNING),
        ("pausing", RUNNING),
        ("resuming", RUNNING),
        ("rotating-keys", RUNNING),
        ("final-snapshot", LIFECYCLES),
        ("deleting", LIFECYCLES),
        ("cancelling-resize", RUNNING),
        ("updating-hsm", LIFECYCLES),
        ("never-heard-of", LIFECYCLES),
    ],
)
def test_statuses_that_refuse(
    redshift: Any, create: Any, control: Any, refusal: Any, shown: str, message: str
) -> None:
    """Outside the deletable lifecycles the answer is InvalidClusterState, in AWS's own words."""
    create()
    control.set_cluster("alpha", status=shown)
    code, http, text = refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)
    assert (code, http) == ("InvalidClusterState", 400)
    assert text.startswith(message)


@pytest.mark.parametrize(
    "shown",
    [
        "available",
        "available, prep-for-resize",
        "available, resize-cleanup",
        "hardware-failure",
        "incompatible-hsm",
        "incompatible-network",
        "incompatible-restore",
        "incompatible-parameters",
        "storage-full",
        "paused",
    ],
)
def test_statuses_that_may_be_deleted(
    redshift: Any, create: Any, control: Any, status: Any, shown: str
) -> None:
    """Deletable statuses take a DeleteCluster with a final snapshot, and an injected one ends there."""
    create()
    control.set_cluster("alpha", status=shown)
    assert status() == shown
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    assert status() == "final-snapshot"
    control.advance(360)
    assert status() == "gone"


def test_a_second_delete_meanwhile(redshift: Any, create: Any, refusal: Any, control: Any) -> None:
    """While the first is under way a second DeleteCluster is InvalidClusterState, also under another name."""
    create()
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    for sent in (FINAL, {"FinalClusterSnapshotIdentifier": "other"}, {"SkipFinalClusterSnapshot": True}):
        assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **sent)[0] == "InvalidClusterState"
    control.advance(300)
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[0] == "InvalidClusterState"


def test_paused_may_be_made_undeletable(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """A switch refuses a paused cluster, which some have seen AWS do."""
    create()
    redshift.pause_cluster(ClusterIdentifier="alpha")
    control.advance(120)
    control.set_behaviour(delete_paused=False)
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[0] == "InvalidClusterState"
    control.set_behaviour(delete_paused=True)
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)


def test_the_name_is_taken(redshift: Any, create: Any, control: Any, refusal: Any, status: Any) -> None:
    """A snapshot of that name, whoever's it is, is ClusterSnapshotAlreadyExists and the cluster stays."""
    create()
    control.put_snapshot("last", "somebody-else")
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[:2] == (
        "ClusterSnapshotAlreadyExists",
        400,
    )
    assert status() == "available"


def test_the_quota_is_full(redshift: Any, create: Any, control: Any, refusal: Any, status: Any) -> None:
    """A full quota refuses at once, keeps the cluster, and lets go when a snapshot is gone."""
    create()
    control.put_snapshot("old", "somebody-else")
    control.set_snapshot_quota(1)
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[:2] == (
        "ClusterSnapshotQuotaExceeded",
        400,
    )
    assert status() == "available"
    redshift.delete_cluster_snapshot(SnapshotIdentifier="old")
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)


def test_an_active_lakehouse_registration(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """Such a cluster is available and yet cannot be deleted, until it is deregistered."""
    create()
    control.set_cluster("alpha", lakehouse_registration_status="Registered")
    shown = redshift.describe_clusters()["Clusters"][0]
    assert (shown["ClusterStatus"], shown["LakehouseRegistrationStatus"]) == ("available", "Registered")
    code, _, text = refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)
    assert code == "InvalidClusterState"
    assert "lakehouse" in text
    control.set_cluster("alpha", lakehouse_registration_status="Deregistered")
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)


def test_an_injected_delete_error(redshift: Any, create: Any, control: Any, refusal: Any) -> None:
    """Any error can be made to stand for one cluster, and be taken away."""
    create()
    create("beta")
    control.set_cluster("alpha", delete_error=("InvalidClusterState", RUNNING))
    assert refusal(redshift.delete_cluster, ClusterIdentifier="alpha", **FINAL)[2] == RUNNING
    redshift.delete_cluster(ClusterIdentifier="beta", SkipFinalClusterSnapshot=True)
    control.set_cluster("alpha", delete_error=())
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)


@pytest.mark.parametrize(
    ("outcome", "cluster", "snapshot", "lost"),
    [
        ("cluster-returns", "available", "failed", []),
        ("cluster-gone", "gone", "failed", ["alpha"]),
        ("stuck", "final-snapshot", "creating", []),
    ],
)
def test_a_final_snapshot_that_fails(
    redshift: Any,
    create: Any,
    control: Any,
    status: Any,
    outcome: str,
    cluster: str,
    snapshot: str,
    lost: Any,
) -> None:
    """It may bring the cluster back, lose it, or hang; the ledger tells which clusters were lost."""
    create()
    control.fail_next_snapshot("alpha", outcome)
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    control.advance(100_000)
    assert status() == cluster
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]
    assert found["Status"] == snapshot
    generations = control.state()["generations"]
    assert [
        name for each in generations if each["lost_without_snapshot"] for name in each["identifiers"]
    ] == lost


def test_a_failed_snapshot_fails_once(redshift: Any, create: Any, control: Any, status: Any) -> None:
    """The cluster that came back is deleted by the next try, under another name."""
    create()
    control.fail_next_snapshot("alpha")
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    control.advance(300)
    redshift.delete_cluster(ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier="last-2")
    control.advance(360)
    assert status() == "gone"
    assert [each["status"] for each in control.state()["generations"][0]["final_snapshots"]] == [
        "failed",
        "available",
    ]


def test_the_running_status_can_be_the_other_one(redshift: Any, create: Any, control: Any) -> None:
    """AWS's documentation names `final snapshot`, too."""
    create()
    control.set_behaviour(final_snapshot_status="final snapshot")
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    assert redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]["Status"] == (
        "final snapshot"
    )


def test_a_name_used_again_is_another_generation(
    redshift: Any, create: Any, control: Any, status: Any
) -> None:
    """The identifier is free at once; namespace and create time tell the two apart, on snapshots too."""
    first = create()
    redshift.delete_cluster(ClusterIdentifier="alpha", **FINAL)
    control.advance(360)
    second = create()
    assert first["ClusterNamespaceArn"] != second["ClusterNamespaceArn"]
    kept = redshift.describe_cluster_snapshots(ClusterIdentifier="alpha", SnapshotType="manual")["Snapshots"]
    assert [each["ClusterCreateTime"] for each in kept] == [first["ClusterCreateTime"]]
    redshift.delete_cluster(ClusterIdentifier="alpha", SkipFinalClusterSnapshot=True)
    control.advance(60)
    assert status() == "gone"
    assert [each["lost_without_snapshot"] for each in control.state()["generations"]] == [False, True]
    assert [each["SnapshotIdentifier"] for each in redshift.describe_cluster_snapshots()["Snapshots"]] == [
        "last"
    ]
