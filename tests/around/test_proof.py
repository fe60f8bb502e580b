"""What counts as proof: a snapshot of this generation, by a deletion that AWS accepted and that ended it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from redshift_teardown.cli.commands import cli
from redshift_teardown.teardown.claim import TAG_CLAIM
from redshift_teardown.teardown.plan import TAG_CLUSTER, TAG_GENERATION
from tests.around.world import by_hand, changes, is_tagged, tags_of_snapshot, write_data
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

VOID = "redshift-teardown:void"
DATED = {"35,": '35, name: "{cluster}-{date}",'}
STAMPED = {"35,": '35, name: "{cluster}-{timestamp}",'}


def policy(stack: Bench, skip: str = PROTECTED, **changes_: str) -> None:
    """Write a policy."""
    stack.write_policy(stack.rules(skip, **changes_))


def tightened_and_recorded(stack: Bench) -> None:
    """The policy asks for a snapshot now, and `up` has recorded so."""
    policy(stack)
    result = stack.apply()
    assert result.how == "done"
    assert set(changes(result)) <= {"CreateTags"}  # its claim says that it is protected now


def vanish(stack: Bench) -> None:
    """Weeks later the cluster, with all that was written since, is no longer there."""
    stack.time.advance(21 * 86_400)
    stack.control.remove_cluster(CLUSTER)


def refused_as_unproven(stack: Bench) -> str:
    """Destroy, which must refuse because nothing proves that the data is kept; gives what it said."""
    result = stack.destroy()
    assert result.how == "refused", result.kept
    assert "is gone" in result.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in result.said
    assert stack.state is not None
    return result.said


def receipts(stack: Bench) -> list[dict[str, Any]]:
    """The receipts, oldest first."""
    found = [json.loads(path.read_text()) for path in stack.receipts.glob("*.json")]
    return sorted(found, key=lambda receipt: str(receipt["started"]))


def is_void(name: str, recorded: list[str]) -> bool:
    """Whether a snapshot is among those that are recorded as void, each with the time it was taken."""
    return name in {each.partition("@")[0] for each in recorded}


# --- (a) a skip that never took effect -----------------------------------------------------------


def cut_off_by_credentials(stack: Bench) -> Result:
    """DeleteCluster gets a 500 before it was performed, and then the credentials expire."""
    stack.control.add_fault("DeleteCluster", code="InternalFailure", status=500)

    def expired() -> None:
        stack.control.add_fault("DescribeClusters", code="ExpiredToken", occurrence="every")
        stack.control.add_fault("DescribeClusterSnapshots", code="ExpiredToken", occurrence="every")

    result = stack.destroy(Interruption(1, "after", expired, "DeleteCluster"))
    stack.control.clear_faults()
    return result


def killed_before_it_was_sent(stack: Bench) -> Result:
    """It was written down that it would be sent, and then the process died."""
    return stack.destroy(Interruption(1, "before", kill, "DeleteCluster"))


def lost_on_the_way(stack: Bench) -> Result:
    """The connection breaks before AWS got it, and the process dies."""
    stack.control.add_fault("DeleteCluster", kind="drop", when="before")
    return stack.destroy(Interruption(1, "wait", kill))


def refused_by_aws(stack: Bench) -> Result:
    """AWS says no."""
    stack.control.add_fault("DeleteCluster", code="AccessDenied", status=403)
    return stack.destroy()


def given_up_by_aws(stack: Bench) -> Result:
    """AWS accepts the deletion, and the cluster comes back while it is watched."""
    return stack.destroy(Interruption(2, "wait", lambda: stack.control.give_up_deletion(CLUSTER)))


NEVER_ENDED_IT: list[Callable[[Bench], Result]] = [
    cut_off_by_credentials,
    killed_before_it_was_sent,
    lost_on_the_way,
    refused_by_aws,
    given_up_by_aws,
]


@pytest.mark.parametrize("ended", NEVER_ENDED_IT, ids=lambda each: each.__name__)
def test_a_skip_that_did_not_end_the_cluster_excuses_no_later_loss(
    stack: Bench, ended: Callable[[Bench], Result]
) -> None:
    """The cluster lives on and is protected by a later `up`; when it vanishes, its data is missed."""
    policy(stack, SKIPPING)
    stack.apply()
    assert ended(stack).how in {"refused", "killed"}
    assert stack.cluster()["ClusterStatus"] == "available"
    tightened_and_recorded(stack)
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)
    refused_as_unproven(stack)


@pytest.mark.parametrize("ended", NEVER_ENDED_IT, ids=lambda each: each.__name__)
def test_nor_where_only_the_file_was_tightened(stack: Bench, ended: Callable[[Bench], Result]) -> None:
    """The stricter of the two policies asks for a snapshot, and no deletion is known that did without."""
    policy(stack, SKIPPING)
    stack.apply()
    ended(stack)
    policy(stack)

    vanish(stack)

    refused_as_unproven(stack)


def skip_given_up_unseen(stack: Bench) -> None:
    """AWS accepts a deletion without a snapshot, the process dies, and AWS gives it up; a day passes."""
    policy(stack, SKIPPING)
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.control.give_up_deletion(CLUSTER)
    stack.time.advance(86_400)


def test_nor_where_a_later_teardown_saw_the_cluster_alive(stack: Bench) -> None:
    """AWS accepted a deletion without a snapshot, the process died, and AWS gave it up unseen. The next one,
    by a tightened file, finds the cluster alive and may not delete it: what was accepted did not end it.
    """
    skip_given_up_unseen(stack)
    policy(stack)
    stack.control.add_fault("DeleteCluster", code="AccessDenied", status=403)
    assert stack.destroy().how == "refused"
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


@pytest.mark.parametrize("by", ["refresh", "update"])
def test_nor_where_a_refresh_or_an_update_saw_it_alive(stack: Bench, by: str) -> None:
    """Any poll that shows the cluster alive tells that what was accepted did not end it."""
    skip_given_up_unseen(stack)
    if by == "refresh":
        assert stack.refresh().how == "done"
    else:
        assert stack.apply(port=5441).how == "done"
    policy(stack)
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def test_a_skip_that_aws_gives_up_unseen_excuses_until_rules_are_recorded(stack: Bench) -> None:
    """A limit that *What it cannot stop* names: nobody saw the cluster live on before it vanished."""
    skip_given_up_unseen(stack)
    policy(stack)

    vanish(stack)

    assert stack.destroy().how == "done"


def test_a_skip_excuses_no_stricter_decision_that_was_recorded_since(stack: Bench) -> None:
    """AWS accepted a deletion without a snapshot and the process died; `up` has recorded since that one is
    due. That the cluster is gone without it is said, and is no success.
    """
    policy(stack, SKIPPING)
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    tightened_and_recorded(stack)
    stack.time.advance(3600)

    refused_as_unproven(stack)


def test_a_skip_that_was_seen_accepted_is_done(stack: Bench) -> None:
    """What was decided when AWS accepted it holds, where only the file was tightened after it."""
    policy(stack, SKIPPING)
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    policy(stack)
    stack.time.advance(3600)

    assert stack.destroy().how == "done"


# --- (b) a deletion that AWS gave up after its snapshot ------------------------------------------


def given_up(stack: Bench) -> str:
    """AWS takes the final snapshot and gives the deletion up; gives the snapshot's name."""
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns-after-snapshot")
    result = stack.destroy()
    assert result.how == "refused"
    assert "AWS gave up deleting" in result.said
    return str(stack.generation()["final_snapshots"][0]["snapshot"])


def test_a_snapshot_that_the_cluster_outlived_is_no_proof(stack: Bench) -> None:
    """It lives on for weeks and vanishes: what was written since is in no snapshot, and destroy says so."""
    stack.apply()
    outlived = given_up(stack)
    write_data(stack)

    vanish(stack)

    assert outlived in refused_as_unproven(stack)
    assert is_void(outlived, receipts(stack)[0]["void"])


@pytest.mark.parametrize("tagged", [False, True])
def test_nor_where_the_receipts_are_lost(stack: Bench, *, tagged: bool) -> None:
    """A teardown that sees its cluster come back marks the snapshot in AWS itself, tagged already or not."""
    stack.apply()
    if tagged:
        stack.control.set_lifecycle(CLUSTER, deleting=600)
        result = stack.destroy(Interruption(40, "wait", lambda: stack.control.give_up_deletion(CLUSTER)))
        assert result.how == "refused", result.said
        outlived = str(stack.generation()["final_snapshots"][0]["snapshot"])
        assert is_tagged(stack.ledger()["snapshots"][outlived])
    else:
        outlived = given_up(stack)
    assert VOID in tags_of_snapshot(stack, outlived)
    stack.drop_receipts()
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def killed_and_returned(stack: Bench) -> str:
    """The provider dies when DeleteCluster was accepted, and AWS gives the deletion up unseen."""
    stack.control.fail_next_snapshot(CLUSTER, "cluster-returns-after-snapshot")
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    write_data(stack)
    return str(stack.generation()["final_snapshots"][0]["snapshot"])


def seen_by_refresh(stack: Bench) -> None:
    """A refresh sees the cluster alive."""
    result = stack.refresh()
    assert (result.how, changes(result)) == ("done", [])


def seen_by_an_update(stack: Bench) -> None:
    """An update changes the cluster, which it must find alive for it."""
    assert stack.apply(port=5441).how == "done"


def seen_by_an_update_that_failed(stack: Bench) -> None:
    """A change that AWS refuses records no outputs; what it saw is written down all the same."""
    stack.control.add_fault("ModifyCluster", code="AccessDenied", status=403)
    assert stack.apply(port=5441).how == "refused"


def seen_by_a_destroy(stack: Bench) -> None:
    """Another destroy finds it alive, and may not delete it."""
    stack.control.add_fault("DeleteCluster", code="AccessDenied", status=403)
    assert stack.destroy().how == "refused"


@pytest.mark.parametrize(
    "by",
    [seen_by_refresh, seen_by_an_update, seen_by_an_update_that_failed, seen_by_a_destroy],
)
def test_whoever_sees_the_cluster_alive_voids_what_is_there(
    stack: Bench, by: Callable[[Bench], None]
) -> None:
    """Refresh and update write it in the outputs, a teardown or an update that fails in a receipt."""
    stack.apply()
    outlived = killed_and_returned(stack)
    by(stack)
    assert stack.state is not None
    if by in (seen_by_a_destroy, seen_by_an_update_that_failed):
        assert is_void(outlived, receipts(stack)[-1]["void"])
    else:
        assert is_void(outlived, stack.state["void"])

    vanish(stack)

    refused_as_unproven(stack)


def test_what_nobody_saw_it_outlive_is_taken_for_the_proof(stack: Bench) -> None:
    """As the documentation says of what it cannot stop: only who sees the cluster alive voids a snapshot."""
    stack.apply()
    outlived = killed_and_returned(stack)

    vanish(stack)

    assert stack.destroy().said == ""
    assert is_tagged(stack.ledger()["snapshots"][outlived])


def test_what_is_void_stays_void_over_updates_and_refreshes(stack: Bench) -> None:
    """The outputs hand it on."""
    stack.apply()
    outlived = killed_and_returned(stack)
    seen_by_refresh(stack)
    seen_by_refresh(stack)
    assert stack.apply(tags={"team": "sales"}).how == "done"
    policy(stack, PROTECTED, **{"retention_days: 35": "retention_days: 90"})
    assert stack.apply(tags={"team": "sales"}).how == "done"
    assert stack.state is not None
    assert is_void(outlived, stack.state["void"])
    stack.drop_receipts()

    vanish(stack)

    refused_as_unproven(stack)


# --- (c) tags that the cluster itself carries ----------------------------------------------------

LAST = {"35,": '35, name: "{cluster}-last",'}


def restored_by_hand(stack: Bench) -> None:
    """Somebody restores the final snapshot, and the stack adopts the cluster, which has the snapshot's tags.

    It has the same namespace, too, as a restore may give it.
    """
    policy(stack, PROTECTED, **LAST)
    stack.apply()
    namespace = stack.cluster()["ClusterNamespaceArn"].rpartition(":")[2]
    assert stack.destroy().how == "done"
    stack.outsider.restore_from_cluster_snapshot(
        ClusterIdentifier=CLUSTER, SnapshotIdentifier=f"{CLUSTER}-last"
    )
    stack.time.advance(86_400)
    stack.control.set_cluster(CLUSTER, namespace=namespace)
    adopted = stack.apply(adopt_existing=True)
    assert (adopted.how, adopted.said) == ("done", "")
    assert {TAG_CLUSTER, TAG_GENERATION} <= {tag["Key"] for tag in stack.cluster()["Tags"]}


def with_its_tags(stack: Bench) -> None:
    """Somebody takes a snapshot of the cluster and copies the cluster's tags to it."""
    tags = stack.cluster()["Tags"]
    by_hand(stack, "with-its-tags")
    stack.control.set_snapshot("with-its-tags", tags={tag["Key"]: tag["Value"] for tag in tags})


def resized(stack: Bench) -> None:
    """Somebody resizes the cluster, which gets another create time, and takes the snapshot after that."""
    stack.time.advance(86_400)
    stack.control.set_cluster(CLUSTER, create_time=stack.now())
    with_its_tags(stack)


@pytest.mark.parametrize("copy", [with_its_tags, resized])
@pytest.mark.parametrize("untagged", [False, True])
def test_a_snapshot_by_hand_with_the_clusters_own_tags_is_no_proof(
    stack: Bench, copy: Callable[[Bench], None], *, untagged: bool
) -> None:
    """They are those of a final snapshot, which the cluster was restored from by hand: copied, they say
    nothing. Nor once the cluster has lost them.
    """
    restored_by_hand(stack)
    copy(stack)
    write_data(stack)
    if untagged:
        stack.control.set_cluster(CLUSTER, tags={})
        assert stack.refresh().said == ""
        # Else it is void, since the cluster was seen alive after it.
        stack.drop_receipts()

    vanish(stack)

    refused_as_unproven(stack)


def test_nor_one_with_tags_that_only_the_teardown_saw_on_the_cluster(stack: Bench) -> None:
    """Somebody tags the cluster, and deletes it while its teardown runs: the state tells of no such tag."""
    stack.apply()
    assert stack.state is not None
    stack.control.set_cluster(
        CLUSTER,
        tags={
            TAG_CLUSTER: CLUSTER,
            TAG_GENERATION: stack.state["cluster_namespace_arn"].rpartition(":")[2],
        },
    )

    def replaced_by_a_snapshot() -> None:
        stack.time.advance(3600)
        with_its_tags(stack)
        write_data(stack)
        stack.control.remove_cluster(CLUSTER)

    result = stack.destroy(Interruption(1, "before", replaced_by_a_snapshot, "DeleteCluster"))

    assert (result.how, "no final snapshot of it" in result.said) == ("refused", True), result.kept


@pytest.mark.parametrize("killed", [False, True])
def test_what_a_teardown_of_such_a_cluster_makes_is_proof(stack: Bench, *, killed: bool) -> None:
    """By what AWS accepted, and by the receipt."""
    restored_by_hand(stack)
    stack.control.set_snapshot(f"{CLUSTER}-last", tags={})

    if killed:
        assert stack.destroy(Interruption(3, "wait", kill)).how == "killed"
        stack.time.advance(3600)
    assert stack.destroy().how == "done"

    assert stack.proofs()[-1]["identifier"] == f"{CLUSTER}-last-2"


def test_a_restore_of_its_own_leaves_no_such_tags_on_the_cluster(stack: Bench) -> None:
    """So a machine without receipts, and names without a time, finds its proof by the tags."""
    policy(stack, PROTECTED, **LAST)
    stack.apply()
    assert stack.destroy().how == "done"
    assert stack.apply(restore_final_snapshot=True).how == "done"
    assert [tag["Key"] for tag in stack.cluster()["Tags"] if tag["Key"] != TAG_CLAIM] == []
    stack.control.set_lifecycle(CLUSTER, deleting=600)
    assert stack.destroy(Interruption(40, "wait", kill)).how == "killed"
    assert is_tagged(stack.ledger()["snapshots"][f"{CLUSTER}-last-2"])
    stack.time.advance(3600)
    stack.drop_receipts()

    assert stack.destroy().how == "done"


# --- (d) names -----------------------------------------------------------------------------------


def test_a_snapshot_by_hand_whose_name_fits_the_template_is_no_proof(stack: Bench) -> None:
    """Named as the policy would have named it that day, it lacks the writes since."""
    policy(stack, PROTECTED, **DATED)
    stack.apply()
    name = f"{CLUSTER}-{stack.now():%Y%m%d}"
    by_hand(stack, name)
    write_data(stack)

    vanish(stack)

    assert name in refused_as_unproven(stack)


def test_nor_one_that_has_the_requested_name(stack: Bench) -> None:
    """The name that the program asks for proves nothing by itself."""
    stack.apply(final_snapshot_identifier="the-last")
    by_hand(stack, "the-last")
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


@pytest.mark.parametrize("name", ["{cluster}-last", "{cluster}-{date}", "{stack}-{cluster}-{account}"])
@pytest.mark.parametrize("number", ["", "-2"])
def test_nor_one_of_any_template_without_a_timestamp(stack: Bench, name: str, number: str) -> None:
    """Nor with the number that a name gets which is taken."""
    policy(stack, PROTECTED, **{"35,": f'35, name: "{name}",'})
    stack.apply()
    made = name.format(cluster=CLUSTER, date=f"{stack.now():%Y%m%d}", stack="live", account="111122223333")
    by_hand(stack, made + number)
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


@pytest.mark.parametrize("days", [-400, -30, 30])
def test_nor_one_whose_timestamp_is_not_that_of_its_taking(stack: Bench, days: int) -> None:
    """A destroy names the snapshot that it asks for: the time in the name is about that of the snapshot."""
    policy(stack, PROTECTED, **STAMPED)
    stack.apply()
    by_hand(stack, f"{CLUSTER}-{stack.now() + timedelta(days=days):%Y%m%dt%H%M%Sz}")
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def test_nor_one_under_a_name_that_a_refused_deletion_asked_for(stack: Bench) -> None:
    """AWS refused the teardown's DeleteCluster; then somebody takes a snapshot of that very name."""
    policy(stack, PROTECTED, **DATED)
    stack.apply()
    stack.control.add_fault("DeleteCluster", code="AccessDenied", status=403)
    assert stack.destroy().how == "refused"
    by_hand(stack, f"{CLUSTER}-{stack.now():%Y%m%d}")
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def test_nor_one_that_was_taken_long_after_a_deletion_that_got_no_answer(stack: Bench) -> None:
    """A killed teardown had written down what it would ask for, and AWS never got it: a snapshot of that name
    which somebody takes a day later does not fit the time of sending.
    """
    policy(stack, PROTECTED, **{"35,": '35, name: "{cluster}-last",'})
    stack.apply()
    assert stack.destroy(Interruption(1, "before", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(86_400)
    by_hand(stack, f"{CLUSTER}-last")
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def test_a_lost_answer_is_proof_where_a_receipt_and_the_time_say_so(stack: Bench) -> None:
    """Killed when DeleteCluster was just sent: the snapshot is there under that name and of that time."""
    policy(stack, PROTECTED, **{"35,": '35, name: "{cluster}-last",'})
    stack.apply()
    assert stack.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stack.time.advance(3600)

    assert stack.destroy().how == "done"
    (proof,) = stack.proofs()
    assert (proof["identifier"], is_tagged(proof)) == (f"{CLUSTER}-last", True)


def test_without_a_receipt_a_name_without_a_timestamp_proves_nothing(stack: Bench) -> None:
    """The same on a machine that has lost its receipts: refused, and the snapshot is named as what it is."""
    policy(stack, PROTECTED, **{"35,": '35, name: "{cluster}-last",'})
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    stack.drop_receipts()

    assert f"{CLUSTER}-last" in refused_as_unproven(stack)


def test_without_a_receipt_a_fitting_timestamp_is_proof(stack: Bench) -> None:
    """A name from a template with {timestamp} proves itself, on any machine."""
    policy(stack, PROTECTED, **STAMPED)
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    stack.drop_receipts()

    assert stack.destroy().how == "done"
    (proof,) = stack.proofs()
    assert is_tagged(proof)


@pytest.mark.parametrize(
    ("name", "warned"),
    [("{cluster}-{date}", True), ("{cluster}-last", True), ("{cluster}-{timestamp}", False)],
)
def test_check_warns_of_templates_without_a_timestamp(tmp_path: Path, name: str, *, warned: bool) -> None:
    """A machine that loses its receipts cannot prove what they name; that is no error."""
    file = tmp_path / "deletion-policy.yaml"
    file.write_text(
        "version: 1\n"
        "environments:\n"
        "  production:\n"
        "    stacks: [prod]\n"
        "    skip: never\n"
        f'    final_snapshot: {{name: "{name}", retention_days: 35}}\n',
        encoding="utf-8",
    )

    ended = CliRunner().invoke(cli, ["check", str(file)])

    assert ended.exit_code == 0, ended.output
    assert ("{timestamp}" in ended.output) is warned, ended.output


# --- (e) an earlier life -------------------------------------------------------------------------


def restored_with_the_same_namespace(stack: Bench) -> str:
    """Destroyed, then restored by `up` in an AWS that keeps the namespace; gives the first snapshot."""
    stack.apply()
    namespace = stack.generation()["namespace"]
    stack.destroy()
    (first,) = [each["snapshot"] for each in stack.generation()["final_snapshots"]]
    stack.time.advance(86_400)

    def kept() -> None:
        stack.control.set_cluster(CLUSTER, namespace=namespace)

    program = {"restore_final_snapshot": True}
    result = stack.apply(Interruption(1, "after", kept, "RestoreFromClusterSnapshot"), **program)
    assert result.how == "done", result.said
    write_data(stack)
    return str(first)


@pytest.mark.parametrize("receipts_left", [True, False])
def test_a_snapshot_of_an_earlier_life_is_no_proof(stack: Bench, *, receipts_left: bool) -> None:
    """Its tags name the same namespace, and its receipt too; but it is of a cluster created before."""
    first = restored_with_the_same_namespace(stack)
    if not receipts_left:
        stack.drop_receipts()

    vanish(stack)

    refused_as_unproven(stack)
    assert stack.ledger()["snapshots"][first]["status"] == "available"


def test_nor_where_the_cluster_was_adopted_after_the_restore(stack: Bench) -> None:
    """Somebody restores our snapshot in an AWS that keeps the namespace, and this stack adopts it."""
    stack.apply()
    namespace = stack.generation()["namespace"]
    stack.destroy()
    (first,) = [each["snapshot"] for each in stack.generation()["final_snapshots"]]
    stack.time.advance(86_400)
    stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier=first)
    stack.control.set_cluster(CLUSTER, namespace=namespace, tags={})
    stack.time.advance(3600)
    assert stack.apply(adopt_existing=True).how == "done"
    write_data(stack)

    vanish(stack)

    refused_as_unproven(stack)


def test_a_newer_create_time_needs_a_resize_or_resume_that_was_seen(stack: Bench) -> None:
    """A snapshot with our generation's tags whose cluster was created later than recorded, and nobody saw
    why: somebody restored it and wrote on.
    """
    stack.apply()
    generation = stack.generation()
    stack.control.put_snapshot(
        "warehouse-by-somebody",
        CLUSTER,
        namespace=generation["namespace"],
        cluster_create_time=generation["created"] + 7200,
        create_time=generation["created"] + 9000,
        tags={
            "redshift-teardown:generation": generation["namespace"],
            "redshift-teardown:cluster": CLUSTER,
        },
    )

    vanish(stack)

    refused_as_unproven(stack)


@pytest.mark.parametrize("seen_by", ["update", "refresh", "destroy"])
def test_a_newer_create_time_that_was_seen_is_the_same_generation(stack: Bench, seen_by: str) -> None:
    """A resize changed it, and an update, a refresh or the teardown itself saw the cluster so."""
    stack.control.set_behaviour(keeps_create_time=False)
    stack.apply()
    if seen_by == "update":
        assert stack.apply(number_of_nodes=4).how == "done"
    else:
        stack.outsider.resize_cluster(ClusterIdentifier=CLUSTER, NodeType="ra3.xlplus", NumberOfNodes=4)
        stack.time.advance(3600)
    if seen_by == "refresh":
        assert stack.refresh().how == "done"
    assert stack.destroy(Interruption(3, "wait", kill)).how == "killed"
    stack.time.advance(3600)

    result = stack.destroy()

    assert result.how == "done", result.said
    assert len(stack.proofs()) == 1
