"""Refresh is no way out: a gone cluster stays in the state, unless delete could let go of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.engine.request import Asked
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.read import read
from redshift_teardown.teardown.backoff import LAG
from tests.around.world import busy, by_hand, changes, is_tagged, stranger, write_data
from tests.parity.bench import did, wire
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

UNTAGGED = "skip: [{when: {tags: {ephemeral: yes please}}, because: nothing of record}]"
"""A policy that asks for a snapshot, in an environment that is not protected."""


def refreshed(stack: Bench) -> Result:
    """Refresh, which must not change anything in AWS, nor fail."""
    before = stack.ledger()
    result = stack.refresh()
    assert result.how == "done", result.said
    assert changes(result) == []
    assert stack.ledger() == before
    return result


def is_marked(stack: Bench) -> bool:
    """Whether the cluster stands in the state, in words, as gone."""
    return stack.state is not None and bool(stack.state.get("gone"))


def destroy_with_refresh(stack: Bench, *, diffs: bool = True) -> Result:
    """Run ``destroy --refresh`` as the engine does, in one process: read, diff, delete."""
    assert stack.state is not None
    olds = wire(stack.state)
    # The engine does not run the program, so check is not called in that process.
    news = stack.checked(olds)

    def run() -> None:
        found, outs, _ = read(CLUSTER, olds, stack.settings)
        if not found:
            return
        outs = wire(outs)
        if diffs:
            diff(outs, news, stack.settings)
        delete(outs, stack.settings)

    result = stack.run(run)
    if result.how == "done":
        stack.state = None
    return result


# --- situations in which the cluster is gone -----------------------------------------------------


def refreshed_with_diff(stack: Bench) -> Result:
    """Refresh as the engine does, in one process: read, then a diff of what was found and the old inputs."""
    assert stack.state is not None
    olds, inputs = wire(stack.state), wire(stack.inputs)

    def run() -> tuple[Any, ...]:
        found, outs, read_inputs = read(CLUSTER, olds, stack.settings, Asked(inputs))
        read_inputs = inputs if read_inputs is None else wire(read_inputs)
        diff(wire(outs), inputs, stack.settings, Asked(read_inputs))
        return found, outs, read_inputs

    result = stack.run(run)
    assert result.how == "done", result.said
    _, stack.state, stack.inputs = result.value
    return result


def vanished(stack: Bench) -> None:
    """Somebody deleted it without a snapshot."""
    stack.control.remove_cluster(CLUSTER)


def failed(stack: Bench) -> None:
    """A destroy was killed, its final snapshot failed, and the cluster went."""
    stack.control.fail_next_snapshot(CLUSTER, "cluster-gone")
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)


def deleted_by_somebody(stack: Bench) -> None:
    """Somebody deleted it, with a final snapshot of a name of their own."""
    stack.outsider.delete_cluster(ClusterIdentifier=CLUSTER, FinalClusterSnapshotIdentifier="by-somebody")
    stack.time.advance(3600)


def only_an_older_snapshot(stack: Bench) -> None:
    """There is a snapshot by hand, and then it vanished."""
    by_hand(stack, "by-hand")
    write_data(stack)
    vanished(stack)


UNPROVEN: list[Callable[[Bench], None]] = [vanished, failed, deleted_by_somebody, only_an_older_snapshot]


def interrupted(stack: Bench) -> None:
    """A destroy was killed after DeleteCluster; AWS has finished both, nothing is tagged."""
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)


def interrupted_untagged(stack: Bench) -> None:
    """A destroy was refused because it may not tag."""
    stack.control.add_fault("CreateTags", occurrence="every", code="AccessDenied", status=403)
    assert stack.destroy().how == "refused"
    stack.control.clear_faults()
    stack.time.advance(3600)


def retention_to_extend(stack: Bench) -> None:
    """A destroy was finished, but the state was not written; the policy wants it kept longer now."""
    state = stack.state
    assert stack.destroy().how == "done"
    stack.state = state
    stack.write_policy(stack.rules(PROTECTED, **{"retention_days: 35": "retention_days: 90"}))


TO_FINISH: list[Callable[[Bench], None]] = [interrupted, interrupted_untagged, retention_to_extend]


# --- unproven ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", UNPROVEN, ids=lambda each: each.__name__)
def test_what_is_not_proven_stays_in_the_state(stack: Bench, gone: Callable[[Bench], None]) -> None:
    """It is marked as gone, a warning says so, a second refresh says the same, and destroy refuses."""
    stack.apply()
    gone(stack)

    first = refreshed(stack)
    marked = stack.state
    assert is_marked(stack)
    assert any("gone" in text for text in first.warned)
    refreshed(stack)

    assert stack.state == marked
    result = stack.destroy()
    assert result.how == "refused"
    assert stack.state == marked


@pytest.mark.parametrize("gone", UNPROVEN, ids=lambda each: each.__name__)
@pytest.mark.parametrize("diffs", [True, False])
def test_destroy_with_refresh_refuses_too(
    stack: Bench, gone: Callable[[Bench], None], *, diffs: bool
) -> None:
    """`destroy --refresh`, and `refresh: always` in Pulumi.yaml, are judged as a plain destroy is."""
    stack.apply()
    gone(stack)

    result = destroy_with_refresh(stack, diffs=diffs)

    assert result.how == "refused"
    assert "gone" in result.said
    assert stack.state is not None


@pytest.mark.parametrize("gone", UNPROVEN, ids=lambda each: each.__name__)
def test_up_names_what_it_found_and_the_way_out(stack: Bench, gone: Callable[[Bench], None]) -> None:
    """Unproven, that resource fails, with or without a change of the program, and nothing is created."""
    stack.apply()
    gone(stack)
    refreshed(stack)

    for arguments in ({}, {"number_of_nodes": 4}):
        result = stack.apply(**arguments)
        assert result.how == "refused", arguments
        assert changes(result) == []
        assert "gone" in result.said
        assert "REDSHIFT_TEARDOWN_LET_GO=" in result.said
        assert f"pulumi destroy --target '{URN}'" in result.said
        assert "state delete" not in result.said
        assert "pulumi refresh" not in result.said


# --- something is left to be written -------------------------------------------------------------


@pytest.mark.parametrize("gone", TO_FINISH, ids=lambda each: each.__name__)
def test_what_is_to_be_finished_stays_and_destroy_finishes_it(
    stack: Bench, gone: Callable[[Bench], None]
) -> None:
    """Tags, retention and receipt are written by the next destroy, which ends well."""
    stack.apply()
    gone(stack)

    refreshed(stack)
    assert is_marked(stack)

    result = stack.destroy()
    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)
    assert proof["retention"] == (90 if gone is retention_to_extend else 35)


@pytest.mark.parametrize("gone", TO_FINISH, ids=lambda each: each.__name__)
def test_destroy_with_refresh_finishes_it(stack: Bench, gone: Callable[[Bench], None]) -> None:
    """So does `destroy --refresh`."""
    stack.apply()
    gone(stack)

    result = destroy_with_refresh(stack)

    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)


@pytest.mark.parametrize("gone", TO_FINISH, ids=lambda each: each.__name__)
def test_up_replaces_what_is_proven(stack: Bench, gone: Callable[[Bench], None]) -> None:
    """The program restores: `up` finishes the old one and brings its data back, from that very snapshot."""
    stack.apply(restore_final_snapshot=True)
    write_data(stack)
    gone(stack)
    refreshed(stack)
    assert stack.preview(restore_final_snapshot=True) == "replace"

    result = stack.apply(restore_final_snapshot=True)

    assert (result.how, did(result)) == ("done", "replace"), result.said
    assert stack.control.marker(CLUSTER) == "everything we have"
    assert not is_marked(stack)
    assert stack.preview(restore_final_snapshot=True) == "same"
    first = stack.ledger()["generations"][0]["final_snapshots"][0]["snapshot"]
    assert is_tagged(stack.ledger()["snapshots"][first])


@pytest.mark.parametrize("later", [0.0, 3600.0], ids=["ending", "refreshed while ending"])
def test_what_an_update_of_an_ending_cluster_says_to_do_works(stack: Bench, later: float) -> None:
    """Waited for, refreshed, and brought up with restore_final_snapshot=True: its data is back."""
    stack.apply()
    write_data(stack)
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"

    refused = stack.apply(port=5440)

    assert (
        "wait until it is gone, then run `pulumi refresh`, and `pulumi up` with restore_final_snapshot=True"
    ) in refused.said
    if later:
        assert stack.refresh().how == "done"
    stack.time.advance(3600)
    assert stack.refresh().how == "done"
    again = stack.apply(port=5440, restore_final_snapshot=True)
    assert again.how == "done", again.said
    assert stack.control.marker(CLUSTER) == "everything we have"


@pytest.mark.parametrize("gone", TO_FINISH, ids=lambda each: each.__name__)
def test_nothing_is_foretold_that_is_then_refused(stack: Bench, gone: Callable[[Bench], None]) -> None:
    """To begin empty is refused where the environment is protected, and no warning says that it is done."""
    stack.apply()
    gone(stack)
    refreshed(stack)

    for run in (stack.previewed, stack.apply):
        refused = run()
        assert "the new cluster would be empty" in refused.said
        assert "restore_final_snapshot=True" in refused.said
        assert not [text for text in refused.warned if "creates the cluster" in text]


def test_up_replaces_it_empty_where_the_program_says_so(stack: Bench) -> None:
    """Outside of a protected environment, and without restore_final_snapshot, the new one begins empty."""
    stack.write_policy(stack.rules(UNTAGGED))
    stack.apply()
    write_data(stack)
    interrupted(stack)
    refreshed(stack)

    result = stack.apply()

    assert (result.how, did(result)) == ("done", "replace"), result.said
    assert stack.control.marker(CLUSTER) == ""
    first = stack.ledger()["generations"][0]["final_snapshots"][0]["snapshot"]
    assert is_tagged(stack.ledger()["snapshots"][first])


SMALL = "skip: [{when: {tags: {ephemeral: yes please}, max_nodes: 2}, because: small and of no record}]"
SCRATCH: dict[str, Any] = {"tags": {"ephemeral": "yes please"}, "number_of_nodes": 2}


def larger(stack: Bench) -> None:
    """Somebody added nodes."""
    busy(stack)
    stack.time.advance(3600)


def untagged(stack: Bench) -> None:
    """Somebody took all tags away."""
    stack.control.set_cluster(CLUSTER, tags={})


def tagged_otherwise(stack: Bench) -> None:
    """Somebody gave the tag another value."""
    stack.control.set_cluster(CLUSTER, tags={"ephemeral": "no more"})


@pytest.mark.parametrize("became", [larger, untagged, tagged_otherwise], ids=lambda each: each.__name__)
@pytest.mark.parametrize("how", ["refresh", "destroy"])
def test_a_cluster_is_judged_by_what_it_had_become(
    stack: Bench, became: Callable[[Bench], None], how: str
) -> None:
    """What a refresh saw of it counts when it is gone: no rule lets go of what it no longer fitted."""
    stack.write_policy(stack.rules(SMALL))
    stack.apply(**SCRATCH)
    became(stack)
    refreshed(stack)
    vanished(stack)

    if how == "refresh":
        refreshed(stack)
        assert is_marked(stack)
    assert stack.destroy().how == "refused"
    assert stack.state is not None


@pytest.mark.parametrize("refreshed_before", [True, False])
def test_a_cluster_that_fits_its_rule_to_the_end_may_vanish(stack: Bench, refreshed_before: bool) -> None:
    """Tags of others, and a refresh that saw it as it was, keep nobody from letting go of it."""
    stack.write_policy(stack.rules(SMALL))
    stack.apply(**SCRATCH)
    stack.control.set_cluster(CLUSTER, tags={"ephemeral": "yes please", "bot": "was here"})
    if refreshed_before:
        refreshed(stack)
        assert stack.preview(**SCRATCH) == "same"
    vanished(stack)

    refreshed(stack)

    assert stack.state is None


def test_a_snapshot_that_is_still_being_taken_is_waited_for_by_destroy(stack: Bench) -> None:
    """The cluster is gone and its snapshot is not finished: refresh does not wait for that, destroy does."""
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    (name,) = [each["snapshot"] for each in stack.generation()["final_snapshots"]]
    stack.control.set_snapshot(name, status="creating")
    began = stack.now()

    refreshed(stack)
    assert is_marked(stack)
    assert stack.now() - began <= LAG

    done = Interruption(3, "wait", lambda: stack.control.set_snapshot(name, status="available"))
    assert stack.destroy(done).how == "done"


# --- nothing is left to be written ---------------------------------------------------------------


def test_a_cluster_whose_policy_skips_leaves_the_state(stack: Bench) -> None:
    """A development cluster that somebody deleted is dropped, and `up` makes it anew."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    vanished(stack)

    refreshed(stack)
    assert stack.state is None

    assert did(stack.apply()) == "create"


def test_one_that_was_destroyed_and_not_written_down_leaves_the_state(stack: Bench) -> None:
    """The engine died after the destroy had ended: nothing is left to do, so it is dropped."""
    stack.apply()
    state = stack.state
    assert stack.destroy().how == "done"
    stack.state = state

    refreshed(stack)

    assert stack.state is None


def test_a_policy_that_was_tightened_since_keeps_it_in_the_state(stack: Bench) -> None:
    """Delete could not let go of it at once: the file asks for a snapshot now, and there is none."""
    stack.write_policy(stack.rules(SKIPPING))
    stack.apply()
    stack.write_policy(stack.rules(PROTECTED))
    vanished(stack)

    refreshed(stack)

    assert is_marked(stack)
    assert stack.destroy().how == "refused"


# --- nobody else's refresh fails -----------------------------------------------------------------


def test_another_generation_under_the_name_fails_no_refresh(stack: Bench) -> None:
    """The recorded cluster is gone and a stranger's has its name: marked, not touched, refused by destroy."""
    stack.apply()
    vanished(stack)
    theirs = stranger(stack)

    refreshed(stack)

    assert is_marked(stack)
    for refused in (stack.destroy(), stack.apply(), stack.apply(number_of_nodes=4)):
        assert refused.how == "refused"
    assert stack.ledger()["clusters"][CLUSTER] == theirs


def test_a_cluster_renamed_outside_fails_no_refresh(stack: Bench) -> None:
    """It lives on under another name: the state keeps it, a warning names that, and destroy refuses."""
    stack.apply()
    stack.outsider.modify_cluster(ClusterIdentifier=CLUSTER, NewClusterIdentifier="elsewhere")
    stack.time.advance(3600)

    result = refreshed(stack)

    assert stack.state is not None
    assert any("elsewhere" in text for text in result.warned)
    assert "pulumi refresh" not in " ".join(result.warned)
    refused = stack.destroy()
    assert (refused.how, "elsewhere" in refused.said) == ("refused", True)
    assert "pulumi refresh" not in refused.said
    assert "elsewhere" in stack.ledger()["clusters"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_refresh_says_nothing_of_what_up_changes(stack: Bench, times: int) -> None:
    """It does not know the program: its inputs are those of the state, which a refresh itself has written."""
    stack.apply(tags={"team": "data"})
    stack.outsider.modify_cluster(ClusterIdentifier=CLUSTER, NewClusterIdentifier="elsewhere")
    stack.time.advance(3600)
    [claim] = [tag for tag in stack.cluster("elsewhere")["Tags"] if tag["Key"] != "team"]
    stack.control.set_cluster("elsewhere", tags={claim["Key"]: claim["Value"], "team": "bot"})

    for _ in range(times):
        result = refreshed_with_diff(stack)

        assert result.kept == []
        assert any("the name that the program says" in text for text in result.warned)
    assert stack.apply(tags={"team": "data"}).said == ""
    assert set(stack.ledger()["clusters"]) == {CLUSTER}


def test_an_update_of_a_gone_cluster_gives_no_advice_that_loses_it(stack: Bench) -> None:
    """Without a refresh before it: what it advises, followed, does not let the cluster leave the state."""
    stack.apply()
    vanished(stack)

    result = stack.apply(number_of_nodes=4)

    assert result.how == "refused"
    assert "drop it" not in result.said
    if "pulumi refresh" in result.said:
        refreshed(stack)
        assert is_marked(stack)
        result = stack.apply(number_of_nodes=4)
    assert (result.how, "REDSHIFT_TEARDOWN_LET_GO=" in result.said) == ("refused", True), result.said


def test_a_cluster_that_is_back_loses_its_mark(stack: Bench) -> None:
    """AWS did not show it for a while: at the next refresh it is alive, and updated and destroyed as ever."""
    stack.apply()
    stack.control.set_behaviour(cluster_listing_lag_seconds=10**9)
    stack.refresh()
    assert is_marked(stack)
    stack.control.set_behaviour(cluster_listing_lag_seconds=0)

    refreshed(stack)

    assert stack.state is not None
    assert not is_marked(stack)
    assert stack.preview() == "same"
    assert stack.destroy().how == "done"


def test_destroy_of_a_marked_cluster_that_is_back_tears_it_down(stack: Bench) -> None:
    """The mark is what a refresh saw; destroy goes by what AWS shows."""
    stack.apply()
    stack.control.set_behaviour(cluster_listing_lag_seconds=10**9)
    stack.refresh()
    assert is_marked(stack)
    stack.control.set_behaviour(cluster_listing_lag_seconds=0)

    assert stack.destroy().how == "done"
    (proof,) = stack.proofs()
    assert is_tagged(proof)


def test_refresh_of_a_cluster_that_is_being_deleted_keeps_it(stack: Bench) -> None:
    """Interrupted while the snapshot is taken, refreshed, destroyed: nothing is lost or forgotten."""
    stack.apply()
    assert stack.destroy(Interruption(2, "wait", kill)).how == "killed"

    refreshed(stack)
    assert stack.state is not None

    assert stack.destroy().how == "done"
    (proof,) = stack.proofs()
    assert is_tagged(proof)


def test_refresh_of_a_busy_cluster_waits_for_nothing(stack: Bench) -> None:
    """A refresh tells what is there now."""
    stack.apply()
    busy(stack)
    began = stack.now()

    refreshed(stack)

    assert stack.state is not None
    assert (stack.now() - began).total_seconds() < 5


def test_what_is_restored_after_a_refresh_is_what_was_destroyed(stack: Bench) -> None:
    """Interrupted destroy, refresh, destroy, then `up` with restore_final_snapshot: the data is back."""
    program: dict[str, Any] = {"restore_final_snapshot": True}
    stack.apply(**program)
    write_data(stack)
    interrupted(stack)
    refreshed(stack)
    assert stack.destroy().how == "done"

    assert stack.apply(**program).how == "done"
    assert stack.control.marker(CLUSTER) == "everything we have"
