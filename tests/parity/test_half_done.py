"""A replacement that a kill cut in two: what is to come of its data is asked, whatever was not written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.this_run import note_program
from tests.parity.bench import Invalid, changing, wire
from tests.parity.test_age import kept
from tests.parity.test_replacement import EMPTY, RESTORE, SEED, half_done, marker, production, put, replaced
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench

USER: dict[str, Any] = {"master_username": "awsuser"}
NO_WORD = "left by a replacement whose new cluster was to be restored from it"
LIVE_2 = URN.replace(":live:", ":live-2:")
STORE = URN.replace("::warehouse", "::store")


def cut(stack: Bench, **before: Any) -> None:
    """Replace production, its data to be restored; killed before its final snapshot carries any tag."""
    production(stack, **{**USER, **before})
    dies = Interruption(1, "after", kill, "DeleteCluster")
    assert replaced(stack, dies, **{**USER, **RESTORE}).how == "killed"
    assert stack.state is not None
    stack.time.advance(3600)
    tags = [each["tags"] for each in stack.ledger()["snapshots"].values() if each["cluster"] == CLUSTER]
    assert all("redshift-teardown:urn" not in each for each in tags)


# --- killed before a tag ---------------------------------------------------------------------------


@pytest.mark.parametrize("receipts", ["there", "lost"])
@pytest.mark.parametrize("skips", [False, True], ids=["protected", "may skip"])
@pytest.mark.parametrize("before", [{}, SEED], ids=["began empty", "began with a named snapshot"])
def test_a_reverted_commit_is_refused_though_no_tag_tells(
    stack: Bench, before: dict[str, Any], receipts: str, *, skips: bool
) -> None:
    """The state still has the resource, and a refresh finds it gone: neither empty nor rolled back."""
    if skips:
        stack.write_policy(stack.rules('skip: [{when: {tags: {scratch: "yes"}}, because: scratch}]'))
    put(stack, "seed")
    cut(stack, **before)
    if receipts == "lost":
        stack.drop_receipts()
    assert stack.refresh().said == ""
    assert stack.state is not None
    assert stack.state["gone"]

    previewed = stack.previewed(**{**USER, **before})
    refused = stack.apply(**{**USER, **before})

    assert "restore_final_snapshot=True" in refused.said
    assert previewed.said == refused.said
    assert changing(refused) == []
    assert stack.state["gone"]
    done = stack.apply(**USER, **RESTORE)
    assert (done.said, marker(stack)) == ("", "production")


@pytest.mark.parametrize("word", ["empty", "named"])
def test_a_word_is_enough_there_too(stack: Bench, word: str) -> None:
    """`restore_final_snapshot=False` written out, or that very snapshot named."""
    cut(stack)
    assert stack.refresh().said == ""
    [left] = kept(stack)

    done = stack.apply(**USER, **(EMPTY if word == "empty" else {"snapshot_identifier": left}))

    assert (done.said, marker(stack)) == ("", "" if word == "empty" else "production")


def test_what_may_go_begins_anew_without_a_word(stack: Bench) -> None:
    """Its policy takes no snapshot: nothing is kept, so there is nothing to ask for."""
    stack.write_policy(stack.rules(SKIPPING))
    production(stack)
    stack.control.remove_cluster(CLUSTER)
    stack.control.add_fault("DescribeClusters", occurrence=1, code="InternalFailure")
    stack.refresh()

    assert stack.apply().said == ""


@pytest.mark.parametrize("receipts", ["there", "lost"])
def test_a_plain_destroy_that_was_killed_takes_no_word_where_a_receipt_tells(
    stack: Bench, receipts: str
) -> None:
    """By rules that may skip: what the teardown was is written down; where that is lost it is asked."""
    stack.write_policy(stack.rules('skip: [{when: {tags: {scratch: "yes"}}, because: scratch}]'))
    production(stack)
    assert stack.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(3600)
    if receipts == "lost":
        stack.drop_receipts()
    assert stack.refresh().said == ""
    assert stack.state is not None
    assert stack.state["gone"]

    done = stack.apply()

    assert done.how == ("done" if receipts == "there" else "refused"), done.said
    assert ("restore_final_snapshot=True" in done.said) is (receipts == "lost")


@pytest.mark.parametrize("receipts", ["there", "lost"])
def test_a_forced_replacement_does_not_begin_without_what_an_earlier_one_left(
    stack: Bench, receipts: str
) -> None:
    """`--replace` without a refresh, by rules that may skip: the receipt tells what the first one was."""
    stack.write_policy(stack.rules('skip: [{when: {tags: {scratch: "yes"}}, because: scratch}]'))
    cut(stack)
    if receipts == "lost":
        stack.drop_receipts()

    # Nothing tells the two kinds of teardown apart without receipts and tags: that is told, and asked.
    words = NO_WORD if receipts == "there" else "a teardown left it that did not end"
    with pytest.raises(Invalid, match=words):
        replaced(stack, **USER)
    state = wire(stack.state)
    inputs = _inputs(stack, **USER)

    def half() -> None:
        note_program(URN, inputs)
        delete(state, stack.settings)

    refused = stack.run(half)
    if receipts == "there":
        assert "the new cluster would be empty" in refused.said
        assert changing(refused) == []


@pytest.mark.parametrize("program", [{}, SEED], ids=["nothing said", "the snapshot it once began with"])
def test_a_state_that_was_let_go_of_leaves_the_receipt(stack: Bench, program: dict[str, Any]) -> None:
    """`pulumi state delete` after the kill: no tag and no state tells, and the receipt does."""
    put(stack, "seed")
    cut(stack, **program)
    stack.state = None

    refused = stack.run(lambda: create(_inputs(stack, **{**USER, **program}), stack.settings))

    assert NO_WORD in refused.said
    assert changing(refused) == []


def _inputs(stack: Bench, **program: Any) -> dict[str, Any]:
    """The inputs of a program whose check was asked when AWS gave no answer."""
    return stack.checked(wire(stack.program(**program)), **program)


# --- and then another name -------------------------------------------------------------------------


@pytest.mark.parametrize("program", [{}, RESTORE], ids=["nothing said", "to be restored"])
@pytest.mark.parametrize("urn", [LIVE_2, STORE], ids=["stack renamed", "resource renamed"])
def test_a_half_under_another_name_is_asked_about(stack: Bench, urn: str, program: dict[str, Any]) -> None:
    """The delete was done, so no state links the two: the cluster's name and the tag do."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))
    half_done(stack)
    [left] = kept(stack)

    if not program:
        with pytest.raises(Invalid, match=left):
            stack.preview(urn=urn, **USER)
    refused = stack.run(lambda: create(_inputs(stack, urn=urn, **USER, **program), stack.settings))

    assert left in refused.said
    assert changing(refused) == []
    named = stack.apply(urn=urn, **USER, snapshot_identifier=left)
    assert (named.said, marker(stack)) == ("", "production")


def test_so_it_is_before_its_snapshot_carries_any_tag(stack: Bench) -> None:
    """Killed before a tag, the stack renamed, and `--replace`, which creates first: the receipt tells."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))
    cut(stack)
    [left] = kept(stack)

    for program in ({}, RESTORE):
        inputs = _inputs(stack, urn=LIVE_2, **USER, **program)
        refused = stack.run(lambda inputs=inputs: create(inputs, stack.settings))  # type: ignore[misc]
        assert left in refused.said
        assert changing(refused) == []


def test_a_cluster_of_that_name_that_was_destroyed_since_is_nobodys_half(stack: Bench) -> None:
    """The replacement was finished and its cluster destroyed: another stack may use the name, and is told."""
    half_done(stack)
    assert stack.apply(**USER, **RESTORE).said == ""
    assert stack.destroy().said == ""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))

    assert stack.apply(urn=LIVE_2, **USER).said == ""


def test_a_renamed_state_goes_on(stack: Bench) -> None:
    """Killed before a tag, then the stack is renamed: the state has the resource, and its data comes back."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))
    cut(stack)
    assert stack.state is not None
    stack.state["urn"] = LIVE_2
    olds = wire(stack.state)
    assert stack.refresh().said == ""
    gone = wire(stack.state)

    def unsaid() -> None:
        diff(gone, stack.checked(gone, urn=LIVE_2, **USER), stack.settings)

    def restored() -> Any:
        inputs = stack.checked(gone, urn=LIVE_2, **USER, **RESTORE)
        diff(gone, inputs, stack.settings)
        delete(gone, stack.settings)
        return create(inputs, stack.settings)[1]

    assert olds["urn"] == LIVE_2
    assert "restore_final_snapshot=True" in stack.run(unsaid).said
    assert stack.run(restored).said == ""
    assert marker(stack) == "production"


# --- what is newer and not ours --------------------------------------------------------------------


def test_to_go_back_behind_a_newer_snapshot_is_told(stack: Bench) -> None:
    """A cluster of that name was restored by hand, written to and deleted: its snapshot is named."""
    production(stack)
    assert stack.destroy().said == ""
    [ours] = kept(stack)
    stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier=ours)
    stack.time.advance(3600)
    stack.outsider.delete_cluster(
        ClusterIdentifier=CLUSTER, SkipFinalClusterSnapshot=False, FinalClusterSnapshotIdentifier="newer"
    )
    stack.time.advance(3600)

    previewed = stack.previewed(**RESTORE)
    done = stack.apply(**RESTORE)

    assert done.said == ""
    for result in (previewed, done):
        [warning] = [line for line in result.warned if "left a newer one since, newer" in line]
        assert f"is {ours}" in warning
        assert "snapshot_identifier='newer' in place of restore_final_snapshot" in warning


def test_where_nothing_is_newer_nothing_is_told(stack: Bench) -> None:
    """A snapshot by hand of the living cluster is older than its final one."""
    production(stack)
    stack.outsider.create_cluster_snapshot(SnapshotIdentifier="by-hand", ClusterIdentifier=CLUSTER)
    stack.time.advance(3600)
    assert stack.destroy().said == ""

    done = stack.apply(**RESTORE)

    assert (done.said, [line for line in done.warned if "newer" in line]) == ("", [])
