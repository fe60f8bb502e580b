"""On the real engine: a program cannot say that its stack is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness import TYPE, cluster, program

if TYPE_CHECKING:
    from tests.e2e.harness import Project

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-place")]

POLICY = """\
version: 1
defaults:
  final_snapshot: {name: "{cluster}-final", retention_days: 35}
  wait: {poll_seconds: 1}
environments:
  production: {stacks: [prod], skip: never}
  dev: {stacks: [dev], skip: [{when: {always: true}, because: nobody needs it}]}
"""
LIE = f"""\
def lie(args):
    if args.type_ == "{TYPE}":
        told = "urn:pulumi:dev::" + pulumi.get_project() + "::{TYPE}::" + args.name
        return pulumi.ResourceTransformResult(props={{**args.props, CHANGE}}, opts=args.opts)
pulumi.runtime.register_resource_transform(lie)
"""
BARE = """\
import pulumi.dynamic
from redshift_teardown.provider import ClusterProvider
class Bare(pulumi.dynamic.Resource, name="Bare"):
    pass

Bare(ClusterProvider(), "bare", {
    "cluster_identifier": "bare", "node_type": "ra3.xlplus", "number_of_nodes": 2, "master_username": "admin",
    "manage_master_password": True, "URN"
})
"""


def test_a_transform_cannot_move_a_cluster_to_another_stack(project: Project) -> None:
    """`up` in prod with dev's URN makes no call; with the URN of another resource it is recorded right."""
    project.policy(POLICY)
    project.program(program(LIE.replace("CHANGE", '"urn": told'), cluster("wh")))
    stack = project.stack("prod")

    preview, up = stack.preview().failed(), stack.up().failed()

    for run in (preview, up):
        assert "and the engine says it is in stack prod of" in run.errors["wh"]
    assert (project.clusters(), project.changing_calls()) == (set(), [])

    project.program(
        program(LIE.replace("CHANGE", '"urn": told.replace(":dev::", ":prod::") + "x"'), cluster("wh"))
    )
    stack.up().ok()
    resource = stack.state()["wh"]
    assert resource["outputs"]["urn"] == resource["urn"]
    stack.destroy().ok()
    assert project.snapshot("wh")["SnapshotIdentifier"] == "wh-final"


def test_the_bare_provider_goes_by_the_engines_word(project: Project) -> None:
    """A resource that is made without the class, and says that it is dev's, or says nothing, is prod's."""
    project.policy(POLICY)
    project.program(program(BARE.replace('"URN"', '"urn": "urn:pulumi:dev::warehouse::a:b:C::bare"')))
    stack = project.stack("prod")

    refused = stack.up().failed()

    assert "and the engine says it is in stack prod of" in refused.output
    assert project.clusters() == set()
    project.program(program(BARE.replace('"URN"', "")))
    stack.up().ok()
    stack.destroy().ok()
    assert project.snapshot("bare")["SnapshotIdentifier"] == "bare-final"
