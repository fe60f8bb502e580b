"""On the real engine: where a destroy does not come to a cluster, `plan` has said so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import SPEED
from tests.e2e.harness import Code, cluster, kill, program, until

if TYPE_CHECKING:
    from tests.e2e.harness import Project

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-plan")]

POLICY = """\
version: 1
defaults: {wait: {poll_seconds: 1}}
environments: {production: {stacks: [prod], skip: never}}
"""
COMPONENT = """
class App(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("my:app:App", name, None, opts)
"""


def planned(project: Project, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `plan` of the stack, through the Pulumi CLI."""
    return subprocess.run(
        [sys.executable, "-m", "redshift_teardown.cli", "plan", "--stack", "prod", *options],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("where", "options", "code", "goes"),
    [
        ("depends_on=[w]", [], 3, False),
        ("parent=w", ["--skip-preview"], 3, False),
        ("depends_on=[w]", ["--exclude-protected"], 3, False),
        ("", [], 3, False),
        ("", ["--exclude-protected"], 0, True),
    ],
    ids=["dependent", "child", "dependent excluded", "beside", "beside excluded"],
)
def test_protected_resources_on_the_real_engine(
    project: Project, where: str, options: list[str], code: int, *, goes: bool
) -> None:
    """`plan` exits 3 where destroy does not come to the cluster, and 0 where it does."""
    project.policy(POLICY)
    options_of = f"protect=True, {where}"
    project.program(
        program("w = " + cluster("warehouse"))
        + f"{COMPONENT}\nApp('app', opts=pulumi.ResourceOptions({options_of}))\n"
    )
    stack = project.stack("prod")
    stack.up().ok()

    plan = planned(project, *(option for option in options if option == "--exclude-protected"))
    project.run("destroy", "--yes", "--stack", "prod", *options)

    assert plan.returncode == code, plan.stdout + plan.stderr
    assert ("warehouse" not in project.clusters()) is goes
    assert (code == 0) is goes


def test_a_pending_replacement_on_the_real_engine(project: Project) -> None:
    """Killed while it restores: `plan` names the cluster that destroy leaves running, and so it ends."""
    project.policy(POLICY)
    first = Code("pulumi.ResourceOptions(delete_before_replace=True)")
    project.program(program(cluster("warehouse", opts=first, restore_final_snapshot=True)))
    stack = project.stack("prod")
    stack.up().ok()
    urn = stack.state()["warehouse"]["urn"]
    project.control.set_marker("warehouse", "the data")
    project.control.set_lifecycle(restoring=4 * SPEED)
    project.control.add_fault("RestoreFromClusterSnapshot", kind="delay", seconds=5, when="after")
    running = project.start("up", "--yes", "--skip-preview", "--stack", "prod", "--replace", urn)
    try:
        provider = running.find_provider()
        until(lambda: any(fault["struck"] for fault in project.control.faults()))
        time.sleep(0.3)
        os.killpg(running.process.pid, signal.SIGKILL)
        kill(provider)
        running.end()
    finally:
        running.end_by_force()
    project.control.clear_faults()
    project.run("cancel", "--yes", "--stack", "prod").ok()
    until(lambda: project.control.state()["clusters"]["warehouse"]["shown_status"] == "available")

    plan = planned(project)
    stack.destroy().ok()

    assert plan.returncode == 3, plan.stdout + plan.stderr
    assert "cluster warehouse (available" in plan.stdout
    assert "runs on, with its data" in plan.stdout
    assert "note: cluster warehouse in eu-central-1 (available) is an unfinished create of" in plan.stdout
    assert "let go" not in plan.stdout
    assert project.control.marker("warehouse") == "the data"
