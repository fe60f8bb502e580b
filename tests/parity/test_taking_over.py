"""What is taken over: no cluster in place of data that is to be restored, and none that another one takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from tests.parity.bench import changing, wire
from tests.parity.test_adopt import ADOPT, CLAIMED, run_one
from tests.parity.test_begun import by_hand
from tests.parity.test_claims import DENIED, claim_of, strip
from tests.parity.test_replacement import EMPTY, MOVED, RESTORE, production
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Interruption

if TYPE_CHECKING:
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

FULL: dict[str, Any] = {"code": "InsufficientClusterCapacity", "message": "No room."}


def stranger(stack: Bench, name: str) -> None:
    """Have somebody create a cluster by hand."""
    stack.created_by_hand(name)
    stack.time.advance(600)
    stack.control.set_marker(name, "somebody's")


def half_done(stack: Bench, **program: Any) -> None:
    """Replace production, its data to be restored; the restore is refused."""
    production(stack, **ADOPT)
    stack.control.add_fault("RestoreFromClusterSnapshot", **FULL)
    assert "No room." in stack.apply(**ADOPT, **RESTORE, **MOVED, **program).said
    assert stack.state is None


# --- the second half of a replacement --------------------------------------------------------------


@pytest.mark.parametrize("skips", [False, True], ids=["with its data", "empty"])
def test_a_replacement_takes_no_other_cluster_over(groups: Bench, *, skips: bool) -> None:
    """The new identifier is somebody else's, adopt_existing was left in the program: preview named a restore,
    or an empty cluster.
    """
    if skips:
        groups.write_policy(groups.rules(SKIPPING))
    production(groups, **ADOPT)
    stranger(groups, "reports")
    program = {**ADOPT, **(EMPTY if skips else RESTORE), **MOVED, "cluster_identifier": "reports"}

    refused = groups.apply(**program)

    assert "a replacement takes no other cluster over" in refused.said
    left = (
        "there is no final snapshot"
        if skips
        else "the data of the deleted one is in final snapshot shop-live-warehouse-"
    )
    assert left in refused.said
    assert groups.cluster("reports")["Tags"] == []
    assert groups.state is None


def test_nor_does_one_of_a_stack_that_was_renamed(groups: Bench) -> None:
    """Deleted by its recorded name, created by the new one, under another identifier: one resource."""
    groups.write_policy(groups.policy.replace("[live]", "[live, live-2]"))
    production(groups)
    old = wire(groups.state)
    stranger(groups, "reports")
    program = {**ADOPT, **RESTORE, **MOVED, "cluster_identifier": "reports"}

    def up() -> Any:
        inputs = groups.checked(old, urn=URN.replace(":live:", ":live-2:"), **program)
        assert diff(old, inputs, groups.settings).replaces
        delete(old, groups.settings)
        return create(inputs, groups.settings)[1]

    assert "a replacement takes no other cluster over" in groups.run(up).said


def test_the_cure_brings_the_data_back(groups: Bench) -> None:
    """Another identifier, as the refusal says."""
    production(groups, **ADOPT)
    stranger(groups, "reports")
    refused = groups.apply(**ADOPT, **RESTORE, **MOVED, cluster_identifier="reports")
    assert "choose another cluster_identifier" in refused.said

    assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""

    assert groups.control.marker(CLUSTER) == "production"


@pytest.mark.parametrize("receipts", ["there", "lost"])
@pytest.mark.parametrize("program", [RESTORE, {}], ids=["restores", "says nothing"])
def test_a_later_up_takes_over_nothing_in_its_place_either(
    groups: Bench, receipts: str, program: dict[str, Any]
) -> None:
    """The restore failed, and somebody created a cluster of that name: preview and `up` refuse it."""
    half_done(groups)
    if receipts == "lost":
        groups.drop_receipts()
    stranger(groups, CLUSTER)

    said = groups.refused_from_preview_on(**ADOPT, **program, **MOVED)

    assert "would leave that data behind" in said
    assert "restore_final_snapshot=True" in said
    assert "restore_final_snapshot=False" in said


def test_what_aws_does_not_list_is_not_left_behind(groups: Bench) -> None:
    """The receipt tells of the half; that its snapshot is not shown is no reason to take another cluster."""
    half_done(groups)
    [left] = [name for name, each in groups.ledger()["snapshots"].items() if each["marker"] == "production"]
    groups.outsider.delete_cluster_snapshot(SnapshotIdentifier=left.rpartition("/")[2])
    stranger(groups, CLUSTER)

    said = groups.refused_from_preview_on(**ADOPT, **RESTORE, **MOVED)

    assert "AWS does not show it" in said
    assert "would leave that data behind" in said


def test_who_says_so_takes_it_over_without_the_data(groups: Bench) -> None:
    """`restore_final_snapshot=False` is the word for it."""
    half_done(groups)
    stranger(groups, CLUSTER)

    adopted = groups.apply(**ADOPT, **EMPTY)

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)


@pytest.mark.parametrize("name", ["warehouse", "lake"], ids=["itself", "renamed"])
def test_what_the_replacement_made_is_adopted(groups: Bench, name: str) -> None:
    """The replacement ended, and later the state was lost: its own cluster is what holds the data."""
    production(groups, **ADOPT)
    assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""
    groups.time.advance(3600)
    groups.state = None
    urn = URN.replace("::warehouse", f"::{name}")

    adopted = groups.apply(**ADOPT, **RESTORE, **MOVED, urn=urn)

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)


@pytest.mark.parametrize("which", ["the half", "an older one"])
def test_of_copies_by_hand_the_one_with_the_data_is_adopted(groups: Bench, which: str) -> None:
    """Somebody restored the half by hand, or an older final snapshot, whose data is rolled back."""
    production(groups)
    assert groups.destroy().said == ""
    older = next(iter(groups.ledger()["snapshots"]))
    groups.time.advance(3600)
    assert groups.apply(**RESTORE).said == ""
    groups.control.set_marker(CLUSTER, "newer")
    groups.control.add_fault("RestoreFromClusterSnapshot", **FULL)
    assert "No room." in groups.apply(**ADOPT, **RESTORE, **MOVED).said
    [half] = [name for name, each in groups.ledger()["snapshots"].items() if each["marker"] == "newer"]
    by_hand(groups, (half if which == "the half" else older).rpartition("/")[2])

    if which == "the half":
        assert groups.apply(**ADOPT, **RESTORE, **MOVED).said == ""
    else:
        said = groups.refused_from_preview_on(**ADOPT, **RESTORE, **MOVED)
        assert "would leave that data behind" in said


# --- two that adopt, and one that deletes ----------------------------------------------------------

SECOND = URN.replace("::warehouse", "::lake")
ELSEWHERE = URN.replace(":live:", ":second:")


def test_two_resources_of_one_run_do_not_adopt_one_cluster(stack: Bench) -> None:
    """Side by side: the second begins when the first has looked, and has not yet written its claim."""
    run_one(stack)
    said: list[str] = []

    def second() -> None:
        with pytest.raises(RefusedError) as refused:
            create(stack.checked(urn=SECOND, **ADOPT), stack.settings)
        said.append(str(refused.value))

    first = stack.apply(Interruption(1, "before", second, "CreateTags"), **ADOPT)

    assert first.said == ""
    assert f"is owned by {URN} in this same stack" in said[0]
    assert claim_of(stack).startswith(str((stack.state or {})["claim"]))
    assert changing(first) == CLAIMED


def test_what_was_reserved_is_free_again_where_an_adoption_fails(stack: Bench) -> None:
    """The first was not finished: another resource of the same run adopts the cluster."""
    run_one(stack)
    stack.control.add_fault("CreateTags", occurrence=2, **DENIED)

    def up() -> Any:
        first = stack.checked(**ADOPT)
        with pytest.raises(RefusedError, match="is not finished"):
            create(first, stack.settings)
        return create(stack.checked(urn=SECOND, **ADOPT), stack.settings)[1]

    assert stack.run(up).said == ""


@pytest.mark.parametrize(
    ("operation", "number"),
    [("CreateTags", 1), ("CreateTags", 2), *(("DescribeClusters", number) for number in (4, 5, 6))],
)
def test_two_stacks_do_not_adopt_one_cluster(stack: Bench, operation: str, number: int) -> None:
    """Another process takes it over once a tag is written, or a read between the two is done: who does not
    have the last claim ends with words.
    """
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    run_one(stack)
    others: list[Result] = []

    def another() -> None:
        others.append(stack.run(lambda: create(stack.checked(urn=ELSEWHERE, **ADOPT), stack.settings)[1]))

    mine = stack.apply(Interruption(number, "after", another, operation), **ADOPT)

    [theirs] = others
    assert [mine.how, theirs.how] == ["refused", "done"]
    assert "was taken over by another resource while it was being adopted" in mine.said
    assert claim_of(stack).startswith(theirs.value["claim"])
    assert stack.state is None


def test_a_claim_that_something_takes_away_is_no_adoption(stack: Bench) -> None:
    """A tag bot: nothing would tell two owners apart."""
    run_one(stack)

    refused = stack.apply(Interruption(1, "after", lambda: strip(stack), "CreateTags"), **ADOPT)

    assert "is not there" in refused.said
    assert stack.state is None


def test_an_answer_that_fell_behind_is_read_again(stack: Bench) -> None:
    """A copy that does not show the cluster for twenty seconds makes no adoption fail."""
    run_one(stack)

    def behind() -> None:
        stack.control.set_behaviour(clusters_stale_until=stack.time.now().timestamp() + 20)

    assert stack.apply(Interruption(1, "after", behind, "CreateTags"), **ADOPT).said == ""


@pytest.mark.parametrize(("number", "moment"), [(1, "before"), (1, "after"), (2, "before"), (2, "after")])
@pytest.mark.parametrize("how", ["being deleted", "gone", "another"])
def test_a_cluster_that_ends_meanwhile_is_not_adopted(
    stack: Bench, how: str, number: int, moment: str
) -> None:
    """Its former owner's DeleteCluster comes between the look and the tags; or it is over by then."""
    run_one(stack)

    def deleted() -> None:
        stack.outsider.delete_cluster(
            ClusterIdentifier=CLUSTER, FinalClusterSnapshotIdentifier="last", SkipFinalClusterSnapshot=False
        )
        if how != "being deleted":
            stack.time.advance(7200)
        if how == "another":
            run_one(stack)

    result = stack.apply(Interruption(number, moment, deleted, "CreateTags"), **ADOPT)

    assert result.how == "refused"
    assert stack.state is None
    if moment == "after" and how != "another":
        assert ("is being deleted (" if how == "being deleted" else "is gone: that began") in result.said
        assert "when the cluster is gone, run `pulumi up` again" in result.said
