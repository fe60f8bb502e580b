"""On the real engine: an `up` changes what its preview named, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown.lifecycle.outputs import user_tags
from tests.e2e.harness import Code, cluster, program, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.harness import Project, Run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-promise")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  development:
    stacks: [dev]
    skip: [{when: {tags: {kind: "sand*"}}, because: sandboxes go}]
"""
SECRET = "sandbox-nobody-reads-7"
SECRET_TAG = {"kind": Code("config.require_secret('kind')"), "team": "data"}
AS_ONE_OBJECT = """\
from redshift_teardown import ClusterArgs

Cluster(
    "args",
    ClusterArgs(
        cluster_identifier="args",
        node_type="ra3.xlplus",
        master_username="admin",
        manage_master_password=True,
    ),
    pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="1h")),
)
"""
ADOPTED = {"adopt_existing": True, "number_of_nodes": 2, "manage_master_password": None}
IGNORING = "opts=pulumi.ResourceOptions(ignore_changes=['numberOfNodes', 'masterPasswrd']),"


def written(**changes: object) -> str:
    """The program; what changes does so in the drifting cluster."""
    ignoring = cluster("ignoring").replace("\n)\n", f"\n    {IGNORING}\n)\n")
    drifting = cluster("drifting", tags=SECRET_TAG, **changes)
    return program(drifting, ignoring, cluster("adopted", **ADOPTED), AS_ONE_OBJECT)


def nodes(project: Project) -> dict[str, int]:
    """How many nodes each cluster has."""
    found = project.redshift().describe_clusters()["Clusters"]
    return {each["ClusterIdentifier"]: each["NumberOfNodes"] for each in found}


def resize(project: Project, *names: str) -> None:
    """Resize clusters behind everybody's back."""
    for name in names:
        project.control.set_cluster(name, settings={"NumberOfNodes": 4})


def shown_of(run: Run, name: str) -> str:
    """What ``--diff`` shows of a cluster."""
    return next(
        part for part in run.output.split("pulumi-python:dynamic/redshift:Cluster: ") if f"::{name}]" in part
    )


def in_clear(folder: Path) -> list[str]:
    """The files of the backend that hold the secret."""
    return [
        file.name
        for file in folder.rglob("*")
        if file.is_file() and SECRET in file.read_text("utf-8", "replace")
    ]


def test_the_promise_on_the_engine(project: Project) -> None:
    """Adopted, drifted, refreshed, ignored, tagged by a bot, with a secret tag, written as one object."""
    project.policy(POLICY)
    project.redshift().create_cluster(
        ClusterIdentifier="adopted",
        NodeType="ra3.xlplus",
        NumberOfNodes=4,
        MasterUsername="admin",
        ManageMasterPassword=True,
        PubliclyAccessible=True,
    )
    until(lambda: project.control.state()["clusters"]["adopted"]["shown_status"] == "available")
    stack = project.stack("dev")
    stack.secret("kind", SECRET)
    project.program(written())

    created = stack.up().ok()
    assert "'numberOfNodes' is taken to mean 'number_of_nodes'" in created.output
    assert "'masterPasswrd' is no argument of a cluster" in created.output
    assert "custom_timeouts have no effect" in created.output
    # What adoption found otherwise is named, and done; what the program leaves out stays.
    previewed = stack.preview("--diff").ok()
    assert previewed.steps == {"drifting": "same", "ignoring": "same", "adopted": "update", "args": "same"}
    assert "number_of_nodes from 4 to 2" in previewed.output
    stack.up().ok()
    [adopted] = project.redshift().describe_clusters(ClusterIdentifier="adopted")["Clusters"]
    assert (adopted["NumberOfNodes"], adopted["PubliclyAccessible"]) == (2, True)

    resize(project, "drifting", "ignoring")
    project.redshift().create_tags(
        ResourceName=f"arn:aws:redshift:eu-central-1:{project.account}:cluster:drifting",
        Tags=[{"Key": "bot", "Value": "yes"}],
    )
    project.control.clear_calls()
    project.program(written(enhanced_vpc_routing=True))
    changed = stack.up("--diff").ok()
    assert changed.steps == {"drifting": "update", "ignoring": "same", "adopted": "same", "args": "same"}
    [call] = [call for call in project.control.calls("ModifyCluster") if call.took_effect]
    assert dict(call.parameters) == {"ClusterIdentifier": "drifting", "EnhancedVpcRouting": "true"}

    stack.refresh().ok()
    drifted = stack.preview("--diff").ok()
    assert drifted.steps == {"drifting": "update", "ignoring": "same", "adopted": "same", "args": "same"}
    assert "~ number_of_nodes       : 4 => 2" in shown_of(drifted, "drifting")
    stack.up().ok()
    assert nodes(project) == {"drifting": 2, "ignoring": 4, "adopted": 2, "args": 1}
    [found] = project.redshift().describe_clusters(ClusterIdentifier="drifting")["Clusters"]
    assert set(user_tags(found)) == {"kind", "team", "bot"}

    # A decision made by a secret is shown, and the secret nowhere.
    assert "no final snapshot: sandboxes go" in stack.state()["drifting"]["outputs"]["on_destroy"]
    for run in (created, previewed, changed, drifted):
        assert SECRET not in run.output
    assert in_clear(project._state) == []
    assert SECRET not in stack.destroy().ok().output
