"""The life of a stack on the real engine: up, nothing to do, changed, drifted, destroyed, and all again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import (
    NEW_PASSWORD,
    PLAIN_PASSWORD,
    SECRET_PASSWORD,
    Code,
    cluster,
    program,
)

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Run, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-life")]

POLICY = """\
version: 1
defaults:
  final_snapshot:
    name: "{project}-{stack}-{cluster}-final"
    retention_days: 35
environments:
  production:
    stacks: [prod]
    skip: never
"""

FIRST = program(
    cluster("plain", master_password=PLAIN_PASSWORD),
    cluster("secret", master_password=Code("config.require_secret('password')")),
    cluster("static", final_snapshot_identifier="Kept-By-Name"),
)
CHANGED = program(
    cluster("plain", master_password=NEW_PASSWORD, number_of_nodes=3, tags={"team": "data"}),
    cluster("secret", master_password=Code("config.require_secret('password')"), port=5440),
    cluster("static", final_snapshot_identifier="kept-by-name", node_type="ra3.4xlarge"),
)
SHOWN = {
    "plain": ("ra3.xlplus", 3, 5439),
    "secret": ("ra3.xlplus", 2, 5440),
    "static": ("ra3.4xlarge", 2, 5439),
}
SAME = dict.fromkeys(SHOWN, "same")


@dataclass(frozen=True)
class Story:
    """What became of the stack, in the order it happened."""

    up: Run
    state: dict[str, dict[str, Any]]
    nothing: Run
    previewed: Run
    changed: Run
    shown: dict[str, tuple[str, int, int]]
    still_nothing: Run
    drifted: Run
    refreshed: dict[str, Any]
    undone: Run
    healed: Run
    healed_shown: dict[str, tuple[str, int, int]]
    destroyed: Run
    names: dict[str, list[str]]
    second: Run
    second_destroyed: Run
    second_names: dict[str, list[str]]


def _shown(project: Project) -> dict[str, tuple[str, int, int]]:
    return {
        found["ClusterIdentifier"]: (found["NodeType"], found["NumberOfNodes"], found["Endpoint"]["Port"])
        for found in project.redshift().describe_clusters()["Clusters"]
    }


def _names(project: Project) -> dict[str, list[str]]:
    found = {name: project.snapshots(name) for name in SHOWN}
    assert all(each["Status"] == "available" for snapshots in found.values() for each in snapshots)
    return {name: [each["SnapshotIdentifier"] for each in snapshots] for name, snapshots in found.items()}


@pytest.fixture(scope="module")
def stack(shared_project: Project) -> Stack:
    """The stack, not yet up, with one of its passwords in the configuration."""
    shared_project.policy(POLICY)
    stack = shared_project.stack("prod")
    stack.secret("password", SECRET_PASSWORD)
    return stack


@pytest.fixture(scope="module")
def story(shared_project: Project, stack: Stack) -> Story:
    """Live through it; every run and every file it leaves is searched for passwords and tracebacks."""
    project = shared_project
    project.program(FIRST)
    up, state, nothing, previewed = stack.up(), stack.state(), stack.up(), stack.preview()
    project.program(CHANGED)
    changed, shown, still_nothing = stack.up(), _shown(project), stack.preview()
    project.control.set_cluster(
        "plain", settings={"NumberOfNodes": 5}, tags={"team": "hackers", "by": "hand"}
    )
    drifted, refreshed = stack.refresh(), stack.state()["plain"]["outputs"]
    undone, healed, healed_shown = stack.preview(), stack.up(), _shown(project)
    destroyed, names = stack.destroy(), _names(project)
    second, second_destroyed = stack.up(), stack.destroy()
    return Story(
        up=up,
        state=state,
        nothing=nothing,
        previewed=previewed,
        changed=changed,
        shown=shown,
        still_nothing=still_nothing,
        drifted=drifted,
        refreshed=refreshed,
        undone=undone,
        healed=healed,
        healed_shown=healed_shown,
        destroyed=destroyed,
        names=names,
        second=second,
        second_destroyed=second_destroyed,
        second_names=_names(project),
    )


def test_nothing_changed_is_no_diff(story: Story) -> None:
    """After `up`, a second `up` and a preview find nothing to do, whatever form the password has."""
    assert story.up.ok().steps == dict.fromkeys(SHOWN, "create")
    assert story.nothing.ok().steps == SAME
    assert story.previewed.ok().steps == SAME


def test_changes_are_made_in_place(story: Story) -> None:
    """Nodes, type, port, tags and password change on the living clusters; then nothing is left to do."""
    assert story.changed.ok().steps == dict.fromkeys(SHOWN, "update")
    assert story.shown == SHOWN
    assert story.still_nothing.ok().steps == SAME


def test_drift_is_seen_and_healed(story: Story) -> None:
    """`refresh` records what was changed by hand, a preview shows it undone, and `up` undoes it."""
    assert story.drifted.ok().steps["plain"] in {"refresh", "update"}
    assert story.refreshed["number_of_nodes"] == 5
    assert story.refreshed["tags_all"] == {"team": "hackers", "by": "hand"}
    assert story.undone.ok().steps == {**SAME, "plain": "update"}
    assert story.healed.ok().steps == {**SAME, "plain": "update"}
    assert story.healed_shown == SHOWN


def test_destroy_names_each_snapshot(story: Story) -> None:
    """Each cluster leaves exactly one snapshot: of the template, or of the name it asked for."""
    assert story.destroyed.ok().steps == dict.fromkeys(SHOWN, "delete")
    assert story.names == {
        "plain": ["warehouse-prod-plain-final"],
        "secret": ["warehouse-prod-secret-final"],
        "static": ["kept-by-name"],
    }


def test_the_same_stack_again_finds_free_names(story: Story) -> None:
    """A second life and destroy collide with no name of the first, static or without a timestamp."""
    assert story.second.ok().steps == dict.fromkeys(SHOWN, "create")
    assert story.second_destroyed.ok().steps == dict.fromkeys(SHOWN, "delete")
    assert story.second_names == {name: [first[0], f"{first[0]}-2"] for name, first in story.names.items()}


def test_passwords_are_secrets_in_the_state(story: Story) -> None:
    """A password is in the state, encrypted, and nowhere in clear: each run of the story was searched."""
    for name in ("plain", "secret"):
        for props in (story.state[name]["inputs"], story.state[name]["outputs"]):
            assert set(props["master_password"]) == {"4dabf18193072939515e22adb298388d", "ciphertext"}
