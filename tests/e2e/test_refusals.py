"""Destroys that are refused: the cluster is kept, or its loss is named, in words kept beside this file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import REGION, TYPE, cluster, program

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-refusals")]

GOLDEN = Path(__file__).parent / "golden"
OTHER_REGION, OTHER_ACCOUNT = "eu-west-1", "444455556666"
POLICY = """\
version: 1
defaults:
  final_snapshot: {name: "{cluster}-final", retention_days: 35}
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
"""
KEPT = {
    "another-generation",
    "never-deletable",
    "quota-exceeded",
    "renamed",
    "snapshot-failed",
}
LOST = {"deleted-by-hand", "snapshot-failed-and-gone"}
CHANGING = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<generation>"),
    (r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}( UTC)?", "<time>"),
)


def _golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_text("utf-8").rstrip("\n")


def _lasting(text: str) -> str:
    """A message without what is another one in each run."""
    for pattern, placeholder in CHANGING:
        text = re.sub(pattern, placeholder, text)
    return text


@pytest.fixture(scope="module")
def project(shared_project: Project) -> Project:
    """A protected stack that is up; something has happened to each of its clusters."""
    shared_project.policy(POLICY)
    shared_project.program(
        program(
            *(
                cluster(name, region=OTHER_REGION if name == "quota-exceeded" else None)
                for name in sorted(KEPT | LOST)
            )
        )
    )
    # The region is the environment's, so that it can be another one at destroy.
    shared_project.environment["AWS_REGION"] = REGION
    shared_project.stack("prod", **{"aws:region": None}).up().ok()
    control = shared_project.control
    control.set_cluster("another-generation", namespace="another", create_time="2026-01-02T03:04:05+00:00")
    control.set_cluster("never-deletable", lakehouse_registration_status="Registered")
    control.at(region=OTHER_REGION).set_snapshot_quota(0)
    control.fail_next_snapshot("snapshot-failed")
    control.fail_next_snapshot("snapshot-failed-and-gone", "cluster-gone")
    control.remove_cluster("deleted-by-hand")
    shared_project.redshift().modify_cluster(ClusterIdentifier="renamed", NewClusterIdentifier="new-name")
    control.advance(600)
    return shared_project


def _destroy(project: Project, *extra: str) -> Run:
    command = ("destroy", "--yes", "--skip-preview", "--stack", "prod", "--continue-on-error")
    return project.run(*command, *extra, log=True)


def _target(name: str) -> tuple[str, str]:
    return "--target", f"urn:pulumi:prod::warehouse::{TYPE}::{name}"


def test_wrong_account(project: Project) -> None:
    """With credentials of another account nothing is touched, and both accounts are named."""
    project.control.clear_calls()
    right = project.account
    project.be(OTHER_ACCOUNT)

    refused = _destroy(project).failed()

    project.be(right)
    assert refused.errors["never-deletable"] == _golden("wrong-account")
    assert refused.errors.keys() == KEPT | LOST
    assert project.changing_calls() == []


def test_wrong_region(project: Project) -> None:
    """In another region nothing is touched, and both are named; a cluster with its own region is at home."""
    project.control.clear_calls()
    project.environment["AWS_REGION"] = "eu-north-1"
    elsewhere = (KEPT | LOST) - {"quota-exceeded"}

    refused = _destroy(project, *(word for name in elsewhere for word in _target(name))).failed()

    project.environment["AWS_REGION"] = REGION
    assert refused.errors["never-deletable"] == _golden("wrong-region")
    assert refused.errors.keys() == elsewhere
    assert project.changing_calls() == []


def test_destroy_goes_by_the_configuration_of_the_last_up(project: Project) -> None:
    """Pulumi hands destroy the configuration of the last `up`, and only with --run-program today's.

    So a region that is configured since misleads neither destroy nor refresh. With --run-program it is
    refused, and stays what the state remembers until it is put right in the same way.
    """
    project.control.clear_calls()
    settings = project.folder / "Pulumi.prod.yaml"
    right = settings.read_text("utf-8")
    settings.write_text(right.replace("config:", "config:\n  aws:region: eu-north-1"), "utf-8")

    target = _target("never-deletable")
    refresh = ("refresh", "--yes", "--skip-preview", "--stack", "prod", *target)
    refreshed, refused = project.run(*refresh), _destroy(project, *target, "--run-program").failed()

    settings.write_text(right, "utf-8")
    healed = project.run(*refresh, "--run-program")
    assert (refreshed.code, healed.code) == (0, 0)
    assert refused.errors["never-deletable"] == _golden("wrong-region-configured")
    assert project.changing_calls() == []


def test_credentials_that_may_not_delete(project: Project) -> None:
    """What IAM does not allow is told in AWS's words; the cluster is kept."""
    right = dict(project.environment)
    project.environment["AWS_ACCESS_KEY_ID"] = f"AKIADENIED{project.account}"

    refused = _destroy(project, *_target("quota-exceeded")).failed()

    project.environment = right
    assert refused.error == _golden("access-denied")


def test_every_refusal(project: Project) -> None:
    """One destroy of all: each refusal says what happened, the state of the data and what to do next.

    Last, since what it deletes is gone.
    """
    refused = _destroy(project).failed()

    said = {name: _lasting(text) for name, text in refused.errors.items()}
    assert said == {name: _golden(name) for name in KEPT | LOST}
    there = {
        found["ClusterIdentifier"]
        for region in (REGION, OTHER_REGION)
        for found in project.redshift(region).describe_clusters()["Clusters"]
    }
    assert there == KEPT - {"renamed"} | {"new-name"}
