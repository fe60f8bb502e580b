"""A generation that a resource of the program owns is deleted by no other resource of the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.update import update
from tests.parity.bench import changing, wire
from tests.parity.test_adopt import CLAIMED
from tests.parity.test_claims import born, lives, strip
from tests.teardown.stage import PROTECTED, SKIPPING, URN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench

NEW = URN.replace("::warehouse", "::lake")


def both(*operations: Callable[[], object]) -> Callable[[], None]:
    """Two operations of one process."""

    def run() -> None:
        for operation in operations:
            operation()

    return run


def test_a_renamed_resource_does_not_delete_its_cluster(stack: Bench) -> None:
    """Without an alias the engine creates the new name, then deletes the old one: the same cluster."""
    stack.apply()
    old = wire(stack.state)
    renamed = stack.checked(urn=NEW, adopt_existing=True)

    result = stack.run(both(lambda: create(renamed, stack.settings), lambda: delete(old, stack.settings)))

    assert result.said == ""
    assert f"was taken over by {NEW} of this same run" in "".join(result.warned)
    assert changing(result) == CLAIMED


def test_nor_where_its_claim_could_not_be_written(stack: Bench) -> None:
    """Nothing on the cluster says who owns it: the old name is refused, with the way to rename."""
    stack.apply()
    old = wire(stack.state)
    renamed = stack.checked(urn=NEW, adopt_existing=True)

    def adopts() -> None:
        create(renamed, stack.settings)
        strip(stack)

    result = stack.run(both(adopts, lambda: delete(old, stack.settings)))

    assert f"resource {NEW} of this same run owns it now" in result.said
    assert f'aliases=["{URN}"]' in result.said


def test_nor_does_a_later_run(stack: Bench) -> None:
    """The next `up` compares the new name and deletes the old one, in a process that remembers nothing."""
    stack.apply()
    old = wire(stack.state)
    renamed = stack.checked(urn=NEW, adopt_existing=True)
    new = wire(stack.run(lambda: create(renamed, stack.settings)[1]).value)

    def compared() -> None:
        diff(new, stack.checked(new, urn=NEW, adopt_existing=True), stack.settings)

    result = stack.run(both(compared, lambda: delete(old, stack.settings)))

    assert f"was taken over by {NEW} of this same run" in "".join(result.warned)
    assert changing(result) == []


def test_an_alias_moves_ownership(stack: Bench) -> None:
    """With an alias the engine updates; a replacement under the new name deletes under the recorded one."""
    stack.apply()
    olds = wire(stack.state)
    inputs = stack.checked(olds, urn=NEW)

    def renamed() -> dict[str, Any]:
        assert diff(olds, inputs, stack.settings).any
        return update(olds, inputs, stack.settings)

    moved = stack.run(renamed)
    assert (moved.said, changing(moved), moved.value["urn"]) == ("", [], NEW)

    def replaced() -> None:
        diff(olds, inputs, stack.settings)
        delete(olds, stack.settings)

    assert stack.run(replaced).said == ""


def test_a_destroy_of_both_names_is_a_destroy(stack: Bench) -> None:
    """Where the program owns neither any more, one delete takes the cluster, the other finds the proof."""
    stack.apply()
    old = wire(stack.state)
    renamed = stack.checked(urn=NEW, adopt_existing=True)
    new = wire(stack.run(lambda: create(renamed, stack.settings)[1]).value)

    result = stack.run(both(lambda: delete(old, stack.settings), lambda: delete(new, stack.settings)))

    assert result.said == ""
    assert len(stack.proofs()) == 1


@pytest.mark.parametrize("rules", [PROTECTED, SKIPPING], ids=["protected", "may skip"])
@pytest.mark.parametrize("program", [{}, {"restore_final_snapshot": True}], ids=["says nothing", "restores"])
def test_what_is_to_be_adopted_is_not_deleted_before(
    stack: Bench, rules: str, program: dict[str, Any]
) -> None:
    """`--continue-on-error`: a neighbour failed that the new name depends on, so its create was never called,
    and the engine deletes the old name all the same.
    """
    stack.write_policy(stack.rules(rules))
    old = born(stack)

    def up() -> None:
        stack.checked(urn=NEW, adopt_existing=True, **program)
        delete(old, stack.settings)

    result = stack.run(up)

    assert f"{NEW} is to adopt it in this same run, and has not yet" in result.said
    assert "fix the other errors of this run and run `pulumi up` again" in result.said
    assert changing(result) == []
    assert lives(stack)


def test_and_the_next_up_ends_the_renaming(stack: Bench) -> None:
    """As the refusal says: the neighbour came up, the new name adopts, the old one lets go."""
    old = born(stack)
    stack.run(both(lambda: stack.checked(urn=NEW, adopt_existing=True), lambda: delete(old, stack.settings)))

    renamed = stack.checked(urn=NEW, adopt_existing=True)
    result = stack.run(both(lambda: create(renamed, stack.settings), lambda: delete(old, stack.settings)))

    assert (result.said, changing(result)) == ("", CLAIMED)


def test_a_resource_whose_stack_was_renamed_is_no_other_one(stack: Bench) -> None:
    """`stack rename`, then `up --replace` with adopt_existing, which asks no diff: it replaces, as told."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))
    old = born(stack)

    def up() -> Any:
        urn = URN.replace(":live:", ":live-2:")
        inputs = stack.checked(urn=urn, adopt_existing=True, restore_final_snapshot=True)
        delete(old, stack.settings)
        return create(inputs, stack.settings)[1]

    assert stack.run(up).said == ""
    assert stack.control.marker("warehouse") == "precious"
