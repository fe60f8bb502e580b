"""AWS's answers lag behind: what was seen or asked for is waited for, and what is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.deletion_policy import fit_tag_value
from redshift_teardown.lifecycle.outputs import CREATING_TAG, user_tags
from redshift_teardown.reports.snapshots import report_snapshots
from tests.around.test_proof import killed_and_returned
from tests.around.world import configured, is_tagged, write_data
from tests.cli.test_plan import export, run
from tests.parity.bench import did
from tests.teardown.stage import CLUSTER, POLICY, PROTECTED, REGION, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

STACK = {
    "urn": "urn:pulumi:live::shop::pulumi:pulumi:Stack::shop-live",
    "type": "pulumi:pulumi:Stack",
    "outputs": {},
}
OTHER = "urn:pulumi:live::shop::pulumi-python:dynamic/redshift:Cluster::lake"
SETTLE_SECONDS = 300.0


# --- a listing of snapshots that lags ------------------------------------------------------------


@pytest.mark.parametrize("seconds", [20, 40, 240])
def test_a_snapshot_that_was_seen_is_waited_for(stack: Bench, seconds: float) -> None:
    """The cluster is gone and the listing does not show its snapshot for a while: no loss, and no success
    before it is there.
    """
    stack.apply()
    stack.control.set_behaviour(snapshot_listing_lag_seconds=seconds)

    result = stack.destroy()

    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)


def test_a_snapshot_that_was_asked_for_and_never_seen_is_waited_for(stack: Bench) -> None:
    """The deletion ends between two polls, so this run only knows that AWS accepted it with that name."""
    stack.apply()
    stack.control.set_lifecycle(CLUSTER, final_snapshot=1, deleting=1)
    stack.control.set_behaviour(snapshot_listing_lag_seconds=120)

    result = stack.destroy()

    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)


def test_a_snapshot_that_an_interrupted_run_asked_for_is_waited_for(stack: Bench) -> None:
    """Its receipt says that AWS accepted it a moment ago: the next destroy does not call it lost at once."""
    stack.apply()
    stack.control.set_behaviour(snapshot_listing_lag_seconds=60)
    assert stack.destroy(Interruption(3, "wait", kill)).how == "killed"
    stack.time.advance(stack.ledger()["clusters"][CLUSTER]["activity"]["ends"] - stack.control.now() + 61)
    assert stack.ledger()["clusters"] == {}

    result = stack.destroy()

    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)


def test_one_that_does_not_show_in_time_is_refused(stack: Bench) -> None:
    """It is not waited for without an end, and it is not said to be lost for sure; later it is found."""
    stack.apply()
    stack.control.set_behaviour(snapshot_listing_lag_seconds=7200)

    result = stack.destroy()

    final = stack.generation()["final_snapshots"][0]["snapshot"]
    waited = stack.now().timestamp() - stack.generation()["deleted"]
    assert result.how == "refused"
    assert SETTLE_SECONDS - 30 < waited < 3600
    assert final in result.said
    stack.time.advance(7200)
    assert stack.destroy().how == "done"


def test_a_snapshot_that_is_deleted_while_it_is_waited_for_is_missed(stack: Bench) -> None:
    """Somebody deletes it: waiting ends, and the loss is said."""
    stack.apply()

    def deleted() -> None:
        stack.control.delete_snapshot(stack.generation()["final_snapshots"][0]["snapshot"])

    result = stack.destroy(Interruption(24, "wait", deleted))

    assert result.how == "refused"
    assert "is gone" in result.said


# --- a listing of clusters that lags -------------------------------------------------------------


def stale(stack: Bench, seconds: float) -> None:
    """AWS answers for so long as it did before the cluster was there."""
    stack.control.set_behaviour(clusters_stale_until=stack.control.now() + seconds)


LONG_ENOUGH = pytest.mark.parametrize("seconds", [1, 3, 20])


@LONG_ENOUGH
def test_an_absence_that_does_not_last_is_not_done(stack: Bench, seconds: float) -> None:
    """No snapshot is due, and the very first answers do not show the cluster: it is deleted all the same."""
    stack.reset(POLICY.format(skip=SKIPPING))
    stack.apply()
    stale(stack, seconds)

    assert stack.destroy().how == "done"

    assert stack.ledger()["clusters"] == {}


@LONG_ENOUGH
def test_an_absence_that_does_not_last_is_no_loss(stack: Bench, seconds: float) -> None:
    """Nor does a destroy print how to let go of a cluster that lives on."""
    stack.apply()
    stale(stack, seconds)

    result = stack.destroy()

    assert result.how == "done", result.said
    (proof,) = stack.proofs()
    assert is_tagged(proof)


@LONG_ENOUGH
def test_an_absence_that_does_not_last_makes_no_proof_of_an_older_snapshot(
    stack: Bench, seconds: float
) -> None:
    """A receipt says that AWS accepted a deletion, and AWS gave it up unseen after its snapshot."""
    stack.apply()
    killed_and_returned(stack)
    stale(stack, seconds)

    assert stack.destroy().how == "done"

    assert stack.generation()["marker"] in {proof["marker"] for proof in stack.proofs()}


@LONG_ENOUGH
@pytest.mark.parametrize("skip", [PROTECTED, SKIPPING])
def test_an_absence_that_does_not_last_changes_no_state(stack: Bench, seconds: float, skip: str) -> None:
    """A refresh neither drops the cluster nor marks it as gone."""
    stack.reset(POLICY.format(skip=skip))
    stack.apply()
    stale(stack, seconds)

    result = stack.refresh()

    assert (result.how, result.warned) == ("done", [])
    assert stack.state is not None
    assert "gone" not in stack.state


def test_an_absence_that_lasts_is_believed(stack: Bench) -> None:
    """A dev cluster that somebody deleted leaves the state in half a minute, and destroy ends well."""
    stack.reset(POLICY.format(skip=SKIPPING))
    for command in (stack.refresh, stack.destroy):
        stack.apply()
        stack.control.remove_cluster(CLUSTER)
        began = stack.now()
        assert command().how == "done"
        assert 15 <= (stack.now() - began).total_seconds() < 60
        stack.state = None


@pytest.mark.parametrize("seconds", [5, 30, 120])
def test_a_new_cluster_that_does_not_show_yet_is_waited_for(stack: Bench, seconds: float) -> None:
    """ClusterNotFound right after CreateCluster: `up` waits, and records it."""
    stack.control.set_behaviour(cluster_listing_lag_seconds=seconds)

    result = stack.apply()

    assert (result.how, did(result)) == ("done", "create"), result.said
    assert stack.preview() == "same"
    assert user_tags(stack.cluster()) == {}
    assert CREATING_TAG not in stack.ledger()["clusters"][CLUSTER]["tags"]


def test_a_restored_cluster_that_does_not_show_yet_is_waited_for(stack: Bench) -> None:
    """So it is after RestoreFromClusterSnapshot, whose creating tag is written as soon as it shows."""
    stack.apply()
    write_data(stack)
    stack.destroy()
    stack.control.set_behaviour(cluster_listing_lag_seconds=30)

    result = stack.apply(restore_final_snapshot=True)

    assert result.how == "done", result.said
    assert stack.control.marker(CLUSTER) == "everything we have"
    assert stack.preview(restore_final_snapshot=True) == "same"


@pytest.mark.parametrize("occurrence", [4, 5, 7])
def test_one_lagging_answer_while_it_is_created(stack: Bench, occurrence: int) -> None:
    """It was seen already, and one answer does not know it; three are asked before it is created."""
    stack.control.add_fault("DescribeClusters", code="ClusterNotFound", status=404, occurrence=occurrence)

    result = stack.apply()

    assert result.how == "done", result.said
    assert stack.preview() == "same"


@pytest.mark.parametrize("occurrence", [2, 3, 4])
def test_one_lagging_answer_while_it_is_updated(stack: Bench, occurrence: int) -> None:
    """So it is in the middle of a change of several steps."""
    stack.apply()
    stack.control.add_fault("DescribeClusters", code="ClusterNotFound", status=404, occurrence=occurrence)
    program: dict[str, Any] = {"port": 5441, "number_of_nodes": 4}

    result = stack.apply(**program)

    assert result.how == "done", result.said
    assert stack.preview(**program) == "same"


def test_a_cluster_that_is_deleted_while_it_is_created_is_said_to_be_gone(stack: Bench) -> None:
    """It is not waited for without an end, and the message does not say both that it is gone and exists."""
    began = stack.now()

    result = stack.apply(Interruption(2, "wait", lambda: stack.control.remove_cluster(CLUSTER)))

    assert (result.how, stack.state) == ("refused", None)
    assert f"no cluster {CLUSTER}" in result.said
    assert "exists" not in result.said
    assert (stack.now() - began).total_seconds() < 3600


# --- what AWS does not tell ----------------------------------------------------------------------


def test_snapshots_without_a_create_time_are_named_as_such(stack: Bench) -> None:
    """As moto's server tells them: ClusterCreateTime is said to be missing, nothing is guessed."""
    stack.apply()
    stack.control.set_behaviour(snapshots_tell_create_time=False)

    result = stack.destroy()

    assert result.how == "refused"
    assert "ClusterCreateTime" in result.said
    assert "resize" not in result.said
    assert stack.generation()["final_snapshots"][0]["snapshot"] in result.said


def test_so_they_are_when_they_are_found_later(stack: Bench) -> None:
    """The same after an interrupted destroy, with a template that needs no receipt."""
    stack.write_policy(stack.rules(PROTECTED, **{"35,": '35, name: "{cluster}-{timestamp}",'}))
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    stack.drop_receipts()
    stack.control.set_behaviour(snapshots_tell_create_time=False)

    result = stack.destroy()

    assert result.how == "refused"
    assert "ClusterCreateTime" in result.said
    assert "resize" not in result.said


# --- leftovers of a create -----------------------------------------------------------------------


def killed_while_creating(stack: Bench) -> None:
    """The engine and its provider die while the cluster is created: the state does not know it."""
    assert stack.apply(Interruption(2, "wait", kill)).how == "killed"
    assert stack.state is None
    stack.time.advance(3600)


def killed_while_restoring(stack: Bench) -> None:
    """They die between RestoreFromClusterSnapshot and the tag that says whose the cluster is."""
    stack.apply()
    stack.destroy()
    death = Interruption(1, "after", kill, "RestoreFromClusterSnapshot")
    assert stack.apply(death, restore_final_snapshot=True).how == "killed"
    assert stack.state is None
    stack.time.advance(3600)


LEFT = [killed_while_creating, killed_while_restoring]


@pytest.mark.parametrize("left", LEFT, ids=lambda each: each.__name__)
@pytest.mark.parametrize("with_another", [True, False])
def test_plan_names_what_a_killed_create_left(stack: Bench, left: Any, *, with_another: bool) -> None:
    """A destroy ends well beside it, since Pulumi never knew it: plan says that it runs on, and costs."""
    left(stack)
    document = export(None, STACK)
    if with_another:
        stack.apply(cluster_identifier="lake", urn=OTHER)
        document = export(stack.state, STACK)
        document["deployment"]["resources"][-1]["urn"] = OTHER

    configured(stack, token=None)
    ended = run(stack, document)

    assert CLUSTER in ended.output.replace("lake", ""), ended.output
    assert "unfinished" in ended.output or "not in this stack's state" in ended.output, ended.output


@pytest.mark.parametrize("left", LEFT, ids=lambda each: each.__name__)
def test_snapshots_names_what_a_killed_create_left(stack: Bench, left: Any) -> None:
    """So does `snapshots`, with the resource that it was made for."""
    left(stack)

    result: Result = stack.run(lambda: list(report_snapshots(stack.settings, (REGION,))))

    assert result.how == "done", result.said
    unfinished = [(each.identifier, each.urn.rpartition("::")[2]) for each in result.value[0].unfinished]
    assert unfinished == [(CLUSTER, URN.rpartition("::")[2])]


def test_a_cluster_that_is_in_the_state_is_no_leftover(stack: Bench) -> None:
    """Neither is one of another stack, nor one that nobody's create made."""
    stack.apply()
    stack.control.set_lifecycle("foreign", creating=0)
    stack.outsider.create_cluster(
        ClusterIdentifier="foreign",
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername="admin",
        MasterUserPassword="Somebody-Elses-1",
        Tags=[{"Key": "redshift-teardown:creating", "Value": fit_tag_value(URN.replace("live", "other"))}],
    )
    stack.time.advance(3600)

    configured(stack, token=None)
    ended = run(stack, export(stack.state, STACK))

    assert "foreign" not in ended.output, ended.output
    assert "unfinished" not in ended.output, ended.output
