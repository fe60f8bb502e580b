"""The rules around a delete, where the engine is the point: interrupted, refreshed, configured otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.conftest import SPEED
from tests.e2e.harness import REGION, alive, cluster, kill, program, until
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.harness import Project, Running, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("around-engine")]

POLICY = """\
version: 1
defaults:
  final_snapshot: {retention_days: 35}
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: %s
"""
TIGHT = POLICY % "never"
LOOSE = POLICY % "[{when: {always: true}, because: nobody needs it}]"
FULL_LIFE = 4 * SPEED
OTHER_REGION = "us-east-1"
RESTORES = program(cluster("warehouse", restore_final_snapshot=True))


@pytest.fixture
def runs() -> Iterator[list[Running]]:
    """Runs that a test has started; whatever process of them is left at the end is ended."""
    started: list[Running] = []
    yield started
    for running in started:
        running.end_by_force()


def up(project: Project, policy: str = TIGHT, text: str = "") -> Stack:
    """A stack with one cluster that is up; destroys take some seconds from then on."""
    project.policy(policy)
    project.program(text or program(cluster("warehouse")))
    stack = project.stack("prod")
    stack.up().ok()
    project.control.set_lifecycle(final_snapshot=FULL_LIFE, deleting=SPEED)
    project.control.clear_calls()
    return stack


def resizing(project: Project) -> None:
    """Somebody resizes the cluster, for as long as the test wants."""
    project.control.set_lifecycle("warehouse", resizing=10**9)
    project.redshift().resize_cluster(ClusterIdentifier="warehouse", NodeType="ra3.xlplus", NumberOfNodes=4)
    project.control.clear_calls()


def resized(project: Project) -> None:
    """The resize ends."""
    project.control.advance(10**9 / SPEED)


def destroying(stack: Stack, runs: list[Running]) -> tuple[Running, int]:
    """Start to destroy it; gives the run and its provider's process."""
    running = stack.start_destroy()
    runs.append(running)
    return running, running.find_provider()


def kill_all(running: Running, provider: int) -> None:
    """Kill engine and provider, as a machine that goes down does."""
    kill(provider)
    os.killpg(running.process.pid, signal.SIGKILL)
    running.end()


def interrupted_destroy(project: Project, stack: Stack, runs: list[Running]) -> None:
    """A destroy that died when AWS had accepted it; AWS has finished meanwhile, and nothing is tagged."""
    running, provider = destroying(stack, runs)
    until(lambda: any(call.took_effect for call in project.control.calls("DeleteCluster")))
    kill_all(running, provider)
    project.run("cancel", "--yes", "--stack", stack.name)
    project.control.advance(3600)
    assert project.clusters() == set()
    project.control.clear_calls()


def tags(project: Project) -> dict[str, str]:
    """The tags of the one final snapshot."""
    return {tag["Key"]: tag["Value"] for tag in project.snapshot("warehouse")["Tags"]}


# --- interrupted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hung_up",
    [
        pytest.param(signal.SIGHUP, id="SIGHUP"),
        pytest.param(signal.SIGKILL, id="SIGKILL", marks=of_the_long_ones),
    ],
)
def test_an_orphan_does_not_delete_what_was_protected_since(
    project: Project, runs: list[Running], hung_up: signal.Signals
) -> None:
    """A destroy without a snapshot waits; its engine ends; the operator cancels, tightens and runs `up`. When
    the cluster is free at last nobody deletes it, and the orphan has ended.
    """
    stack = up(project, LOOSE)
    resizing(project)
    running, provider = destroying(stack, runs)
    running.wait_for("resizing")

    os.kill(running.process.pid, hung_up)
    running.end()
    project.run("cancel", "--yes", "--stack", stack.name)
    project.policy(TIGHT)
    stack.up().ok()
    assert "final snapshot" in stack.state()["warehouse"]["outputs"]["on_destroy"]
    resized(project)
    time.sleep(4)

    # The `up` wrote that it is protected; the orphan did nothing.
    assert project.changing_calls() == ["CreateTags"]
    assert project.clusters() == {"warehouse"}
    until(lambda: not alive(provider), 10)
    stack.destroy().ok()
    assert "redshift-teardown:generation" in tags(project)


def test_one_ctrl_c_while_a_busy_cluster_is_waited_for(project: Project, runs: list[Running]) -> None:
    """The destroy ends at once and says so in words, AWS was asked for nothing, and the next one works."""
    stack = up(project)
    resizing(project)
    running, _ = destroying(stack, runs)
    running.wait_for("resizing")

    running.interrupt()

    ended = running.end(30)
    assert ended.code != 0
    assert project.changing_calls() == []
    assert "next: " in ended.output
    project.keep_promises(ended.output)
    resized(project)
    stack.destroy().ok()
    assert project.snapshot("warehouse")["Status"] == "available"


@of_the_long_ones
def test_one_ctrl_c_after_the_deletion_was_accepted(project: Project, runs: list[Running]) -> None:
    """It is waited for and finished: snapshot, tags, receipt, and the resource is out of the state."""
    stack = up(project)
    running, _ = destroying(stack, runs)
    until(lambda: any(call.took_effect for call in project.control.calls("DeleteCluster")))

    running.interrupt()

    ended = running.end()
    project.keep_promises(ended.output)
    assert "final snapshot" in ended.output
    assert project.snapshot("warehouse")["Status"] == "available"
    assert "redshift-teardown:generation" in tags(project)
    assert [receipt["state"] for receipt in project.receipts()] == ["done"]
    assert stack.state() == {}


# --- refreshed -----------------------------------------------------------------------------------


def failed_and_gone(project: Project, stack: Stack, runs: list[Running]) -> None:
    """A destroy died, its final snapshot failed, and the cluster went with all its data."""
    project.control.fail_next_snapshot("warehouse", "cluster-gone")
    interrupted_destroy(project, stack, runs)


def test_refresh_always_is_no_way_out(project: Project, runs: list[Running]) -> None:
    """With `options: {refresh: always}` in Pulumi.yaml a lost cluster stays in the state: destroy fails."""
    stack = up(project)
    settings = project.folder / "Pulumi.yaml"
    written = yaml.safe_load(settings.read_text("utf-8"))
    settings.write_text(
        yaml.safe_dump({**written, "options": {**written.get("options", {}), "refresh": "always"}}), "utf-8"
    )
    failed_and_gone(project, stack, runs)

    refused = stack.destroy().failed()

    assert "is gone" in refused.errors["warehouse"]
    assert set(stack.state()) == {"warehouse"}
    assert project.changing_calls() == []


@of_the_long_ones
def test_destroy_with_refresh_is_no_way_out(project: Project, runs: list[Running]) -> None:
    """So it is with `destroy --refresh`, and with a refresh of its own before."""
    stack = up(project)
    failed_and_gone(project, stack, runs)

    assert "is gone" in stack.destroy("--refresh").failed().errors["warehouse"]
    refreshed = stack.refresh().ok()
    assert "gone" in " ".join(refreshed.said("warning"))
    assert stack.state()["warehouse"]["outputs"]["gone"]
    assert "is gone" in stack.destroy().failed().errors["warehouse"]
    assert "gone" in stack.up().failed().errors["warehouse"]
    assert project.changing_calls() == []


def test_destroy_after_interruption_and_refresh(project: Project, runs: list[Running]) -> None:
    """As Pulumi advises after an interruption: the snapshot gets its tags, and `up` restores it."""
    stack = up(project, text=RESTORES)
    project.control.set_marker("warehouse", "everything we have")
    interrupted_destroy(project, stack, runs)

    refreshed = stack.refresh().ok()
    assert refreshed.steps == {"warehouse": "refresh"}
    assert project.changing_calls() == []
    assert stack.state()["warehouse"]["outputs"]["gone"]

    stack.destroy().ok()
    assert "redshift-teardown:generation" in tags(project)
    assert stack.up().ok().steps == {"warehouse": "create"}
    assert project.control.marker("warehouse") == "everything we have"


@of_the_long_ones
def test_up_after_interruption_and_refresh(project: Project, runs: list[Running]) -> None:
    """`up` finishes the old cluster and restores it in one go, from that very snapshot."""
    stack = up(project, text=RESTORES)
    project.control.set_marker("warehouse", "everything we have")
    interrupted_destroy(project, stack, runs)
    stack.refresh().ok()

    again = stack.up().ok()

    assert "warehouse" in again.steps
    assert project.control.marker("warehouse") == "everything we have"
    assert "redshift-teardown:generation" in tags(project)
    assert stack.preview().ok().steps == {"warehouse": "same"}


@of_the_long_ones
def test_preview_with_refresh_changes_nothing(project: Project, runs: list[Running]) -> None:
    """`preview --refresh` calls read as well: no changing call, and the state is as it was."""
    stack = up(project, text=RESTORES)
    interrupted_destroy(project, stack, runs)
    before = stack.state()

    stack.preview("--refresh").ok()

    assert project.changing_calls() == []
    assert stack.state() == before
    assert tags(project) == {}


@of_the_long_ones
def test_a_dev_cluster_that_somebody_deleted(project: Project) -> None:
    """Nothing was due: refresh drops it, and `up` makes it anew."""
    stack = up(project, LOOSE)
    project.control.remove_cluster("warehouse")

    stack.refresh().ok()
    assert stack.state() == {}

    assert stack.up().ok().steps == {"warehouse": "create"}
    assert project.clusters() == {"warehouse"}


# --- configured otherwise ------------------------------------------------------------------------


def planned(project: Project, stack: Stack) -> subprocess.CompletedProcess[str]:
    """Run `plan` on the stack."""
    environment: dict[str, Any] = project.environment
    return subprocess.run(
        [sys.executable, "-m", "redshift_teardown.cli", "plan", "--stack", stack.name],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@of_the_long_ones
def test_plan_and_destroy_agree_after_an_up_that_failed(project: Project) -> None:
    """Pulumi keeps the configuration of an `up` that failed over it: plan says so before, and the first cure
    that is named works.
    """
    stack = up(project)
    stack.configure({"aws:region": OTHER_REGION})
    stack.up().failed()

    plan = planned(project, stack)
    refused = stack.destroy().failed().errors["warehouse"]
    assert plan.returncode != 0, plan.stdout
    assert "blocked" in plan.stdout
    assert refused.splitlines()[0] in plan.stdout.replace("\n", " ") or "refused to delete" in plan.stdout
    assert project.changing_calls() == []

    first = refused.partition("next: ")[2].partition(";")[0]
    assert f"pulumi config set aws:region {REGION}" in first, refused
    assert "--run-program" in first, refused
    stack.pulumi("config", "set", "aws:region", REGION, "--stack", stack.name).ok()
    stack.destroy("--run-program").ok()
    assert project.snapshot("warehouse")["Status"] == "available"


# --- what the engine is not asked to destroy ------------------------------------------------------


def forget(stack: Stack) -> None:
    """Take the cluster out of the state."""
    urn = stack.state()["warehouse"]["urn"]
    stack.pulumi("state", "delete", urn, "--yes", "--stack", stack.name).ok()


def remove(stack: Stack) -> None:
    """Remove the stack, with whatever it holds."""
    stack.pulumi("stack", "rm", stack.name, "--yes", "--force").ok()


@of_the_long_ones
@pytest.mark.parametrize("way", [forget, remove])
def test_what_the_stack_forgets_runs_on(project: Project, way: Callable[[Stack], None]) -> None:
    """As the documentation says of what it cannot stop: the engine calls no delete."""
    stack = up(project)

    way(stack)

    assert project.changing_calls() == []
    assert project.clusters() == {"warehouse"}


@of_the_long_ones
def test_a_targeted_destroy_takes_only_what_is_named(project: Project) -> None:
    """With `--target` of one cluster, or `--exclude` of the other, the other one is not touched."""
    stack = up(project, text=program(*(cluster(name) for name in ("one", "other", "third"))))
    urns = {name: resource["urn"] for name, resource in stack.state().items()}

    stack.destroy("--target", urns["one"]).ok()
    assert project.clusters() == {"other", "third"}
    stack.destroy("--exclude", urns["other"]).ok()

    assert project.clusters() == {"other"}
    assert list(stack.state()) == ["other"]
    assert project.snapshot("one")["Status"] == project.snapshot("third")["Status"] == "available"
