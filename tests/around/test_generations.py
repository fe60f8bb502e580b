"""What is changed or recorded is the generation that was meant: a swap at any moment ends the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.around.world import SHORT, busy, changes, seen, stranger, swap
from tests.parity.bench import did
from tests.teardown.stage import CLUSTER, Interruption

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

PROGRAM: dict[str, Any] = {"tags": {"team": "data"}, "port": 5440}
CHANGED: dict[str, Any] = {
    **PROGRAM,
    "tags": {"team": "sales"},
    "port": 5441,
    "number_of_nodes": 4,
    "master_password": "Another-One-2",
}
RENAMED: dict[str, Any] = {**PROGRAM, "cluster_identifier": "lake"}


def refused_in_words(result: Result) -> bool:
    """Whether it was refused, and says that another cluster is there now, or that it is gone."""
    return result.how == "refused" and ("generation" in result.said or "gone" in result.said)


def let_live(stack: Bench, identifier: str, as_it_was: dict[str, Any]) -> None:
    """A stranger's cluster is as it was, and a destroy of this stack does not touch it either."""
    assert seen(stack, identifier) == as_it_was
    if stack.state is not None:
        ended = stack.destroy()
        assert ended.how == "refused"
        assert "DeleteCluster" not in changes(ended)
        assert seen(stack, identifier) == as_it_was


# --- renamed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_stranger_under_the_new_name_is_not_taken_for_the_renamed_one(stack: Bench, number: int) -> None:
    """A rename waits for the busy cluster; that is deleted meanwhile, and a stranger's gets the new name."""
    stack.apply(**PROGRAM)
    recorded = stack.state
    busy(stack)
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(number, "wait", lambda: strangers.append(swap(stack, comes="lake"))), **RENAMED
    )

    assert refused_in_words(result), result.said
    assert changes(result) == ["CreateCluster"]
    assert stack.state == recorded
    let_live(stack, "lake", strangers[0])


def test_a_stranger_under_the_new_name_while_aws_renames(stack: Bench) -> None:
    """AWS has taken the rename; before it is done the cluster is gone and a stranger's is called so."""
    stack.apply(**PROGRAM)
    recorded = stack.state
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(2, "wait", lambda: strangers.append(swap(stack, comes="lake"))), **RENAMED
    )

    assert refused_in_words(result), result.said
    assert stack.state == recorded
    let_live(stack, "lake", strangers[0])


def test_a_stranger_under_the_old_name_while_ours_is_renamed(stack: Bench) -> None:
    """The old name is free as soon as the rename is done, and somebody takes it: `up` follows its own."""
    stack.apply(**PROGRAM)
    stack.control.set_lifecycle(CLUSTER, renaming=5)
    strangers: list[dict[str, Any]] = []

    def reused() -> None:
        stack.time.advance(5)
        strangers.append(stranger(stack))

    result = stack.apply(Interruption(1, "after", reused, "ModifyCluster"), **RENAMED)

    assert result.how == "done", result.said
    assert stack.preview(**RENAMED) == "same"
    assert seen(stack, CLUSTER) == strangers[0]
    assert stack.destroy().how == "done"
    assert seen(stack, CLUSTER) == strangers[0]


# --- at every moment of an update ----------------------------------------------------------------


def at_every_wait(
    stack: Bench, prepare: Callable[[], object], command: Callable[[Interruption], Result]
) -> int:
    """Swap the cluster at every wait of a command in turn, and hold each to the rule; gives how many."""
    number = 0
    while True:
        number += 1
        stack.reset()
        stack.control.set_lifecycle(None, **SHORT)
        prepare()
        recorded = stack.state
        strangers: list[dict[str, Any]] = []
        result = command(Interruption(number, "wait", lambda: strangers.append(swap(stack))))  # noqa: B023 - run at once
        if not strangers:
            return number - 1
        assert refused_in_words(result), (number, result.said)
        assert stack.state == recorded, number
        let_live(stack, CLUSTER, strangers[0])


def test_a_swap_at_any_wait_of_an_update(stack: Bench) -> None:
    """An update of four steps: whenever another generation takes the name, it is neither changed nor
    recorded.
    """
    waits = at_every_wait(stack, lambda: stack.apply(**PROGRAM), lambda at: stack.apply(at, **CHANGED))
    assert waits > 3


def test_a_swap_while_an_update_waits_for_a_busy_cluster(stack: Bench) -> None:
    """So it is before the first step."""

    def prepare() -> None:
        stack.apply(**PROGRAM)
        busy(stack, 60)

    assert at_every_wait(stack, prepare, lambda at: stack.apply(at, **CHANGED)) > 5


@pytest.mark.parametrize("operation", ["ModifyCluster", "CreateTags"])
def test_a_swap_right_after_a_step(stack: Bench, operation: str) -> None:
    """AWS has taken a step, and before the next poll the cluster is another one."""
    stack.apply(**PROGRAM)
    recorded = stack.state
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(1, "after", lambda: strangers.append(swap(stack)), operation), **CHANGED
    )

    assert refused_in_words(result), result.said
    assert stack.state == recorded
    let_live(stack, CLUSTER, strangers[0])


def test_a_restore_under_the_name_in_the_middle_of_an_update(stack: Bench) -> None:
    """Somebody deletes the cluster and restores it from a snapshot under its name: another generation too."""
    stack.apply(**PROGRAM)
    stack.outsider.create_cluster_snapshot(SnapshotIdentifier="earlier", ClusterIdentifier=CLUSTER)
    stack.time.advance(3600)
    recorded = stack.state
    restored: list[dict[str, Any]] = []

    def restore() -> None:
        stack.control.remove_cluster(CLUSTER)
        stack.control.set_lifecycle(CLUSTER, restoring=0)
        stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier="earlier")
        restored.append(seen(stack, CLUSTER))

    result = stack.apply(Interruption(2, "wait", restore), **CHANGED)

    assert refused_in_words(result), result.said
    assert stack.state == recorded
    let_live(stack, CLUSTER, restored[0])


# --- created, restored, adopted ------------------------------------------------------------------


def test_a_swap_at_any_wait_of_a_create(stack: Bench) -> None:
    """Another generation takes the name while create waits: it is not adopted, and not in the state."""
    waits = at_every_wait(stack, lambda: None, lambda at: stack.apply(at, **PROGRAM))
    assert waits > 0


def test_a_swap_at_any_wait_of_a_restore(stack: Bench) -> None:
    """So it is while a cluster is restored, and while the password of its program is set after it."""

    def prepare() -> None:
        stack.apply(**PROGRAM)
        stack.destroy()

    program = {**PROGRAM, "restore_final_snapshot": True, "master_password": "Another-One-2"}
    assert at_every_wait(stack, prepare, lambda at: stack.apply(at, **program)) > 1


def test_a_swap_right_after_create_was_accepted(stack: Bench) -> None:
    """The first poll after CreateCluster shows a cluster without our creating tag: it is not ours."""
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(1, "after", lambda: strangers.append(swap(stack)), "CreateCluster"), **PROGRAM
    )

    assert (result.how, stack.state) == ("refused", None)
    assert seen(stack, CLUSTER) == strangers[0]


def test_a_swap_right_after_restore_was_accepted(stack: Bench) -> None:
    """So it is after RestoreFromClusterSnapshot: the stranger's gets no creating tag from us."""
    stack.apply(**PROGRAM)
    stack.destroy()
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(1, "after", lambda: strangers.append(swap(stack)), "RestoreFromClusterSnapshot"),
        **PROGRAM,
        restore_final_snapshot=True,
    )

    assert (result.how, stack.state) == ("refused", None)
    assert seen(stack, CLUSTER) == strangers[0]


def test_a_swap_while_a_cluster_to_adopt_is_being_created(stack: Bench) -> None:
    """adopt_existing meant the cluster that was there when it began, and records no other."""
    stack.created_by_hand(ClusterType="multi-node")
    strangers: list[dict[str, Any]] = []

    result = stack.apply(
        Interruption(2, "wait", lambda: strangers.append(swap(stack))), **PROGRAM, adopt_existing=True
    )

    assert (refused_in_words(result), stack.state) == (True, None), result.said
    assert seen(stack, CLUSTER) == strangers[0]


# --- no mismatch ---------------------------------------------------------------------------------


def test_a_create_time_that_aws_shows_late_is_no_other_generation(stack: Bench) -> None:
    """While a cluster is created AWS shows no ClusterCreateTime; a resize gives it another one: the same."""
    stack.control.set_behaviour(keeps_create_time=False)
    created = stack.apply(**PROGRAM)
    assert created.how == "done", created.said

    resized = stack.apply(**CHANGED)

    assert (resized.how, did(resized)) == ("done", "update"), resized.said
    assert stack.preview(**CHANGED) == "same"
    assert stack.destroy().how == "done"
    assert len(stack.proofs()) == 1
