"""On the real engine: whose a cluster is, across runs that the engine alone decides the calls of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import TYPE, cluster, program
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-ownership")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
  dev:
    skip: [{when: {always: true}, because: nobody needs it}]
"""
ADOPT = {"adopt_existing": True, "cluster_identifier": "warehouse"}
URN = f"urn:pulumi:prod::warehouse::{TYPE}::warehouse"


def born(project: Project) -> Stack:
    """Bring a cluster up, and write to it."""
    project.policy(POLICY)
    stack = project.stack("prod")
    project.program(program(cluster("warehouse", cluster_identifier="warehouse")))
    stack.up().ok()
    project.control.set_marker("warehouse", "precious")
    project.control.clear_calls()
    return stack


def unharmed(project: Project) -> bool:
    """Whether the cluster lives, with its data, and nobody asked AWS to delete it."""
    return (
        project.control.marker("warehouse") == "precious" and "DeleteCluster" not in project.changing_calls()
    )


def twins(stack: Stack) -> int:
    """How many states of clusters the stack holds."""
    return sum(each["type"] == TYPE for each in stack.exported()["deployment"].get("resources") or [])


def test_a_twin_that_a_failing_neighbour_left_deletes_nothing(project: Project) -> None:
    """`adopt_existing`, `up --replace`, another resource fails: the next plain `up` drops the twin alone."""
    stack = born(project)
    both = program(
        cluster("warehouse", **ADOPT),
        cluster("neighbour", cluster_identifier="neighbour", node_type="dc2.large"),
    )
    project.program(both)
    project.control.add_fault("CreateCluster", occurrence="every", code="InsufficientClusterCapacity")
    failed = stack.up("--replace", URN).failed()
    assert "InsufficientClusterCapacity" in failed.output
    project.emulator.control.clear_faults()
    assert twins(stack) == 2
    project.program(program(cluster("warehouse", **ADOPT)))

    plain = stack.up().ok()

    assert "nothing was deleted" in plain.output
    assert unharmed(project)
    assert twins(stack) == 1
    assert stack.preview().ok().steps == {"warehouse": "same"}
    stack.destroy().ok()
    assert len(project.snapshots("warehouse")) == 1


def test_a_renamed_resource_is_safe_from_its_old_name(project: Project) -> None:
    """Without an alias: `--continue-on-error` with a create that is refused, then an adoption, which lets go
    of the old name; the cluster lives on through both.
    """
    stack = born(project)
    project.program(program(cluster("lake", cluster_identifier="warehouse")))
    refused = stack.up("--continue-on-error").failed()
    assert "exists already" in refused.output
    assert unharmed(project)

    project.program(program(cluster("lake", **ADOPT)))
    adopted = stack.up().ok()

    assert "was taken over" in adopted.output
    assert unharmed(project)
    assert twins(stack) == 1
    stack.destroy().ok()
    assert len(project.snapshots("warehouse")) == 1


@of_the_long_ones
def test_a_renamed_stack_keeps_its_protection(project: Project) -> None:
    """`prod` is renamed to what nobody claims, `up`; then configured for dev: refused, and destroy keeps."""
    stack = born(project)
    stack.pulumi("stack", "rename", "--stack", "prod", "elsewhere").ok()
    renamed = type(stack)(project, "elsewhere")
    renamed.up().ok()
    renamed.configure({"redshift-teardown:environment": "dev"})

    refused = renamed.up().failed()

    assert "is protected by production, as stack prod" in refused.output
    renamed.destroy().ok()
    assert len(project.snapshots("warehouse")) == 1


@of_the_long_ones
def test_a_forced_replacement_with_another_name_creates_nothing(project: Project) -> None:
    """`--replace` together with a new identifier would create first, empty: refused, nothing is touched."""
    stack = born(project)
    project.program(program(cluster("warehouse", cluster_identifier="lake")))

    refused = stack.up("--replace", URN).failed()

    assert "carries the claim of this very resource and lives on" in refused.output
    assert project.changing_calls() == []


def test_the_way_out_reaches_the_provider(project: Project) -> None:
    """The cluster is gone without the snapshot that was due: the printed line lets go of it."""
    stack = born(project)
    project.control.remove_cluster("warehouse")
    refused = stack.destroy().failed()
    [line] = [part for part in refused.output.split("`") if part.startswith("REDSHIFT_TEARDOWN_LET_GO=")]
    variable, _, generation = line.partition(" pulumi destroy --target ")[0].partition("=")
    project.environment[variable] = generation

    gone = stack.destroy("--target", line.rpartition(" ")[2].strip("'")).ok()

    assert "let go of cluster warehouse" in gone.output
    assert project.changing_calls() == []
    assert [receipt["state"] for receipt in project.receipts()] == ["let go"]
    assert twins(stack) == 0
