"""On the real engine: a state of a newer version, and a rename that was killed and taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.lifecycle.state import STATE_VERSION
from tests.e2e.harness import REGION, TYPE, Code, cluster, program

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-side-by-side")]

NEWER = f"this state was written by a newer redshift-teardown (state version {STATE_VERSION + 1};"
WINDOW = "sun:03:00-sun:04:00"
SAID = cluster("wh", preferred_maintenance_window=Code("config.require_secret('window')"))


def written_by_a_newer_version(stack: Stack) -> None:
    """Make the state one that a newer version wrote."""
    exported = stack.exported()
    for resource in exported["deployment"]["resources"]:
        if resource["type"] == TYPE:
            for of in ("inputs", "outputs"):
                resource[of]["state_version"] = STATE_VERSION + 1
    file = stack.project.folder / "newer.json"
    file.write_text(json.dumps(exported), "utf-8")
    stack.take_state(file)


def test_a_state_of_a_newer_version_is_refused_by_all(project: Project) -> None:
    """Preview, up, refresh, both at once, destroy and plan; `snapshots` reads no state and lists."""
    stack = project.stack("prod")
    project.program(program(cluster("wh")))
    stack.up().ok()
    written_by_a_newer_version(stack)
    before = stack.state()
    project.control.clear_calls()

    runs = [stack.preview(), stack.up(), stack.refresh(), stack.up("--refresh"), stack.destroy()]
    project.program(program(cluster("wh", enhanced_vpc_routing=True)))
    runs += [stack.preview(), stack.up()]

    for run in runs:
        assert run.failed().errors["wh"].startswith(NEWER)
        assert "nothing was touched" in run.output
    plan, listed = (
        project.command(*words) for words in (("plan", "--stack", "prod"), ("snapshots", "--region", REGION))
    )
    assert (plan.returncode, NEWER in plan.stdout) == (3, True)
    assert listed.returncode == 0, listed.stderr
    assert project.changing_calls() == []
    after = stack.state()
    for of in ("inputs", "outputs"):
        assert after["wh"][of] == before["wh"][of]
    assert project.clusters() == {"wh"}


def test_what_was_killed_and_taken_back_is_taken_back_in_aws(project: Project) -> None:
    """Renamed by an `up` that was killed, the commit reverted; and a secret said no more stays one. Without
    a refresh the engine warns of pending operations, and the new name stays.
    """
    stack = project.stack("prod")
    stack.secret("window", WINDOW)
    project.program(program(SAID))
    stack.up().ok()
    project.control.set_lifecycle(None, renaming=3600)
    project.program(program(cluster("wh", cluster_identifier="wh2")))
    running = project.start("up", "--yes", "--skip-preview", "--stack", "prod")
    running.wait_for("waiting for NewClusterIdentifier")
    running.find_provider()
    running.kill()
    running.end_by_force()
    stack.pulumi("cancel", "--yes", "--stack", "prod").ok()
    project.control.advance(7200)
    assert project.clusters() == {"wh2"}

    project.program(program(cluster("wh")))
    unrefreshed = stack.up()
    assert "cluster_identifier" not in unrefreshed.output
    assert "pending operations" in unrefreshed.output
    assert project.clusters() == {"wh2"}
    previewed = stack.preview("--refresh")
    fixed = stack.up("--refresh").ok()

    assert previewed.ok().steps["wh"] == fixed.steps["wh"] == "update"
    assert "~cluster_identifier" in previewed.output
    assert project.clusters() == {"wh"}
    assert stack.up("--expect-no-changes").ok().steps == {"wh": "same"}
    assert WINDOW not in json.dumps(stack.state())
    assert WINDOW in json.dumps(project.redshift().describe_clusters()["Clusters"], default=str)
