"""`kill -9` during create, restore and a change of several steps: the next `up` converges."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import read_arguments
from tests.e2e.harness import PLAIN_PASSWORD, cluster, kill, program, until
from tests.e2e.test_parity_updates import REGION, changing_calls, resource
from tests.long import ALL, of_the_long_ones
from tests.parity.test_interrupted import BOTS_TAG, OF_SEVERAL_CALLS, OUTSIDE, assert_only_that_changed
from tests.parity.test_update import modify
from tests.teardown.stage import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redshift_teardown.emulator import Control
    from tests.e2e.harness import Project, Run, Running, Stack
    from tests.parity.test_update import Case

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
VICTIMS = ("engine", "provider", "both")


@pytest.fixture
def stack(project: Project) -> Stack:
    """A protected stack, not yet up, whose creates and changes take some seconds."""
    project.policy(POLICY)
    project.control.set_lifecycle(None, creating=4 * SPEED, restoring=4 * SPEED, resizing=4 * SPEED)
    return project.stack("prod")


@pytest.fixture(autouse=True)
def nothing_runs_on(project: Project) -> Iterator[None]:
    """Ends what a test has started and killed, which kept its promises till then."""
    yield
    for running in started:
        running.end_by_force()
        project.keep_promises(running.output)
    started.clear()


started: list[Running] = []


def killed_up(stack: Stack, victim: str, reached: Callable[[], bool], seconds: float = 30) -> int:
    """Start ``up``, wait for a moment, kill; gives the provider's process."""
    running = stack.project.start("up", "--yes", "--skip-preview", "--parallel", "64", "--stack", stack.name)
    started.append(running)
    provider = running.find_provider()
    until(reached, seconds)
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


HELD = 55.0 if ALL else 15.0
"""Real seconds that an answer is held back; the provider itself gives up after 60."""


@dataclass(frozen=True)
class Gap:
    """A moment of an update of several calls.

    Attributes:
        case: The update.
        number: Which of its calls, from 1.
        when: ``before`` it reached AWS, or ``after`` it took effect and before the answer was there.

    """

    case: Case
    number: int
    when: str

    @property
    def name(self) -> str:
        """The cluster that is changed so; a name of its own."""
        return f"c{OF_SEVERAL_CALLS.index(self.case)}-{self.number}-{self.when}"

    @property
    def renamed(self) -> str:
        """What that cluster is called in the end."""
        return f"{self.name}-renamed" if "cluster_identifier" in self.case.after else self.name

    def resource(self, *, after: bool) -> str:
        """The cluster in the program, before the change or after it."""
        return resource(self.name, self.case.after if after else self.case.before)

    def arrange(self, control: Control) -> None:
        """Let the update come so far, and no further."""
        *earlier, call = self.case.calls[: self.number]
        renames = [number for number, each in enumerate(earlier) if "NewClusterIdentifier" in each]
        operation = call.split()[0]
        alike = [each for each in earlier[renames[0] + 1 if renames else 0 :] if each.split()[0] == operation]
        held = (
            {"kind": "drop", "times": None} if self.when == "before" else {"kind": "delay", "seconds": HELD}
        )
        control.add_fault(
            operation,
            cluster_identifier=self.renamed if renames else self.name,
            occurrence=len(alike) + 1,
            when=self.when,
            **held,
        )


GAPS = [
    Gap(case, number, when)
    for case in OF_SEVERAL_CALLS
    for number in range(1, len(case.calls) + 1)
    # Before the first call there is nothing to go on with.
    for when in (("before", "after") if number > 1 else ("after",))
]
SLICE = [
    gap
    for gap in GAPS
    if (gap.case.name, gap.number, gap.when) in {("five kinds", 3, "before"), ("tags", 1, "after")}
]


def named(run: Run) -> dict[str, set[str]]:
    """The inputs that preview names of each cluster."""
    steps = [event["resourcePreEvent"]["metadata"] for event in run.events if "resourcePreEvent" in event]
    return {
        str(step["urn"]).rpartition("::")[2]: set(step.get("diffs") or [])
        | set(step.get("detailedDiff") or {})
        for step in steps
        if step["op"] == "update"
    }


def disturb(project: Project, control: Control, name: str) -> None:
    """Change a cluster behind everybody's back, in what no program says anything about."""
    control.set_cluster(name, settings=OUTSIDE)
    project.redshift(REGION).create_tags(
        ResourceName=f"arn:aws:redshift:{REGION}:{project.account}:cluster:{name}", Tags=[BOTS_TAG]
    )


@pytest.mark.parametrize(
    "victim", [pytest.param(each, marks=() if each == "engine" else of_the_long_ones) for each in VICTIMS]
)
@pytest.mark.timeout(900)
def test_killed_between_the_calls_of_an_update(project: Project, victim: str) -> None:
    """Each cluster's update is at another point: the next preview names the same, `up` does the rest and
    nothing twice, and what nobody named stays.
    """
    gaps = GAPS if ALL else SLICE
    project.be(ACCOUNT)
    control = project.emulator.control.at(project.account, REGION)
    project.policy(POLICY)
    stack = project.stack("prod", **{"aws:region": REGION})
    project.program(program(*(gap.resource(after=False) for gap in gaps)))
    stack.up("--parallel", "64").ok()
    for gap in gaps:
        disturb(project, control, gap.name)
    project.program(program(*(gap.resource(after=True) for gap in gaps)))
    previewed = stack.preview().ok()
    assert previewed.steps == {gap.name: "update" for gap in gaps}
    control.clear_calls()
    for gap in gaps:
        gap.arrange(control)

    killed_up(stack, victim, lambda: all(fault["struck"] for fault in control.faults()), HELD - 5)
    control.clear_faults()
    project.run("cancel", "--yes", "--stack", stack.name)
    assert named(stack.preview().ok()) == named(previewed)
    stack.up("--parallel", "64").ok()

    shown = {
        str(each["ClusterIdentifier"]): each
        for each in project.redshift(REGION).describe_clusters()["Clusters"]
    }
    assert set(shown) == {gap.renamed for gap in gaps}
    assert len(control.state()["generations"]) == len(gaps)
    for gap in gaps:
        assert_only_that_changed(gap.case, shown[gap.renamed])
    assert stack.preview().ok().steps == {gap.name: "same" for gap in gaps}
    # A call whose answer is held back is in the log when that is over.
    answers = sum(gap.when == "after" for gap in gaps)
    until(lambda: sum(call.fault.startswith("delay") for call in control.calls()) == answers, HELD)
    made = changing_calls(project, effective=True)
    for gap in gaps:
        assert once(made[gap.name]) == list(gap.case.calls), gap


def once(calls: list[str]) -> list[str]:
    """The calls without a second one for the password: AWS shows none, so it is sent again."""
    again = modify("MasterUserPassword")
    return [
        call
        for number, call in enumerate(calls)
        if call != again or not any("MasterUserPassword" in each for each in calls[:number])
    ]


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
