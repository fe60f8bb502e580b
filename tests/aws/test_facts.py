"""Questions about Redshift that its documentation leaves open, each asked of the service itself.

`make test-aws` asks them of the real one: what it answers is written down, and fails a test only where the
product could not live with it. In `make test` they are asked of the emulator, whose answers are known: so the
questions are known to be asked rightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from redshift_teardown.aws.identity import same_moment
from redshift_teardown.aws.views import IN_PROGRESS_SNAPSHOT_STATUSES
from tests.aws.ground import (
    NODE,
    cluster,
    code_of,
    error_of,
    new_name,
    snapshot,
    wait_for,
    wait_until_available,
)

if TYPE_CHECKING:
    from tests.aws.ground import Answers, Ground

pytestmark = pytest.mark.timeout(4 * 3600)

TAGS = [{"Key": "team", "Value": "data"}]


def create(ground: Ground, word: str, nodes: int = 1) -> dict[str, Any]:
    """Create a cluster, without the product, and wait for it."""
    identifier = new_name(word)
    size = (
        {"ClusterType": "multi-node", "NumberOfNodes": nodes} if nodes > 1 else {"ClusterType": "single-node"}
    )
    ground.client.create_cluster(
        ClusterIdentifier=identifier,
        NodeType=NODE,
        MasterUsername="admin",
        MasterUserPassword="Only-For-A-While-1",
        PubliclyAccessible=False,
        Tags=TAGS,
        **size,
    )
    return wait_until_available(ground, identifier)


def delete(ground: Ground, identifier: str, name: str) -> Any:
    """Send DeleteCluster with a final snapshot that is kept for a day."""
    return ground.client.delete_cluster(
        ClusterIdentifier=identifier,
        SkipFinalClusterSnapshot=False,
        FinalClusterSnapshotIdentifier=name,
        FinalClusterSnapshotRetentionPeriod=1,
    )


def generation(found: dict[str, Any]) -> tuple[Any, Any]:
    """Return what tells a generation: create time and namespace."""
    return found.get("ClusterCreateTime"), found.get("ClusterNamespaceArn")


def same_generation(before: tuple[Any, Any], after: tuple[Any, Any]) -> dict[str, bool]:
    """Compare what tells a generation."""
    return {"create time": same_moment(before[0], after[0]), "namespace": before[1] == after[1]}


def test_refusals(ground: Ground, answers: Answers) -> None:
    """AWS's own words where DeleteCluster is asked for what cannot be; the product reads the codes."""
    identifier, name = new_name("refusals"), new_name("taken")
    ground.client.create_cluster(
        ClusterIdentifier=identifier,
        NodeType=NODE,
        ClusterType="single-node",
        MasterUsername="admin",
        MasterUserPassword="Only-For-A-While-1",
    )
    creating = error_of(lambda: delete(ground, identifier, name))
    wait_until_available(ground, identifier)
    ground.client.create_cluster_snapshot(
        SnapshotIdentifier=name, ClusterIdentifier=identifier, ManualSnapshotRetentionPeriod=1
    )
    wait_for(
        ground, lambda: (snapshot(ground, name) or {}).get("Status") == "available", f"{name} to be there"
    )
    wait_until_available(ground, identifier)

    def send(**more: Any) -> str:
        return error_of(lambda: ground.client.delete_cluster(ClusterIdentifier=identifier, **more))

    said = {
        "while creating": creating,
        "a taken name": error_of(lambda: delete(ground, identifier, name)),
        "no name": send(SkipFinalClusterSnapshot=False),
        "a name and skip": send(SkipFinalClusterSnapshot=True, FinalClusterSnapshotIdentifier=new_name("x")),
        "retention 0": send(
            SkipFinalClusterSnapshot=False,
            FinalClusterSnapshotIdentifier=new_name("x"),
            FinalClusterSnapshotRetentionPeriod=0,
        ),
        "no such cluster": error_of(lambda: delete(ground, new_name("none"), new_name("x"))),
        "no such snapshot": error_of(
            lambda: ground.client.describe_cluster_snapshots(SnapshotIdentifier=new_name("none"))
        ),
    }
    answers.note("refusals", said)

    assert {question: answer.partition(":")[0] for question, answer in said.items()} == {
        "while creating": "InvalidClusterState",
        "a taken name": "ClusterSnapshotAlreadyExists",
        "no name": "InvalidParameterCombination",
        "a name and skip": "InvalidParameterCombination",
        "retention 0": "InvalidRetentionPeriodFault",
        "no such cluster": "ClusterNotFound",
        "no such snapshot": "ClusterSnapshotNotFound",
    }


def test_snapshots_of_a_cluster_nobody_knows(ground: Ground, answers: Answers) -> None:
    """An empty list or ClusterNotFound: the product takes both for none."""
    try:
        found = ground.client.describe_cluster_snapshots(ClusterIdentifier=new_name("none"))["Snapshots"]
        answer = f"{len(found)} snapshots"
    except ClientError as error:
        answer = code_of(error)
    answers.note("snapshots of an unknown cluster", answer)

    assert answer in {"0 snapshots", "ClusterNotFound"}


def test_while_a_final_snapshot_runs(ground: Ground, answers: Answers) -> None:
    """What the snapshot is called meanwhile, whether it can be tagged, what a second DeleteCluster gets."""
    identifier, name = create(ground, "running")["ClusterIdentifier"], new_name("running")
    delete(ground, identifier, name)
    statuses: list[str] = []
    clusters: list[str] = []
    tagging = second = ""

    def finished() -> bool:
        nonlocal tagging, second
        found, alive = snapshot(ground, name), cluster(ground, identifier)
        for seen, value in (
            (statuses, (found or {}).get("Status")),
            (clusters, (alive or {}).get("ClusterStatus")),
        ):
            if value and (not seen or seen[-1] != value):
                seen.append(value)
        if found and found["Status"] != "available" and not tagging:
            arn = found["SnapshotArn"]
            tagging = error_of(
                lambda: ground.client.create_tags(ResourceName=arn, Tags=[{"Key": "early", "Value": "yes"}])
            )
        if alive and not second:
            second = error_of(lambda: delete(ground, identifier, new_name("second")))
        return alive is None

    wait_for(ground, finished, f"{identifier} to be gone")
    kept = snapshot(ground, name)
    assert kept is not None
    answers.note("statuses of a final snapshot", statuses)
    answers.note("statuses of the cluster meanwhile", clusters)
    answers.note("tagging a final snapshot while it runs", tagging or "it was never seen running")
    answers.note("a second DeleteCluster meanwhile", second)
    answers.note("tags that a final snapshot inherits", kept.get("Tags") or [])
    answers.note("what a final snapshot says of its cluster", sorted(kept))

    assert statuses[-1] == "available"
    assert {status.lower() for status in statuses[:-1]} <= IN_PROGRESS_SNAPSHOT_STATUSES
    assert set(clusters) <= {"available", "final-snapshot", "deleting"}
    assert second.startswith("InvalidClusterState")
    assert kept["ClusterCreateTime"] is not None
    assert kept["ManualSnapshotRetentionPeriod"] == 1


def test_deleting_while_paused(ground: Ground, answers: Answers) -> None:
    """With a final snapshot: accepted, or refused and then resumed first; the product ends well in both."""
    outputs = ground.up(new_name("paused"))
    identifier = outputs["cluster_identifier"]
    before = generation(cluster(ground, identifier) or {})
    ground.client.pause_cluster(ClusterIdentifier=identifier)
    wait_for(
        ground,
        lambda: (cluster(ground, identifier) or {}).get("ClusterStatus") == "paused",
        "it to be paused",
    )
    paused = cluster(ground, identifier) or {}
    answers.note("what tells a generation survives pausing", same_generation(before, generation(paused)))

    ground.destroy(outputs)

    found = ground.client.describe_cluster_snapshots(ClusterIdentifier=identifier, SnapshotType="manual")
    (kept,) = found["Snapshots"]
    answers.note("create time that a snapshot from paused tells", kept.get("ClusterCreateTime"))
    assert kept["Status"] == "available"
    assert cluster(ground, identifier) is None


def test_what_tells_a_generation_survives(ground: Ground, answers: Answers) -> None:
    """Resuming, an elastic and a classic resize, a rename: the namespace must survive them all."""
    identifier = create(ground, "generation", nodes=2)["ClusterIdentifier"]
    before = generation(wait_until_available(ground, identifier))
    survived: dict[str, dict[str, bool]] = {}

    ground.client.pause_cluster(ClusterIdentifier=identifier)
    wait_for(
        ground,
        lambda: (cluster(ground, identifier) or {}).get("ClusterStatus") == "paused",
        "it to be paused",
    )
    ground.client.resume_cluster(ClusterIdentifier=identifier)
    survived["resume"] = same_generation(before, generation(wait_until_available(ground, identifier)))

    for kind, nodes, classic in (("elastic resize", 4, False), ("classic resize", 2, True)):
        ground.client.resize_cluster(
            ClusterIdentifier=identifier, NodeType=NODE, NumberOfNodes=nodes, Classic=classic
        )
        found = wait_until_available(ground, identifier)
        survived[kind] = same_generation(before, generation(found))

    renamed = new_name("renamed")
    ground.client.modify_cluster(ClusterIdentifier=identifier, NewClusterIdentifier=renamed)
    wait_for(ground, lambda: cluster(ground, renamed) is not None, "it to be renamed")
    survived["rename"] = same_generation(before, generation(wait_until_available(ground, renamed)))
    answers.note("what tells a generation survives", survived)

    assert {change: kept["namespace"] for change, kept in survived.items()} == dict.fromkeys(survived, True)


def test_the_main_job(ground: Ground, answers: Answers) -> None:
    """Up, destroyed, restored from its final snapshot, destroyed again: whatever else was answered."""
    identifier = new_name("job")
    first = ground.up(identifier, tags={"team": "data"})
    ground.destroy(first)
    second = ground.up(identifier, restore_final_snapshot=True)
    restored = cluster(ground, identifier) or {}
    answers.note("tags of a cluster restored from a final snapshot", restored.get("Tags"))
    ground.destroy(second)

    kept = ground.client.describe_cluster_snapshots(ClusterIdentifier=identifier, SnapshotType="manual")[
        "Snapshots"
    ]

    assert first["identity"] != second["identity"]
    assert [found["Status"] for found in kept] == ["available", "available"]
    assert len({found["ClusterCreateTime"] for found in kept}) == 2
