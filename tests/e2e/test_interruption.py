"""Destroys that are killed or interrupted: the next one ends well, with one snapshot, whoever still runs."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import alive, cluster, kill, program, until
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redshift_teardown.emulator import Control
    from tests.e2e.harness import Project, Running, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

POLICY = """\
version: 1
defaults:
  final_snapshot: {retention_days: 35}
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
"""
SPEED = 600
DELAY = 3.0
"""Real seconds that a call takes in whose middle somebody is killed."""


@dataclass(frozen=True)
class Moment:
    """A point of a destroy.

    Attributes:
        status: The cluster's status that it is reached at; or empty, and then
        operation: the call that is under way,
        when: ``before`` or ``after`` it takes effect.
    """

    status: str = ""
    operation: str = ""
    when: str = "before"

    def arrange(self, control: Control) -> None:
        """Make the moment long enough to be met."""
        if self.operation:
            control.add_fault(self.operation, kind="delay", seconds=DELAY, when=self.when)

    def reached(self, control: Control) -> bool:
        """Return whether the destroy is there."""
        if self.operation:
            return any(fault["struck"] for fault in control.faults())
        shown = control.state()["clusters"].get("warehouse")
        return bool(shown) and shown["shown_status"] == self.status


MOMENTS = {
    "looking": Moment(operation="DescribeClusters"),
    "asking for the deletion": Moment(operation="DeleteCluster"),
    "waiting for the answer": Moment(operation="DeleteCluster", when="after"),
    "the snapshot is taken": Moment(status="final-snapshot"),
    "the cluster is deleted": Moment(status="deleting"),
    "tagging the snapshot": Moment(operation="CreateTags"),
}
VICTIMS = ("provider", "engine", "both")
SLICE = {
    ("provider", "the snapshot is taken"),
    ("engine", "waiting for the answer"),
    ("both", "tagging the snapshot"),
}


@dataclass
class Scene:
    """A protected stack that is up, whose destroy takes some seconds."""

    project: Project
    stack: Stack
    started: list[Running] = field(default_factory=list)

    def destroy(self) -> Running:
        """Start to destroy it."""
        running = self.stack.start_destroy()
        self.started.append(running)
        return running

    def destroy_again(self) -> None:
        """Do what an operator does next; a killed engine leaves a lock behind."""
        self.project.run("cancel", "--yes", "--stack", self.stack.name)
        self.stack.destroy().ok()

    def assert_nothing_lost(self) -> None:
        """The cluster is gone, and there is one snapshot, complete; one DeleteCluster took effect."""
        snapshot = self.project.snapshot("warehouse")
        tags = {tag["Key"]: tag["Value"] for tag in snapshot["Tags"]}
        assert self.project.clusters() == set()
        assert snapshot["Status"] == "available"
        assert snapshot["ManualSnapshotRetentionPeriod"] == 35
        assert tags["redshift-teardown:cluster"] == "warehouse"
        effective = [call for call in self.project.control.calls("DeleteCluster") if call.took_effect]
        assert len(effective) == 1

    def receipts(self) -> list[dict[str, Any]]:
        """What the teardowns wrote down; the last ended well, with the one snapshot, by name."""
        receipts = self.project.receipts()
        done = [receipt for receipt in receipts if receipt["state"] == "done"]
        name = self.project.snapshot("warehouse")["SnapshotIdentifier"]
        assert done
        assert {receipt["snapshot"]["identifier"] for receipt in done} == {name}
        assert {receipt["outcome"] for receipt in receipts} == {"snapshot"}
        return receipts


@pytest.fixture
def scene(project: Project) -> Iterator[Scene]:
    """The stack; whatever process of it is left at the end is ended."""
    project.policy(POLICY)
    project.program(program(cluster("warehouse")))
    stack = project.stack("prod")
    stack.up().ok()
    project.control.set_lifecycle(final_snapshot=4 * SPEED, deleting=3 * SPEED)
    project.control.clear_calls()
    scene = Scene(project, stack)
    yield scene
    for running in scene.started:
        running.end_by_force()
        project.keep_promises(running.output)


@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        pytest.param(
            victim,
            moment,
            id=f"{victim}: {moment}",
            marks=() if (victim, moment) in SLICE else of_the_long_ones,
        )
        for moment in MOMENTS
        for victim in VICTIMS
    ],
)
def test_killed(scene: Scene, victim: str, moment: str) -> None:
    """`kill -9` of provider, engine or both at some moment; then destroying again ends with one snapshot."""
    MOMENTS[moment].arrange(scene.project.control)
    running = scene.destroy()
    provider = running.find_provider()
    until(lambda: MOMENTS[moment].reached(scene.project.control))

    if victim in {"engine", "both"}:
        os.killpg(running.process.pid, signal.SIGKILL)
    if victim in {"provider", "both"}:
        kill(provider)
    assert running.end().code != 0
    until(lambda: alive(provider) == (victim == "engine"))
    scene.destroy_again()

    scene.assert_nothing_lost()
    receipts = scene.receipts()
    if MOMENTS[moment].status:
        # It was written down before AWS was asked, so the killed one tells what it was about.
        assert len(receipts) == 2
        assert receipts[0]["names"] == receipts[-1].get("names", receipts[0]["names"])


@of_the_long_ones
def test_the_old_provider_ends_soon_and_the_next_destroy_finishes(scene: Scene) -> None:
    """A provider that outlives its engine changes nothing more, says why, and ends; what it began is finished
    by the next destroy.
    """
    running = scene.destroy()
    provider = running.find_provider()
    until(lambda: MOMENTS["the snapshot is taken"].reached(scene.project.control))
    os.killpg(running.process.pid, signal.SIGKILL)
    running.end()

    scene.destroy_again()

    scene.assert_nothing_lost()
    until(lambda: not alive(provider))
    ended, finished = scene.receipts()
    assert (ended["state"], finished["state"]) == ("refused", "done")
    assert ended["error"] == "the Pulumi engine that asked for this is gone"
    assert [each["operation"] for each in ended["attempts"]] == ["DeleteCluster"]


@of_the_long_ones
def test_ctrl_c_once_waits(scene: Scene) -> None:
    """The first Ctrl-C lets the deletion end, and the output has said that interrupting is safe."""
    running = scene.destroy()
    running.find_provider()
    running.wait_for("interrupting is safe: AWS goes on with what it has begun")

    running.interrupt()

    ended = running.end()
    assert "^C received" in ended.output
    scene.assert_nothing_lost()
    scene.destroy_again()
    scene.assert_nothing_lost()


def test_ctrl_c_twice_ends_at_once(scene: Scene) -> None:
    """The second Ctrl-C ends the engine while AWS goes on; destroying again resumes there."""
    scene.project.control.set_lifecycle(final_snapshot=60 * SPEED)
    running = scene.destroy()
    running.find_provider()
    running.wait_for("interrupting is safe: AWS goes on with what it has begun")

    running.interrupt()
    running.wait_for("^C received")
    time.sleep(0.5)
    running.interrupt()

    assert running.end(20).code != 0
    assert scene.project.clusters() == {"warehouse"}
    scene.project.control.advance(58 * SPEED)
    scene.destroy_again()
    scene.assert_nothing_lost()
    scene.receipts()
