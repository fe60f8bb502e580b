"""The project as it is committed, on the real engine: prod leaves its final snapshot, dev leaves nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types_boto3_redshift.type_defs import SnapshotTypeDef

    from tests.e2e.harness import Project, Run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-committed")]


@dataclass(frozen=True)
class Story:
    """What became of the two stacks."""

    judged: Run
    up: Run
    again: Run
    preview: Run
    blocked: Run
    destroy: Run
    snapshots: list[SnapshotTypeDef]
    receipts: list[dict[str, Any]]
    left: set[str]
    dev_up: Run
    dev_destroy: Run
    dev_snapshots: list[SnapshotTypeDef]


@pytest.fixture(scope="module")
def story(shared_project: Project) -> Story:
    """Prod: judged, up, up again, previewed, blocked, destroyed. Then dev: up and destroyed."""
    project = shared_project
    prod = project.stack("prod")
    judged, up, again, preview = prod.judged(), prod.up(), prod.up(), prod.preview()
    prod.configure({"warehouse:skipFinalSnapshot": "true"})
    blocked = prod.judged()
    prod.configure({"warehouse:skipFinalSnapshot": None})
    destroy = prod.destroy()
    snapshots, receipts = project.snapshots("warehouse-prod"), project.receipts()
    dev = project.stack("dev")
    return Story(
        judged=judged,
        up=up,
        again=again,
        preview=preview,
        blocked=blocked,
        destroy=destroy,
        snapshots=snapshots,
        receipts=receipts,
        left=project.clusters(),
        dev_up=dev.up(),
        dev_destroy=dev.destroy(),
        dev_snapshots=project.snapshots("warehouse-dev"),
    )


def test_the_pack_lets_prod_through(story: Story) -> None:
    """The committed production stack passes its own policy pack."""
    assert story.judged.ok().steps == {"warehouse": "create"}
    assert "Violation" not in story.judged.output


def test_up_says_what_destroy_would_do(story: Story) -> None:
    """`up` brings the cluster up, and shows with file and line what destroying it will do."""
    assert story.up.ok().steps == {"warehouse": "create"}
    assert re.search(
        r'on_destroy: "final snapshot, kept forever \(policy/deletion-policy\.yaml:\d+\)"', story.up.output
    )


def test_nothing_changed_is_no_diff(story: Story) -> None:
    """A second `up` and a preview of the same program find nothing to do."""
    assert story.again.ok().steps == {"warehouse": "same"}
    assert story.preview.ok().steps == {"warehouse": "same"}
    assert "2 unchanged" in story.preview.output


def test_a_production_stack_that_asks_to_skip_is_blocked(story: Story, shared_project: Project) -> None:
    """The preview fails, by a mandatory policy that names the rule's file and line, and the fix."""
    lines = shared_project.policy_file.read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.strip() == "skip: never")
    said = " ".join(story.blocked.failed().output.split())

    assert "[mandatory]" in said
    assert "redshift-final-snapshot-in-production" in said
    assert f"policy/deletion-policy.yaml:{line}" in said
    assert "skip_final_snapshot" in said


def test_prod_is_destroyed_with_its_snapshot(story: Story) -> None:
    """AWS itself shows one manual snapshot: available, named, kept and tagged as the policy says."""
    assert story.destroy.ok().steps == {"warehouse": "delete"}
    assert story.left == set()
    assert len(story.snapshots) == 1
    snapshot = story.snapshots[0]
    tags = {tag["Key"]: tag["Value"] for tag in snapshot["Tags"]}
    assert snapshot["Status"] == "available"
    assert re.fullmatch(r"warehouse-prod-warehouse-prod-final-\d{8}t\d{6}z", snapshot["SnapshotIdentifier"])
    assert snapshot["ManualSnapshotRetentionPeriod"] == -1
    assert tags.pop("redshift-teardown:rule").startswith("production: policy/deletion-policy.yaml:")
    assert re.fullmatch(r"[0-9a-f-]{36}", tags.pop("redshift-teardown:generation"))
    assert tags.pop("redshift-teardown:data-since")[:4].isdigit()
    assert tags == {
        "managed-by": "redshift-teardown",
        "pulumi:project": "warehouse",
        "pulumi:stack": "prod",
        "redshift-teardown:cluster": "warehouse-prod",
        "redshift-teardown:urn": "urn:pulumi:prod::warehouse::"
        "pulumi-python:dynamic/redshift:Cluster::warehouse",
    }


def test_destroy_tells_where_the_data_is(story: Story) -> None:
    """The last kept line names the snapshot, its region, how long it is kept, and how to restore it."""
    said = story.destroy.said("info")[-1]

    name = story.snapshots[0]["SnapshotIdentifier"]
    assert said.startswith(f"warehouse-prod is gone; final snapshot {name} is available in eu-central-1")
    assert "kept forever" in said
    assert "restore_final_snapshot=True" in said


def test_destroy_leaves_one_receipt(story: Story) -> None:
    """The receipts folder of the project holds one document, done, with the snapshot as AWS shows it."""
    assert [receipt["state"] for receipt in story.receipts] == ["done"]
    receipt = story.receipts[0]
    assert receipt["snapshot"]["arn"] == story.snapshots[0]["SnapshotArn"]
    assert receipt["outcome"] == "snapshot"
    assert receipt["environment"] == "production"
    assert receipt["calls"]["DeleteCluster"] == 1


def test_dev_goes_without(story: Story) -> None:
    """A stack of an environment that may skip says so when it comes up, and leaves no snapshot."""
    assert "no final snapshot: ephemeral clusters hold no data of record" in story.dev_up.ok().output
    assert story.dev_destroy.ok().steps == {"warehouse": "delete"}
    assert "is gone, without a final snapshot" in story.dev_destroy.output
    assert story.dev_snapshots == []
