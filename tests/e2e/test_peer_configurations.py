"""The configurations that pulumi-aws and Terraform's provider are accepted by, on the real engine.

Each goes through its stages as their acceptance tests do; after each stage a second `up`, a refresh and a
preview expect no changes. They share one stack, so that a stage of all is four runs of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import read_arguments
from tests.e2e.harness import NEW_PASSWORD, SECRET_PASSWORD, Code, cluster, program
from tests.long import ALL, of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-peer")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  development:
    stacks: [dev]
    skip: [{when: {always: true}, because: nobody needs it}]
"""
KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111"
ROLES = [f"arn:aws:iam::123456789012:role/{name}" for name in ("load", "unload")]
WRITE_ONLY = {"master_password_wo": Code("config.require_secret('first')"), "master_password_wo_version": 1}
WRITTEN_AGAIN = {
    "master_password_wo": Code("config.require_secret('second')"),
    "master_password_wo_version": 2,
}


@dataclass(frozen=True)
class Configuration:
    """One of their configurations.

    Attributes:
        stages: What the program says, one stage after another; the last one stays.
        shown: What AWS shows at the end, where that is not what the program says.

    """

    stages: tuple[dict[str, Any], ...]
    shown: dict[str, Any] = field(default_factory=dict)


def stages(*given: dict[str, Any], **shown: Any) -> Configuration:
    """Write a configuration."""
    return Configuration(given, shown)


MULTI_AZ: dict[str, Any] = {"multi_az": True, "encrypted": True}
RELOCATION: dict[str, Any] = {"availability_zone_relocation_enabled": True}
CONFIGURATIONS: dict[str, Configuration] = {
    "basic": stages({"number_of_nodes": None, "database_name": "mydb"}, number_of_nodes=1),
    "kms": stages({"kms_key_id": KEY, "encrypted": True}, encrypted="true"),
    "routing": stages({"enhanced_vpc_routing": True}, {"enhanced_vpc_routing": False}),
    "public": stages(
        {"publicly_accessible": True}, {"publicly_accessible": False}, {"publicly_accessible": True}
    ),
    "roles": stages({"iam_roles": ROLES}, {"iam_roles": ROLES[:1]}, {"iam_roles": []}),
    "count": stages({"number_of_nodes": 1}, {"number_of_nodes": 2}, {"number_of_nodes": 1}),
    "type": stages({"node_type": "ra3.xlplus"}, {"node_type": "ra3.4xlarge"}, {"node_type": "ra3.xlplus"}),
    "zone": stages(
        {**RELOCATION, "availability_zone": "eu-central-1a"},
        {**RELOCATION, "availability_zone": "eu-central-1b"},
    ),
    "relocation": stages(RELOCATION, {"availability_zone_relocation_enabled": False}),
    "relocation-public": stages({**RELOCATION, "publicly_accessible": True}),
    "encrypts": stages({"encrypted": False}, {"encrypted": True}, encrypted="true"),
    "decrypts": stages({"encrypted": True}, {"encrypted": False}, encrypted="false"),
    "snapshot": stages(
        {"snapshot_identifier": "shared", "master_username": "awsuser", "number_of_nodes": 2},
        snapshot_identifier=None,
    ),
    "snapshot-arn": stages(
        {
            "snapshot_arn": "arn:aws:redshift:eu-central-1:123456789012:snapshot:old/shared",
            "master_username": "awsuser",
        }
    ),
    "managed": stages({"manage_master_password": True}),
    "managed-later": stages(
        {"master_password": Code("config.require_secret('first')")}, {"manage_master_password": True}
    ),
    "write-only": stages(WRITE_ONLY, WRITTEN_AGAIN),
    "multi-az": stages(
        MULTI_AZ, {"multi_az": False, "encrypted": True}, {**MULTI_AZ, "number_of_nodes": 3}, encrypted="true"
    ),
    "tags": stages(
        {"tags": {"team": "data", "kind": "x"}},
        {"tags": {"kind": "x"}},
        {"tags": {"kind": "y"}},
        tags={"kind": "y", "owner": "platform"},
    ),
}
ALWAYS = ("basic", "roles", "write-only", "tags")
"""What runs always; the others with the long ones."""
LAST = max(len(each.stages) for each in CONFIGURATIONS.values())


def text_of(names: tuple[str, ...], stage: int) -> str:
    """The program of a stage."""
    return program(
        *(
            cluster(name, **CONFIGURATIONS[name].stages[min(stage, len(CONFIGURATIONS[name].stages) - 1)])
            for name in names
        )
    )


def nothing_left(stack: Stack) -> None:
    """Nothing is left to do, whoever asks."""
    stack.up("--expect-no-changes").ok()
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", stack.name).ok()
    stack.preview("--expect-no-changes").ok()


@pytest.fixture
def stack(project: Project) -> Stack:
    """A stack whose own tags overlap with those of a cluster."""
    project.policy(POLICY)
    project.control.set_behaviour(allow_unencrypted=True)
    project.control.put_snapshot("shared", "old", number_of_nodes=2, node_type="ra3.xlplus")
    made = project.stack("dev")
    made.secret("first", SECRET_PASSWORD)
    made.secret("second", NEW_PASSWORD)
    made.configure({"aws:defaultTags": {"tags": {"owner": "platform", "team": "none"}}})
    return made


def test_their_configurations(project: Project, stack: Stack) -> None:
    """Every stage ends as the program says, and nothing is left to do after it."""
    names = tuple(CONFIGURATIONS) if ALL else ALWAYS
    for stage in range(LAST):
        if stage == LAST - 1:
            # One of the stack's own tags is taken away, besides.
            stack.configure({"aws:defaultTags": {"tags": {"owner": "platform"}}})
        project.program(text_of(names, stage))
        stack.up().ok()
        nothing_left(stack)

    for found in project.redshift().describe_clusters()["Clusters"]:
        shown = read_arguments(found)
        configuration = CONFIGURATIONS[found["ClusterIdentifier"]]
        for name, value in {**configuration.stages[-1], **configuration.shown}.items():
            if name in shown and value is not None:
                assert shown[name] == value, (found["ClusterIdentifier"], name)
        assert shown["tags"]["owner"] == "platform"
    stack.destroy().ok()
    assert project.clusters() == set()


@of_the_long_ones
def test_one_that_disappeared_is_adopted_when_it_is_there_again(project: Project, stack: Stack) -> None:
    """Deleted elsewhere, gone from the state by a refresh, made anew elsewhere: the program takes it over."""
    project.program(program(cluster("warehouse", adopt_existing=True)))
    stack.up().ok()
    project.control.remove_cluster("warehouse")
    stack.refresh().ok()
    assert stack.state() == {}
    project.redshift().create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.xlplus",
        NumberOfNodes=4,
        MasterUsername="admin",
        ManageMasterPassword=True,
    )

    adopted = stack.up().ok()

    assert adopted.steps == {"warehouse": "create"}
    assert "number_of_nodes from 4 to 2" in stack.preview().ok().output
    stack.up().ok()
    nothing_left(stack)
    stack.destroy().ok()
