"""A policy edited between `up` and destroy: destroy can tighten it, only an `up` can loosen it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import TYPE, cluster, program
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Run, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-policy")]

POLICY = """\
version: 1
defaults:
  final_snapshot: {name: "{cluster}-final", retention_days: 35}
environments:
  production:
    stacks: [prod]
    accounts: ["111122223333"]
    skip: never
  team:
    stacks: ["team*"]
    skip:
      - when: {tags: {ephemeral: "true"}}
        because: "ephemeral"
"""
NEVER = "skip: never"
ALWAYS = '''skip:
      - when: {always: true}
        because: "nobody needs it"'''


def _line(project: Project, text: str) -> int:
    """The line of the policy file that holds a text."""
    lines = project.policy_file.read_text("utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if text in line]
    assert len(found) == 1, found
    return found[0]


# --- one protected stack, whose clusters are destroyed one after another, each after another edit ---


@pytest.fixture(scope="module")
def prod(shared_project: Project) -> Stack:
    """A protected stack, brought up under a policy that keeps snapshots for 35 days."""
    shared_project.policy(POLICY)
    shared_project.program(program(*(cluster(name) for name in ("loose", "tight", "broken", "gone", "rest"))))
    stack = shared_project.stack("prod")
    stack.up().ok()
    return stack


@pytest.fixture
def edited(shared_project: Project, prod: Stack) -> Project:
    """The project of that stack, with its policy as it was at `up`."""
    assert prod.name == "prod"
    shared_project.policy(POLICY)
    return shared_project


def _destroy(stack: Stack, name: str) -> Run:
    return stack.destroy("--target", f"urn:pulumi:{stack.name}::warehouse::{TYPE}::{name}")


def _kept(project: Project, name: str) -> int:
    """How many days the one final snapshot of a cluster that is gone is kept."""
    assert name not in project.clusters()
    snapshot = project.snapshot(name)
    assert (snapshot["Status"], snapshot["SnapshotIdentifier"]) == ("available", f"{name}-final")
    return snapshot["ManualSnapshotRetentionPeriod"]


def test_moved_lines_and_comments_are_no_diff(edited: Project, prod: Stack) -> None:
    """New comments and blank lines move every rule; the preview finds nothing to do."""
    moved = "# a comment\n\n" + POLICY.replace("    skip: never", "    # another\n\n    skip: never")
    edited.policy(moved)

    assert set(prod.preview().ok().steps.values()) == {"same"}


@of_the_long_ones
def test_a_looser_file_does_not_loosen(edited: Project, prod: Stack) -> None:
    """The file says skip and a shorter retention since `up`; what was recorded then still holds."""
    edited.edit_policy(NEVER, ALWAYS)
    edited.edit_policy("retention_days: 35", "retention_days: 1")

    _destroy(prod, "loose").ok()

    assert _kept(edited, "loose") == 35


def test_a_tighter_file_tightens(edited: Project, prod: Stack) -> None:
    """The file asks for a longer retention since `up`: it holds at once, without another `up`."""
    edited.edit_policy("retention_days: 35", "retention_days: 90")

    _destroy(prod, "tight").ok()

    assert _kept(edited, "tight") == 90


@of_the_long_ones
def test_a_broken_file_leaves_the_recorded_policy_in_force(edited: Project, prod: Stack) -> None:
    """A file that cannot be read is reported with its place, and the recorded policy decides."""
    edited.edit_policy(NEVER, "skip: nevr")

    destroyed = _destroy(prod, "broken").ok()

    assert _kept(edited, "broken") == 35
    warning = "\n".join(destroyed.said("warning"))
    assert "the policy recorded at the last `up` decides" in warning
    assert f"policy/deletion-policy.yaml:{_line(edited, 'nevr')}" in warning


@of_the_long_ones
def test_a_deleted_file_leaves_the_recorded_policy_in_force(edited: Project, prod: Stack) -> None:
    """Without any file the recorded policy decides, and the operator is told."""
    edited.policy_file.unlink()

    destroyed = _destroy(prod, "gone").ok()

    assert _kept(edited, "gone") == 35
    assert "there is no such file" in "\n".join(destroyed.said("warning"))


def test_a_broken_program_is_no_matter(edited: Project, prod: Stack) -> None:
    """Destroy needs no program: not its imports, not even its syntax. Last, so that it takes the stack."""
    edited.program("from redshift_teardown import NothingLikeThat\nthis is no Python\n")
    for file in ("network.py", "policy/__main__.py"):
        (edited.folder / file).unlink()

    destroyed = prod.destroy().ok()

    assert "rest" in destroyed.steps
    assert _kept(edited, "rest") == 35
    assert edited.clusters() == set()


# --- what other stacks show ---


@pytest.fixture
def fresh(shared_project: Project) -> Project:
    """The project, with the policy of this module and credentials of nobody special."""
    shared_project.policy(POLICY)
    shared_project.be("123456789012")
    return shared_project


def _rules(stack: Stack, name: str) -> tuple[str, str]:
    outputs: dict[str, Any] = stack.state()[name]["outputs"]
    return outputs["policy"]["environment"], outputs["on_destroy"]


def test_live_tags_tighten_and_do_not_loosen(fresh: Project) -> None:
    """A rule must hold by recorded and by live tags: a tag set, or taken, by hand keeps the data."""
    fresh.program(
        program(
            cluster("by-rule", tags={"ephemeral": "true"}),
            cluster("tag-set", tags={"ephemeral": "false"}),
            cluster("tag-taken", tags={"ephemeral": "true"}),
        )
    )
    stack = fresh.stack("team")
    stack.up().ok()
    fresh.control.set_cluster("tag-set", tags={"ephemeral": "true"})
    fresh.control.set_cluster("tag-taken", tags={})

    stack.destroy().ok()

    assert {name: len(fresh.snapshots(name)) for name in ("by-rule", "tag-set", "tag-taken")} == {
        "by-rule": 0,
        "tag-set": 1,
        "tag-taken": 1,
    }


def test_loosening_takes_an_up_and_nothing_else(fresh: Project) -> None:
    """`up` after the edit rewrites what is recorded and changes nothing of the cluster, whatever its status;
    its claim says that it is protected no more.

    Destroy then skips.
    """
    fresh.edit_policy(NEVER, NEVER.replace("never", "[]"))
    fresh.edit_policy("stacks: [prod]", "stacks: [loosened]")
    fresh.program(program(cluster("loosened")))
    stack = fresh.stack("loosened")
    stack.up().ok()
    before = _rules(stack, "loosened")
    fresh.edit_policy("skip: []", ALWAYS)
    fresh.control.set_cluster("loosened", status="modifying")
    fresh.control.clear_calls()

    changed = stack.up().ok()

    assert changed.steps == {"loosened": "update"}
    assert fresh.changing_calls() == ["CreateTags"]
    assert before[1].startswith("final snapshot, kept 35 days")
    assert _rules(stack, "loosened")[1].startswith("no final snapshot: nobody needs it")
    fresh.control.set_cluster("loosened", status="")
    stack.destroy().ok()
    assert (fresh.clusters(), fresh.snapshots("loosened")) == (set(), [])


@of_the_long_ones
def test_the_account_beats_the_stack_s_name(fresh: Project) -> None:
    """A stack whose name says `team`, in the account of production, is production."""
    fresh.be("111122223333")
    fresh.program(program(cluster("disguised", tags={"ephemeral": "true"})))
    stack = fresh.stack("team-disguised")

    stack.up().ok()

    assert _rules(stack, "disguised")[0] == "production"
    stack.destroy().ok()
    assert _kept(fresh, "disguised") == 35


@of_the_long_ones
def test_a_contradiction_is_refused_in_preview(fresh: Project) -> None:
    """Configuration that calls a production stack `team` is refused before anything is made.

    Both lines are named: that of the environment which claims the stack, and of the one asked for.
    """
    fresh.program(program(cluster("contradiction")))
    fresh.edit_policy("stacks: [prod]", "stacks: [contradiction]")
    stack = fresh.stack("contradiction", **{"redshift-teardown:environment": "team"})

    refused = stack.preview().failed()

    lines = {int(number) for number in re.findall(r"policy/deletion-policy\.yaml:(\d+)", refused.error)}
    assert lines == {_line(fresh, "  production:"), _line(fresh, "  team:")}
    assert refused.steps == {}


@of_the_long_ones
def test_an_environment_nobody_defined(fresh: Project) -> None:
    """Configuration that names an environment which does not exist is refused, with the nearest there is."""
    fresh.program(program(cluster("misnamed")))
    stack = fresh.stack("misnamed", **{"redshift-teardown:environment": "taem"})

    assert "did you mean" in stack.preview().failed().error


# --- what is said of the decision, while the account is not known and once it is ---


@of_the_long_ones
def test_what_nothing_claims_is_said_by_who_knows_the_account(project: Project) -> None:
    """A stack that its account claims is not called protected; one that none claims is, on its row, once."""
    claimed = f"""\
version: 1
environments:
  sandbox:
    accounts: ["{project.account}"]
    skip: [{{when: {{always: true}}, because: sandbox account}}]
"""
    project.program(program(cluster("wh")))
    stack = project.stack("foo")
    unclaimed = "so it is protected, with the defaults"

    project.policy(claimed)
    assert unclaimed not in stack.preview().ok().output
    project.policy(claimed.replace(project.account, "111122223333"))
    warned = [line for line in stack.preview().ok().said("warning") if unclaimed in line]
    assert len(warned) == 1
    project.policy(claimed)
    assert unclaimed not in stack.up().ok().output
    assert stack.state()["wh"]["outputs"]["on_destroy"].startswith("no final snapshot: sandbox account")
