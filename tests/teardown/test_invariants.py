"""What a teardown never does and always does, each shown on the whole of it, against the emulator."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.aws.identity import Identity
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.delete import delete
from tests.teardown.stage import (
    ACCOUNT,
    CLUSTER,
    OTHER_ACCOUNT,
    PROTECTED,
    REGION,
    SKIPPING,
    URN,
    Interruption,
    Stage,
    kill,
)

if TYPE_CHECKING:
    from redshift_teardown.emulator.calls import CallRecord
    from tests.teardown.stage import Result

LAST = f"{CLUSTER}-last"
ONE_NAME = {"35,": '35, name: "{cluster}-last",'}


def deletes(result: Result) -> list[CallRecord]:
    """The DeleteCluster calls of a command."""
    return [call for call in result.calls if call.operation == "DeleteCluster"]


def receipts(stage: Stage) -> list[dict[str, object]]:
    """All receipts, oldest first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in stage.receipts.glob("*.json")]
    return sorted(found, key=lambda document: str(document["started"]))


# --- DeleteCluster says what is meant --------------------------------------------------------------


def test_delete_says_snapshot_name_and_retention(stage: Stage) -> None:
    """With a snapshot due, DeleteCluster says so, and names snapshot and retention: AWS's defaults decide
    nothing.
    """
    stage.up()
    (call,) = deletes(stage.destroy())
    name = call.parameters.pop("FinalClusterSnapshotIdentifier")
    assert name.startswith("shop-live-warehouse-final-2026")
    assert call.parameters == {
        "ClusterIdentifier": CLUSTER,
        "SkipFinalClusterSnapshot": "false",
        "FinalClusterSnapshotRetentionPeriod": "35",
    }


def test_delete_says_skip(stage: Stage) -> None:
    """A skip is said, and comes alone: AWS refuses a snapshot's name beside it."""
    stage.reset(stage.rules(SKIPPING))
    stage.up()
    (call,) = deletes(stage.destroy())
    assert call.parameters == {"ClusterIdentifier": CLUSTER, "SkipFinalClusterSnapshot": "true"}


def test_delete_is_sent_once(stage: Stage) -> None:
    """Where the answer is lost, no blind second DeleteCluster meets the first one's success."""
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", kind="drop", when="after")
    result = stage.destroy()
    assert result.how == "done"
    assert len(deletes(result)) == 1


def test_a_failed_delete_is_followed_by_a_look(stage: Stage) -> None:
    """After every DeleteCluster, refused, unanswered or accepted, the next call looks at the cluster, and so
    does the last one before it. One that AWS throttled has changed nothing: that look may begin with the
    snapshots.
    """
    for fault in (
        {"code": "InvalidClusterState"},
        {"code": "Throttling"},
        {"code": "InternalFailure", "when": "after"},
        {"kind": "drop"},
        {"kind": "drop", "when": "after"},
        {"code": "ClusterSnapshotAlreadyExists"},
    ):
        stage.reset()
        stage.up()
        stage.emulator.control.add_fault("DeleteCluster", times=3, **fault)  # type: ignore[arg-type]
        result = stage.destroy()
        operations = [call.operation for call in result.calls]
        after = {following for call, following in pairwise(operations) if call == "DeleteCluster"}
        before = {call for call, following in pairwise(operations) if following == "DeleteCluster"}
        assert (result.how, before) == ("done", {"DescribeClusters"}), fault
        assert after - {"DescribeClusters"} <= (
            {"DescribeClusterSnapshots"} if fault.get("code") == "Throttling" else set()
        ), fault


def test_skip_is_never_sent_because_a_snapshot_exists(stage: Stage) -> None:
    """A complete snapshot of this very generation, tagged as ours and named as ours, does not stand in for
    a new one while the cluster lives.
    """
    stage.reset(stage.rules(PROTECTED, **ONE_NAME))
    stage.up()
    stage.outsider.create_cluster_snapshot(SnapshotIdentifier=LAST, ClusterIdentifier=CLUSTER)
    stage.time.advance(600)
    stage.control.set_marker(CLUSTER, "written since")
    result = stage.destroy()
    assert result.how == "done"
    assert [call.parameters["SkipFinalClusterSnapshot"] for call in deletes(result)] == ["false"]
    assert [proof["identifier"] for proof in stage.proofs()] == [f"{LAST}-2"]


# --- whose cluster ---------------------------------------------------------------------------------


def test_credentials_of_another_account_touch_nothing(stage: Stage) -> None:
    """Not found there means nothing: nothing of Redshift is asked in another account."""
    stage.up()
    stage.account = OTHER_ACCOUNT
    result = stage.destroy()
    assert result.how == "refused"
    assert (
        f"created in account {ACCOUNT}, and this configuration is for account {OTHER_ACCOUNT}" in result.said
    )
    assert [call.operation for call in result.calls] == ["GetCallerIdentity"]


def test_another_region_touches_nothing(stage: Stage) -> None:
    """A state whose region is not the configuration's is refused before Redshift is asked."""
    stage.up()
    assert stage.state is not None
    stage.state["identity"]["region"] = "eu-west-1"
    result = stage.destroy()
    assert result.how == "refused"
    assert "created in region eu-west-1, and this configuration is for region us-east-1" in result.said
    assert [call.operation for call in result.calls] == ["GetCallerIdentity"]


def test_another_generation_under_the_name_is_left_alone(stage: Stage) -> None:
    """Somebody deleted ours and created another of its name: that one is kept, and ours is not done."""
    stage.up()
    stage.control.remove_cluster(CLUSTER)
    stage.created_by_hand(ClusterType="multi-node")
    stage.time.advance(600)
    result = stage.destroy()
    assert result.how == "refused"
    assert "another generation" in result.said
    assert deletes(result) == []


@pytest.mark.parametrize("seen", ["at a look", "by a refresh"])
def test_a_new_create_time_of_the_same_namespace_is_ours(stage: Stage, seen: str) -> None:
    """A resize may change the create time: cluster and snapshot are ours by the last time seen."""
    stage.up()
    stage.emulator.control.set_behaviour(keeps_create_time=False)
    stage.outsider.modify_cluster(
        ClusterIdentifier=CLUSTER, NodeType="ra3.4xlarge", NumberOfNodes=3, ClusterType="multi-node"
    )
    stage.time.advance(3600)
    if seen == "by a refresh":
        stage.refresh()
        assert stage.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
        for path in stage.receipts.glob("*.json"):
            path.unlink()
    assert stage.destroy().how == "done"
    assert len(stage.proofs()) == 1


def test_a_renamed_cluster_is_found_and_left_alone(stage: Stage) -> None:
    """Not found under its name, found under another: it says so, deletes nothing, and goes on once renamed
    back.
    """
    stage.up()
    stage.outsider.modify_cluster(ClusterIdentifier=CLUSTER, NewClusterIdentifier="lagerhaus")
    stage.time.advance(600)
    result = stage.destroy()
    assert result.how == "refused"
    assert "was renamed to lagerhaus" in result.said
    stage.outsider.modify_cluster(ClusterIdentifier="lagerhaus", NewClusterIdentifier=CLUSTER)
    stage.time.advance(600)
    assert stage.destroy().how == "done"


def test_another_resource_of_this_process_keeps_its_cluster(stage: Stage) -> None:
    """A resource renamed without an alias: the old one's delete leaves the cluster that the new one owns."""
    stage.up()
    assert stage.state is not None
    state = stage.state
    identity = Identity.from_json(state["identity"], CLUSTER)

    def rename() -> None:
        this_run.note_program(URN + "-new", {})
        this_run.claim(identity, URN + "-new")
        delete(state, stage.settings)

    result = stage.run(rename)
    assert result.how == "refused"
    assert f"resource {URN}-new of this same run owns it now" in result.said
    assert CLUSTER in stage.ledger()["clusters"]


# --- what proves -----------------------------------------------------------------------------------


def gone_with(stage: Stage, name: str, *, tags: dict[str, str] | None = None, **changes: str) -> Result:
    """Destroy a cluster that somebody deleted, with a snapshot of that name."""
    stage.outsider.delete_cluster(ClusterIdentifier=CLUSTER, FinalClusterSnapshotIdentifier=name)
    stage.time.advance(3600)
    if tags is not None:
        stage.control.set_snapshot(name, tags=tags)
    for key, value in changes.items():
        stage.control.set_snapshot(name, **{key: value})  # type: ignore[arg-type]
    return stage.destroy()


def test_gone_without_a_snapshot_is_refused(stage: Stage) -> None:
    """Not found is not done: without a snapshot that the decision asks for, it says what is lost and how to
    let go.
    """
    stage.up()
    stage.control.remove_cluster(CLUSTER)
    result = stage.destroy()
    assert result.how == "refused"
    assert "the data is lost as far as AWS shows" in result.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in result.said


def test_somebody_elses_snapshot_does_not_prove(stage: Stage) -> None:
    """A snapshot of the generation by a name that nobody of this stack asked for is named, but proves
    nothing.
    """
    stage.up()
    result = gone_with(stage, "by-hand")
    assert result.how == "refused"
    assert "snapshots of it that can still be restored: by-hand" in result.said


def test_a_name_of_the_template_proves(stage: Stage) -> None:
    """A snapshot named as the recorded template names, with the time it was taken at, proves; it is tagged
    then. With another time in its name it does not.
    """
    for minutes, how in ((0, "done"), (-4, "done"), (-26 * 60, "refused"), (6, "refused")):
        stage.reset()
        stage.up()
        named = stage.now() + timedelta(minutes=minutes)
        result = gone_with(stage, f"shop-live-warehouse-final-{named:%Y%m%dt%H%M%Sz}")
        assert result.how == how, minutes
        managed = {each["tags"].get("managed-by") for each in stage.proofs()}
        assert managed == {"redshift-teardown" if how == "done" else None}


def test_a_granted_name_alone_does_not_prove(stage: Stage) -> None:
    """A name that the program asked for says nothing about when, and by whom, it was given."""
    stage.up(final_snapshot_identifier="Farewell")
    assert gone_with(stage, "farewell").how == "refused"


def test_our_tags_prove(stage: Stage) -> None:
    """The tags of generation and cluster prove, whatever the name; those of another generation do not."""
    for generation, how in (("", "done"), ("another", "refused")):
        stage.reset()
        stage.up()
        ours = generation or stage.generation()["namespace"]
        tags = {"redshift-teardown:generation": ours, "redshift-teardown:cluster": CLUSTER}
        assert gone_with(stage, "by-hand", tags=tags).how == how


def test_a_snapshot_of_another_generation_does_not_prove(stage: Stage) -> None:
    """The right name on the data of an earlier life of the identifier proves nothing."""
    stage.up()
    stage.control.put_snapshot("shop-live-warehouse-final-20200101t000000z", CLUSTER)
    stage.control.remove_cluster(CLUSTER)
    assert stage.destroy().how == "refused"


def test_an_automated_snapshot_does_not_prove(stage: Stage) -> None:
    """AWS deletes automated snapshots with their cluster, whatever they are called."""
    stage.up()
    created = stage.generation()["created"]
    stage.control.remove_cluster(CLUSTER)
    stage.control.put_snapshot(
        "shop-live-warehouse-final-20200101t000000z",
        CLUSTER,
        cluster_create_time=created,
        snapshot_type="automated",
    )
    assert stage.destroy().how == "refused"


def test_a_failed_snapshot_of_a_gone_cluster_is_a_loss_that_is_named(stage: Stage) -> None:
    """The final snapshot failed and the cluster is gone: not done, now or later, and AWS support is named."""
    stage.up()
    stage.control.fail_next_snapshot(CLUSTER, "cluster-gone")
    for _ in range(2):
        result = stage.destroy()
        assert result.how == "refused"
        assert "is 'failed', and the cluster is gone" in result.said
        assert "AWS support" in result.said


def test_a_cluster_that_comes_back_is_not_done_and_can_be_destroyed(stage: Stage) -> None:
    """The final snapshot failed and the cluster is back: it says that nothing is lost; again takes a new
    snapshot.
    """
    stage.up()
    stage.control.fail_next_snapshot(CLUSTER, "cluster-returns")
    result = stage.destroy()
    assert result.how == "refused"
    assert "AWS gave up deleting" in result.said
    assert "is 'failed'" in result.said
    assert stage.destroy().how == "done"
    assert [each["status"] for each in stage.generation()["final_snapshots"]] == ["failed", "available"]


def keep_for(stage: Stage, days: int) -> None:
    """Somebody sets the retention of the final snapshot."""
    for name in stage.ledger()["snapshots"]:
        if "final" in name:
            stage.control.set_snapshot(name, retention=days)


def test_what_the_snapshot_lacks_is_mended_and_never_more(stage: Stage) -> None:
    """Retention is raised where it is shorter, left where it is longer, and Force is never sent."""
    for retention, expected in ((7, 35), (35, 35), (90, 90), (-1, -1)):
        stage.reset()
        stage.up()
        result = stage.destroy(Interruption(1, "after", partial(keep_for, stage, retention), "DeleteCluster"))
        assert (result.how, stage.proofs()[0]["retention"]) == ("done", expected)
        modified = [call for call in result.calls if call.operation == "ModifyClusterSnapshot"]
        assert len(modified) == (1 if retention == 7 else 0)
        assert all("Force" not in call.parameters for call in modified)


def typed(stage: Stage, said: str) -> None:
    """Have somebody who may do it type the call that a refusal prints."""
    (line,) = re.findall(r"`(aws redshift .*?)`", said)
    _, _, command, *words = shlex.split(line)
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert given["--region"] == REGION
    if command == "create-tags":
        stage.outsider.create_tags(ResourceName=given["--resource-name"], Tags=json.loads(given["--tags"]))
        return
    assert command == "modify-cluster-snapshot"
    stage.outsider.modify_cluster_snapshot(
        SnapshotIdentifier=given["--snapshot-identifier"],
        ManualSnapshotRetentionPeriod=int(given["--manual-snapshot-retention-period"]),
    )


@pytest.mark.parametrize("by", ["allowed", "typed"])
@pytest.mark.parametrize(
    ("operation", "subject"), [("CreateTags", "tags"), ("ModifyClusterSnapshot", "retention")]
)
def test_what_cannot_be_mended_is_said_with_the_data_safe(
    stage: Stage, operation: str, subject: str, by: str
) -> None:
    """Tags or retention that AWS refuses: an error that says the data is safe. Allowed, it finishes only
    that; and where the role is never allowed it, whoever is types what is printed.
    """
    stage.up()
    stage.emulator.control.add_fault(operation, occurrence="every", code="AccessDenied")

    result = stage.destroy(Interruption(3, "wait", partial(keep_for, stage, 3)))
    assert result.how == "refused"
    assert f"the {subject} of final snapshot" in result.said
    assert "the data is safe" in result.said
    assert f"allow redshift:{operation}" in result.said
    stage.emulator.control.clear_faults()
    if by == "typed":
        typed(stage, result.said)
        stage.emulator.control.add_fault(operation, occurrence="every", code="AccessDenied")
    again = stage.destroy()
    assert again.how == "done", again.said
    assert deletes(again) == []
    assert stage.proofs()[0]["retention"] == 35


@pytest.mark.parametrize("value", ["{timestamp}", "{date}"])
def test_no_line_is_printed_that_is_another_one_later(stage: Stage, value: str) -> None:
    """A tag that tells the time has another value at the next destroy, which would write it again."""
    stage.write_policy(stage.rules(PROTECTED, **{"managed-by: redshift-teardown": f'at: "{value}"'}))
    stage.up()
    stage.emulator.control.add_fault("CreateTags", occurrence="every", code="AccessDenied")

    said = stage.destroy().said

    assert "allow redshift:CreateTags" in said
    assert "aws redshift" not in said


def test_tags_wait_for_a_snapshot_that_is_not_to_be_tagged_yet(stage: Stage) -> None:
    """AWS refuses tags while the snapshot is busy: it tries again until they are there."""
    stage.up()
    stage.emulator.control.add_fault("CreateTags", code="InvalidClusterState", times=3)
    assert stage.destroy().how == "done"
    assert stage.proofs()[0]["tags"]["pulumi:project"] == "shop"


def test_tags_are_encoded_before_the_cluster_is_gone(stage: Stage) -> None:
    """A nested URN holds `$`, which AWS refuses in a tag: what is written is in AWS's alphabet, at the
    first try.
    """
    stage.up(tags={"team": "data"})
    assert stage.state is not None
    created = stage.state["identity"]["cluster_create_time"]
    result = stage.destroy()
    tagged = [call for call in result.calls if call.operation == "CreateTags"]
    assert [call.result for call in tagged] == ["ok"]
    assert stage.proofs()[0]["tags"] == {
        "managed-by": "redshift-teardown",
        "pulumi:project": "shop",
        "pulumi:stack": "live",
        "redshift-teardown:cluster": CLUSTER,
        "redshift-teardown:data-since": created,
        "redshift-teardown:generation": stage.generation()["namespace"],
        "redshift-teardown:rule": f"ours: {stage.policy_file}:6",
        "redshift-teardown:urn": URN.replace("$", "-") + "-0bcdf4cd",
    }


# --- names -----------------------------------------------------------------------------------------


def test_a_taken_name_is_passed_over_and_never_written_over(stage: Stage) -> None:
    """Snapshots of other clusters have the name and the next: the third is taken, and theirs are as they
    were.
    """
    stage.reset(stage.rules(PROTECTED, **ONE_NAME))
    stage.up()
    for name in (LAST, f"{LAST}-2"):
        stage.control.put_snapshot(name, "another", tags={"whose": "theirs"}, retention=5)
    before = {name: stage.ledger()["snapshots"][name] for name in (LAST, f"{LAST}-2")}
    result = stage.destroy()
    assert result.how == "done"
    assert [proof["identifier"] for proof in stage.proofs()] == [f"{LAST}-3"]
    assert {name: stage.ledger()["snapshots"][name] for name in before} == before


def test_names_that_are_all_taken_end(stage: Stage) -> None:
    """An AWS that calls every name taken is refused in the end, and the cluster is kept."""
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", occurrence="every", code="ClusterSnapshotAlreadyExists")
    result = stage.destroy()
    assert result.how == "refused"
    names = [call.parameters["FinalClusterSnapshotIdentifier"] for call in deletes(result)]
    assert len(set(names)) == len(names) == 50
    assert CLUSTER in stage.ledger()["clusters"]


def test_a_name_as_long_as_aws_allows_makes_room_for_its_number(stage: Stage) -> None:
    """255 characters and taken: the next name has 255 too, and is the proof."""
    long = "a" * 255
    stage.up(final_snapshot_identifier=long)
    stage.control.put_snapshot(long, "another")
    result = stage.destroy()
    assert result.how == "done", result.said
    (proof,) = stage.proofs()
    assert proof["identifier"] == "a" * 253 + "-2"


# --- decided before it is sent ---------------------------------------------------------------------


def test_the_decision_is_on_disk_before_delete_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """When DeleteCluster leaves, file and folder of the receipt are synced, and it says what was decided
    and why.
    """
    stage.up()
    synced: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(stat.S_IFMT(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    found: list[dict[str, object]] = []
    on_disk: list[int] = []

    def look() -> None:
        found.extend(receipts(stage))
        on_disk.extend(synced)

    assert stage.destroy(Interruption(1, "before", look, "DeleteCluster")).how == "done"
    (document,) = found
    assert document["state"] == "under way"
    assert (document["outcome"], document["retention_days"], document["sent"]) == ("snapshot", 35, True)
    assert document["names"] == [stage.proofs()[0]["identifier"]]
    assert document["rule"] == f"{stage.policy_file}:6"
    assert on_disk == [stat.S_IFREG, stat.S_IFDIR]


def test_a_receipt_tells_what_happened_and_no_secret(stage: Stage) -> None:
    """The receipt of a teardown that is done: snapshot, calls, times, both policies' say, and no password."""
    stage.up()
    assert stage.destroy().how == "done"
    (document,) = receipts(stage)
    text = json.dumps(document)
    assert document["state"] == "done"
    assert document["snapshot"]["arn"].endswith(stage.proofs()[0]["identifier"])  # type: ignore[index]
    assert document["calls"]["DeleteCluster"] == 1  # type: ignore[index]
    assert [each["answer"] for each in document["attempts"]] == ["accepted", "accepted"]  # type: ignore[attr-defined]
    assert "recorded policy, recorded facts" in document["said"]  # type: ignore[operator]
    assert "current policy, live facts" in document["said"]  # type: ignore[operator]
    assert "Correct-Horse-1" not in text
    assert "secret" not in text


def test_a_receipts_folder_that_cannot_be_written_warns_once(stage: Stage) -> None:
    """A file where the folder should be: one warning, and the teardown proves itself in AWS."""
    stage.up()
    stage.drop_receipts()
    stage.receipts.write_text("in the way", encoding="utf-8")
    result = stage.destroy()
    assert result.how == "done"
    assert len([line for line in result.warned if "receipt cannot be written" in line]) == 1
    assert len(stage.proofs()) == 1


def test_gone_is_judged_by_what_was_decided_then(stage: Stage) -> None:
    """A skip that AWS was seen to accept holds when the file has become stricter since; without its receipt,
    or without AWS's answer in it, it does not.
    """
    accepted, unanswered = Interruption(1, "wait", kill), Interruption(1, "after", kill, "DeleteCluster")
    for kept, death, how in (
        (True, accepted, "done"),
        (False, accepted, "refused"),
        (True, unanswered, "refused"),
    ):
        stage.reset(stage.rules(SKIPPING))
        stage.up()
        assert stage.destroy(replace(death)).how == "killed"
        stage.time.advance(3600)
        stage.write_policy(stage.rules(PROTECTED))
        if not kept:
            for path in stage.receipts.glob("*.json"):
                path.unlink()
        assert stage.destroy().how == how


def test_a_snapshot_that_was_decided_is_due_when_the_rules_are_looser_since(stage: Stage) -> None:
    """Snapshot decided, cluster gone, snapshot taken away; a looser policy of a later `up` does not excuse
    that.
    """
    stage.up()
    assert stage.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    stage.write_policy(stage.rules(SKIPPING))
    assert stage.up().how == "done"
    stage.time.advance(3600)
    for name in list(stage.ledger()["snapshots"]):
        stage.control.delete_snapshot(name)
    assert stage.destroy().how == "refused"


# --- policies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("looser", ["recorded", "current"])
def test_the_stricter_of_two_policies_holds(stage: Stage, looser: str) -> None:
    """Snapshot beats skip and the longer retention the shorter, whichever of the two policies says so."""
    loose, strict = stage.rules(SKIPPING, **{"35": "7"}), stage.rules(PROTECTED, **{"35": "90"})
    first, second = (loose, strict) if looser == "recorded" else (strict, loose)
    stage.reset(first)
    stage.up()
    stage.write_policy(second)
    (call,) = deletes(stage.destroy())
    assert call.parameters["SkipFinalClusterSnapshot"] == "false"
    assert call.parameters["FinalClusterSnapshotRetentionPeriod"] == "90"


@pytest.mark.parametrize("text", [None, "version: 1\nenvironments: [", ""])
def test_a_policy_file_that_cannot_be_read_leaves_the_recorded_one(stage: Stage, text: str | None) -> None:
    """Missing, broken or empty: the recorded policy decides, and a warning says so."""
    stage.up()
    stage.write_policy(text)
    result = stage.destroy()
    assert result.how == "done"
    assert any("policy recorded at the last `up` decides" in line for line in result.warned)
    assert len(stage.proofs()) == 1


def test_no_policy_at_all_is_refused(stage: Stage) -> None:
    """Neither a recorded policy nor a file: nothing is touched, and the file is named."""
    stage.up()
    assert stage.state is not None
    stage.state["policy"] = {}
    stage.write_policy(None)
    result = stage.destroy()
    assert result.how == "refused"
    assert "there is no deletion policy to go by" in result.said
    assert deletes(result) == []


def test_a_skip_must_hold_for_the_live_facts_too(stage: Stage) -> None:
    """The tag that allows to skip is on record and was taken off the cluster since: a snapshot is taken."""
    rule = 'skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]'
    for tags, skip in (({"ephemeral": "true"}, "true"), ({}, "false")):
        stage.reset(stage.rules(rule))
        stage.up(tags={"ephemeral": "true"})
        stage.control.set_cluster(CLUSTER, tags=tags)
        (call,) = deletes(stage.destroy())
        assert call.parameters["SkipFinalClusterSnapshot"] == skip


def test_a_skip_must_hold_for_the_recorded_facts_too(stage: Stage) -> None:
    """Somebody puts the tag that allows to skip on a cluster whose program has none: a snapshot is taken."""
    stage.reset(stage.rules('skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]'))
    stage.up()
    stage.control.set_cluster(CLUSTER, tags={"ephemeral": "true"})
    (call,) = deletes(stage.destroy())
    assert call.parameters["SkipFinalClusterSnapshot"] == "false"


def test_what_is_decided_is_not_decided_anew_while_the_cluster_ends(stage: Stage) -> None:
    """A skip was sent and the cluster is being deleted: tags that go away then ask for no snapshot any
    more.
    """
    stage.reset(stage.rules('skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]'))
    stage.up(tags={"ephemeral": "true"})
    untag = Interruption(3, "wait", lambda: stage.control.set_cluster(CLUSTER, tags={}))
    assert stage.destroy(untag).how == "done"


def test_an_environment_that_the_file_no_longer_knows_is_protected(stage: Stage) -> None:
    """The recorded environment allows to skip and was renamed in the file: the stack counts as unmatched, a
    warning says so, and a snapshot is taken.
    """
    stage.reset(stage.rules(SKIPPING))
    stage.up(environment="ours")
    stage.write_policy(stage.rules(SKIPPING, **{"  ours:": "  theirs:"}))
    result = stage.destroy()
    assert any("no environment claims (protected)" in line for line in result.warned)
    assert [call.parameters["SkipFinalClusterSnapshot"] for call in deletes(result)] == ["false"]


def test_the_strictest_of_all_looks_holds(stage: Stage) -> None:
    """While the cluster is busy its tags allow no skip; that they do later does not loosen what was
    decided.
    """
    rule = 'skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]'
    stage.reset(stage.rules(rule))
    stage.up(tags={"ephemeral": "true"})
    stage.control.set_cluster(CLUSTER, tags={})
    stage.outsider.modify_cluster(ClusterIdentifier=CLUSTER, Port=5440)
    back = Interruption(2, "wait", lambda: stage.control.set_cluster(CLUSTER, tags={"ephemeral": "true"}))
    (call,) = deletes(stage.destroy(back))
    assert call.parameters["SkipFinalClusterSnapshot"] == "false"


# --- waiting ---------------------------------------------------------------------------------------


def _stuck_snapshot(stage: Stage) -> None:
    stage.control.fail_next_snapshot(CLUSTER, "stuck")


def _forever_busy(stage: Stage) -> None:
    stage.control.set_cluster(CLUSTER, status="modifying")


def _never_deletable(stage: Stage) -> None:
    stage.emulator.control.add_fault("DeleteCluster", occurrence="every", code="InvalidClusterState")


def _never_answered(stage: Stage) -> None:
    stage.emulator.control.add_fault("DeleteCluster", occurrence="every", code="InternalFailure")


def _never_visible(stage: Stage) -> None:
    stage.emulator.control.add_fault("DescribeClusters", occurrence=20, times=None, code="ServiceUnavailable")
    stage.control.fail_next_snapshot(CLUSTER, "stuck")


def _always_throttled(stage: Stage) -> None:
    stage.emulator.control.add_fault("DescribeClusterSnapshots", occurrence="every", code="Throttling")


def _never_resumed(stage: Stage) -> None:
    stage.emulator.control.set_behaviour(delete_paused=False)
    stage.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    stage.time.advance(600)
    stage.emulator.control.add_fault("ResumeCluster", occurrence="every", code="InvalidClusterState")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_stuck_snapshot, "its final snapshot shop-live"),
        (_forever_busy, "the cluster is 'modifying'"),
        (_never_deletable, "InvalidClusterState"),
        (_never_answered, "InternalFailure"),
        (_never_visible, "AWS gave no answer"),
        (_always_throttled, "AWS gave no answer"),
        (_never_resumed, "resuming the paused cluster"),
    ],
)
def test_no_wait_is_longer_than_the_policy_says(stage: Stage, trouble: object, words: str) -> None:
    """Whatever never ends ends with `wait.timeout_hours`, says where things stand, and can be taken up
    again.
    """
    assert callable(trouble)
    stage.reset(
        stage.rules(
            PROTECTED, **{"timeout_hours: 24, poll_seconds: 15": "timeout_hours: 0.5, poll_seconds: 60"}
        )
    )
    stage.up()
    trouble(stage)
    began = stage.now()
    result = stage.destroy()
    waited = stage.now() - began
    assert result.how == "refused"
    assert words in result.said
    assert "wait.timeout_hours" in result.said
    assert timedelta(minutes=30) <= waited <= timedelta(minutes=32)


def test_a_wait_of_a_day_is_waited_to_its_end(stage: Stage) -> None:
    """No hidden limit: a final snapshot of twenty-three hours is waited for, with 24 in the policy."""
    stage.reset(stage.rules(PROTECTED, **{"poll_seconds: 15": "poll_seconds: 300"}))
    stage.up()
    stage.control.set_lifecycle(CLUSTER, final_snapshot=23 * 3600)
    result = stage.destroy()
    assert result.how == "done"
    assert any("interrupting is safe" in line for line in result.kept)


# --- what cannot be deleted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ClusterSnapshotQuotaExceeded", "have the quota raised"),
        ("AccessDenied", "may call redshift:DeleteCluster"),
        ("UnsupportedOperation", "fix the error above"),
    ],
)
def test_a_refusal_for_good_keeps_the_cluster_and_awss_words(stage: Stage, code: str, advice: str) -> None:
    """What AWS will not do is said at once in AWS's words, with what helps; later it goes on."""
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", code=code, message="these are AWS's words")
    result = stage.destroy()
    assert result.how == "refused"
    assert f"{code}: these are AWS's words" in result.said
    assert advice in result.said
    assert len(deletes(result)) == 1
    assert stage.destroy().how == "done"


def test_a_lakehouse_registration_is_said_at_once(stage: Stage) -> None:
    """A registered cluster is available and cannot be deleted: no waiting, AWS's words, and what to do."""
    stage.up()
    stage.control.set_cluster(CLUSTER, lakehouse_registration_status="Registered")
    began = stage.now()
    result = stage.destroy()
    assert result.how == "refused"
    assert "active lakehouse registration" in result.said
    assert stage.now() - began < timedelta(minutes=1)


def test_a_paused_cluster_is_tried_and_then_resumed(stage: Stage) -> None:
    """Where AWS deletes paused clusters nothing is resumed; where it does not, the cluster is, and then
    deleted.
    """
    for deletable, calls in ((True, 0), (False, 1)):
        stage.reset()
        stage.up()
        stage.emulator.control.set_behaviour(delete_paused=deletable)
        stage.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
        stage.time.advance(600)
        result = stage.destroy()
        assert result.how == "done"
        assert [call.operation for call in result.calls].count("ResumeCluster") == calls
        assert len(stage.proofs()) == 1


def test_a_busy_cluster_that_looks_available_is_tried_again(stage: Stage) -> None:
    """AWS says an operation is running while the cluster is available: it is asked again until it is not
    so.
    """
    stage.up()
    stage.emulator.control.add_fault("DeleteCluster", occurrence=1, times=5, code="InvalidClusterState")
    result = stage.destroy()
    assert result.how == "done"
    assert len(deletes(result)) == 6


# --- two at once, and again ------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 12))
def test_two_teardowns_at_once_both_end_well(stage: Stage, number: int, moment: str) -> None:
    """A second teardown that runs to its end at any call of the first: both are done, with one final
    snapshot.
    """
    stage.control.set_lifecycle(final_snapshot=20, deleting=10)
    stage.up()
    seconds: list[Result] = []
    first = stage.destroy(Interruption(number, moment, lambda: seconds.append(stage.run_beside())))
    assert [first.how, *(each.how for each in seconds)] == ["done", "done"], (first.said, seconds[0].said)
    assert len(stage.generation()["final_snapshots"]) == 1
    assert len(stage.proofs()) == 1


def test_destroyed_again_when_done_it_is_done(stage: Stage) -> None:
    """The engine died after the teardown was done: destroying again finds the proof and changes nothing."""
    stage.up()
    state = stage.state
    assert stage.destroy().how == "done"
    stage.state = state
    again = stage.destroy()
    assert again.how == "done"
    changing = {call.operation for call in again.calls} - {
        "GetCallerIdentity",
        "DescribeClusters",
        "DescribeClusterSnapshots",
    }
    assert changing == set()


def test_a_damaged_state_touches_nothing(stage: Stage) -> None:
    """A state without identity, with odd arguments, or of a newer version is refused; AWS is not asked."""
    stage.up()
    assert stage.state is not None
    good = stage.state
    damages: list[dict[str, object]] = [
        {"identity": {}},
        {"identity": "none"},
        {"number_of_nodes": "many"},
        {"state_version": 4.0},
        {"state_version": None},
    ]
    for spoilt in damages:
        stage.state = {**good, **spoilt}
        result = stage.destroy()
        assert result.how == "refused", spoilt
        assert "nothing was touched" in result.said
        assert result.calls == []
