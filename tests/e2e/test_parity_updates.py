"""On the real engine: every argument changed, in one stack with a cluster for each.

The cases are those of `tests.parity.test_update`, which looks at each more closely, without an engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import read_arguments
from tests.e2e.harness import NEW_PASSWORD, PASSWORDS, PLAIN_PASSWORD, SECRET_PASSWORD, program
from tests.parity.test_update import CASES, REPLACING, Case, unlike
from tests.teardown.stage import ACCOUNT

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-parity")]

REGION = "us-east-1"
POLICY = """\
version: 1
environments:
  staging:
    stacks: [staging]
    skip: [{when: {node_type: [dc2.8xlarge]}, because: none is of this type}]
    final_snapshot: {retention_days: 7}
    wait: {poll_seconds: 1}
"""
BASE: dict[str, Any] = {
    "node_type": "ra3.xlplus",
    "number_of_nodes": 2,
    "master_username": "admin",
    "master_password": "Correct-Horse-1",
}
SECRETS = {
    # So that the harness, which knows these, searches everything that is written for them.
    "Correct-Horse-1": PLAIN_PASSWORD,
    "Another-One-2": NEW_PASSWORD,
    "Write-Only-1": SECRET_PASSWORD,
    "Write-Only-2": NEW_PASSWORD,
}
NAMES = [f"c{number}-{case.name.replace('_', '-')}" for number, case in enumerate(CASES)]
UPDATED = dict(zip(NAMES, CASES, strict=True))
REPLACED = {f"r-{name.replace('_', '-')}": each for name, each in REPLACING.items()}


def resource(name: str, arguments: dict[str, Any]) -> str:
    """Write one cluster; its name is its identifier, where the arguments do not say another."""
    given = {"cluster_identifier": name, **BASE, **arguments}
    if "cluster_identifier" in arguments:
        given["cluster_identifier"] = f"{name}-renamed"
    written = [f"    {key}={value!r},\n" for key, value in given.items() if value is not None]
    text = f"Cluster(\n    {name!r},\n{''.join(written)})\n"
    for old, new in SECRETS.items():
        text = text.replace(old, new)
    return text


def written(*, after: bool) -> str:
    """The program before, or after, all changes."""
    updated = [resource(name, case.after if after else case.before) for name, case in UPDATED.items()]
    replaced = [resource(name, pair[1 if after else 0]) for name, pair in REPLACED.items()]
    return program(*updated, *replaced)


@dataclass(frozen=True)
class Story:
    """What became of the stack."""

    up: Run
    again: Run
    changed: Run
    calls: dict[str, list[str]]
    shown: dict[str, dict[str, Any]]
    preview: Run
    refreshed: Run
    preview_after_refresh: Run
    generations: list[dict[str, Any]]
    exported: str


@pytest.fixture(scope="module")
def story(shared_project: Project) -> Story:
    """Live through it; every run and every file it leaves is searched for passwords and tracebacks."""
    project = shared_project
    project.be(ACCOUNT)
    control = project.emulator.control.at(project.account, REGION)
    redshift = project.redshift(REGION)
    redshift.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="x"
    )
    [default] = redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
    redshift.create_cluster_subnet_group(
        ClusterSubnetGroupName="elsewhere",
        Description="x",
        SubnetIds=[each["SubnetIdentifier"] for each in default["Subnets"]],
    )
    control.put_snapshot("shared", "old", number_of_nodes=2, node_type="ra3.xlplus")
    project.policy(POLICY)
    stack = project.stack("staging", **{"aws:region": REGION})

    project.program(written(after=False))
    up = stack.up("--parallel", "64")
    again = stack.preview()
    project.program(written(after=True))
    control.clear_calls()
    changed = stack.up("--parallel", "64")
    calls = changing_calls(project)
    shown = {
        each["ClusterIdentifier"]: read_arguments(each) for each in redshift.describe_clusters()["Clusters"]
    }
    preview = stack.preview()
    refreshed = stack.refresh()
    return Story(
        up=up,
        again=again,
        changed=changed,
        calls=calls,
        shown=shown,
        preview=preview,
        refreshed=refreshed,
        preview_after_refresh=stack.preview(),
        generations=control.state()["generations"],
        exported=stack.pulumi("stack", "export", "--stack", "staging").ok().output,
    )


def changing_calls(project: Project, *, effective: bool = False) -> dict[str, list[str]]:
    """What changed each cluster, by its name before: ``ModifyCluster NodeType,…``, in order of arrival.

    Only what took effect, where that is asked for.
    """
    found: dict[str, list[str]] = {}
    for call in sorted(project.control.calls(), key=lambda call: call.time):
        if call.service != "redshift" or call.operation.startswith("Describe"):
            continue
        if effective and not call.took_effect:
            continue
        name = str(
            call.parameters.get("ClusterIdentifier") or call.parameters["ResourceName"].rpartition(":")[2]
        )
        parameters = {key.split(".")[0] for key in call.parameters} - {"ClusterIdentifier", "ResourceName"}
        found.setdefault(name.removesuffix("-renamed"), []).append(
            f"{call.operation} {','.join(sorted(parameters))}"
        )
    return found


def test_all_come_up(story: Story) -> None:
    """Each is created, and a preview then finds nothing to do."""
    assert story.up.ok().steps == dict.fromkeys([*UPDATED, *REPLACED], "create")
    assert story.again.ok().steps == dict.fromkeys([*UPDATED, *REPLACED], "same")


@pytest.mark.parametrize("name", NAMES)
def test_an_update_is_made_by_the_needed_calls(story: Story, name: str) -> None:
    """The engine updates, by these calls and no other, and AWS shows what the program says."""
    case: Case = UPDATED[name]
    assert story.changed.ok().steps[name] == "update"
    assert story.calls[name] == list(case.calls)
    renamed = "cluster_identifier" in case.after
    assert unlike(case, story.shown[f"{name}-renamed" if renamed else name]) == {}


@pytest.mark.parametrize("name", REPLACED)
def test_a_replacement_follows_the_policy(story: Story, name: str) -> None:
    """The engine replaces: the old generation left its final snapshot by the policy, and another lives."""
    generations = [each for each in story.generations if name in each["identifiers"]]

    assert story.changed.steps[name] in {"replace", "create-replacement", "delete-replaced"}
    assert [each["deleted"] is not None for each in generations] == [True, False]
    assert [each["status"] for each in generations[0]["final_snapshots"]] == ["available"]
    assert story.calls[name][0].startswith("DeleteCluster FinalClusterSnapshotIdentifier,")


def test_nothing_is_left_to_do(story: Story) -> None:
    """The following preview is empty, and so is the one after a refresh."""
    same = dict.fromkeys([*UPDATED, *REPLACED], "same")
    assert story.preview.ok().steps == same
    assert story.refreshed.ok().code == 0
    assert story.preview_after_refresh.ok().steps == same


def test_no_password_is_in_clear(story: Story) -> None:
    """Not in the exported state, which keeps its secrets encrypted after update and refresh too."""
    assert [password for password in PASSWORDS if password in story.exported] == []
    assert '"4dabf18193072939515e22adb298388d"' in story.exported
