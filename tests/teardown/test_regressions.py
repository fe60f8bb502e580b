"""Bugs that were found, each as the shortest history that shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.views import Answer, ClusterView, SnapshotView
from redshift_teardown.lifecycle.check import check
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.teardown.claim import TAG_CLAIM
from redshift_teardown.teardown.memory import remember
from redshift_teardown.teardown.model import Done, LetGo, Refuse, Wait
from redshift_teardown.teardown.next_step import next_step
from redshift_teardown.teardown.observe import observe
from redshift_teardown.teardown.proof import void_key
from tests.teardown import pure
from tests.teardown.stage import CLUSTER, PROTECTED, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.teardown.stage import Result, Stage

ONE_NAME = {"35,": '35, name: "{cluster}-last",'}
LAST = f"{CLUSTER}-last"


def before_delete(action: object, number: int = 1) -> Interruption:
    """Something happens between the last poll and DeleteCluster."""
    assert callable(action)
    return Interruption(number, "before", action, "DeleteCluster")


def snapshot_by_hand(stage: Stage, name: str) -> None:
    """Somebody takes a manual snapshot of the cluster."""
    stage.outsider.create_cluster_snapshot(SnapshotIdentifier=name, ClusterIdentifier=CLUSTER)


# --- what proves ---------------------------------------------------------------------------------


def test_an_older_available_snapshot_does_not_make_up_for_a_newer_failed_one() -> None:
    """Of two snapshots that count the newest decides, whatever became of it: the older one lacks the writes
    since.
    """
    older = pure.snapshot(
        pure.NAME.replace("20260201", "20260115"), create_time=pure.NOW - timedelta(days=17)
    )
    seen = pure.look(None, older, pure.snapshot(status="failed"))
    step = next_step(pure.PLAN, pure.IDENTITY, seen, pure.memory())
    assert isinstance(step, Refuse)
    assert "is 'failed', and the cluster is gone" in step.what
    assert older.identifier in step.data


def test_a_snapshot_still_running_when_the_deletion_began_proves_nothing(stage: Stage) -> None:
    """A manual snapshot under way at DeleteCluster, named as the policy names, is older than the last
    writes: when the final one fails and the cluster is gone, or is taken away, it does not stand in for it.
    """
    for end in ("fails", "is taken away"):
        stage.reset(stage.rules(PROTECTED, **ONE_NAME))
        stage.up()
        stage.control.set_lifecycle(final_snapshot=400, manual_snapshot=300)
        snapshot_by_hand(stage, LAST)
        stage.control.set_marker(CLUSTER, "written after the snapshot by hand began")
        if end == "fails":
            stage.control.fail_next_snapshot(CLUSTER, "cluster-gone")
            result = stage.destroy()
        else:
            lose = Interruption(30, "wait", lambda: stage.control.delete_snapshot(f"{LAST}-2"))
            result = stage.destroy(lose)
        assert stage.ledger()["snapshots"][LAST]["status"] == "available"
        assert stage.proofs() == []
        assert result.how == "refused", (end, result.kept)
        assert "is gone" in result.said


def test_a_name_that_aws_gave_to_another_snapshot_is_not_ours(stage: Stage) -> None:
    """A snapshot of this very generation takes the chosen name between look and DeleteCluster: the next
    name is asked for, and when that one fails the other does not prove anything.
    """
    stage.reset(stage.rules(PROTECTED, **ONE_NAME))
    stage.up()
    stage.control.set_lifecycle(manual_snapshot=0)
    stage.control.fail_next_snapshot(CLUSTER, "cluster-gone")

    def take_and_write() -> None:
        snapshot_by_hand(stage, LAST)
        stage.control.set_marker(CLUSTER, "written after it")

    result = stage.destroy(before_delete(take_and_write))
    assert [each["snapshot"] for each in stage.generation()["final_snapshots"]] == [f"{LAST}-2"]
    assert result.how == "refused"
    assert stage.destroy().how == "refused"
    names = [json.loads(path.read_text())["names"] for path in sorted(stage.receipts.glob("*.json"))]
    assert names[0] == [f"{LAST}-2"]


def test_a_taken_name_seen_on_a_living_cluster_is_stale() -> None:
    """What AWS said is taken was not asked for by us, so a look at the living cluster sorts it out."""
    taken = pure.memory(
        pure.attempt(answer=Answer.REFUSED, code="ClusterSnapshotAlreadyExists"),
        taken=frozenset({pure.NAME}),
    )
    seen = pure.snapshot(tags=())
    remembered = remember(pure.PLAN, pure.IDENTITY, pure.look(pure.cluster(), seen), taken)
    assert remembered.stale == frozenset({pure.NAME, void_key(seen)})


# --- what was decided earlier --------------------------------------------------------------------


def test_a_refused_skip_excuses_no_later_loss(stage: Stage) -> None:
    """A DeleteCluster without snapshot that AWS refused deleted nothing: once the policy asks for a
    snapshot, a cluster that somebody else deleted is not done.
    """
    stage.reset(stage.rules(SKIPPING))
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", code="AccessDenied")
    assert stage.destroy().how == "refused"
    stage.write_policy(stage.rules(PROTECTED))
    stage.control.remove_cluster(CLUSTER)
    result = stage.destroy()
    assert result.how == "refused"
    assert "no final snapshot of it" in result.said


def test_a_skip_that_the_cluster_outlived_excuses_no_later_loss(stage: Stage) -> None:
    """A teardown died before it sent its skip; the next one, by a stricter policy, sees the cluster alive.
    When somebody deletes it under its hands, the old decision does not make that done.
    """
    stage.reset(stage.rules(SKIPPING))
    stage.up()
    assert stage.destroy(before_delete(kill)).how == "killed"
    stage.write_policy(stage.rules(PROTECTED))
    stage.outsider.modify_cluster(ClusterIdentifier=CLUSTER, Port=5440)
    gone = Interruption(2, "wait", lambda: stage.control.remove_cluster(CLUSTER))
    result = stage.destroy(gone)
    assert result.how == "refused"


def test_a_cluster_seen_alive_forgets_what_was_decided_earlier() -> None:
    """Alive is proof that an earlier decision did not come to be; ending is not."""
    earlier = pure.memory(earlier_outcome="skip")
    for status, left in (
        ("available", ""),
        ("modifying", ""),
        ("deleting", "skip"),
        ("final-snapshot", "skip"),
    ):
        remembered = remember(pure.PLAN, pure.IDENTITY, pure.look(pure.cluster(status)), earlier)
        assert remembered.earlier_outcome == left, status


# --- the network ---------------------------------------------------------------------------------


def test_a_network_that_is_away_for_a_while_does_not_end_a_wait(stage: Stage) -> None:
    """No route to AWS for ten minutes in the middle of a final snapshot: the wait goes on, and ends well."""
    stage.up()

    def away() -> None:
        stage.connected = False

    def back() -> None:
        stage.connected = True

    result = stage.destroy(Interruption(4, "wait", away), Interruption(40, "wait", back))
    assert result.how == "done", result.said
    assert any("AWS does not answer, asking again" in line for line in result.shown)
    assert len(stage.proofs()) == 1


def test_a_delete_that_found_no_network_is_sent_again(stage: Stage) -> None:
    """DeleteCluster that could not even connect was not refused by AWS: it is sent again after a fresh
    look.
    """
    stage.up()

    def away() -> None:
        stage.connected = False

    def back() -> None:
        stage.connected = True

    result = stage.destroy(Interruption(2, "after", away, "DescribeClusters"), Interruption(1, "wait", back))
    assert result.how == "done", result.said
    assert len(stage.generation()["final_snapshots"]) == 1


def test_an_endpoint_that_never_answered_is_not_waited_for(stage: Stage) -> None:
    """Nothing ever answered at Redshift's address: that is a mistake, said at once and not after a day."""
    stage.up()

    def away() -> None:
        stage.connected = False

    began = stage.now()
    result = stage.destroy(Interruption(1, "after", away, "GetCallerIdentity"))
    assert result.how == "refused"
    assert stage.now() - began < timedelta(minutes=5)
    assert "nothing answers there" in result.said
    assert "has not asked AWS to delete anything yet" in result.said


def test_an_error_of_the_sdk_says_once_what_the_data_is_and_once_what_to_do(stage: Stage) -> None:
    """Credentials that expire before, and in the middle of, a destroy: one `data:`, one `next:`, and it
    resumes.
    """
    stage.up()
    for operation in ("GetCallerIdentity", "DescribeClusters", "DescribeClusterSnapshots"):
        stage.emulator.control.add_fault(operation, code="ExpiredToken")
        result = stage.destroy()
        assert result.how == "refused"
        assert [result.said.count(f"\n  {part}: ") for part in ("data", "next")] == [1, 1], result.said
        assert "the credentials have expired" in result.said
    stage.emulator.control.add_fault("DescribeClusters", code="ExpiredToken", occurrence=6)
    result = stage.destroy()
    assert result.how == "refused"
    assert [result.said.count(f"\n  {part}: ") for part in ("data", "next")] == [1, 1], result.said
    final = stage.generation()["final_snapshots"][0]["snapshot"]
    assert f"data: DeleteCluster was sent with final snapshot {final}; AWS goes on with it" in result.said
    assert stage.destroy().how == "done"


# --- receipts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        b"\xff\xfe",
        '{"receipt_version": 1}',
        {"names": 7, "stale": None},
        {"names": {"a": 1}, "stale": [1, None, ["x"]], "outcome": 3, "started": 9},
        {"cluster_create_time": "yesterday", "cluster_namespace_arn": 5},
        {"receipt_version": 99, "outcome": "skip"},
    ],
    ids=range(11),
)
def test_a_damaged_receipt_stops_nothing(stage: Stage, spoilt: str | bytes | dict[str, object]) -> None:
    """Whatever stands in a file of the receipts folder, the next destroy goes on, and ends with its proof."""
    stage.up()
    assert stage.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    (path,) = stage.receipts.glob("*.json")
    if isinstance(spoilt, dict):
        spoilt = json.dumps({**json.loads(path.read_text()), **spoilt})
    path.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    result = stage.destroy()
    assert result.how == "done", result.said
    assert len(stage.proofs()) == 1


# --- two at once ---------------------------------------------------------------------------------


def test_two_teardowns_with_tags_of_their_own_both_end_well(stage: Stage) -> None:
    """A tag with the time of the destroy differs between two that run at once: neither writes over the
    other forever, and neither gives up.
    """
    stage.reset(stage.rules(PROTECTED, **{"tags: {": 'tags: {at: "{timestamp}", '}))
    stage.up()
    seconds: list[Result] = []

    def beside(end: int) -> None:
        seconds.append(stage.run_beside(end))

    # While the first waits, a second begins, and is killed after a while; the last one comes to its end.
    interruptions = [
        Interruption(number, "wait", partial(beside, end))
        for number, end in ((3, 9), (6, 30), (9, 12), (12, 0))
    ]
    first = stage.destroy(*interruptions)
    second = seconds[-1]
    assert [each.how for each in seconds[:-1]] == ["killed"] * 3
    assert (first.how, second.how) == ("done", "done"), (first.said, second.said)
    tagged = [call for call in stage.control.calls("CreateTags") if call.took_effect]
    assert 1 <= len(tagged) <= 6
    assert len(stage.proofs()) == 1


# --- one look ------------------------------------------------------------------------------------


class Answers:
    """An AWS whose two ways of looking do not agree."""

    def __init__(self, by_name: ClusterView | None, *listed: ClusterView) -> None:
        self.by_name = by_name
        self.listed = listed

    def cluster(self, identifier: str) -> ClusterView | None:
        """The answer about one."""
        assert identifier == "warehouse"
        return self.by_name

    def clusters(self) -> Iterable[ClusterView]:
        """The answer about all."""
        return self.listed

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """No snapshot."""
        assert cluster_identifier == "warehouse"
        return ()

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Both, each as above."""
        return self.snapshots(identifier), self.cluster(identifier)


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("after", ["DescribeClusters", "DescribeClusterSnapshots"])
def test_a_proof_that_appears_between_two_calls_is_no_stale_one(stage: Stage, after: str, busy: bool) -> None:
    """A teardown stops for long between its look at the living cluster and that at its snapshots (a laptop
    that sleeps), and another one ends in the meantime: what that left is the proof, now and for every later
    destroy. So it is for a cluster that is ready at the first poll, and for one that was busy then.
    """
    stage.up()
    state = stage.state
    ended: list[Result] = []
    if busy:
        stage.emulator.control.set_lifecycle(rebooting=1)
        stage.outsider.reboot_cluster(ClusterIdentifier=CLUSTER)
    looks = 2 if busy else 1
    first = stage.destroy(Interruption(looks, "after", lambda: ended.append(stage.run_beside()), after))
    assert [first.how, ended[0].how] == ["done", "done"], first.said
    stage.state = state
    assert stage.destroy().how == "done"


def test_a_cluster_that_one_answer_denies_and_another_shows_is_alive() -> None:
    """AWS says not found and lists it under its own name in the next breath: it is not gone, and not
    renamed.
    """
    seen = observe(Answers(None, pure.cluster("deleting")), pure.IDENTITY, pure.NOW)
    assert seen.renamed is None
    assert next_step(pure.PLAN, pure.IDENTITY, seen, pure.memory()) == Wait("deleting", None)


@pytest.mark.parametrize("alive", [False, True])
def test_answers_that_contradict_each_other_are_asked_for_again_later(alive: bool) -> None:
    """AWS denies the cluster by its name and lists it as available, time and again: that is no answer, so
    whoever waits asks again later, and not at once and forever.
    """
    with pytest.raises(UnreachableError, match="it is there in one and not in another"):
        observe(Answers(None, pure.cluster()), pure.IDENTITY, pure.NOW, alive=alive)


def test_a_new_cluster_under_the_old_name_does_not_hide_that_ours_was_renamed() -> None:
    """Ours was renamed and another cluster has its old name: the refusal says where ours lives on."""
    other = pure.cluster(namespace_arn="arn:aws:redshift:eu-west-1:1:namespace:other")
    renamed = replace(pure.cluster(), identifier="lagerhaus")
    step = next_step(
        pure.PLAN,
        pure.IDENTITY,
        observe(Answers(other, other, renamed), pure.IDENTITY, pure.NOW),
        pure.memory(),
    )
    assert isinstance(step, Refuse)
    assert "was renamed to lagerhaus" in step.what
    assert "lagerhaus" in step.next_step
    assert step.final


def test_one_that_was_taken_over_and_renamed_is_let_go_of() -> None:
    """Whose it is does not depend on its name, nor on whether another cluster has the old one."""
    other = pure.cluster(namespace_arn="arn:aws:redshift:eu-west-1:1:namespace:other")
    mine = replace(pure.PLAN, claim="1" * 16)
    for claim, by_name, how in (
        (f"{'2' * 16} of 0123456789ab after {'1' * 16}", None, LetGo),
        (f"{'2' * 16} of 0123456789ab after {'1' * 16}", other, LetGo),
        (f"{'2' * 16} of 0123456789ab", None, Refuse),
        (f"{'1' * 16} of 0123456789ab", None, Refuse),
    ):
        renamed = replace(pure.cluster(), identifier="lagerhaus", tags=((TAG_CLAIM, claim),))
        listed = (renamed,) if by_name is None else (by_name, renamed)
        seen = observe(Answers(by_name, *listed), pure.IDENTITY, pure.NOW)
        memory = replace(pure.memory(), gone_since=pure.NOW - timedelta(hours=1))
        step = next_step(mine, pure.IDENTITY, seen, memory)
        assert isinstance(step, how), claim
        assert ("lagerhaus" in step.what) is ("after" in claim or claim.startswith("1"))


# --- words ---------------------------------------------------------------------------------------


def test_a_snapshot_of_an_unrecorded_create_time_is_named_and_nothing_is_called_lost(stage: Stage) -> None:
    """A resize changed the create time, the receipts are on another machine, and the teardown died before
    it could tag: the refusal does not say that the data is lost, but which snapshot is likely it.
    """
    stage.up()
    stage.emulator.control.set_behaviour(keeps_create_time=False)
    stage.outsider.modify_cluster(
        ClusterIdentifier=CLUSTER, NodeType="ra3.4xlarge", NumberOfNodes=3, ClusterType="multi-node"
    )
    stage.time.advance(3600)
    assert stage.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    for path in stage.receipts.glob("*.json"):
        path.unlink()
    stage.time.advance(3600)
    result = stage.destroy()
    assert result.how == "refused"
    assert "lost" not in result.said
    assert stage.proofs()[0]["identifier"] in result.said
    assert "of a create time nobody recorded" in result.said


@pytest.mark.parametrize("status", ["NotRegistered", "not-registered", "Failed", "DEREGISTERED", "None", ""])
def test_a_lakehouse_registration_that_is_over_is_none(status: str) -> None:
    """However AWS says that there is no registration, a busy cluster is tried again and not refused."""
    busy = pure.memory(pure.attempt(answer=Answer.REFUSED, code="InvalidClusterState"))
    seen = pure.look(pure.cluster(lakehouse_status=status), after=timedelta(seconds=5))
    assert isinstance(next_step(pure.PLAN, pure.IDENTITY, seen, busy), Wait)


def test_a_plan_whose_snapshot_has_no_name_cannot_be_made() -> None:
    """To DeleteCluster no name means no snapshot, so such a plan does not exist."""
    with pytest.raises(ValueError, match="has no name"):
        replace(pure.PLAN, name="")
    assert replace(pure.plan(skip=True), name="").name == ""


def test_a_throttled_delete_is_not_said_to_go_on(stage: Stage) -> None:
    """Credentials that expire after AWS throttled DeleteCluster: nothing is under way, and the error says
    so.
    """
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", code="Throttling")
    stage.emulator.control.add_fault("DescribeClusters", code="ExpiredToken", occurrence=3)
    result = stage.destroy()
    assert result.how == "refused"
    assert "AWS has not accepted DeleteCluster (Throttling" in result.said


def test_done_needs_more_than_an_available_snapshot_that_lacks_its_tags() -> None:
    """Accepted tags that AWS does not show are not taken for written."""
    written = pure.memory(pure.attempt("CreateTags", at=pure.NOW))
    seen = pure.look(None, pure.snapshot(tags=pure.PLAN.tags[1:]), after=timedelta(minutes=1))
    assert not isinstance(next_step(pure.PLAN, pure.IDENTITY, seen, written), Done)
    others = tuple((key, "another teardown's") for key, _ in pure.PLAN.tags)
    seen = pure.look(None, pure.snapshot(tags=others), after=timedelta(minutes=1))
    assert isinstance(next_step(pure.PLAN, pure.IDENTITY, seen, written), Done)


def test_a_deletion_given_up_between_two_looks_is_refused_at_once(stage: Stage) -> None:
    """AWS begins the deletion, fails the snapshot and has the cluster available again, all before the next
    look: the failed snapshot tells it, and nothing is sent a second time.
    """
    stage.reset(stage.rules(PROTECTED, **ONE_NAME))
    stage.up()
    stage.control.set_lifecycle(final_snapshot=1)
    stage.control.fail_next_snapshot(CLUSTER)
    began = stage.now()
    pass_by = Interruption(1, "after", lambda: stage.time.sleep(2), "DeleteCluster")
    result = stage.destroy(pass_by)
    assert result.how == "refused"
    assert "AWS gave up deleting" in result.said
    assert f"its final snapshot {LAST} is 'failed'" in result.said
    assert stage.now() - began < timedelta(minutes=1)
    assert [call.operation for call in result.calls].count("DeleteCluster") == 1
    assert stage.destroy().how == "done"
    assert stage.ledger()["snapshots"][f"{LAST}-2"]["status"] == "available"


def test_receipts_are_read_where_the_policy_had_them_before(stage: Stage) -> None:
    """A destroy that skipped was killed; then the policy names another receipts folder and protects the
    stack: the cluster that is gone is still judged by what was decided then.
    """
    stage.reset(stage.rules(SKIPPING))
    stage.up()
    assert stage.destroy(Interruption(1, "wait", kill)).how == "killed"
    stage.time.sleep(3600)
    stage.write_policy(stage.rules(PROTECTED, **{"receipts: receipts": "receipts: elsewhere"}))
    result = stage.destroy()
    assert result.how == "done", result.said


RENAMED = """\
version: 1
environments:
  ours: {stacks: [live, live-two], skip: never}
  scratch:
    stacks: [dev-seven]
    skip: [{when: {always: true}, because: nobody needs it}]
"""


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [("live", "dev-seven", True), ("live", "live-two", False), ("dev-seven", "dev-seven", False)],
)
def test_a_name_alone_does_not_loosen(before: str, after: str, *, refused: bool, stage: Stage) -> None:
    """A protected stack that is renamed to what may skip is refused in preview: only policies loosen."""
    stage.reset(RENAMED)
    stage.up(urn=URN.replace(":live:", f":{before}:"))
    olds = stage.state
    assert olds is not None

    def preview() -> object:
        news, failures = check(olds, stage.program(urn=URN.replace(":live:", f":{after}:")), stage.settings)
        assert failures == []
        return diff(olds, news, stage.settings)

    result = stage.run(preview)

    assert [result.how, f"pulumi stack rename {before}" in result.said] == (
        ["refused", True] if refused else ["done", False]
    )


def test_what_another_stack_decided_excuses_no_loss(stage: Stage) -> None:
    """Another stack that had adopted the cluster skipped its snapshot: here that is a loss, and said so."""
    stage.reset(stage.rules(SKIPPING, **{"[live]": "[live, scratch]"}))
    stage.up()
    assert stage.state is not None
    ours = stage.state
    stage.state = {**ours, "urn": str(ours["urn"]).replace(":live:", ":scratch:")}
    assert stage.destroy().how == "done"
    assert stage.proofs() == []
    stage.state = ours
    stage.write_policy(stage.rules(PROTECTED))

    result = stage.destroy()

    assert result.how == "refused", result.kept
    assert "is gone, and no final snapshot of it" in result.said


def test_a_recorded_policy_that_cannot_be_read_counts_as_protected(stage: Stage) -> None:
    """Whatever became of the recorded rules, the file alone does not loosen."""
    stage.reset(stage.rules(SKIPPING))
    stage.up()
    assert stage.state is not None
    rules = stage.state["policy"]["rules"][:-1]
    stage.state = {**stage.state, "policy": {**stage.state["policy"], "rules": rules}}

    result = stage.destroy()

    assert result.how == "done", result.said
    assert any("counts as protected" in warning for warning in result.warned)
    assert len(stage.proofs()) == 1
