"""On the real engine: what was destroyed or replaced comes back with its data, or nothing is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import NEW_PASSWORD, PLAIN_PASSWORD, TYPE, cluster, program
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from tests.e2e.harness import Project, Run, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-restore")]

POLICY = """\
version: 1
defaults:
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
  development:
    stacks: [dev]
    skip: [{when: {always: true}, because: nobody needs it}]
"""
RESTORE: dict[str, Any] = {"restore_final_snapshot": True, "master_password": PLAIN_PASSWORD}
MOVED: dict[str, Any] = {**RESTORE, "cluster_subnet_group_name": "elsewhere"}


def prepare(project: Project, name: str) -> Stack:
    """A stack in an AWS that has another subnet group."""
    redshift = project.redshift()
    [default] = redshift.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
    redshift.create_cluster_subnet_group(
        ClusterSubnetGroupName="elsewhere",
        Description="x",
        SubnetIds=[each["SubnetIdentifier"] for each in default["Subnets"]],
    )
    project.policy(POLICY)
    return project.stack(name)


@dataclass(frozen=True)
class Story:
    """What became of the stack, in the order it happened."""

    first: Run
    destroyed: Run
    snapshot: str
    restored: Run
    marker: str
    again: Run
    previewed: Run
    moved: Run
    marker_after_move: str
    group: str
    nothing: Run
    refused: Run
    refused_up: Run
    calls_when_refused: list[str]
    last_marker: str
    forced: Run
    calls_when_forced: list[str]
    unsaid: Run
    calls_when_unsaid: list[str]
    deleted_first: Run
    emptied: str
    kept: list[str]


@pytest.fixture(scope="module")
def story(shared_project: Project) -> Story:
    """Live through it."""
    project = shared_project
    stack = prepare(project, "prod")
    control = project.control
    project.program(program(cluster("warehouse", **RESTORE)))
    first = stack.up()
    control.set_marker("warehouse", "everything we have")
    destroyed, snapshot = stack.destroy(), project.snapshot("warehouse")["SnapshotIdentifier"]
    restored, marker, again = stack.up(), control.marker("warehouse"), stack.preview()
    control.set_marker("warehouse", "and more")
    project.program(program(cluster("warehouse", **MOVED)))
    previewed, moved = stack.preview(), stack.up()
    after = project.redshift().describe_clusters(ClusterIdentifier="warehouse")["Clusters"][0]
    marker_after_move, nothing = control.marker("warehouse"), stack.preview()
    control.clear_calls()
    project.program(program(cluster("warehouse", master_password=NEW_PASSWORD)))
    stack.up().ok()
    control.clear_calls()
    project.program(
        program(cluster("warehouse", master_password=NEW_PASSWORD, cluster_subnet_group_name="default"))
    )
    refused, refused_up = stack.preview(), stack.up()
    calls_when_refused, last_marker = project.changing_calls(), control.marker("warehouse")
    project.program(program(cluster("warehouse", master_password=NEW_PASSWORD)))
    replace = ("--replace", f"urn:pulumi:prod::warehouse::{TYPE}::warehouse")
    forced, calls_when_forced = stack.up(*replace), project.changing_calls()
    in_turn = "opts=pulumi.ResourceOptions(delete_before_replace=True),\n)"
    project.program(program(cluster("warehouse", master_password=NEW_PASSWORD)[:-2] + in_turn))
    unsaid, calls_when_unsaid = stack.up(*replace), project.changing_calls()
    begin_anew = cluster("warehouse", master_password=NEW_PASSWORD, restore_final_snapshot=False)
    project.program(program(begin_anew[:-2] + in_turn))
    deleted_first = stack.up(*replace)
    return Story(
        first=first,
        destroyed=destroyed,
        snapshot=snapshot,
        restored=restored,
        marker=marker,
        again=again,
        previewed=previewed,
        moved=moved,
        marker_after_move=marker_after_move,
        group=after["ClusterSubnetGroupName"],
        nothing=nothing,
        refused=refused,
        refused_up=refused_up,
        calls_when_refused=calls_when_refused,
        last_marker=last_marker,
        forced=forced,
        calls_when_forced=calls_when_forced,
        unsaid=unsaid,
        calls_when_unsaid=calls_when_unsaid,
        deleted_first=deleted_first,
        emptied=control.marker("warehouse"),
        kept=[name for name, each in control.state()["snapshots"].items() if each["marker"] == "and more"],
    )


def test_the_first_up_begins_empty_and_says_so(story: Story) -> None:
    """There is no final snapshot yet."""
    assert "no final snapshot of warehouse is there: warehouse is created empty" in story.first.ok().output


def test_up_after_destroy_has_the_data(story: Story) -> None:
    """The marker is back, the output says from which snapshot and how old, and nothing is left to do."""
    assert story.destroyed.ok().steps == {"warehouse": "delete"}
    assert story.restored.ok().steps == {"warehouse": "create"}
    assert story.marker == "everything we have"
    assert f"warehouse is restored from final snapshot {story.snapshot}, " in story.restored.output
    assert " old" in story.restored.output
    assert story.again.ok().steps == {"warehouse": "same"}


def test_a_replacement_has_the_data(story: Story) -> None:
    """Preview says what will happen; `up` deletes with a final snapshot and restores that very one."""
    warned = " ".join(story.previewed.ok().said("warning"))
    assert "a change of cluster_subnet_group_name replaces warehouse" in warned
    assert "the new one is restored from that very snapshot" in warned
    assert story.moved.ok().code == 0
    assert story.marker_after_move == "and more"
    assert story.group == "elsewhere"
    assert story.nothing.ok().steps == {"warehouse": "same"}


def test_an_unrestored_replacement_of_production_is_refused(story: Story) -> None:
    """In preview and in `up`, before anything is called; the cluster and its data are as they were."""
    for run in (story.refused, story.refused_up):
        assert run.failed().code != 0
        assert "and the new cluster would be empty" in run.output
        assert "restore_final_snapshot=True" in run.output
    assert story.calls_when_refused == []
    assert story.last_marker == "and more"


def test_a_forced_replacement_is_refused_unless_the_old_one_goes_first(story: Story) -> None:
    """`--replace` asks no provider and creates first: nothing is touched, and the way is told."""
    assert "opts=pulumi.ResourceOptions(delete_before_replace=True)" in story.forced.failed().error
    assert story.calls_when_forced == []


def test_a_forced_replacement_of_production_is_told_what_becomes_of_the_data(story: Story) -> None:
    """Even with the old one first: a program that does not say it is refused before anything is touched."""
    assert "restore_final_snapshot=False" in story.unsaid.failed().output
    assert story.calls_when_unsaid == []


def test_a_forced_replacement_says_where_the_data_is(story: Story) -> None:
    """Where the old one goes first its final snapshot is taken, and the warning names it."""
    story.deleted_first.ok()
    [warning] = [line for line in story.deleted_first.said("warning") if "was deleted in this run" in line]
    assert story.emptied == ""
    assert [name for name in story.kept if f"set snapshot_identifier={name!r} and run `pulumi up`" in warning]


@of_the_long_ones
def test_a_replacement_that_the_policy_would_leave_without_a_snapshot_is_refused(project: Project) -> None:
    """In development the policy skips: a program that wants the data restored is told before the delete."""
    stack = prepare(project, "dev")
    project.program(program(cluster("warehouse", **RESTORE)))
    stack.up().ok()
    project.control.set_marker("warehouse", "kept")
    project.control.clear_calls()
    project.program(program(cluster("warehouse", **MOVED)))

    refused = stack.up().failed()

    assert "there would be none: no final snapshot: nobody needs it" in refused.output
    assert project.changing_calls() == []
    assert project.control.marker("warehouse") == "kept"
    # Without that wish, preview shows the replacement for what it is, and `up` makes it.
    project.program(
        program(cluster("warehouse", **{**MOVED, "restore_final_snapshot": False}, skip_final_snapshot=True))
    )
    shown = " ".join(stack.preview().ok().said("warning"))
    assert "and the new one begins empty" in shown
    assert stack.up().ok().code == 0
    assert project.control.marker("warehouse") == ""
