"""A resource that is renamed and replaced in one step keeps its data: whatever it is called, it is one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.engine.place import Place
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.update import update
from tests.parity.bench import Invalid, changing, wire
from tests.parity.test_age import kept
from tests.parity.test_replacement import EMPTY, MOVED, RESTORE, half_done, marker, production
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from redshift_teardown.settings import Settings
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

USER: dict[str, Any] = {"master_username": "awsuser"}
LAKE: dict[str, Any] = {"cluster_identifier": "lake"}
BY_ALIAS = URN.replace("::warehouse", "::lake")
BY_STACK = URN.replace(":live:", ":live-2:")
BOTH = pytest.mark.parametrize("urn", [BY_ALIAS, BY_STACK], ids=["alias", "stack renamed"])


def at(stack: Bench, urn: str) -> Settings:
    """The configuration of a request that the engine makes about a resource by this URN."""
    return replace(stack.settings, place=Place.of(urn))


def renamed(
    stack: Bench, urn: str, *, diffed: bool = True, told: bool = True, first: str = "delete", **program: Any
) -> Result:
    """Run an `up` that replaces a resource which has another URN than before.

    A renaming of the stack rewrites the URN in the state, by which the engine deletes; an alias does not.

    Args:
        stack: The bench.
        urn: The URN of now.
        diffed: Whether a diff finds the replacement; else somebody asked for it.
        told: Whether check is given the old inputs: `--replace` and a taint give none.
        first: What is created or deleted first.
        program: What is said now.

    """
    assert stack.state is not None
    old, inputs = wire(stack.state), wire(stack.inputs)
    in_state = URN if urn == BY_ALIAS else urn
    program = {**LAKE, "urn": urn, **program}

    def up() -> Any:
        fresh = stack.checked(inputs if told else {}, **program)
        if diffed:
            assert diff(old, fresh, at(stack, urn)).replaces
            fresh = stack.checked(**program)
        if first == "delete":
            delete(old, at(stack, in_state))
            stack.state = None
            return create(fresh, at(stack, urn))[1]
        made = create(fresh, at(stack, urn))[1]
        delete(old, at(stack, in_state))
        return made

    result = stack.run(up)
    if result.how == "done":
        stack.state = result.value
    return result


def also_live_2(stack: Bench) -> None:
    """Have the protected environment claim the renamed stack, too."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))


def by_somebody(stack: Bench, name: str, **parameters: Any) -> None:
    """A cluster that nobody's program has."""
    stack.created_by_hand(name, MasterUsername="a", MasterUserPassword="Aa345678", **parameters)
    stack.time.advance(3600)


@BOTH
def test_its_data_goes_with_it(groups: Bench, urn: str) -> None:
    """Another subnet group, another URN and an identifier that follows the name: one `up`, no fault."""
    also_live_2(groups)
    production(groups)

    done = renamed(groups, urn, **MOVED, **RESTORE)

    assert done.said == ""
    assert groups.control.marker("lake") == "production"
    [warning] = [line for line in done.warned if "replaces" in line]
    assert "the new one is restored from that very snapshot" in warning


@BOTH
def test_so_it_does_when_a_refresh_found_it_gone(stack: Bench, urn: str) -> None:
    """A destroy was killed, a refresh marks the cluster as gone, and then the resource is renamed."""
    also_live_2(stack)
    production(stack)
    assert stack.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(3600)
    assert stack.refresh().said == ""

    done = renamed(stack, urn, **RESTORE)

    assert (done.said, stack.control.marker("lake")) == ("", "production")


@pytest.mark.parametrize(
    ("urn", "told"), [(BY_ALIAS, True), (BY_STACK, True), (BY_STACK, False)], ids=["alias", "stack", "bare"]
)
def test_forced_it_takes_a_word(stack: Bench, urn: str, *, told: bool) -> None:
    """A trigger hands the old inputs over, `--replace` does not: judged before anything is touched."""
    also_live_2(stack)
    production(stack)

    refused = renamed(stack, urn, diffed=False, told=told)

    assert "and the new cluster would be empty" in refused.said
    assert changing(refused) == []
    done = renamed(stack, urn, diffed=False, told=told, **RESTORE)
    assert (done.said, stack.control.marker("lake")) == ("", "production")


@BOTH
@pytest.mark.parametrize("program", [{}, RESTORE], ids=["empty", "restored"])
def test_forced_no_second_one_is_created_first(stack: Bench, urn: str, program: dict[str, Any]) -> None:
    """Without delete_before_replace: the living cluster carries a claim of what it was called before."""
    also_live_2(stack)
    production(stack)

    refused = renamed(stack, urn, diffed=False, first="create", **program)

    assert "carries the claim of this very resource" in refused.said
    assert changing(refused) == []


@BOTH
def test_where_no_claim_tells_the_old_one_is_not_deleted(stack: Bench, urn: str) -> None:
    """The new one is there, by whatever name: the delete of the old one is refused."""
    also_live_2(stack)
    production(stack)
    arn = f"arn:aws:redshift:us-east-1:111122223333:cluster:{CLUSTER}"
    stack.outsider.delete_tags(ResourceName=arn, TagKeys=["redshift-teardown:claim"])

    refused = renamed(stack, urn, diffed=False, first="create")

    assert "lake was created in its place before it was deleted" in refused.said
    assert marker(stack) == "production"


# --- by an alias together with --replace: nothing tells that the two are one ------------------------


@pytest.mark.parametrize("program", [{}, RESTORE], ids=["nothing said", "to be restored"])
def test_what_was_deleted_under_a_name_that_nobody_knows_is_in_doubt(
    stack: Bench, program: dict[str, Any]
) -> None:
    """The engine deletes before a create what is no half of a known one: refused, and so is the next `up`."""
    production(stack, **USER)

    refused = renamed(stack, BY_ALIAS, diffed=False, told=False, **USER, **program)

    [left] = kept(stack)
    assert "was deleted in this run" in refused.said
    assert f"snapshot_identifier='{left}'" in refused.said
    assert "restore_final_snapshot=False" in refused.said
    assert "CreateCluster" not in str(changing(refused))
    again = stack.refused_from_preview_on(**LAKE, **USER, urn=BY_ALIAS, **program)
    assert f"snapshot_identifier='{left}'" in again
    done = stack.apply(**LAKE, **USER, urn=BY_ALIAS, snapshot_identifier=left)
    assert (done.said, stack.control.marker("lake")) == ("", "production")


def test_a_word_is_enough_there(stack: Bench) -> None:
    """`restore_final_snapshot=False`, written out."""
    production(stack)

    assert renamed(stack, BY_ALIAS, diffed=False, told=False, **EMPTY).said == ""


def test_where_data_may_go_it_is_told(stack: Bench) -> None:
    """By rules that may skip, a create that asks for nothing goes on."""
    stack.write_policy(stack.rules(SKIPPING))
    production(stack)

    assert renamed(stack, BY_ALIAS, diffed=False, told=False).said == ""


# --- a half that no state tells of -----------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("program", [{}, RESTORE], ids=["nothing said", "to be restored"])
@pytest.mark.parametrize("receipts", ["there", "lost"])
def test_an_unfinished_half_is_in_doubt_under_any_name(
    stack: Bench, urn: str, receipts: str, program: dict[str, Any]
) -> None:
    """The restore failed, then the resource or the stack is renamed, and its identifier with it."""
    also_live_2(stack)
    half_done(stack)
    if receipts == "lost":
        stack.drop_receipts()
    [left] = kept(stack)

    refused = stack.refused_from_preview_on(**LAKE, **USER, urn=urn, **program)

    assert f"snapshot_identifier='{left}'" in refused
    assert "restore_final_snapshot=False" in refused
    done = stack.apply(**LAKE, **USER, urn=urn, snapshot_identifier=left)
    assert (done.said, stack.control.marker("lake")) == ("", "production")


def test_a_finished_one_is_none(stack: Bench) -> None:
    """Its cluster is there again: a second resource of the stack begins as it likes."""
    half_done(stack)
    assert stack.apply(**USER, **RESTORE).said == ""

    second = stack.run(lambda: create(stack.checked(**LAKE, urn=BY_ALIAS, **RESTORE), stack.settings))

    assert second.said == ""
    assert stack.control.marker("lake") == ""


def test_nor_is_one_whose_resource_is_in_the_program(stack: Bench) -> None:
    """It is that one's to finish, which this same `up` does."""
    half_done(stack)

    def up() -> None:
        stack.checked(**USER, **RESTORE)
        create(stack.checked(**LAKE, urn=BY_ALIAS, **RESTORE), stack.settings)

    assert stack.run(up).said == ""


def test_of_two_halves_each_resource_finds_its_own(stack: Bench) -> None:
    """Both restores failed: neither is in doubt because of the other."""
    half_done(stack)
    production_of_lake = {**LAKE, **USER, "urn": BY_ALIAS}
    stack.state = None

    def other() -> Any:
        stack.checked(**USER, **RESTORE)
        return create(stack.checked(**production_of_lake, **RESTORE), stack.settings)[1]

    made = stack.run(other)
    assert made.said == ""
    stack.control.set_marker("lake", "of the lake")
    old = wire(made.value)

    def replaced() -> Any:
        inputs = stack.checked(**production_of_lake, **RESTORE)
        delete(old, stack.settings)
        return create(inputs, stack.settings)[1]

    assert stack.run(replaced, Interruption(1, "before", kill, "RestoreFromClusterSnapshot")).how == "killed"

    assert stack.apply(**USER, **RESTORE).said == ""
    assert marker(stack) == "production"
    stack.state = None
    assert stack.apply(**production_of_lake, **RESTORE).said == ""
    assert stack.control.marker("lake") == "of the lake"


def test_another_stack_is_not_stopped_by_it(stack: Bench) -> None:
    """By rules that may skip a stack that asks for no data begins anew, whatever production is about."""
    half_done(stack)
    text = stack.policy + "  scratch: {stacks: [live-2], skip: [{when: {always: true}, because: scratch}]}\n"
    stack.write_policy(text)

    assert stack.apply(**LAKE, urn=BY_STACK).said == ""


def test_a_half_without_a_tag_is_in_doubt_under_another_identifier(stack: Bench) -> None:
    """Killed before a tag, the identifier changed with it, and `--replace` again: the receipt tells."""
    production(stack, **USER)
    old = wire(stack.state)

    def up() -> None:
        stack.checked(**LAKE, **USER, **RESTORE)
        delete(old, stack.settings)

    assert stack.run(up, Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(3600)
    [left] = kept(stack)

    for program in ({}, RESTORE):
        with pytest.raises(Invalid, match=left):
            stack.run(lambda program=program: stack.checked(**LAKE, **USER, **program))  # type: ignore[misc]


def test_a_plain_destroy_without_a_tag_is_in_doubt_under_another_identifier(stack: Bench) -> None:
    """Killed before a tag, and the state let go of: what the receipt tells of is not begun without."""
    production(stack, **USER)
    assert stack.destroy(Interruption(2, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    stack.state = None
    [left] = kept(stack)

    refused = stack.refused_from_preview_on(**LAKE, **USER, **RESTORE)

    assert f"snapshot_identifier='{left}'" in refused


@BOTH
def test_once_restored_it_is_nobodys_half(groups: Bench, urn: str) -> None:
    """Neither a claim nor an identifier tells that it was finished: a second resource begins as it likes."""
    also_live_2(groups)
    production(groups)
    done = renamed(groups, urn, **MOVED, **RESTORE)
    assert [line for line in done.warned if "could not be tagged" in line] == []
    third: dict[str, Any] = {
        "urn": urn.replace("::lake", "::x").replace("::warehouse", "::x"),
        "cluster_identifier": "third",
    }

    second = groups.run(lambda: create(groups.checked(**third, **RESTORE), groups.settings))

    assert second.said == ""
    assert groups.control.marker("third") == ""


def test_what_was_said_to_be_restored_does_not_begin_empty(groups: Bench) -> None:
    """Nothing was deleted in this run after all, and no snapshot of that generation is there."""
    production(groups)
    old = wire(groups.state)

    def up() -> None:
        diff(old, groups.checked(wire(groups.inputs), **MOVED, **RESTORE), groups.settings)
        groups.control.remove_cluster(CLUSTER)
        create(groups.checked(**MOVED, **RESTORE), groups.settings)

    refused = groups.run(up)

    assert "was to be restored from the final snapshot" in refused.said
    assert changing(refused) == []


# --- what create would refuse is refused before the delete -----------------------------------------


@pytest.mark.parametrize("forced", [False, True], ids=["diffed", "forced"])
def test_an_identifier_that_is_taken_is_refused_before_the_delete(groups: Bench, *, forced: bool) -> None:
    """A living cluster has the new identifier: preview and `up` say so while the old one is there."""
    production(groups)
    by_somebody(groups, "lake")

    refused = renamed(groups, URN, diffed=not forced, **MOVED, **RESTORE)

    assert "a cluster called lake exists already" in refused.said
    assert "both clusters live on as they are" in refused.said
    assert changing(refused) == []
    previewed = groups.previewed(**MOVED, **RESTORE, **LAKE)
    assert "a cluster called lake exists already" in previewed.said


@pytest.mark.parametrize("forced", [False, True], ids=["diffed", "forced"])
def test_so_is_a_second_cluster_that_carries_its_claim(groups: Bench, *, forced: bool) -> None:
    """A bot copied the tags of production to a test cluster: told while production is there."""
    production(groups)
    by_somebody(groups, "copy", Tags=groups.cluster()["Tags"])
    program = {"cluster_identifier": CLUSTER, **MOVED, **RESTORE}

    refused = renamed(groups, URN, diffed=not forced, **program)

    assert "cluster copy carries the claim of this very resource" in refused.said
    assert changing(refused) == []
    assert "cluster copy carries the claim" in groups.previewed(**program).said


def test_its_own_claim_is_no_second_one(groups: Bench) -> None:
    """And without an answer of AWS a preview tells what it knows."""
    production(groups)
    assert groups.preview(**MOVED, **RESTORE, **LAKE) == "replace"
    groups.connected = False
    assert groups.preview(**MOVED, **RESTORE, **LAKE) == "replace"


# --- the cures name what the engine knows ----------------------------------------------------------


@BOTH
def test_the_way_to_begin_anew_names_the_resource_as_the_state_has_it(groups: Bench, urn: str) -> None:
    """An alias leaves the old URN in the state until the `up` is done; a renaming of the stack does not."""
    also_live_2(groups)
    production(groups)

    refused = renamed(groups, urn, **MOVED)

    target = URN if urn == BY_ALIAS else urn
    assert f"run `pulumi destroy --target '{target}'` and" in refused.said


@BOTH
def test_so_does_the_way_to_let_go(stack: Bench, urn: str) -> None:
    """Another cluster has the name by now: an update of the renamed resource is refused."""
    also_live_2(stack)
    production(stack)
    stack.control.remove_cluster(CLUSTER)
    by_somebody(stack, CLUSTER)
    old, olds = wire(stack.state), wire(stack.inputs)

    def up() -> None:
        inputs = stack.checked(olds, urn=urn, tags={"a": "b"})
        diff(old, inputs, at(stack, urn))
        update(old, inputs, at(stack, urn))

    refused = stack.run(up)

    assert f"pulumi destroy --target '{URN if urn == BY_ALIAS else urn}'" in refused.said


def test_moved_under_a_component_the_alias_is_the_whole_urn(stack: Bench) -> None:
    """Its name is the same, so an alias by name would be the resource itself; and it comes first."""
    root = URN.replace("my:Group$", "")
    assert stack.apply(urn=root).said == ""
    old = wire(stack.state)

    def up() -> None:
        try:
            create(stack.checked(urn=URN), at(stack, URN))
        except RefusedError as refusal:
            met.append(str(refusal))
        delete(old, at(stack, root))

    met: list[str] = []
    refused = stack.run(up)

    alias = f'opts=pulumi.ResourceOptions(aliases=["{root}"])'
    assert alias in refused.said
    assert met[0].index(alias) < met[0].index("choose another cluster_identifier")
    assert changing(refused) == []


def test_an_unfinished_create_of_the_same_stack_is_not_another_stacks(stack: Bench) -> None:
    """Killed, then the resource is renamed and adopts: which name goes on with it is said."""
    dies = Interruption(1, "after", kill, "CreateCluster")
    assert stack.apply(dies).how == "killed"
    stack.time.advance(3600)

    refused = stack.run(lambda: create(stack.checked(urn=BY_ALIAS, adopt_existing=True), at(stack, BY_ALIAS)))

    assert f"an `up` of {URN} began it" in refused.said
    assert "another stack" not in refused.said
    assert "aws redshift delete-tags" in refused.said
