"""`kill -9` during create, restore and a change of several steps: the next `up` converges."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.parameters import read_arguments
from tests.e2e.harness import NEW_PASSWORD, PLAIN_PASSWORD, cluster, kill, of_the_long_ones, program, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.harness import Project, Running, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("e2e-parity-interruption")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
"""
SPEED = 600
FIRST: dict[str, Any] = {"master_password": PLAIN_PASSWORD, "tags": {"team": "data"}}
CHANGED: dict[str, Any] = {
    "master_password": NEW_PASSWORD,
    "tags": {"team": "sales"},
    "port": 5440,
    "number_of_nodes": 4,
}
VICTIMS = ("engine", "provider", "both")


@pytest.fixture
def stack(project: Project) -> Iterator[Stack]:
    """A protected stack, not yet up, whose creates and changes take some seconds."""
    project.policy(POLICY)
    project.control.set_lifecycle(None, creating=4 * SPEED, restoring=4 * SPEED, resizing=4 * SPEED)
    stack = project.stack("prod")
    yield stack
    for running in started:
        running.end_by_force()
        project.keep_promises(running.output)
    started.clear()


started: list[Running] = []


def killed_up(stack: Stack, victim: str, reached: Callable[[], bool]) -> int:
    """Start ``up``, wait for a moment, kill; gives the provider's process."""
    running = stack.project.start("up", "--yes", "--skip-preview", "--stack", stack.name)
    started.append(running)
    provider = running.find_provider()
    until(reached)
    if victim in {"engine", "both"}:
        os.killpg(running.process.pid, signal.SIGKILL)
    if victim in {"provider", "both"}:
        kill(provider)
    assert running.end().code != 0
    return provider


def status(project: Project) -> str:
    """The cluster's status; empty where there is none."""
    found = project.control.state()["clusters"].get("warehouse")
    return str(found["shown_status"]) if found else ""


def go_on(stack: Stack) -> None:
    """Do what an operator does next; a killed engine leaves a lock behind."""
    stack.project.run("cancel", "--yes", "--stack", stack.name)
    stack.up().ok()


def shown(project: Project) -> dict[str, Any]:
    """What AWS shows of the cluster."""
    [found] = project.redshift().describe_clusters()["Clusters"]
    return read_arguments(found)


@pytest.mark.parametrize(
    "victim", [pytest.param(each, marks=() if each == "both" else of_the_long_ones) for each in VICTIMS]
)
def test_killed_while_it_is_created(project: Project, stack: Stack, victim: str) -> None:
    """One cluster was ever created; the next `up` takes its creating tag away, and nothing is left to do."""
    project.program(program(cluster("warehouse", **FIRST)))
    killed_up(stack, victim, lambda: status(project) == "creating")
    assert stack.state() == {}

    go_on(stack)

    assert len(project.control.state()["generations"]) == 1
    assert shown(project)["tags"] == {"team": "data"}
    assert stack.preview().ok().steps == {"warehouse": "same"}


@of_the_long_ones
def test_the_orphaned_provider_leaves_the_cluster_to_the_next_up(project: Project, stack: Stack) -> None:
    """A provider whose engine was killed waits on, and does not finish: nobody would record it."""
    project.program(program(cluster("warehouse", **FIRST)))
    killed_up(stack, "engine", lambda: status(project) == "creating")
    until(lambda: status(project) == "available")
    # It looks every other second: by now it has seen the cluster, and would have taken the tag away.
    time.sleep(4)
    assert "redshift-teardown:creating" in shown(project)["tags"]

    go_on(stack)

    assert len(project.control.state()["generations"]) == 1
    assert shown(project)["tags"] == {"team": "data"}


@of_the_long_ones
@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_while_it_is_restored(project: Project, stack: Stack, victim: str) -> None:
    """The marker is back, and no second cluster was restored."""
    project.program(program(cluster("warehouse", **FIRST, restore_final_snapshot=True)))
    stack.up().ok()
    project.control.set_marker("warehouse", "everything we have")
    stack.destroy().ok()
    killed_up(stack, victim, lambda: status(project) == "creating")

    go_on(stack)

    assert len(project.control.state()["generations"]) == 2
    assert project.control.marker("warehouse") == "everything we have"
    assert stack.preview().ok().steps == {"warehouse": "same"}


@pytest.mark.parametrize(
    "victim", [pytest.param(each, marks=() if each == "engine" else of_the_long_ones) for each in VICTIMS]
)
def test_killed_between_two_steps_of_a_change(project: Project, stack: Stack, victim: str) -> None:
    """The port is changed and the resize under way: the next `up` does the rest, and nothing twice."""
    project.program(program(cluster("warehouse", **FIRST)))
    stack.up().ok()
    project.control.clear_calls()
    project.program(program(cluster("warehouse", **CHANGED)))
    killed_up(stack, victim, lambda: status(project) == "resizing")

    go_on(stack)

    found = shown(project)
    assert (found["port"], found["number_of_nodes"], found["tags"]) == (5440, 4, {"team": "sales"})
    resizes = [
        call
        for call in project.control.calls("ModifyCluster")
        if call.took_effect and "NumberOfNodes" in call.parameters
    ]
    assert len(resizes) == 1
    assert stack.preview().ok().steps == {"warehouse": "same"}


@of_the_long_ones
def test_a_create_that_fails_leaves_nothing_in_the_state(project: Project, stack: Stack) -> None:
    """The error names the cluster it left; the next `up` goes on with it."""
    project.program(program(cluster("warehouse", **FIRST)))
    project.control.set_lifecycle(None, creating=0)
    project.control.add_fault("DeleteTags", code="AccessDenied", message="Not you.")

    failed = stack.up().failed()

    assert "AccessDenied: Not you." in failed.output
    assert "cluster warehouse exists in" in failed.output
    assert stack.state() == {}
    assert stack.up().ok().steps == {"warehouse": "create"}
    assert len(project.control.state()["generations"]) == 1
