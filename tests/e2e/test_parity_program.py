"""On the real engine: how a program writes the resource - subclass, component, region, provider, options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import PLAIN_PASSWORD, SECRET_PASSWORD, TYPE, Code, cluster, program
from tests.e2e.test_adopt import with_plugin
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-parity-program")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  development:
    stacks: [dev]
    skip: [{when: {always: true}, because: nobody needs it}]
"""
SUBCLASS = """\
class Warehouse(Cluster):
    \"\"\"A company's own defaults.\"\"\"

    def __init__(self, name, opts=None, **arguments):
        super().__init__(name, opts, node_type="ra3.xlplus", number_of_nodes=2, **arguments)


class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("my:index:Team", name)
        child = pulumi.ResourceOptions(parent=self)
        self.warehouse = Warehouse(
            "inside", child, cluster_identifier="inside", master_username="admin", manage_master_password=True
        )


Warehouse("outside", cluster_identifier="outside", master_username="admin", manage_master_password=True)
Team("team")
"""
OUTPUTS = """\
pulumi.export("node", warehouse.cluster_nodes.apply(lambda nodes: nodes[0]["node_role"]))
pulumi.export("arn", warehouse.arn)
pulumi.export("endpoint", warehouse.endpoint)
pulumi.export("region", warehouse.region)
pulumi.export("password", warehouse.master_password)
pulumi.export("write_only", warehouse.master_password_wo)
"""


def with_options(options: str) -> str:
    """Write a cluster with resource options."""
    return cluster("warehouse").replace("\n)\n", f"\n    opts=pulumi.ResourceOptions({options}),\n)\n")


@pytest.fixture
def stack(project: Project) -> Stack:
    """A stack that may skip its final snapshots."""
    project.policy(POLICY)
    return project.stack("dev")


@of_the_long_ones
def test_a_subclass_is_the_same_kind_of_resource(project: Project, stack: Stack) -> None:
    """Its type token is the one the policy pack judges, also inside a component."""
    project.program(program(SUBCLASS))

    assert stack.up().ok().steps == {"outside": "create", "inside": "create"}

    assert set(stack.state()) == {"outside", "inside"}
    assert f"my:index:Team${TYPE}::inside" in stack.state()["inside"]["urn"]
    assert stack.preview().ok().steps == {"outside": "same", "inside": "same"}


def test_the_region_is_honoured_and_outputs_are_there(project: Project, stack: Stack) -> None:
    """region=… goes before aws:region, from create to destroy; secrets stay secret as outputs."""
    text = cluster("warehouse", region="us-west-2", master_password=Code("config.require_secret('password')"))
    stack.secret("password", SECRET_PASSWORD)
    project.program(program(f"warehouse = {text}", OUTPUTS))

    stack.up().ok()

    assert project.clusters() == set()
    found = project.redshift("us-west-2").describe_clusters()["Clusters"]
    assert [each["ClusterIdentifier"] for each in found] == ["warehouse"]
    told = stack.pulumi("stack", "output", "--stack", "dev", "--json").ok().output
    assert '"region": "us-west-2"' in told
    assert f'"arn": "arn:aws:redshift:us-west-2:{project.account}:cluster:warehouse"' in told
    assert '"node": "LEADER"' in told
    assert '"password": "[secret]"' in told
    assert stack.refresh().ok().code == 0
    assert stack.preview().ok().steps == {"warehouse": "same"}
    told = stack.pulumi("stack", "output", "--stack", "dev", "--json").ok().output
    assert '"password": "[secret]"' in told
    stack.destroy().ok()
    assert project.redshift("us-west-2").describe_clusters()["Clusters"] == []


ASKED = "an aws provider does not reach this resource"


@pytest.mark.parametrize(
    "text",
    [
        with_options("provider=elsewhere"),
        pytest.param(with_options("parent=team"), marks=of_the_long_ones),
    ],
    ids=["in opts", "inherited"],
)
def test_an_aws_provider_is_refused(project: Project, stack: Stack, text: str) -> None:
    """The engine would drop it in silence, and the cluster would land elsewhere: said, with the config."""
    with_plugin(project)
    head = (
        "import pulumi_aws as aws\nelsewhere = aws.Provider('elsewhere', region='us-west-2')\n"
        "providers = pulumi.ResourceOptions(providers=[elsewhere])\n"
        "team = pulumi.ComponentResource('my:Team', 'team', opts=providers)\n"
    )
    project.program(program(head, text))

    refused = stack.preview().failed()

    assert ASKED in refused.output
    assert "pulumi config set aws:region" in refused.output


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("delete_before_replace=False", "has one identifier"),
        ("import_='warehouse'", "adopt_existing=True"),
        ("id='warehouse'", "adopt_existing=True"),
    ],
)
def test_an_option_that_cannot_work_is_refused(
    project: Project, stack: Stack, option: str, words: str
) -> None:
    """Said by the program, with what to do instead."""
    project.program(program(with_options(option)))

    assert words in " ".join(stack.preview().failed().output.split())


@of_the_long_ones
def test_a_write_only_password_is_in_no_output(project: Project, stack: Stack) -> None:
    """It is sent, encrypted in the inputs, and nothing shows it; the version alone sends another one."""
    arguments = {"master_password_wo": PLAIN_PASSWORD, "master_password_wo_version": 1}
    project.program(program(f"warehouse = {cluster('warehouse', **arguments)}", OUTPUTS))

    stack.up().ok()

    assert "master_password_wo" not in stack.state()["warehouse"]["outputs"]
    assert stack.preview().ok().steps == {"warehouse": "same"}
    project.control.clear_calls()
    changed = {"master_password_wo": SECRET_PASSWORD, "master_password_wo_version": 2}
    project.program(program(f"warehouse = {cluster('warehouse', **changed)}", OUTPUTS))
    assert stack.up("--diff").ok().steps == {"warehouse": "update"}
    assert project.changing_calls() == ["ModifyCluster"]
