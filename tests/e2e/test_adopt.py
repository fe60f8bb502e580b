"""On the real engine: the way from ``aws.redshift.Cluster`` without downtime, and a resource that is renamed.

The plugin of pulumi-aws is a double that echoes; its SDK, the engine and this package are real.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import PLAIN_PASSWORD, SECRET_PASSWORD, TYPE, cluster, program
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-adopt")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
"""
ARGUMENTS = """\
    "warehouse",
    cluster_identifier="warehouse",
    node_type="ra3.4xlarge",
    cluster_type="multi-node",
    number_of_nodes=3,
    database_name="sales",
    master_username="admin",
    master_password=pulumi.Config().require_secret("password"),
    port=5440,
    skip_final_snapshot=False,
    final_snapshot_identifier="warehouse-last",
    tags={"team": "data"},
"""
BEFORE = f"import pulumi\nimport pulumi_aws as aws\n\naws.redshift.Cluster(\n{ARGUMENTS})\n"
IMPORTS = "import pulumi\nfrom redshift_teardown import Cluster\n"
AFTER = f"{IMPORTS}\nCluster(\n{ARGUMENTS}    adopt_existing=True,\n)\n"
CLAIMED = ["CreateTags", "CreateTags"]
"""All that an adoption changes: the ownership claim is written on the cluster."""
THEIRS = "urn:pulumi:prod::warehouse::aws:redshift/cluster:Cluster::warehouse"


def with_plugin(project: Project) -> None:
    """Put the double of pulumi-aws's plugin on PATH."""
    plugins = project.folder.parent / "plugins"
    plugins.mkdir(exist_ok=True)
    plugin = plugins / "pulumi-resource-aws"
    double = Path(__file__).parents[1] / "stack" / "aws_plugin_double.py"
    command = shlex.join([sys.executable, str(double)])
    plugin.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    plugin.chmod(0o755)
    project.environment["PATH"] = f"{plugins}{os.pathsep}{project.environment['PATH']}"


def running(project: Project) -> None:
    """The cluster that pulumi-aws would have made."""
    project.redshift().create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.4xlarge",
        NumberOfNodes=3,
        DBName="sales",
        MasterUsername="admin",
        MasterUserPassword=SECRET_PASSWORD,
        Port=5440,
        Tags=[{"Key": "team", "Value": "data"}],
    )
    project.redshift().get_waiter("cluster_available").wait(
        ClusterIdentifier="warehouse", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    project.control.set_marker("warehouse", "everything we have")


def prod(project: Project) -> Stack:
    """The stack, with the password in its configuration."""
    project.policy(POLICY)
    stack = project.stack("prod")
    stack.secret("password", SECRET_PASSWORD)
    return stack


def test_from_pulumi_aws_without_downtime(project: Project) -> None:
    """State delete, another import, adopt_existing: AWS is only read, the data stays, the policy holds."""
    with_plugin(project)
    running(project)
    stack = prod(project)
    project.program(BEFORE)
    stack.up().ok()
    before = project.redshift().describe_clusters(ClusterIdentifier="warehouse")["Clusters"][0]
    project.control.clear_calls()

    stack.pulumi("state", "delete", "--yes", "--stack", "prod", THEIRS).ok()
    project.program(AFTER)
    adopted = stack.up().ok()

    assert adopted.steps == {"warehouse": "create"}
    assert "adopted cluster warehouse as it is" in adopted.output
    assert stack.preview().ok().steps == {"warehouse": "same"}
    project.program(AFTER.replace("    adopt_existing=True,\n", ""))
    assert stack.up().ok().steps == {"warehouse": "update"}
    assert stack.preview().ok().steps == {"warehouse": "same"}
    assert stack.refresh().ok().code == 0
    assert project.changing_calls() == CLAIMED
    after = project.redshift().describe_clusters(ClusterIdentifier="warehouse")["Clusters"][0]
    assert after["ClusterNamespaceArn"] == before["ClusterNamespaceArn"]
    stack.destroy().ok()
    assert project.snapshot("warehouse")["SnapshotIdentifier"] == "warehouse-last"
    assert project.control.snapshot_marker("warehouse-last") == "everything we have"


@of_the_long_ones
def test_pulumi_imports_no_dynamic_resource(project: Project) -> None:
    """The documentation says what Pulumi's traceback ends with; should it import one day, it is not true."""
    running(project)
    stack = prod(project)
    project.program(AFTER)

    run = project.start("import", "--yes", "--stack", "prod", TYPE, "warehouse", "warehouse")
    refused = run.end().failed()
    run.close()

    assert "KeyError: '__provider'" in refused.output
    assert stack.state() == {}
    assert project.control.marker("warehouse") == "everything we have"


@of_the_long_ones
def test_what_differs_is_shown_and_then_changed(project: Project) -> None:
    """The first `up` changes nothing, the next preview shows the difference, the next `up` makes it so."""
    running(project)
    stack = prod(project)
    project.program(AFTER.replace("number_of_nodes=3", "number_of_nodes=4"))
    project.control.clear_calls()

    stack.up().ok()
    assert project.changing_calls() == CLAIMED
    shown = stack.preview("--diff").ok()
    assert shown.steps == {"warehouse": "update"}
    assert stack.up().ok().steps == {"warehouse": "update"}

    assert project.changing_calls() == [*CLAIMED, "ModifyCluster"]
    assert stack.preview().ok().steps == {"warehouse": "same"}


@of_the_long_ones
def test_another_stacks_cluster_is_refused(project: Project) -> None:
    """Its tags name another stack: `up` fails and touches nothing."""
    running(project)
    project.redshift().create_tags(
        ResourceName=f"arn:aws:redshift:eu-central-1:{project.account}:cluster:warehouse",
        Tags=[{"Key": "pulumi:stack", "Value": "staging"}],
    )
    stack = prod(project)
    project.program(AFTER)
    project.control.clear_calls()

    refused = stack.up().failed()

    assert "carries the tag pulumi:stack=staging: it is another stack's" in refused.output
    assert project.changing_calls() == []
    assert stack.state() == {}


OLD: dict[str, Any] = {"master_password": PLAIN_PASSWORD, "cluster_identifier": "lake"}


@of_the_long_ones
def test_a_resource_renamed_without_aliases_keeps_its_cluster(project: Project) -> None:
    """Whatever the program says next, the one cluster is not deleted, and ``aliases`` are named."""
    stack = prod(project)
    project.program(program(cluster("old", **OLD)))
    stack.up().ok()
    project.control.set_marker("lake", "everything we have")
    project.control.clear_calls()

    project.program(program(cluster("new", **OLD)))
    created = stack.up().failed()
    assert "a cluster called lake exists already" in created.output
    assert "aliases=[pulumi.Alias(name='its old name')]" in created.output

    project.program(program(cluster("new", **OLD, adopt_existing=True)))
    adopted = stack.up().ok()
    assert "it lives on, and nothing was deleted" in adopted.output
    assert "old" not in stack.state()
    assert project.changing_calls() == CLAIMED
    assert project.control.marker("lake") == "everything we have"

    assert stack.up().ok().steps == {"new": "same"}
    assert project.changing_calls() == CLAIMED


@of_the_long_ones
def test_a_resource_renamed_with_an_alias_calls_nothing(project: Project) -> None:
    """The engine updates what is recorded, and that is all; so does a move into a component."""
    stack = prod(project)
    project.program(program(cluster("old", **OLD)))
    stack.up().ok()
    project.control.clear_calls()

    alias = "opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name='old')])"
    project.program(program(cluster("new", **OLD).replace("\n)\n", f"\n    {alias},\n)\n")))
    renamed = stack.up().ok()
    assert renamed.steps == {"new": "update"}
    aliases = "[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]"
    options = f"opts=pulumi.ResourceOptions(parent=team, aliases={aliases})"
    moved = cluster("new", **OLD).replace("\n)\n", f"\n    {options},\n)\n")
    project.program(program("team = pulumi.ComponentResource('my:Team', 'team')\n", moved))
    assert stack.up().ok().steps == {"new": "update"}

    assert stack.preview().ok().steps == {"new": "same"}
    assert project.changing_calls() == []
    assert "my:Team$pulumi-python:dynamic/redshift:Cluster::new" in stack.state()["new"]["outputs"]["urn"]
    stack.destroy().ok()
    assert project.snapshot("lake")["Status"] == "available"


@of_the_long_ones
def test_a_forced_replacement_of_an_adopted_cluster_deletes_nothing(project: Project) -> None:
    """`--replace` creates first and then deletes: what was adopted must not be what is deleted."""
    stack = prod(project)
    project.program(program(cluster("warehouse", **OLD, adopt_existing=True)))
    stack.up().ok()
    project.control.set_marker("lake", "everything we have")
    project.control.clear_calls()

    replaced = stack.up("--replace", f"urn:pulumi:prod::warehouse::{TYPE}::warehouse").ok()

    [warning] = [line for line in replaced.said("warning") if "lives on and nothing was deleted" in line]
    assert "delete_before_replace=True" in warning
    assert project.changing_calls() == CLAIMED
    assert project.control.marker("lake") == "everything we have"
    assert stack.up().ok().steps == {"warehouse": "same"}
